//! How the programs of a deployment are: size, activation, expiry, cache.
//!
//! A Stylus program expires a year after it was activated or last kept alive, and has to be
//! activated again after an upgrade of Stylus. What does not run stops every contract that
//! needs it.

use std::collections::BTreeSet;

use alloy_primitives::{Address, B256, keccak256};
use arbius_protocol::interfaces::{
    arbos::{ARB_WASM, ARB_WASM_CACHE},
    proxy::IMPLEMENTATION_SLOT,
};
use serde::Serialize;

use super::Deployment;
use crate::{
    chain::{Chain, ChainError},
    contracts::{IArbWasm, IArbWasmCache, IEngine},
};

const DAY: u64 = 86_400;

/// What the chain demands of every program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Lifetimes {
    /// The version of Stylus that a program must be activated for.
    pub stylus_version: u16,
    /// Seconds from activation or renewal to expiry.
    pub expiry: u64,
    /// Seconds from activation or renewal until a program can be renewed.
    pub keepalive: u64,
}

impl Lifetimes {
    /// Asks the chain.
    ///
    /// # Errors
    ///
    /// What the endpoint answers; a chain without Stylus reverts.
    pub async fn of(chain: &Chain) -> Result<Self, ChainError> {
        let expiry = chain.read(ARB_WASM, &IArbWasm::expiryDaysCall {}).await?;
        let keepalive = chain
            .read(ARB_WASM, &IArbWasm::keepaliveDaysCall {})
            .await?;
        Ok(Self {
            stylus_version: chain
                .read(ARB_WASM, &IArbWasm::stylusVersionCall {})
                .await?,
            expiry: u64::from(expiry) * DAY,
            keepalive: u64::from(keepalive) * DAY,
        })
    }

    /// In how many seconds a program can be renewed that has this many left; 0 if it can be
    /// now.
    #[must_use]
    pub const fn renewable_in(&self, time_left: u64) -> u64 {
        let age = self.expiry.saturating_sub(time_left);
        self.keepalive.saturating_sub(age)
    }
}

/// Whether a program can run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase", tag = "state")]
pub enum Activation {
    /// It can.
    #[serde(rename_all = "camelCase")]
    Active {
        /// Seconds until it expires.
        time_left: u64,
    },
    /// Nobody has kept it alive for too long; it has to be activated again.
    #[serde(rename_all = "camelCase")]
    Expired {
        /// Seconds since it was activated or renewed.
        age: u64,
    },
    /// It was activated for another version of Stylus, and has to be again.
    #[serde(rename_all = "camelCase")]
    Outdated {
        /// The version it was activated for.
        version: u16,
    },
    /// It never was activated.
    NotActivated,
    /// There is other code at its address than a Stylus program.
    NotAProgram,
    /// There is nothing at its address.
    Missing,
}

/// How one program is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Health {
    /// The contract, as the deployment names it.
    pub name: String,
    /// Its address.
    pub address: Address,
    /// The program that it runs, if it is a proxy.
    pub implementation: Option<Address>,
    /// Hash of its code; programs of one hash share activation, lifetime and place in the
    /// cache.
    pub codehash: B256,
    /// Bytes of code on the chain, those of its fragments included.
    pub size: usize,
    /// How many fragments its program is cut into; 0 if it is in one piece.
    pub fragments: usize,
    /// Whether it can run.
    #[serde(flatten)]
    pub activation: Activation,
    /// Whether it is cached.
    pub cached: bool,
    /// Gas that starting it costs, as it is now; nothing if it cannot run.
    pub start_gas: Option<u64>,
}

impl Health {
    /// Whether somebody should look after it: it does not run, or will not in `margin` seconds.
    #[must_use]
    pub const fn needs_care(&self, margin: u64) -> bool {
        match self.activation {
            Activation::Active { time_left } => time_left < margin,
            _ => true,
        }
    }

    /// Asks the chain how the program at an address is.
    ///
    /// # Errors
    ///
    /// What the endpoint answers.
    pub async fn of(chain: &Chain, name: &str, address: Address) -> Result<Self, ChainError> {
        let code = chain.code(address).await?;
        let codehash = keccak256(&code);
        let mut health = Self {
            name: name.to_owned(),
            address,
            implementation: implementation(chain, address).await?,
            codehash,
            size: code.len(),
            fragments: 0,
            activation: activation(chain, address, &code).await?,
            cached: chain
                .read(
                    ARB_WASM_CACHE,
                    &IArbWasmCache::codehashIsCachedCall { codehash },
                )
                .await?,
            start_gas: None,
        };
        for fragment in fragments(&code) {
            health.fragments += 1;
            health.size += chain.code(fragment).await?.len();
        }
        if matches!(health.activation, Activation::Active { .. }) {
            let gas = chain
                .read(ARB_WASM, &IArbWasm::programInitGasCall { program: address })
                .await?;
            health.start_gas = Some(if health.cached {
                gas.gasWhenCached
            } else {
                gas.gas
            });
        }
        Ok(health)
    }
}

