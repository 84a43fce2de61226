//! Delegation, checkpoints and their clock (EIP-5805, EIP-6372, OpenZeppelin's `IVotes`).

use alloy_primitives::{Address, B256, U256, aliases::U48};
use alloy_sol_types::{SolError as _, SolEvent as _};
use arbius_sdk::{
    chain::{Lane, Receipt},
    contracts::{IPermit, IToken, IVotes, signed::Delegation},
};

use super::{
    SUPPLY,
    permit::{domain, sign},
    transfer,
};
use crate::local::{AIUS, Local};

async fn delegate(local: &Local, lane: &Lane, token: Address, delegatee: Address) -> Receipt {
    let call = IVotes::delegateCall { delegatee };
    local.send(lane, token, &call).await.expect("it delegates")
}

async fn votes(local: &Local, token: Address, account: Address) -> U256 {
    local.view(token, &IVotes::getVotesCall { account }).await
}

async fn past_votes(local: &Local, token: Address, account: Address, timepoint: u64) -> U256 {
    let timepoint = U256::from(timepoint);
    let call = IVotes::getPastVotesCall { account, timepoint };
    local.view(token, &call).await
}

/// Delegates, votes before and votes after, as a receipt says.
fn changes(receipt: &Receipt, token: Address) -> Vec<(Address, u128, u128)> {
    receipt
        .events::<IVotes::DelegateVotesChanged>(token)
        .map(|event| {
            let [before, after] = [event.previousVotes, event.newVotes].map(|votes| votes.to());
            (event.delegate, before, after)
        })
        .collect()
}

/// A signed delegation as it is handed in.
fn by_signature(
    local: &Local,
    token: Address,
    account: usize,
    delegation: &Delegation,
) -> IVotes::delegateBySigCall {
    let signature = sign(&local.signers[account], delegation, &domain(local, token));
    delegation.call(&signature)
}

#[tokio::test]
async fn counts_what_is_delegated_and_nothing_else() {
    let local = Local::start().await;
    let token = local.token().await;
    let (holder, other) = (local.admin().address(), local.stranger().address());
    let nobody = Address::ZERO;
    assert_eq!(votes(&local, token, holder).await, U256::ZERO);
    let delegates = IVotes::delegatesCall { account: holder };
    assert_eq!(local.view(token, &delegates).await, nobody);

    for (from, to, expected) in [
        (nobody, holder, vec![(holder, 0, SUPPLY)]),
        (holder, other, vec![(holder, SUPPLY, 0), (other, 0, SUPPLY)]),
        (other, other, vec![]),
        (other, nobody, vec![(other, SUPPLY, 0)]),
        (nobody, nobody, vec![]),
    ] {
        let receipt = delegate(&local, local.admin(), token, to).await;
        let events: Vec<_> = receipt.events::<IVotes::DelegateChanged>(token).collect();
        assert_eq!(
            events,
            [IVotes::DelegateChanged {
                delegator: holder,
                fromDelegate: from,
                toDelegate: to
            }]
        );
        assert_eq!(changes(&receipt, token), expected);
        assert_eq!(local.view(token, &delegates).await, to);
        for account in [holder, other] {
            let expected = if account == to { SUPPLY } else { 0 };
            assert_eq!(votes(&local, token, account).await, U256::from(expected));
        }
        // Whom one delegates to is nothing of one's balance.
        let balance = IToken::balanceOfCall { account: holder };
        assert_eq!(local.view(token, &balance).await, U256::from(SUPPLY));
    }
}

#[tokio::test]
async fn votes_move_with_the_balance() {
    let local = Local::start().await;
    let token = local.token().await;
    let lanes = &local.lanes;
    let [a, b, c] = [0, 1, 2].map(|i: usize| lanes[i].address());
    // The first delegates to itself, the second to the third.
    delegate(&local, &lanes[0], token, a).await;
    delegate(&local, &lanes[1], token, c).await;

    let receipt = local
        .send(&lanes[0], token, &transfer(b, 10))
        .await
        .unwrap();
    assert_eq!(
        changes(&receipt, token),
        [(a, SUPPLY, SUPPLY - 10), (c, 0, 10)]
    );
    // To somebody who delegates to nobody the votes are lost, and from there they come anew.
    let receipt = local.send(&lanes[1], token, &transfer(c, 4)).await.unwrap();
    assert_eq!(changes(&receipt, token), [(c, 10, 6)]);
    let receipt = local.send(&lanes[2], token, &transfer(b, 1)).await.unwrap();
    assert_eq!(changes(&receipt, token), [(c, 6, 7)]);
    // Nothing, to oneself, and between accounts with one delegate: no votes move.
    for call in [transfer(c, 0), transfer(b, 5)] {
        let receipt = local.send(&lanes[1], token, &call).await.unwrap();
        assert_eq!(changes(&receipt, token), []);
    }
    delegate(&local, &lanes[2], token, c).await;
    let receipt = local.send(&lanes[1], token, &transfer(c, 2)).await.unwrap();
    assert_eq!(changes(&receipt, token), []);

    // What is spent by approval moves them as well.
    let approve = IToken::approveCall {
        spender: b,
        value: U256::from(3),
    };
    local.send(&lanes[0], token, &approve).await.unwrap();
    let spend = IToken::transferFromCall {
        from: a,
        to: b,
        value: U256::from(3),
    };
    let receipt = local.send(&lanes[1], token, &spend).await.unwrap();
    assert_eq!(
        changes(&receipt, token),
        [(a, SUPPLY - 10, SUPPLY - 13), (c, 10, 13)]
    );
}

