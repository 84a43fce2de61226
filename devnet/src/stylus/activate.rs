//! Activation: the checks a program must pass, and what its size will cost.
//!
//! Source: Nitro's `crates/prover/src/binary.rs` (`parse_with_version`, `parse_user`,
//! `instrument`), `crates/prover/src/machine.rs` (`from_binary`) and
//! `crates/prover/src/programs/mod.rs` (`Module::activate`).
//!
//! Programs that mention floating-point numbers are refused here. Nitro refuses
//! arithmetic on them too, but lets constants and loads pass, which no amount of ink
//! can execute.

use std::collections::{HashMap, HashSet};

use wasmparser::{ExternalKind, ValType};

use super::{
    hostio::host_signature,
    instrument::{ADDED_GLOBALS, Exports, ParsedModule, instrument},
    params::{ProgramCosts, StylusParams},
    prices::{
        self, HEAP_BOUND, MAX_DATA_SEGMENTS, MAX_ELEMENT_BYTES, MAX_ELEMENT_SEGMENTS,
        MAX_FUNCTIONS, MAX_GLOBALS, MAX_IMPORTS, MAX_NAME_LEN, MAX_TABLE_ENTRIES, ProgramSize,
    },
    program::Program,
};

/// The export a call starts at.
pub(super) const ENTRYPOINT: &str = "user_entrypoint";
/// The export of the memory.
pub(super) const MEMORY: &str = "memory";

/// A program that was activated.
#[derive(Clone, Debug)]
pub struct Activation {
    /// The program, ready to run.
    pub program: Program,
    /// Gas that the activation burns, besides what reading the code and ArbWasm's own
    /// work cost.
    pub gas: u64,
}

