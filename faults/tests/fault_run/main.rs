//! Everything at once: endpoints that die, lie, stall and reorganise, full disks, killed
//! inference, gas at ten times its price, blocks that are slow, a rival that cheats, one that
//! contests in bad faith, and one that copies whatever waits for its block.
//!
//! Three honest miners with all their roles, each in a process of its own, share four
//! endpoints, of which one lies and another may be dead. In the end every task that an honest
//! miner solved is claimed, every wrong solution contested and rejected, and no honest vote on
//! the losing side, which is what would cost stake.
//!
//! The last full run passed (seed 1060569750), on two cores that other programs kept busy: of 1,720
//! tasks 1,693 were claimed and 27 made-up solutions rejected, 64 that were contested in bad faith
//! upheld, and 2,647 commitments and 81 transactions with solutions copied in vain. A miner
//! contests only what two endpoints agree on, which takes them longer than the chain's clock would
//! allow on such a machine: it is in no hurry while something made up stands uncontested.
//!
//! | file | what it holds |
//! |---|---|
//! | [`world`] | the chain with its clock, endpoints, miners and rivals |
//! | [`trouble`] | what happens to them, in an order that follows from the seed |
//! | [`machines`] | the miners' processes, started again whenever they end |
//! | [`rivals`] | who cheats |
//! | [`verdict`] | what has to be true in the end |

mod machines;
mod rivals;
mod trouble;
mod verdict;
mod world;

use std::time::Duration;

use arbius_faults::{settings, settings::Soak};
use world::World;

/// For how long everything may take to come to its end.
const PATIENCE: Duration = Duration::from_secs(300);

/// 30 minutes with `ARBIUS_SOAK=full`, else 30 seconds; `ARBIUS_FUZZ_SEED` repeats the order
/// of troubles. Time on the chain runs faster, so that contests and votes come to their end.
#[tokio::test(flavor = "multi_thread")]
async fn honest_tasks_are_claimed_bad_solutions_contested_and_no_honest_stake_is_lost() {
    let soak = Soak::from_environment();
    let length = soak.choose(Duration::from_secs(30), Duration::from_secs(1_800));
    let haste = soak.choose(40, 20);
    let mut world = World::start(settings::seed(), haste).await;
    world.suffer(length).await;
    world.provoke(PATIENCE).await;
    world.recover(PATIENCE).await;
}
