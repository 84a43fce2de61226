//! The parent's end of one child.

use std::collections::HashSet;
use std::ffi::OsString;
use std::io;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use thiserror::Error;
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::time::{timeout, timeout_at};

use super::Limits;
use super::frame::{self, Frame};
use super::last_words::LastWords;
use super::message::{PROTOCOL, Request, Response, RuntimeChoice};
use crate::content::Cid;
use crate::deadline;
use crate::inference::machine::memory;
use crate::inference::model::{OutputFile, Outputs};
use crate::inference::runtime::{Device, RuntimeId, SessionOptions};
use crate::inference::{Blame, InferenceError, TaskFiles};
use crate::model::Bundle;

/// Variables that say where libraries lie and which GPUs there are.
const KEPT_VARIABLES: [&str; 3] = [
    "LD_LIBRARY_PATH",
    "CUDA_VISIBLE_DEVICES",
    "CUDA_DEVICE_ORDER",
];

/// Why a child failed. All of it is this machine's affair: another child, or another
/// machine, may do better.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum WorkerError {
    /// The program cannot be started.
    #[error("cannot start the inference worker {program}: {source}")]
    Start {
        /// The program.
        program: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// It ended while it was needed.
    #[error("the inference worker ended ({status}){stderr}")]
    Died {
        /// Exit code or signal.
        status: String,
        /// The end of what it wrote to standard error, if anything.
        stderr: String,
    },
    /// It ran out of the memory that it may have.
    #[error(
        "the inference worker ran out of memory{}; raise the limit with --worker-memory if the machine has more, or leave the model to larger machines{stderr}",
        limit.map(|bytes| format!(", of which it may map {} MiB", bytes >> 20)).unwrap_or_default()
    )]
    OutOfMemory {
        /// What it may map, bytes.
        limit: Option<u64>,
        /// The end of what it wrote to standard error.
        stderr: String,
    },
    /// It did not answer in time and was killed.
    #[error(
        "the inference worker did not answer within {limit:?} and was killed; raise the time limit if the model is that slow"
    )]
    TimedOut {
        /// The limit.
        limit: Duration,
    },
    /// What it said makes no sense.
    #[error("the inference worker answered with something else than was asked: {0}")]
    Protocol(String),
    /// The pool was closed while a task waited for a child.
    #[error("the pool of workers is closed")]
    Closed,
}

/// How to start a child: `arbius infer-worker`, or another program that calls
/// [`serve`](super::serve()).
#[derive(Debug, Clone)]
pub struct WorkerCommand {
    /// The program.
    pub program: PathBuf,
    /// Its arguments.
    pub arguments: Vec<OsString>,
}

impl WorkerCommand {
    /// This program itself with the argument `infer-worker`.
    ///
    /// # Errors
    /// What the system says when it is asked for the program's path.
    pub fn current_program() -> io::Result<Self> {
        let program = std::env::current_exe()?;
        Ok(Self {
            program,
            arguments: vec!["infer-worker".into()],
        })
    }
}

/// How children run.
#[derive(Debug, Clone)]
pub struct WorkerOptions {
    /// The runtime.
    pub runtime: RuntimeChoice,
    /// Threads and optimisation.
    pub session: SessionOptions,
    /// What a child may use.
    pub limits: Limits,
    /// How long starting a child and loading a bundle may take, each.
    pub load_timeout: Duration,
    /// How long one task may take.
    pub solve_timeout: Duration,
    /// The most bytes that a task's outputs may have.
    pub max_output_bytes: u64,
}

impl Default for WorkerOptions {
    /// rten on one thread, a minute to load, ten minutes a task, 256 MiB of output.
    fn default() -> Self {
        Self {
            runtime: RuntimeChoice::Rten,
            session: SessionOptions::default(),
            limits: Limits::default(),
            load_timeout: Duration::from_secs(60),
            solve_timeout: Duration::from_secs(600),
            max_output_bytes: 256 << 20,
        }
    }
}

