//! The built-in StylusDeployer: deploys, activates, constructs and refunds in one call.

use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use alloy_rpc_types_eth::{TransactionInput, TransactionRequest};
use alloy_sol_types::{SolCall, SolError, SolEvent, SolValue};
use arbius_devnet::{
    chain::{Chain, MinedTransaction},
    evm::params::{ARB_WASM, STYLUS_DEPLOYER},
};

use crate::common::*;

fn deployment(chain: &Chain, code: &[u8], init_data: Vec<u8>, value: u64) -> TransactionRequest {
    let input = IStylusDeployer::deployCall {
        bytecode: init_code(code),
        initData: init_data.into(),
        initValue: U256::from(value),
        salt: B256::ZERO,
    }
    .abi_encode();
    TransactionRequest {
        value: Some(activation_value()),
        ..request(alice(chain), STYLUS_DEPLOYER, input)
    }
}

fn deployed(mined: &MinedTransaction) -> Address {
    let receipt = mined.receipt();
    assert!(receipt.success, "{receipt:?}");
    let event = receipt
        .logs
        .iter()
        .filter(|log| log.address == STYLUS_DEPLOYER)
        .find_map(|log| IStylusDeployer::ContractDeployed::decode_log(log).ok())
        .expect("the deployer tells the address");
    assert_eq!(
        Address::abi_decode(&receipt.output).unwrap(),
        event.deployedContract
    );
    event.deployedContract
}

#[test]
fn the_deployer_deploys_activates_constructs_and_refunds() {
    let chain = chain();
    let before = chain.balance(alice(&chain));
    let mined = send(
        &chain,
        deployment(&chain, &actor(), act_word(act::STORE, 12), 34),
    );
    let program = deployed(&mined);
    assert_eq!(slot0(&chain, program), U256::from(12), "constructed");
    assert_eq!(chain.balance(program), U256::from(34), "with its value");
    assert_eq!(chain.balance(STYLUS_DEPLOYER), U256::ZERO);
    let activated = IArbWasm::ProgramActivated::decode_log(&mined.receipt().logs[0]).unwrap();
    let gas =
        U256::from(mined.receipt().gas_used) * U256::from(mined.receipt().effective_gas_price);
    assert_eq!(
        chain.balance(alice(&chain)),
        before - gas - activated.dataFee - U256::from(34),
        "the rest came back"
    );
    // The same code again needs no activation.
    let requires = ask(
        &chain,
        STYLUS_DEPLOYER,
        IStylusDeployer::requiresActivationCall { addr: program },
    );
    assert_eq!(requires, Ok(false));
    let again = send(
        &chain,
        deployment(&chain, &actor(), act_word(act::STORE, 13), 0),
    );
    assert_eq!(again.receipt().logs.len(), 1, "no activation");
    assert_ne!(deployed(&again), program);
}

#[test]
fn the_deployer_undoes_everything_when_a_step_fails() {
    let chain = chain();
    let balance = chain.balance(STYLUS_DEPLOYER);
    let failing = deployment(&chain, &actor(), act_word(act::STORE_AND_REVERT, 1), 0);
    let data = reverts(chain.send(failing.clone()));
    let error = IStylusDeployer::ContractInitializationError::abi_decode(&data).unwrap();
    assert_eq!(
        word(&error.data),
        U256::ONE,
        "with what the constructor said"
    );
    let mined = send_with_gas(&chain, failing, 20_000_000);
    assert!(!mined.receipt().success);
    assert!(mined.receipt().logs.is_empty());
    assert_eq!(chain.code(error.newContract), Bytes::new());
    assert_eq!(chain.balance(STYLUS_DEPLOYER), balance);
    let codehash = keccak256(actor());
    let version = ask(&chain, ARB_WASM, IArbWasm::codehashVersionCall { codehash });
    assert_eq!(
        reverts(version),
        IArbWasm::ProgramNotActivated {}.abi_encode()
    );

    let unpaid = TransactionRequest {
        value: None,
        ..deployment(&chain, &actor(), Vec::new(), 0)
    };
    let data = reverts(chain.send(unpaid));
    assert!(IArbWasm::ProgramInsufficientValue::abi_decode(&data).is_ok());
    let empty = TransactionRequest {
        input: TransactionInput::new(
            IStylusDeployer::deployCall {
                bytecode: Bytes::new(),
                initData: Bytes::new(),
                initValue: U256::ZERO,
                salt: B256::ZERO,
            }
            .abi_encode()
            .into(),
        ),
        ..deployment(&chain, &[], Vec::new(), 0)
    };
    assert_eq!(
        reverts(chain.send(empty)),
        IStylusDeployer::EmptyBytecode {}.abi_encode()
    );
    let pointless = deployment(&chain, &actor(), Vec::new(), 5);
    assert_eq!(
        reverts(chain.send(pointless)),
        IStylusDeployer::InitValueButNotInitData {}.abi_encode()
    );
}

#[test]
fn the_deployer_salts_with_the_constructors_input() {
    let chain = chain();
    let (salt, init_data) = (B256::repeat_byte(3), act_word(act::STORE, 1));
    let input = IStylusDeployer::deployCall {
        bytecode: init_code(&actor()),
        initData: init_data.clone().into(),
        initValue: U256::ZERO,
        salt,
    };
    let asked = TransactionRequest {
        value: Some(activation_value()),
        ..request(alice(&chain), STYLUS_DEPLOYER, input.abi_encode())
    };
    let program = deployed(&send(&chain, asked.clone()));
    let full_salt = keccak256([salt.as_slice(), &init_data].concat());
    assert_eq!(
        program,
        STYLUS_DEPLOYER.create2_from_code(full_salt, init_code(&actor()))
    );
    let told = ask(
        &chain,
        STYLUS_DEPLOYER,
        IStylusDeployer::initSaltCall {
            salt,
            initData: init_data.into(),
        },
    );
    assert_eq!(told, Ok(full_salt));
    assert!(chain.send(asked).is_err(), "the address is taken");
}

#[test]
fn a_payer_that_cannot_be_refunded_is_told_so() {
    let chain = chain();
    // Passes its input and value on to the deployer; cannot receive ether without input
    // because it would call the deployer again.
    let payer = deploy(&chain, &forwarder(0xf1, STYLUS_DEPLOYER));
    let asked = TransactionRequest {
        to: Some(payer.into()),
        ..deployment(&chain, &actor(), Vec::new(), 0)
    };
    let data = reverts(chain.send(asked));
    assert!(
        IStylusDeployer::RefundExcessValueError::abi_decode(&data).is_ok(),
        "{data}"
    );
}
