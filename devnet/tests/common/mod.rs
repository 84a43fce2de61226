//! What the integration tests share: EVM code by hand, and requests.

#![allow(dead_code, reason = "each test binary uses its own part")]

use alloy_eips::BlockId;
use alloy_primitives::{Address, B256, Bytes, U256, hex};
use alloy_rpc_types_eth::{TransactionInput, TransactionRequest};
use arbius_devnet::{
    Devnet,
    chain::{CallError, Chain, MinedTransaction},
};

/// A chain without a server.
pub fn chain() -> Chain {
    Devnet::builder().build_chain()
}

/// The first funded account.
pub fn alice(chain: &Chain) -> Address {
    chain.accounts()[0].address
}

/// The second funded account.
pub fn bob(chain: &Chain) -> Address {
    chain.accounts()[1].address
}

/// Init code that deploys `runtime`.
pub fn init_code(runtime: &[u8]) -> Bytes {
    let length = u16::try_from(runtime.len()).unwrap().to_be_bytes();
    // PUSH2 length DUP1 PUSH1 10 PUSH0 CODECOPY PUSH0 RETURN
    let mut code = vec![0x61, length[0], length[1], 0x80, 0x60, 0x0a, 0x5f, 0x39, 0x5f, 0xf3];
    code.extend_from_slice(runtime);
    code.into()
}

/// A call of `to`.
pub fn request(from: Address, to: Address, input: impl Into<Bytes>) -> TransactionRequest {
    TransactionRequest {
        from: Some(from),
        to: Some(to.into()),
        input: TransactionInput::new(input.into()),
        ..TransactionRequest::default()
    }
}

/// Sends a transaction and returns what became of it.
pub fn send(chain: &Chain, request: TransactionRequest) -> MinedTransaction {
    let hash = chain.send(request).unwrap();
    chain.mined(hash).unwrap()
}

/// Sends with a fixed gas limit, so that a failure is mined instead of estimated.
pub fn send_with_gas(chain: &Chain, request: TransactionRequest, gas: u64) -> MinedTransaction {
    send(chain, TransactionRequest { gas: Some(gas), ..request })
}

/// Deploys runtime code and returns its address.
pub fn deploy(chain: &Chain, runtime: &[u8]) -> Address {
    let mined = deploy_transaction(chain, runtime);
    assert!(mined.receipt().success, "{:?}", mined.receipt());
    mined.receipt().contract_address.unwrap()
}

/// Deploys runtime code and returns the transaction.
pub fn deploy_transaction(chain: &Chain, runtime: &[u8]) -> MinedTransaction {
    let request = TransactionRequest {
        from: Some(alice(chain)),
        to: Some(alloy_primitives::TxKind::Create),
        input: TransactionInput::new(init_code(runtime)),
        gas: Some(20_000_000),
        ..TransactionRequest::default()
    };
    send(chain, request)
}

/// Calls in the block that would be made now.
pub fn call(chain: &Chain, to: Address, input: impl Into<Bytes>) -> Result<Bytes, CallError> {
    chain.call(BlockId::pending(), &request(alice(chain), to, input), None)
}

/// A word of return data.
pub fn word(bytes: &[u8]) -> U256 {
    U256::from_be_slice(bytes)
}

/// The first storage slot of a contract.
pub fn slot0(chain: &Chain, address: Address) -> U256 {
    chain.storage(address, U256::ZERO)
}

/// EVM code that calls an address with its own input, in one of the four ways, and returns
/// or reverts with what it gets. The call passes all gas and no value.
pub fn forwarder(opcode: u8, to: Address) -> Vec<u8> {
    let mut code = hex!("365f5f37").to_vec(); // calldatacopy(0, 0, calldatasize())
    code.extend_from_slice(&hex!("5f5f365f")); // out size, out offset, in size, in offset
    if opcode == 0xf1 || opcode == 0xf2 {
        code.push(0x34); // callvalue()
    }
    code.push(0x73);
    code.extend_from_slice(to.as_slice());
    code.extend_from_slice(&[0x5a, opcode]); // gas(), call
    code.extend_from_slice(&hex!("3d5f5f3e")); // returndatacopy(0, 0, returndatasize())
    let revert_at = u8::try_from(code.len() + 6).unwrap();
    // if success jump to return, else revert
    code.extend_from_slice(&[0x60, revert_at + 1, 0x57]);
    code.extend_from_slice(&hex!("3d5ffd")); // revert(0, returndatasize())
    code.push(0x00); // padding, never reached
    code.extend_from_slice(&hex!("5b3d5ff3")); // return(0, returndatasize())
    code
}

/// A hash that nothing has.
pub const NOTHING: B256 = B256::repeat_byte(0xee);
