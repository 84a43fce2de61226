//! How programs are over the years, and how they are kept alive.

use std::collections::BTreeSet;

use alloy_primitives::U256;
use arbius_devnet::Devnet;
use arbius_sdk::{
    chain::{Chain, Lane, Signer},
    deploy::{
        Deployment, Progress,
        health::{Activation, Health, Lifetimes, health},
        keepalive::{Renewal, keep_alive},
        program,
    },
};

use crate::world::World;

const DAY: u64 = 86_400;

struct Programs {
    world: World,
    deployment: Deployment,
    lifetimes: Lifetimes,
}

impl Programs {
    async fn start() -> Self {
        let world = World::start().await;
        let deployment = world
            .run_with(&world.settings(), Progress::default(), |_| Ok(()))
            .await
            .unwrap();
        let lifetimes = Lifetimes::of(&world.chain).await.unwrap();
        Self {
            world,
            deployment,
            lifetimes,
        }
    }

    fn pass(&self, days: u64) {
        let chain = self.world.devnet.chain();
        chain.increase_time(days * DAY).unwrap();
        chain.mine();
    }

    async fn health(&self) -> Vec<Health> {
        health(&self.world.chain, &self.deployment).await.unwrap()
    }

    /// Somebody who has nothing to do with the deployment.
    fn passer_by(&self) -> Lane {
        let key = self.world.devnet.accounts()[7].key;
        Lane::new(self.world.chain.clone(), Signer::from_key(&key).unwrap())
    }
}

