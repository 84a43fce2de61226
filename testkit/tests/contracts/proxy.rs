//! The proxy as it runs: WASM on a local chain, in front of Stylus and EVM contracts.

use crate::local::{AIUS, Local, constructor_reverted, initialize, reverted};
use alloy::{primitives::Bytes, rpc::types::TransactionRequest};
use alloy_primitives::{Address, B256, U256, hex};
use alloy_sol_types::{SolCall, SolError, SolValue as _};
use arbius_protocol::interfaces::proxy::{
    ADMIN_SLOT, CONSTRUCTOR_SELECTOR, IMPLEMENTATION_SLOT, ProxyConstructor,
};
use arbius_sdk::{
    chain::Call,
    contracts::{IProxy, IToken},
    deploy::program,
};

/// EVM code that returns its calldata.
const ECHO: [u8; 7] = hex!("365f5f37365ff3");

/// EVM code that reverts with its calldata.
const REVERT: [u8; 7] = hex!("365f5f37365ffd");

/// EVM code that returns what it sees of the call: value, address, caller.
const CONTEXT: [u8; 15] = hex!("345f52306020523360405260605ff3");

fn upgrade(implementation: Address, data: &[u8]) -> IProxy::upgradeToAndCallCall {
    IProxy::upgradeToAndCallCall {
        newImplementation: implementation,
        data: Bytes::copy_from_slice(data),
    }
}

/// More calldata than a page of WASM memory holds.
fn long() -> Vec<u8> {
    (0..100_000_u32).map(|i| (i % 251) as u8).collect()
}

#[tokio::test]
async fn keeps_implementation_and_admin_where_erc_1967_says() {
    let local = Local::start().await;
    let implementation = local.program("token").await;
    let init = initialize(&[(local.admin().address(), 1_000_000 * AIUS)]);
    let proxy = local.proxy_of(implementation, init.abi_encode()).await;
    let slot = local.slot(proxy, IMPLEMENTATION_SLOT).await;
    assert_eq!(slot, implementation.into_word());
    let slot = local.slot(proxy, ADMIN_SLOT).await;
    assert_eq!(slot, local.admin().address().into_word());
}

#[tokio::test]
async fn is_constructed_once() {
    let local = Local::start().await;
    let proxy = local.token().await;
    let arguments = ProxyConstructor {
        implementation: proxy,
        admin: local.stranger().address(),
        initData: Bytes::new(),
    };
    let input = [&CONSTRUCTOR_SELECTOR[..], &arguments.abi_encode_params()].concat();
    // The call is the implementation's by now, which knows no such function.
    let refused = local.call(proxy, input, 0).await.unwrap_err();
    let error = IToken::UnknownFunction {
        selector: CONSTRUCTOR_SELECTOR.into(),
    };
    assert_eq!(refused, error.abi_encode());
}

#[tokio::test]
async fn refuses_to_be_constructed_badly() {
    let local = Local::start().await;
    let implementation = local.program("token").await;
    let admin = local.admin().address();
    let nobody = Address::repeat_byte(0x77);
    let cases = [
        (
            (nobody, admin),
            IProxy::ERC1967InvalidImplementation {
                implementation: nobody,
            }
            .abi_encode(),
        ),
        (
            (implementation, Address::ZERO),
            IProxy::ERC1967InvalidAdmin {
                admin: Address::ZERO,
            }
            .abi_encode(),
        ),
    ];
    for ((implementation, admin), expected) in cases {
        let arguments = ProxyConstructor {
            implementation,
            admin,
            initData: Bytes::new(),
        };
        let error = local.proxy(&arguments).await.unwrap_err();
        assert_eq!(constructor_reverted(&error), expected);
    }
}

#[tokio::test]
async fn refuses_calls_until_it_is_constructed() {
    let local = Local::start().await;
    let bare = local.program("proxy").await;
    let error = IProxy::ERC1967InvalidImplementation {
        implementation: Address::ZERO,
    };
    for input in [vec![], IToken::totalSupplyCall {}.abi_encode()] {
        let refused = local.call(bare, input, 0).await.unwrap_err();
        assert_eq!(refused, error.abi_encode());
    }
}

