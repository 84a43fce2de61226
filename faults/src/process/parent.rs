//! The parent's end of a miner's process.

use std::{
    collections::VecDeque,
    fs,
    io::Write as _,
    os::unix::process::ExitStatusExt as _,
    path::Path,
    process::Stdio,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use alloy_primitives::Address;
use arbius_sdk::miner::{Case, Job, StoreFile};
use eyre::{WrapErr as _, bail, eyre};
use rustix::process::{Pid, Resource, Rlimit, Signal, getrlimit, kill_process, prlimit};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines},
    process::{Child, ChildStdin, ChildStdout, Command},
};

use super::{
    Config, Ended,
    message::{Request, Response},
};
use crate::settings;

/// For how long an answer is waited for.
const PATIENCE: Duration = Duration::from_secs(60);

/// How many lines of its log are kept.
const KEPT: usize = 400;

/// The file that a miner's log is added to, named after the miner's folder.
fn whole_log(folder: &Path, config: &Config) -> eyre::Result<fs::File> {
    let name = config.folder.file_name().unwrap_or_default();
    let path = folder.join(name).with_extension("log");
    let file = fs::File::options().create(true).append(true).open(&path);
    file.wrap_err_with(|| format!("{} cannot be written", path.display()))
}

/// What a miner takes of memory, KiB resident.
#[derive(Clone, Copy, Debug, Default)]
pub struct Memory {
    /// The miner itself, at its most.
    pub miner_peak: u64,
    /// The miner itself, now.
    pub miner: u64,
    /// Its processes for inference, now.
    pub workers: u64,
}

/// A miner in a process of its own. Dropping it kills it.
#[derive(Debug)]
pub struct MinerProcess {
    child: Child,
    pid: Pid,
    stdin: Option<ChildStdin>,
    lines: Lines<BufReader<ChildStdout>>,
    log: Arc<Mutex<VecDeque<String>>>,
}

impl MinerProcess {
    /// Starts `program`, which calls [`run_as_child`](super::run_as_child()), with a
    /// configuration. It may die before it is ready: see [`MinerProcess::ready`].
    ///
    /// # Errors
    ///
    /// If the program cannot be started.
    pub async fn start(program: &str, config: &Config) -> eyre::Result<Self> {
        let mut child = Command::new(program)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .wrap_err_with(|| format!("{program} does not start"))?;
        let pid = child.id().and_then(|id| Pid::from_raw(id.cast_signed()));
        let pid = pid.ok_or_else(|| eyre!("{program} ended at once"))?;
        let mut stdin = child
            .stdin
            .take()
            .ok_or_else(|| eyre!("no standard input"))?;
        let stdout = child.stdout.take().ok_or_else(|| eyre!("no output"))?;
        let stderr = child.stderr.take().ok_or_else(|| eyre!("no log"))?;
        let log = Arc::<Mutex<VecDeque<String>>>::default();
        let kept = Arc::clone(&log);
        let mut file = settings::logs()
            .map(|folder| whole_log(&folder, config))
            .transpose()?;
        tokio::spawn(async move {
            let mut lines = BufReader::new(stderr).lines();
            while let Ok(Some(line)) = lines.next_line().await {
                // A log that cannot be written is no reason to stop what is logged.
                let _ = file.as_mut().map(|file| writeln!(file, "{line}"));
                let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
                if kept.len() == KEPT {
                    kept.pop_front();
                }
                kept.push_back(line);
            }
        });
        let mut line = serde_json::to_vec(config)?;
        line.push(b'\n');
        stdin.write_all(&line).await?;
        Ok(Self {
            child,
            pid,
            stdin: Some(stdin),
            lines: BufReader::new(stdout).lines(),
            log,
        })
    }

    /// Waits until it mines and returns its account.
    ///
    /// # Errors
    ///
    /// Why it does not, with the end of its log.
    pub async fn ready(&mut self) -> eyre::Result<Address> {
        match self.hear().await? {
            Some(Response::Ready(account)) => Ok(account),
            other => bail!("it is not ready: {other:?}\n{}", self.log()),
        }
    }

