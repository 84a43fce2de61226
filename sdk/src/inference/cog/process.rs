//! A Cog server of our own: a child process with limits, and its address.

use std::ffi::OsString;
use std::io;
use std::path::PathBuf;
use std::process::Stdio;

#[cfg(target_os = "linux")]
use tokio::net::TcpSocket;
use tokio::process::{Child, Command};

use super::{CogClient, CogError, CogLimits};
use crate::inference::worker::Limits;
use crate::inference::worker::last_words::LastWords;
use crate::inference::worker::process::describe;

/// How to start a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CogCommand {
    /// The program, such as a Python that has the package cog.
    pub program: PathBuf,
    /// Its arguments.
    pub arguments: Vec<OsString>,
    /// The folder with `cog.yaml` and the predictor.
    pub folder: PathBuf,
    /// What it may use; its processor time is not limited, because it lives on.
    pub limits: Limits,
}

impl CogCommand {
    /// `PYTHON -m cog.server.http` in that folder, listening on loopback alone.
    pub fn python(program: impl Into<PathBuf>, folder: impl Into<PathBuf>) -> Self {
        let arguments = [
            "-m",
            "cog.server.http",
            "--host",
            "127.0.0.1",
            "--threads",
            "1",
        ];
        Self {
            program: program.into(),
            arguments: arguments.map(OsString::from).to_vec(),
            folder: folder.into(),
            limits: Limits::default(),
        }
    }
}

/// A server that runs. Dropping it kills it with all that it has started.
#[derive(Debug)]
pub struct CogProcess {
    child: Child,
    client: CogClient,
    stderr: LastWords,
}

impl CogProcess {
    /// Starts a server and waits until its model is set up.
    ///
    /// # Errors
    /// [`CogError`].
    pub async fn start(command: &CogCommand, limits: &CogLimits) -> Result<Self, CogError> {
        let failed = |source| CogError::Start {
            program: command.program.display().to_string(),
            source,
        };
        let port = Port::reserve().map_err(failed)?;
        let mut program = Command::new(&command.program);
        program
            .args(&command.arguments)
            .current_dir(&command.folder)
            // Somebody's Python gets nobody's keys.
            .env_clear()
            .envs(
                ["PATH", "LD_LIBRARY_PATH", "CUDA_VISIBLE_DEVICES"]
                    .into_iter()
                    .filter_map(|name| Some((name, std::env::var_os(name)?))),
            )
            .env("PORT", port.number.to_string())
            // Its folder is somebody else's.
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        // A group of its own, so that the processes that Cog starts go with it.
        #[cfg(unix)]
        program.process_group(0);
        end_with_this_process(&mut program);
        let mut child = program.spawn().map_err(failed)?;
        limit(&child, &command.limits).map_err(failed)?;
        let stderr = child.stderr.take().map(LastWords::of);
        let stderr = stderr.ok_or_else(|| failed(io::Error::other("it has no pipe")))?;
        let client = CogClient::new(&format!("http://127.0.0.1:{}", port.number), limits.clone())?;
        let mut process = Self {
            child,
            client,
            stderr,
        };
        let client = process.client.clone();
        tokio::select! {
            ready = client.ready() => ready?,
            status = process.child.wait() => {
                let status = status.map_or_else(|error| error.to_string(), describe);
                return Err(process.died(status).await);
            }
        }
        Ok(process)
    }

    /// How to speak with it.
    pub fn client(&self) -> &CogClient {
        &self.client
    }

    /// Why it is gone, if it is.
    pub async fn death(&mut self) -> Option<CogError> {
        let status = match self.child.try_wait() {
            Ok(None) => return None,
            Ok(Some(status)) => describe(status),
            Err(error) => error.to_string(),
        };
        Some(self.died(status).await)
    }

    async fn died(&mut self, status: String) -> CogError {
        let stderr = self.stderr.heard().await;
        CogError::Died { status, stderr }
    }
}

#[cfg(unix)]
impl Drop for CogProcess {
    fn drop(&mut self) {
        use rustix::process::{Pid, Signal, kill_process_group};
        // No id: it was waited for, and its number may be another's by now.
        let id = self.child.id().and_then(|id| i32::try_from(id).ok());
        if let Some(group) = id.and_then(Pid::from_raw) {
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

/// Has the system end the server when this process is killed and can no longer do so. The
/// processes that Cog starts end by themselves when their pipes close.
#[cfg(target_os = "linux")]
fn end_with_this_process(program: &mut Command) {
    use rustix::process::{Signal, set_parent_process_death_signal};
    let ask = || Ok(set_parent_process_death_signal(Some(Signal::KILL))?);
    // SAFETY: between fork and exec only system calls may be made, and this is one.
    unsafe { program.pre_exec(ask) };
}

/// Elsewhere a server outlives whoever started it and was killed.
#[cfg(not(target_os = "linux"))]
fn end_with_this_process(_: &mut Command) {}

/// A port of this machine that nobody listens on. Cog takes a number and not a socket.
struct Port {
    number: u16,
    /// Bound and not listening: on Linux nobody else is given the port, and a server that allows
    /// for its reuse, as Python's do, listens at it all the same.
    #[cfg(target_os = "linux")]
    _held: TcpSocket,
}

impl Port {
    #[cfg(target_os = "linux")]
    fn reserve() -> io::Result<Self> {
        let held = TcpSocket::new_v4()?;
        held.set_reuseaddr(true)?;
        held.bind(([127, 0, 0, 1], 0).into())?;
        Ok(Self {
            number: held.local_addr()?.port(),
            _held: held,
        })
    }

    /// Elsewhere somebody may be faster than the server; then it does not come up, which is an
    /// error as any other.
    #[cfg(not(target_os = "linux"))]
    fn reserve() -> io::Result<Self> {
        let listener = std::net::TcpListener::bind(("127.0.0.1", 0))?;
        Ok(Self {
            number: listener.local_addr()?.port(),
        })
    }
}

#[cfg(target_os = "linux")]
fn limit(child: &Child, limits: &Limits) -> io::Result<()> {
    use rustix::process::{Pid, Resource, Rlimit, prlimit};
    let id = child.id().and_then(|id| i32::try_from(id).ok());
    let (Some(process), Some(bytes)) = (id.and_then(Pid::from_raw), limits.memory_bytes) else {
        return Ok(());
    };
    let limit = Rlimit {
        current: Some(bytes),
        maximum: Some(bytes),
    };
    // What it starts inherits the limit; Python has not started anything yet.
    prlimit(Some(process), Resource::As, limit)?;
    Ok(())
}

/// Elsewhere a running process cannot be limited from outside.
#[cfg(not(target_os = "linux"))]
fn limit(_: &Child, _: &Limits) -> io::Result<()> {
    Ok(())
}
