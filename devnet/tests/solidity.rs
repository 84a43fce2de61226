//! Contracts compiled from Solidity and Stylus programs call each other.
//!
//! The sources are in `clients/solidity`, what they compile to is in `tests/solidity`;
//! `clients/compile.mjs` writes it, and `.ci/full` checks that both agree.

#![allow(
    missing_docs,
    unreachable_pub,
    reason = "sol! makes public what it makes"
)]

mod common;

use alloy_eips::BlockId;
use alloy_primitives::{Address, B256, Bytes, Log, LogData, TxKind, U256, hex, keccak256};
use alloy_rpc_types_eth::{TransactionInput, TransactionRequest};
use alloy_sol_types::{SolCall, SolConstructor, SolError, SolEvent, SolValue, sol};
use arbius_devnet::{
    chain::{Chain, MinedTransaction, Receipt},
    evm::params::ARB_WASM,
};
use common::{
    IArbWasm, act, act_on, act_word, activation_value, actor, alice, ask, bob, chain,
    deploy_program, program, request, reverts, send, send_with_gas, slot0, word,
};

sol!(Token, "tests/solidity/Token.json");
sol!(Partner, "tests/solidity/Partner.json");
sol!(Installer, "tests/solidity/Installer.json");
sol! {
    /// What the partner's `IHalver` says of a number without a half.
    error Odd(uint256 number);
}

fn token_code(owner: Address, supply: u64) -> Vec<u8> {
    let arguments = Token::constructorCall {
        name_: "Try".into(),
        owner,
        supply: U256::from(supply),
    };
    [&Token::BYTECODE[..], &arguments.abi_encode()].concat()
}

fn create(chain: &Chain, code: impl Into<Bytes>) -> Address {
    let creation = TransactionRequest {
        from: Some(alice(chain)),
        to: Some(TxKind::Create),
        input: TransactionInput::new(code.into()),
        ..TransactionRequest::default()
    };
    let mined = send(chain, creation);
    assert!(mined.receipt().success, "{:?}", mined.receipt());
    mined.receipt().contract_address.unwrap()
}

fn partner(chain: &Chain) -> Address {
    create(chain, Partner::BYTECODE.clone())
}

/// A partner and the program that does what its input says.
fn pair(chain: &Chain) -> (Address, Address) {
    (partner(chain), deploy_program(chain, &actor()))
}

/// Sends a call from the first account and expects it to succeed.
fn transact(chain: &Chain, to: Address, value: u64, call: &impl SolCall) -> MinedTransaction {
    let mined = send(
        chain,
        TransactionRequest {
            value: Some(U256::from(value)),
            ..request(alice(chain), to, call.abi_encode())
        },
    );
    assert!(mined.receipt().success, "{:?}", mined.receipt());
    mined
}

fn log<E: SolEvent>(address: Address, event: &E) -> Log<LogData> {
    Log {
        address,
        data: event.encode_log_data(),
    }
}

/// What a transaction to `callProgram` and its like returned.
fn output(receipt: &Receipt) -> Bytes {
    Bytes::abi_decode(&receipt.output).unwrap()
}

fn error<E: SolError>(data: &[u8]) -> E {
    E::abi_decode(data).unwrap_or_else(|error| panic!("{error}: {}", hex::encode(data)))
}

#[test]
fn a_token_in_solidity_keeps_its_books() {
    let chain = chain();
    let [alice, bob] = [alice(&chain), bob(&chain)];
    let token = create(&chain, token_code(alice, 1_000));
    assert_eq!(ask(&chain, token, Token::nameCall {}).unwrap(), "Try");

    let transfer = Token::transferCall {
        to: bob,
        value: U256::from(300),
    };
    let mined = transact(&chain, token, 0, &transfer);
    let expected = Token::Transfer {
        from: alice,
        to: bob,
        value: U256::from(300),
    };
    assert_eq!(mined.receipt().logs, [log(token, &expected)]);
    let balance = |owner| ask(&chain, token, Token::balanceOfCall { owner }).unwrap();
    assert_eq!(
        (balance(alice), balance(bob)),
        (U256::from(700), U256::from(300))
    );

    let too_much = Token::transferCall {
        to: bob,
        value: U256::from(701),
    };
    let refused: Token::ERC20InsufficientBalance = error(&reverts(ask(&chain, token, too_much)));
    assert_eq!(refused.sender, alice);
    assert_eq!(
        (refused.balance, refused.needed),
        (U256::from(700), U256::from(701))
    );
}