#[tokio::test]
async fn hands_on_calldata_and_results_of_any_length() {
    let local = Local::start().await;
    let echo = local.contract(&ECHO).await;
    let proxy = local.proxy_of(echo, vec![]).await;
    for input in [vec![], vec![7], vec![1, 2, 3, 4, 5], long()] {
        assert_eq!(local.call(proxy, input.clone(), 0).await.unwrap(), input);
    }
}

#[tokio::test]
async fn hands_on_reverts_byte_for_byte() {
    let local = Local::start().await;
    let implementation = local.contract(&REVERT).await;
    let proxy = local.proxy_of(implementation, vec![]).await;
    for input in [vec![], vec![7], long()] {
        assert_eq!(
            local.call(proxy, input.clone(), 0).await.unwrap_err(),
            input
        );
    }
}

#[tokio::test]
async fn lets_the_implementation_see_the_call_as_it_came() {
    let local = Local::start().await;
    let implementation = local.contract(&CONTEXT).await;
    let proxy = local.proxy_of(implementation, vec![]).await;
    let seen = local.call(proxy, vec![], 5).await.unwrap();
    let seen = <(U256, Address, Address)>::abi_decode(&seen).unwrap();
    assert_eq!(seen, (U256::from(5), proxy, local.stranger().address()));
}

#[tokio::test]
async fn keeps_the_value_of_a_call() {
    let local = Local::start().await;
    let echo = local.contract(&ECHO).await;
    let proxy = local.proxy_of(echo, vec![]).await;
    let sent = local
        .stranger()
        .execute(Call::transfer(proxy, U256::from(9)))
        .await;
    sent.unwrap();
    assert_eq!(local.chain.balance(proxy).await.unwrap(), U256::from(9));
    assert_eq!(local.chain.balance(echo).await.unwrap(), U256::ZERO);
}

#[tokio::test]
async fn upgrades_for_the_admin_and_keeps_the_storage() {
    let local = Local::start().await;
    let proxy = local.token().await;
    let echo = local.contract(&ECHO).await;
    let old = Address::from_word(local.slot(proxy, IMPLEMENTATION_SLOT).await);

    let receipt = local
        .send(local.admin(), proxy, &upgrade(echo, &[]))
        .await
        .unwrap();
    let events: Vec<_> = receipt.events::<IProxy::Upgraded>(proxy).collect();
    assert_eq!(
        events,
        [IProxy::Upgraded {
            implementation: echo
        }]
    );
    assert_eq!(local.call(proxy, vec![1, 2], 0).await.unwrap(), vec![1, 2]);

    local
        .send(local.admin(), proxy, &upgrade(old, &[]))
        .await
        .unwrap();
    let supply = local.chain.read(proxy, &IToken::totalSupplyCall {}).await;
    assert_eq!(supply.unwrap(), U256::from(1_000_000 * AIUS));
}

#[tokio::test]
async fn refuses_upgrades_by_anybody_else() {
    let local = Local::start().await;
    let proxy = local.token().await;
    let echo = local.contract(&ECHO).await;
    let caller = local.stranger().address();
    let error = IProxy::ProxyUnauthorized { caller }.abi_encode();
    let refused = local.call(proxy, upgrade(echo, &[]).abi_encode(), 0).await;
    assert_eq!(refused.unwrap_err(), error);
    let change = IProxy::changeAdminCall { newAdmin: caller };
    let refused = local.call(proxy, change.abi_encode(), 0).await;
    assert_eq!(refused.unwrap_err(), error);
}

#[tokio::test]
async fn undoes_an_upgrade_whose_call_fails() {
    let local = Local::start().await;
    let proxy = local.token().await;
    let old = local.slot(proxy, IMPLEMENTATION_SLOT).await;
    let next = local.contract(&REVERT).await;
    let refused = local
        .send(local.admin(), proxy, &upgrade(next, b"why not"))
        .await;
    assert_eq!(
        reverted(&refused.unwrap_err()),
        Bytes::from_static(b"why not")
    );
    assert_eq!(local.slot(proxy, IMPLEMENTATION_SLOT).await, old);
}

