//! What the integration tests share: EVM code by hand, and requests.

#![allow(
    dead_code,
    missing_docs,
    unreachable_pub,
    reason = "each test binary uses its own part, and sol! makes what it makes public"
)]

use alloy_eips::BlockId;
use alloy_primitives::{Address, B256, Bytes, U256, hex};
use alloy_rpc_types_eth::{TransactionInput, TransactionRequest};
use alloy_sol_types::{SolCall, sol};
use arbius_devnet::{
    Devnet,
    chain::{CallError, Chain, MinedTransaction},
};

sol! {
    interface IArbWasm {
        event ProgramActivated(bytes32 indexed codehash, bytes32 moduleHash, address program, uint256 dataFee, uint16 version);
        event ProgramLifetimeExtended(bytes32 indexed codehash, uint256 dataFee);
        error ProgramNotWasm();
        error ProgramNotActivated();
        error ProgramExpired(uint64 ageInSeconds);
        error ProgramUpToDate();
        error ProgramKeepaliveTooSoon(uint64 ageInSeconds);
        error ProgramInsufficientValue(uint256 have, uint256 want);
        function activateProgram(address program) external payable returns (uint16 version, uint256 dataFee);
        function codehashKeepalive(bytes32 codehash) external payable;
        function stylusVersion() external view returns (uint16);
        function codehashVersion(bytes32 codehash) external view returns (uint16);
        function programVersion(address program) external view returns (uint16);
        function programInitGas(address program) external view returns (uint64 gas, uint64 gasWhenCached);
        function programMemoryFootprint(address program) external view returns (uint16);
        function programTimeLeft(address program) external view returns (uint64);
        function inkPrice() external view returns (uint32);
        function maxStackDepth() external view returns (uint32);
        function freePages() external view returns (uint16);
        function pageGas() external view returns (uint16);
        function pageLimit() external view returns (uint16);
        function minInitGas() external view returns (uint64 gas, uint64 cached);
        function expiryDays() external view returns (uint16);
        function pageRamp() external view returns (uint64);
        function initCostScalar() external view returns (uint64);
        function blockCacheSize() external view returns (uint16);
        function activationGas() external view returns (uint64);
        function keepaliveDays() external view returns (uint16);
    }
    interface IArbWasmCache {
        event UpdateProgramCache(address indexed manager, bytes32 indexed codehash, bool cached);
        function allCacheManagers() external view returns (address[] memory);
        function isCacheManager(address manager) external view returns (bool);
        function cacheProgram(address addr) external;
        function evictCodehash(bytes32 codehash) external;
        function codehashIsCached(bytes32 codehash) external view returns (bool);
    }
    interface ICacheManager {
        event InsertBid(bytes32 indexed codehash, address program, uint192 bid, uint64 size);
        error AsmTooLarge(uint256 asm, uint256 queueSize, uint256 cacheSize);
        error AlreadyCached(bytes32 codehash);
        function placeBid(address program) external payable;
        function getMinBid(address program) external view returns (uint192);
        function getMinBid(uint64 size) external view returns (uint192);
        function cacheSize() external view returns (uint64);
        function queueSize() external view returns (uint64);
        function isPaused() external view returns (bool);
    }
    interface IArbOwnerPublic {
        function getMaxStylusContractFragments() external view returns (uint8);
    }
    interface IStylusDeployer {
        event ContractDeployed(address deployedContract);
        error ContractInitializationError(address newContract, bytes data);
        error EmptyBytecode();
        error InitValueButNotInitData();
        error RefundExcessValueError(uint256 excessValue);
        function deploy(bytes calldata bytecode, bytes calldata initData, uint256 initValue, bytes32 salt) public payable returns (address);
        function initSalt(bytes32 salt, bytes calldata initData) public pure returns (bytes32);
        function requiresActivation(address addr) public view returns (bool);
    }
}

/// Asks a precompile.
pub(crate) fn ask<C: SolCall>(
    chain: &Chain,
    to: Address,
    question: C,
) -> Result<C::Return, CallError> {
    call(chain, to, question.abi_encode()).map(|output| C::abi_decode_returns(&output).unwrap())
}

/// The revert data of a call that must revert.
pub(crate) fn reverts<T: std::fmt::Debug>(result: Result<T, CallError>) -> Bytes {
    match result {
        Err(CallError::Reverted { data, .. }) => data,
        other => panic!("expected a revert, got {other:?}"),
    }
}

/// A chain without a server.
pub(crate) fn chain() -> Chain {
    Devnet::builder().build_chain()
}

/// The first funded account.
pub(crate) fn alice(chain: &Chain) -> Address {
    chain.accounts()[0].address
}

/// The second funded account.
pub(crate) fn bob(chain: &Chain) -> Address {
    chain.accounts()[1].address
}

/// Init code that deploys `runtime`.
pub(crate) fn init_code(runtime: &[u8]) -> Bytes {
    let length = u16::try_from(runtime.len()).unwrap().to_be_bytes();
    // PUSH2 length DUP1 PUSH1 10 PUSH0 CODECOPY PUSH0 RETURN
    let mut code = vec![
        0x61, length[0], length[1], 0x80, 0x60, 0x0a, 0x5f, 0x39, 0x5f, 0xf3,
    ];
    code.extend_from_slice(runtime);
    code.into()
}

