//! What ethers' types say is what alloy's say.

use std::{collections::BTreeSet, iter};

use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use alloy_sol_types::SolInterface;
use arbius_sdk::{
    contracts,
    ethers::{self as bindings, ToAlloy, ToEthers},
};
use ethers::{
    abi::{Abi, ErrorExt as _},
    types::{H160, H256, Log},
};

/// Selectors of all calls that alloy's types have.
fn selectors<I: SolInterface>() -> BTreeSet<[u8; 4]> {
    I::selectors().collect()
}

fn calls(abi: &Abi) -> BTreeSet<[u8; 4]> {
    abi.functions().map(|call| call.short_signature()).collect()
}

fn errors(abi: &Abi) -> BTreeSet<[u8; 4]> {
    abi.errors().map(|error| error.selector()).collect()
}

fn events(abi: &Abi) -> BTreeSet<[u8; 32]> {
    abi.events().map(|event| event.signature().0).collect()
}

/// Compares an interface: its ABI in ethers, its module and its enums in alloy.
macro_rules! same {
    ($module:ident::$abi:ident, $interface:ident: $calls:ident $(, errors $errors:ident)? $(, events $events:ident)?) => {{
        use contracts::$interface as alloy;
        let abi = &bindings::$module::$abi;
        let known_errors = iter::empty()$(.chain(selectors::<alloy::$errors>()))?;
        let known_events = iter::empty()$(.chain(alloy::$events::SELECTORS.iter().copied()))?;
        assert_eq!(calls(abi), selectors::<alloy::$calls>(), stringify!($interface));
        assert_eq!(errors(abi), known_errors.collect(), stringify!($interface));
        assert_eq!(events(abi), known_events.collect(), stringify!($interface));
    }};
}

#[test]
fn every_interface_has_the_same_calls_errors_and_events() {
    same!(engine::IENGINE_ABI, IEngine: IEngineCalls, errors IEngineErrors, events IEngineEvents);
    same!(consumer::ITASKCONSUMER_ABI, ITaskConsumer: ITaskConsumerCalls);
    same!(token::ITOKEN_ABI, IToken: ITokenCalls, errors ITokenErrors, events ITokenEvents);
    same!(permit::IPERMIT_ABI, IPermit: IPermitCalls, errors IPermitErrors, events IPermitEvents);
    same!(votes::IVOTES_ABI, IVotes: IVotesCalls, errors IVotesErrors, events IVotesEvents);
    same!(bridged_token::IBRIDGEDTOKEN_ABI, IBridgedToken: IBridgedTokenCalls, errors IBridgedTokenErrors, events IBridgedTokenEvents);
    same!(vesting::IVESTING_ABI, IVesting: IVestingCalls, errors IVestingErrors, events IVestingEvents);
    same!(governor::IGOVERNOR_ABI, IGovernor: IGovernorCalls, errors IGovernorErrors, events IGovernorEvents);
    same!(governor_bravo::IGOVERNORBRAVO_ABI, IGovernorBravo: IGovernorBravoCalls);
    same!(timelock::ITIMELOCK_ABI, ITimelock: ITimelockCalls, errors ITimelockErrors, events ITimelockEvents);
    same!(proxy::IPROXY_ABI, IProxy: IProxyCalls, errors IProxyErrors, events IProxyEvents);
    same!(arb_sys::IARBSYS_ABI, IArbSys: IArbSysCalls);
    same!(arb_wasm::IARBWASM_ABI, IArbWasm: IArbWasmCalls, errors IArbWasmErrors, events IArbWasmEvents);
    same!(arb_wasm_cache::IARBWASMCACHE_ABI, IArbWasmCache: IArbWasmCacheCalls, events IArbWasmCacheEvents);
    same!(arb_gas_info::IARBGASINFO_ABI, IArbGasInfo: IArbGasInfoCalls);
    same!(arb_owner_public::IARBOWNERPUBLIC_ABI, IArbOwnerPublic: IArbOwnerPublicCalls);
    same!(cache_manager::ICACHEMANAGER_ABI, ICacheManager: ICacheManagerCalls, errors ICacheManagerErrors);
    same!(stylus_deployer::ISTYLUSDEPLOYER_ABI, IStylusDeployer: IStylusDeployerCalls, errors IStylusDeployerErrors, events IStylusDeployerEvents);
}

#[test]
fn every_value_comes_back_the_same() {
    let mut word = B256::ZERO;
    for _ in 0..256 {
        let address = Address::from_word(word);
        assert_eq!(address.to_ethers().to_alloy(), address);
        assert_eq!(
            format!("{:?}", address.to_ethers()),
            format!("{address:#x}")
        );
        assert_eq!(word.to_ethers().to_alloy(), word);
        assert_eq!(format!("{:?}", word.to_ethers()), word.to_string());
        let number = U256::from_be_bytes(word.0);
        assert_eq!(number.to_ethers().to_alloy(), number);
        assert_eq!(number.to_ethers().to_string(), number.to_string());
        let bytes = Bytes::copy_from_slice(&word[..usize::from(word[0] % 33)]);
        assert_eq!(bytes.to_ethers().to_alloy(), bytes);
        assert_eq!(bytes.to_ethers().to_string(), bytes.to_string());
        word = keccak256(word);
    }
    assert_eq!(U256::MAX.to_ethers(), ethers::types::U256::MAX);
}

#[test]
fn a_log_that_no_chain_has_is_read_all_the_same() {
    let log = Log {
        address: H160::repeat_byte(1),
        topics: vec![H256::repeat_byte(2); 5],
        data: b"data".into(),
        log_index: Some(ethers::types::U256::MAX),
        removed: Some(true),
        ..Log::default()
    };
    let read = log.to_alloy();
    assert_eq!(read.address(), Address::repeat_byte(1));
    assert_eq!(read.topics(), [B256::repeat_byte(2); 5]);
    assert_eq!(read.inner.data.data, Bytes::from_static(b"data"));
    assert_eq!(read.log_index, Some(u64::MAX));
    assert!(read.removed);
    assert_eq!(read.block_number, None);
    assert_eq!(contracts::submissions(&[read]), []);
}
