//! What a transaction pays for its data on L1.

mod common;

use alloy_eips::BlockId;
use alloy_primitives::{Address, Bytes, U256, hex};
use alloy_rpc_types_eth::TransactionRequest;
use alloy_sol_types::{SolCall, sol};
use arbius_devnet::{
    Devnet,
    chain::{CallError, Chain, TransactionError},
    evm::params,
};
use common::*;

sol! {
    interface IArbGasInfo {
        function getPricesInWei() external view returns (uint256, uint256, uint256, uint256, uint256, uint256);
        function getPricesInArbGas() external view returns (uint256, uint256, uint256);
        function getL1BaseFeeEstimate() external view returns (uint256);
        function getCurrentTxL1GasFees() external view returns (uint256);
    }
    interface INodeInterface {
        function gasEstimateComponents(address to, bool contractCreation, bytes calldata data) external payable returns (uint64 gasEstimate, uint64 gasEstimateForL1, uint256 baseFee, uint256 l1BaseFeeEstimate);
    }
}

/// A chain on which a unit of data costs as much as a unit of gas.
fn priced() -> Chain {
    Devnet::builder()
        .l1_price_per_unit(params::BASE_FEE)
        .build_chain()
}

/// Bytes that do not compress.
fn noise(length: usize) -> Bytes {
    (0u32..)
        .flat_map(|word| alloy_primitives::keccak256(word.to_be_bytes()).0)
        .take(length)
        .collect()
}

#[test]
fn data_costs_nothing_unless_a_price_is_set() {
    let chain = chain();
    let mined = send(&chain, request(alice(&chain), bob(&chain), Bytes::new()));
    assert_eq!(mined.receipt().gas_used, 21_000);
    assert_eq!(mined.receipt().gas_used_for_l1, 0);
}

#[test]
fn a_transaction_pays_for_its_compressed_bytes() {
    // Noise is stored: 1,000 bytes cost 1,000 units of 16 and a little more, whatever the
    // rest of the transaction takes, which cancels out.
    let chain = priced();
    let paid = |length| {
        let asked = request(alice(&chain), bob(&chain), noise(length));
        send(&chain, asked).receipt().gas_used_for_l1
    };
    let (short, long) = (paid(1_000), paid(2_000));
    assert!((16_000..16_160).contains(&(long - short)), "{short} {long}");
    // Zeros compress to almost nothing.
    let asked = request(alice(&chain), bob(&chain), vec![0; 2_000]);
    assert!(send(&chain, asked).receipt().gas_used_for_l1 < short / 4);
}

#[test]
fn the_sender_pays_exactly_the_gas_used_and_no_ether_is_lost() {
    let chain = priced();
    let accounts = [
        alice(&chain),
        params::NETWORK_FEE_ACCOUNT,
        params::L1_PRICER_FUNDS_POOL,
    ];
    let balances = || accounts.map(|account| chain.balance(account));
    let before = balances();
    let mined = send(&chain, request(alice(&chain), bob(&chain), noise(500)));
    let receipt = mined.receipt();
    let after = balances();
    let price = U256::from(params::BASE_FEE);
    let (all, data) = (
        U256::from(receipt.gas_used) * price,
        U256::from(receipt.gas_used_for_l1) * price,
    );
    assert!(receipt.gas_used_for_l1 >= 8_000);
    assert_eq!(before[0] - after[0], all);
    assert_eq!(after[1] - before[1], all - data);
    assert_eq!(after[2] - before[2], data);
}

#[test]
fn an_estimate_suffices_for_much_data_and_less_than_the_data_does_not() {
    let chain = priced();
    let asked = request(alice(&chain), bob(&chain), noise(60_000));
    let estimate = chain.estimate_gas(BlockId::latest(), &asked, None).unwrap();
    let mined = send_with_gas(&chain, asked.clone(), estimate);
    assert!(mined.receipt().success);
    assert!(mined.receipt().gas_used <= estimate);
    let gas = Some(mined.receipt().gas_used_for_l1);
    assert!(matches!(
        chain.send(TransactionRequest { gas, ..asked }),
        Err(CallError::Transaction(
            TransactionError::IntrinsicGas { .. }
        ))
    ));
}

