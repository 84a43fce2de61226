//! The deployment file: which chain, which contracts, and on a local chain which accounts.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use alloy_primitives::{Address, B256};
use serde::{Deserialize, Deserializer, Serialize, de::Error as _};

use super::DeploymentFileError;
use crate::{
    chain::{Chain, ChainBuilder, ChainError, Signer, SignerError},
    contracts::IEngine,
};

/// Where the protocol is deployed.
///
/// As JSON: `chainId`, `rpc`, `fallbacks` (a list, if there are any), `block`, `contracts` (an object from lower-case names, `engine` and
/// `token` among them, to addresses), `accounts` (objects of `address` and `key`, on
/// local chains only).
///
/// ```
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use arbius_sdk::deploy::Deployment;
/// # let local = arbius_testkit::TestChain::start().await?;
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("arbius.json");
/// # local.deployment().save(&path)?;
///
/// let deployment = Deployment::load(&path)?;
/// let chain = deployment.connect().await?; // sees that an engine is there
/// assert_eq!(chain.id(), deployment.chain_id);
/// println!("the engine is at {}", deployment.engine()?);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Deployment {
    /// The chain id, EIP-155.
    pub chain_id: u64,
    /// The endpoint of that chain that is preferred.
    pub rpc: String,
    /// Endpoints that take over when that fails, in order of preference.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fallbacks: Vec<String>,
    /// The block before the first contract: nothing of the protocol happened earlier, so
    /// nobody has to look for events there.
    #[serde(default)]
    pub block: u64,
    /// Addresses by name.
    #[serde(deserialize_with = "contracts")]
    pub contracts: BTreeMap<String, Address>,
    /// Funded accounts whose keys are public knowledge: for local chains.
    #[serde(
        default,
        skip_serializing_if = "Vec::is_empty",
        deserialize_with = "accounts"
    )]
    pub accounts: Vec<Account>,
}

// Addresses and keys are read as text first: the error can name the field then, and what
// would be right.

fn contracts<'de, D: Deserializer<'de>>(from: D) -> Result<BTreeMap<String, Address>, D::Error> {
    let texts = BTreeMap::<String, String>::deserialize(from)?;
    texts
        .into_iter()
        .map(|(name, text)| {
            let address = address(&format!("contracts.{name}"), &text).map_err(D::Error::custom)?;
            Ok((name, address))
        })
        .collect()
}

fn accounts<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Account>, D::Error> {
    #[derive(Deserialize)]
    struct Text {
        address: String,
        key: String,
    }
    let account = |(index, text): (usize, Text)| {
        let field = format!("accounts[{index}]");
        let account = Account {
            address: address(&format!("{field}.address"), &text.address)?,
            // Never shown: whoever mistypes a key has most of it right.
            key: text.key.parse().map_err(|_| {
                format!("`{field}.key` is no key; a key is 0x and 64 hexadecimal digits")
            })?,
        };
        let signer = account
            .signer()
            .map_err(|error| format!("`{field}.key`: {error}"))?;
        if signer.address() != account.address {
            return Err(format!(
                "`{field}.address` is {}, but `{field}.key` is the key of {}",
                account.address,
                signer.address()
            ));
        }
        Ok(account)
    };
    Vec::<Text>::deserialize(from)?
        .into_iter()
        .enumerate()
        .map(account)
        .collect::<Result<_, String>>()
        .map_err(D::Error::custom)
}

fn address(field: &str, text: &str) -> Result<Address, String> {
    text.parse()
        .map_err(|_| format!("`{field}` is `{text}`; an address is 0x and 40 hexadecimal digits"))
}

/// An account of a local chain.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// Its address.
    pub address: Address,
    /// Its private key.
    pub key: B256,
}

impl std::fmt::Debug for Account {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Account")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

impl Account {
    /// Signs for this account.
    ///
    /// # Errors
    ///
    /// [`SignerError::Malformed`] if the key is no key.
    pub fn signer(&self) -> Result<Signer, SignerError> {
        Signer::from_key(&self.key)
    }
}

impl Deployment {
    /// Reads a deployment file.
    ///
    /// # Errors
    ///
    /// [`DeploymentFileError`] names the file and, where it is malformed, line and field.
    pub fn load(path: &Path) -> Result<Self, DeploymentFileError> {
        let file = || path.display().to_string();
        let text = std::fs::read_to_string(path).map_err(|source| DeploymentFileError::Read {
            path: file(),
            source,
        })?;
        let deployment: Self =
            serde_json::from_str(&text).map_err(|source| DeploymentFileError::Malformed {
                path: file(),
                source,
            })?;
        deployment.engine()?;
        deployment.token()?;
        Ok(deployment)
    }

