//! Inference in child processes: what a model does there ends there.
//!
//! This test has no harness of the compiler's, because it is its own child: started with a
//! role as its argument it plays a worker, good or bad.
//!
//! | file | what it holds |
//! |---|---|
//! | `children` | one child and what it may do |
//! | `devices` | several models on several devices |
//! | `gpu` | GPUs, one of which disappears |
//! | `roles` | what a child does, by its role |
#![cfg(feature = "inference")]

mod children;
mod devices;
mod gpu;
#[path = "../onnx_writer/mod.rs"]
mod onnx_writer;
#[path = "../parts/mod.rs"]
mod parts;
mod roles;
#[path = "../shipped/mod.rs"]
mod shipped;

use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::time::Duration;

use arbius_sdk::inference::worker::{WorkerCommand, WorkerOptions, Workers};
use arbius_sdk::inference::{Outputs, solve};
use arbius_sdk::model::Bundle;

const TESTS: &[(&str, fn())] = &[
    (
        "a_worker_gives_the_bytes_of_this_process",
        children::a_worker_gives_the_bytes_of_this_process,
    ),
    ("workers_share_the_tasks", children::workers_share_the_tasks),
    (
        "a_bad_input_leaves_the_worker_alive",
        children::a_bad_input_leaves_the_worker_alive,
    ),
    (
        "a_hanging_worker_is_killed_in_time",
        children::a_hanging_worker_is_killed_in_time,
    ),
    (
        "a_crash_is_an_error_with_its_last_words",
        children::a_crash_is_an_error_with_its_last_words,
    ),
    (
        "a_killed_worker_is_replaced",
        children::a_killed_worker_is_replaced,
    ),
    (
        "a_run_apart_has_a_child_of_its_own_and_leaves_no_more_than_there_were",
        children::a_run_apart_has_a_child_of_its_own_and_leaves_no_more_than_there_were,
    ),
    (
        "a_program_that_is_no_worker_is_an_error",
        children::a_program_that_is_no_worker_is_an_error,
    ),
    (
        "a_missing_program_is_an_error",
        children::a_missing_program_is_an_error,
    ),
    (
        "files_that_a_task_names_reach_the_worker",
        children::files_that_a_task_names_reach_the_worker,
    ),
    (
        "a_missing_library_is_reported_by_the_worker",
        children::a_missing_library_is_reported_by_the_worker,
    ),
    (
        "a_worker_gives_the_same_bytes_on_onnx_runtime",
        children::a_worker_gives_the_same_bytes_on_onnx_runtime,
    ),
    (
        "memory_beyond_the_limit_ends_the_worker_only",
        children::memory_beyond_the_limit_ends_the_worker_only,
    ),
    (
        "processor_time_beyond_the_limit_ends_the_worker",
        children::processor_time_beyond_the_limit_ends_the_worker,
    ),
    (
        "a_worker_has_no_sockets_programs_files_or_secrets",
        children::a_worker_has_no_sockets_programs_files_or_secrets,
    ),
    (
        "a_dropped_task_kills_its_worker",
        children::a_dropped_task_kills_its_worker,
    ),
    (
        "a_task_that_takes_too_long_is_given_up",
        children::a_task_that_takes_too_long_is_given_up,
    ),
    (
        "models_that_do_not_fit_together_take_turns",
        devices::models_that_do_not_fit_together_take_turns,
    ),
    (
        "stations_run_side_by_side",
        devices::stations_run_side_by_side,
    ),
    (
        "a_model_that_does_not_fit_is_refused_before_it_is_loaded",
        devices::a_model_that_does_not_fit_is_refused_before_it_is_loaded,
    ),
    (
        "a_model_that_takes_all_memory_ends_its_worker_only",
        devices::a_model_that_takes_all_memory_ends_its_worker_only,
    ),
    (
        "a_pinned_model_runs_with_its_own_options_and_on_nothing_else",
        devices::a_pinned_model_runs_with_its_own_options_and_on_nothing_else,
    ),
    (
        "several_gpus_compute_at_once",
        gpu::several_gpus_compute_at_once,
    ),
    (
        "a_gpu_that_disappears_leaves_its_tasks_to_the_others",
        gpu::a_gpu_that_disappears_leaves_its_tasks_to_the_others,
    ),
    (
        "a_solver_in_process_gives_the_same_bytes",
        children::a_solver_in_process_gives_the_same_bytes,
    ),
];
fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let Some(role) = arguments
        .first()
        .and_then(|argument| argument.strip_prefix("role="))
    {
        return roles::play(role);
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
    shipped::bundle(arbius_models::digits())
}

const INPUT: &[u8] = br#"{"prompt": "a handwritten five"}"#;

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