    /// Every job that it knows.
    ///
    /// # Errors
    ///
    /// If it is dead or does not answer.
    pub async fn jobs(&mut self) -> eyre::Result<Vec<Job>> {
        match self.answer(Request::Jobs).await? {
            Some(Response::Jobs(jobs)) => Ok(jobs),
            other => bail!("it does not name its jobs: {other:?}\n{}", self.log()),
        }
    }

    /// Every case that it knows.
    ///
    /// # Errors
    ///
    /// If it is dead or does not answer.
    pub async fn cases(&mut self) -> eyre::Result<Vec<Case>> {
        match self.answer(Request::Cases).await? {
            Some(Response::Cases(cases)) => Ok(cases),
            other => bail!("it does not name its cases: {other:?}\n{}", self.log()),
        }
    }

    /// Lets it stop in good order.
    ///
    /// # Errors
    ///
    /// If it does not in time.
    pub async fn stop(mut self) -> eyre::Result<Ended> {
        // It may have ended by itself.
        let _ = self.ask(Request::Stop).await;
        self.end().await
    }

    /// Kills it where it stands, with SIGKILL, and its inference with it.
    ///
    /// # Errors
    ///
    /// If the system does not say how it ended.
    pub async fn kill(mut self) -> eyre::Result<Ended> {
        self.child.start_kill()?;
        self.end().await
    }

    /// Waits until it ends by itself.
    ///
    /// # Errors
    ///
    /// If it does not in time.
    pub async fn ended(mut self) -> eyre::Result<Ended> {
        self.end().await
    }

    /// Lets a miner run once more with nothing to do, and returns the purposes of transactions
    /// that are still without an outcome after that.
    ///
    /// # Errors
    ///
    /// If it does not run, or its store cannot be read.
    pub async fn forgotten(program: &str, config: &Config) -> eyre::Result<Vec<String>> {
        let mut miner = Self::start(program, config).await?;
        miner.ready().await?;
        // A receipt is looked for within a second.
        tokio::time::sleep(Duration::from_secs(2)).await;
        miner.stop().await?;
        let intents = StoreFile::open(&config.folder)?.open_intents()?;
        Ok(intents.into_iter().map(|intent| intent.purpose).collect())
    }

    /// Whether it has ended.
    #[must_use]
    pub fn is_over(&mut self) -> bool {
        !matches!(self.child.try_wait(), Ok(None))
    }

