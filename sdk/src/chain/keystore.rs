//! Keys in files that a password opens: the Web3 Secret Storage, version 3, as geth, Foundry
//! (`cast wallet`) and others write it.

use std::path::Path;

use alloy::signers::local::PrivateKeySigner;
use serde::Deserialize;

use super::SignerError;

/// Most memory that deriving the key may take. What wallets write takes 256 MiB at most.
const MAX_MEMORY: u64 = 1 << 30;

/// Most rounds of hashing; wallets do 262,144.
const MAX_ROUNDS: u64 = 20_000_000;

/// What has to be known of a file before it is opened: the library that opens it trusts it,
/// and a damaged one would make it panic or take all memory.
#[derive(Deserialize)]
struct Keystore {
    version: u64,
    #[serde(default)]
    address: Option<String>,
    crypto: Crypto,
}

#[derive(Deserialize)]
struct Crypto {
    cipher: String,
    cipherparams: CipherParams,
    ciphertext: String,
    kdf: String,
    kdfparams: KdfParams,
}

#[derive(Deserialize)]
struct CipherParams {
    iv: String,
}

#[derive(Deserialize)]
struct KdfParams {
    dklen: u64,
    #[serde(default)]
    n: u64,
    #[serde(default)]
    r: u64,
    #[serde(default)]
    p: u64,
    #[serde(default)]
    c: u64,
    #[serde(default)]
    prf: String,
}

impl Keystore {
    /// Why a file cannot be opened whatever the password, if so.
    fn objection(&self) -> Option<String> {
        let Crypto {
            cipher,
            cipherparams,
            ciphertext,
            kdf,
            kdfparams,
        } = &self.crypto;
        if self.version != 3 {
            return Some(format!("it has version {}, not 3", self.version));
        }
        if cipher != "aes-128-ctr" {
            return Some(format!("its cipher is {cipher}, not aes-128-ctr"));
        }
        if cipherparams.iv.len() != 32 || ciphertext.len() != 64 || kdfparams.dklen != 32 {
            return Some("its vector, key or ciphertext has the wrong length".to_owned());
        }
        match kdf.as_str() {
            "scrypt" => {
                let KdfParams { n, r, p, .. } = *kdfparams;
                let memory = n.saturating_mul(r).saturating_mul(128);
                let fits = n >= 2 && n.is_power_of_two() && (1..=64).contains(&p) && r > 0;
                (!fits || memory > MAX_MEMORY)
                    .then(|| format!("its scrypt parameters n {n}, r {r}, p {p} are out of range"))
            }
            "pbkdf2" => {
                let rounds = kdfparams.c;
                let fits = (1..=MAX_ROUNDS).contains(&rounds) && kdfparams.prf == "hmac-sha256";
                (!fits)
                    .then(|| format!("its {rounds} rounds of {} are not supported", kdfparams.prf))
            }
            other => Some(format!(
                "its key derivation is {other}, not scrypt or pbkdf2"
            )),
        }
    }
}

/// Opens a keystore file. Takes a second or so, as is its purpose.
pub(super) fn open(path: &Path, password: &str) -> Result<PrivateKeySigner, SignerError> {
    let shown = path.display().to_string();
    let text = std::fs::read(path).map_err(|source| SignerError::File {
        path: shown.clone(),
        source,
    })?;
    let unusable = |reason: String| SignerError::Keystore {
        path: shown.clone(),
        reason,
    };
    let keystore: Keystore =
        serde_json::from_slice(&text).map_err(|error| unusable(error.to_string()))?;
    if let Some(reason) = keystore.objection() {
        return Err(unusable(reason));
    }
    let key = PrivateKeySigner::decrypt_keystore(path, password).map_err(|error| {
        // The library's own error type is not exported.
        match error.to_string() {
            text if text.contains("Mac Mismatch") => SignerError::Password {
                path: shown.clone(),
            },
            text => unusable(text),
        }
    })?;
    if let Some(address) = keystore.address {
        let digits = address.trim_start_matches("0x").to_lowercase();
        if digits != format!("{:x}", key.address()) {
            let reason = format!("its key is that of {}, not of 0x{digits}", key.address());
            return Err(unusable(reason));
        }
    }
    Ok(key)
}

#[cfg(test)]
mod tests {
    use alloy_primitives::address;

    use super::*;
    use crate::chain::Signer;