/// How every contract of a deployment is, and every program that they run now: after an
/// upgrade that is another than was deployed.
///
/// # Errors
///
/// What the endpoint answers.
///
/// ```
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use arbius_sdk::deploy::health::health;
/// # let local = arbius_testkit::TestChain::start().await?;
/// # let deployment = local.deployment();
///
/// let chain = deployment.connect().await?;
/// for contract in health(&chain, deployment).await? {
///     println!("{contract:?}");
/// }
/// # Ok(())
/// # }
/// ```
pub async fn health(chain: &Chain, deployment: &Deployment) -> Result<Vec<Health>, ChainError> {
    let mut all = Vec::new();
    let mut known = BTreeSet::new();
    for (name, address) in &deployment.contracts {
        known.insert(*address);
        all.push(Health::of(chain, name, *address).await?);
    }
    let upgraded: Vec<_> = all
        .iter()
        .filter_map(|health| Some((health.name.clone(), health.implementation?)))
        .collect();
    for (name, address) in upgraded {
        if known.insert(address) {
            all.push(Health::of(chain, &format!("{name}-upgraded"), address).await?);
        }
    }
    let runs = |address: Address| {
        let one = all.iter().find(|health| health.address == address);
        one.is_some_and(|health| matches!(health.activation, Activation::Active { .. }))
    };
    // An engine that does not run cannot be asked, and is reported as such.
    let engine = all.iter().find(|health| health.name == "engine");
    let engine =
        engine.filter(|health| runs(health.address) && health.implementation.is_some_and(runs));
    if let Some(engine) = engine {
        let rest = chain
            .read(engine.address, &IEngine::engineRestCall {})
            .await?;
        if known.insert(rest) {
            all.push(Health::of(chain, "engine-rest-upgraded", rest).await?);
        }
    }
    Ok(all)
}

async fn activation(
    chain: &Chain,
    address: Address,
    code: &[u8],
) -> Result<Activation, ChainError> {
    if code.is_empty() {
        return Ok(Activation::Missing);
    }
    if !code.starts_with(&[0xef, 0xf0, 0x00]) && !code.starts_with(&[0xef, 0xf0, 0x02]) {
        return Ok(Activation::NotAProgram);
    }
    let call = IArbWasm::programTimeLeftCall { program: address };
    let error = match chain.read(ARB_WASM, &call).await {
        Ok(time_left) => return Ok(Activation::Active { time_left }),
        Err(error) => error,
    };
    let Some(revert) = error.revert() else {
        return Err(error);
    };
    use IArbWasm::IArbWasmErrors as Errors;
    use alloy_sol_types::SolInterface as _;
    match Errors::abi_decode(&revert.data) {
        Ok(Errors::ProgramNotActivated(_)) => Ok(Activation::NotActivated),
        Ok(Errors::ProgramNotWasm(_)) => Ok(Activation::NotAProgram),
        Ok(Errors::ProgramExpired(expired)) => Ok(Activation::Expired {
            age: expired.ageInSeconds,
        }),
        Ok(Errors::ProgramNeedsUpgrade(old)) => Ok(Activation::Outdated {
            version: old.version,
        }),
        _ => Err(error),
    }
}

/// What an ERC-1967 proxy runs; nothing if there is no such proxy.
pub(super) async fn implementation(
    chain: &Chain,
    address: Address,
) -> Result<Option<Address>, ChainError> {
    let word = chain.storage(address, IMPLEMENTATION_SLOT).await?;
    let implementation = Address::from_word(word);
    Ok((!implementation.is_zero()).then_some(implementation))
}

/// The fragments that a root names, in order; none if the code is no root.
pub(super) fn fragments(code: &[u8]) -> impl Iterator<Item = Address> + '_ {
    let addresses = match code.strip_prefix(&super::program::ROOT_PREFIX) {
        // The raw length comes first.
        Some(rest) => rest.get(4..).unwrap_or_default(),
        None => &[],
    };
    addresses.chunks_exact(20).map(Address::from_slice)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_can_be_renewed_once_it_is_old_enough() {
        let lifetimes = Lifetimes {
            stylus_version: 2,
            expiry: 365 * DAY,
            keepalive: 31 * DAY,
        };
        assert_eq!(lifetimes.renewable_in(365 * DAY), 31 * DAY);
        assert_eq!(lifetimes.renewable_in(340 * DAY), 6 * DAY);
        assert_eq!(lifetimes.renewable_in(334 * DAY), 0);
        assert_eq!(lifetimes.renewable_in(0), 0);
    }

    #[test]
    fn a_root_names_its_fragments_and_nothing_else_does() {
        let one = Address::repeat_byte(1);
        let two = Address::repeat_byte(2);
        let root = super::super::program::root_code(9, &[one, two]);
        assert_eq!(fragments(&root).collect::<Vec<_>>(), [one, two]);
        assert_eq!(fragments(&[0xef, 0xf0, 0x00, 0x00, 1, 2]).count(), 0);
        assert_eq!(fragments(&[0xef, 0xf0, 0x02, 0x00, 1]).count(), 0);
    }
}