    /// Writes the file, whole or not at all.
    ///
    /// # Errors
    ///
    /// [`DeploymentFileError::Write`] names the file.
    pub fn save(&self, path: &Path) -> Result<(), DeploymentFileError> {
        let failed = |source: std::io::Error| DeploymentFileError::Write {
            path: path.display().to_string(),
            source,
        };
        let text = serde_json::to_vec_pretty(self).map_err(|error| failed(error.into()))?;
        save_whole(path, &text).map_err(failed)
    }

    /// The engine's address.
    ///
    /// # Errors
    ///
    /// [`DeploymentFileError::MissingContract`].
    pub fn engine(&self) -> Result<Address, DeploymentFileError> {
        self.contract("engine")
    }

    /// The token's address.
    ///
    /// # Errors
    ///
    /// [`DeploymentFileError::MissingContract`].
    pub fn token(&self) -> Result<Address, DeploymentFileError> {
        self.contract("token")
    }

    /// The address of any contract by its name.
    ///
    /// # Errors
    ///
    /// [`DeploymentFileError::MissingContract`] lists the names that there are.
    pub fn contract(&self, name: &str) -> Result<Address, DeploymentFileError> {
        self.contracts
            .get(name)
            .copied()
            .ok_or_else(|| DeploymentFileError::MissingContract {
                name: name.to_owned(),
                known: self
                    .contracts
                    .keys()
                    .cloned()
                    .collect::<Vec<_>>()
                    .join(", "),
            })
    }

    /// The deployment's endpoints, insisting on its chain, to connect to it by settings of
    /// one's own ([`Deployment::connect_by`]).
    #[must_use]
    pub fn endpoints(&self) -> ChainBuilder {
        Chain::builder()
            .endpoint(&self.rpc)
            .endpoints(&self.fallbacks)
            .chain_id(self.chain_id)
    }

    /// Connects to the deployment's endpoints and checks that they serve the deployment's
    /// chain, and that the engine is there and pays in the deployment's token.
    ///
    /// # Errors
    ///
    /// [`ChainError::Unreachable`] names the endpoint, [`ChainError::WrongChain`] both chain
    /// ids, [`ChainError::NoCode`] the engine's address; [`DeploymentFileError::NoEngine`] and
    /// [`DeploymentFileError::OtherToken`] if something else is at that address.
    pub async fn connect(&self) -> Result<Chain, DeploymentFileError> {
        self.connect_by(self.endpoints()).await
    }

    /// As [`Deployment::connect`], by endpoints and settings of one's own.
    ///
    /// # Errors
    ///
    /// As [`Deployment::connect`].
    pub async fn connect_by(&self, endpoints: ChainBuilder) -> Result<Chain, DeploymentFileError> {
        let chain = endpoints.chain_id(self.chain_id).connect().await?;
        let address = self.engine()?;
        if chain.code(address).await?.is_empty() {
            return Err(ChainError::NoCode {
                address,
                chain: chain.id(),
            }
            .into());
        }
        let token = self.token()?;
        match chain.read(address, &IEngine::baseTokenCall {}).await {
            Ok(found) if found == token => Ok(chain),
            Ok(found) => Err(DeploymentFileError::OtherToken {
                engine: address,
                found,
                token,
            }),
            Err(source)
                if source.revert().is_some()
                    || matches!(source, ChainError::Undecodable { .. }) =>
            {
                Err(DeploymentFileError::NoEngine {
                    engine: address,
                    token,
                    source: Box::new(source),
                })
            }
            Err(error) => Err(error.into()),
        }
    }
}

/// Writes a file so that it is there whole after a power cut, or as it was. Makes its folder.
pub(super) fn save_whole(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    };
    std::fs::create_dir_all(&folder)?;
    let mut file = tempfile::NamedTempFile::new_in(&folder)?;
    std::io::Write::write_all(&mut file, bytes)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    // The name lasts when its folder does.
    #[cfg(unix)]
    std::fs::File::open(&folder)?.sync_all()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use alloy_primitives::address;

