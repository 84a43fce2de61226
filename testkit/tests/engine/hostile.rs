//! Contracts that mean harm, or whatever a test wants: EVM code by hand, and one WASM
//! program.

use alloy::{network::TransactionBuilder, rpc::types::TransactionRequest};
use alloy_primitives::{Address, B256, Bytes, U256, address, hex, keccak256};
use alloy_sol_types::{SolCall, SolError, SolEvent};
use arbius_protocol::interfaces::token::IPermit;
use arbius_sdk::{
    chain::Call,
    contracts::IEngine,
    deploy::program::{activate, init_code},
};
use arbius_testkit::Actor;

use crate::world::{Person, World, aius, event, send, view};

/// Where tests put a token of their own.
pub(crate) const TOKEN: Address = address!("00000000000000000000000000000000000a1105");

/// `revert(0, 0)`
pub(crate) const REVERTS: [u8; 5] = hex!("60006000fd");

/// `invalid`: all gas is gone.
pub(crate) const BURNS_ALL_GAS: [u8; 1] = hex!("fe");

/// `return(0, 262144)`
pub(crate) const RETURNS_MUCH: [u8; 6] = hex!("620400005ff3");

/// `revert(0, 262144)`
pub(crate) const REVERTS_WITH_MUCH: [u8; 6] = hex!("620400005ffd");

/// `selfdestruct(caller)`
pub(crate) const SELF_DESTRUCTS: [u8; 2] = hex!("33ff");

/// `sstore(0, gas)`
pub(crate) const NOTES_ITS_GAS: [u8; 3] = hex!("5a5f55");

/// `sstore(0, keccak256(calldata)); sstore(1, caller)`
pub(crate) const NOTES_ITS_CALL: [u8; 14] = hex!("365f5f37365f205f553360015500");

/// `return(sload(0))`, but for a permit: `sstore(1, keccak256(calldata))`.
fn token_code() -> Bytes {
    let mut code = hex!("5f3560e01c63").to_vec();
    code.extend(IPermit::permitCall::SELECTOR);
    code.extend(hex!("14601657" "5f545f5260205ff3" "5b365f5f37365f2060015500"));
    code.into()
}

/// Lets the token of these tests answer every call with `value`.
pub(crate) fn token_answers(world: &World, value: U256) {
    let chain = world.chain.devnet().chain();
    chain.set_code(TOKEN, token_code());
    chain.set_storage(TOKEN, U256::ZERO, value);
}

/// The owner of another engine, which has seen its reserve and a first task, on a token
/// that answers 1 to everything; and its model, which is free.
pub(crate) async fn on_a_token_of_its_own(world: &World) -> (Person, B256) {
    let owner = world.fresh(&world.owner).await;
    let (engine, me) = (&owner.engine, owner.address);
    let rest = view!(world.owner.engine.engineRest());
    token_answers(world, aius(600_000));
    send!(engine.initialize(TOKEN, world.treasury.address, me, rest));
    let receipt = send!(engine.registerModel(me, U256::ZERO, Bytes::from_static(b"t")));
    let model = event::<IEngine::ModelRegistered>(&receipt).id;
    send!(engine.submitTask(0, me, model, U256::ZERO, Bytes::new()));
    token_answers(world, U256::from(1));
    (owner, model)
}

/// Hash of the last permit that the token of these tests was given.
pub(crate) fn permit_given(world: &World) -> B256 {
    world
        .chain
        .devnet()
        .chain()
        .storage(TOKEN, U256::from(1))
        .into()
}

/// The hash of calldata, as the contracts here note it.
pub(crate) fn hash<C: SolCall>(call: &C) -> B256 {
    keccak256(call.abi_encode())
}

/// What a puppet wants its call to come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wish {
    /// To succeed.
    Success,
    /// To be refused as re-entrancy.
    Reentrancy,
    /// Anything but that.
    Entry,
}

/// A contract that, called by anyone, makes one call of its own: `calldata` to `target`,
/// or to whoever called it. It returns `true` if its wish came true and reverts otherwise.
#[derive(Clone, Debug)]
pub(crate) struct Puppet {
    pub(crate) target: Option<Address>,
    pub(crate) calldata: Vec<u8>,
    pub(crate) wish: Wish,
}

impl Puppet {
    /// One that calls back.
    pub(crate) fn back(calldata: Vec<u8>, wish: Wish) -> Self {
        Self {
            target: None,
            calldata,
            wish,
        }
    }

    /// Its EVM code, with the calldata at the end.
    pub(crate) fn code(&self) -> Bytes {
        let len = u16::try_from(self.calldata.len()).unwrap().to_be_bytes();
        let mut code = Vec::new();
        // codecopy(0, offset, len); the offset is patched in.
        code.push(0x61);
        code.extend(len);
        let offset_at = code.len() + 1;
        code.extend(hex!("6100005f39"));
        // call(gas, target, 0, 0, len, 0, 0)
        code.extend(hex!("5f5f61"));
        code.extend(len);
        code.extend(hex!("5f5f"));
        match self.target {
            Some(target) => {
                code.push(0x73);
                code.extend(target);
            }
            None => code.push(0x33),
        }
        code.extend(hex!("5af1"));
        match self.wish {
            Wish::Success => {}
            Wish::Reentrancy | Wish::Entry => {
                // mstore(0, 0); returndatacopy(0, 0, returndatasize);
                // success << 32 | mload(0) >> 224 == selector
                code.extend(hex!("5f5f523d5f5f3e5f5160e01c9060201b1763"));
                code.extend(IEngine::Reentrancy::SELECTOR);
                code.push(0x14);
                if self.wish == Wish::Entry {
                    code.push(0x15);
                }
            }
        }
        // if wish { mstore(0, 1); return(0, 32) } else { revert(0, 0) }
        let good = u8::try_from(code.len() + 7).unwrap();
        code.extend([0x80, 0x60, good, 0x57]);
        code.extend(hex!("5f5ffd5b5f5260205ff3"));
        let offset = u16::try_from(code.len()).unwrap().to_be_bytes();
        code[offset_at..offset_at + 2].copy_from_slice(&offset);
        code.extend(&self.calldata);
        code.into()
    }

