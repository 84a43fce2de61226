//! The timelock by itself: roles, delays, batches, predecessors, identifiers.

use alloy::providers::DynProvider;
use alloy_primitives::{Address, B256, Bytes, U256, address, hex};
use alloy_sol_types::SolCall;
use arbius_protocol::governance::{
    Action, CANCELLER_ROLE, EXECUTOR_ROLE, PROPOSER_ROLE, call_id, operation_id,
};
use arbius_sdk::contracts::{ITimelock, IToken};

use crate::world::{Person, World, aius, event, events, refused, send, view};

const DELAY: u64 = 3_600;

/// A timelock of its own, whose proposer, canceller and executor is the founder.
struct Own<'a> {
    world: &'a World,
    address: Address,
    timelock: ITimelock::ITimelockInstance<DynProvider>,
}

impl<'a> Own<'a> {
    async fn new(world: &'a World) -> Self {
        let founder = &world.founder;
        let init = ITimelock::initializeCall {
            minDelay: U256::from(DELAY),
            proposers: vec![founder.address],
            executors: vec![founder.address],
            admin: founder.address,
        };
        let proxy =
            crate::world::proxy(&world.chain, "timelock", founder.address, init.abi_encode());
        let address = proxy.await;
        Self {
            world,
            address,
            timelock: ITimelock::new(address, founder.token.provider().clone()),
        }
    }

    fn founder(&self) -> &Person {
        &self.world.founder
    }

    /// As another person sees it.
    fn of(&self, person: &Person) -> ITimelock::ITimelockInstance<DynProvider> {
        ITimelock::new(self.address, person.token.provider().clone())
    }

    async fn state(&self, id: B256) -> u8 {
        view!(self.timelock.getOperationState(id)) as u8
    }
}

/// A call that the founder's timelock can make: it sends the founder its own tokens.
fn payment(world: &World) -> (Address, Bytes) {
    let call = IToken::approveCall {
        spender: world.silent.address,
        value: aius(1),
    };
    (world.chain.token(), call.abi_encode().into())
}

type Unexpected = ITimelock::TimelockUnexpectedOperationState;
type Unauthorized = ITimelock::AccessControlUnauthorizedAccount;