fn time_left(health: &Health) -> u64 {
    match health.activation {
        Activation::Active { time_left } => time_left,
        other => panic!("{} is {other:?}", health.name),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fresh_deployment_is_active_cached_and_lasts_a_year() {
    let programs = Programs::start().await;
    assert_eq!(programs.lifetimes.expiry, 365 * DAY);
    assert_eq!(programs.lifetimes.keepalive, 31 * DAY);
    let health = programs.health().await;
    assert_eq!(health.len(), programs.deployment.contracts.len());
    for one in &health {
        assert!(time_left(one) > 364 * DAY, "{one:?}");
        assert!(one.cached && one.start_gas > Some(0), "{one:?}");
        assert!(!one.needs_care(30 * DAY), "{one:?}");
        assert!(one.needs_care(366 * DAY), "{one:?}");
        assert!((200..150_000).contains(&one.size), "{one:?}");
    }
    let proxies: Vec<_> = health
        .iter()
        .filter(|one| one.implementation.is_some())
        .map(|one| one.name.as_str())
        .collect();
    assert_eq!(proxies, ["engine", "token"]);
    let rest = health.iter().find(|one| one.name == "engine-rest").unwrap();
    let artifact = arbius_artifacts::get(arbius_artifacts::ENGINE_REST).unwrap();
    let code: usize = artifact.code.iter().map(|code| code.len()).sum();
    if artifact.code.len() == 1 {
        assert_eq!((rest.fragments, rest.size), (0, code));
    } else {
        // The root has 8 bytes and an address for each fragment.
        let root = 8 + 20 * artifact.code.len();
        assert_eq!(
            (rest.fragments, rest.size),
            (artifact.code.len(), code + root)
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn anybody_renews_a_program_after_a_month_and_nobody_before() {
    let programs = Programs::start().await;
    let lane = programs.passer_by();
    programs.pass(30);
    let engine = programs
        .health()
        .await
        .into_iter()
        .find(|one| one.name == "engine-implementation")
        .unwrap();
    match keep_alive(&lane, &engine, &programs.lifetimes)
        .await
        .unwrap()
    {
        Renewal::TooYoung(wait) => assert!((1..=DAY).contains(&wait), "{wait}"),
        other => panic!("{other:?}"),
    }
    programs.pass(2);
    let balance = programs.world.chain.balance(lane.address()).await.unwrap();
    let mut renewed = BTreeSet::new();
    for one in programs.health().await {
        let left = time_left(&one);
        match keep_alive(&lane, &one, &programs.lifetimes).await.unwrap() {
            Renewal::Renewed(done) => {
                assert!(left < 334 * DAY);
                assert!(done.data_fee > U256::ZERO, "{}: {done:?}", one.name);
                assert!(renewed.insert(one.codehash), "{}", one.name);
            }
            // Of the same code as one that was renewed just now.
            Renewal::TooYoung(_) => assert!(renewed.contains(&one.codehash), "{}", one.name),
            other => panic!("{}: {other:?}", one.name),
        }
    }
    for one in programs.health().await {
        assert!(time_left(&one) > 364 * DAY, "{one:?}");
    }
    // What was offered beyond the fees came back.
    let spent = balance - programs.world.chain.balance(lane.address()).await.unwrap();
    assert!(spent < U256::from(10_u64.pow(17)), "{spent} wei");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_renewed_expires_and_is_activated_again() {
    let programs = Programs::start().await;
    programs.pass(364);
    let soon = programs.health().await;
    assert!(soon.iter().all(|one| one.needs_care(30 * DAY)));
    assert!(soon.iter().all(|one| !one.needs_care(0)));
    programs.pass(2);
    let expired = programs.health().await;
    for one in &expired {
        assert!(
            matches!(one.activation, Activation::Expired { age } if age > 365 * DAY),
            "{one:?}"
        );
        assert!(one.needs_care(0) && one.start_gas.is_none());
    }
    let lane = programs.passer_by();
    let mut activated = 0;
    for one in expired {
        match keep_alive(&lane, &one, &programs.lifetimes).await.unwrap() {
            Renewal::Activated(done) => {
                activated += 1;
                assert!(done.data_fee > U256::ZERO);
            }
            // Of the same code as one that was activated just now.
            Renewal::TooYoung(wait) => assert_eq!(wait, 31 * DAY),
            other => panic!("{}: {other:?}", one.name),
        }
    }
    // Token, both programs of the engine, and the proxy.
    assert_eq!(activated, 4);
    for one in programs.health().await {
        assert!(time_left(&one) > 364 * DAY, "{one:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn health_follows_an_upgrade_to_the_program_that_runs_now() {
    let mut programs = Programs::start().await;
    let lane = Lane::new(programs.world.chain.clone(), programs.world.signer());
    let artifact = arbius_artifacts::get(arbius_artifacts::TOKEN).unwrap();
    let next = program::deploy(&lane, artifact).await.unwrap();
    let token = programs.deployment.token().unwrap();
    let call = arbius_sdk::contracts::IProxy::upgradeToAndCallCall {
        newImplementation: next,
        data: Default::default(),
    };
    lane.execute(arbius_sdk::chain::Call::new(token, &call))
        .await
        .unwrap();
    let nobody = alloy_primitives::Address::repeat_byte(0x99);
    let contracts = &mut programs.deployment.contracts;
    contracts.insert("nothing".to_owned(), nobody);
    let found = programs.health().await;
    let upgraded = found.iter().find(|one| one.address == next).unwrap();
    assert_eq!(upgraded.name, "token-upgraded");
    let missing = found.iter().find(|one| one.address == nobody).unwrap();
    assert_eq!(missing.activation, Activation::Missing);
    assert!(missing.needs_care(0));
    let renewal = keep_alive(&lane, missing, &programs.lifetimes).await;
    assert_eq!(renewal.unwrap(), Renewal::Impossible);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_was_never_activated_is_reported() {
    let devnet = Devnet::builder().spawn().await.unwrap();
    let chain = Chain::connect(&devnet.url()).await.unwrap();
    let signer = Signer::from_key(&devnet.accounts()[0].key).unwrap();
    let lane = Lane::new(chain.clone(), signer);
    let artifact = arbius_artifacts::get(arbius_artifacts::PROXY).unwrap();
    let code = program::code(&lane, artifact).await.unwrap();
    let create = arbius_sdk::chain::Call::create(program::init_code(&code));
    let address = lane.execute(create).await.unwrap().created.unwrap();
    let found = Health::of(&chain, "proxy", address).await.unwrap();
    assert_eq!(found.activation, Activation::NotActivated);
    let plain = devnet.accounts()[1].address;
    devnet.chain().set_code(plain, vec![0x60, 0x00].into());
    let found = Health::of(&chain, "plain", plain).await.unwrap();
    assert_eq!(found.activation, Activation::NotAProgram);
}