/// A call of `to`.
pub(crate) fn request(from: Address, to: Address, input: impl Into<Bytes>) -> TransactionRequest {
    TransactionRequest {
        from: Some(from),
        to: Some(to.into()),
        input: TransactionInput::new(input.into()),
        ..TransactionRequest::default()
    }
}

/// Sends a transaction and returns what became of it.
pub(crate) fn send(chain: &Chain, request: TransactionRequest) -> MinedTransaction {
    let hash = chain.send(request).unwrap();
    chain.mined(hash).unwrap()
}

/// Sends with a fixed gas limit, so that a failure is mined instead of estimated.
pub(crate) fn send_with_gas(
    chain: &Chain,
    request: TransactionRequest,
    gas: u64,
) -> MinedTransaction {
    send(
        chain,
        TransactionRequest {
            gas: Some(gas),
            ..request
        },
    )
}

/// Deploys runtime code and returns its address.
pub(crate) fn deploy(chain: &Chain, runtime: &[u8]) -> Address {
    let mined = deploy_transaction(chain, runtime);
    assert!(mined.receipt().success, "{:?}", mined.receipt());
    mined.receipt().contract_address.unwrap()
}

/// Deploys runtime code and returns the transaction.
pub(crate) fn deploy_transaction(chain: &Chain, runtime: &[u8]) -> MinedTransaction {
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
pub(crate) fn call(
    chain: &Chain,
    to: Address,
    input: impl Into<Bytes>,
) -> Result<Bytes, CallError> {
    chain.call(BlockId::pending(), &request(alice(chain), to, input), None)
}

/// A word of return data.
pub(crate) fn word(bytes: &[u8]) -> U256 {
    U256::from_be_slice(bytes)
}

/// The first storage slot of a contract.
pub(crate) fn slot0(chain: &Chain, address: Address) -> U256 {
    chain.storage(address, U256::ZERO)
}

/// EVM code that calls an address with its own input, in one of the four ways, and returns
/// or reverts with what it gets. The call passes all gas and no value.
pub(crate) fn forwarder(opcode: u8, to: Address) -> Vec<u8> {
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
pub(crate) const NOTHING: B256 = B256::repeat_byte(0xee);

/// Deployable code of a WASM program in text form.
pub(crate) fn program(wat: &str) -> Vec<u8> {
    let wasm = wat::parse_str(wat).unwrap();
    [&hex!("eff00000")[..], &compressed(&wasm)].concat()
}

/// Brotli, as programs are compressed with.
pub(crate) fn compressed(wasm: &[u8]) -> Vec<u8> {
    let mut code = Vec::new();
    let options = brotli::enc::BrotliEncoderParams {
        quality: 11,
        lgwin: 22,
        ..Default::default()
    };
    brotli::BrotliCompress(&mut &wasm[..], &mut code, &options).unwrap();
    code
}

/// The program that does what its input says.
pub(crate) fn actor() -> Vec<u8> {
    program(include_str!("actor.wat"))
}

/// What an actor does.
pub(crate) mod act {
    pub(crate) const STORE: u8 = 0;
    pub(crate) const LOAD: u8 = 1;
    pub(crate) const CALL: u8 = 2;
    pub(crate) const DELEGATE: u8 = 3;
    pub(crate) const STATIC: u8 = 4;
    pub(crate) const CREATE: u8 = 5;
    pub(crate) const STORE_AND_REVERT: u8 = 6;
    pub(crate) const REENTRANT: u8 = 7;
    pub(crate) const LOG: u8 = 8;
    pub(crate) const WHO: u8 = 9;
    pub(crate) const TRAP: u8 = 10;
    pub(crate) const LOOP: u8 = 11;
    pub(crate) const TRY_CALL: u8 = 12;
}

/// Input that makes an actor store (and perhaps revert with) a number.
pub(crate) fn act_word(act: u8, number: u64) -> Vec<u8> {
    [&[act][..], &U256::from(number).to_be_bytes::<32>()].concat()
}

/// Input that makes an actor call `to` with `input`.
pub(crate) fn act_on(act: u8, to: Address, input: &[u8]) -> Vec<u8> {
    [&[act][..], to.as_slice(), input].concat()
}

/// Value that suffices for any activation's fee; the rest comes back.
pub(crate) fn activation_value() -> U256 {
    U256::from(10).pow(U256::from(17))
}

/// The request that activates a program.
pub(crate) fn activation(chain: &Chain, program: Address) -> TransactionRequest {
    let input = IArbWasm::activateProgramCall { program }.abi_encode();
    TransactionRequest {
        value: Some(activation_value()),
        ..request(alice(chain), arbius_devnet::evm::params::ARB_WASM, input)
    }
}

/// Deploys and activates a program.
pub(crate) fn deploy_program(chain: &Chain, code: &[u8]) -> Address {
    let address = deploy(chain, code);
    let mined = send(chain, activation(chain, address));
    assert!(mined.receipt().success, "{:?}", mined.receipt());
    address
}

/// Returns the value of slot 0.
pub(crate) const READER: [u8; 8] = hex!("5f545f5260205ff3");

/// Stores the first word of its input in slot 0 and logs it with topic 7.
pub(crate) fn writer() -> Vec<u8> {
    // calldataload(0) sstore(0, ·) mstore(0, ·) log1(0, 32, 7)
    hex!("5f355f555f355f52600760205fa100").to_vec()
}