#[test]
fn solidity_calls_a_program_which_keeps_its_own_storage() {
    let chain = chain();
    let (partner, program) = pair(&chain);
    let store = Partner::callProgramCall {
        program,
        input: act_word(act::STORE, 42).into(),
    };
    transact(&chain, partner, 0, &store);
    assert_eq!(slot0(&chain, program), U256::from(42));
    assert_eq!(slot0(&chain, partner), U256::ZERO);

    let load = Partner::askProgramCall {
        program,
        input: vec![act::LOAD].into(),
    };
    let loaded = ask(&chain, partner, load).unwrap();
    assert_eq!(word(&loaded), U256::from(42));
}

#[test]
fn a_program_that_is_asked_statically_cannot_store_or_log() {
    let chain = chain();
    let (partner, program) = pair(&chain);
    for input in [act_word(act::STORE, 42), act_word(act::LOG, 42)] {
        let request = Partner::askProgramCall {
            program,
            input: input.into(),
        };
        assert!(reverts(ask(&chain, partner, request)).is_empty());
    }
}

#[test]
fn a_delegated_program_works_on_the_storage_and_in_the_name_of_its_caller() {
    let chain = chain();
    let (partner, program) = pair(&chain);
    let store = Partner::runProgramCall {
        program,
        input: act_word(act::STORE, 42).into(),
    };
    transact(&chain, partner, 0, &store);
    assert_eq!(
        ask(&chain, partner, Partner::storedCall {}).unwrap(),
        U256::from(42)
    );
    assert_eq!(slot0(&chain, program), U256::ZERO);

    let who = Partner::runProgramCall {
        program,
        input: vec![act::WHO].into(),
    };
    let mined = transact(&chain, partner, 7, &who);
    let answer = output(mined.receipt());
    assert_eq!(word(&answer[..32]), U256::from(7));
    assert_eq!(
        Address::from_word(B256::from_slice(&answer[32..64])),
        alice(&chain)
    );
    assert_eq!(
        Address::from_word(B256::from_slice(&answer[64..96])),
        partner
    );

    let log_it = Partner::runProgramCall {
        program,
        input: act_word(act::LOG, 5).into(),
    };
    let mined = transact(&chain, partner, 0, &log_it);
    assert_eq!(mined.receipt().logs[0].address, partner);
}

#[test]
fn a_program_calls_back_and_hands_the_answer_on() {
    let chain = chain();
    let (partner, program) = pair(&chain);
    let visit = Partner::visitCall {
        number: U256::from(9),
    };
    let call = Partner::callProgramCall {
        program,
        input: act_on(act::CALL, partner, &visit.abi_encode()).into(),
    };
    let mined = transact(&chain, partner, 11, &call);
    assert_eq!(word(&output(mined.receipt())), U256::from(10));
    assert_eq!(slot0(&chain, partner), U256::from(9));
    // The value went to the program and back.
    let visited = Partner::Visited {
        by: program,
        value: U256::from(11),
        number: U256::from(9),
    };
    assert_eq!(mined.receipt().logs, [log(partner, &visited)]);
    assert_eq!(chain.balance(partner), U256::from(11));
    assert_eq!(chain.balance(program), U256::ZERO);
}

#[test]
fn a_program_that_only_reads_may_not_make_its_caller_write() {
    let chain = chain();
    let (partner, program) = pair(&chain);
    let visit = Partner::visitCall { number: U256::ONE }.abi_encode();
    let call = Partner::callProgramCall {
        program,
        input: act_on(act::STATIC, partner, &visit).into(),
    };
    assert!(reverts(ask(&chain, partner, call)).is_empty());

    let read = Partner::callProgramCall {
        program,
        input: act_on(act::STATIC, partner, &Partner::storedCall {}.abi_encode()).into(),
    };
    assert_eq!(word(&ask(&chain, partner, read).unwrap()), U256::ZERO);
}

