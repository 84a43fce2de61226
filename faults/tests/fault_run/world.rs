//! The chain with its clock, endpoints, miners and rivals.

use std::time::{Duration, Instant};

use alloy_primitives::Address;
use arbius_faults::{FaultProxy, FrontRunner, Scene};
use arbius_testkit::Random;

use super::{machines::Machine, rivals::Rivals, trouble::Troubles, verdict};

/// Between two looks at what is to happen.
const TICK: Duration = Duration::from_millis(500);

/// Seconds that pass on the chain in one when nothing is left but to wait.
const IN_A_HURRY: u64 = 300;

/// Miners.
pub(crate) const MINERS: usize = 3;

/// Endpoints: one lies, one may be dead, and two of the others have to agree.
pub(crate) const ENDPOINTS: usize = 4;

pub(crate) struct World {
    pub(crate) scene: Scene,
    pub(crate) endpoints: Vec<FaultProxy>,
    pub(crate) machines: Vec<Machine>,
    pub(crate) rivals: Rivals,
    pub(crate) front_runner: FrontRunner,
    pub(crate) random: Random,
    /// Seconds that pass on the chain in one.
    haste: u64,
}

impl World {
    pub(crate) async fn start(seed: u64, haste: u64) -> Self {
        let scene = Scene::start().await.unwrap();
        let mut endpoints = Vec::new();
        for _ in 0..ENDPOINTS {
            let upstream = scene.chain().devnet().url();
            endpoints.push(FaultProxy::start(&upstream).await.unwrap());
        }
        let mut machines = Vec::new();
        for number in 0..MINERS {
            // Each prefers another one.
            let mut urls: Vec<String> = (0..ENDPOINTS)
                .map(|place| endpoints[(number + place) % ENDPOINTS].url())
                .collect();
            // It hears of blocks by two WebSockets, one of which may be the liar's.
            urls[0] = endpoints[number].ws_url();
            urls[1] = endpoints[(number + 1) % ENDPOINTS].ws_url();
            machines.push(Machine::start(&scene, number, &urls).await);
        }
        let rivals = Rivals::gather(&scene, MINERS).await;
        let front_runner = FrontRunner::start(&scene, MINERS + 2).await.unwrap();
        // One endpoint has no secrets before it.
        endpoints[ENDPOINTS - 1].leak_to(front_runner.leaks());
        scene.pass_validators_wait().unwrap();
        Self {
            scene,
            endpoints,
            machines,
            rivals,
            front_runner,
            random: Random::new(seed),
            haste,
        }
    }

    pub(crate) fn honest(&self) -> Vec<Address> {
        self.machines.iter().map(Machine::account).collect()
    }

    /// Lets one trouble follow the other for so long.
    pub(crate) async fn suffer(&mut self, length: Duration) {
        let start = Instant::now();
        let mut troubles = Troubles::default();
        while start.elapsed() < length {
            self.tick().await;
            self.submit(2).await;
            troubles.pass(self).await;
            if self.random.chance(60) {
                troubles.begin(self).await;
            }
        }
        troubles.end_all(self);
        println!("{troubles}");
        for endpoint in &self.endpoints {
            println!("{:?}", endpoint.faults());
        }
    }

    /// Lets the rivals do what the run is about and the troubles did not bring so far, of which
    /// there are fewer on a slower machine. The cheat may lose its race, so that it tries again.
    pub(crate) async fn provoke(&mut self, patience: Duration) {
        let start = Instant::now();
        loop {
            let missing = verdict::missing(self);
            if missing.is_empty() {
                return;
            }
            assert!(start.elapsed() < patience, "{missing:#?}");
            self.tick().await;
            self.scene.submit(1).await.unwrap();
            self.rivals.make_up(&self.scene).await;
            let honest = self.honest();
            self.rivals.slander(&self.scene, &honest).await;
        }
    }

    /// Lets everything come to its end without further trouble, and judges.
    pub(crate) async fn recover(&mut self, patience: Duration) {
        let start = Instant::now();
        loop {
            self.tick().await;
            let mut wrong = verdict::wrong(self);
            if wrong.is_empty() {
                wrong = verdict::lost_stakes(self).await;
            }
            if wrong.is_empty() {
                break;
            }
            if verdict::is_decided_in_time(self) {
                self.haste = IN_A_HURRY;
            }
            let logs = || {
                let logs = self.machines.iter().map(Machine::log);
                logs.collect::<Vec<_>>().join("\n\n")
            };
            assert!(start.elapsed() < patience, "{wrong:#?}\n{}", logs());
        }
        println!("{}", verdict::summary(self));
        for machine in &mut self.machines {
            machine.stop().await;
        }
    }

    /// A moment, with more of it on the chain unless the miners have yet to contest what is
    /// made up, and every miner at work at its end.
    async fn tick(&mut self) {
        tokio::time::sleep(TICK).await;
        let haste = match verdict::is_to_be_contested(self) {
            true => 0,
            false => self.haste,
        };
        let seconds = u64::try_from(TICK.as_millis()).unwrap() * haste / 1_000;
        self.scene
            .chain()
            .pass(Duration::from_secs(seconds))
            .unwrap();
        for machine in &mut self.machines {
            machine.keep_running().await;
        }
    }

    /// Submits some tasks, up to `most`.
    async fn submit(&mut self, most: u64) {
        let count = self.random.below(most + 1);
        let count = usize::try_from(count).unwrap();
        if count > 0 {
            self.scene.submit(count).await.unwrap();
        }
    }
}
