//! Keys, and where they come from.

use std::{fmt, path::Path};

use alloy::{
    consensus::{SignableTransaction, TxEip1559, TxEnvelope},
    network::TxSignerSync,
    signers::local::PrivateKeySigner,
};
use alloy_primitives::{Address, B256};

#[cfg(feature = "keystore")]
use super::keystore;

/// A key that signs transactions.
///
/// It prints as its address; the key itself is never part of `Debug` or of an error.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use arbius_sdk::chain::{Signer, SignerError};
///
/// let signer = Signer::from_hex(&format!("0x{:064x}", 1))?;
/// let address = "0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf";
/// assert_eq!(signer.address().to_string(), address);
/// assert_eq!(format!("{signer:?}"), format!("Signer({})", address.to_lowercase()));
///
/// let error = Signer::from_env("NO_SUCH_VARIABLE").unwrap_err();
/// assert!(matches!(error, SignerError::Unset { .. }));
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Signer {
    key: PrivateKeySigner,
}

/// Why a key cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SignerError {
    /// Not 32 bytes of hexadecimal, or not a valid secp256k1 scalar.
    #[error(
        "{origin} is no private key: it must be 64 hexadecimal digits, with or without 0x, \
         and neither zero nor beyond the order of secp256k1"
    )]
    Malformed {
        /// Where the key was read, for instance ``environment variable `ARBIUS_KEY` ``.
        origin: String,
    },
    /// The environment variable is not set.
    #[error("environment variable `{variable}` is not set; put a private key into it")]
    Unset {
        /// Its name.
        variable: String,
    },
    /// The key file cannot be read.
    #[error("key file {path} cannot be read: {source}")]
    File {
        /// Its path.
        path: String,
        /// What the operating system says.
        source: std::io::Error,
    },
    /// The file is no keystore that can be opened.
    #[error(
        "keystore {path} cannot be used: {reason}; it must be a Web3 Secret Storage file of version 3"
    )]
    Keystore {
        /// Its path.
        path: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The password is not that of the keystore.
    #[error("the password does not open keystore {path}")]
    Password {
        /// Its path.
        path: String,
    },
    /// The curve library refused to sign.
    #[error("the transaction cannot be signed: {0}")]
    Sign(#[from] alloy::signers::Error),
}

impl Signer {
    /// A signer of a raw key.
    ///
    /// # Errors
    ///
    /// [`SignerError::Malformed`] if the number is zero or beyond the curve's order.
    pub fn from_key(key: &B256) -> Result<Self, SignerError> {
        Self::from_bytes(key, "the given key")
    }

    /// A signer of a key in hexadecimal, with or without `0x`.
    ///
    /// # Errors
    ///
    /// [`SignerError::Malformed`].
    pub fn from_hex(text: &str) -> Result<Self, SignerError> {
        Self::parse(text, "the given key")
    }

    /// The key in an environment variable, in hexadecimal.
    ///
    /// # Errors
    ///
    /// [`SignerError::Unset`] or [`SignerError::Malformed`], both naming the variable.
    pub fn from_env(variable: &str) -> Result<Self, SignerError> {
        let text = std::env::var(variable).map_err(|_| SignerError::Unset {
            variable: variable.to_owned(),
        })?;
        Self::parse(&text, &format!("environment variable `{variable}`"))
    }

    /// The key in a file: one line of hexadecimal.
    ///
    /// # Errors
    ///
    /// [`SignerError::File`] or [`SignerError::Malformed`], both naming the file.
    pub fn from_file(path: &Path) -> Result<Self, SignerError> {
        let text = std::fs::read_to_string(path).map_err(|source| SignerError::File {
            path: path.display().to_string(),
            source,
        })?;
        Self::parse(&text, &format!("key file {}", path.display()))
    }

    /// The key in a keystore file (Web3 Secret Storage, version 3). Deriving it from the
    /// password takes a second or so of processor time.
    ///
    /// # Errors
    ///
    /// [`SignerError::File`], [`SignerError::Keystore`] or [`SignerError::Password`], all
    /// naming the file.
    #[cfg(feature = "keystore")]
    pub fn from_keystore(path: &Path, password: &str) -> Result<Self, SignerError> {
        let key = keystore::open(path, password)?;
        Ok(Self { key })
    }

    /// The account of this key.
    #[must_use]
    pub fn address(&self) -> Address {
        self.key.address()
    }

    /// Signs a transaction and returns it ready to be encoded.
    ///
    /// # Errors
    ///
    /// [`SignerError::Sign`] if the curve library refuses.
    pub fn sign(&self, mut transaction: TxEip1559) -> Result<TxEnvelope, SignerError> {
        let signature = self.key.sign_transaction_sync(&mut transaction)?;
        Ok(transaction.into_signed(signature).into())
    }

    fn parse(text: &str, origin: &str) -> Result<Self, SignerError> {
        let text = text.trim();
        let digits = text.strip_prefix("0x").unwrap_or(text);
        let malformed = || SignerError::Malformed {
            origin: origin.to_owned(),
        };
        // `B256: FromStr` would accept shorter prefixes of whitespace and an own `0x`.
        if digits.len() != 64 {
            return Err(malformed());
        }
        let key: B256 = digits.parse().map_err(|_| malformed())?;
        Self::from_bytes(&key, origin)
    }

    fn from_bytes(key: &B256, origin: &str) -> Result<Self, SignerError> {
        let key = PrivateKeySigner::from_bytes(key).map_err(|_| SignerError::Malformed {
            origin: origin.to_owned(),
        })?;
        Ok(Self { key })
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Signer").field(&self.address()).finish()
    }
}

#[cfg(test)]
mod tests {
    use alloy_primitives::address;

    use super::*;

    /// Key 1 has the generator as its public key; its address is well known.
    const ONE: &str = "0000000000000000000000000000000000000000000000000000000000000001";

    #[test]
    fn reads_a_key_with_and_without_prefix() {
        let known = address!("7E5F4552091A69125d5DfCb7b8C2659029395Bdf");
        assert_eq!(Signer::from_hex(ONE).unwrap().address(), known);
        assert_eq!(
            Signer::from_hex(&format!(" 0x{ONE}\n")).unwrap().address(),
            known
        );
    }

    #[test]
    fn refuses_what_is_no_key_and_says_where_it_stood() {
        let order = "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141";
        for text in ["", "0x", "12", &"0".repeat(64), order, &"g".repeat(64)] {
            let error = Signer::from_hex(text).unwrap_err();
            assert!(
                matches!(error, SignerError::Malformed { .. }),
                "{text}: {error}"
            );
        }
        let error = Signer::from_env("ARBIUS_TEST_NO_SUCH_KEY")
            .unwrap_err()
            .to_string();
        assert!(error.contains("ARBIUS_TEST_NO_SUCH_KEY"), "{error}");
        let error = Signer::from_file(Path::new("/no/such/key"))
            .unwrap_err()
            .to_string();
        assert!(error.contains("/no/such/key"), "{error}");
    }

    #[test]
    fn never_prints_the_key() {
        let printed = format!("{:?}", Signer::from_hex(&"ab".repeat(32)).unwrap());
        assert!(!printed.to_lowercase().contains("abababab"), "{printed}");
    }
}
