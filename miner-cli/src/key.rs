//! Which key signs.

use arbius_sdk::chain::Signer;
use arbius_sdk::deploy::Deployment;
use eyre::{WrapErr, bail, eyre};

use crate::args;

/// The environment variable that a key is read from.
const VARIABLE: &str = "ARBIUS_KEY";

/// The environment variable that a keystore's password is read from.
const PASSWORD: &str = "ARBIUS_PASSWORD";

/// The accounts of a local chain that are used when no key is named, so that a requester
/// and a miner on one chain do not share one. The testkit gives them these parts.
pub(crate) const REQUESTER: usize = 3;
pub(crate) const MINER: usize = 4;

/// The key that the command line names, or else the one in the environment, or else, on a
/// local chain, the account of number `otherwise`.
pub(crate) fn choose(
    named: &args::Key,
    deployment: &Deployment,
    otherwise: usize,
) -> eyre::Result<Signer> {
    let accounts = &deployment.accounts;
    if let Some(path) = &named.key_file {
        return Ok(Signer::from_file(path)?);
    }
    if let Some(path) = &named.keystore {
        return Ok(Signer::from_keystore(path, &password(named)?)?);
    }
    let number = match named.account {
        Some(number) => number,
        None if std::env::var_os(VARIABLE).is_some() => return Ok(Signer::from_env(VARIABLE)?),
        None if !accounts.is_empty() => otherwise,
        None => bail!(
            "no key to sign with: put one into the environment variable {VARIABLE}, or name a \
             file with --key-file or --keystore"
        ),
    };
    let account = accounts.get(number).ok_or_else(|| match accounts.len() {
        0 => eyre!(
            "the deployment file has no accounts, because only local chains do: put a key into \
             the environment variable {VARIABLE}, or name a file with --key-file"
        ),
        count => eyre!(
            "there is no account {number}: the deployment file has 0 to {}",
            count - 1
        ),
    })?;
    Ok(account.signer()?)
}

/// The password of the keystore: the first line of the file, or what the environment has.
fn password(named: &args::Key) -> eyre::Result<String> {
    if let Some(path) = &named.password_file {
        let text = std::fs::read_to_string(path)
            .wrap_err_with(|| format!("password file {} cannot be read", path.display()))?;
        return Ok(text.lines().next().unwrap_or_default().to_owned());
    }
    std::env::var(PASSWORD).map_err(|_| {
        eyre!(
            "no password for the keystore: name a file with --password-file, or put it into \
             the environment variable {PASSWORD}"
        )
    })
}

#[cfg(all(test, feature = "devnet"))]
mod tests {
    use arbius_testkit::Actor;

    use super::*;

    #[test]
    fn a_local_chain_gives_each_its_own_account() {
        assert_eq!(REQUESTER, Actor::Requester.index());
        assert_eq!(MINER, Actor::Miner(0).index());
    }
}
