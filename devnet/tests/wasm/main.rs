//! The executor, checked from outside: WebAssembly's own tests and random programs, with
//! and without meters, and modules that mean harm.

// Not all of it is of use here.
#[allow(dead_code)]
#[path = "../stylus/world.rs"]
mod world;

mod allocations;
mod differential;
mod execution;
mod hostile;
mod integers;
mod interpreter;
mod modules;
mod random;
mod reference;
mod spec;
