//! One child and what it may do.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::{Duration, Instant};

use arbius_sdk::content::{FetchLimits, Fetcher, FolderStore, Gateway, unixfs};
use arbius_sdk::inference::onnxruntime::LIBRARY_VARIABLE;
use arbius_sdk::inference::worker::process::Process;
use arbius_sdk::inference::worker::{
    Limits, RuntimeChoice, WorkerCommand, WorkerError, WorkerOptions, Workers,
};
use arbius_sdk::inference::{Blame, InProcess, InferenceError, Solver, TaskFiles, solve};
use arbius_sdk::model::Bundle;

use crate::parts::part;
use crate::roles::escape;
use crate::{INPUT, block_on, bundle, command, expected, options, pool};

pub(crate) fn a_worker_gives_the_bytes_of_this_process() {
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

pub(crate) fn workers_share_the_tasks() {
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

pub(crate) fn a_bad_input_leaves_the_worker_alive() {
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

pub(crate) fn a_hanging_worker_is_killed_in_time() {
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

pub(crate) fn a_crash_is_an_error_with_its_last_words() {
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
pub(crate) fn a_killed_worker_is_replaced() {
    use std::process::Command;
    block_on(async {
        let workers = pool("serve", options(), 1);
        assert_eq!(
            workers.solve(&bundle(), INPUT, 1).await.unwrap(),
            expected(1)
        );
        let killed = children();
        for pid in &killed {
            let _ = Command::new("kill").args(["-KILL", pid]).output().unwrap();
        }
        await_end(&killed).await;
        assert_eq!(
            workers.solve(&bundle(), INPUT, 2).await.unwrap(),
            expected(2)
        );
    });
}

#[cfg(not(unix))]
pub(crate) fn a_killed_worker_is_replaced() {}

/// The children of this process that run; `ps` itself is among them, and gone by now.
#[cfg(unix)]
pub(crate) fn children() -> Vec<String> {
    let parent = std::process::id().to_string();
    let children = std::process::Command::new("ps")
        .args(["-o", "pid=", "--ppid", &parent])
        .output()
        .unwrap();
    let pids = String::from_utf8_lossy(&children.stdout).into_owned();
    pids.split_whitespace().map(str::to_owned).collect()
}

/// Waits until this process has so many children: those that were killed take a moment to go.
#[cfg(unix)]
pub(crate) async fn await_children(count: usize) {
    for _ in 0..600 {
        // `ps` is one.
        if children().len() == count + 1 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("{:?} and not {count}", children());
}

/// Waits until none of these processes runs: those that nobody has asked after yet are zombies.
#[cfg(unix)]
async fn await_end(pids: &[String]) {
    let running = || {
        let states = std::process::Command::new("ps")
            .args(["-o", "stat=", "-p", &pids.join(",")])
            .output()
            .unwrap();
        let states = String::from_utf8_lossy(&states.stdout).into_owned();
        states.lines().any(|state| !state.starts_with('Z'))
    };
    for _ in 0..600 {
        if !running() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("some of {pids:?} still run");
}

pub(crate) fn a_task_that_takes_too_long_is_given_up() {
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

#[cfg(unix)]
pub(crate) fn a_run_apart_has_a_child_of_its_own_and_leaves_no_more_than_there_were() {
    block_on(async {
        let workers = pool("serve", options(), 1);
        assert_eq!(workers.runtime_id(), None);
        let solved = workers.solve(&bundle(), INPUT, 1).await;
        assert_eq!(solved.unwrap(), expected(1));
        // Those of other tests may still be about to go.
        await_children(1).await;
        let before = children();
        let solved = workers.solve_afresh(&bundle(), INPUT, 1).await;
        assert_eq!(solved.unwrap(), expected(1));
        await_children(1).await;
        let after = children();
        let alike = after.iter().any(|pid| before.contains(pid));
        assert!(!alike, "{before:?}, {after:?}");
        assert_eq!(workers.runtime_id().unwrap().name, "rten");
    });
}

#[cfg(not(unix))]
pub(crate) fn a_run_apart_has_a_child_of_its_own_and_leaves_no_more_than_there_were() {}

pub(crate) fn a_program_that_is_no_worker_is_an_error() {
    block_on(async {
        let error = pool("stranger", options(), 1)
            .solve(&bundle(), INPUT, 0)
            .await
            .unwrap_err();
        let strange = matches!(error, InferenceError::Worker(WorkerError::Protocol(_)));
        assert!(strange, "{error}");
    });
}

pub(crate) fn a_missing_program_is_an_error() {
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

pub(crate) fn a_missing_library_is_reported_by_the_worker() {
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

pub(crate) fn a_worker_gives_the_same_bytes_on_onnx_runtime() {
    let Some(library) = part("onnxruntime", LIBRARY_VARIABLE) else {
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

pub(crate) fn memory_beyond_the_limit_ends_the_worker_only() {
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

pub(crate) fn processor_time_beyond_the_limit_ends_the_worker() {
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

pub(crate) fn a_worker_has_no_sockets_programs_files_or_secrets() {
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

pub(crate) fn a_dropped_task_kills_its_worker() {
    block_on(async {
        let workers = pool("hang", options(), 1);
        let task = tokio::time::timeout(Duration::from_millis(700), async {
            workers.solve(&bundle(), INPUT, 0).await
        });
        assert!(task.await.is_err(), "the worker hangs");
        // The one permit is free again: the next task gets a child of its own.
        let limit = Duration::from_secs(60);
        assert!(
            tokio::time::timeout(limit, workers.runtime())
                .await
                .unwrap()
                .is_ok()
        );
    });
}

pub(crate) fn a_solver_in_process_gives_the_same_bytes() {
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

pub(crate) fn files_that_a_task_names_reach_the_worker() {
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
        // Another template of the same bundle is another model, with inputs of its own.
        assert_eq!(bundle.cid(), crate::bundle().cid());
        workers.solve(&crate::bundle(), INPUT, 1).await.unwrap();
        let expected = solve(&crate::bundle(), br#"{"prompt": "5"}"#, 1).unwrap();
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
