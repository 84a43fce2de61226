//! One of several endpoints lies: nobody is accused for it, nothing is conceded, and nothing
//! is revealed that was not asked for.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering},
};

use alloy_primitives::{Address, B256, LogData, U256, hex};
use alloy_sol_types::{SolCall, SolEvent};
use arbius_sdk::{
    contracts::IEngine,
    inference::Solver,
    miner::{Finding, Miner, Settings, Stage, State},
};
use serde_json::{Value, json};

use crate::{
    faulty::{Faulty, Switch},
    hostile::{Hostile, Mode},
    world::{World, all_over, answer, case_at, noted, reached, settings, until, watching},
};

/// How often somebody lied.
#[derive(Clone, Default)]
struct Lies(Arc<AtomicUsize>);

impl Lies {
    fn told(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }

    fn tell(&self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// A miner that is given three endpoints, the first of which lies.
async fn lied_to(world: &World, number: usize, liar: &Hostile) -> Miner {
    let mut deployment = world.chain.deployment().clone();
    let devnet = world.chain.devnet();
    deployment.rpc = liar.url();
    deployment.fallbacks = vec![Hostile::before(devnet).await.url(), devnet.url()];
    world.miner(number).deployment(deployment)
}

/// Changes the events that an endpoint tells of.
fn changes_events(
    liar: &Hostile,
    change: impl Fn(&mut Vec<Value>) + Send + Sync + 'static,
) -> Lies {
    let lies = Lies::default();
    let lied = lies.clone();
    liar.lies(move |method, params, ask| {
        let mut answer = ask(params);
        if method == "eth_getLogs"
            && let Some(events) = answer["result"].as_array_mut()
        {
            let before = events.clone();
            change(events);
            if *events != before {
                lied.tell();
            }
        }
        answer
    });
    lies
}

fn is<E: SolEvent>(event: &Value) -> bool {
    event["topics"][0] == json!(E::SIGNATURE_HASH)
}

/// Adds an event to the transaction of another, behind all that is there.
fn add(events: &mut Vec<Value>, beside: &Value, forged: &LogData) {
    let mut event = beside.clone();
    event["topics"] = json!(forged.topics());
    event["data"] = json!(forged.data);
    let block = &beside["blockNumber"];
    let behind = |event: &Value| event["blockNumber"] == *block;
    let at = events.iter().rposition(behind).unwrap() + 1;
    event["logIndex"] = json!(format!("{:#x}", 0x1000 + events.len()));
    events.insert(at, event);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_solution_that_one_endpoint_misreports_gets_nobody_accused() {
    let world = World::new().await;
    let liar = Hostile::before(world.chain.devnet()).await;
    let watcher = lied_to(&world, 0, &liar).await.settings(watching());
    let watcher = watcher.spawn().await.unwrap();
    let lies = Lies::default();
    let lied = lies.clone();
    liar.lies(move |method, params, ask| {
        let mut answer = ask(params);
        let result = answer["result"].as_str().unwrap_or_default();
        // The CIDs in an answer; the solution's comes last.
        if method == "eth_call"
            && let Some(cid) = result.rfind("00221220")
        {
            let mut lie = result.to_owned();
            let at = cid + 20;
            let other = if result.as_bytes()[at] == b'0' {
                "1"
            } else {
                "0"
            };
            lie.replace_range(at..=at, other);
            lied.tell();
            answer["result"] = lie.into();
        }
        answer
    });
    let honest = world.validator(3).await;
    world.grow_up();
    let asked = world.ask("two").await;
    answer(&honest, &asked).await;
    let case = case_at(&watcher, asked.task, Stage::Agreed).await;
    assert_eq!(case.finding, Some(Finding::Right));
    assert!(lies.told() > 0, "it was asked, and lied");
    assert_eq!(world.contestation(asked.task).await, None);
    watcher.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_solution_that_one_endpoint_invents_ends_no_job() {
    let world = World::new().await;
    let liar = Hostile::before(world.chain.devnet()).await;
    // With every task, a solution of that one and of all before it.
    let (inventing, known) = (Switch::default(), Mutex::<Vec<B256>>::default());
    let invents = inventing.clone();
    let lies = changes_events(&liar, move |events| {
        let submitted = events
            .clone()
            .into_iter()
            .filter(is::<IEngine::TaskSubmitted>);
        for event in submitted {
            let mut known = known.lock().unwrap();
            known.push(serde_json::from_value(event["topics"][1].clone()).unwrap());
            for task in known.iter().filter(|_| invents.is_on()) {
                let forged = IEngine::SolutionSubmitted {
                    addr: Address::repeat_byte(0x66),
                    task: *task,
                };
                add(events, &event, &forged.encode_log_data());
            }
        }
    });
    let machine = Arc::new(Faulty::default());
    let solver: Arc<dyn Solver> = machine.clone();
    let miner = lied_to(&world, 0, &liar).await.settings(settings());
    let miner = miner.solver(solver).spawn().await.unwrap();
    machine.hangs.on();
    let before = machine.runs.load(Ordering::SeqCst);
    let first = world.ask("one").await;
    until("it is being computed", async || {
        machine.runs.load(Ordering::SeqCst) > before
    })
    .await;
    inventing.on();
    let second = world.ask("two").await;
    reached(&miner, second.task, State::Seen).await;
    assert!(lies.told() > 0, "it was asked, and lied");
    machine.hangs.off();
    for asked in [first, second] {
        reached(&miner, asked.task, State::Revealed).await;
    }
    miner.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_solution_that_one_endpoint_hides_ends_the_job_all_the_same() {
    let world = World::new().await;
    let rival = world.validator(3).await;
    let liar = Hostile::before(world.chain.devnet()).await;
    let machine = Arc::new(Faulty::default());
    let solver: Arc<dyn Solver> = machine.clone();
    let miner = lied_to(&world, 0, &liar).await.settings(settings());
    let miner = miner.solver(solver).spawn().await.unwrap();
    world.grow_up();
    let staked = world.staked(miner.account()).await;
    let lies = Lies::default();
    let (lied, hidden) = (lies.clone(), hex::encode(rival.address()));
    liar.lies(move |method, params, ask| {
        let mut answer = ask(params);
        match method {
            "eth_getLogs" => {
                if let Some(events) = answer["result"].as_array_mut() {
                    events.retain(|event| !is::<IEngine::SolutionSubmitted>(event));
                }
            }
            "eth_call" => {
                let result = answer["result"].as_str().unwrap_or_default();
                if result.contains(&hidden) {
                    lied.tell();
                    let lie = result.replace(&hidden, &hex::encode(Address::ZERO));
                    answer["result"] = lie.into();
                }
            }
            _ => {}
        }
        answer
    });
    machine.hangs.on();
    let asked = world.ask("one").await;
    reached(&miner, asked.task, State::Planned).await;
    answer(&rival, &asked).await;
    machine.hangs.off();
    let job = reached(&miner, asked.task, State::Lost).await;
    assert_eq!(job.winner, Some(rival.address()));
    assert!(lies.told() > 0, "it was asked, and lied");
    assert_eq!(world.contestation(asked.task).await, None);
    assert_eq!(world.staked(miner.account()).await, staked);
    miner.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_contestation_that_one_endpoint_invents_is_not_voted_on() {
    let world = World::new().await;
    let liar = Hostile::before(world.chain.devnet()).await;
    let lies = changes_events(&liar, |events| {
        let solved = events
            .clone()
            .into_iter()
            .filter(is::<IEngine::SolutionSubmitted>);
        for event in solved {
            let forged = IEngine::ContestationSubmitted {
                addr: Address::repeat_byte(0x66),
                task: serde_json::from_value(event["topics"][2].clone()).unwrap(),
            };
            add(events, &event, &forged.encode_log_data());
        }
    });
    let solver = lied_to(&world, 0, &liar).await.settings(settings());
    let solver = solver.spawn().await.unwrap();
    let watcher = lied_to(&world, 1, &liar).await.settings(watching());
    let watcher = watcher.spawn().await.unwrap();
    world.grow_up();
    let sent = world.nonce(watcher.account()).await;
    let asked = world.ask("one").await;
    for miner in [&solver, &watcher] {
        let case = case_at(miner, asked.task, Stage::Abstained).await;
        assert!(case.note.unwrap().contains("gone from the chain"));
    }
    assert!(lies.told() > 0, "it was asked, and lied");
    assert_eq!(world.contestation(asked.task).await, None);
    assert_eq!(world.nonce(watcher.account()).await, sent);
    world.past_contest();
    all_over(&solver, 1).await;
    assert_eq!(solver.tally().unwrap().of(State::Claimed), 1);
    for miner in [solver, watcher] {
        miner.stop().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_that_one_endpoint_hides_keeps_nobody_from_the_next() {
    let world = World::new().await;
    let liar = Hostile::before(world.chain.devnet()).await;
    let hiding = Switch::default();
    let hides = hiding.clone();
    let lies = changes_events(&liar, move |events| {
        if hides.is_on() {
            events.retain(|event| {
                !is::<IEngine::TaskSubmitted>(event) && !is::<IEngine::TaskInput>(event)
            });
        }
    });
    let miner = lied_to(&world, 0, &liar).await.settings(settings());
    let miner = miner.spawn().await.unwrap();
    let first = world.ask("one").await;
    reached(&miner, first.task, State::Seen).await;
    hiding.on();
    world.ask("two").await;
    // What an endpoint shows within four blocks is read after all.
    until("it is read, and hidden", async || lies.told() > 0).await;
    // A read ends when the next begins: the second is of blocks behind those alone.
    for _ in 0..3 {
        let before = liar.asked("eth_getLogs");
        world.chain.devnet().chain().mine_many(8, 1).unwrap();
        until("it reads on", async || liar.asked("eth_getLogs") > before).await;
    }
    hiding.off();
    let third = world.ask("three").await;
    let job = reached(&miner, third.task, State::Revealed).await;
    // Its id proves nothing without the task before: two endpoints were asked.
    assert!(job.proved, "{job:#?}");
    assert_eq!(miner.jobs().unwrap().len(), 2);
    miner.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_input_that_one_endpoint_changes_is_answered_by_nobody() {
    let world = World::new().await;
    for others in [true, false] {
        let liar = Hostile::before(world.chain.devnet()).await;
        let lies = changes_events(&liar, |events| {
            for event in events
                .iter_mut()
                .filter(|event| is::<IEngine::TaskInput>(event))
            {
                let told = event["data"].as_str().unwrap();
                let lie = told.replace(&hex::encode("five"), &hex::encode("four"));
                event["data"] = lie.into();
            }
        });
        let mut deployment = world.chain.deployment().clone();
        deployment.rpc = liar.url();
        let alone = world.miner(0).deployment(deployment);
        let miner = match others {
            true => lied_to(&world, 0, &liar).await,
            false => alone,
        };
        let solving = Settings {
            roles: "solve".parse().unwrap(),
            ..settings()
        };
        let miner = miner.settings(solving).spawn().await.unwrap();
        let sent = world.nonce(miner.account()).await;
        // The first has no task before it that would prove it, the second has.
        for prompt in ["five", "a five"] {
            let asked = world.ask(prompt).await;
            let job = noted(&miner, asked.task, "another task than was submitted").await;
            assert_eq!(job.state, State::Declined);
        }
        assert_eq!(lies.told(), 2);
        assert_eq!(world.nonce(miner.account()).await, sent, "no commitment");
        liar.set(Mode::Honest);
        let asked = world.ask("five").await;
        let job = reached(&miner, asked.task, State::Revealed).await;
        assert!(job.proved, "{job:#?}");
        miner.stop().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_contest_period_that_the_endpoint_makes_endless_delays_the_claim_by_one() {
    let world = World::new().await;
    let liar = Hostile::before(world.chain.devnet()).await;
    let lies = Lies::default();
    let lied = lies.clone();
    liar.lies(move |method, params, ask| {
        let mut answer = ask(params);
        let call = params[0]["input"].as_str().unwrap_or_default();
        if method == "eth_call" && call.contains(&hex::encode(IEngine::contestEndCall::SELECTOR)) {
            answer["result"] = json!(B256::from(U256::from(u64::MAX)));
            lied.tell();
        }
        answer
    });
    let mut deployment = world.chain.deployment().clone();
    deployment.rpc = liar.url();
    let miner = world.miner(0).deployment(deployment);
    let miner = miner.spawn().await.unwrap();
    let asked = world.ask("six").await;
    reached(&miner, asked.task, State::Revealed).await;
    assert!(lies.told() > 0, "it was asked, and lied");
    world.past_contest();
    world.past_contest();
    reached(&miner, asked.task, State::Claimed).await;
    miner.stop().await.unwrap();
}
