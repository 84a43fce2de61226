//! What running models costs beside the bare runtime:
//! `cargo bench -p arbius-sdk --features inference --bench inference`, with `-- --check` to fail
//! where a goal is missed.
//!
//! Needs `ARBIUS_ONNXRUNTIME`, the shared library, and `ARBIUS_PYTHON`, a Python with numpy and
//! the package onnxruntime of the same version. Every figure is a ratio of, or a difference
//! between, times that were taken in turns in this one run. What is judged is processor time,
//! which is the time by the clock where nobody else uses the machine, as all of this runs on
//! one thread; the clock is reported beside it.

#[path = "../../devnet/benches/goals/mod.rs"]
mod goals;
#[path = "../tests/onnx_writer/mod.rs"]
mod onnx_writer;

use std::error::Error;
use std::io::{BufRead as _, BufReader, Write as _};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitCode, Stdio};
use std::time::Instant;

use arbius_models::EmbeddedBundle;
use arbius_sdk::inference::onnxruntime::OnnxRuntime;
use arbius_sdk::inference::rten::Rten;
use arbius_sdk::inference::runtime::Elements;
use arbius_sdk::inference::worker::process::Process;
use arbius_sdk::inference::worker::{WorkerCommand, WorkerOptions, Workers, serve};
use arbius_sdk::inference::{
    LoadedModel, Runtime, Session, SessionOptions, Solver, TaskFiles, Tensor,
};
use arbius_sdk::model::Bundle;
use goals::Goals;
use onnx_writer::{Graph, INT32, UINT8};
use rustix::time::{ClockId, clock_gettime};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

const INPUT: &[u8] = br#"{"prompt": "a handwritten five"}"#;
/// Starts that are timed.
const STARTS: usize = 15;
/// Queues that are timed.
const QUEUES: usize = 9;
/// Jobs of each.
const QUEUE: u64 = 100;
/// Jobs after which memory is looked at.
const EARLY: u64 = 100;
/// Jobs after which it is looked at again.
const LATE: u64 = 10_000;

/// Runs a graph as often as it is told and writes the seconds of each run, of the processor and
/// by the clock.
const PYTHON: &str = r#"
import sys, time, numpy, onnxruntime
path, name, rows, columns = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = options.inter_op_num_threads = 1
options.use_deterministic_compute = True
options.add_session_config_entry("session.intra_op.allow_spinning", "0")
session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
print(onnxruntime.__version__, flush=True)
data = (numpy.arange(rows * columns) % 251).astype(numpy.uint8).reshape(rows, columns)
for line in sys.stdin:
    for _ in range(int(line)):
        used, start = time.process_time(), time.perf_counter()
        session.run(None, {name: data})
        print(time.process_time() - used, time.perf_counter() - start)
    print("done", flush=True)
"#;