#[tokio::test(flavor = "multi_thread")]
async fn one_call_waits_is_made_and_never_again() {
    let world = World::new().await;
    let own = Own::new(&world).await;
    let (timelock, founder) = (&own.timelock, own.founder());
    let (target, data) = payment(&world);
    let (none, salt, delay) = (B256::ZERO, B256::repeat_byte(9), U256::from(DELAY));
    let action = Action {
        target,
        value: U256::ZERO,
        signature: b"",
        data: &data,
    };
    let id = call_id(&action, none, salt);
    let hash = timelock.hashOperation(target, U256::ZERO, data.clone(), none, salt);
    assert_eq!(view!(hash), id);
    let schedule = |delay| timelock.schedule(target, U256::ZERO, data.clone(), none, salt, delay);
    let execute = || timelock.execute(target, U256::ZERO, data.clone(), none, salt);
    let flags = || async {
        [
            view!(timelock.isOperation(id)),
            view!(timelock.isOperationPending(id)),
            view!(timelock.isOperationReady(id)),
            view!(timelock.isOperationDone(id)),
        ]
    };
    assert_eq!((flags().await, own.state(id).await), ([false; 4], 0));
    let error = refused!(founder, Unexpected, execute());
    assert_eq!(
        (error.operationId, error.expectedStates),
        (id, B256::with_last_byte(4))
    );
    let short = schedule(U256::from(DELAY - 1));
    let error = refused!(founder, ITimelock::TimelockInsufficientDelay, short);
    assert_eq!(
        (error.delay, error.minDelay),
        (U256::from(DELAY - 1), delay)
    );

    let receipt = send!(schedule(delay));
    let expected = ITimelock::CallScheduled {
        id,
        index: U256::ZERO,
        target,
        value: U256::ZERO,
        data: data.clone(),
        predecessor: none,
        delay,
    };
    assert_eq!(event::<ITimelock::CallScheduled>(&receipt), expected);
    assert_eq!(event::<ITimelock::CallSalt>(&receipt).salt, salt);
    assert_eq!(
        view!(timelock.getTimestamp(id)),
        U256::from(world.now() + DELAY)
    );
    assert_eq!(
        (flags().await, own.state(id).await),
        ([true, true, false, false], 1)
    );
    let error = refused!(founder, Unexpected, schedule(delay));
    assert_eq!(error.expectedStates, B256::with_last_byte(1));
    world.pass(DELAY - 1);
    refused!(founder, Unexpected, execute());
    world.pass(1);
    assert_eq!(
        (flags().await, own.state(id).await),
        ([true, true, true, false], 2)
    );

    let receipt = send!(execute());
    let expected = ITimelock::CallExecuted {
        id,
        index: U256::ZERO,
        target,
        value: U256::ZERO,
        data: data.clone(),
    };
    assert_eq!(event::<ITimelock::CallExecuted>(&receipt), expected);
    assert_eq!(
        (flags().await, own.state(id).await),
        ([true, false, false, true], 3)
    );
    assert_eq!(view!(timelock.getTimestamp(id)), U256::from(1));
    let allowance = founder.token.allowance(own.address, world.silent.address);
    assert_eq!(view!(allowance), aius(1));
    // Done for good: neither made, nor scheduled, nor canceled again.
    refused!(founder, Unexpected, execute());
    refused!(founder, Unexpected, schedule(delay));
    refused!(founder, Unexpected, timelock.cancel(id));
    // Under another salt it is another operation; and one that was canceled may come again.
    let other = B256::repeat_byte(8);
    let again = || timelock.schedule(target, U256::ZERO, data.clone(), none, other, delay);
    send!(again());
    let id = call_id(&action, none, other);
    send!(timelock.cancel(id));
    assert_eq!(own.state(id).await, 0);
    send!(again());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_is_made_whole_or_not_at_all_and_after_its_predecessor() {
    let world = World::new().await;
    let own = Own::new(&world).await;
    let (timelock, founder) = (&own.timelock, own.founder());
    let receiver = Address::repeat_byte(0x5e);
    let (none, salt, delay) = (B256::ZERO, B256::ZERO, U256::from(DELAY));
    let (token, data) = payment(&world);
    let targets = vec![token, receiver];
    let values = vec![U256::ZERO, U256::from(5)];
    let payloads = vec![data.clone(), Bytes::new()];
    let actions: Vec<Action<'_>> = (0..2)
        .map(|i| Action {
            target: targets[i],
            value: values[i],
            signature: b"",
            data: &payloads[i],
        })
        .collect();
    let id = operation_id(&actions, none, salt);
    let hash = timelock.hashOperationBatch(
        targets.clone(),
        values.clone(),
        payloads.clone(),
        none,
        salt,
    );
    assert_eq!(view!(hash), id);
    let schedule = |predecessor| {
        timelock.scheduleBatch(
            targets.clone(),
            values.clone(),
            payloads.clone(),
            predecessor,
            salt,
            delay,
        )
    };
    let execute = |predecessor| {
        timelock.executeBatch(
            targets.clone(),
            values.clone(),
            payloads.clone(),
            predecessor,
            salt,
        )
    };
    let receipt = send!(schedule(none));
    let scheduled = events::<ITimelock::CallScheduled>(&receipt);
    let indices: Vec<U256> = scheduled.iter().map(|call| call.index).collect();
    assert_eq!(indices, [U256::ZERO, U256::from(1)]);
    assert_eq!(events::<ITimelock::CallSalt>(&receipt).len(), 0);
    send!(schedule(id));
    world.pass(DELAY);
    let error = refused!(
        founder,
        ITimelock::TimelockUnexecutedPredecessor,
        execute(id)
    );
    assert_eq!(error.predecessorId, id);
    // The second call has no ether to send yet, so the first is undone as well.
    refused!(founder, ITimelock::FailedCall, execute(none));
    world
        .send_ether(&world.silent, own.address, 4)
        .await
        .unwrap();
    let receipt = send!(execute(none).value(U256::from(1)));
    assert_eq!(events::<ITimelock::CallExecuted>(&receipt).len(), 2);
    assert_eq!(world.ether(receiver).await, U256::from(5));
    assert_eq!(world.ether(own.address).await, U256::ZERO);
    send!(execute(id).value(U256::from(5)));
    // Lists of unequal length are no batch.
    let uneven = timelock.scheduleBatch(
        targets.clone(),
        values[..1].to_vec(),
        payloads.clone(),
        none,
        salt,
        delay,
    );
    let error = refused!(founder, ITimelock::TimelockInvalidOperationLength, uneven);
    assert_eq!(
        (error.targets, error.values),
        (U256::from(2), U256::from(1))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn roles_are_given_by_administrators_and_given_up_by_oneself() {
    let world = World::new().await;
    let own = Own::new(&world).await;
    let (timelock, founder, other) = (&own.timelock, own.founder(), &world.silent);
    let theirs = own.of(other);
    for role in [PROPOSER_ROLE, EXECUTOR_ROLE, CANCELLER_ROLE, B256::ZERO] {
        let error = refused!(other, Unauthorized, theirs.grantRole(role, other.address));
        assert_eq!(
            (error.account, error.neededRole),
            (other.address, B256::ZERO)
        );
        refused!(
            other,
            Unauthorized,
            theirs.revokeRole(role, founder.address)
        );
        type Bad = ITimelock::AccessControlBadConfirmation;
        refused!(other, Bad, theirs.renounceRole(role, founder.address));
    }
    let receipt = send!(timelock.grantRole(CANCELLER_ROLE, other.address));
    let expected = ITimelock::RoleGranted {
        role: CANCELLER_ROLE,
        account: other.address,
        sender: founder.address,
    };
    assert_eq!(event::<ITimelock::RoleGranted>(&receipt), expected);
    // What changes nothing is not told.
    let receipt = send!(timelock.grantRole(CANCELLER_ROLE, other.address));
    assert_eq!(events::<ITimelock::RoleGranted>(&receipt).len(), 0);
    let receipt = send!(timelock.revokeRole(PROPOSER_ROLE, other.address));
    assert_eq!(events::<ITimelock::RoleRevoked>(&receipt).len(), 0);

    // Each role does its own alone.
    let (target, data) = payment(&world);
    let (none, delay) = (B256::ZERO, U256::from(DELAY));
    send!(timelock.schedule(target, U256::ZERO, data.clone(), none, none, delay));
    let schedule = theirs.schedule(
        target,
        U256::ZERO,
        data.clone(),
        none,
        B256::repeat_byte(1),
        delay,
    );
    let error = refused!(other, Unauthorized, schedule);
    assert_eq!(error.neededRole, PROPOSER_ROLE);
    world.pass(DELAY);
    let error = refused!(
        other,
        Unauthorized,
        theirs.execute(target, U256::ZERO, data.clone(), none, none)
    );
    assert_eq!(error.neededRole, EXECUTOR_ROLE);
    let action = Action {
        target,
        value: U256::ZERO,
        signature: b"",
        data: &data,
    };
    send!(theirs.cancel(call_id(&action, none, none)));
    // The role of everybody is the zero address's.
    send!(timelock.schedule(target, U256::ZERO, data.clone(), none, none, delay));
    world.pass(DELAY);
    send!(timelock.grantRole(EXECUTOR_ROLE, Address::ZERO));
    send!(theirs.execute(target, U256::ZERO, data, none, none));

    let receipt = send!(theirs.renounceRole(CANCELLER_ROLE, other.address));
    assert_eq!(
        event::<ITimelock::RoleRevoked>(&receipt).sender,
        other.address
    );
    assert!(!view!(timelock.hasRole(CANCELLER_ROLE, other.address)));
    send!(timelock.renounceRole(B256::ZERO, founder.address));
    refused!(
        founder,
        Unauthorized,
        timelock.grantRole(PROPOSER_ROLE, other.address)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_treasury_takes_whatever_it_is_sent() {
    let world = World::new().await;
    let timelock = &world.silent.timelock;
    world
        .send_ether(&world.silent, world.timelock, 5)
        .await
        .unwrap();
    assert_eq!(world.ether(world.timelock).await, U256::from(5));
    let (from, one, none) = (world.silent.address, U256::from(1), Bytes::new());
    let answer = view!(timelock.onERC721Received(from, from, one, none.clone()));
    assert_eq!(answer.0, hex!("150b7a02"));
    let answer = view!(timelock.onERC1155Received(from, from, one, one, none.clone()));
    assert_eq!(answer.0, hex!("f23a6e61"));
    let answer = view!(timelock.onERC1155BatchReceived(from, from, vec![], vec![], none));
    assert_eq!(answer.0, hex!("bc197c81"));
    // But no function that is not for value.
    let call = timelock.getMinDelay().calldata().clone();
    let with_value = world
        .call_with(&world.silent, world.timelock, call, 1)
        .await;
    let error = with_value.unwrap_err();
    assert!(
        error.as_decoded_error::<ITimelock::NotPayable>().is_some(),
        "{error}"
    );
    let unknown = world
        .call(&world.silent, world.timelock, vec![1, 2, 3, 4].into())
        .await;
    let error = unknown.unwrap_err();
    assert!(
        error
            .as_decoded_error::<ITimelock::UnknownFunction>()
            .is_some(),
        "{error}"
    );
}

/// A contract that reverts with a text.
const ANGRY: Address = address!("00000000000000000000000000000000000a1193");

#[tokio::test(flavor = "multi_thread")]
async fn what_a_call_reverts_with_is_handed_on() {
    let world = World::new().await;
    let own = Own::new(&world).await;
    let timelock = &own.timelock;
    // mstore(0, 0x08c379a0…) of `Error("no")`: a selector, an offset, a length, a text.
    let mut code = hex!("6064600c5f3960645ffd0000").to_vec();
    let revert = [
        &hex!("08c379a0")[..],
        &U256::from(32).to_be_bytes::<32>(),
        &U256::from(2).to_be_bytes::<32>(),
        b"no",
        &[0; 30],
    ]
    .concat();
    code.extend(&revert);
    world.chain.devnet().chain().set_code(ANGRY, code.into());
    let (none, delay) = (B256::ZERO, U256::from(DELAY));
    send!(timelock.schedule(ANGRY, U256::ZERO, Bytes::new(), none, none, delay));
    world.pass(DELAY);
    let execute = timelock.execute(ANGRY, U256::ZERO, Bytes::new(), none, none);
    let error = world
        .call(own.founder(), own.address, execute.calldata().clone())
        .await
        .unwrap_err();
    assert_eq!(error.as_revert_data().unwrap().to_vec(), revert);
}