#[test]
fn a_custom_error_passes_through_a_program_and_undoes_everything() {
    let chain = chain();
    let (partner, program) = pair(&chain);
    let refuse = Partner::refuseCall {
        number: U256::from(3),
    };
    let call = Partner::callProgramCall {
        program,
        input: act_on(act::CALL, partner, &refuse.abi_encode()).into(),
    };
    let mined = send_with_gas(
        &chain,
        request(alice(&chain), partner, call.abi_encode()),
        5_000_000,
    );
    assert!(!mined.receipt().success);
    let refused: Partner::Refused = error(&mined.receipt().output);
    assert_eq!((refused.by, refused.number), (program, U256::from(3)));
    assert_eq!(slot0(&chain, partner), U256::ZERO);
    assert!(mined.receipt().logs.is_empty());
}

#[test]
fn a_program_survives_the_revert_of_the_contract_it_called() {
    let chain = chain();
    let (partner, program) = pair(&chain);
    let refuse = Partner::refuseCall { number: U256::ONE }.abi_encode();
    let call = Partner::callProgramCall {
        program,
        input: act_on(act::TRY_CALL, partner, &refuse).into(),
    };
    let mined = transact(&chain, partner, 0, &call);
    assert_eq!(
        word(&output(mined.receipt())),
        U256::ZERO,
        "the call failed"
    );
    assert_eq!(slot0(&chain, partner), U256::ZERO);
}

#[test]
fn solidity_survives_a_program_that_reverts_traps_or_runs_out_of_gas() {
    let chain = chain();
    let (partner, program) = pair(&chain);
    const LIMIT: u64 = 300_000;
    let attempt = |input: Vec<u8>| {
        let call = Partner::attemptCall {
            program,
            gasLimit: U256::from(LIMIT),
            input: input.into(),
        };
        let mined = transact(&chain, partner, 0, &call);
        Partner::attemptCall::abi_decode_returns(&mined.receipt().output).unwrap()
    };

    let stored = attempt(act_word(act::STORE, 1));
    assert!(stored.success && stored.output.is_empty());
    assert!(stored.gasUsed < U256::from(LIMIT));

    let reverted = attempt(act_word(act::STORE_AND_REVERT, 2));
    assert!(!reverted.success);
    assert_eq!(word(&reverted.output), U256::from(2));
    assert!(reverted.gasUsed < U256::from(LIMIT));

    // A trap leaves no data, but the gas that was not used; an endless loop leaves nothing.
    let trapped = attempt(vec![act::TRAP]);
    assert!(!trapped.success && trapped.output.is_empty());
    assert!(trapped.gasUsed < U256::from(LIMIT));
    let exhausted = attempt(vec![act::LOOP]);
    assert!(!exhausted.success && exhausted.output.is_empty());
    assert!(exhausted.gasUsed >= U256::from(LIMIT));
    assert_eq!(slot0(&chain, program), U256::ONE, "only the first stayed");
}

/// Halves an even number up to 255, refuses an odd one with `Odd(number)`, runs forever
/// on zero.
fn halver(chain: &Chain) -> Address {
    let selector: String = (Odd::SELECTOR.iter())
        .map(|byte| format!("\\{byte:02x}"))
        .collect();
    let code = program(&format!(
        r#"(module
             (import "vm_hooks" "read_args" (func $read_args (param i32)))
             (import "vm_hooks" "write_result" (func $write_result (param i32 i32)))
             (memory (export "memory") 1 1)
             (data (i32.const 0) "{selector}")
             (func (export "user_entrypoint") (param i32) (result i32) (local $number i32)
               (call $read_args (i32.const 64))
               (local.set $number (i32.load8_u (i32.const 99)))
               (if (i32.eqz (local.get $number)) (then (loop $again (br $again))))
               (if (i32.and (local.get $number) (i32.const 1)) (then
                 (i32.store8 (i32.const 35) (local.get $number))
                 (call $write_result (i32.const 0) (i32.const 36))
                 (return (i32.const 1))))
               (i32.store8 (i32.const 99) (i32.shr_u (local.get $number) (i32.const 1)))
               (call $write_result (i32.const 68) (i32.const 32))
               (i32.const 0)))"#
    ));
    deploy_program(chain, &code)
}

