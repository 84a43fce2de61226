//! Funded accounts of a fresh chain.

use alloy_primitives::{Address, B256, U256, b256, keccak256};
use k256::ecdsa::SigningKey;

/// The keys of the mnemonic "test test test test test test test test test test test junk",
/// which every development chain uses. They are public: never send anything of value to
/// these accounts on a real chain.
const WELL_KNOWN_KEYS: [B256; 10] = [
    b256!("ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80"),
    b256!("59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d"),
    b256!("5de4111afa1a4b94908f83103eb1f1706367c2e68ca870fc3fb9a804cdab365a"),
    b256!("7c852118294e51e653712a81e05800f419141751be58f605c371e15141b007a6"),
    b256!("47e179ec197488593b187f80a00eb0da91f1b9d0b13f8733639f19c30a34926a"),
    b256!("8b3a350cf5c34c9194ca85829a2df0ec3153be0318b5e2d3348e872092edffba"),
    b256!("92db14e403b83dfe3df233f83dfa3a0d7096f21ca9b0d6d6b8d88b2b4ec1564e"),
    b256!("4bbbf85ce3377467afe5d46f804f221813b2bb87f24d81f60f1fcdbf7cbf4356"),
    b256!("dbda1821b80551c9d65939329250298aa3472ba22feea921c0cf5d620ea67b97"),
    b256!("2a871d0798f97d79848a013d4936a73bf4cc922c825d33c1cf7073dff6d409c6"),
];

/// An account whose key is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DevAccount {
    /// Its address.
    pub address: Address,
    /// Its secp256k1 private key.
    pub key: B256,
}

impl DevAccount {
    /// The account of a private key, or none if that is no secp256k1 scalar.
    #[must_use]
    pub fn from_key(key: B256) -> Option<Self> {
        let signer = SigningKey::from_bytes(&key.0.into()).ok()?;
        Some(Self {
            address: Address::from_private_key(&signer),
            key,
        })
    }

    /// The first `count` development accounts: the ten well-known ones, then as many as
    /// needed, derived by hashing a counter.
    #[must_use]
    pub fn first(count: usize) -> Vec<Self> {
        let derived = (0u64..).map(|index| {
            keccak256([b"arbius-devnet account".as_slice(), &index.to_be_bytes()].concat())
        });
        WELL_KNOWN_KEYS
            .into_iter()
            .chain(derived)
            .filter_map(Self::from_key)
            .take(count)
            .collect()
    }

    pub(crate) fn sign(&self, hash: B256) -> Option<alloy_primitives::Signature> {
        let signer = SigningKey::from_bytes(&self.key.0.into()).ok()?;
        let (signature, recovery) = signer.sign_prehash_recoverable(hash.as_slice()).ok()?;
        let r = U256::from_be_slice(&signature.r().to_bytes());
        let s = U256::from_be_slice(&signature.s().to_bytes());
        Some(alloy_primitives::Signature::new(r, s, recovery.is_y_odd()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy_primitives::address;

    #[test]
    fn starts_with_the_well_known_accounts() {
        let accounts = DevAccount::first(10);
        assert_eq!(
            accounts[0].address,
            address!("f39Fd6e51aad88F6F4ce6aB8827279cffFb92266")
        );
        assert_eq!(
            accounts[9].address,
            address!("a0Ee7A142d267C1f36714E4a8F75612F20a79720")
        );
    }

    #[test]
    fn derives_further_accounts_that_differ() {
        let accounts = DevAccount::first(25);
        let distinct: std::collections::HashSet<_> =
            accounts.iter().map(|account| account.address).collect();
        assert_eq!(distinct.len(), 25);
        assert_eq!(accounts, DevAccount::first(25));
    }

    #[test]
    fn signs_so_that_the_address_is_recovered() {
        let account = DevAccount::first(1)[0];
        let hash = keccak256("message");
        let signature = account.sign(hash).unwrap();
        assert_eq!(
            signature.recover_address_from_prehash(&hash).unwrap(),
            account.address
        );
    }

    #[test]
    fn zero_is_no_key() {
        assert_eq!(DevAccount::from_key(B256::ZERO), None);
    }
}