    /// Has the WASM puppet at `program` do this, by what it finds in its storage: first the
    /// length of the calldata, its wish (0, 1, 2) and the selector of re-entrancy, then the
    /// calldata.
    pub(crate) fn instruct(&self, world: &World, program: Address) {
        assert_eq!(self.target, None, "the WASM puppet calls back");
        let chain = world.chain.devnet().chain();
        let mut head = [0; 32];
        head[..4].copy_from_slice(&u32::try_from(self.calldata.len()).unwrap().to_le_bytes());
        head[4] = match self.wish {
            Wish::Success => 0,
            Wish::Reentrancy => 1,
            Wish::Entry => 2,
        };
        head[8..12].copy_from_slice(&IEngine::Reentrancy::SELECTOR);
        chain.set_storage(program, U256::ZERO, U256::from_be_bytes(head));
        for (i, chunk) in self.calldata.chunks(32).enumerate() {
            let mut word = [0; 32];
            word[..chunk.len()].copy_from_slice(chunk);
            chain.set_storage(program, U256::from(i + 1), U256::from_be_bytes(word));
        }
    }
}

/// The puppet as a Stylus program: key at 0, head at 32, caller at 64, lengths at 96,
/// answer at 128, calldata from 1024 on.
const WASM: &str = r#"
(module
  (import "vm_hooks" "storage_load_bytes32" (func $load (param i32 i32)))
  (import "vm_hooks" "msg_sender" (func $sender (param i32)))
  (import "vm_hooks" "call_contract"
    (func $call (param i32 i32 i32 i32 i64 i32) (result i32)))
  (import "vm_hooks" "read_return_data" (func $read (param i32 i32 i32) (result i32)))
  (import "vm_hooks" "pay_for_memory_grow" (func $grow (param i32)))
  (memory (export "memory") 1)
  (func (export "user_entrypoint") (param $len i32) (result i32)
    (local $slot i32) (local $failed i32) (local $barred i32)
    (call $grow (i32.const 0))
    (call $load (i32.const 0) (i32.const 32))
    ;; the words of the calldata, from slot 1 on; keys stay below 256
    (block $loaded
      (loop $more
        (br_if $loaded
          (i32.ge_u (i32.mul (local.get $slot) (i32.const 32)) (i32.load (i32.const 32))))
        (i32.store8 (i32.const 31) (i32.add (local.get $slot) (i32.const 1)))
        (call $load (i32.const 0)
          (i32.add (i32.const 1024) (i32.mul (local.get $slot) (i32.const 32))))
        (local.set $slot (i32.add (local.get $slot) (i32.const 1)))
        (br $more)))
    (call $sender (i32.const 64))
    ;; the value is at 160: zero
    (local.set $failed
      (call $call (i32.const 64) (i32.const 1024) (i32.load (i32.const 32)) (i32.const 160)
        (i64.const -1) (i32.const 96)))
    (drop (call $read (i32.const 128) (i32.const 0) (i32.const 4)))
    (local.set $barred
      (i32.and
        (i32.ne (local.get $failed) (i32.const 0))
        (i32.eq (i32.load (i32.const 128)) (i32.load (i32.const 40)))))
    (if (i32.eqz (i32.load8_u (i32.const 36)))
      (then (return (i32.ne (local.get $failed) (i32.const 0)))))
    (if (i32.eq (i32.load8_u (i32.const 36)) (i32.const 1))
      (then (return (i32.eqz (local.get $barred)))))
    (local.get $barred)))
"#;

/// Has `from` tell a task's consumer with this much gas, without a provider, which would
/// wait for blocks that a test takes back. Whether the consumer accepted; nothing if the
/// call was refused.
pub(crate) fn notified(
    world: &World,
    engine: Address,
    from: Address,
    task: B256,
    gas: u64,
) -> Option<bool> {
    let chain = world.chain.devnet().chain();
    let request = TransactionRequest::default()
        .with_from(from)
        .with_to(engine)
        .with_gas_limit(gas)
        .with_input(IEngine::notifyConsumerCall { task }.abi_encode());
    let hash = chain.send(request).unwrap();
    let mined = chain.mined(hash).unwrap();
    mined
        .receipt()
        .logs
        .iter()
        .find_map(|log| IEngine::ConsumerNotified::decode_log(log).ok())
        .map(|event| event.success)
}

/// Deploys and activates the WASM puppet.
pub(crate) async fn wasm_puppet(world: &World) -> Address {
    let wasm = wat::parse_str(WASM).unwrap();
    // Stylus code: the prefix, no dictionary, and the program compressed.
    let mut code = hex!("eff00000").to_vec();
    let params = brotli::enc::BrotliEncoderParams::default();
    brotli::BrotliCompress(&mut &wasm[..], &mut code, &params).unwrap();
    let lane = world.chain.lane(Actor::ModelOwner).unwrap();
    let created = lane.execute(Call::create(init_code(&code))).await.unwrap();
    let program = created.created.unwrap();
    activate(lane, "puppet", program).await.unwrap();
    program
}
