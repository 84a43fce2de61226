//! What happens, in an order that follows from the seed.

use std::{
    collections::BTreeMap,
    fmt,
    time::{Duration, Instant},
};

use arbius_faults::{Fault, Script};
use arbius_testkit::devnet::chain::Mining;
use rustix::process::Signal;

use super::world::{ENDPOINTS, MINERS, World};

/// One thing that goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Trouble {
    EndpointFails,
    EndpointDies,
    EndpointLies,
    TransactionsLost,
    Reorganisation,
    GasTenfold,
    DiskFull,
    InferenceKilled,
    InferenceHangs,
    MinerKilled,
    Cheating,
    Slander,
    SubscriptionsFail,
    SlowBlocks,
}

const ALL: [Trouble; 14] = [
    Trouble::EndpointFails,
    Trouble::EndpointDies,
    Trouble::EndpointLies,
    Trouble::TransactionsLost,
    Trouble::Reorganisation,
    Trouble::GasTenfold,
    Trouble::DiskFull,
    Trouble::InferenceKilled,
    Trouble::InferenceHangs,
    Trouble::MinerKilled,
    Trouble::Cheating,
    Trouble::Slander,
    Trouble::SubscriptionsFail,
    Trouble::SlowBlocks,
];

/// The lies of an endpoint.
const LIES: [Fault; 6] = [
    Fault::StaleHead,
    Fault::ForkedHash,
    Fault::MissingLogs,
    Fault::InventedLogs,
    Fault::WrongReceipt,
    Fault::NoReceipt,
];

/// What an endpoint may do with a transaction.
const LOSSES: [Fault; 3] = [
    Fault::SwallowTransaction,
    Fault::ErrorAfterSending,
    Fault::Duplicate,
];

/// What is going on, and what was.
#[derive(Default)]
pub(crate) struct Troubles {
    /// Those still to come before any comes again.
    deck: Vec<Trouble>,
    /// What ends when, of which endpoint or miner.
    current: Vec<(Instant, Trouble, usize)>,
    counts: BTreeMap<Trouble, u32>,
}

impl Troubles {
    /// Begins one.
    pub(crate) async fn begin(&mut self, world: &mut World) {
        if self.deck.is_empty() {
            self.deck.extend(ALL);
        }
        let place = world.random.below(self.deck.len() as u64);
        let trouble = self.deck.swap_remove(usize::try_from(place).unwrap());
        // The first endpoint lies, and does nothing else that is wrong.
        let whose = match trouble {
            Trouble::EndpointLies => 0,
            endpoint if is_of_endpoint(endpoint) => world.random.between(1, ENDPOINTS as u64 - 1),
            _ => world.random.below(MINERS as u64),
        };
        let whose = usize::try_from(whose).unwrap();
        let lasts = Duration::from_millis(world.random.between(1_000, 6_000));
        if !self.may_begin(trouble, whose) {
            // Another time.
            self.deck.push(trouble);
            return;
        }
        *self.counts.entry(trouble).or_default() += 1;
        let seed = world.random.next();
        let script = Script::new(seed).stall(Duration::from_secs(2));
        let endpoint = &world.endpoints[whose];
        match trouble {
            Trouble::EndpointFails => {
                endpoint.follow(Some(script.with_all(&Fault::FAILURES, 40)));
            }
            Trouble::EndpointDies => endpoint.set_alive(false),
            Trouble::EndpointLies => {
                let subscriptions = script.with_all(&Fault::OF_SUBSCRIPTIONS, 100);
                endpoint.follow(Some(subscriptions.with_all(&LIES, 150)));
            }
            Trouble::SubscriptionsFail => {
                endpoint.follow(Some(script.with_all(&Fault::OF_SUBSCRIPTIONS, 100)));
            }
            // Transactions wait for their block, where others see them.
            Trouble::SlowBlocks => {
                let chain = world.scene.chain().devnet().chain();
                let interval = Duration::from_millis(200 + seed % 1_000);
                chain.set_mining(Mining::Interval(interval));
            }
            Trouble::TransactionsLost => endpoint.follow(Some(script.with_all(&LOSSES, 250))),
            Trouble::Reorganisation => {
                // As many blocks as a few seconds have.
                let depth = 1 + seed % 4;
                world
                    .scene
                    .chain()
                    .devnet()
                    .chain()
                    .rollback(depth)
                    .unwrap();
                return world.scene.resync().await;
            }
            Trouble::GasTenfold => {
                let chain = world.scene.chain().devnet().chain();
                chain.set_base_fee(10 * chain.base_fee());
            }
            // All of it, or all but the first page of each file.
            Trouble::DiskFull => limit(world, whose, Some(seed % 2 * 4_096)),
            Trouble::InferenceKilled => signal(world, whose, Signal::KILL),
            Trouble::InferenceHangs => signal(world, whose, Signal::STOP),
            Trouble::MinerKilled => return world.machines[whose].kill().await,
            Trouble::Cheating => {
                world.scene.submit(1).await.unwrap();
                return world.rivals.make_up(&world.scene).await;
            }
            Trouble::Slander => {
                let honest = world.honest();
                return world.rivals.slander(&world.scene, &honest).await;
            }
        }
        self.current.push((Instant::now() + lasts, trouble, whose));
    }

