//! Turning what rustc links into WASM that activates.

use eyre::{Context as _, bail};
use wasm_encoder::{Module, RawSection};
use wasmparser::{ExternalKind, Parser, Payload, WasmFeatures};

/// What the chain knows of WASM beyond the first version: no reference types, no
/// multi-value, no SIMD, no floats.
const FEATURES: WasmFeatures = WasmFeatures::WASM1
    .union(WasmFeatures::BULK_MEMORY)
    .union(WasmFeatures::SIGN_EXTENSION)
    .difference(WasmFeatures::FLOATS);

/// Rewrites a linked module into what is deployed.
///
/// The linker pads table indices and other numbers to five bytes, a form that only
/// belongs to reference types; through text and back, as cargo-stylus does it, they
/// come out in the shortest form. Custom sections go, since all they do is cost gas.
///
/// # Errors
///
/// If the result uses anything that a Stylus chain refuses, or lacks the entry point.
pub(crate) fn convert(linked: &[u8]) -> eyre::Result<Vec<u8>> {
    let text = wasmprinter::print_bytes(linked).map_err(|error| eyre::eyre!("{error:#}"))?;
    let binary = wat::parse_str(&text)?;
    let stripped = strip(&binary)?;
    validate(&stripped)?;
    Ok(stripped)
}

/// The module without its custom sections.
fn strip(wasm: &[u8]) -> eyre::Result<Vec<u8>> {
    let mut module = Module::new();
    for payload in Parser::new(0).parse_all(wasm) {
        let payload = payload?;
        if matches!(payload, Payload::CustomSection(_)) {
            continue;
        }
        if let Some((id, range)) = payload.as_section() {
            let range = usize::try_from(range.start)?..usize::try_from(range.end)?;
            let data = wasm
                .get(range)
                .ok_or_else(|| eyre::eyre!("section {id} ends outside the module"))?;
            module.section(&RawSection { id, data });
        }
    }
    Ok(module.finish())
}

/// Refuses what would not activate, with a reason that helps more than the chain's.
fn validate(wasm: &[u8]) -> eyre::Result<()> {
    wasmparser::Validator::new_with_features(FEATURES)
        .validate_all(wasm)
        .wrap_err("it uses a feature of WASM that Stylus does not have")?;
    let mut entry = false;
    let mut memory = false;
    for payload in Parser::new(0).parse_all(wasm) {
        match payload? {
            Payload::ExportSection(exports) => {
                for export in exports {
                    let export = export?;
                    entry |= export.name == "user_entrypoint" && export.kind == ExternalKind::Func;
                    memory |= export.name == "memory" && export.kind == ExternalKind::Memory;
                }
            }
            Payload::ImportSection(imports) => {
                for import in imports.into_imports() {
                    let import = import?;
                    if import.module != "vm_hooks" {
                        bail!(
                            "it imports {} from {}, and a Stylus program has only vm_hooks",
                            import.name,
                            import.module
                        );
                    }
                }
            }
            _ => {}
        }
    }
    if !entry || !memory {
        bail!("it does not export user_entrypoint and memory; is its entry point switched on?");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn program(body: &str) -> Vec<u8> {
        wat::parse_str(format!(
            r#"(module
                (import "vm_hooks" "read_args" (func (param i32)))
                (memory (export "memory") 1)
                (func (export "user_entrypoint") (param i32) (result i32) {body})
                (@custom "producers" "rustc"))"#
        ))
        .unwrap()
    }

    fn error_of(wasm: &[u8]) -> String {
        format!("{:#}", convert(wasm).unwrap_err())
    }

    #[test]
    fn drops_custom_sections_and_keeps_the_rest() {
        let linked = program("i32.const 0");
        let converted = convert(&linked).unwrap();
        assert!(converted.len() < linked.len());
        assert!(!converted.windows(9).any(|window| window == b"producers"));
        assert_eq!(convert(&converted).unwrap(), converted);
    }

    #[test]
    fn refuses_floats() {
        let float = program("f32.const 1 drop i32.const 0");
        assert!(error_of(&float).contains("Stylus does not have"));
    }

    #[test]
    fn refuses_imports_that_the_host_lacks() {
        let foreign = wat::parse_str(
            r#"(module (import "env" "now" (func)) (memory (export "memory") 1)
                (func (export "user_entrypoint") (param i32) (result i32) i32.const 0))"#,
        )
        .unwrap();
        assert!(error_of(&foreign).contains("now from env"));
    }

    #[test]
    fn refuses_a_module_without_an_entry_point() {
        let library = wat::parse_str(r#"(module (memory (export "memory") 1))"#).unwrap();
        assert!(error_of(&library).contains("user_entrypoint"));
    }

    #[test]
    fn refuses_what_is_no_module() {
        assert!(convert(b"not wasm").is_err());
    }
}
