//! Many tasks at once, one miner, and what that takes.

use std::{
    collections::BTreeMap,
    fmt,
    time::{Duration, Instant},
};

use eyre::{bail, ensure};

use crate::{Ended, FaultProxy, Memory, MinerProcess, Scene, StepTime};

/// Without anything more being solved or claimed.
const PATIENCE: Duration = Duration::from_secs(120);

/// What a miner asks for to see whether there are new blocks.
const LOOK: &str = "eth_getBlockByNumber";

/// How often memory is looked at.
const SAMPLE: Duration = Duration::from_millis(100);

/// What so many tasks took.
#[derive(Clone, Debug)]
pub struct Load {
    /// How many there were.
    pub tasks: usize,
    /// From the first submission until the last solution was on the chain.
    pub solving: Duration,
    /// From the end of the contest period until the last claim.
    pub claiming: Duration,
    /// Requests to the endpoint by method, those of the start among them.
    pub requests: BTreeMap<String, u64>,
    /// How many of them asked for new blocks because it was time to, at most: there are more of
    /// them on a slower machine, and not for more tasks.
    pub looks: u64,
    /// Most memory of the miner and its processes for inference together, KiB resident.
    pub memory: u64,
    /// Most memory of the miner alone, KiB resident.
    pub miner_memory: u64,
    /// Processor time of the miner, its processes for inference not counted.
    pub processor: Duration,
    /// What the miner's steps took, by name.
    pub steps: BTreeMap<String, StepTime>,
}

impl Load {
    /// Submits `tasks` tasks at once to a miner with the settings of operators, lets the
    /// contest period pass once all are solved, and waits until all are claimed.
    ///
    /// # Errors
    ///
    /// If the miner does not bring every task to claimed, or does anything in vain.
    pub async fn run(program: &str, tasks: usize) -> eyre::Result<Self> {
        let mut scene = Scene::start().await?;
        let proxy = FaultProxy::start(&scene.chain().devnet().url()).await?;
        let folder = tempfile::tempdir()?;
        let mut config = scene.miner(0, &[proxy.url()], folder.path())?;
        config.poll_millis = 500;
        config.workers = 2;
        let began = Instant::now();
        let mut miner = MinerProcess::start(program, &config).await?;
        let account = miner.ready().await?;
        let mut most = Most::default();

        let start = Instant::now();
        scene.submit(tasks).await?;
        most.watch(
            &mut miner,
            || scene.audit().count_solved(scene.tasks()),
            tasks,
        )
        .await?;
        let solving = start.elapsed();
        scene.pass_contest_period()?;
        let start = Instant::now();
        most.watch(
            &mut miner,
            || scene.audit().count_claimed(scene.tasks()),
            tasks,
        )
        .await?;
        let claiming = start.elapsed();

        let requests = proxy.requests();
        let due = began.elapsed().as_millis() / u128::from(config.poll_millis);
        let looks = requests.get(LOOK).copied().unwrap_or_default();
        let looks = looks.min(u64::try_from(due)?);
        let processor = miner.processor_time()?;
        let steps = match miner.stop().await? {
            Ended::Stopped(steps) => steps,
            other => bail!("the miner did not end well: {other:?}"),
        };
        let complaints = scene.audit().complaints(scene.tasks(), &[account]);
        ensure!(complaints.is_empty(), "{complaints:#?}");
        Ok(Self {
            tasks,
            solving,
            claiming,
            requests,
            looks,
            memory: most.all,
            miner_memory: most.miner,
            processor,
            steps,
        })
    }

    /// Requests for each task, without the [looks](Self::looks) for new blocks.
    #[must_use]
    pub fn requests_per_task(&self) -> f64 {
        let all: u64 = self.requests.values().sum();
        (all - self.looks) as f64 / self.tasks as f64
    }

    /// Tasks a minute, from submission to claim, without the contest period.
    #[must_use]
    pub fn tasks_per_minute(&self) -> f64 {
        self.tasks as f64 * 60.0 / (self.solving + self.claiming).as_secs_f64()
    }
}

/// The most memory seen so far, KiB.
#[derive(Default)]
struct Most {
    all: u64,
    miner: u64,
}

impl Most {
    /// Watches a miner's memory until a count gets to its goal.
    async fn watch(
        &mut self,
        miner: &mut MinerProcess,
        count: impl Fn() -> usize,
        goal: usize,
    ) -> eyre::Result<()> {
        let mut progress = (0, Instant::now());
        loop {
            for _ in 0..5 {
                ensure!(!miner.is_over(), "the miner ended\n{}", miner.log());
                let Memory {
                    miner_peak,
                    miner,
                    workers,
                } = miner.memory()?;
                self.all = self.all.max(miner + workers);
                self.miner = self.miner.max(miner_peak);
                tokio::time::sleep(SAMPLE).await;
            }
            let now = count();
            if now == goal {
                return Ok(());
            }
            if now > progress.0 {
                progress = (now, Instant::now());
            }
            ensure!(
                progress.1.elapsed() < PATIENCE,
                "{now} of {goal}, and no more\n{}",
                miner.log()
            );
        }
    }
}

impl fmt::Display for Load {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (solving, claiming) = (self.solving.as_secs_f64(), self.claiming.as_secs_f64());
        writeln!(
            f,
            "{} tasks: solved in {solving:.1} s, claimed in {claiming:.1} s, {:.0} a minute",
            self.tasks,
            self.tasks_per_minute()
        )?;
        writeln!(
            f,
            "memory: {} MiB with inference, the miner alone {} MiB",
            self.memory / 1024,
            self.miner_memory / 1024
        )?;
        let processor = self.processor.as_secs_f64();
        writeln!(f, "processor time of the miner: {processor:.1} s")?;
        writeln!(
            f,
            "requests: {:.2} a task, and {} looks for new blocks",
            self.requests_per_task(),
            self.looks
        )?;
        for (method, count) in &self.requests {
            writeln!(f, "  {method:<28} {count:>7}")?;
        }
        writeln!(f, "steps, longest in all first; waiting counts:")?;
        writeln!(
            f,
            "  {:<18} {:>8} {:>11} {:>11}",
            "", "count", "total s", "each ms"
        )?;
        let mut steps: Vec<_> = self.steps.iter().collect();
        steps.sort_by_key(|(_, time)| std::cmp::Reverse(time.micros));
        for (name, StepTime { count, micros }) in steps {
            let (total, each) = (*micros as f64 / 1e6, *micros as f64 / 1e3 / *count as f64);
            writeln!(f, "  {name:<18} {count:>8} {total:>11.2} {each:>11.2}")?;
        }
        Ok(())
    }
}