/// Why a program cannot be activated. On an Arbitrum chain this burns all gas of the
/// transaction.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ActivationError {
    /// Not WASM, or WASM with features that programs may not use.
    #[error("the program is not valid WASM for Stylus: {0}")]
    Malformed(String),
    /// A Stylus version this executor has no rules for.
    #[error("Stylus version {0} is unknown, this chain runs versions 1 to 3")]
    Version(u16),
    /// A section that programs may not have.
    #[error(
        "the program has a section or encoding that is not supported: {0}; strip it, as cargo-stylus does"
    )]
    Section(&'static str),
    /// An import that is not a function.
    #[error("{module}.{name} is imported as something other than a function")]
    ImportKind {
        /// Module of the import.
        module: String,
        /// Name of the import.
        name: String,
    },
    /// An import the chain does not offer.
    #[error("the chain offers no {module}.{name}; programs may import the functions of vm_hooks")]
    UnknownImport {
        /// Module of the import.
        module: String,
        /// Name of the import.
        name: String,
    },
    /// An import of the wrong type.
    #[error("{module}.{name} is imported with the wrong parameters or result")]
    ImportSignature {
        /// Module of the import.
        module: String,
        /// Name of the import.
        name: String,
    },
    /// A name that the chain uses itself.
    #[error("{0:?} is a reserved name: nothing imported or exported may begin with \"stylus\"")]
    Reserved(String),
    /// An export called like an import.
    #[error("{0:?} is imported and exported")]
    ImportExported(String),
    /// No entrypoint, or one of the wrong type.
    #[error("the program does not export user_entrypoint as a function from i32 to i32")]
    Entrypoint,
    /// No memory, or it is not exported.
    #[error("the program does not export exactly one memory as \"memory\"")]
    Memory,
    /// Memory that can grow without being paid for.
    #[error("the memory can grow, so vm_hooks.pay_for_memory_grow must be imported")]
    UnpaidGrowth,
    /// More memory than is left.
    #[error("the program starts with {pages} pages of memory, {limit} are allowed")]
    Pages {
        /// Pages of the program.
        pages: u64,
        /// Pages allowed.
        limit: u64,
    },
    /// A segment beyond the end of the memory or table it belongs to.
    #[error("{what} of {len} at offset {offset} does not fit into {size}")]
    Segment {
        /// What does not fit.
        what: &'static str,
        /// Where it starts.
        offset: u64,
        /// Bytes or entries it has.
        len: u64,
        /// Bytes or entries there are.
        size: u64,
    },
    /// A start function.
    #[error("start functions are not allowed")]
    Start,
    /// An operator that programs may not use.
    #[error("the operator {0} is not supported")]
    Operator(String),
    /// More of something than is allowed.
    #[error("the program has {count} {what}, {limit} are allowed")]
    TooMany {
        /// What there are too many of.
        what: &'static str,
        /// How many there are.
        count: u64,
        /// How many may be.
        limit: u64,
    },
    /// A function that needs too much stack.
    #[error("function {function} needs {words} words of stack, {limit} are allowed")]
    Frame {
        /// Index among the functions with a body.
        function: usize,
        /// Words it needs.
        words: u32,
        /// Words allowed.
        limit: u32,
    },
    /// A cost beyond what the chain can store.
    #[error("the program is too large: its {0} cannot be stored")]
    Cost(&'static str),
    /// The interpreter refused the instrumented program.
    #[error("the program could not be compiled: {0}")]
    Compile(String),
}

impl From<wasmparser::BinaryReaderError> for ActivationError {
    fn from(error: wasmparser::BinaryReaderError) -> Self {
        Self::Malformed(error.to_string())
    }
}

/// Checks, instruments and compiles a program.
///
/// `page_limit` is how many pages the program may start with: the chain's limit less
/// what the transaction has open. `debug` also offers the functions of `console`, which
/// only chains for development do.
///
/// # Errors
///
/// [`ActivationError`] with the first rule that the program breaks.
pub fn activate(
    wasm: &[u8],
    params: &StylusParams,
    page_limit: u16,
    debug: bool,
) -> Result<Activation, ActivationError> {
    if !(1..=3).contains(&params.version) {
        return Err(ActivationError::Version(params.version));
    }
    let module = ParsedModule::parse(wasm)?;
    check_counts(&module)?;
    check_names(&module)?;
    check_imports(&module, debug)?;
    check_entrypoint(&module)?;
    let (footprint, pay_for_memory_grow) = check_memory(&module, page_limit)?;

    let instrumented = instrument(&module, pay_for_memory_grow, Exports::Chain)?;
    let size = size(&module, wasm.len(), footprint, instrumented.operators)?;
    let costs = costs(&size, footprint, params.version)?;
    let program = Program::compile(wasm, &instrumented.wasm, costs)?;
    let gas = prices::activation_gas(&size);
    Ok(Activation { program, gas })
}

fn check_counts(module: &ParsedModule<'_>) -> Result<(), ActivationError> {
    let limits = [
        (
            "data segments",
            module.data_segments as u64,
            MAX_DATA_SEGMENTS as u64,
        ),
        (
            "element segments",
            module.elements as u64,
            MAX_ELEMENT_SEGMENTS as u64,
        ),
        (
            "functions",
            module.functions.len() as u64,
            MAX_FUNCTIONS as u64,
        ),
        (
            "globals, the meters' included",
            u64::from(module.global_count()) + ADDED_GLOBALS as u64,
            MAX_GLOBALS as u64,
        ),
        ("imports", module.imports.len() as u64, MAX_IMPORTS as u64),
        ("table entries", module.table_entries, MAX_TABLE_ENTRIES),
        (
            "bytes of element segments",
            module.element_bytes,
            MAX_ELEMENT_BYTES,
        ),
        (
            "bytes in its module name",
            module.name.len() as u64,
            MAX_NAME_LEN as u64,
        ),
    ];
    for (what, count, limit) in limits {
        if count > limit {
            return Err(ActivationError::TooMany { what, count, limit });
        }
    }
    if module.start.is_some() {
        return Err(ActivationError::Start);
    }
    Ok(())
}

fn check_names(module: &ParsedModule<'_>) -> Result<(), ActivationError> {
    // What counts is the part after the last double underscore.
    let exported: HashSet<&str> = module
        .exports
        .iter()
        .filter_map(|export| export.name.rsplit("__").next())
        .collect();
    let imported = || module.imports.iter().map(|import| import.name);
    if let Some(name) = imported().find(|name| exported.contains(name)) {
        return Err(ActivationError::ImportExported(name.to_owned()));
    }
    let reserved = exported
        .into_iter()
        .chain(imported())
        .find(|name| name.starts_with("stylus"));
    reserved.map_or(Ok(()), |name| {
        Err(ActivationError::Reserved(name.to_owned()))
    })
}

fn check_imports(module: &ParsedModule<'_>, debug: bool) -> Result<(), ActivationError> {
    let mut seen = HashMap::new();
    for import in &module.imports {
        let name = || (import.module.to_owned(), import.name.to_owned());
        let Some((params, result)) = host_signature(import.module, import.name, debug) else {
            let (module, name) = name();
            return Err(ActivationError::UnknownImport { module, name });
        };
        let signature = module.signature(import.ty)?;
        let same_type_before = seen
            .insert((import.module, import.name), import.ty)
            .is_none_or(|ty| ty == import.ty);
        if *signature.params != *params
            || *signature.results != *result.as_slice()
            || !same_type_before
        {
            let (module, name) = name();
            return Err(ActivationError::ImportSignature { module, name });
        }
    }
    Ok(())
}

fn check_entrypoint(module: &ParsedModule<'_>) -> Result<(), ActivationError> {
    let export = module
        .export(ENTRYPOINT)
        .ok_or(ActivationError::Entrypoint)?;
    // Nitro would also let a host function of that type be the entrypoint.
    if export.kind != ExternalKind::Func || (export.index as usize) < module.imports.len() {
        return Err(ActivationError::Entrypoint);
    }
    let signature = module.function(export.index)?;
    if *signature.params != [ValType::I32] || *signature.results != [ValType::I32] {
        return Err(ActivationError::Entrypoint);
    }
    Ok(())
}

/// Returns the pages at the start and the function that pays for more.
fn check_memory(
    module: &ParsedModule<'_>,
    page_limit: u16,
) -> Result<(u16, Option<u32>), ActivationError> {
    let [memory] = module.memories.as_slice() else {
        return Err(ActivationError::Memory);
    };
    if !module
        .export(MEMORY)
        .is_some_and(|export| export.kind == ExternalKind::Memory && export.index == 0)
    {
        return Err(ActivationError::Memory);
    }
    let limit = HEAP_BOUND.min(u64::from(page_limit));
    let footprint = u16::try_from(memory.initial)
        .ok()
        .filter(|pages| u64::from(*pages) <= limit)
        .ok_or(ActivationError::Pages {
            pages: memory.initial,
            limit,
        })?;
    if memory.maximum == Some(memory.initial) {
        return Ok((footprint, None));
    }
    let pay = module
        .pay_for_memory_grow()
        .ok_or(ActivationError::UnpaidGrowth)?;
    Ok((footprint, Some(pay)))
}

fn size(
    module: &ParsedModule<'_>,
    wasm_len: usize,
    footprint: u16,
    operators: u64,
) -> Result<ProgramSize, ActivationError> {
    Ok(ProgramSize {
        wasm: wasm_len as u64,
        functions: module.functions.len() as u64,
        signature_words: module.signature_words()?,
        operators,
        globals: u64::from(module.global_count()) + ADDED_GLOBALS as u64,
        data: module.data_bytes,
        data_segments: module.data_range_bytes,
        element_segments: module.element_bytes,
        pages: u64::from(footprint),
    })
}

fn costs(
    size: &ProgramSize,
    footprint: u16,
    version: u16,
) -> Result<ProgramCosts, ActivationError> {
    let word = |cost: u64, what| u16::try_from(cost).map_err(|_| ActivationError::Cost(what));
    Ok(ProgramCosts {
        version,
        init_cost: word(prices::init_cost(size, version), "start cost")?,
        cached_init_cost: word(prices::cached_init_cost(size), "cached start cost")?,
        footprint,
        asm_estimate: u32::try_from(prices::asm_estimate(size))
            .map_err(|_| ActivationError::Cost("machine code estimate"))?,
    })
}
