//! Holds the figures of `reference-gas.json` for governance to OpenZeppelin's contracts.
//!
//! `.ci/full governance` compiles them and names them in `ARBIUS_OPENZEPPELIN`. Without it
//! the test skips itself and says so, unless `ARBIUS_REQUIRE` names `openzeppelin`.

use std::collections::BTreeMap;

use alloy_primitives::Bytes;
use arbius_benches::gas::measure_governance_of;
use serde_json::Value;

const VARIABLE: &str = "ARBIUS_OPENZEPPELIN";

#[tokio::test]
async fn governance_costs_there_what_the_reference_says() {
    let Ok(path) = std::env::var(VARIABLE) else {
        let required = std::env::var("ARBIUS_REQUIRE").unwrap_or_default();
        assert!(
            !required
                .split(',')
                .any(|part| part.trim() == "openzeppelin"),
            "ARBIUS_REQUIRE names openzeppelin, but {VARIABLE} is not set"
        );
        eprintln!("skipped: {VARIABLE} is not set");
        return;
    };
    let code: BTreeMap<String, Bytes> =
        serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let measured = measure_governance_of(&code).await.unwrap();
    let reference: BTreeMap<String, Value> =
        serde_json::from_str(include_str!("../reference-gas.json")).unwrap();
    let said: BTreeMap<String, u64> = reference
        .into_iter()
        .filter(|(step, _)| step.starts_with("governor") || step.starts_with("timelock"))
        .filter_map(|(step, gas)| Some((step, gas.as_u64()?)))
        .collect();
    println!("{}", serde_json::to_string_pretty(&measured).unwrap());
    assert_eq!(measured, said);
}