#[tokio::test]
async fn a_transfer_between_accounts_that_delegate_to_nobody_writes_no_checkpoint() {
    let local = Local::start().await;
    let token = local.token().await;
    let [a, b] = [local.admin().address(), local.stranger().address()];
    let receipt = local
        .send(local.admin(), token, &transfer(b, AIUS))
        .await
        .unwrap();
    let topics: Vec<_> = receipt.logs.iter().map(|log| log.topics()[0]).collect();
    assert_eq!(topics, [IToken::Transfer::SIGNATURE_HASH]);
    for account in [a, b] {
        let call = IVotes::numCheckpointsCall { account };
        assert_eq!(local.view(token, &call).await, 0);
    }
}

#[tokio::test]
async fn remembers_who_had_how_many_votes_when() {
    let local = Local::start().await;
    let token = local.token().await;
    let admin = local.admin();
    let [a, b] = [admin.address(), local.stranger().address()];
    let before = local.now();
    delegate(&local, admin, token, a).await;
    let mut expected = vec![(local.now(), SUPPLY)];
    // Points far apart and close together, more of them than one step of the search covers.
    for i in 1..40_u64 {
        local.pass_until(local.now() + 1 + i % 5 * 1_000);
        local
            .send(admin, token, &transfer(b, u128::from(i)))
            .await
            .unwrap();
        let (_, last) = expected[expected.len() - 1];
        expected.push((local.now(), last - u128::from(i)));
    }
    expected.dedup_by_key(|(time, _)| *time);
    local.pass_until(local.now() + 10);

    let count = IVotes::numCheckpointsCall { account: a };
    assert_eq!(local.view(token, &count).await as usize, expected.len());
    for (pos, (time, amount)) in expected.iter().enumerate() {
        let call = IVotes::checkpointsCall {
            account: a,
            pos: pos as u32,
        };
        let point = local.view(token, &call).await;
        assert_eq!(point._key, U48::from(*time));
        assert_eq!(point._value.to::<u128>(), *amount);
        for (time, amount) in [
            (time - 1, pos.checked_sub(1).map_or(0, |i| expected[i].1)),
            (*time, *amount),
        ] {
            let past = past_votes(&local, token, a, time).await;
            assert_eq!(past, U256::from(amount), "at {time}");
        }
    }
    assert_eq!(past_votes(&local, token, a, before - 1).await, U256::ZERO);
    assert_eq!(past_votes(&local, token, a, 0).await, U256::ZERO);

    let pos = expected.len() as u32;
    let call = IVotes::checkpointsCall { account: a, pos };
    let error = IVotes::NoCheckpoint { account: a, pos };
    assert_eq!(local.refusal(admin, token, &call).await, error.abi_encode());
}

#[tokio::test]
async fn points_of_one_second_are_one() {
    let local = Local::start().await;
    let token = local.token().await;
    let admin = local.admin();
    let [a, b] = [admin.address(), local.stranger().address()];
    local.devnet.chain().set_block_timestamp_interval(Some(0));
    local.pass_until(local.now() + 5);
    delegate(&local, admin, token, a).await;
    let second = local.now();
    for _ in 0..3 {
        local.send(admin, token, &transfer(b, 1)).await.unwrap();
    }
    assert_eq!(local.now(), second);
    let call = IVotes::numCheckpointsCall { account: a };
    assert_eq!(local.view(token, &call).await, 1);
    local.pass_until(second + 1);
    let past = past_votes(&local, token, a, second).await;
    assert_eq!(past, U256::from(SUPPLY - 3));
    local.send(admin, token, &transfer(b, 1)).await.unwrap();
    assert_eq!(local.view(token, &call).await, 2);
}

#[tokio::test]
async fn tells_nothing_of_what_is_not_past() {
    let local = Local::start().await;
    let token = local.token().await;
    let account = local.admin().address();
    let now = local.now();
    for timepoint in [U256::from(now), U256::from(now + 1), U256::MAX] {
        let error = IVotes::ERC5805FutureLookup {
            timepoint,
            clock: U48::from(now),
        }
        .abi_encode();
        let votes = IVotes::getPastVotesCall { account, timepoint };
        let supply = IVotes::getPastTotalSupplyCall { timepoint };
        let refused = local.chain.read(token, &votes).await.unwrap_err();
        assert_eq!(crate::local::reverted(&refused), error);
        let refused = local.chain.read(token, &supply).await.unwrap_err();
        assert_eq!(crate::local::reverted(&refused), error);
    }
}

