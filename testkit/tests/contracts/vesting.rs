//! Vesting accounts as they run: the program behind proxies, beside the token.

use alloy_primitives::{Address, Bytes, U256};
use alloy_sol_types::{SolCall as _, SolError as _};
use arbius_protocol::{
    interfaces::proxy::ProxyConstructor,
    vesting::{DAO, LIQUIDITY, Tranche, YEAR, vested},
};
use arbius_sdk::{
    chain::{Lane, Receipt},
    contracts::{IToken, IVesting, IVotes},
};

use crate::local::{AIUS, Local, constructor_reverted};

/// What the account of these tests holds.
const TOTAL: u128 = 100_000 * AIUS;

/// One tranche, of a length that no test waits for longer.
const SHORT: [Tranche; 1] = [Tranche {
    duration: 1_000,
    weight: 1,
}];

/// A chain with the token and a vesting account on it.
struct World {
    local: Local,
    token: Address,
    program: Address,
    account: Address,
    start: u64,
}

impl World {
    /// The account holds the total for the second account of the chain and starts to vest in
    /// 100 seconds; the first administers it.
    async fn new(revocable: bool, schedule: &[Tranche]) -> Self {
        let local = Local::start().await;
        let token = local.token().await;
        let program = local.program("vesting").await;
        let start = local.now() + 100;
        let beneficiary = local.stranger().address();
        let call = initialize(token, beneficiary, start, revocable, schedule);
        let account = local.proxy_of(program, call.abi_encode()).await;
        let fund = IToken::transferCall {
            to: account,
            value: U256::from(TOTAL),
        };
        local.send(local.admin(), token, &fund).await.unwrap();
        local.devnet.chain().set_block_timestamp_interval(Some(0));
        Self {
            local,
            token,
            program,
            account,
            start,
        }
    }

    fn owner(&self) -> &Lane {
        self.local.admin()
    }

    fn beneficiary(&self) -> &Lane {
        self.local.stranger()
    }

    async fn balance(&self, account: Address) -> u128 {
        let call = IToken::balanceOfCall { account };
        self.local.view(self.token, &call).await.to()
    }

    async fn votes(&self, account: Address) -> u128 {
        let call = IVotes::getVotesCall { account };
        self.local.view(self.token, &call).await.to()
    }

    async fn release(&self) -> Receipt {
        // By somebody who has nothing to do with it.
        let lane = &self.local.lanes[4];
        self.local
            .send(lane, self.account, &IVesting::releaseCall {})
            .await
            .expect("anyone may have it pay")
    }

    fn released(&self, receipt: &Receipt) -> Vec<IVesting::Released> {
        receipt.events(self.account).collect()
    }

    async fn releasable(&self) -> u128 {
        let call = IVesting::releasableCall {};
        self.local.view(self.account, &call).await.to()
    }
}

fn initialize(
    token: Address,
    beneficiary: Address,
    start: u64,
    revocable: bool,
    schedule: &[Tranche],
) -> IVesting::initializeCall {
    IVesting::initializeCall {
        token,
        beneficiary,
        start,
        revocable,
        schedule: declared(schedule),
    }
}

/// A schedule as the interface declares it.
fn declared(schedule: &[Tranche]) -> Vec<IVesting::Tranche> {
    schedule
        .iter()
        .map(|tranche| IVesting::Tranche {
            duration: tranche.duration,
            weight: tranche.weight,
        })
        .collect()
}

#[tokio::test]
async fn says_what_it_was_made_with() {
    let world = World::new(true, &LIQUIDITY).await;
    let (local, account) = (&world.local, world.account);
    let years = 4 * u64::from(YEAR);
    macro_rules! says {
        ($call:ident, $expected:expr) => {
            assert_eq!(local.view(account, &IVesting::$call {}).await, $expected);
        };
    }
    says!(tokenCall, world.token);
    says!(beneficiaryCall, world.beneficiary().address());
    says!(ownerCall, world.owner().address());
    says!(revocableCall, true);
    says!(startCall, world.start);
    says!(durationCall, years);
    says!(endCall, world.start + years);
    says!(scheduleCall, declared(&LIQUIDITY));
    says!(releasedCall, U256::ZERO);
    says!(releasableCall, U256::ZERO);
}

