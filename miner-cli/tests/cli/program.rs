//! Runs the binary.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::Value;

/// Longer than anything here takes, even built without optimisation on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(240);

/// The binary, to run in `folder` and with nothing of this process's settings.
pub(crate) fn command<A: AsRef<OsStr>>(folder: &Path, args: &[A]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_arbius"));
    command.args(args).current_dir(folder).stdin(Stdio::null());
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("ARBIUS_") {
            command.env_remove(name);
        }
    }
    command
}

/// Runs the binary to its end.
pub(crate) fn arbius<A: AsRef<OsStr>>(folder: &Path, args: &[A]) -> Output {
    command(folder, args).output().unwrap()
}

/// Runs the binary to its successful end and gives its standard output.
pub(crate) fn succeeds<A: AsRef<OsStr>>(folder: &Path, args: &[A]) -> String {
    let output = arbius(folder, args);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}: {errors}", output.status);
    String::from_utf8(output.stdout).unwrap()
}

/// What a command printed with `--json`.
pub(crate) fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error} in {text}"))
}

/// A program that runs on, with its output in a file. Dropping it kills it.
pub(crate) struct Running {
    child: Child,
    folder: std::path::PathBuf,
    name: &'static str,
}

impl Running {
    pub(crate) fn start(folder: &Path, name: &'static str, args: &[&str]) -> Self {
        let file = |kind: &str| File::create(folder.join(format!("{name}.{kind}"))).unwrap();
        let child = command(folder, args)
            .stdout(file("out"))
            .stderr(file("err"))
            .spawn()
            .unwrap();
        Self {
            child,
            folder: folder.to_owned(),
            name,
        }
    }

    fn written(&self, kind: &str) -> String {
        std::fs::read_to_string(self.folder.join(format!("{}.{kind}", self.name))).unwrap()
    }

    /// Its process id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Its standard output so far.
    pub(crate) fn output(&self) -> String {
        self.written("out")
    }

    /// What it has logged so far.
    pub(crate) fn log(&self) -> String {
        self.written("err")
    }

    /// Waits until its output holds `text`, and gives the output.
    pub(crate) fn until(&mut self, text: &str) -> String {
        self.until_written("out", text)
    }

    /// Waits until it has logged `text`.
    pub(crate) fn until_logged(&mut self, text: &str) {
        self.until_written("err", text);
    }

    fn until_written(&mut self, kind: &str, text: &str) -> String {
        let started = Instant::now();
        loop {
            let written = self.written(kind);
            if written.contains(text) {
                return written;
            }
            let ended = self.child.try_wait().unwrap();
            let waited = started.elapsed();
            assert!(
                ended.is_none() && waited < PATIENCE,
                "{} says nothing of `{text}` after {waited:?}, ended: {ended:?}\n{}\n{}",
                self.name,
                self.output(),
                self.log()
            );
            sleep(Duration::from_millis(50));
        }
    }

    /// Presses Ctrl-C, so to speak, and waits for the end.
    #[cfg(unix)]
    pub(crate) fn interrupt(mut self) -> (ExitStatus, String) {
        let id = self.child.id().to_string();
        assert!(
            Command::new("kill")
                .args(["-INT", &id])
                .status()
                .unwrap()
                .success()
        );
        let started = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return (status, self.output());
            }
            assert!(
                started.elapsed() < PATIENCE,
                "{} goes on after Ctrl-C",
                self.name
            );
            sleep(Duration::from_millis(50));
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Asks an endpoint on this machine, as any client does.
pub(crate) fn rpc(url: &str, method: &str, params: &str) -> String {
    let address = url.trim_start_matches("http://").trim_end_matches('/');
    let body =
        format!("{{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"{method}\",\"params\":{params}}}");
    let request = format!(
        "POST / HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.contains("\"result\""), "{answer}");
    answer
}

/// A local chain on a free port, with its deployment file `net.json`.
pub(crate) fn devnet(folder: &Path) -> Running {
    let args = [
        "devnet",
        "--port",
        "0",
        "--deployment",
        "net.json",
        "--json",
    ];
    let mut devnet = Running::start(folder, "devnet", &args);
    devnet.until("\"models\"");
    devnet
}
