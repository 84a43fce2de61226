//! The side of Arbitrum's custom gateway, and the cap across the bridge.

use alloy_primitives::{Address, U256};
use alloy_sol_types::SolError as _;
use arbius_sdk::{
    chain::Lane,
    contracts::{IBridgedToken, IProxy, IToken, IVotes},
};

use super::{SUPPLY, balance};
use crate::local::{AIUS, Local};

/// A token whose gateway is the third account.
async fn bridged(local: &Local) -> (Address, &Lane) {
    let token = local.token().await;
    let lane = &local.lanes[2];
    let gateway = lane.address();
    let call = IBridgedToken::setGatewayCall { gateway };
    let receipt = local.send(local.admin(), token, &call).await.unwrap();
    let events: Vec<_> = receipt.events::<IBridgedToken::GatewaySet>(token).collect();
    assert_eq!(events, [IBridgedToken::GatewaySet { gateway }]);
    (token, lane)
}

fn mint(account: Address, amount: u128) -> IBridgedToken::bridgeMintCall {
    IBridgedToken::bridgeMintCall {
        account,
        amount: U256::from(amount),
    }
}

fn burn(account: Address, amount: u128) -> IBridgedToken::bridgeBurnCall {
    IBridgedToken::bridgeBurnCall {
        account,
        amount: U256::from(amount),
    }
}

async fn supply(local: &Local, token: Address) -> U256 {
    local.view(token, &IToken::totalSupplyCall {}).await
}

#[tokio::test]
async fn burns_what_leaves_and_mints_what_comes_back() {
    let local = Local::start().await;
    let (token, gateway) = bridged(&local).await;
    let holder = local.admin().address();
    let receiver = Address::repeat_byte(0x11);

    let receipt = local.send(gateway, token, &burn(holder, 5)).await.unwrap();
    let amount = U256::from(5);
    let moved: Vec<_> = receipt.events::<IToken::Transfer>(token).collect();
    assert_eq!(
        moved,
        [IToken::Transfer {
            from: holder,
            to: Address::ZERO,
            value: amount
        }]
    );
    let burned: Vec<_> = receipt
        .events::<IBridgedToken::BridgeBurned>(token)
        .collect();
    let account = holder;
    assert_eq!(burned, [IBridgedToken::BridgeBurned { account, amount }]);
    assert_eq!(supply(&local, token).await, U256::from(SUPPLY - 5));
    assert_eq!(balance(&local, token, holder).await, U256::from(SUPPLY - 5));

    let receipt = local
        .send(gateway, token, &mint(receiver, 3))
        .await
        .unwrap();
    let amount = U256::from(3);
    let moved: Vec<_> = receipt.events::<IToken::Transfer>(token).collect();
    assert_eq!(
        moved,
        [IToken::Transfer {
            from: Address::ZERO,
            to: receiver,
            value: amount
        }]
    );
    let minted: Vec<_> = receipt
        .events::<IBridgedToken::BridgeMinted>(token)
        .collect();
    let account = receiver;
    assert_eq!(minted, [IBridgedToken::BridgeMinted { account, amount }]);
    assert_eq!(supply(&local, token).await, U256::from(SUPPLY - 2));
    assert_eq!(balance(&local, token, receiver).await, amount);
}

#[tokio::test]
async fn the_cap_holds_across_the_bridge() {
    let local = Local::start().await;
    let (token, gateway) = bridged(&local).await;
    let holder = local.admin().address();
    let exceeded = |supply: U256| {
        let cap = U256::from(SUPPLY);
        IBridgedToken::CapExceeded { supply, cap }.abi_encode()
    };
    assert_eq!(
        local.refusal(gateway, token, &mint(holder, 1)).await,
        exceeded(U256::from(SUPPLY + 1))
    );
    local
        .send(gateway, token, &burn(holder, AIUS))
        .await
        .unwrap();
    assert_eq!(
        local.refusal(gateway, token, &mint(holder, AIUS + 1)).await,
        exceeded(U256::from(SUPPLY + 1))
    );
    // A sum that would wrap around is above the cap too.
    let most = IBridgedToken::bridgeMintCall {
        account: holder,
        amount: U256::MAX,
    };
    assert_eq!(
        local.refusal(gateway, token, &most).await,
        exceeded(U256::MAX)
    );
    local
        .send(gateway, token, &mint(holder, AIUS))
        .await
        .unwrap();
    assert_eq!(supply(&local, token).await, U256::from(SUPPLY));
}

#[tokio::test]
async fn only_the_gateway_mints_and_burns() {
    let local = Local::start().await;
    let (token, gateway) = bridged(&local).await;
    let holder = local.admin().address();
    for lane in [local.admin(), local.stranger()] {
        let caller = lane.address();
        let error = IBridgedToken::NotGateway { caller }.abi_encode();
        assert_eq!(local.refusal(lane, token, &mint(caller, 0)).await, error);
        assert_eq!(local.refusal(lane, token, &burn(holder, 1)).await, error);
    }
    let closed = Address::ZERO;
    let close = IBridgedToken::setGatewayCall { gateway: closed };
    local.send(local.admin(), token, &close).await.unwrap();
    let caller = gateway.address();
    let error = IBridgedToken::NotGateway { caller }.abi_encode();
    assert_eq!(local.refusal(gateway, token, &burn(holder, 1)).await, error);
}

