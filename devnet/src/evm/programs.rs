//! Activations: which programs may run, since when, and what starting one costs.
//!
//! A record is one word in ArbOS' storage, so that a revert undoes an activation as it
//! undoes anything else. What is compiled is only a cache beside it.

use std::convert::Infallible;

use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use revm::{Database, Journal, context_interface::JournalTr};

use super::params::ARBOS_STATE;
use crate::{
    chain::State,
    stylus::{DataPricer, ProgramCosts, StylusParams, prices::ARBITRUM_START_TIME},
};

const SECONDS_PER_DAY: u64 = 86_400;
const SECONDS_PER_HOUR: u64 = 3_600;

/// Why a program may not run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ProgramError {
    /// Never activated.
    #[error("program not activated: call ArbWasm.activateProgram first")]
    NotActivated,
    /// Activated under other rules.
    #[error(
        "program needs upgrade: activated under Stylus version {version}, the chain runs \
         {stylus_version}: activate it again"
    )]
    NeedsUpgrade {
        /// The version it was activated under.
        version: u16,
        /// The version of the chain.
        stylus_version: u16,
    },
    /// Activated too long ago.
    #[error("program expired: activated {age} seconds ago: activate it again")]
    Expired {
        /// Seconds since activation.
        age: u64,
    },
}

/// What ArbOS remembers of a program.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct ProgramRecord {
    /// Stylus version it was activated under; zero if it never was.
    pub(crate) version: u16,
    /// Measured cost of starting it afresh.
    pub(crate) init_cost: u16,
    /// Measured cost of starting it from the cache.
    pub(crate) cached_cost: u16,
    /// WASM pages it starts with.
    pub(crate) footprint: u16,
    /// Estimated size of its native code in KiB.
    pub(crate) asm_estimate_kb: u32,
    /// Hours from the start of Arbitrum to its activation.
    pub(crate) activated_at: u32,
    /// Whether a cache manager has put it into the cache.
    pub(crate) cached: bool,
}

impl ProgramRecord {
    /// The record of an activation at `time`.
    pub(crate) fn new(costs: &ProgramCosts, time: u64, cached: bool) -> Self {
        Self {
            version: costs.version,
            init_cost: costs.init_cost,
            cached_cost: costs.cached_init_cost,
            footprint: costs.footprint,
            asm_estimate_kb: costs.asm_estimate.div_ceil(1024),
            activated_at: hours_since_arbitrum(time),
            cached,
        }
    }

    fn from_word(word: U256) -> Self {
        let bytes = word.to_be_bytes::<32>();
        let u16_at = |at: usize| u16::from_be_bytes([bytes[at], bytes[at + 1]]);
        let u24_at = |at: usize| u32::from_be_bytes([0, bytes[at], bytes[at + 1], bytes[at + 2]]);
        Self {
            version: u16_at(0),
            init_cost: u16_at(2),
            cached_cost: u16_at(4),
            footprint: u16_at(6),
            activated_at: u24_at(8),
            asm_estimate_kb: u24_at(11),
            cached: bytes[14] != 0,
        }
    }

    fn to_word(self) -> U256 {
        let mut bytes = [0u8; 32];
        bytes[0..2].copy_from_slice(&self.version.to_be_bytes());
        bytes[2..4].copy_from_slice(&self.init_cost.to_be_bytes());
        bytes[4..6].copy_from_slice(&self.cached_cost.to_be_bytes());
        bytes[6..8].copy_from_slice(&self.footprint.to_be_bytes());
        bytes[8..11].copy_from_slice(&self.activated_at.to_be_bytes()[1..]);
        bytes[11..14].copy_from_slice(&self.asm_estimate_kb.to_be_bytes()[1..]);
        bytes[14] = u8::from(self.cached);
        U256::from_be_bytes(bytes)
    }

    /// Seconds since activation.
    pub(crate) fn age(&self, time: u64) -> u64 {
        let activated = ARBITRUM_START_TIME + u64::from(self.activated_at) * SECONDS_PER_HOUR;
        time.saturating_sub(activated)
    }

    /// Whether the activation has run out.
    pub(crate) fn is_expired(&self, time: u64, params: &StylusParams) -> bool {
        self.activated_at == 0 || self.age(time) > u64::from(params.expiry_days) * SECONDS_PER_DAY
    }

    /// The record itself if the program may run at `time`.
    pub(crate) fn active(self, time: u64, params: &StylusParams) -> Result<Self, ProgramError> {
        if self.version == 0 {
            return Err(ProgramError::NotActivated);
        }
        self.cacheable(time, params)
    }

    /// The record itself if the program may be cached at `time`. To the cache, a program
    /// that was never activated is one of version 0, which needs an upgrade.
    pub(crate) fn cacheable(self, time: u64, params: &StylusParams) -> Result<Self, ProgramError> {
        if self.version != params.version {
            return Err(ProgramError::NeedsUpgrade {
                version: self.version,
                stylus_version: params.version,
            });
        }
        if self.is_expired(time, params) {
            return Err(ProgramError::Expired {
                age: self.age(time),
            });
        }
        Ok(self)
    }

