//! Single programs on a bare chain: activation, constructors, caching.

use alloy_primitives::{Address, B256, U256, keccak256};
use alloy_sol_types::{SolCall, SolValue};
use arbius_devnet::Devnet;
use arbius_protocol::interfaces::{
    arbos::{ARB_WASM, ARB_WASM_CACHE},
    proxy::{CONSTRUCTOR_SELECTOR, IMPLEMENTATION_SLOT, ProxyConstructor},
};
use arbius_sdk::{
    chain::{Chain, Lane, Signer},
    contracts::{IArbWasm, IArbWasmCache, IToken},
    deploy::{DeployError, program},
};
use arbius_testkit::requester::{self, IRequester};

const CAP: u128 = 1_000_000 * 1_000_000_000_000_000_000;

async fn bare_chain() -> (Devnet, Lane) {
    let devnet = Devnet::builder().spawn().await.unwrap();
    let chain = Chain::connect(&devnet.url()).await.unwrap();
    let signer = Signer::from_key(&devnet.accounts()[0].key).unwrap();
    (devnet, Lane::new(chain, signer))
}

fn constructor(implementation: Address, admin: Address, call: &impl SolCall) -> Vec<u8> {
    let arguments = ProxyConstructor {
        implementation,
        admin,
        initData: call.abi_encode().into(),
    };
    [&CONSTRUCTOR_SELECTOR[..], &arguments.abi_encode_params()].concat()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_behind_its_proxy_is_active_cached_and_initialised_at_once() {
    let (devnet, lane) = bare_chain().await;
    let chain = lane.chain();
    let token = arbius_artifacts::get(arbius_artifacts::TOKEN).unwrap();
    let implementation = program::deploy(&lane, token).await.unwrap();
    let version = chain
        .read(
            ARB_WASM,
            &IArbWasm::programVersionCall {
                program: implementation,
            },
        )
        .await;
    assert!(version.unwrap() > 0);
    // Activating what is active costs nothing.
    let nonce = chain.nonce(lane.address(), true).await.unwrap();
    program::activate(&lane, "token", implementation)
        .await
        .unwrap();
    assert_eq!(chain.nonce(lane.address(), true).await.unwrap(), nonce);

    let allocations = vec![IToken::Allocation {
        account: lane.address(),
        amount: U256::from(CAP),
    }];
    let call = IToken::initializeCall { allocations };
    let proxy = arbius_artifacts::get(arbius_artifacts::PROXY).unwrap();
    let code = program::code(&lane, proxy).await.unwrap();
    let arguments = constructor(implementation, lane.address(), &call);
    let before = chain.balance(lane.address()).await.unwrap();
    let address = program::deploy_with_constructor(&lane, "token", &code, arguments, B256::ZERO)
        .await
        .unwrap();
    // What was sent for the data fee and not needed came back.
    let spent = before - chain.balance(lane.address()).await.unwrap();
    assert!(
        spent < U256::from(10_000_000_000_000_000_u64),
        "{spent} wei"
    );

    let slot = devnet.chain().storage(address, IMPLEMENTATION_SLOT.into());
    assert_eq!(Address::from_word(slot.into()), implementation);
    let call = IToken::balanceOfCall {
        account: lane.address(),
    };
    assert_eq!(chain.read(address, &call).await.unwrap(), U256::from(CAP));
    assert_eq!(
        chain.read(address, &IToken::symbolCall {}).await.unwrap(),
        "AIUS"
    );

    let codehash = keccak256(chain.code(implementation).await.unwrap());
    let is_cached = IArbWasmCache::codehashIsCachedCall { codehash };
    assert!(!chain.read(ARB_WASM_CACHE, &is_cached).await.unwrap());
    assert!(
        program::cache(&lane, implementation, U256::ZERO)
            .await
            .unwrap()
    );
    assert!(chain.read(ARB_WASM_CACHE, &is_cached).await.unwrap());
    assert!(
        program::cache(&lane, implementation, U256::ZERO)
            .await
            .unwrap(),
        "twice is once"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_supply_that_is_not_the_cap_stops_the_deployment_by_name() {
    let (_devnet, lane) = bare_chain().await;
    let token = arbius_artifacts::get(arbius_artifacts::TOKEN).unwrap();
    let implementation = program::deploy(&lane, token).await.unwrap();
    let allocations = vec![IToken::Allocation {
        account: lane.address(),
        amount: U256::from(1),
    }];
    let call = IToken::initializeCall { allocations };
    let proxy = arbius_artifacts::get(arbius_artifacts::PROXY).unwrap();
    let code = program::code(&lane, proxy).await.unwrap();
    let arguments = constructor(implementation, lane.address(), &call);
    let error = program::deploy_with_constructor(&lane, "token", &code, arguments, B256::ZERO)
        .await
        .unwrap_err();
    assert!(
        matches!(&error, DeployError::Chain(error) if error.is_revert("SupplyNotCap")),
        "{error}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_requester_refuses_to_be_bound_to_what_is_no_engine() {
    let (_devnet, lane) = bare_chain().await;
    let nobody = Address::repeat_byte(0x44);
    let error = requester::deploy(&lane, nobody).await.unwrap_err();
    let DeployError::Chain(error) = error else {
        panic!("{error}")
    };
    let refused = IRequester::NotAnEngine { engine: nobody };
    assert_eq!(error.revert().unwrap().error(), Some(refused), "{error}");
}