/// One child. Dropping it kills it.
#[derive(Debug)]
pub struct Process {
    child: Child,
    stdin: ChildStdin,
    stdout: ChildStdout,
    stderr: LastWords,
    options: WorkerOptions,
    runtime: RuntimeId,
    providers: Vec<String>,
    loaded: HashSet<Cid>,
}

impl Process {
    /// Starts a child and waits until its runtime is up.
    ///
    /// # Errors
    /// [`WorkerError`], or what the child reports.
    pub async fn start(
        command: &WorkerCommand,
        options: &WorkerOptions,
    ) -> Result<Self, InferenceError> {
        let start = |source| WorkerError::Start {
            program: command.program.clone(),
            source,
        };
        let mut child = Command::new(&command.program)
            .args(&command.arguments)
            // A child that may run somebody's model gets nobody's keys.
            .env_clear()
            .envs(
                KEPT_VARIABLES
                    .into_iter()
                    .filter_map(|name| Some((name, std::env::var_os(name)?))),
            )
            // Threads and allocator pools of a machine with many cores would use the address
            // space up before a model is loaded.
            .env("RTEN_NUM_THREADS", options.session.threads.to_string())
            .env("MALLOC_ARENA_MAX", "2")
            // It may write no files.
            .env("CUDA_CACHE_DISABLE", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(start)?;
        let pipes = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let (Some(stdin), Some(stdout), Some(stderr)) = pipes else {
            return Err(start(io::Error::other("it has no pipes")).into());
        };
        let mut process = Self {
            child,
            stdin,
            stdout,
            stderr: LastWords::of(stderr),
            options: options.clone(),
            runtime: RuntimeId {
                name: String::new(),
                version: String::new(),
            },
            providers: Vec::new(),
            loaded: HashSet::new(),
        };
        let hello = Request::Hello {
            protocol: PROTOCOL,
            runtime: options.runtime.clone(),
            session: options.session.clone(),
            limits: options.limits.clone(),
        };
        match process
            .ask(&hello, Vec::new(), options.load_timeout)
            .await?
        {
            (Response::Ready { runtime, providers }, _) => {
                process.runtime = runtime;
                process.providers = providers;
            }
            (other, _) => return Err(unexpected(&other)),
        }
        Ok(process)
    }

    /// What the child runs models on.
    pub fn runtime(&self) -> &RuntimeId {
        &self.runtime
    }

    /// The execution providers of that runtime.
    pub fn providers(&self) -> &[String] {
        &self.providers
    }

    /// Where the child runs models.
    pub fn device(&self) -> Device {
        self.options.session.device
    }

    /// The most memory that the child has used at once so far, bytes, where the system tells.
    pub fn peak_memory(&self) -> Option<u64> {
        memory::peak_of(self.child.id()?)
    }

    /// Whether the child is still there.
    pub fn is_alive(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Loads a bundle, unless it is loaded.
    ///
    /// # Errors
    /// [`WorkerError`], after which the child is of no use, or what the child reports.
    pub async fn load(&mut self, bundle: &Bundle) -> Result<(), InferenceError> {
        if self.loaded.contains(bundle.template_cid()) {
            return Ok(());
        }
        let mut blobs = vec![
            bundle.template_bytes().to_vec(),
            bundle.manifest_bytes().to_vec(),
        ];
        blobs.extend(bundle.files().values().map(|bytes| bytes.to_vec()));
        let request = Request::Load {
            files: bundle.files().keys().cloned().collect(),
        };
        match self.ask(&request, blobs, self.options.load_timeout).await? {
            (Response::Loaded { bundle: cid }, _) if cid == bundle.template_cid().to_string() => {
                self.loaded.insert(*bundle.template_cid());
                Ok(())
            }
            (other, _) => Err(unexpected(&other)),
        }
    }

    /// Solves a task of a bundle that is loaded, with the files that it names.
    ///
    /// # Errors
    /// [`WorkerError`], after which the child is of no use, or what the child reports.
    pub async fn solve(
        &mut self,
        bundle: &Bundle,
        input: &[u8],
        seed: u64,
        files: &TaskFiles,
    ) -> Result<Outputs, InferenceError> {
        let request = Request::Solve {
            bundle: bundle.template_cid().to_string(),
            seed,
            files: files.keys().cloned().collect(),
        };
        let mut blobs = vec![input.to_vec()];
        blobs.extend(files.values().map(|bytes| bytes.to_vec()));
        match self
            .ask(&request, blobs, self.options.solve_timeout)
            .await?
        {
            (Response::Solved { files }, blobs) => {
                let expected = bundle
                    .template()
                    .output
                    .iter()
                    .map(|output| &output.filename);
                if !files.iter().eq(expected) || files.len() != blobs.len() {
                    return Err(protocol(format!("outputs {files:?}")));
                }
                let files = files.into_iter().zip(blobs);
                let files = files
                    .map(|(name, bytes)| OutputFile { name, bytes })
                    .collect();
                Ok(Outputs { files })
            }
            (other, _) => Err(unexpected(&other)),
        }
    }

    async fn ask(
        &mut self,
        request: &Request,
        blobs: Vec<Vec<u8>>,
        limit: Duration,
    ) -> Result<(Response, Vec<Vec<u8>>), InferenceError> {
        let header = serde_json::to_vec(request).map_err(|error| protocol(error.to_string()))?;
        let deadline = deadline::after(limit).into();
        let exchange = async {
            frame::write_async(&mut self.stdin, &Frame { header, blobs }).await?;
            frame::read_async(&mut self.stdout, self.options.max_output_bytes).await
        };
        let answer = match timeout_at(deadline, exchange).await {
            Ok(Ok(Some(frame))) => frame,
            Ok(Err(error)) if error.kind() == io::ErrorKind::InvalidData => {
                let _ = self.child.start_kill();
                return Err(protocol(error.to_string()));
            }
            Ok(Ok(None) | Err(_)) => return Err(self.died().await.into()),
            Err(_) => {
                let _ = self.child.start_kill();
                return Err(WorkerError::TimedOut { limit }.into());
            }
        };
        let response: Response =
            serde_json::from_slice(&answer.header).map_err(|error| protocol(error.to_string()))?;
        if let Response::Failed { blame, message } = response {
            return Err(InferenceError::Reported { blame, message });
        }
        Ok((response, answer.blobs))
    }

    /// Why a child whose pipe has closed is gone.
    async fn died(&mut self) -> WorkerError {
        let _ = self.child.start_kill();
        let status = match timeout(Duration::from_secs(5), self.child.wait()).await {
            Ok(Ok(status)) => describe(status),
            _ => "it closed its pipe".into(),
        };
        let stderr = self.stderr.heard().await;
        // What Rust and C++ say before they abort for want of memory.
        if ["memory allocation of", "bad_alloc"]
            .iter()
            .any(|words| stderr.contains(words))
        {
            let limit = self.options.limits.memory_bytes;
            return WorkerError::OutOfMemory { limit, stderr };
        }
        WorkerError::Died { status, stderr }
    }
}

#[cfg(unix)]
pub(in crate::inference) fn describe(status: ExitStatus) -> String {
    use std::os::unix::process::ExitStatusExt;
    // SIGXCPU, SIGXFSZ and SIGABRT have these numbers on Linux and macOS alike.
    match status.signal() {
        Some(24) => "processor time used up".into(),
        Some(25) => "it tried to write a file".into(),
        Some(6) => "aborted, as when memory runs out".into(),
        _ => status.to_string(),
    }
}

#[cfg(not(unix))]
pub(in crate::inference) fn describe(status: ExitStatus) -> String {
    status.to_string()
}

fn protocol(what: String) -> InferenceError {
    WorkerError::Protocol(what).into()
}

fn unexpected(response: &Response) -> InferenceError {
    protocol(format!("{response:?}"))
}

/// Whether a child may be used again after this error.
pub(super) fn leaves_child_usable(error: &InferenceError) -> bool {
    matches!(
        error,
        InferenceError::Reported {
            blame: Blame::Input | Blame::Model,
            ..
        }
    )
}