#[tokio::test]
async fn is_made_once_and_only_behind_a_proxy() {
    let world = World::new(false, &SHORT).await;
    let me = world.beneficiary().address();
    let call = initialize(world.token, me, 0, false, &SHORT);
    let lane = world.beneficiary();
    let refused = world.local.refusal(lane, world.account, &call).await;
    assert_eq!(refused, IVesting::InvalidInitialization {}.abi_encode());
    let refused = world.local.refusal(lane, world.program, &call).await;
    assert_eq!(refused, IVesting::NotBehindProxy {}.abi_encode());
}

#[tokio::test]
async fn refuses_to_be_made_badly() {
    let world = World::new(false, &SHORT).await;
    let (local, token) = (&world.local, world.token);
    let me = world.beneficiary().address();
    let made = async |call: IVesting::initializeCall| {
        let arguments = ProxyConstructor {
            implementation: world.program,
            admin: me,
            initData: call.abi_encode().into(),
        };
        constructor_reverted(&local.proxy(&arguments).await.unwrap_err())
    };
    let nobody = Address::repeat_byte(0x77);
    let error = IVesting::InvalidToken { token: nobody }.abi_encode();
    assert_eq!(made(initialize(nobody, me, 0, false, &DAO)).await, error);
    for beneficiary in [Address::ZERO, token] {
        let error = IVesting::InvalidBeneficiary { beneficiary }.abi_encode();
        let call = initialize(token, beneficiary, 0, false, &DAO);
        assert_eq!(made(call).await, error);
    }
    let tranche = |duration, weight| Tranche { duration, weight };
    for schedule in [
        &[][..],
        &[tranche(0, 1)],
        &[tranche(1, 0)],
        &[tranche(1, 1), tranche(1, u32::MAX)],
        &[tranche(1, 1); 5],
    ] {
        let refused = made(initialize(token, me, 0, false, schedule)).await;
        assert_eq!(refused, IVesting::InvalidSchedule {}.abi_encode());
    }
}

#[tokio::test]
async fn pays_to_the_second_what_has_vested() {
    let world = World::new(false, &SHORT).await;
    let (local, beneficiary) = (&world.local, world.beneficiary().address());
    let mut paid = 0;
    for (elapsed, expected) in [
        (-1, 0),
        (0, 0),
        (1, TOTAL / 1_000),
        (2, TOTAL / 1_000 * 2),
        (500, TOTAL / 2),
        (999, TOTAL / 1_000 * 999),
        (1_000, TOTAL),
        (50_000, TOTAL),
    ] {
        local.pass_until(world.start.strict_add_signed(elapsed));
        assert_eq!(world.releasable().await, expected - paid, "{elapsed}");
        let receipt = world.release().await;
        let events = world.released(&receipt);
        if expected == paid {
            assert_eq!(events, [], "{elapsed}");
        } else {
            let amount = U256::from(expected - paid);
            assert_eq!(
                events,
                [IVesting::Released {
                    beneficiary,
                    amount
                }]
            );
        }
        paid = expected;
        assert_eq!(world.balance(beneficiary).await, paid);
        assert_eq!(world.balance(world.account).await, TOTAL - paid);
        let released = local.view(world.account, &IVesting::releasedCall {}).await;
        assert_eq!(released, U256::from(paid));
        assert_eq!(world.releasable().await, 0);
    }
}

#[tokio::test]
async fn vests_by_yearly_amounts() {
    let world = World::new(true, &LIQUIDITY).await;
    let year = u64::from(YEAR);
    for elapsed in [0, 1, year / 2, year, year + 1, 2 * year, 3 * year, 5 * year] {
        let timestamp = world.start + elapsed;
        let call = IVesting::vestedAmountCall { timestamp };
        let said: u128 = world.local.view(world.account, &call).await.to();
        assert_eq!(said, vested(TOTAL, world.start, timestamp, &LIQUIDITY));
        if elapsed == year {
            assert_eq!(said, TOTAL / 10 * 4, "36,000 of 90,000 in the first year");
        }
    }
}

