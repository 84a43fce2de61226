//! Balances, allowances, the supply, and the form of calls.

use super::{SUPPLY, balance, transfer};
use crate::local::{AIUS, Local, constructor_reverted, initialize, reverted};
use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use alloy_sol_types::{SolCall, SolError, SolValue as _};
use arbius_protocol::interfaces::proxy::ProxyConstructor;
use arbius_sdk::contracts::{IBridgedToken, IToken};

#[tokio::test]
async fn says_what_it_is() {
    let local = Local::start().await;
    let token = local.token().await;
    let chain = &local.chain;
    assert_eq!(
        chain.read(token, &IToken::nameCall {}).await.unwrap(),
        "Arbius"
    );
    assert_eq!(
        chain.read(token, &IToken::symbolCall {}).await.unwrap(),
        "AIUS"
    );
    assert_eq!(
        chain.read(token, &IToken::decimalsCall {}).await.unwrap(),
        18
    );
    assert_eq!(
        chain.read(token, &IToken::capCall {}).await.unwrap(),
        U256::from(SUPPLY)
    );
}

#[tokio::test]
async fn allocates_the_whole_supply_once() {
    let local = Local::start().await;
    let implementation = local.program("token").await;
    let (one, two) = (local.admin().address(), local.stranger().address());
    // The same account may be there twice, and an allocation may be nothing.
    let parts = [
        (one, 600_000 * AIUS),
        (two, 300_000 * AIUS),
        (one, 100_000 * AIUS),
        (two, 0),
    ];
    let token = local
        .proxy_of(implementation, initialize(&parts).abi_encode())
        .await;
    assert_eq!(
        balance(&local, token, one).await,
        U256::from(700_000 * AIUS)
    );
    assert_eq!(
        balance(&local, token, two).await,
        U256::from(300_000 * AIUS)
    );
    let supply = local.chain.read(token, &IToken::totalSupplyCall {}).await;
    assert_eq!(supply.unwrap(), U256::from(SUPPLY));

    let again = local.send(local.admin(), token, &initialize(&parts)).await;
    assert_eq!(
        reverted(&again.unwrap_err()),
        IToken::InvalidInitialization {}.abi_encode()
    );
}

/// What the token reverts with whose proxy is made with `call`.
async fn not_made(local: &Local, implementation: Address, call: &IToken::initializeCall) -> Bytes {
    let arguments = ProxyConstructor {
        implementation,
        admin: local.admin().address(),
        initData: call.abi_encode().into(),
    };
    constructor_reverted(&local.proxy(&arguments).await.unwrap_err())
}

#[tokio::test]
async fn refuses_an_allocation_that_is_not_the_supply() {
    let local = Local::start().await;
    let implementation = local.program("token").await;
    let account = local.admin().address();
    let cap = U256::from(SUPPLY);
    for (parts, supply) in [
        (vec![], U256::ZERO),
        (vec![(account, SUPPLY - 1)], U256::from(SUPPLY - 1)),
        (
            vec![(account, SUPPLY), (account, 1)],
            U256::from(SUPPLY + 1),
        ),
    ] {
        let refused = not_made(&local, implementation, &initialize(&parts)).await;
        let error = IToken::SupplyNotCap { supply, cap };
        assert_eq!(refused, error.abi_encode());
    }

    // Amounts that wrap around to the supply are no supply.
    let mut call = initialize(&[(account, 0), (account, 0)]);
    call.allocations[0].amount = U256::MAX;
    call.allocations[1].amount = U256::from(SUPPLY + 1);
    let refused = not_made(&local, implementation, &call).await;
    let supply = U256::MAX;
    let error = IToken::SupplyNotCap { supply, cap };
    assert_eq!(refused, error.abi_encode());
}

#[tokio::test]
async fn allocates_nothing_to_nobody() {
    let local = Local::start().await;
    let implementation = local.program("token").await;
    let receiver = Address::ZERO;
    let call = initialize(&[(receiver, SUPPLY)]);
    let error = IToken::ERC20InvalidReceiver { receiver };
    assert_eq!(
        not_made(&local, implementation, &call).await,
        error.abi_encode()
    );
}

#[tokio::test]
async fn a_program_at_its_own_address_is_nobodys_token() {
    let local = Local::start().await;
    let implementation = local.program("token").await;
    let stranger = local.stranger();
    let call = initialize(&[(stranger.address(), SUPPLY)]);
    assert_eq!(
        local.refusal(stranger, implementation, &call).await,
        IToken::NotBehindProxy {}.abi_encode()
    );
    // Nor has it an owner or a gateway who could do anything.
    let set = IBridgedToken::setGatewayCall {
        gateway: stranger.address(),
    };
    let error = IBridgedToken::OwnableUnauthorizedAccount {
        account: stranger.address(),
    };
    assert_eq!(
        local.refusal(stranger, implementation, &set).await,
        error.abi_encode()
    );
}

