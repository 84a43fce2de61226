//! The handle that the parts of a miner count with.

use std::{sync::Arc, time::Duration};

use alloy_primitives::U256;
use prometheus_client::encoding::text;

use super::families::Families;

/// How a JSON-RPC request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RpcOutcome {
    /// With a result.
    Ok,
    /// With an error of the endpoint's, a revert among them.
    Refused,
    /// Without an answer that is one.
    Unreachable,
}

impl RpcOutcome {
    const fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Refused => "refused",
            Self::Unreachable => "unreachable",
        }
    }
}

/// Numbers of one miner. Clones count into the same ones.
///
/// ```
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use arbius_sdk::{chain::Chain, metrics::Metrics};
/// # let local = arbius_testkit::TestChain::start().await?;
/// # let deployment = local.deployment();
///
/// let metrics = Metrics::new();
/// let chain = Chain::builder().endpoint(&deployment.rpc).metrics(metrics.clone());
/// chain.connect().await?.head().await?;
/// assert!(metrics.encode().contains("arbius_rpc_requests_total"));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Metrics {
    families: Arc<Families>,
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Metrics {
    /// Numbers that begin at zero.
    #[must_use]
    pub fn new() -> Self {
        Self {
            families: Arc::new(Families::new()),
        }
    }

    /// All of them, as the OpenMetrics text format has it.
    #[must_use]
    #[allow(clippy::expect_used)]
    pub fn encode(&self) -> String {
        let mut text = String::new();
        // SAFETY: writing to a String cannot fail, and no metric is a native histogram, which
        // alone has no text.
        text::encode(&mut text, &self.families.registry).expect("metrics have a text");
        text
    }

    /// A JSON-RPC request to an endpoint; `endpoint` must not hold credentials.
    pub fn rpc(&self, endpoint: &str, method: &str, outcome: RpcOutcome, took: Duration) {
        let requests = [
            ("endpoint", endpoint.to_owned()),
            ("method", method.to_owned()),
            ("outcome", outcome.name().to_owned()),
        ];
        self.families.rpc_requests.get_or_create(&requests).inc();
        self.families
            .rpc_durations
            .get_or_create(&[("endpoint", endpoint.to_owned())])
            .observe(took.as_secs_f64());
    }

    /// How a transaction ended: `purpose` is one of few words, such as `committing`.
    pub fn transaction(&self, purpose: &str, outcome: &'static str) {
        let labels = [
            ("purpose", purpose.to_owned()),
            ("outcome", outcome.to_owned()),
        ];
        self.families.transactions.get_or_create(&labels).inc();
    }

    /// Gas that an included transaction used.
    pub fn gas(&self, purpose: &str, gas: u64) {
        let labels = [("purpose", purpose.to_owned())];
        self.families.gas.get_or_create(&labels).inc_by(gas);
    }

    /// How long a job took from one state to the next.
    pub fn step(&self, step: &'static str, took: Duration) {
        self.families
            .steps
            .get_or_create(&[("step", step.to_owned())])
            .observe(took.as_secs_f64());
    }

    /// A run of a model that the operator opted into.
    pub fn inference(&self, model: &str, took: Duration) {
        self.families
            .inferences
            .get_or_create(&[("model", model.to_owned())])
            .observe(took.as_secs_f64());
    }

    /// A run of a model that gave nothing.
    pub fn inference_failure(&self, blame: &'static str) {
        let labels = [("blame", blame.to_owned())];
        self.families
            .inference_failures
            .get_or_create(&labels)
            .inc();
    }

    /// An inference process was replaced.
    pub fn worker_restart(&self) {
        self.families.worker_restarts.inc();
    }

    /// The solver's parts of a claim, wei of AIUS.
    pub fn earned(&self, fee: U256, reward: U256) {
        self.families.fees.inc_by(units(fee));
        self.families.rewards.inc_by(units(reward));
    }

    /// What computing somebody's solution again has shown.
    pub fn verdict(&self, verdict: &'static str) {
        let labels = [("verdict", verdict.to_owned())];
        self.families.verdicts.get_or_create(&labels).inc();
    }

    /// What was done in a contestation.
    pub fn dispute(&self, act: &'static str) {
        let labels = [("act", act.to_owned())];
        self.families.disputes.get_or_create(&labels).inc();
    }

    /// A step of keeping something with one of the operator's stores, and how it ended.
    pub fn pin_attempt(&self, store: &str, outcome: &'static str) {
        let labels = [("store", store.to_owned()), ("outcome", outcome.to_owned())];
        self.families.pin_attempts.get_or_create(&labels).inc();
    }

    /// How long it took until a store had something.
    pub fn pinned(&self, store: &str, took: Duration) {
        self.families
            .pin_durations
            .get_or_create(&[("store", store.to_owned())])
            .observe(took.as_secs_f64());
    }

    /// How much for a store is at a stage.
    pub fn set_pins(&self, store: &str, stage: &'static str, count: u64) {
        let labels = [("store", store.to_owned()), ("stage", stage.to_owned())];
        self.families.pins.get_or_create(&labels).set(signed(count));
    }

    /// How many jobs are in a state.
    pub fn set_jobs(&self, state: &'static str, count: u64) {
        let labels = [("state", state.to_owned())];
        self.families.jobs.get_or_create(&labels).set(signed(count));
    }

    /// How much waits in a queue.
    pub fn set_queue(&self, queue: &'static str, length: usize) {
        let labels = [("queue", queue.to_owned())];
        self.families
            .queues
            .get_or_create(&labels)
            .set(signed(length as u64));
    }

    /// A part of the stake, wei of AIUS.
    pub fn set_stake(&self, kind: &'static str, wei: U256) {
        let labels = [("kind", kind.to_owned())];
        self.families.stake.get_or_create(&labels).set(units(wei));
    }

    /// What the engine owes, and what the account holds, wei each.
    pub fn set_balances(&self, earnings: U256, aius: U256, ether: U256) {
        self.families.earnings.set(units(earnings));
        self.families.aius.set(units(aius));
        self.families.ether.set(units(ether));
    }

    /// The newest block that was seen.
    pub fn set_head(&self, block: u64, time: u64) {
        self.families.head_block.set(signed(block));
        self.families.head_time.set(signed(time));
    }

    /// How far events were read.
    pub fn set_read(&self, block: u64) {
        self.families.read_block.set(signed(block));
    }

    /// What the folder takes, bytes: the store and the blocks; and what its disk has left.
    pub fn set_disk(&self, store: u64, blocks: u64, free: Option<u64>) {
        for (part, bytes) in [("store", store), ("blocks", blocks)] {
            let labels = [("part", part.to_owned())];
            self.families
                .disk_used
                .get_or_create(&labels)
                .set(signed(bytes));
        }
        if let Some(free) = free {
            self.families.disk_free.set(signed(free));
        }
    }

    /// When the miner started, seconds since 1970.
    pub fn set_start(&self, seconds: f64) {
        self.families.start_time.set(seconds);
    }

    /// Whether the miner can mine.
    pub fn set_healthy(&self, healthy: bool) {
        self.families.healthy.set(healthy.into());
    }

    /// Whether something keeps the miner from mining.
    pub fn set_unhealthy(&self, reason: &str, is_so: bool) {
        let labels = [("reason", reason.to_owned())];
        let gauge = self.families.unhealthy.get_or_create(&labels);
        gauge.set(is_so.into());
    }
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// Whole units of what has 18 decimals. A metric is a floating-point number.
fn units(wei: U256) -> f64 {
    f64::from(wei) / 1e18
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clones_count_into_the_same_numbers_and_names_carry_units() {
        let metrics = Metrics::new();
        let clone = metrics.clone();
        for _ in 0..2 {
            clone.rpc(
                "node.example",
                "eth_call",
                RpcOutcome::Ok,
                Duration::from_millis(2),
            );
        }
        clone.earned(U256::from(1_500_000_000_000_000_000_u64), U256::ZERO);
        clone.set_disk(7, 9, None);
        clone.set_balances(U256::ZERO, U256::ZERO, U256::ZERO);
        let text = metrics.encode();
        for line in [
            r#"arbius_rpc_requests_total{endpoint="node.example",method="eth_call",outcome="ok"} 2"#,
            r#"arbius_rpc_request_duration_seconds_count{endpoint="node.example"} 2"#,
            "arbius_fees_earned_aius_total 1.5",
            r#"arbius_disk_used_bytes{part="blocks"} 9"#,
            "# UNIT arbius_disk_used_bytes bytes",
            "arbius_balance_ether 0.0",
            concat!(
                r#"arbius_build_info{version=""#,
                env!("CARGO_PKG_VERSION"),
                r#""} 1"#
            ),
        ] {
            assert!(
                text.lines().any(|found| found == line),
                "no `{line}` in\n{text}"
            );
        }
        assert!(text.ends_with("# EOF\n"));
    }

    #[test]
    fn every_metric_is_in_the_table_and_the_other_way_round() {
        let metrics = Metrics::new();
        // A family shows itself with its first member.
        let moment = Duration::from_secs(1);
        metrics.rpc("a", "eth_call", RpcOutcome::Ok, moment);
        metrics.transaction("claiming", "included");
        metrics.gas("claiming", 1);
        metrics.step("claimed", moment);
        metrics.inference("0x01", moment);
        metrics.inference_failure("machine");
        metrics.verdict("right");
        metrics.dispute("contest");
        metrics.set_jobs("seen", 1);
        metrics.set_queue("solve", 1);
        metrics.pin_attempt("kubo", "sent");
        metrics.pinned("kubo", moment);
        metrics.set_pins("kubo", "waiting", 1);
        metrics.set_stake("free", U256::ONE);
        metrics.set_disk(1, 1, None);
        metrics.set_unhealthy("store", true);
        let table = include_str!("mod.rs");
        let documented: std::collections::BTreeSet<_> = table
            .lines()
            .filter(|line| line.starts_with("//! | `arbius_"))
            .flat_map(|line| line.split('|').nth(1).unwrap_or_default().split(','))
            .map(|name| name.trim().trim_matches('`').trim_end_matches("_total"))
            .collect();
        let text = metrics.encode();
        let real = text
            .lines()
            .filter_map(|line| line.strip_prefix("# TYPE "))
            .filter_map(|line| line.split(' ').next())
            .collect();
        assert_eq!(documented, real);
    }
}