fn main() -> Result<ExitCode> {
    if std::env::args().nth(1).as_deref() == Some("role=serve") {
        serve(std::io::stdin().lock(), std::io::stdout().lock())?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut goals = Goals::of("inference");
    let runtime = OnnxRuntime::from_environment()?;
    // Few multiplications and many: far below 20 ms and far above it.
    overhead(&mut goals, &runtime, "small graph", (16, 256), (25, 200))?;
    overhead(&mut goals, &runtime, "large graph", (1024, 4096), (200, 1))?;
    let tokio = tokio::runtime::Runtime::new()?;
    tokio.block_on(async {
        first_result(&mut goals).await?;
        queue(&mut goals).await?;
        memory(&mut goals).await
    })?;
    Ok(goals.conclude())
}

/// Seconds that something took.
#[derive(Clone, Copy)]
struct Took {
    /// Of the processor, all threads together.
    processor: f64,
    /// By the clock.
    clock: f64,
}

/// Time per run of a matrix product beside Python's, in so many turns of so many runs.
fn overhead(
    goals: &mut Goals,
    runtime: &OnnxRuntime,
    name: &str,
    (rows, columns): (usize, usize),
    (turns, runs): (usize, usize),
) -> Result<()> {
    let onnx = product(rows, columns);
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("graph.onnx");
    std::fs::write(&path, &onnx)?;
    let mut python = Python::start(&path, rows, columns)?;
    let found = runtime.id().version;
    if python.version != found {
        return Err(format!(
            "Python has ONNX Runtime {}, and the library is {found}",
            python.version
        )
        .into());
    }
    let mut session = runtime.load(&onnx, &SessionOptions::default())?;
    let data = (0..rows * columns)
        .map(|index| (index % 251) as u8)
        .collect();
    let input = Tensor::new(vec![rows, columns], Elements::U8(data)).ok_or("a shape")?;
    let mut took = Vec::new();
    for _ in 0..=turns {
        took.push((run(session.as_mut(), &input, runs)?, python.run(runs)?));
    }
    // The first turn warms both up.
    took.remove(0);
    compare(goals, name, &took, |took| took.processor, true);
    compare(
        goals,
        &format!("{name}, by the clock"),
        &took,
        |took| took.clock,
        false,
    );
    Ok(())
}

/// Reports ours beside Python's, turn by turn, because whatever else runs on the machine slows
/// both down.
fn compare(
    goals: &mut Goals,
    name: &str,
    turns: &[(Vec<Took>, Vec<Took>)],
    seconds: fn(&Took) -> f64,
    judged: bool,
) {
    // What else runs slows a run down, if only by its use of the caches, and never speeds it up.
    let fastest = |runs: &Vec<Took>| runs.iter().map(seconds).fold(f64::INFINITY, f64::min);
    let (ours, theirs): (Vec<f64>, Vec<f64>) = turns
        .iter()
        .map(|(ours, theirs)| (fastest(ours), fastest(theirs)))
        .unzip();
    let turns = ours.iter().zip(&theirs);
    let is_long = median(theirs.clone()) >= 0.02;
    let (over, unit, most) = match is_long {
        true => (
            turns
                .map(|(one, other)| (one / other - 1.0) * 100.0)
                .collect(),
            "%",
            3.0,
        ),
        false => (
            turns.map(|(one, other)| (one - other) * 1e3).collect(),
            "ms",
            0.6,
        ),
    };
    let in_ms = |seconds: Vec<f64>| seconds.iter().map(|time| time * 1e3).collect();
    goals.report(&format!("{name}: Python"), in_ms(theirs), "ms", ..);
    goals.report(&format!("{name}: ours"), in_ms(ours), "ms", ..);
    let measure = format!("{name}: overhead");
    match judged {
        true => goals.report(&measure, over, unit, ..=most),
        false => goals.report(&measure, over, unit, ..),
    }
}

fn run(session: &mut dyn Session, input: &Tensor, runs: usize) -> Result<Vec<Took>> {
    let mut times = Vec::with_capacity(runs);
    for _ in 0..runs {
        // Python's has been made before, too.
        let inputs = [("x", input.clone())];
        let (used, started) = (processor_time(), Instant::now());
        session.run(&inputs, &["y"])?;
        times.push(Took {
            processor: processor_time() - used,
            clock: started.elapsed().as_secs_f64(),
        });
    }
    Ok(times)
}

/// Seconds of the processor that this process has used.
fn processor_time() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

/// Seconds of the processor that the children of this process have used that still run; none
/// where the system does not tell.
fn processor_time_of_children() -> f64 {
    let read = |path: PathBuf| std::fs::read_to_string(path).unwrap_or_default();
    let threads = |process: &str| -> Vec<PathBuf> {
        let listed = std::fs::read_dir(format!("/proc/{process}/task"));
        let listed = listed.into_iter().flatten().flatten();
        listed.map(|thread| thread.path()).collect()
    };
    let children = threads("self")
        .into_iter()
        .map(|thread| read(thread.join("children")));
    let children: Vec<String> = children
        .flat_map(|pids| {
            pids.split_whitespace()
                .map(str::to_owned)
                .collect::<Vec<_>>()
        })
        .collect();
    let nanoseconds = children
        .iter()
        .flat_map(|child| threads(child))
        .filter_map(|thread| {
            let times = read(thread.join("schedstat"));
            times.split(' ').next()?.parse::<f64>().ok()
        });
    nanoseconds.sum::<f64>() / 1e9
}

/// `y = x · w`, integers of a `[rows, columns]` by a `[columns, 1024]` matrix.
fn product(rows: usize, columns: usize) -> Vec<u8> {
    let (wide, high) = (columns as i64, rows as i64);
    let weights: Vec<i64> = (0..wide * 1024).map(|index| index * 31 % 256).collect();
    Graph::new()
        .input("x", UINT8, &[high, wide])
        .constant("w", UINT8, &[wide, 1024], &weights)
        .constant("zero", UINT8, &[], &[0])
        .constant("middle", UINT8, &[], &[128])
        .node("MatMulInteger", &["x", "w", "zero", "middle"], "y", &[])
        .output("y", INT32, &[high, 1024])
        .finish()
}

/// Python with the same graph.
struct Python {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    version: String,
}

impl Python {
    fn start(graph: &Path, rows: usize, columns: usize) -> Result<Self> {
        let program = std::env::var_os("ARBIUS_PYTHON")
            .ok_or("ARBIUS_PYTHON does not name a Python with the package onnxruntime")?;
        let mut child = Command::new(program)
            .args(["-c", PYTHON])
            .arg(graph)
            .args(["x", &rows.to_string(), &columns.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let input = child.stdin.take().ok_or("no pipe")?;
        let output = BufReader::new(child.stdout.take().ok_or("no pipe")?);
        let mut python = Self {
            child,
            input,
            output,
            version: String::new(),
        };
        python.version = python.line()?;
        Ok(python)
    }

    fn line(&mut self) -> Result<String> {
        let mut line = String::new();
        if self.output.read_line(&mut line)? == 0 {
            return Err("Python has ended".into());
        }
        Ok(line.trim().to_owned())
    }

    fn run(&mut self, runs: usize) -> Result<Vec<Took>> {
        writeln!(self.input, "{runs}")?;
        self.input.flush()?;
        let mut times = Vec::with_capacity(runs);
        loop {
            match self.line()?.as_str() {
                "done" => return Ok(times),
                line => {
                    let (processor, clock) = line.split_once(' ').ok_or("a line of one time")?;
                    times.push(Took {
                        processor: processor.parse()?,
                        clock: clock.parse()?,
                    });
                }
            }
        }
    }
}

impl Drop for Python {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn bundle(model: &EmbeddedBundle) -> Result<Bundle> {
    let files = model.files.iter().copied();
    Ok(Bundle::from_bytes(model.template, model.manifest, files)?)
}

fn command() -> Result<WorkerCommand> {
    Ok(WorkerCommand {
        program: std::env::current_exe()?,
        arguments: vec!["role=serve".into()],
    })
}

fn workers() -> Result<Workers> {
    let options = WorkerOptions::default();
    Ok(Workers::new(command()?, options, NonZeroUsize::MIN))
}

/// From nothing to the first picture of a fresh pool.
async fn first_result(goals: &mut Goals) -> Result<()> {
    let bundle = bundle(arbius_models::digits())?;
    let mut times = Vec::new();
    for _ in 0..STARTS {
        let started = Instant::now();
        workers()?.solve(&bundle, INPUT, 1).await?;
        times.push(started.elapsed().as_secs_f64() * 1e3);
    }
    goals.report("first result after start", times, "ms", ..=1000.0);
    Ok(())
}

/// A queue of jobs through a child beside the sum of the same runs without one. Each draws a
/// picture with the demo's model.
async fn queue(goals: &mut Goals) -> Result<()> {
    let bundle = bundle(arbius_models::stickers())?;
    let workers = workers()?;
    let mut model = LoadedModel::load(&Rten, &bundle, &SessionOptions::default())?;
    workers.load(&bundle).await?;
    model.solve(INPUT, 0)?;
    let (mut bare_ms, mut ratios, mut on_the_clock) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..QUEUES {
        let (used, started) = (processor_time(), Instant::now());
        for seed in 0..QUEUE {
            model.solve(INPUT, seed)?;
        }
        let bare = Took {
            processor: processor_time() - used,
            clock: started.elapsed().as_secs_f64(),
        };
        // Of the child and of the pool that feeds it.
        let of_both = || processor_time() + processor_time_of_children();
        let (used, started) = (of_both(), Instant::now());
        let jobs = (0..QUEUE).map(|seed| workers.solve(&bundle, INPUT, seed));
        for done in futures_util::future::join_all(jobs).await {
            done?;
        }
        let clock = started.elapsed().as_secs_f64();
        let processor = of_both() - used;
        if processor < bare.processor / 2.0 {
            return Err("the system does not tell what processor time children take".into());
        }
        bare_ms.push(bare.processor * 1e3 / QUEUE as f64);
        ratios.push(bare.processor / processor);
        on_the_clock.push(bare.clock / clock);
    }
    goals.report("bare inference of a queued job", bare_ms, "ms", ..);
    let measure = "queue of 100 jobs, of bare inference";
    goals.report(measure, ratios, "times", 0.97..);
    goals.report(
        &format!("{measure}, by the clock"),
        on_the_clock,
        "times",
        ..,
    );
    Ok(())
}

/// What a child takes at most after many jobs beside after few.
async fn memory(goals: &mut Goals) -> Result<()> {
    let bundle = bundle(arbius_models::digits())?;
    let mut child = Process::start(&command()?, &WorkerOptions::default()).await?;
    child.load(&bundle).await?;
    let files = TaskFiles::new();
    let mut early = None;
    for seed in 0..LATE {
        child.solve(&bundle, INPUT, seed, &files).await?;
        if seed + 1 == EARLY {
            early = child.peak_memory();
        }
    }
    let (Some(early), Some(late)) = (early, child.peak_memory()) else {
        println!("the system does not tell how much memory a process takes");
        return Ok(());
    };
    let megabytes = early as f64 / 1e6;
    goals.report("memory after 100 jobs", vec![megabytes], "MB", ..);
    let ratio = late as f64 / early as f64;
    goals.report(
        "memory after 10,000 jobs, of that",
        vec![ratio],
        "times",
        ..=1.02,
    );
    Ok(())
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_unstable_by(f64::total_cmp);
    figures[figures.len() / 2]
}