#[tokio::test]
async fn a_refused_initialisation_leaves_no_proxy() {
    let local = Local::start().await;
    let implementation = local.program("token").await;
    let refused = not_made(&local, implementation, &initialize(&[])).await;
    let expected = IToken::SupplyNotCap {
        supply: U256::ZERO,
        cap: U256::from(SUPPLY),
    };
    assert_eq!(refused, expected.abi_encode());
}

#[tokio::test]
async fn transfers_and_says_so() {
    let local = Local::start().await;
    let token = local.token().await;
    let (from, to) = (local.admin().address(), local.stranger().address());
    let receipt = local
        .send(local.admin(), token, &transfer(to, AIUS))
        .await
        .unwrap();
    let events: Vec<_> = receipt.events::<IToken::Transfer>(token).collect();
    assert_eq!(
        events,
        [IToken::Transfer {
            from,
            to,
            value: U256::from(AIUS)
        }]
    );
    assert_eq!(
        balance(&local, token, from).await,
        U256::from(SUPPLY - AIUS)
    );
    assert_eq!(balance(&local, token, to).await, U256::from(AIUS));
}

#[tokio::test]
async fn a_transfer_to_oneself_changes_nothing() {
    let local = Local::start().await;
    let token = local.token().await;
    let admin = local.admin().address();
    local
        .send(local.admin(), token, &transfer(admin, SUPPLY))
        .await
        .unwrap();
    assert_eq!(balance(&local, token, admin).await, U256::from(SUPPLY));
}

#[tokio::test]
async fn refuses_to_send_more_than_there_is() {
    let local = Local::start().await;
    let token = local.token().await;
    let stranger = local.stranger().address();
    local
        .send(local.admin(), token, &transfer(stranger, 5))
        .await
        .unwrap();
    let refused = local
        .send(
            local.stranger(),
            token,
            &transfer(local.admin().address(), 6),
        )
        .await;
    let error = IToken::ERC20InsufficientBalance {
        sender: stranger,
        balance: U256::from(5),
        needed: U256::from(6),
    };
    assert_eq!(reverted(&refused.unwrap_err()), error.abi_encode());
    assert_eq!(balance(&local, token, stranger).await, U256::from(5));
}

#[tokio::test]
async fn refuses_receivers_that_could_never_move_tokens() {
    let local = Local::start().await;
    let token = local.token().await;
    for receiver in [Address::ZERO, token] {
        let refused = local
            .send(local.admin(), token, &transfer(receiver, 1))
            .await;
        let error = IToken::ERC20InvalidReceiver { receiver };
        assert_eq!(reverted(&refused.unwrap_err()), error.abi_encode());
    }
}

#[tokio::test]
async fn spends_what_was_approved_and_no_more() {
    let local = Local::start().await;
    let token = local.token().await;
    let (owner, spender) = (local.admin().address(), local.stranger().address());
    let receiver = local.lanes[2].address();
    let approve = IToken::approveCall {
        spender,
        value: U256::from(10),
    };
    let receipt = local.send(local.admin(), token, &approve).await.unwrap();
    let events: Vec<_> = receipt.events::<IToken::Approval>(token).collect();
    assert_eq!(
        events,
        [IToken::Approval {
            owner,
            spender,
            value: U256::from(10)
        }]
    );

    let spend = |value: u64| IToken::transferFromCall {
        from: owner,
        to: receiver,
        value: U256::from(value),
    };
    local
        .send(local.stranger(), token, &spend(4))
        .await
        .unwrap();
    assert_eq!(balance(&local, token, receiver).await, U256::from(4));
    let rest = IToken::allowanceCall { owner, spender };
    assert_eq!(local.chain.read(token, &rest).await.unwrap(), U256::from(6));

    let refused = local.send(local.stranger(), token, &spend(7)).await;
    let error = IToken::ERC20InsufficientAllowance {
        spender,
        allowance: U256::from(6),
        needed: U256::from(7),
    };
    assert_eq!(reverted(&refused.unwrap_err()), error.abi_encode());
}

#[tokio::test]
async fn an_allowance_without_limit_stays_so() {
    let local = Local::start().await;
    let token = local.token().await;
    let (owner, spender) = (local.admin().address(), local.stranger().address());
    let approve = IToken::approveCall {
        spender,
        value: U256::MAX,
    };
    local.send(local.admin(), token, &approve).await.unwrap();
    let spend = IToken::transferFromCall {
        from: owner,
        to: spender,
        value: U256::from(AIUS),
    };
    local.send(local.stranger(), token, &spend).await.unwrap();
    let rest = IToken::allowanceCall { owner, spender };
    assert_eq!(local.chain.read(token, &rest).await.unwrap(), U256::MAX);
}

