//! Makes a model's bundle: `cargo run -p arbius-sdk --features inference --example pack_model
//! -- models/digits` after its training script has run.
//!
//! The folder holds `template.json`, `source.json` and the graphs; the manifest and the
//! passport are written beside them, and the template is made to name the bundle.

use std::path::Path;
use std::process::ExitCode;

use arbius_sdk::inference::pack::pack_folder;

fn main() -> ExitCode {
    let Some(folder) = std::env::args().nth(1) else {
        eprintln!("usage: pack_model FOLDER");
        return ExitCode::FAILURE;
    };
    match pack_folder(Path::new(&folder)) {
        Ok(bundle) => {
            println!(
                "bundle {} with {} goldens",
                bundle.cid(),
                bundle.passport().goldens.len()
            );
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{folder}: {error}");
            ExitCode::FAILURE
        }
    }
}