#[tokio::test]
async fn the_clock_counts_seconds() {
    let local = Local::start().await;
    let token = local.token().await;
    local.pass_until(local.now() + 1_234);
    let clock = local.view(token, &IVotes::clockCall {}).await;
    assert_eq!(clock, U48::from(local.now()));
    let mode = local.view(token, &IVotes::CLOCK_MODECall {}).await;
    assert_eq!(mode, "mode=timestamp");
}

#[tokio::test]
async fn the_supply_of_the_past_is_the_cap_from_genesis_on() {
    let local = Local::start().await;
    let before = local.now();
    let token = local.token().await;
    let made = local.now();
    local.pass_until(made + 100);
    // Votes and supply are apart: what nobody delegates counts for the quorum all the same.
    for (time, expected) in [(before - 1, 0), (made, SUPPLY), (made + 99, SUPPLY)] {
        let timepoint = U256::from(time);
        let call = IVotes::getPastTotalSupplyCall { timepoint };
        assert_eq!(local.view(token, &call).await, U256::from(expected));
    }
}

#[tokio::test]
async fn delegates_for_whoever_signed() {
    let local = Local::start().await;
    let token = local.token().await;
    let [a, b, c] = [0, 1, 2].map(|i: usize| local.lanes[i].address());
    let delegation = |nonce: u64| Delegation {
        delegatee: c,
        nonce: U256::from(nonce),
        expiry: U256::from(local.now() + 3_600),
    };
    let call = by_signature(&local, token, 0, &delegation(0));
    let receipt = local.send(&local.lanes[1], token, &call).await.unwrap();
    let events: Vec<_> = receipt.events::<IVotes::DelegateChanged>(token).collect();
    assert_eq!(
        events,
        [IVotes::DelegateChanged {
            delegator: a,
            fromDelegate: Address::ZERO,
            toDelegate: c
        }]
    );
    assert_eq!(changes(&receipt, token), [(c, 0, SUPPLY)]);
    let delegates = IVotes::delegatesCall { account: b };
    assert_eq!(local.view(token, &delegates).await, Address::ZERO);

    // Handed in again, and with a number that is not the next.
    let error = IVotes::InvalidAccountNonce {
        account: a,
        currentNonce: U256::from(1),
    }
    .abi_encode();
    assert_eq!(local.refusal(&local.lanes[1], token, &call).await, error);
    let call = by_signature(&local, token, 0, &delegation(2));
    assert_eq!(local.refusal(&local.lanes[1], token, &call).await, error);
    let call = by_signature(&local, token, 0, &delegation(1));
    local.send(&local.lanes[1], token, &call).await.unwrap();
    // Permits count with the same numbers.
    let nonces = IPermit::noncesCall { owner: a };
    assert_eq!(local.view(token, &nonces).await, U256::from(2));
}

#[tokio::test]
async fn refuses_delegations_that_expired_or_that_nobody_signed() {
    let local = Local::start().await;
    let token = local.token().await;
    let lane = &local.lanes[1];
    local.devnet.chain().set_block_timestamp_interval(Some(0));
    let expiry = local.now() + 100;
    let delegation = |nonce: u64| Delegation {
        delegatee: lane.address(),
        nonce: U256::from(nonce),
        expiry: U256::from(expiry),
    };
    // In its last second it is good, a second later it is not.
    local.pass_until(expiry);
    let call = by_signature(&local, token, 0, &delegation(0));
    local.send(lane, token, &call).await.unwrap();
    local.pass_until(expiry + 1);
    let call = by_signature(&local, token, 0, &delegation(1));
    let error = IVotes::VotesExpiredSignature {
        expiry: U256::from(expiry),
    };
    assert_eq!(local.refusal(lane, token, &call).await, error.abi_encode());

    let sound = IVotes::delegateBySigCall {
        expiry: U256::MAX,
        ..call
    };
    let none = B256::ZERO;
    for call in [
        IVotes::delegateBySigCall {
            v: 0,
            ..sound.clone()
        },
        IVotes::delegateBySigCall {
            r: none,
            ..sound.clone()
        },
        IVotes::delegateBySigCall {
            s: none,
            ..sound.clone()
        },
        IVotes::delegateBySigCall {
            s: B256::repeat_byte(0xff),
            ..sound.clone()
        },
    ] {
        assert_eq!(
            local.refusal(lane, token, &call).await,
            IPermit::ECDSAInvalidSignature {}.abi_encode()
        );
    }
    // Signed for something else, it is of an account that nobody has a key of.
    assert_ne!(sound.expiry, delegation(1).expiry);
    let refused = local.refusal(lane, token, &sound).await;
    assert_eq!(refused[..4], IVotes::InvalidAccountNonce::SELECTOR);
}