    /// Seconds until the activation runs out.
    pub(crate) fn time_left(&self, time: u64, params: &StylusParams) -> u64 {
        (u64::from(params.expiry_days) * SECONDS_PER_DAY).saturating_sub(self.age(time))
    }

    /// Whether the activation is old enough to be prolonged.
    pub(crate) fn may_be_kept_alive(&self, time: u64, params: &StylusParams) -> bool {
        self.age(time) >= u64::from(params.keepalive_days) * SECONDS_PER_DAY
    }

    /// What calls of the program are charged by.
    pub(crate) fn costs(&self) -> ProgramCosts {
        ProgramCosts {
            version: self.version,
            init_cost: self.init_cost,
            cached_init_cost: self.cached_cost,
            footprint: self.footprint,
            asm_estimate: self.asm_estimate_kb.saturating_mul(1024),
        }
    }

    /// The record as of a renewal at `time`.
    pub(crate) fn renewed(self, time: u64) -> Self {
        Self {
            activated_at: hours_since_arbitrum(time),
            ..self
        }
    }
}

/// Hours since Arbitrum began, as activation times are stored.
fn hours_since_arbitrum(time: u64) -> u32 {
    let hours = time.saturating_sub(ARBITRUM_START_TIME) / SECONDS_PER_HOUR;
    u32::try_from(hours).unwrap_or(u32::MAX).min((1 << 24) - 1)
}

fn slot(domain: &[u8], key: B256) -> U256 {
    let mut preimage = domain.to_vec();
    preimage.extend_from_slice(key.as_slice());
    keccak256(preimage).into()
}

/// Activation records, read and written through a journal.
pub(crate) struct Programs<'a, J>(pub(crate) &'a mut J);

impl<J> Programs<'_, J>
where
    J: JournalTr<Database: revm::Database<Error = Infallible>>,
{
    fn load(&mut self, slot: U256) -> Result<U256, Infallible> {
        self.0.load_account(ARBOS_STATE)?;
        Ok(self.0.sload(ARBOS_STATE, slot)?.data)
    }

    fn store(&mut self, slot: U256, value: U256) -> Result<(), Infallible> {
        self.0.load_account(ARBOS_STATE)?;
        self.0.touch_account(ARBOS_STATE);
        self.0.sstore(ARBOS_STATE, slot, value)?;
        Ok(())
    }

    /// The record of a program; all zero if it was never activated.
    pub(crate) fn get(&mut self, code_hash: B256) -> Result<ProgramRecord, Infallible> {
        Ok(ProgramRecord::from_word(
            self.load(slot(b"program", code_hash))?,
        ))
    }

    /// Writes a record.
    pub(crate) fn set(&mut self, code_hash: B256, record: ProgramRecord) -> Result<(), Infallible> {
        self.store(slot(b"program", code_hash), record.to_word())
    }

    /// Notes the module hash of an activated program.
    pub(crate) fn set_module_hash(
        &mut self,
        code_hash: B256,
        module_hash: B256,
    ) -> Result<(), Infallible> {
        self.store(slot(b"module", code_hash), module_hash.into())
    }

    /// Adds a program of `bytes` of native code to the demand for it and returns the data
    /// fee in wei.
    pub(crate) fn charge_data_fee(&mut self, bytes: u32, time: u64) -> Result<U256, Infallible> {
        let slot = slot(b"data pricer", B256::ZERO);
        let mut pricer = match self.load(slot)? {
            word if word.is_zero() => DataPricer::default(),
            word => {
                let [demand, updated_at, ..] = *word.as_limbs();
                DataPricer {
                    demand: u32::try_from(demand).unwrap_or(u32::MAX),
                    updated_at,
                }
            }
        };
        let fee = pricer.update(bytes, time);
        let word = U256::from_limbs([u64::from(pricer.demand), pricer.updated_at, 0, 0]);
        self.store(slot, word)?;
        Ok(U256::from(fee))
    }
}

/// The code of `address` as deployed, with its hash (zero if there is no such account).
///
/// ArbOS looks past the access list: the account is as cold afterwards as it was before.
pub(crate) fn code_of(
    journal: &mut Journal<State>,
    address: Address,
) -> Result<(B256, Bytes), Infallible> {
    let info = match journal.inner.state.get(&address) {
        Some(account) => Some(account.info.clone()),
        None => journal.database.basic(address)?,
    };
    let Some(info) = info else {
        return Ok((B256::ZERO, Bytes::new()));
    };
    let code = match info.code {
        Some(code) => code,
        None => journal.database.code_by_hash(info.code_hash)?,
    };
    Ok((info.code_hash, code.original_bytes()))
}
