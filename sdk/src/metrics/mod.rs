//! What is counted while a miner runs, for Prometheus.
//!
//! [`Metrics`] is a handle: its clones count into the same numbers, and a program without
//! a scraper pays an atomic addition for each. Nothing is global, so that two miners in one
//! process have numbers of their own. [`Metrics::encode`] gives the OpenMetrics text.
//!
//! Every label has a bounded set of values: names from this program, the operator's own
//! endpoints and stores, models that the operator opted into. Nothing that a stranger chooses is a label.
//!
//! | metric | type | labels | what |
//! |---|---|---|---|
//! | `arbius_build_info` | gauge | `version` | 1 |
//! | `arbius_start_time_seconds` | gauge | | when the miner started, since 1970 |
//! | `arbius_healthy` | gauge | | 1 while it can mine, as `/health` says |
//! | `arbius_unhealthy` | gauge | `reason` | 1 for each reason why it cannot, as `/health` names them |
//! | `arbius_jobs` | gauge | `state` | jobs by state, finished ones of all times included |
//! | `arbius_step_duration_seconds` | histogram | `step` | from one state of a job to the next |
//! | `arbius_inference_duration_seconds` | histogram | `model` | running a model |
//! | `arbius_inference_failures_total` | counter | `blame` | runs that gave nothing: `input`, `model`, `machine` |
//! | `arbius_worker_restarts_total` | counter | | inference processes that were replaced |
//! | `arbius_queue_length` | gauge | `queue` | what waits: jobs to start, to retry, to claim; transactions |
//! | `arbius_rpc_requests_total` | counter | `endpoint`, `method`, `outcome` | requests: `ok`, `refused`, `unreachable` |
//! | `arbius_rpc_request_duration_seconds` | histogram | `endpoint` | how long they took |
//! | `arbius_transactions_total` | counter | `purpose`, `outcome` | transactions: `included`, `reverted`, `dropped` |
//! | `arbius_gas_used_total` | counter | `purpose` | gas of those that were included |
//! | `arbius_fees_earned_aius_total` | counter | | the solver's part of fees claimed by this process |
//! | `arbius_rewards_earned_aius_total` | counter | | the solver's part of rewards claimed by this process |
//! | `arbius_verdicts_total` | counter | `verdict` | solutions computed again: `right`, `wrong`, `inconclusive` |
//! | `arbius_disputes_total` | counter | `act` | what was done about them: `contest`, `vote_wrong`, `vote_right`, `settle` |
//! | `arbius_pins` | gauge | `store`, `stage` | results and inputs for stores beyond this machine: `waiting`, `sent`, `pinned`, `confirmed`, `failed` |
//! | `arbius_pin_attempts_total` | counter | `store`, `outcome` | steps of such: `sent`, `pinned`, `confirmed`, `failed` |
//! | `arbius_pin_duration_seconds` | histogram | `store` | from a result to a store that has it |
//! | `arbius_stake_aius` | gauge | `kind` | `staked`, `free`, `withdrawing`, `minimum` |
//! | `arbius_earnings_aius` | gauge | | owed by the engine |
//! | `arbius_balance_aius`, `arbius_balance_ether` | gauge | | what the account holds |
//! | `arbius_chain_head_block`, `arbius_chain_head_time_seconds` | gauge | | the newest block that was seen |
//! | `arbius_chain_read_block` | gauge | | how far events were read |
//! | `arbius_disk_used_bytes` | gauge | `part` | `store`, `blocks` |
//! | `arbius_disk_free_bytes` | gauge | | left on the folder's disk |

mod families;
mod handle;

pub use handle::{Metrics, RpcOutcome};
