//! A local network in processes of its own: `arbius devnet` and `arbius mine`.

use std::{
    env,
    io::{BufRead as _, BufReader, Lines},
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, Stdio},
};

use arbius_sdk::deploy::Deployment;
use eyre::{Context as _, OptionExt as _, Result};
use tempfile::TempDir;

/// Names the command to start, by a whole path or as it is on `PATH`, where it is not beside
/// this program.
const COMMAND_VARIABLE: &str = "ARBIUS";

/// A chain with the contracts, whose owner is its account 0. It ends when this is dropped.
#[derive(Debug)]
pub struct Network {
    deployment: Deployment,
    // Ended in this order.
    miner: Option<Running>,
    _devnet: Running,
    folder: TempDir,
}

impl Network {
    /// Starts the chain.
    ///
    /// # Errors
    ///
    /// If there is no `arbius` to start, or it ends before its chain runs.
    pub fn start() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let (_devnet, _) = Running::start(
            folder.path(),
            &["devnet", "--port", "0", "--no-dao"],
            |line| line.starts_with("RPC").then(String::new),
        )?;
        Ok(Self {
            deployment: Deployment::load(&folder.path().join("arbius.json"))?,
            miner: None,
            _devnet,
            folder,
        })
    }

    /// Starts a miner, and returns the gateway that it serves its outputs at.
    ///
    /// # Errors
    ///
    /// If it ends before it mines.
    pub fn mine(&mut self) -> Result<String> {
        let (miner, gateway) = Running::start(
            self.folder.path(),
            &["mine", "--gateway", "127.0.0.1:0"],
            |line| {
                let (_, gateway) = line.split_once("served at ")?;
                Some(gateway.split(';').next()?.to_owned())
            },
        )?;
        self.miner = Some(miner);
        Ok(gateway)
    }

    /// Where the contracts are, with the accounts and their keys.
    #[must_use]
    pub const fn deployment(&self) -> &Deployment {
        &self.deployment
    }
}

/// A command that runs until this is dropped.
#[derive(Debug)]
struct Running {
    child: Child,
    // Held, so that what it still prints does not end it.
    output: Lines<BufReader<ChildStdout>>,
}

impl Running {
    /// Starts the command in `folder` and waits for the line that says it runs.
    fn start<T>(
        folder: &Path,
        arguments: &[&str],
        ready: impl Fn(&str) -> Option<T>,
    ) -> Result<(Self, T)> {
        let program = command()?;
        let mut command = Command::new(&program);
        // Settings that the environment has for another miner.
        for (name, _) in env::vars_os() {
            if name.to_string_lossy().starts_with("ARBIUS_") {
                command.env_remove(name);
            }
        }
        let mut child = command
            .args(arguments)
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .wrap_err_with(|| format!("{} cannot be started", program.display()))?;
        let output = child.stdout.take().ok_or_eyre("its output was asked for")?;
        let mut running = Self {
            child,
            output: BufReader::new(output).lines(),
        };
        while let Some(line) = running.output.next() {
            if let Some(found) = ready(&line?) {
                return Ok((running, found));
            }
        }
        let status = running.child.wait()?;
        Err(eyre::eyre!(
            "arbius {} ended with {status}",
            arguments.join(" ")
        ))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Both fail only for a process that ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The `arbius` of the same build: in the folder of this program, or in the one above, as
/// seen from a test.
fn command() -> Result<PathBuf> {
    if let Some(command) = env::var_os(COMMAND_VARIABLE) {
        return Ok(command.into());
    }
    let program = env::current_exe()?;
    let name = format!("arbius{}", env::consts::EXE_SUFFIX);
    let folders = program.ancestors().skip(1).take(2);
    let mut commands = folders.map(|folder| folder.join(&name));
    commands.find(|command| command.is_file()).ok_or_else(|| {
        eyre::eyre!(
            "there is no {name} beside {}: build it with `cargo build --bin arbius`, with \
             --release where this is, or name one by {COMMAND_VARIABLE}",
            program.display()
        )
    })
}
