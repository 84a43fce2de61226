//! What a model is: its template, its bundle, its passport.
//!
//! | file | what it holds |
//! |---|---|
//! | [`template`] | the JSON that is registered on-chain: typed inputs and outputs |
//! | [`input`] | a task's input, checked against a template |
//! | [`bundle`] | the files behind a template, each by CID |
//! | [`passport`] | what the model promises about its bytes, with golden examples |
//! | [`pipeline`] | how inputs become tensors and tensors become files |
//! | [`signature`] | the ports of a graph, whatever else is in it |
//! | [`onnx`] | a strict reader of ONNX graphs, for deciding and not for running |
//! | [`integer`] | the static check of the class `integer` |
//!
//! The chain knows a model by the bytes of its template. The template names its bundle
//! (`meta.bundle`, a CID), the bundle names its files and its passport, and so all of them
//! belong to the model's identity.

pub mod bundle;
pub mod input;
pub mod integer;
pub mod onnx;
pub mod passport;
pub mod pipeline;
pub mod signature;
pub mod template;

pub use bundle::{Bundle, BundleError, Manifest};
pub use input::{InputError, Inputs, Value};
pub use passport::{Class, Golden, GpuClass, Passport, Pinned};
pub use pipeline::Pipeline;
pub use signature::Signature;
pub use template::{Template, TemplateError};