#[test]
fn execution_costs_the_same_whatever_data_costs() {
    let chain = chain();
    let actor = deploy_program(&chain, &actor());
    let asked = request(alice(&chain), actor, act_word(act::STORE, 7));
    let start = chain.snapshot();
    let free = send_with_gas(&chain, asked.clone(), 10_000_000);
    assert!(chain.revert(start));
    chain.set_l1_price_per_unit(params::BASE_FEE);
    let paid = send_with_gas(&chain, asked, 10_000_000);
    let receipt = paid.receipt();
    assert!(receipt.success && receipt.gas_used_for_l1 > 0);
    assert_eq!(
        receipt.gas_used - receipt.gas_used_for_l1,
        free.receipt().gas_used
    );
    // The limit on a transaction's gas is one on execution.
    let endless = request(alice(&chain), actor, vec![act::LOOP]);
    let mined = send_with_gas(&chain, endless, 100_000_000);
    let receipt = mined.receipt();
    assert_eq!(
        receipt.gas_used - receipt.gas_used_for_l1,
        params::MAX_TX_GAS
    );
}

#[test]
fn arb_gas_info_tells_the_price() {
    // Nitro's first price of 50 gwei: a byte has 16 units, 8e11 wei, 80,000 gas at 0.01
    // gwei; a simple transaction has 140 bytes.
    let chain = chain();
    chain.set_l1_price_per_unit(50_000_000_000);
    let gas_info = params::ARB_GAS_INFO;
    let wei = ask(&chain, gas_info, IArbGasInfo::getPricesInWeiCall {}).unwrap();
    assert_eq!(wei._0, U256::from(112_000_000_000_000u64));
    assert_eq!(wei._1, U256::from(800_000_000_000u64));
    let gas = ask(&chain, gas_info, IArbGasInfo::getPricesInArbGasCall {}).unwrap();
    assert_eq!(gas._0, U256::from(11_200_000));
    assert_eq!(gas._1, U256::from(80_000));
    let price = ask(&chain, gas_info, IArbGasInfo::getL1BaseFeeEstimateCall {}).unwrap();
    assert_eq!(price, U256::from(50_000_000_000u64));
}

#[test]
fn a_contract_learns_what_its_transaction_paid() {
    let chain = priced();
    let asker = deploy(&chain, &forwarder(0xfa, params::ARB_GAS_INFO));
    let question = IArbGasInfo::getCurrentTxL1GasFeesCall {}.abi_encode();
    let mined = send(&chain, request(alice(&chain), asker, question));
    let paid = U256::from(mined.receipt().gas_used_for_l1) * U256::from(params::BASE_FEE);
    assert!(!paid.is_zero());
    assert_eq!(word(&mined.receipt().output), paid);
}

#[test]
fn node_interface_splits_an_estimate() {
    let chain = priced();
    let to = Address::repeat_byte(0x11);
    let data = Bytes::from_static(&hex!("c0ffee"));
    let asked = request(alice(&chain), to, data);
    let whole = chain
        .estimate_gas(BlockId::pending(), &asked, None)
        .unwrap();
    let question = INodeInterface::gasEstimateComponentsCall {
        to,
        contractCreation: false,
        data: asked.input.input().unwrap().clone(),
    };
    let parts = common::ask(&chain, params::NODE_INTERFACE, question).unwrap();
    assert_eq!(parts.gasEstimate, whole);
    // 21,000 and three bytes that are not zero, 16 each; nothing is executed.
    let execution = 21_048;
    assert!((execution..execution * 102 / 100).contains(&(whole - parts.gasEstimateForL1)));
    assert_eq!(parts.baseFee, U256::from(params::BASE_FEE));
    assert_eq!(parts.l1BaseFeeEstimate, U256::from(params::BASE_FEE));
}