    use super::*;

    fn sample() -> Deployment {
        Deployment {
            chain_id: 412_346,
            rpc: "http://127.0.0.1:8547".to_owned(),
            fallbacks: Vec::new(),
            block: 7,
            contracts: BTreeMap::from([
                (
                    "engine".to_owned(),
                    address!("00000000000000000000000000000000000000e1"),
                ),
                (
                    "token".to_owned(),
                    address!("00000000000000000000000000000000000000a1"),
                ),
            ]),
            accounts: vec![Account {
                address: address!("7E5F4552091A69125d5DfCb7b8C2659029395Bdf"),
                key: B256::with_last_byte(1),
            }],
        }
    }

    #[test]
    fn survives_saving_and_loading_under_the_documented_names() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new/deployment.json");
        sample().save(&path).unwrap();
        assert_eq!(Deployment::load(&path).unwrap(), sample());
        let json: serde_json::Value =
            serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        assert_eq!(json["chainId"], 412_346);
        assert!(json["contracts"]["engine"].is_string());
        assert!(json["accounts"][0]["key"].is_string());
    }

    #[test]
    fn a_file_with_one_endpoint_is_read_and_one_with_several_kept() {
        let one = serde_json::to_value(sample()).unwrap();
        assert!(one.get("fallbacks").is_none());
        let several = Deployment {
            fallbacks: vec!["wss://a.example".to_owned(), "https://b.example".to_owned()],
            ..sample()
        };
        let json = serde_json::to_string(&several).unwrap();
        assert_eq!(serde_json::from_str::<Deployment>(&json).unwrap(), several);
    }

    #[test]
    fn errors_name_the_file_and_the_missing_contract() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("none.json");
        let error = Deployment::load(&path).unwrap_err().to_string();
        assert!(error.contains("none.json"), "{error}");
        std::fs::write(&path, "{\"chainId\": 1}").unwrap();
        let error = Deployment::load(&path).unwrap_err().to_string();
        assert!(
            error.contains("none.json") && error.contains("rpc"),
            "{error}"
        );
        let mut incomplete = sample();
        incomplete.contracts.remove("token");
        incomplete.save(&path).unwrap();
        let error = Deployment::load(&path).unwrap_err().to_string();
        assert!(
            error.contains("`token`") && error.contains("engine"),
            "{error}"
        );
    }

    #[test]
    fn errors_name_the_field_and_what_would_be_right() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("some.json");
        let load = |pointer: &str, value: &str| {
            let mut json = serde_json::to_value(sample()).unwrap();
            *json.pointer_mut(pointer).unwrap() = value.into();
            std::fs::write(&path, json.to_string()).unwrap();
            Deployment::load(&path).unwrap_err().to_string()
        };
        let says = |error: String, text: &str| assert!(error.contains(text), "{error}");
        let address = "an address is 0x and 40 hexadecimal digits";
        says(
            load("/contracts/engine", "0x1234"),
            &format!("`contracts.engine` is `0x1234`; {address} at line 1"),
        );
        says(
            load("/accounts/0/address", "me"),
            &format!("`accounts[0].address` is `me`; {address}"),
        );
        let error = load("/accounts/0/key", "0x5ec7e7");
        assert!(!error.contains("5ec7e7"), "{error}");
        says(
            error,
            "`accounts[0].key` is no key; a key is 0x and 64 hexadecimal digits",
        );
        says(
            load("/accounts/0/key", &B256::ZERO.to_string()),
            "`accounts[0].key`",
        );
        let other = "0x00000000000000000000000000000000000000e1";
        says(
            load("/accounts/0/address", other),
            "`accounts[0].key` is the key of 0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf",
        );
    }

    #[test]
    fn debug_output_never_shows_a_key() {
        let mut deployment = sample();
        deployment.accounts[0].key = B256::repeat_byte(0xab);
        assert!(!format!("{deployment:?}").contains("abababab"));
    }
}