    /// The test vector of the Web3 Secret Storage Definition.
    const PBKDF2: &str = r#"{"crypto":{"cipher":"aes-128-ctr","cipherparams":{"iv":"6087dab2f9fdbbfaddc31a909735c1e6"},"ciphertext":"5318b4d5bcd28de64ee5559e671353e16f075ecae9f99c7a79a38af5f869aa46","kdf":"pbkdf2","kdfparams":{"c":262144,"dklen":32,"prf":"hmac-sha256","salt":"ae3cd4e7013836a3df6bd7241b12db061dbe2c6785853cce422d148a624ce0bd"},"mac":"517ead924a9d0dc3124507e3393d175ce3ff7c1e96529c6c555ce9e51205e9b2"},"id":"3198bc9c-6672-5ab3-d995-4942343ae5b6","version":3}"#;
    /// The same key as geth's light wallets keep it, made with Python's scrypt and OpenSSL's AES.
    const SCRYPT: &str = r#"{"crypto":{"cipher":"aes-128-ctr","cipherparams":{"iv":"83dbcc02d8ccb40e466191a123791e0e"},"ciphertext":"584f4eb2783472ec149b334c22d77ddbf118a0783ea24e66ca8a7883cd2b4bf5","kdf":"scrypt","kdfparams":{"dklen":32,"n":4096,"r":8,"p":6,"salt":"ab0c7876052600dd703518d6fc3fe8984592145b591fc8fb5c6d43190334ba19"},"mac":"860ad3ce9642f99d709abc696e25ede7cd35daf6a6041e975d14c53dae118886"},"id":"3198bc9c-6672-5ab3-d995-4942343ae5b6","version":3}"#;

    fn written(text: &str) -> (tempfile::TempDir, std::path::PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key.json");
        std::fs::write(&path, text).unwrap();
        (folder, path)
    }

    #[test]
    fn opens_both_kinds_of_derivation() {
        let known = address!("008AeEda4D805471dF9b2A5B0f38A0C3bCBA786b");
        for text in [PBKDF2, SCRYPT] {
            let (_folder, path) = written(text);
            let signer = Signer::from_keystore(&path, "testpassword").unwrap();
            assert_eq!(signer.address(), known);
        }
    }

    #[test]
    fn a_wrong_password_is_told_from_a_damaged_file() {
        let (_folder, path) = written(PBKDF2);
        let error = Signer::from_keystore(&path, "testpasswort").unwrap_err();
        assert!(matches!(error, SignerError::Password { .. }), "{error}");
        assert!(!error.to_string().contains("testpasswort"), "{error}");
        let other = PBKDF2.replace(
            "\"version\":3",
            "\"version\":3,\"address\":\"0x0000000000000000000000000000000000000001\"",
        );
        let (_folder, path) = written(&other);
        let error = Signer::from_keystore(&path, "testpassword").unwrap_err();
        assert!(
            error.to_string().contains("its key is that of 0x008A"),
            "{error}"
        );
    }

    #[test]
    fn what_would_crash_or_exhaust_the_machine_is_refused_first() {
        let damages = [
            ("\"dklen\":32", "\"dklen\":8"),
            ("6087dab2f9fdbbfaddc31a909735c1e6", "6087"),
            ("262144", "4000000000"),
            ("hmac-sha256", "hmac-md5"),
            ("aes-128-ctr", "aes-128-cbc"),
            ("\"version\":3", "\"version\":1"),
            ("\"pbkdf2\"", "\"rot13\""),
        ];
        let scrypts = [
            ("\"n\":4096", "\"n\":1073741824"),
            ("\"n\":4096", "\"n\":4095"),
            ("\"r\":8", "\"r\":4000000000"),
            ("\"p\":6", "\"p\":0"),
        ];
        let pbkdf2 = damages.map(|damage| (PBKDF2, damage));
        let scrypt = scrypts.map(|damage| (SCRYPT, damage));
        for (text, (from, to)) in pbkdf2.into_iter().chain(scrypt) {
            assert!(text.contains(from), "{from}");
            let (_folder, path) = written(&text.replace(from, to));
            let error = Signer::from_keystore(&path, "testpassword").unwrap_err();
            assert!(
                matches!(error, SignerError::Keystore { .. }),
                "{to}: {error}"
            );
        }
        let (_folder, path) = written("not JSON");
        let error = Signer::from_keystore(&path, "").unwrap_err();
        assert!(matches!(error, SignerError::Keystore { .. }), "{error}");
    }
}