#[tokio::test]
async fn what_arrives_later_vests_by_the_same_schedule() {
    let world = World::new(false, &SHORT).await;
    world.local.pass_until(world.start + 500);
    world.release().await;
    let more = IToken::transferCall {
        to: world.account,
        value: U256::from(TOTAL),
    };
    let (owner, token) = (world.owner(), world.token);
    world.local.send(owner, token, &more).await.unwrap();
    assert_eq!(world.releasable().await, TOTAL / 2);
}

#[tokio::test]
async fn the_beneficiary_delegates_what_has_not_vested() {
    let world = World::new(false, &SHORT).await;
    let (local, account) = (&world.local, world.account);
    let delegatee = local.lanes[3].address();
    let call = IVesting::delegateCall { delegatee };
    for lane in [world.owner(), &local.lanes[3]] {
        let caller = lane.address();
        assert_eq!(
            local.refusal(lane, account, &call).await,
            IVesting::NotBeneficiary { caller }.abi_encode()
        );
    }
    local
        .send(world.beneficiary(), account, &call)
        .await
        .unwrap();
    assert_eq!(world.votes(delegatee).await, TOTAL);
    // What has vested is the beneficiary's to delegate, once it was paid.
    local.pass_until(world.start + 250);
    world.release().await;
    assert_eq!(world.votes(delegatee).await, TOTAL / 4 * 3);
}

#[tokio::test]
async fn the_owner_revokes_what_has_not_vested_and_no_more() {
    let world = World::new(true, &SHORT).await;
    let (local, account) = (&world.local, world.account);
    let (owner, beneficiary) = (world.owner(), world.beneficiary().address());
    let delegate = IVesting::delegateCall {
        delegatee: beneficiary,
    };
    local
        .send(world.beneficiary(), account, &delegate)
        .await
        .unwrap();
    local.pass_until(world.start + 100);
    world.release().await;
    local.pass_until(world.start + 300);

    let revoke = IVesting::revokeCall {};
    for lane in [world.beneficiary(), &local.lanes[3]] {
        let error = IVesting::OwnableUnauthorizedAccount {
            account: lane.address(),
        };
        assert_eq!(
            local.refusal(lane, account, &revoke).await,
            error.abi_encode()
        );
    }
    let before = world.balance(owner.address()).await;
    let receipt = local.send(owner, account, &revoke).await.unwrap();
    let (due, unvested) = (TOTAL / 10 * 2, TOTAL / 10 * 7);
    assert_eq!(
        world.released(&receipt),
        [IVesting::Released {
            beneficiary,
            amount: U256::from(due)
        }]
    );
    let events: Vec<_> = receipt.events::<IVesting::Revoked>(account).collect();
    assert_eq!(
        events,
        [IVesting::Revoked {
            owner: owner.address(),
            amount: U256::from(unvested)
        }]
    );
    assert_eq!(world.balance(beneficiary).await, TOTAL / 10 * 3);
    assert_eq!(world.balance(owner.address()).await, before + unvested);
    assert_eq!(world.balance(account).await, 0);
    assert_eq!(world.votes(beneficiary).await, 0);

    // Once; and what is sent there now is the beneficiary's at once.
    let error = IVesting::NotRevocable {}.abi_encode();
    assert_eq!(local.refusal(owner, account, &revoke).await, error);
    assert!(!local.view(account, &IVesting::revocableCall {}).await);
    let schedule = local.view(account, &IVesting::scheduleCall {}).await;
    assert_eq!(schedule, []);
    let late = IToken::transferCall {
        to: account,
        value: U256::from(7),
    };
    local.send(owner, world.token, &late).await.unwrap();
    assert_eq!(world.releasable().await, 7);
}