#[test]
fn try_and_catch_work_around_a_program() {
    let chain = chain();
    let (partner, program) = (partner(&chain), halver(&chain));
    let halve = |number: u64| {
        let call = Partner::tryHalfCall {
            program,
            number: U256::from(number),
            gasLimit: U256::from(200_000),
        };
        transact(&chain, partner, 0, &call).receipt().logs.clone()
    };
    let caught = |reason: Vec<u8>| {
        let reason = reason.into();
        log(partner, &Partner::Caught { reason })
    };

    let halved = Partner::Halved {
        number: U256::from(21),
    };
    assert_eq!(halve(42), [log(partner, &halved)]);
    let odd = Odd {
        number: U256::from(43),
    };
    assert_eq!(halve(43), [caught(odd.abi_encode())]);
    assert_eq!(halve(0), [caught(vec![])], "out of ink: nothing to read");
}

#[test]
fn a_program_sends_ether_to_solidity() {
    let chain = chain();
    let (partner, program) = pair(&chain);
    let payment = TransactionRequest {
        value: Some(U256::from(5)),
        ..request(alice(&chain), program, act_on(act::CALL, partner, &[]))
    };
    let mined = send(&chain, payment);
    assert!(mined.receipt().success, "{:?}", mined.receipt());
    let received = Partner::Received {
        from: program,
        value: U256::from(5),
    };
    assert_eq!(mined.receipt().logs, [log(partner, &received)]);
    assert_eq!(chain.balance(partner), U256::from(5));
}

#[test]
fn events_of_both_stand_in_one_receipt_in_the_order_they_happened() {
    let chain = chain();
    let (partner, program) = pair(&chain);
    let surround = Partner::surroundCall {
        program,
        input: act_word(act::LOG, 77).into(),
    };
    let mined = transact(&chain, partner, 0, &surround);
    let visited = |number: u64| Partner::Visited {
        by: alice(&chain),
        value: U256::ZERO,
        number: U256::from(number),
    };
    let [before, between, after] = mined.receipt().logs.as_slice() else {
        panic!("{:?}", mined.receipt().logs);
    };
    assert_eq!(*before, log(partner, &visited(1)));
    assert_eq!(between.address, program);
    assert_eq!(between.topics(), [B256::from(U256::from(77))]);
    assert_eq!(*after, log(partner, &visited(2)));
}

#[test]
fn a_lock_in_transient_storage_holds_against_a_program_that_calls_back() {
    let chain = chain();
    let (partner, program) = pair(&chain);
    let visit = Partner::visitCall { number: U256::ONE }.abi_encode();
    let call_back = act_on(act::CALL, partner, &visit);
    let locked = Partner::callLockedCall {
        program,
        input: call_back.clone().into(),
    };
    let _: Partner::Locked = error(&reverts(ask(&chain, partner, locked)));

    // The lock ends with its transaction, and a program may be called under it.
    transact(&chain, partner, 0, &Partner::lockForGoodCall {});
    transact(&chain, partner, 0, &Partner::lockForGoodCall {});
    let harmless = Partner::callLockedCall {
        program,
        input: act_word(act::STORE, 8).into(),
    };
    transact(&chain, partner, 0, &harmless);
    assert_eq!(slot0(&chain, program), U256::from(8));
}

#[test]
fn a_program_creates_a_contract_written_in_solidity() {
    let chain = chain();
    let program = deploy_program(&chain, &actor());
    let nonce = chain.nonce(program);
    let code = [vec![act::CREATE], token_code(bob(&chain), 50)].concat();
    // An estimate would be content with a transaction whose creation fails.
    let mined = send_with_gas(&chain, request(alice(&chain), program, code), 2_000_000);
    let token = Address::from_word(B256::from_slice(&mined.receipt().output));
    assert_eq!(token, program.create(nonce));
    let balance = Token::balanceOfCall { owner: bob(&chain) };
    assert_eq!(ask(&chain, token, balance).unwrap(), U256::from(50));
    let minted = Token::Transfer {
        from: Address::ZERO,
        to: bob(&chain),
        value: U256::from(50),
    };
    assert_eq!(mined.receipt().logs, [log(token, &minted)]);
}

