//! Holds the gas of every step to the snapshot in `gas.json`.

use std::path::Path;

use arbius_benches::gas::{Cache, Table, measure};

#[tokio::test]
async fn no_step_costs_more_gas_than_the_snapshot_allows() {
    let cached = measure(Cache::Warm).await.unwrap();
    let uncached = measure(Cache::Cold).await.unwrap();
    let table = Table::new(&cached, &uncached).unwrap();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("gas.json");
    if let Err(risen) = table.check(&Table::load(&path).unwrap()) {
        panic!("{risen}");
    }
}
