//! One host function, called by a program that does nothing else.

use alloy_primitives::Bytes;
use arbius_devnet::stylus::{Frame, Outcome, Program, Status};

use crate::world::*;

/// Ink of any host function.
const BASE: u64 = 8_400;

/// Where tests have results written.
pub(crate) const OUT: u32 = 1024;

/// Ink for a program's `write_result` of `len` bytes.
pub(crate) fn result_ink(len: u64) -> u64 {
    BASE + 2 * (16_381 + 55 * len.saturating_sub(32))
}

/// One call of a host function in a program of its own.
pub(crate) struct HostCall {
    pub(crate) name: &'static str,
    pub(crate) params: &'static str,
    pub(crate) result: Option<&'static str>,
    /// Constants, one for each parameter.
    pub(crate) args: Vec<i64>,
    /// What lies at address 0.
    pub(crate) data: Vec<u8>,
    /// What the program returns: this many bytes at `OUT`.
    pub(crate) len: u32,
}

impl HostCall {
    pub(crate) fn new(name: &'static str, params: &'static str, args: &[i64]) -> Self {
        Self {
            name,
            params,
            result: None,
            args: args.to_vec(),
            data: Vec::new(),
            len: 0,
        }
    }

    pub(crate) fn with_result(mut self, ty: &'static str) -> Self {
        self.result = Some(ty);
        self.len = if ty == "i32" { 4 } else { 8 };
        self
    }

    pub(crate) fn with_data(mut self, data: &[u8]) -> Self {
        self.data = data.to_vec();
        self
    }

    pub(crate) fn returning(mut self, len: u32) -> Self {
        self.len = len;
        self
    }

    pub(crate) fn program(&self) -> Program {
        let Self {
            name,
            params,
            args,
            len,
            ..
        } = self;
        let result = self
            .result
            .map(|ty| format!("(result {ty})"))
            .unwrap_or_default();
        let call: String = params
            .split_whitespace()
            .zip(args)
            .map(|(ty, arg)| format!("{ty}.const {arg} "))
            .chain([format!("call ${name} ")])
            .collect();
        let (before, after) = match self.result {
            Some(ty) => (format!("i32.const {OUT} "), format!("{ty}.store ")),
            None => (String::new(), String::new()),
        };
        let mut imports = vec![hook(name, &format!("(param {params}) {result}"))];
        if *name != "write_result" {
            imports.push(hook("write_result", "(param i32 i32)"));
        }
        let data: String = self
            .data
            .iter()
            .map(|byte| format!("\\{byte:02x}"))
            .collect();
        program(&format!(
            r#"(module {}
                 (memory (export "memory") 1 1)
                 (data (i32.const 0) "{data}")
                 (func (export "user_entrypoint") (param i32) (result i32)
                   {before} {call} {after}
                   i32.const {OUT} i32.const {len} call $write_result
                   i32.const 0))"#,
            imports.join("\n")
        ))
    }

    /// Runs it and returns the ink of the host function alone.
    pub(crate) fn run_in(&self, world: &mut MemoryWorld, frame: Frame) -> (u64, Outcome) {
        let program = self.program();
        let outcome = run_in(world, &program, frame);
        let mut other = HEADER + self.args.len() as u64 + 3_800;
        other += HEADER + 2 + 3_800 + result_ink(u64::from(self.len));
        other += HEADER + 2;
        match self.result {
            Some("i32") => other += 1 + 825,
            Some(_) => other += 1 + 950,
            None => {}
        }
        let ink = match outcome.status {
            Status::Success => ink_used(&program, &outcome) - other,
            _ => 0,
        };
        (ink, outcome)
    }

    pub(crate) fn run(&self) -> (u64, Outcome) {
        self.run_in(&mut MemoryWorld::default(), frame())
    }

    /// Runs it where it succeeds, and returns its ink and the program's output.
    pub(crate) fn output(&self) -> (u64, Bytes) {
        self.output_in(&mut MemoryWorld::default())
    }

    pub(crate) fn output_in(&self, world: &mut MemoryWorld) -> (u64, Bytes) {
        let (ink, outcome) = self.run_in(world, frame());
        assert_eq!(outcome.status, Status::Success, "{}", self.name);
        (ink, outcome.output)
    }
}