#[test]
fn a_program_uses_a_token_written_in_solidity() {
    let chain = chain();
    let program = deploy_program(&chain, &actor());
    let token = create(&chain, token_code(program, 100));
    let transfer = Token::transferCall {
        to: bob(&chain),
        value: U256::from(60),
    };
    let input = act_on(act::CALL, token, &transfer.abi_encode());
    let mined = send(&chain, request(alice(&chain), program, input));
    assert!(bool::abi_decode(&mined.receipt().output).unwrap());
    let balance = Token::balanceOfCall { owner: bob(&chain) };
    assert_eq!(ask(&chain, token, balance).unwrap(), U256::from(60));

    // It has only 40 left, and hears so in the token's own words.
    let input = act_on(act::CALL, token, &transfer.abi_encode());
    let refused: Token::ERC20InsufficientBalance =
        error(&reverts(common::call(&chain, program, input)));
    assert_eq!(refused.sender, program);
    assert_eq!(refused.balance, U256::from(40));
}

#[test]
fn create2_puts_contracts_where_solidity_says() {
    let chain = chain();
    let installer = create(&chain, Installer::BYTECODE.clone());
    let code = token_code(alice(&chain), 1);
    let salt = B256::repeat_byte(1);
    let predict = Installer::predictCall {
        salt,
        initCodeHash: keccak256(&code),
    };
    let predicted = ask(&chain, installer, predict).unwrap();
    let creation = Installer::createCall {
        salt,
        initCode: code.into(),
    };
    let mined = transact(&chain, installer, 0, &creation);
    assert_eq!(
        Installer::createCall::abi_decode_returns(&mined.receipt().output).unwrap(),
        predicted
    );
    assert_eq!(ask(&chain, predicted, Token::symbolCall {}).unwrap(), "TRY");

    // The address is taken now.
    let _: Installer::CreationFailed = error(&reverts(ask(&chain, installer, creation)));
}

#[test]
fn solidity_creates_activates_and_calls_a_program() {
    let chain = chain();
    let installer = create(&chain, Installer::BYTECODE.clone());
    let salt = B256::repeat_byte(2);
    let install = Installer::installCall {
        salt,
        code: actor().into(),
    };
    let before = chain.balance(alice(&chain));
    let mined = send(
        &chain,
        TransactionRequest {
            value: Some(activation_value()),
            ..request(alice(&chain), installer, install.abi_encode())
        },
    );
    let receipt = mined.receipt();
    assert!(receipt.success, "{receipt:?}");
    let program = Installer::installCall::abi_decode_returns(&receipt.output).unwrap();

    let [created, on_chain, activated] = receipt.logs.as_slice() else {
        panic!("{:?}", receipt.logs);
    };
    let expected = Installer::Created {
        created: program,
        salt,
    };
    assert_eq!(*created, log(installer, &expected));
    assert_eq!(on_chain.address, ARB_WASM);
    let on_chain = IArbWasm::ProgramActivated::decode_log_data(&on_chain.data).unwrap();
    assert_eq!(on_chain.program, program);
    let activated = Installer::Activated::decode_log_data(&activated.data).unwrap();
    assert_eq!(
        (activated.program, activated.version, activated.dataFee),
        (program, on_chain.version, on_chain.dataFee)
    );
    // Nothing but the data fee and the gas is gone.
    let gas = U256::from(u128::from(receipt.gas_used) * receipt.effective_gas_price);
    assert_eq!(
        before - chain.balance(alice(&chain)),
        gas + activated.dataFee
    );
    assert_eq!(chain.balance(installer), U256::ZERO);

    let partner = partner(&chain);
    let call = Partner::callProgramCall {
        program,
        input: act_word(act::STORE, 6).into(),
    };
    transact(&chain, partner, 0, &call);
    assert_eq!(slot0(&chain, program), U256::from(6));
}

#[test]
fn a_call_that_solidity_nests_through_programs_can_be_estimated() {
    let chain = chain();
    let (partner, program) = pair(&chain);
    let visit = Partner::visitCall {
        number: U256::from(5),
    };
    let inner = act_on(act::CALL, partner, &visit.abi_encode());
    let call = Partner::callProgramCall {
        program,
        input: act_on(act::CALL, program, &inner).into(),
    };
    let request = request(alice(&chain), partner, call.abi_encode());
    let gas = chain
        .estimate_gas(BlockId::pending(), &request, None)
        .unwrap();
    let mined = send_with_gas(&chain, request, gas);
    assert!(mined.receipt().success, "{:?}", mined.receipt());
    assert_eq!(word(&output(mined.receipt())), U256::from(6));
    assert!(mined.receipt().gas_used <= gas);
}
