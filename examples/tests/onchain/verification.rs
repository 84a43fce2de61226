//! What a third party finds out about a log, from an endpoint alone.

use alloy_primitives::{Address, B256, U256, keccak256};
use alloy_sol_types::{SolEvent as _, SolValue as _};
use arbius_examples::worklog::{
    IWorklog, Log, Report, Verdict, VerifyError, verify, verify_with_all,
};
use arbius_sdk::{
    chain::{Call, Chain},
    content::cids,
    contracts::TaskStatus,
};
use arbius_testkit::{Actor, requester, view};

use crate::{
    worklog::{HOUR, Office},
    world::{CONTEST, World, answer},
};

impl Office {
    fn log(&self) -> Log {
        Log {
            engine: self.world.chain.engine(),
            worklog: self.contract,
            id: self.id,
        }
    }

    /// Verifies through a connection of its own, as a stranger does.
    async fn verify(
        &self,
        log: Log,
        first: Option<u64>,
        last: Option<u64>,
    ) -> Result<Report, VerifyError> {
        let chain = Chain::connect(&self.world.chain.devnet().url())
            .await
            .unwrap();
        verify(&chain, log, first, last).await
    }

    /// What each hour has, with the task that is expected there.
    async fn verdicts(&self) -> Vec<Verdict> {
        let report = self.verify(self.log(), None, None).await.unwrap();
        assert_eq!(report.agent, self.world.bob.address);
        assert_eq!((report.model, report.length), (self.world.model, HOUR));
        let periods: Vec<_> = report.entries.iter().map(|entry| entry.period).collect();
        let count = periods.len() as u64;
        assert_eq!(
            periods,
            (self.first..self.first + count).collect::<Vec<_>>()
        );
        report
            .entries
            .into_iter()
            .map(|entry| entry.verdict)
            .collect()
    }

    fn proven(&self, task: B256) -> Verdict {
        let accounts = &self.world.chain.deployment().accounts;
        Verdict::Proven {
            task,
            // The first miner.
            solver: accounts[4].address,
            cid: cids::from_digest(answer(task).0),
        }
    }