#[tokio::test]
async fn refuses_the_zero_address_as_spender_and_as_sender() {
    let local = Local::start().await;
    let token = local.token().await;
    let approve = IToken::approveCall {
        spender: Address::ZERO,
        value: U256::from(1),
    };
    assert_eq!(
        local
            .call(token, approve.abi_encode(), 0)
            .await
            .unwrap_err(),
        IToken::ERC20InvalidSpender {
            spender: Address::ZERO
        }
        .abi_encode()
    );
    let spend = IToken::transferFromCall {
        from: Address::ZERO,
        to: local.stranger().address(),
        value: U256::ZERO,
    };
    assert_eq!(
        local.call(token, spend.abi_encode(), 0).await.unwrap_err(),
        IToken::ERC20InvalidSender {
            sender: Address::ZERO
        }
        .abi_encode()
    );
}

#[tokio::test]
async fn answers_every_function_of_its_interface() {
    let local = Local::start().await;
    let token = local.token().await;
    let artifact = arbius_artifacts::get(arbius_artifacts::TOKEN).unwrap();
    let abi: serde_json::Value = serde_json::from_str(artifact.abi).unwrap();
    let mut functions = 0;
    for item in abi
        .as_array()
        .unwrap()
        .iter()
        .filter(|item| item["type"] == "function")
    {
        let types: Vec<_> = item["inputs"]
            .as_array()
            .unwrap()
            .iter()
            .map(abi_type)
            .collect();
        let signature = format!("{}({})", item["name"].as_str().unwrap(), types.join(","));
        let mut input = keccak256(&signature)[..4].to_vec();
        input.extend([0; 8 * 32]);
        if let Err(error) = local.call(token, input, 0).await {
            assert!(!error.is_empty(), "{signature} reverts with nothing");
            assert_ne!(error[..4], IToken::UnknownFunction::SELECTOR, "{signature}");
        }
        functions += 1;
    }
    assert_eq!(functions, 32);
}

/// The type of an argument as signatures write it.
fn abi_type(argument: &serde_json::Value) -> String {
    let name = argument["type"].as_str().unwrap();
    match name.strip_prefix("tuple") {
        Some(array) => {
            let parts: Vec<_> = argument["components"]
                .as_array()
                .unwrap()
                .iter()
                .map(abi_type)
                .collect();
            format!("({}){array}", parts.join(","))
        }
        None => name.to_owned(),
    }
}

#[tokio::test]
async fn refuses_calls_that_no_function_takes() {
    let local = Local::start().await;
    let token = local.token().await;
    let malformed = IToken::MalformedCalldata {}.abi_encode();
    let selector = IToken::balanceOfCall::SELECTOR;
    let short = [&selector[..], &[0; 31]].concat();
    let dirty = [&selector[..], &[0xff; 32]].concat();
    for input in [vec![], vec![1, 2, 3], short, dirty] {
        assert_eq!(local.call(token, input, 0).await.unwrap_err(), malformed);
    }
    let unknown = local.call(token, vec![0xde, 0xad, 0xbe, 0xef, 0], 0).await;
    let error = IToken::UnknownFunction {
        selector: [0xde, 0xad, 0xbe, 0xef].into(),
    };
    assert_eq!(unknown.unwrap_err(), error.abi_encode());

    let paid = local
        .call(token, IToken::totalSupplyCall {}.abi_encode(), 1)
        .await;
    assert_eq!(paid.unwrap_err(), IToken::NotPayable {}.abi_encode());
}

#[tokio::test]
async fn keeps_balances_where_solidity_would() {
    let local = Local::start().await;
    let token = local.token().await;
    let (owner, spender) = (local.admin().address(), local.stranger().address());
    let approve = IToken::approveCall {
        spender,
        value: U256::from(9),
    };
    local.send(local.admin(), token, &approve).await.unwrap();

    let balances = keccak256((owner, U256::ZERO).abi_encode());
    assert_eq!(
        local.slot(token, balances).await,
        B256::from(U256::from(SUPPLY))
    );
    let of_owner = keccak256((owner, U256::from(1)).abi_encode());
    let allowance = keccak256((spender, of_owner).abi_encode());
    assert_eq!(local.slot(token, allowance).await, B256::with_last_byte(9));
    let supply = local.slot(token, B256::with_last_byte(2)).await;
    assert_eq!(supply, B256::from(U256::from(SUPPLY)));
}