    /// Lets its files grow to so many bytes at most, as on a disk that is full; as far as
    /// they may with `None`. Writes beyond it fail.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn limit_files(&self, bytes: Option<u64>) -> eyre::Result<()> {
        let maximum = getrlimit(Resource::Fsize).maximum;
        let current = bytes.or(maximum);
        prlimit(Some(self.pid), Resource::Fsize, Rlimit { current, maximum })?;
        Ok(())
    }

    /// Whether its disk is full, by [`MinerProcess::limit_files`] or by itself.
    ///
    /// # Errors
    ///
    /// If it is dead.
    pub fn has_full_disk(&self) -> eyre::Result<bool> {
        let text = fs::read_to_string(format!("/proc/{}/limits", self.pid.as_raw_nonzero()))?;
        let line = text.lines().find(|line| line.starts_with("Max file size"));
        let limit = line.and_then(|line| line.split_ascii_whitespace().nth(3));
        Ok(limit == Some("0"))
    }

    /// Sends a signal to each of its processes for inference and says how many there are.
    ///
    /// # Errors
    ///
    /// If the system does not tell its children.
    pub fn signal_workers(&self, signal: Signal) -> eyre::Result<usize> {
        let workers = self.workers()?;
        for worker in &workers {
            // It may end in this moment.
            let _ = kill_process(*worker, signal);
        }
        Ok(workers.len())
    }

    /// What it takes of memory.
    ///
    /// # Errors
    ///
    /// If it is dead.
    pub fn memory(&self) -> eyre::Result<Memory> {
        let miner = status(self.pid)?;
        let mut workers = 0;
        for worker in self.workers()? {
            // It may end in this moment.
            workers += status(worker).map_or(0, |status| field(&status, "VmRSS:"));
        }
        Ok(Memory {
            miner_peak: field(&miner, "VmHWM:"),
            miner: field(&miner, "VmRSS:"),
            workers,
        })
    }

    /// The processor time that it has taken, its processes for inference not counted.
    ///
    /// # Errors
    ///
    /// If it is dead.
    pub fn processor_time(&self) -> eyre::Result<Duration> {
        let text = fs::read_to_string(format!("/proc/{}/stat", self.pid.as_raw_nonzero()))?;
        let (_, fields) = text.rsplit_once(')').ok_or_else(|| eyre!("no fields"))?;
        // User and system time are fields 14 and 15, in ticks of a hundredth of a second.
        let ticks: u64 = fields
            .split_ascii_whitespace()
            .skip(11)
            .take(2)
            .filter_map(|ticks| ticks.parse::<u64>().ok())
            .sum();
        Ok(Duration::from_millis(ticks * 10))
    }

    /// The end of its log.
    #[must_use]
    pub fn log(&self) -> String {
        let log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        log.iter().map(|line| format!("{line}\n")).collect()
    }

    /// Its children, of all its threads.
    fn workers(&self) -> eyre::Result<Vec<Pid>> {
        let tasks = format!("/proc/{}/task", self.pid.as_raw_nonzero());
        let mut workers = Vec::new();
        for task in fs::read_dir(tasks)? {
            // A thread may end in this moment.
            let text = fs::read_to_string(task?.path().join("children")).unwrap_or_default();
            let ids = text
                .split_ascii_whitespace()
                .filter_map(|id| id.parse().ok());
            workers.extend(ids.filter_map(Pid::from_raw));
        }
        Ok(workers)
    }

    async fn ask(&mut self, request: Request) -> eyre::Result<()> {
        let stdin = self.stdin.as_mut().ok_or_else(|| eyre!("it is ending"))?;
        let mut line = serde_json::to_vec(&request)?;
        line.push(b'\n');
        Ok(stdin.write_all(&line).await?)
    }

    /// What it says to a request, also if nobody has heard yet that it is ready.
    async fn answer(&mut self, request: Request) -> eyre::Result<Option<Response>> {
        self.ask(request).await?;
        match self.hear().await? {
            Some(Response::Ready(_)) => self.hear().await,
            other => Ok(other),
        }
    }

    /// What it says next; nothing if it ended.
    async fn hear(&mut self) -> eyre::Result<Option<Response>> {
        match tokio::time::timeout(PATIENCE, self.lines.next_line()).await {
            Ok(line) => Ok(line?.map(|line| serde_json::from_str(&line)).transpose()?),
            Err(_) => bail!("it says nothing\n{}", self.log()),
        }
    }

    async fn end(&mut self) -> eyre::Result<Ended> {
        let mut last = None;
        while let Some(response) = self.hear().await? {
            last = Some(response);
        }
        self.stdin = None;
        let status = match tokio::time::timeout(PATIENCE, self.child.wait()).await {
            Ok(status) => status?,
            Err(_) => bail!("it does not end\n{}", self.log()),
        };
        if let Some(signal) = status.signal() {
            return Ok(Ended::Killed(signal));
        }
        Ok(match last {
            Some(Response::Stopped(times)) => Ended::Stopped(times),
            Some(Response::Failed(reason)) => Ended::Failed(reason),
            other => Ended::Failed(format!("{status}, after {other:?}\n{}", self.log())),
        })
    }
}

fn status(pid: Pid) -> eyre::Result<String> {
    let path = format!("/proc/{}/status", pid.as_raw_nonzero());
    fs::read_to_string(Path::new(&path)).wrap_err("the process is gone")
}

/// A field of a process's status, KiB.
fn field(status: &str, name: &str) -> u64 {
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    let number = line.and_then(|line| line.split_ascii_whitespace().next());
    number.and_then(|n| n.parse().ok()).unwrap_or_default()
}
