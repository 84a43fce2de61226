//! Two hundred tasks at once; the bench `thousand_tasks` has the thousand.

use arbius_faults::Load;

#[tokio::test(flavor = "multi_thread")]
async fn many_tasks_at_once_are_all_claimed_with_few_requests_and_little_memory() {
    let load = Load::run(env!("CARGO_BIN_EXE_miner_process"), 200)
        .await
        .unwrap();
    println!("{load}");
    assert!(load.requests_per_task() <= 4.0, "{load}");
    assert!(load.memory < 400 * 1024, "{load}");
}
