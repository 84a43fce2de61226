//! A terminal in which a page's commands are run.

use std::{
    collections::HashMap,
    fs::File,
    os::unix::{fs::PermissionsExt as _, process::CommandExt as _},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::net::TcpSocket;

use crate::{markdown::root, pattern};

/// Longer than any command of the book takes, even built without optimisation on a busy
/// machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// What stands for the programs that a reader builds: those that the tests were built with.
const CARGO: &str = r#"#!/bin/sh
case "$*" in
"run --release --bin arbius -- "*)
    shift 5
    exec arbius "$@" ;;
"run --release -p arbius-examples --example "*)
    shift 5
    program=$1
    shift
    [ "$1" = -- ] && shift
    exec "$EXAMPLES/$program" "$@" ;;
esac
echo "the book's tests know no \`cargo $*\`: see examples/tests/book/console.rs" >&2
exit 1
"#;

/// `arbius devnet` on its usual port would meet another one on this machine.
const ARBIUS: &str = r#"#!/bin/sh
case " $* " in
" devnet"*" --port "*) ;;
" devnet "*) set -- "$@" --port "$DEVNET_PORT" ;;
esac
exec "$ARBIUS" "$@"
"#;

/// A folder of its own, and programs that run on in it. Dropping it ends them.
pub(crate) struct Terminal {
    folder: tempfile::TempDir,
    /// A port for each that the page names, bound here and not listened at: nobody else on this
    /// machine is given it before the page's program listens there.
    ports: HashMap<String, (String, TcpSocket)>,
    running: Vec<Running>,
    commands: usize,
}

/// A command in a process group of its own, with its output in a file.
struct Running {
    child: Child,
    output: PathBuf,
}

impl Running {
    fn printed(&self) -> String {
        String::from_utf8_lossy(&std::fs::read(&self.output).unwrap()).into_owned()
    }

    /// Waits until `enough` of what it has printed and of how it ended.
    fn until(&mut self, enough: impl Fn(&str, Option<ExitStatus>) -> bool) -> Result<(), String> {
        let started = Instant::now();
        loop {
            let ended = self.child.try_wait().unwrap();
            let printed = self.printed();
            if enough(&printed, ended) {
                return Ok(());
            }
            if ended.is_some() || started.elapsed() > PATIENCE {
                let ended =
                    ended.map_or("after all patience".to_owned(), |ended| ended.to_string());
                return Err(format!("{ended}, having printed\n{printed}"));
            }
            sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(group) = Pid::from_raw(self.child.id().cast_signed()) {
            // It may be over.
            let _ = kill_process_group(group, Signal::KILL);
        }
        let _ = self.child.wait();
    }
}

impl Terminal {
    /// A folder with what readers take from the repository in it, and with its programs on the path.
    pub(crate) fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let programs = folder.path().join(".programs");
        std::fs::create_dir(&programs).unwrap();
        for (name, script) in [("cargo", CARGO), ("arbius", ARBIUS)] {
            let path = programs.join(name);
            std::fs::write(&path, script).unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        }
        for name in ["docs/deploy", "examples", "models"] {
            copy(&root().join(name), &folder.path().join(name));
        }
        Self {
            folder,
            ports: HashMap::new(),
            running: Vec::new(),
            commands: 0,
        }
    }

    /// Runs a command to its end, which is to be `success` and to have printed `shown`.
    pub(crate) fn run(&mut self, command: &str, success: bool, shown: &str) -> Result<(), String> {
        let shown = self.with_ports(shown);
        let mut running = self.start(command);
        running.until(|_, ended| ended.is_some())?;
        let status = running.child.wait().unwrap();
        let printed = running.printed();
        if status.success() != success {
            return Err(format!("{status}, having printed\n{printed}"));
        }
        match pattern::missing(&shown, &printed) {
            Some(line) => Err(format!("`{line}` is not where it should be in\n{printed}")),
            None => Ok(()),
        }
    }

    /// Starts a command that goes on until the terminal is closed, and waits until it has
    /// printed `shown`.
    pub(crate) fn run_on(&mut self, command: &str, shown: &str) -> Result<(), String> {
        let shown = self.with_ports(shown);
        let mut running = self.start(command);
        running.until(|printed, _| pattern::missing(&shown, printed).is_none())?;
        self.running.push(running);
        Ok(())
    }

    fn start(&mut self, command: &str) -> Running {
        let command = self.with_ports(command);
        self.commands += 1;
        let output = self
            .folder
            .path()
            .join(format!(".output-{}", self.commands));
        let file = File::create(&output).unwrap();
        let path = std::env::var("PATH").unwrap();
        let programs = self.folder.path().join(".programs");
        let mut shell = Command::new("sh");
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("ARBIUS_") {
                shell.env_remove(name);
            }
        }
        let gateway = self.port("8090");
        let child = shell
            .args(["-euc", &command])
            .current_dir(&self.folder)
            .env("PATH", format!("{}:{path}", programs.display()))
            .env("EXAMPLES", built().join("examples"))
            .env("ARBIUS", program("arbius"))
            .env("DEVNET_PORT", self.port("8547"))
            .env("ARBIUS_GATEWAY", format!("127.0.0.1:{gateway}"))
            .env("ARBIUS_GATEWAYS", format!("http://127.0.0.1:{gateway}"))
            .stdin(Stdio::null())
            .stdout(file.try_clone().unwrap())
            .stderr(file)
            .process_group(0)
            .spawn()
            .unwrap();
        Running { child, output }
    }

    /// Text with a free port in the place of each port of this machine: others may be
    /// listening on the one that the page names.
    fn with_ports(&mut self, text: &str) -> String {
        let mut parts = text.split("127.0.0.1:");
        let mut result = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let end = part.find(|letter: char| !letter.is_ascii_digit());
            let (port, rest) = part.split_at(end.unwrap_or(part.len()));
            let port = match port {
                "" | "0" => port.to_owned(),
                port => self.port(port),
            };
            result.push_str(&format!("127.0.0.1:{port}{rest}"));
        }
        result
    }

    fn port(&mut self, named: &str) -> String {
        let held = || {
            let socket = arbius_faults::hold(([127, 0, 0, 1], 0).into()).unwrap();
            (socket.local_addr().unwrap().port().to_string(), socket)
        };
        let (port, _) = self.ports.entry(named.to_owned()).or_insert_with(held);
        port.clone()
    }
}

/// Copies a folder: what commands write beside what they read stays out of the repository.
fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name();
        // A folder, or a link to what npm has put elsewhere.
        if name == "node_modules" {
            continue;
        }
        match entry.file_type().unwrap().is_dir() {
            true => copy(&entry.path(), &to.join(name)),
            false => drop(std::fs::copy(entry.path(), to.join(name)).unwrap()),
        }
    }
}

/// The folder in which cargo has put the programs that were built with this test.
fn built() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    test.parent().and_then(Path::parent).unwrap().to_owned()
}

/// A program of the workspace, by its path in the folder of what is built.
pub(crate) fn program(path: &str) -> PathBuf {
    let program = built().join(path);
    assert!(
        program.is_file(),
        "{} is not built: cargo test --workspace --no-run",
        program.display()
    );
    program
}
