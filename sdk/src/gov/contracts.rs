//! The contracts of a deployment by name, with what they can do.

use alloy::json_abi::{Function, JsonAbi, StateMutability};
use alloy_primitives::Address;

use crate::deploy::Deployment;

/// A contract and its functions, those of the proxy in front of it among them.
#[derive(Clone, Debug)]
struct Known {
    name: String,
    address: Address,
    functions: Vec<Function>,
}

/// The contracts of a deployment that are known by name.
#[derive(Clone, Debug, Default)]
pub struct Contracts {
    known: Vec<Known>,
}

/// What is wrong with the name of a function.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FunctionError {
    /// The contract has none such.
    #[error("{contract} has no function `{function}`{}", suggestion(similar))]
    Unknown {
        /// The contract.
        contract: String,
        /// What was asked for.
        function: String,
        /// Functions whose names begin or end alike.
        similar: Vec<String>,
    },
    /// It has several.
    #[error("{contract} has several functions `{function}`: write one of {}", all.join(", "))]
    Ambiguous {
        /// The contract.
        contract: String,
        /// What was asked for.
        function: String,
        /// Their signatures.
        all: Vec<String>,
    },
    /// It only reads.
    #[error("`{function}` of {contract} only reads: a vote for it would change nothing")]
    ReadsOnly {
        /// The contract.
        contract: String,
        /// The function.
        function: String,
    },
    /// The contract is not known, and this is no signature.
    #[error(
        "`{function}` is no signature; of a contract that is none of this deployment's, give one with \
         its types, as `transfer(address,uint256)`"
    )]
    Signature {
        /// What was given.
        function: String,
    },
}

fn suggestion(similar: &[String]) -> String {
    match similar {
        [] => String::new(),
        similar => format!("; it has {}", similar.join(", ")),
    }
}

impl Contracts {
    /// Those of a deployment that this program has interfaces of.
    #[must_use]
    pub fn of(deployment: &Deployment) -> Self {
        let proxy = functions(arbius_artifacts::PROXY);
        let known = deployment
            .contracts
            .iter()
            .filter_map(|(name, address)| {
                // Every beneficiary has a vesting account of its own; a program without its
                // proxy is nothing to call.
                let artifact = match name.split_once('-') {
                    None => name.as_str(),
                    Some(("vesting", beneficiary)) if beneficiary != "implementation" => "vesting",
                    Some(_) => return None,
                };
                let mut functions = functions(artifact);
                if functions.is_empty() {
                    return None;
                }
                functions.extend(proxy.iter().cloned());
                Some(Known {
                    name: name.clone(),
                    address: *address,
                    functions,
                })
            })
            .collect();
        Self { known }
    }

    /// The names, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.known.iter().map(|known| known.name.as_str())
    }

    /// The address of the contract of this name.
    #[must_use]
    pub fn address(&self, name: &str) -> Option<Address> {
        self.known
            .iter()
            .find(|known| known.name == name)
            .map(|known| known.address)
    }

    /// The name of the contract at this address.
    #[must_use]
    pub fn name(&self, address: Address) -> Option<&str> {
        self.at(address).map(|known| known.name.as_str())
    }

    fn at(&self, address: Address) -> Option<&Known> {
        self.known.iter().find(|known| known.address == address)
    }

    /// The function of a contract that is meant: by name where there is one such, by name and
    /// types else. Of a contract that is not known any signature is taken.
    pub(super) fn function(
        &self,
        contract: Address,
        named: &str,
    ) -> Result<Function, FunctionError> {
        let Some(known) = self.at(contract) else {
            return signature(named);
        };
        let meant: Vec<&Function> = match named.contains('(') {
            true => {
                let meant = signature(named)?.signature();
                let same = |function: &&Function| function.signature() == meant;
                known.functions.iter().filter(same).collect()
            }
            false => {
                let same = |function: &&Function| function.name == named;
                known.functions.iter().filter(same).collect()
            }
        };
        let function = match meant[..] {
            [function] => function,
            [] => {
                return Err(FunctionError::Unknown {
                    contract: known.name.clone(),
                    function: named.to_owned(),
                    similar: known.similar(named),
                });
            }
            _ => {
                return Err(FunctionError::Ambiguous {
                    contract: known.name.clone(),
                    function: named.to_owned(),
                    all: meant.iter().map(|function| function.signature()).collect(),
                });
            }
        };
        match function.state_mutability {
            StateMutability::Pure | StateMutability::View => Err(FunctionError::ReadsOnly {
                contract: known.name.clone(),
                function: function.signature(),
            }),
            StateMutability::NonPayable | StateMutability::Payable => Ok(function.clone()),
        }
    }

    /// The function of a contract with this selector.
    pub(super) fn by_selector(&self, contract: Address, selector: [u8; 4]) -> Option<&Function> {
        let functions = &self.at(contract)?.functions;
        functions
            .iter()
            .find(|function| function.selector() == selector)
    }
}

impl Known {
    /// At most five functions that a mistyped name may stand for.
    fn similar(&self, named: &str) -> Vec<String> {
        let name = named.split('(').next().unwrap_or(named).to_lowercase();
        let name = name.strip_prefix("set").unwrap_or(&name);
        let alike = self.functions.iter().filter(|function| {
            let writes = matches!(
                function.state_mutability,
                StateMutability::NonPayable | StateMutability::Payable
            );
            let has = function.name.to_lowercase();
            writes && !name.is_empty() && (has.contains(name) || shared(&has, name) > 5)
        });
        alike.map(Function::signature).take(5).collect()
    }
}

/// How many letters two names begin with in common, a leading `set` apart.
fn shared(one: &str, other: &str) -> usize {
    let one = one.strip_prefix("set").unwrap_or(one);
    one.chars()
        .zip(other.chars())
        .take_while(|(one, other)| one == other)
        .count()
}

fn signature(text: &str) -> Result<Function, FunctionError> {
    Function::parse(text).map_err(|_| FunctionError::Signature {
        function: text.to_owned(),
    })
}

/// The functions in an artifact's JSON ABI; none if there is no such artifact.
fn functions(artifact: &str) -> Vec<Function> {
    let abi = arbius_artifacts::get(artifact)
        .and_then(|artifact| serde_json::from_str::<JsonAbi>(artifact.abi).ok());
    abi.map(|abi| abi.functions().cloned().collect())
        .unwrap_or_default()
}
