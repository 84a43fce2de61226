//! Inference in child processes: what a model does there ends there.
//!
//! This test has no harness of the compiler's, because it is its own child: started with a
//! role as its argument it plays a worker, good or bad.
#![cfg(feature = "inference")]

mod onnx_writer;

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use arbius_sdk::content::{FetchLimits, Fetcher, FolderStore, Gateway, unixfs};
use arbius_sdk::inference::footprint;
use arbius_sdk::inference::worker::process::Process;
use arbius_sdk::inference::worker::{
    Limits, RuntimeChoice, Station, WorkerCommand, WorkerError, WorkerOptions, Workers, serve,
};
use arbius_sdk::inference::{Blame, InProcess, InferenceError, Outputs, Solver, TaskFiles, solve};
use arbius_sdk::metrics::Metrics;
use arbius_sdk::model::{Bundle, Class, Manifest, Passport, Pinned};
use onnx_writer::{Attribute, Graph, INT32, INT64, UINT8};

const TESTS: &[(&str, fn())] = &[
    (
        "a_worker_gives_the_bytes_of_this_process",
        a_worker_gives_the_bytes_of_this_process,
    ),
    ("workers_share_the_tasks", workers_share_the_tasks),
    (
        "a_bad_input_leaves_the_worker_alive",
        a_bad_input_leaves_the_worker_alive,
    ),
    (
        "a_hanging_worker_is_killed_in_time",
        a_hanging_worker_is_killed_in_time,
    ),
    (
        "a_crash_is_an_error_with_its_last_words",
        a_crash_is_an_error_with_its_last_words,
    ),
    ("a_killed_worker_is_replaced", a_killed_worker_is_replaced),
    (
        "a_run_apart_has_a_child_of_its_own_and_leaves_no_more_than_there_were",
        a_run_apart_has_a_child_of_its_own_and_leaves_no_more_than_there_were,
    ),
    (
        "a_program_that_is_no_worker_is_an_error",
        a_program_that_is_no_worker_is_an_error,
    ),
    (
        "a_missing_program_is_an_error",
        a_missing_program_is_an_error,
    ),
    (
        "files_that_a_task_names_reach_the_worker",
        files_that_a_task_names_reach_the_worker,
    ),
    (
        "a_missing_library_is_reported_by_the_worker",
        a_missing_library_is_reported_by_the_worker,
    ),
    (
        "a_worker_gives_the_same_bytes_on_onnx_runtime",
        a_worker_gives_the_same_bytes_on_onnx_runtime,
    ),
    (
        "memory_beyond_the_limit_ends_the_worker_only",
        memory_beyond_the_limit_ends_the_worker_only,
    ),
    (
        "processor_time_beyond_the_limit_ends_the_worker",
        processor_time_beyond_the_limit_ends_the_worker,
    ),
    (
        "a_worker_has_no_sockets_programs_files_or_secrets",
        a_worker_has_no_sockets_programs_files_or_secrets,
    ),
    (
        "a_dropped_task_kills_its_worker",
        a_dropped_task_kills_its_worker,
    ),
    (
        "a_task_that_takes_too_long_is_given_up",
        a_task_that_takes_too_long_is_given_up,
    ),
    (
        "models_that_do_not_fit_together_take_turns",
        models_that_do_not_fit_together_take_turns,
    ),
    ("stations_run_side_by_side", stations_run_side_by_side),
    (
        "a_model_that_does_not_fit_is_refused_before_it_is_loaded",
        a_model_that_does_not_fit_is_refused_before_it_is_loaded,
    ),
    (
        "a_model_that_takes_all_memory_ends_its_worker_only",
        a_model_that_takes_all_memory_ends_its_worker_only,
    ),
    (
        "a_pinned_model_runs_with_its_own_options_and_on_nothing_else",
        a_pinned_model_runs_with_its_own_options_and_on_nothing_else,
    ),
    (
        "a_solver_in_process_gives_the_same_bytes",
        a_solver_in_process_gives_the_same_bytes,
    ),
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let Some(role) = arguments
        .first()
        .and_then(|argument| argument.strip_prefix("role="))
    {
        return play(role);
    }
    if arguments.iter().any(|argument| argument == "--list") {
        for (name, _) in TESTS {
            println!("{name}: test");
        }
        return ExitCode::SUCCESS;
    }
    let filters: Vec<_> = arguments
        .iter()
        .filter(|argument| !argument.starts_with('-'))
        .collect();
    let mut failed = 0;
    for (name, test) in TESTS {
        if !filters.is_empty() && !filters.iter().any(|filter| name.contains(filter.as_str())) {
            continue;
        }
        let passed = catch_unwind(AssertUnwindSafe(test)).is_ok();
        println!("test {name} ... {}", if passed { "ok" } else { "FAILED" });
        failed += usize::from(!passed);
    }
    if failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// What a child does, by its role.
fn play(role: &str) -> ExitCode {
    // The roles that misbehave do so after their greeting, when they are trusted.
    let misbehave = |deed: fn()| {
        let output = Misbehaving {
            output: std::io::stdout().lock(),
            deed,
        };
        let _ = serve(std::io::stdin().lock(), output);
    };
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

fn a_task_that_takes_too_long_is_given_up() {
    block_on(async {
        let limit = Duration::from_millis(1500);
        let workers = pool(
            "hang-at-work",
            WorkerOptions {
                solve_timeout: limit,
                ..options()
            },
            1,
        );
        let error = workers.solve(&bundle(), INPUT, 0).await.unwrap_err();
        let timed_out = matches!(
            error,
            InferenceError::Worker(WorkerError::TimedOut { limit: found }) if found == limit
        );
        assert!(timed_out && error.blame() == Blame::Machine, "{error}");
    });
}

/// The digits model under another title, and so another template, of that class, with that
/// graph.
fn another(title: &str, class: Class, graph: &[u8]) -> Bundle {
    let digits = arbius_models::digits();
    let passport = Passport::new(class, bundle().passport().goldens.clone()).unwrap();
    let passport = serde_json::to_vec(&passport).unwrap();
    let files: BTreeMap<String, Vec<u8>> = [
        ("generator.onnx".to_owned(), graph.to_vec()),
        ("passport.json".to_owned(), passport),
    ]
    .into();
    let manifest = Manifest::new(
        title.to_owned(),
        "MIT".into(),
        bundle().manifest().pipeline.clone(),
        "passport.json".into(),
        &files,
    );
    let manifest = serde_json::to_vec(&manifest.unwrap()).unwrap();
    let mut template: serde_json::Value = serde_json::from_slice(digits.template).unwrap();
    template["meta"]["title"] = title.into();
    template["meta"]["bundle"] = unixfs::cid_of(&manifest).to_string().into();
    let files = files
        .iter()
        .map(|(name, bytes)| (name.as_str(), &bytes[..]));
    Bundle::from_bytes(template.to_string().as_bytes(), &manifest, files).unwrap()
}

fn station(workers: usize, memory: Option<u64>) -> Station {
    let workers = NonZeroUsize::new(workers).unwrap();
    Station::processor(vec![RuntimeChoice::Rten], options(), workers, memory)
}

#[cfg(unix)]
fn models_that_do_not_fit_together_take_turns() {
    block_on(async {
        let graph = bundle().file("generator.onnx").unwrap().clone();
        let other = another("another", Class::Integer {}, &graph);
        assert_ne!(other.cid(), bundle().cid());
        let before = children().len();
        let room = footprint::of(&other).max(footprint::of(&bundle()));
        for (memory, kept) in [(None, 2), (Some(room), 1)] {
            let stations = vec![station(1, memory)];
            let workers = Workers::on(command("serve"), stations, Metrics::new());
            for bundle in [&bundle(), &other] {
                let solved = workers.solve(bundle, INPUT, 1).await;
                assert_eq!(solved.unwrap(), expected(1));
            }
            tokio::time::sleep(Duration::from_millis(300)).await;
            // Until one of a model has run, it is expected to take more than it then does.
            assert_eq!(children().len() - before, kept, "{memory:?}");
            let solved = workers.solve(&bundle(), INPUT, 2).await;
            assert_eq!(solved.unwrap(), expected(2));
            drop(workers);
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
    });
}

#[cfg(not(unix))]
fn models_that_do_not_fit_together_take_turns() {}

fn stations_run_side_by_side() {
    block_on(async {
        let stations = vec![station(1, None), station(1, None)];
        let workers = Workers::on(command("serve"), stations, Metrics::new());
        let tasks = (0..8).map(|seed| {
            let workers = workers.clone();
            tokio::spawn(async move { workers.solve(&bundle(), INPUT, seed).await.unwrap() })
        });
        for (seed, task) in tasks.collect::<Vec<_>>().into_iter().enumerate() {
            assert_eq!(task.await.unwrap(), expected(seed as u64));
        }
        // `ps` is one.
        #[cfg(unix)]
        assert_eq!(children().len(), 3);
    });
}

fn a_model_that_does_not_fit_is_refused_before_it_is_loaded() {
    block_on(async {
        let needed = footprint::of(&bundle());
        let stations = vec![station(1, Some(needed - 1))];
        // A child that hangs when it is told to load a model is never told.
        let workers = Workers::on(command("serve"), stations, Metrics::new());
        let error = workers.solve(&bundle(), INPUT, 0).await.unwrap_err();
        let refused = matches!(error, InferenceError::Memory { .. });
        assert!(refused && error.blame() == Blame::Machine, "{error}");
        assert!(
            error.to_string().contains("raise the memory limit"),
            "{error}"
        );
        let limits = Limits {
            memory_bytes: Some(needed - 1),
            ..Limits::default()
        };
        let options = WorkerOptions {
            limits,
            ..options()
        };
        let error = pool("serve", options, 1).solve(&bundle(), INPUT, 0).await;
        let error = error.unwrap_err();
        assert!(matches!(error, InferenceError::Memory { .. }), "{error}");
    });
}

fn pinned(version: &str, threads: usize) -> Class {
    Class::Pinned(Pinned {
        runtime: "rten".into(),
        version: version.into(),
        provider: "cpu".into(),
        threads: NonZeroUsize::new(threads).unwrap(),
        optimisation: "disabled".into(),
        gpu: None,
    })
}

fn a_model_that_takes_all_memory_ends_its_worker_only() {
    block_on(async {
        // 4 GiB of ones, of which the picture is a corner.
        let graph = Graph::new()
            .input("prompt", UINT8, &[1, 256])
            .input("latent", UINT8, &[1, 16])
            .input("choice", UINT8, &[1, 10])
            .constant("wide", INT64, &[2], &[4 << 20, 256])
            .constant("from", INT64, &[2], &[0, 0])
            .constant("to", INT64, &[2], &[64, 64])
            .node(
                "Cast",
                &["prompt"],
                "numbers",
                &[("to", Attribute::Int(INT32))],
            )
            .node("Expand", &["numbers", "wide"], "large", &[])
            .node("Slice", &["large", "from", "to"], "corner", &[])
            .node(
                "Cast",
                &["corner"],
                "image",
                &[("to", Attribute::Int(UINT8))],
            )
            .output("image", UINT8, &[64, 64])
            .finish();
        let greedy = another("greedy", pinned("0.27.0", 1), &graph);
        let limits = Limits {
            memory_bytes: Some(2 << 30),
            ..Limits::default()
        };
        let options = WorkerOptions {
            limits,
            ..options()
        };
        let workers = pool("serve", options, 1);
        let error = workers.solve(&greedy, INPUT, 0).await.unwrap_err();
        let exhausted = matches!(
            error,
            InferenceError::Worker(WorkerError::OutOfMemory { .. })
        );
        assert!(exhausted && error.blame() == Blame::Machine, "{error}");
        // The next task is served as if nothing had been.
        let solved = workers.solve(&bundle(), INPUT, 1).await;
        assert_eq!(solved.unwrap(), expected(1));
    });
}

fn a_pinned_model_runs_with_its_own_options_and_on_nothing_else() {
    block_on(async {
        let graph = bundle().file("generator.onnx").unwrap().clone();
        // Two threads, whatever the pool is told.
        let two = another("two threads", pinned("0.27.0", 2), &graph);
        let workers = pool("serve", options(), 1);
        assert_eq!(workers.solve(&two, INPUT, 5).await.unwrap(), expected(5));
        let old = another("old", pinned("0.26.0", 1), &graph);
        let error = workers.solve(&old, INPUT, 5).await.unwrap_err();
        assert!(matches!(error, InferenceError::Pinned { .. }), "{error}");
        let elsewhere = Class::Pinned(Pinned {
            runtime: "onnxruntime".into(),
            version: "1.31.1".into(),
            provider: "cpu".into(),
            threads: NonZeroUsize::MIN,
            optimisation: "all".into(),
            gpu: None,
        });
        let elsewhere = another("elsewhere", elsewhere, &graph);
        let error = workers.solve(&elsewhere, INPUT, 5).await.unwrap_err();
        assert!(matches!(error, InferenceError::Nowhere { .. }), "{error}");
        assert_eq!(error.blame(), Blame::Machine);
    });
}

/// Where a child tries to write.
fn escape() -> std::path::PathBuf {
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

fn command(role: &str) -> WorkerCommand {
    let program = std::env::current_exe().unwrap();
    WorkerCommand {
        program,
        arguments: vec![format!("role={role}").into()],
    }
}

fn options() -> WorkerOptions {
    WorkerOptions {
        load_timeout: Duration::from_secs(60),
        solve_timeout: Duration::from_secs(60),
        ..WorkerOptions::default()
    }
}

fn pool(role: &str, options: WorkerOptions, count: usize) -> Workers {
    Workers::new(command(role), options, NonZeroUsize::new(count).unwrap())
}

fn bundle() -> Bundle {
    let digits = arbius_models::digits();
    Bundle::from_bytes(
        digits.template,
        digits.manifest,
        digits.files.iter().copied(),
    )
    .unwrap()
}

const INPUT: &[u8] = br#"{"prompt": "a handwritten five"}"#;

/// The digits model with one more input, a file, which the worker must have got.
fn bundle_with_a_file() -> Bundle {
    let digits = arbius_models::digits();
    let mut template: serde_json::Value = serde_json::from_slice(digits.template).unwrap();
    let input = serde_json::json!({"variable": "letter", "type": "file", "required": true});
    template["input"].as_array_mut().unwrap().push(input);
    let template = template.to_string();
    Bundle::from_bytes(
        template.as_bytes(),
        digits.manifest,
        digits.files.iter().copied(),
    )
    .unwrap()
}

fn files_that_a_task_names_reach_the_worker() {
    block_on(async {
        let bundle = bundle_with_a_file();
        let folder = tempfile::tempdir().unwrap();
        let store = Arc::new(FolderStore::open(folder.path()).unwrap());
        let gateway = Gateway::start("127.0.0.1:0".parse().unwrap(), store.clone()).await;
        let gateway = gateway.unwrap();
        let letter = vec![7; 600_000];
        let cid = unixfs::import(&letter[..], store.as_ref())
            .await
            .unwrap()
            .cid;
        let input = format!(r#"{{"prompt": "5", "letter": "{cid}"}}"#);

        let without = pool("serve", options(), 1);
        let error = without.solve(&bundle, input.as_bytes(), 1).await;
        let error = error.unwrap_err();
        assert_eq!(error.blame(), Blame::Machine, "{error}");
        assert!(error.to_string().contains("letter"), "{error}");

        let fetcher = Fetcher::new([gateway.url()], FetchLimits::default()).unwrap();
        let workers = pool("serve", options(), 1).with_files(Arc::new(fetcher));
        let expected = solve(&self::bundle(), br#"{"prompt": "5"}"#, 1).unwrap();
        for made in [
            workers.solve(&bundle, input.as_bytes(), 1).await,
            workers.solve_afresh(&bundle, input.as_bytes(), 1).await,
        ] {
            assert_eq!(made.unwrap(), expected);
        }
        let nowhere = input.replace(&cid.to_string(), &unixfs::cid_of(b"nowhere").to_string());
        let error = workers.solve(&bundle, nowhere.as_bytes(), 1).await;
        assert_eq!(error.unwrap_err().blame(), Blame::Machine);
        let no_cid = input.replace(&cid.to_string(), "letter.txt");
        let error = workers.solve(&bundle, no_cid.as_bytes(), 1).await;
        assert_eq!(error.unwrap_err().blame(), Blame::Input);
    });
}

fn expected(seed: u64) -> Outputs {
    solve(&bundle(), INPUT, seed).unwrap()
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(future)
}

fn a_worker_gives_the_bytes_of_this_process() {
    block_on(async {
        let workers = pool("serve", options(), 1);
        assert_eq!(workers.runtime().await.unwrap().name, "rten");
        for seed in [0, 1, 9_007_199_254_740_975] {
            assert_eq!(
                workers.solve(&bundle(), INPUT, seed).await.unwrap(),
                expected(seed)
            );
        }
    });
}

fn workers_share_the_tasks() {
    block_on(async {
        let workers = pool("serve", options(), 2);
        let tasks = (0..12).map(|seed| {
            let workers = workers.clone();
            tokio::spawn(async move { workers.solve(&bundle(), INPUT, seed).await.unwrap() })
        });
        for (seed, task) in tasks.collect::<Vec<_>>().into_iter().enumerate() {
            assert_eq!(task.await.unwrap(), expected(seed as u64));
        }
    });
}

fn a_bad_input_leaves_the_worker_alive() {
    block_on(async {
        let mut process = Process::start(&command("serve"), &options()).await.unwrap();
        process.load(&bundle()).await.unwrap();
        let error = process
            .solve(&bundle(), b"{}", 0, &TaskFiles::new())
            .await
            .unwrap_err();
        assert_eq!(error.blame(), Blame::Input);
        assert!(error.to_string().contains("`prompt` is missing"), "{error}");
        assert!(process.is_alive());
        assert_eq!(
            process
                .solve(&bundle(), INPUT, 3, &TaskFiles::new())
                .await
                .unwrap(),
            expected(3)
        );
    });
}

fn a_hanging_worker_is_killed_in_time() {
    block_on(async {
        let limit = Duration::from_millis(1500);
        let workers = pool(
            "hang",
            WorkerOptions {
                load_timeout: limit,
                ..options()
            },
            1,
        );
        let started = Instant::now();
        let error = workers.solve(&bundle(), INPUT, 0).await.unwrap_err();
        let timed_out = matches!(error, InferenceError::Worker(WorkerError::TimedOut { .. }));
        assert!(timed_out && error.blame() == Blame::Machine, "{error}");
        assert!(started.elapsed() < Duration::from_secs(30));
    });
}

/// The text of a death.
fn death(error: InferenceError) -> String {
    let died = matches!(error, InferenceError::Worker(WorkerError::Died { .. }));
    assert!(died && error.blame() == Blame::Machine, "{error}");
    error.to_string()
}

fn a_crash_is_an_error_with_its_last_words() {
    block_on(async {
        let error = pool("crash", options(), 1)
            .solve(&bundle(), INPUT, 0)
            .await
            .unwrap_err();
        let text = death(error);
        assert!(
            text.contains("aborted") && text.contains("its own feet"),
            "{text}"
        );
        let error = pool("exit", options(), 1)
            .solve(&bundle(), INPUT, 0)
            .await
            .unwrap_err();
        assert!(death(error).contains('3'));
    });
}

#[cfg(unix)]
fn a_killed_worker_is_replaced() {
    use std::process::Command;
    block_on(async {
        let workers = pool("serve", options(), 1);
        assert_eq!(
            workers.solve(&bundle(), INPUT, 1).await.unwrap(),
            expected(1)
        );
        for pid in children() {
            let _ = Command::new("kill").args(["-KILL", &pid]).output().unwrap();
        }
        tokio::time::sleep(Duration::from_millis(300)).await;
        assert_eq!(
            workers.solve(&bundle(), INPUT, 2).await.unwrap(),
            expected(2)
        );
    });
}

#[cfg(not(unix))]
fn a_killed_worker_is_replaced() {}

/// The children of this process that run; `ps` itself is among them, and gone by now.
#[cfg(unix)]
fn children() -> Vec<String> {
    let parent = std::process::id().to_string();
    let children = std::process::Command::new("ps")
        .args(["-o", "pid=", "--ppid", &parent])
        .output()
        .unwrap();
    let pids = String::from_utf8_lossy(&children.stdout).into_owned();
    pids.split_whitespace().map(str::to_owned).collect()
}

#[cfg(unix)]
fn a_run_apart_has_a_child_of_its_own_and_leaves_no_more_than_there_were() {
    block_on(async {
        let workers = pool("serve", options(), 1);
        assert_eq!(workers.runtime_id(), None);
        let solved = workers.solve(&bundle(), INPUT, 1).await;
        assert_eq!(solved.unwrap(), expected(1));
        let before = children();
        let solved = workers.solve_afresh(&bundle(), INPUT, 1).await;
        assert_eq!(solved.unwrap(), expected(1));
        tokio::time::sleep(Duration::from_millis(300)).await;
        let after = children();
        // One is `ps`, one is the child.
        let alike = after.iter().filter(|pid| before.contains(pid)).count();
        assert_eq!(
            (after.len(), alike),
            (before.len(), before.len() - 2),
            "{before:?}, {after:?}"
        );
        assert_eq!(workers.runtime_id().unwrap().name, "rten");
    });
}

#[cfg(not(unix))]
fn a_run_apart_has_a_child_of_its_own_and_leaves_no_more_than_there_were() {}

fn a_program_that_is_no_worker_is_an_error() {
    block_on(async {
        let error = pool("stranger", options(), 1)
            .solve(&bundle(), INPUT, 0)
            .await
            .unwrap_err();
        let strange = matches!(error, InferenceError::Worker(WorkerError::Protocol(_)));
        assert!(strange, "{error}");
    });
}

fn a_missing_program_is_an_error() {
    block_on(async {
        let command = WorkerCommand {
            program: "/nowhere/arbius".into(),
            arguments: Vec::new(),
        };
        let workers = Workers::new(command, options(), NonZeroUsize::MIN);
        let error = workers.solve(&bundle(), INPUT, 0).await.unwrap_err();
        assert!(error.to_string().contains("/nowhere/arbius"), "{error}");
    });
}

fn a_missing_library_is_reported_by_the_worker() {
    block_on(async {
        let runtime = RuntimeChoice::OnnxRuntime {
            library: "/nowhere/lib.so".into(),
        };
        let workers = pool(
            "serve",
            WorkerOptions {
                runtime,
                ..options()
            },
            1,
        );
        let error = workers.runtime().await.unwrap_err();
        assert_eq!(error.blame(), Blame::Machine);
        assert!(error.to_string().contains("/nowhere/lib.so"), "{error}");
    });
}

fn a_worker_gives_the_same_bytes_on_onnx_runtime() {
    let Some(library) = std::env::var_os("ARBIUS_ONNXRUNTIME") else {
        let required = std::env::var("ARBIUS_REQUIRE").unwrap_or_default();
        assert!(
            !required.contains("onnxruntime"),
            "ARBIUS_ONNXRUNTIME is not set"
        );
        return;
    };
    block_on(async {
        let runtime = RuntimeChoice::OnnxRuntime {
            library: library.into(),
        };
        let workers = pool(
            "serve",
            WorkerOptions {
                runtime,
                ..options()
            },
            1,
        );
        assert_eq!(workers.runtime().await.unwrap().name, "onnxruntime");
        assert_eq!(
            workers.solve(&bundle(), INPUT, 8).await.unwrap(),
            expected(8)
        );
    });
}

fn memory_beyond_the_limit_ends_the_worker_only() {
    block_on(async {
        let limits = Limits {
            memory_bytes: Some(1 << 30),
            ..Limits::default()
        };
        let workers = pool(
            "eat",
            WorkerOptions {
                limits,
                ..options()
            },
            1,
        );
        let error = workers.solve(&bundle(), INPUT, 0).await.unwrap_err();
        let exhausted = matches!(
            error,
            InferenceError::Worker(WorkerError::OutOfMemory {
                limit: Some(0x4000_0000),
                ..
            })
        );
        assert!(exhausted && error.blame() == Blame::Machine, "{error}");
        assert!(error.to_string().contains("--worker-memory"), "{error}");
    });
}

fn processor_time_beyond_the_limit_ends_the_worker() {
    block_on(async {
        let limits = Limits {
            cpu_seconds: Some(1),
            ..Limits::default()
        };
        let workers = pool(
            "spin",
            WorkerOptions {
                limits,
                ..options()
            },
            1,
        );
        let text = death(workers.solve(&bundle(), INPUT, 0).await.unwrap_err());
        assert!(text.contains("processor time used up"), "{text}");
    });
}

fn a_worker_has_no_sockets_programs_files_or_secrets() {
    if !cfg!(target_os = "linux") {
        return;
    }
    block_on(async {
        let error = pool("escape", options(), 1)
            .solve(&bundle(), INPUT, 0)
            .await
            .unwrap_err();
        let text = death(error);
        for refused in [
            "socket Err(PermissionDenied)",
            "program Err(PermissionDenied)",
            "variables 0",
            "it tried to write a file",
        ] {
            assert!(text.contains(refused), "{text}");
        }
        assert!(!text.contains("it wrote"), "{text}");
        std::fs::remove_file(escape()).unwrap();
    });
}

fn a_dropped_task_kills_its_worker() {
    block_on(async {
        let workers = pool("hang", options(), 1);
        let task = tokio::time::timeout(Duration::from_millis(700), async {
            workers.solve(&bundle(), INPUT, 0).await
        });
        assert!(task.await.is_err(), "the worker hangs");
        // The one permit is free again: the next task gets a child of its own.
        let limit = Duration::from_secs(20);
        assert!(
            tokio::time::timeout(limit, workers.runtime())
                .await
                .unwrap()
                .is_ok()
        );
    });
}

fn a_solver_in_process_gives_the_same_bytes() {
    block_on(async {
        let solver: Arc<dyn Solver> = Arc::new(InProcess::default());
        assert_eq!(
            solver.solve(&bundle(), INPUT, 4).await.unwrap(),
            expected(4)
        );
        let error = solver.solve(&bundle(), b"[]", 4).await.unwrap_err();
        assert_eq!(error.blame(), Blame::Input);
    });
}