    /// Nothing happens twice at once, or to an endpoint that has something else.
    fn may_begin(&self, trouble: Trouble, whose: usize) -> bool {
        self.current.iter().all(|(_, other, theirs)| {
            *other != trouble
                && !(is_of_endpoint(trouble) && is_of_endpoint(*other) && whose == *theirs)
        })
    }

    /// Ends those whose time is over.
    pub(crate) async fn pass(&mut self, world: &World) {
        let now = Instant::now();
        let (over, current) = self
            .current
            .drain(..)
            .partition(|(until, ..)| *until <= now);
        self.current = current;
        over.iter().for_each(|ended| end(*ended, world));
    }

    /// Ends all.
    pub(crate) fn end_all(&mut self, world: &World) {
        self.current.drain(..).for_each(|ended| end(ended, world));
    }
}

fn end((_, trouble, whose): (Instant, Trouble, usize), world: &World) {
    match trouble {
        Trouble::EndpointFails
        | Trouble::EndpointLies
        | Trouble::TransactionsLost
        | Trouble::SubscriptionsFail => {
            world.endpoints[whose].follow(None);
        }
        Trouble::SlowBlocks => {
            let chain = world.scene.chain().devnet().chain();
            chain.set_mining(Mining::Automatic);
            // What still waits.
            chain.mine();
        }
        Trouble::EndpointDies => world.endpoints[whose].set_alive(true),
        Trouble::GasTenfold => {
            let chain = world.scene.chain().devnet().chain();
            chain.set_base_fee(chain.base_fee() / 10);
        }
        Trouble::DiskFull => limit(world, whose, None),
        // The miner's own time limit is for a busy machine, and much longer.
        Trouble::InferenceHangs => signal(world, whose, Signal::KILL),
        _ => {}
    }
}

const fn is_of_endpoint(trouble: Trouble) -> bool {
    matches!(
        trouble,
        Trouble::EndpointFails
            | Trouble::EndpointDies
            | Trouble::EndpointLies
            | Trouble::TransactionsLost
            | Trouble::SubscriptionsFail
    )
}

fn limit(world: &World, whose: usize, bytes: Option<u64>) {
    if let Some(process) = world.machines[whose].process() {
        // It may have ended in this moment.
        let _ = process.limit_files(bytes);
    }
}

fn signal(world: &World, whose: usize, signal: Signal) {
    if let Some(process) = world.machines[whose].process() {
        // As above.
        let _ = process.signal_workers(signal);
    }
}

impl fmt::Display for Troubles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (trouble, count) in &self.counts {
            writeln!(f, "{count:>4} {trouble:?}")?;
        }
        Ok(())
    }
}