    /// Where the contract stores the entry of the first hour, which is `task`.
    fn slot_of(&self, task: B256) -> U256 {
        // `logs` is the contract's fourth word, `tasks` the fourth of a log.
        let log = keccak256((self.id, U256::from(3)).abi_encode());
        let tasks = U256::from_be_bytes(log.0) + U256::from(3);
        let slot = keccak256((U256::from(self.first), tasks).abi_encode()).into();
        let stored = self
            .world
            .chain
            .devnet()
            .chain()
            .storage(self.contract, slot);
        assert_eq!(stored, U256::from_be_bytes(task.0));
        slot
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_hour_has_a_final_result_or_is_seen_to_lack_one() {
    let office = Office::new().await;
    let kept = office.solved().await;
    office.next_hour();
    let lost = office.solved().await;
    office.world.contest(lost).await;
    office.world.reject(lost).await;
    office.next_hour();
    let waiting = office.record().await;
    office.next_hour();
    let now = office.world.now() / u64::from(HOUR);

    let mut expected = vec![Verdict::Missing; (now - office.first) as usize];
    expected[0] = office.proven(kept);
    expected[1] = Verdict::Failed {
        task: lost,
        status: TaskStatus::Rejected,
    };
    *expected.last_mut().unwrap() = Verdict::Pending {
        task: waiting,
        status: TaskStatus::Open,
    };
    assert!(expected.contains(&Verdict::Missing), "a gap is among them");
    assert_eq!(office.verdicts().await, expected);

    // What is not over is not asked for, and what is pending may become final.
    office.world.solve(waiting).await;
    office.world.pass(CONTEST);
    *expected.last_mut().unwrap() = office.proven(waiting);
    assert_eq!(office.verdicts().await[..expected.len()], expected);

    // A gap cannot be filled later: whatever is recorded is of this hour.
    let late = office.record().await;
    let verdicts = office.verdicts().await;
    assert_eq!(verdicts[..expected.len()], expected);
    office.next_hour();
    let Verdict::Pending { task, .. } = office.verdicts().await.pop().unwrap() else {
        panic!("it is in the last hour")
    };
    assert_eq!(task, late);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_without_gaps_is_complete() {
    let office = Office::new().await;
    for _ in 0..3 {
        office.solved().await;
        office.next_hour();
    }
    let report = office.verify(office.log(), None, None).await.unwrap();
    assert_eq!((report.proven(), report.entries.len()), (3, 3));
    assert!(report.is_complete());
    let lines = report.to_string();
    let lines: Vec<_> = lines.lines().collect();
    assert_eq!(lines.len(), 4, "a heading and three hours: {lines:?}");
    assert!(lines[0].contains(&office.world.bob.address.to_string()));
    let second = &report.entries[1];
    let Verdict::Proven { task, cid, .. } = &second.verdict else {
        panic!("{:?}", second.verdict)
    };
    let start = "2027-01-15T09:00:00Z";
    assert_eq!(lines[2], format!("{start}  proven  {task}  {cid}"));
    // The hour that runs has none yet.
    let now = Some(office.first + 3);
    let report = office.verify(office.log(), None, now).await.unwrap();
    assert_eq!((report.proven(), report.is_complete()), (3, false));
    // Part of it.
    let second = Some(office.first + 1);
    let report = office.verify(office.log(), second, second).await.unwrap();
    assert_eq!((report.proven(), report.entries.len()), (1, 1));
    // Years of nothing, in pages.
    let far = Some(office.first + 2_999);
    let report = office.verify(office.log(), None, far).await.unwrap();
    assert_eq!((report.proven(), report.entries.len()), (3, 3_000));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_log_of_the_trusted_engine_proves_nothing() {
    let office = Office::new().await;
    let log = office.log();
    let chain = &office.world.chain;
    let error = office.verify(log, None, None).await.unwrap_err();
    assert!(matches!(error, VerifyError::NothingYet { .. }), "{error}");
    office.next_hour();

    // A contract that answers alike and is another: here one that is no log at all.
    let other = requester::deploy(office.world.lane(), chain.engine())
        .await
        .unwrap();
    for worklog in [other, Address::repeat_byte(3)] {
        let error = office.verify(Log { worklog, ..log }, None, None).await;
        assert!(
            matches!(error, Err(VerifyError::OtherProgram { address }) if address == worklog),
            "{error:?}"
        );
    }
    let engine = other;
    let error = office.verify(Log { engine, ..log }, None, None).await;
    assert!(
        matches!(error, Err(VerifyError::OtherEngine { found, .. }) if found == log.engine),
        "{error:?}"
    );
    let id = U256::from(2);
    let error = office.verify(Log { id, ..log }, None, None).await;
    assert!(matches!(error, Err(VerifyError::NoLog { .. })), "{error:?}");
    let error = office.verify(log, Some(0), Some(u64::MAX)).await;
    assert!(
        matches!(error, Err(VerifyError::TooMany { periods: u64::MAX })),
        "{error:?}"
    );
    // The end of time does not run over.
    let end = Some(u64::MAX);
    let report = office.verify(log, end, end).await.unwrap();
    assert_eq!(report.entries[0].verdict, Verdict::Missing);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_that_tells_of_another_task_is_contradicted_by_the_engines_own_books() {
    let office = Office::new().await;
    let task = office.solved().await;
    office.next_hour();
    // What such an endpoint says, by a chain on which the contract's storage was changed.
    let chain = office.world.chain.devnet().chain();
    let slot = office.slot_of(task);
    let other = office.world.solved(&office.world.ann, "another's").await;
    chain.set_storage(office.contract, slot, U256::from_be_bytes(other.0));
    let verdicts = office.verdicts().await;
    assert_eq!(
        verdicts[0],
        Verdict::Contradicted {
            task: other,
            what: "the task is another's"
        }
    );
}

/// Init code that fills its contract's storage, emits events without data, and leaves code
/// there: what a forger creates a contract with.
fn init_code(storage: &[(U256, U256)], events: &[[B256; 4]], code: &[u8]) -> Vec<u8> {
    const PUSH1: u8 = 0x60;
    const PUSH3: u8 = 0x62;
    const PUSH32: u8 = 0x7f;
    const CODECOPY: u8 = 0x39;
    const SSTORE: u8 = 0x55;
    const LOG4: u8 = 0xa4;
    const RETURN: u8 = 0xf3;
    let mut init = Vec::new();
    for (slot, value) in storage {
        init.push(PUSH32);
        init.extend(value.to_be_bytes::<32>());
        init.push(PUSH32);
        init.extend(slot.to_be_bytes::<32>());
        init.push(SSTORE);
    }
    for event in events {
        for topic in event.iter().rev() {
            init.push(PUSH32);
            init.extend(topic);
        }
        init.extend([PUSH1, 0, PUSH1, 0, LOG4]);
    }
    let size = u32::try_from(code.len()).unwrap().to_be_bytes();
    // What follows takes 18 bytes itself.
    let start = u32::try_from(init.len() + 18).unwrap().to_be_bytes();
    init.push(PUSH3);
    init.extend(&size[1..]);
    init.push(PUSH3);
    init.extend(&start[1..]);
    init.extend([PUSH1, 0, CODECOPY, PUSH3]);
    init.extend(&size[1..]);
    init.extend([PUSH1, 0, RETURN]);
    init.extend(code);
    init
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_made_up_afterwards_proves_nothing_although_the_program_is_the_right_one() {
    let office = Office::new().await;
    let real = office.solved().await;
    // Bob tries twice more in the same hour, past the contract, and keeps what he likes best.
    let World { bob, chain, .. } = &office.world;
    office.world.solved(bob, "one try").await;
    let best = office.world.solved(bob, "a better one").await;

    // He creates contracts with the books of the real one, but for that entry.
    let books = chain.devnet().chain();
    let log = U256::from_be_bytes(keccak256((office.id, U256::from(3)).abi_encode()).0);
    let slots = (0..3)
        .map(U256::from)
        .chain((0..3).map(|n| log + U256::from(n)));
    let mut storage: Vec<_> = slots
        .map(|slot| (slot, books.storage(office.contract, slot)))
        .collect();
    storage.push((office.slot_of(real), U256::from_be_bytes(best.0)));
    let code = books.code(office.contract);
    let recorded = IWorklog::Recorded {
        id: office.id,
        period: office.first,
        task: best,
    };
    let event = recorded.encode_topics_array::<4>().map(|topic| topic.0);
    let lane = chain.lane(Actor::Miner(3)).unwrap();
    let forge = async |announced: usize| {
        let create = Call::create(init_code(&storage, &vec![event; announced], &code).into());
        lane.execute(create).await.unwrap().created.unwrap()
    };
    let within_the_hour = [
        (forge(1).await, "the contract did not submit the task"),
        (forge(2).await, "the contract announced several tasks"),
    ];
    office.next_hour();
    let never = "the contract never announced the task";
    let afterwards = [(forge(0).await, never), (forge(1).await, never)];

    assert_eq!(office.verdicts().await, [office.proven(real)]);
    for (worklog, what) in within_the_hour.into_iter().chain(afterwards) {
        // It answers as the real one does.
        let forged = IWorklog::new(worklog, bob.provider.clone());
        assert_eq!(view!(forged.taskAt(office.id, office.first)), best);
        let log = Log {
            worklog,
            ..office.log()
        };
        let report = office.verify(log, None, None).await.unwrap();
        let [entry] = &report.entries[..] else {
            panic!("{report}")
        };
        assert_eq!(entry.verdict, Verdict::Contradicted { task: best, what });
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_that_leaves_out_or_swaps_an_entry_is_contradicted_by_what_was_announced() {
    let office = Office::new().await;
    let World {
        bob, model, chain, ..
    } = &office.world;
    let task = office.solved().await;
    let other = office.world.task(bob, *model, "another of Bob's").await;
    office.next_hour();
    let late = office.world.task(bob, *model, "one of the next hour").await;
    let chain = chain.devnet().chain();
    let slot = office.slot_of(task);
    for (listed, expected) in [
        (
            B256::ZERO,
            Verdict::Contradicted {
                task,
                what: "the contract announced the task and does not list it",
            },
        ),
        (
            other,
            Verdict::Contradicted {
                task: other,
                what: "the contract announced another task",
            },
        ),
        (
            late,
            Verdict::Contradicted {
                task: late,
                what: "the task was submitted in another period",
            },
        ),
    ] {
        chain.set_storage(office.contract, slot, U256::from_be_bytes(listed.0));
        assert_eq!(office.verdicts().await[0], expected);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_that_does_not_answer_is_named() {
    let office = Office::new().await;
    let chain = Chain::connect(&office.world.chain.devnet().url())
        .await
        .unwrap();
    let log = office.log();
    drop(office);
    let error = verify(&chain, log, None, None).await.unwrap_err();
    assert!(matches!(error, VerifyError::Chain(_)), "{error:?}");
    assert!(error.to_string().contains("127.0.0.1"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn endpoints_that_differ_prove_nothing() {
    // Two chains on which everything lies at the same addresses; on one of them Bob worked.
    let (honest, other) = (Office::new().await, Office::new().await);
    honest.solved().await;
    for office in [&honest, &other] {
        office.next_hour();
    }
    let log = honest.log();
    assert_eq!(log, other.log());
    let url = |office: &Office| office.world.chain.devnet().url();
    let same = [url(&honest), url(&honest)];
    let report = verify_with_all(&same, log, None, None).await.unwrap();
    assert!(report.is_complete());
    let differ = [url(&honest), url(&other)];
    let error = verify_with_all(&differ, log, None, None).await;
    assert!(
        matches!(&error, Err(VerifyError::Disagreement { endpoint }) if *endpoint == differ[1]),
        "{error:?}"
    );
    let error = verify_with_all(&[], log, None, None).await;
    assert!(matches!(error, Err(VerifyError::NoEndpoint)), "{error:?}");
}
