//! What a child does, by its role.

use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use arbius_sdk::inference::worker::serve;

use crate::gpu;

/// What a child does, by its role.
pub(crate) fn play(role: &str) -> ExitCode {
    // The roles that misbehave do so after their greeting, when they are trusted.
    let misbehave = |deed: fn()| {
        let output = Misbehaving {
            output: std::io::stdout().lock(),
            deed,
        };
        let _ = serve(std::io::stdin().lock(), output);
    };
    if let Some(folder) = role.strip_prefix("gpu-in:") {
        return gpu::play(folder.as_ref());
    }
    match role {
        "serve" => {
            if let Err(error) = serve(std::io::stdin().lock(), std::io::stdout().lock()) {
                eprintln!("{error}");
                return ExitCode::FAILURE;
            }
        }
        "hang" => misbehave(|| std::thread::sleep(Duration::from_secs(3600))),
        // It greets and loads, and falls silent.
        "hang-at-work" => misbehave(|| {
            static SAID: AtomicUsize = AtomicUsize::new(0);
            if SAID.fetch_add(1, Ordering::Relaxed) == 1 {
                std::thread::sleep(Duration::from_secs(3600));
            }
        }),
        "crash" => misbehave(|| {
            eprintln!("the model tripped over its own feet");
            std::process::abort();
        }),
        "exit" => misbehave(|| std::process::exit(3)),
        "spin" => misbehave(|| {
            let mut value = 1u64;
            loop {
                value = std::hint::black_box(value.wrapping_mul(3));
            }
        }),
        "eat" => misbehave(|| {
            let mut eaten: Vec<Vec<u8>> = Vec::new();
            loop {
                eaten.push(std::hint::black_box(vec![1; 64 << 20]));
            }
        }),
        "escape" => misbehave(|| {
            let socket = std::net::TcpStream::connect("127.0.0.1:9").map_err(|e| e.kind());
            let program = std::process::Command::new("/bin/true")
                .status()
                .map_err(|e| e.kind());
            let known = [
                "CUDA_CACHE_DISABLE",
                "LD_LIBRARY_PATH",
                "MALLOC_ARENA_MAX",
                "RTEN_NUM_THREADS",
            ];
            let names = std::env::vars().map(|(name, _)| name);
            let secrets = names.filter(|name| !known.contains(&name.as_str())).count();
            eprintln!("socket {socket:?} program {program:?} variables {secrets}");
            let _ = std::fs::write(escape(), b"secret");
            eprintln!("it wrote a file");
        }),
        _ => {
            let _ = std::io::Read::read(&mut std::io::stdin(), &mut [0]);
            println!("Hello, I am a program that knows nothing of frames.");
        }
    }
    ExitCode::SUCCESS
}

/// Where a child tries to write.
pub(crate) fn escape() -> std::path::PathBuf {
    std::env::temp_dir().join("arbius-worker-escape")
}

/// Standard output that misbehaves as soon as a message is complete.
struct Misbehaving<W> {
    output: W,
    deed: fn(),
}

impl<W: std::io::Write> std::io::Write for Misbehaving<W> {
    fn write(&mut self, buffer: &[u8]) -> std::io::Result<usize> {
        self.output.write(buffer)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.output.flush()?;
        (self.deed)();
        Ok(())
    }
}