#[tokio::test]
async fn refuses_to_mint_to_nobody_and_to_burn_what_is_not_there() {
    let local = Local::start().await;
    let (token, gateway) = bridged(&local).await;
    let holder = local.admin().address();
    local.send(gateway, token, &burn(holder, 9)).await.unwrap();
    for receiver in [Address::ZERO, token] {
        let error = IToken::ERC20InvalidReceiver { receiver };
        assert_eq!(
            local.refusal(gateway, token, &mint(receiver, 1)).await,
            error.abi_encode()
        );
    }
    let sender = Address::ZERO;
    let error = IToken::ERC20InvalidSender { sender };
    assert_eq!(
        local.refusal(gateway, token, &burn(sender, 0)).await,
        error.abi_encode()
    );
    let sender = local.stranger().address();
    let error = IToken::ERC20InsufficientBalance {
        sender,
        balance: U256::ZERO,
        needed: U256::from(1),
    };
    assert_eq!(
        local.refusal(gateway, token, &burn(sender, 1)).await,
        error.abi_encode()
    );
}

#[tokio::test]
async fn votes_and_supply_of_the_past_follow_the_bridge() {
    let local = Local::start().await;
    let (token, gateway) = bridged(&local).await;
    let holder = local.admin().address();
    let delegate = IVotes::delegateCall { delegatee: holder };
    local.send(local.admin(), token, &delegate).await.unwrap();
    local.pass_until(local.now() + 10);
    let mut expected = vec![(local.now() - 1, SUPPLY)];
    for (call, amount) in [(true, 7), (false, 5)] {
        let receipt = if call {
            local.send(gateway, token, &burn(holder, amount)).await
        } else {
            local.send(gateway, token, &mint(holder, amount)).await
        };
        let (_, before) = expected[expected.len() - 1];
        let after = if call {
            before - amount
        } else {
            before + amount
        };
        let events: Vec<_> = receipt
            .unwrap()
            .events::<IVotes::DelegateVotesChanged>(token)
            .collect();
        assert_eq!(
            events,
            [IVotes::DelegateVotesChanged {
                delegate: holder,
                previousVotes: U256::from(before),
                newVotes: U256::from(after)
            }]
        );
        expected.push((local.now(), after));
        local.pass_until(local.now() + 10);
    }
    for (time, amount) in expected {
        let timepoint = U256::from(time);
        let account = holder;
        let supply = IVotes::getPastTotalSupplyCall { timepoint };
        let votes = IVotes::getPastVotesCall { account, timepoint };
        assert_eq!(local.view(token, &supply).await, U256::from(amount));
        assert_eq!(local.view(token, &votes).await, U256::from(amount));
    }
}

#[tokio::test]
async fn only_the_proxys_admin_names_gateway_and_l1_token() {
    let local = Local::start().await;
    let token = local.token().await;
    let (admin, stranger) = (local.admin(), local.stranger());
    let address = Address::repeat_byte(0x22);
    let gateway = IBridgedToken::setGatewayCall { gateway: address };
    let l1 = IBridgedToken::setL1AddressCall { l1Address: address };
    let refused =
        |account: Address| IBridgedToken::OwnableUnauthorizedAccount { account }.abi_encode();
    let error = refused(stranger.address());
    assert_eq!(local.refusal(stranger, token, &gateway).await, error);
    assert_eq!(local.refusal(stranger, token, &l1).await, error);
    let named = local.view(token, &IBridgedToken::l1AddressCall {}).await;
    assert_eq!(named, Address::ZERO);

    let receipt = local.send(admin, token, &l1).await.unwrap();
    let events: Vec<_> = receipt
        .events::<IBridgedToken::L1AddressSet>(token)
        .collect();
    assert_eq!(events, [IBridgedToken::L1AddressSet { l1Address: address }]);
    local.send(admin, token, &gateway).await.unwrap();
    let named = local.view(token, &IBridgedToken::l1AddressCall {}).await;
    assert_eq!(named, address);
    let named = local.view(token, &IBridgedToken::gatewayCall {}).await;
    assert_eq!(named, address);

    // The right goes with the proxy.
    let owner = IBridgedToken::ownerCall {};
    assert_eq!(local.view(token, &owner).await, admin.address());
    let handed_on = IProxy::changeAdminCall {
        newAdmin: stranger.address(),
    };
    local.send(admin, token, &handed_on).await.unwrap();
    assert_eq!(local.view(token, &owner).await, stranger.address());
    let error = refused(admin.address());
    assert_eq!(local.refusal(admin, token, &gateway).await, error);
    local.send(stranger, token, &gateway).await.unwrap();
}