#[tokio::test]
async fn refuses_upgrades_that_would_lose_something() {
    let local = Local::start().await;
    let proxy = local.token().await;
    let echo = local.contract(&ECHO).await;
    let nobody = Address::repeat_byte(0x77);
    let as_admin = async |input: Vec<u8>, value: u64| {
        let request = TransactionRequest {
            from: Some(local.admin().address()),
            to: Some(proxy.into()),
            value: Some(U256::from(value)),
            input: Bytes::from(input).into(),
            ..TransactionRequest::default()
        };
        let latest = alloy::eips::BlockId::latest();
        reverted(
            &local
                .chain
                .simulate(request, "an upgrade", latest)
                .await
                .unwrap_err(),
        )
    };
    assert_eq!(
        as_admin(upgrade(nobody, &[]).abi_encode(), 0).await,
        IProxy::ERC1967InvalidImplementation {
            implementation: nobody
        }
        .abi_encode()
    );
    assert_eq!(
        as_admin(upgrade(echo, &[]).abi_encode(), 1).await,
        IProxy::ERC1967NonPayable {}.abi_encode()
    );
    let nobody = Address::ZERO;
    assert_eq!(
        as_admin(IProxy::changeAdminCall { newAdmin: nobody }.abi_encode(), 0).await,
        IProxy::ERC1967InvalidAdmin { admin: nobody }.abi_encode()
    );
    assert_eq!(
        as_admin(IProxy::upgradeToAndCallCall::SELECTOR.to_vec(), 0).await,
        IProxy::ProxyMalformedCalldata {}.abi_encode()
    );
}

#[tokio::test]
async fn hands_the_right_to_upgrade_on() {
    let local = Local::start().await;
    let proxy = local.token().await;
    let echo = local.contract(&ECHO).await;
    let (old, new) = (local.admin().address(), local.stranger().address());
    let change = IProxy::changeAdminCall { newAdmin: new };
    let receipt = local.send(local.admin(), proxy, &change).await.unwrap();
    let events: Vec<_> = receipt.events::<IProxy::AdminChanged>(proxy).collect();
    assert_eq!(
        events,
        [IProxy::AdminChanged {
            previousAdmin: old,
            newAdmin: new
        }]
    );

    let refused = local.send(local.admin(), proxy, &upgrade(echo, &[])).await;
    let error = IProxy::ProxyUnauthorized { caller: old };
    assert_eq!(reverted(&refused.unwrap_err()), error.abi_encode());
    local
        .send(local.stranger(), proxy, &upgrade(echo, &[]))
        .await
        .unwrap();
}

#[tokio::test]
async fn can_be_saved_from_an_implementation_that_cannot_run() {
    let local = Local::start().await;
    let proxy = local.token().await;
    let good = Address::from_word(local.slot(proxy, IMPLEMENTATION_SLOT).await);
    // A Stylus prefix before something that was never activated.
    let broken = local.contract(&hex!("eff0000001020304")).await;
    local
        .send(local.admin(), proxy, &upgrade(broken, &[]))
        .await
        .unwrap();
    let call = IToken::totalSupplyCall {};
    assert!(local.call(proxy, call.abi_encode(), 0).await.is_err());

    local
        .send(local.admin(), proxy, &upgrade(good, &[]))
        .await
        .unwrap();
    assert!(local.chain.read(proxy, &call).await.is_ok());
}

#[tokio::test]
async fn one_code_serves_every_contract() {
    let local = Local::start().await;
    let (token, echo) = (local.token().await, local.contract(&ECHO).await);
    let other = local.proxy_of(echo, vec![]).await;
    let code = local.chain.code(token).await.unwrap();
    assert_eq!(local.chain.code(other).await.unwrap(), code);
    let artifact = arbius_artifacts::get(arbius_artifacts::PROXY).unwrap();
    assert_eq!(code, program::code(local.admin(), artifact).await.unwrap());
    assert_eq!(local.slot(other, B256::ZERO).await, B256::ZERO);
}
