//! What the tests of the Rust clients share: the devnet that they are run against, and a
//! program to put on it.

use std::{
    env,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

/// Address of ArbWasm.
pub const ARB_WASM: &str = "0x0000000000000000000000000000000000000071";

/// A devnet on a free port, which ends with this value.
#[derive(Debug)]
pub struct Devnet {
    process: Child,
    /// Where JSON-RPC is served over HTTP.
    pub url: String,
    /// Where it is served over WebSocket.
    pub ws: String,
    /// The chain id.
    pub chain_id: u64,
    /// Private keys of the funded accounts, in hexadecimal.
    pub keys: Vec<String>,
}

impl Devnet {
    /// Starts the example `serve` of the devnet, which must have been built.
    ///
    /// # Panics
    ///
    /// When it cannot be started: a test can do nothing else.
    #[must_use]
    pub fn start() -> Self {
        let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../..");
        let target = env::var_os("CARGO_TARGET_DIR")
            .map_or_else(|| repository.join("target"), PathBuf::from);
        let serve = target.join("debug/examples/serve");
        let mut process = Command::new(&serve)
            .arg("0")
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| {
                panic!(
                    "{}: {error}: cargo build --workspace --example serve",
                    serve.display()
                )
            });
        let output = process.stdout.take().expect("it is piped");
        let mut lines = BufReader::new(output).lines().map(|line| line.unwrap());
        let first = lines.next().expect("the devnet says where it is");
        let (chain_id, url) = first
            .strip_prefix("chain ")
            .and_then(|rest| rest.split_once(" at "))
            .expect("chain ID at URL");
        let keys = lines
            .take(10)
            .filter_map(|line| Some(line.split_once(" with key ")?.1.to_owned()))
            .collect();
        Self {
            url: url.to_owned(),
            ws: url.replace("http", "ws"),
            chain_id: chain_id.parse().expect("a number"),
            keys,
            process,
        }
    }
}

impl Drop for Devnet {
    fn drop(&mut self) {
        // Already gone is as good.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Init code that deploys the program which does what its input says; see
/// `devnet/tests/common/actor.wat`.
///
/// # Panics
///
/// Never: the program is part of the repository.
#[must_use]
pub fn actor_init_code() -> Vec<u8> {
    let wasm = wat::parse_str(include_str!("../../../tests/common/actor.wat")).expect("valid");
    let mut code = vec![0xef, 0xf0, 0x00, 0x00];
    let options = brotli::enc::BrotliEncoderParams {
        quality: 11,
        lgwin: 22,
        ..Default::default()
    };
    brotli::BrotliCompress(&mut &wasm[..], &mut code, &options).expect("memory cannot fail");
    let length = u16::try_from(code.len()).expect("small").to_be_bytes();
    // PUSH2 length DUP1 PUSH1 10 PUSH0 CODECOPY PUSH0 RETURN, then the code
    let mut init = vec![
        0x61, length[0], length[1], 0x80, 0x60, 0x0a, 0x5f, 0x39, 0x5f, 0xf3,
    ];
    init.append(&mut code);
    init
}