#[tokio::test]
async fn an_irrevocable_account_stays_what_it_is() {
    let world = World::new(false, &SHORT).await;
    let (local, account, owner) = (&world.local, world.account, world.owner());
    let revoke = IVesting::revokeCall {};
    let error = IVesting::NotRevocable {}.abi_encode();
    assert_eq!(local.refusal(owner, account, &revoke).await, error);
    let set = IVesting::setBeneficiaryCall {
        beneficiary: owner.address(),
    };
    let error = IVesting::OwnableUnauthorizedAccount {
        account: owner.address(),
    };
    assert_eq!(
        local.refusal(owner, account, &set).await,
        error.abi_encode()
    );
}

#[tokio::test]
async fn the_beneficiary_hands_its_right_on_and_keeps_what_has_vested() {
    let world = World::new(false, &SHORT).await;
    let (local, account) = (&world.local, world.account);
    let (previous, next) = (world.beneficiary(), local.lanes[3].address());
    let delegate = IVesting::delegateCall {
        delegatee: previous.address(),
    };
    local.send(previous, account, &delegate).await.unwrap();
    local.pass_until(world.start + 250);
    for beneficiary in [Address::ZERO, account, world.token] {
        let call = IVesting::setBeneficiaryCall { beneficiary };
        let error = IVesting::InvalidBeneficiary { beneficiary };
        assert_eq!(
            local.refusal(previous, account, &call).await,
            error.abi_encode()
        );
    }
    let hand_on = IVesting::setBeneficiaryCall { beneficiary: next };
    let receipt = local.send(previous, account, &hand_on).await.unwrap();
    let events: Vec<_> = receipt
        .events::<IVesting::BeneficiaryChanged>(account)
        .collect();
    assert_eq!(
        events,
        [IVesting::BeneficiaryChanged {
            previous: previous.address(),
            beneficiary: next
        }]
    );
    assert_eq!(world.balance(previous.address()).await, TOTAL / 4);
    assert_eq!(world.votes(previous.address()).await, 0);

    local.pass_until(world.start + 1_000);
    world.release().await;
    assert_eq!(world.balance(previous.address()).await, TOTAL / 4);
    assert_eq!(world.balance(next).await, TOTAL / 4 * 3);
    let error = IVesting::NotBeneficiary {
        caller: previous.address(),
    };
    assert_eq!(
        local.refusal(previous, account, &delegate).await,
        error.abi_encode()
    );
}

#[tokio::test]
async fn the_owner_names_another_beneficiary_of_a_revocable_account() {
    let world = World::new(true, &SHORT).await;
    let (local, account) = (&world.local, world.account);
    let next = local.lanes[3].address();
    local.pass_until(world.start + 500);
    let set = IVesting::setBeneficiaryCall { beneficiary: next };
    local.send(world.owner(), account, &set).await.unwrap();
    // What had vested went to whom it belonged.
    let previous = world.beneficiary().address();
    assert_eq!(world.balance(previous).await, TOTAL / 2);
    assert_eq!(
        local.view(account, &IVesting::beneficiaryCall {}).await,
        next
    );
}

#[tokio::test]
async fn refuses_calls_that_no_function_takes() {
    let world = World::new(false, &SHORT).await;
    let (local, account) = (&world.local, world.account);
    let malformed = IVesting::MalformedCalldata {}.abi_encode();
    let wide = [
        &IVesting::vestedAmountCall::SELECTOR[..],
        &U256::from(1_u128 << 64).to_be_bytes::<32>(),
    ]
    .concat();
    for input in [vec![], IVesting::vestedAmountCall::SELECTOR.to_vec(), wide] {
        assert_eq!(local.call(account, input, 0).await.unwrap_err(), malformed);
    }
    let selector = [0xde, 0xad, 0xbe, 0xef];
    let error = IVesting::UnknownFunction {
        selector: selector.into(),
    };
    let refused: Bytes = local.call(account, selector.into(), 0).await.unwrap_err();
    assert_eq!(refused, error.abi_encode());
    let paid = IVesting::releaseCall {}.abi_encode();
    assert_eq!(
        local.call(account, paid, 1).await.unwrap_err(),
        IVesting::NotPayable {}.abi_encode()
    );
}
