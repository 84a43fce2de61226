//! The parameters an Arbitrum chain sets for Stylus, with the values of a chain
//! on ArbOS 61, and the sizes a program is charged by.

use super::{
    memory::{MemoryModel, Pages},
    prices,
};

/// The chain's Stylus settings (Nitro: `arbos/programs/params.go`, `StylusParams`).
///
/// [`StylusParams::default`] gives what a chain that was upgraded to ArbOS 61 has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StylusParams {
    /// Stylus version that new activations are made for; older programs must be upgraded.
    pub version: u16,
    /// Ink bought by one unit of EVM gas.
    pub ink_price: u32,
    /// Words of WASM stack one program may use.
    pub max_stack_depth: u32,
    /// 64 KiB pages the programs of one transaction get for free.
    pub free_pages: u16,
    /// Gas for each further page, before the exponential term.
    pub page_gas: u16,
    /// Most pages the programs of one transaction may have open.
    pub page_limit: u16,
    /// Least gas of starting an uncached program, in units of 128 gas.
    pub min_init_gas: u8,
    /// Least gas of starting any program, in units of 32 gas.
    pub min_cached_init_gas: u8,
    /// Scales a program's own start cost, in units of 2 %.
    pub init_cost_scalar: u8,
    /// Scales a program's own cached start cost, in units of 2 %.
    pub cached_cost_scalar: u8,
    /// Days after which an activation expires.
    pub expiry_days: u16,
    /// Days after which an activation may be renewed.
    pub keepalive_days: u16,
    /// Programs that stay cached within a block after they ran in it.
    pub block_cache_size: u16,
    /// Most bytes of decompressed WASM.
    pub max_wasm_size: u32,
    /// Most fragments under one root.
    pub max_fragment_count: u8,
}

impl Default for StylusParams {
    fn default() -> Self {
        Self {
            version: prices::STYLUS_VERSION,
            ink_price: prices::INK_PRICE,
            max_stack_depth: prices::MAX_STACK_DEPTH,
            free_pages: prices::FREE_PAGES,
            page_gas: prices::PAGE_GAS,
            page_limit: prices::PAGE_LIMIT,
            min_init_gas: prices::MIN_INIT_GAS,
            min_cached_init_gas: prices::MIN_CACHED_INIT_GAS,
            init_cost_scalar: prices::INIT_COST_SCALAR,
            cached_cost_scalar: prices::CACHED_COST_SCALAR,
            expiry_days: prices::EXPIRY_DAYS,
            keepalive_days: prices::KEEPALIVE_DAYS,
            block_cache_size: prices::BLOCK_CACHE_SIZE,
            max_wasm_size: prices::MAX_WASM_SIZE,
            max_fragment_count: prices::MAX_FRAGMENT_COUNT,
        }
    }
}

impl StylusParams {
    /// The price model of WASM memory under these parameters.
    pub fn memory_model(&self) -> MemoryModel {
        MemoryModel::new(self.free_pages, self.page_gas)
    }

    /// Gas for opening `new` pages when `before` are in use. What would exceed
    /// [`StylusParams::page_limit`] has a price that no gas can pay.
    ///
    /// Source: `enforceStylusPageLimit` in Nitro's `arbos/programs/api.go`.
    pub fn pages_gas(&self, new: u16, before: Pages) -> u64 {
        if before.open.saturating_add(new) > self.page_limit {
            return u64::MAX;
        }
        self.memory_model().gas_cost(new, before)
    }

    /// Ink for `gas`, saturating.
    pub fn gas_to_ink(&self, gas: u64) -> u64 {
        gas.saturating_mul(u64::from(self.ink_price))
    }

    /// Whole gas in `ink`, rounded down. An ink price of zero, which no chain
    /// may set, is read as one.
    pub fn ink_to_gas(&self, ink: u64) -> u64 {
        ink / u64::from(self.ink_price.max(1))
    }
}

/// What the chain stores about an activated program and charges its calls by
/// (Nitro: `arbos/programs/programs.go`, `Program`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProgramCosts {
    /// Stylus version the program was activated for.
    pub version: u16,
    /// Cost of an uncached start, before scaling (see [`ProgramCosts::init_gas`]).
    pub init_cost: u16,
    /// Cost of a cached start, before scaling (see [`ProgramCosts::cached_gas`]).
    pub cached_init_cost: u16,
    /// Pages of memory at the start.
    pub footprint: u16,
    /// Predicted size of the machine code in bytes: what the data fee is paid for.
    pub asm_estimate: u32,
}

impl ProgramCosts {
    /// Gas that an uncached start costs on top of [`ProgramCosts::cached_gas`].
    ///
    /// Source: `Program.initGas` in Nitro's `arbos/programs/programs.go`.
    pub fn init_gas(&self, params: &StylusParams) -> u64 {
        scaled(
            u64::from(params.min_init_gas) * prices::MIN_INIT_GAS_UNIT,
            self.init_cost,
            params.init_cost_scalar,
        )
    }

    /// Gas that every start costs.
    ///
    /// Source: `Program.cachedGas` in Nitro's `arbos/programs/programs.go`.
    pub fn cached_gas(&self, params: &StylusParams) -> u64 {
        scaled(
            u64::from(params.min_cached_init_gas) * prices::MIN_CACHED_GAS_UNIT,
            self.cached_init_cost,
            params.cached_cost_scalar,
        )
    }

    /// Gas of a start, without memory: what `ArbWasm.programInitGas` reports.
    ///
    /// In version 1 the cached cost was a part of the uncached one; since version 2
    /// both are paid when the program is not cached.
    pub fn start_gas(&self, params: &StylusParams, cached: bool) -> u64 {
        let mut gas = 0u64;
        if cached || self.version > 1 {
            gas = gas.saturating_add(self.cached_gas(params));
        }
        if !cached {
            gas = gas.saturating_add(self.init_gas(params));
        }
        gas
    }
}

fn scaled(base: u64, cost: u16, scalar: u8) -> u64 {
    let percent = u64::from(scalar) * prices::COST_SCALAR_PERCENT;
    base.saturating_add((u64::from(cost) * percent).div_ceil(100))
}
