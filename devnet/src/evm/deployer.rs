//! The StylusDeployer: deploys, activates and constructs a program in one call.
//!
//! On Nova it is a Solidity contract. Here the same steps are taken by a built-in that
//! makes its creations and calls through ordinary frames, so that a failure at any step
//! undoes all the earlier ones. Addresses, events, errors and the treatment of value are
//! the contract's; gas is close to it, not equal.

use std::convert::Infallible;

use alloy_primitives::{Address, B256, Bytes, Log, U256, keccak256};
use alloy_sol_types::{SolCall, SolError, SolEvent, SolInterface, SolValue, sol};
use revm::{Journal, context_interface::JournalTr, interpreter::InstructionResult};

use super::{
    context::ArbContext,
    native::{Ended, NativeStep},
    params::ARB_WASM,
    precompiles::IArbWasm,
    programs::{Programs, code_of},
};
use crate::{
    chain::State,
    stylus::{
        CallKind, CallRequest, CreateRequest, Frame, Resume,
        prices::{
            CALL_NEW_ACCOUNT_GAS, CALL_STIPEND, CALL_VALUE_GAS, COLD_ACCOUNT_GAS, CREATE_GAS,
            LOG_DATA_GAS, LOG_TOPIC_GAS, WARM_ACCESS_GAS,
        },
    },
};

sol! {
    /// The deployer's interface.
    #[allow(missing_docs)]
    interface IStylusDeployer {
        event ContractDeployed(address deployedContract);

        error ContractDeploymentError(bytes bytecode);
        error ContractInitializationError(address newContract, bytes data);
        error RefundExcessValueError(uint256 excessValue);
        error EmptyBytecode();
        error InitValueButNotInitData();
        // Solidity's own, for an underflow of msg.value - initValue.
        error Panic(uint256 code);

        function deploy(bytes calldata bytecode, bytes calldata initData, uint256 initValue, bytes32 salt) public payable returns (address);
        function initSalt(bytes32 salt, bytes calldata initData) public pure returns (bytes32);
        function requiresActivation(address addr) public view returns (bool);
    }
}

/// The one event: its signature and a word.
const LOG: u64 = LOG_TOPIC_GAS * 2 + LOG_DATA_GAS * 32;
/// Dispatch, decoding and the bookkeeping between the steps.
const OVERHEAD: u64 = 1_500;
/// Copying a word of input to memory and hashing it.
const PER_WORD: u64 = 12;
const ARITHMETIC_PANIC: u64 = 0x11;

enum DeployerStep {
    Call(CallRequest),
    Create(CreateRequest),
    Done(InstructionResult, Bytes),
}

enum Stage {
    Entry,
    Creating,
    Activating,
    Constructing,
    Refunding,
}

/// One call of the deployer.
pub(crate) struct Deployer {
    frame: Frame,
    stage: Stage,
    deploy: IStylusDeployer::deployCall,
    created: Address,
    data_fee: U256,
    gas: u64,
    refund: i64,
}

impl Deployer {
    /// Starts a call.
    pub(crate) fn new(frame: Frame) -> Self {
        Self {
            gas: frame.gas,
            frame,
            stage: Stage::Entry,
            deploy: IStylusDeployer::deployCall {
                bytecode: Bytes::new(),
                initData: Bytes::new(),
                initValue: U256::ZERO,
                salt: B256::ZERO,
            },
            created: Address::ZERO,
            data_fee: U256::ZERO,
            refund: 0,
        }
    }

    /// Goes on until the next frame or the end.
    pub(crate) fn run(&mut self, ctx: &mut ArbContext, resume: Resume) -> NativeStep {
        // State is in memory: reading it cannot fail.
        let Ok(step) = self.step(ctx, resume);
        match step {
            DeployerStep::Call(request) => NativeStep::Call(request),
            DeployerStep::Create(request) => NativeStep::Create(request),
            DeployerStep::Done(result, output) => NativeStep::Done(Ended {
                result,
                output,
                gas_left: self.gas,
                refund: self.refund,
            }),
        }
    }

    fn step(&mut self, ctx: &mut ArbContext, resume: Resume) -> Result<DeployerStep, Infallible> {
        let (output, success, created) = match resume {
            Resume::Start => (Bytes::new(), true, None),
            Resume::Called {
                success,
                output,
                gas_left,
                refund,
            } => {
                self.settle(success, gas_left, refund);
                (output, success, None)
            }
            Resume::Created {
                address,
                output,
                gas_left,
                refund,
            } => {
                self.settle(address.is_some(), gas_left, refund);
                (output, address.is_some(), address)
            }
        };
        match self.stage {
            Stage::Entry => self.enter(ctx),
            Stage::Creating => match created {
                Some(address) => {
                    self.created = address;
                    self.activate(ctx)
                }
                None if !output.is_empty() => Ok(revert(output)),
                None => Ok(revert(
                    IStylusDeployer::ContractDeploymentError {
                        bytecode: self.deploy.bytecode.clone(),
                    }
                    .abi_encode(),
                )),
            },
            Stage::Activating => {
                if !success {
                    return Ok(revert(output));
                }
                let Ok(activated) = IArbWasm::activateProgramCall::abi_decode_returns(&output)
                else {
                    return Ok(revert(Bytes::new()));
                };
                self.data_fee = activated.dataFee;
                self.construct(ctx)
            }
            Stage::Constructing => {
                if !success {
                    return Ok(revert(
                        IStylusDeployer::ContractInitializationError {
                            newContract: self.created,
                            data: output,
                        }
                        .abi_encode(),
                    ));
                }
                self.refund_excess(ctx)
            }
            Stage::Refunding => {
                if !success {
                    return Ok(revert(
                        IStylusDeployer::RefundExcessValueError {
                            excessValue: self.excess(),
                        }
                        .abi_encode(),
                    ));
                }
                Ok(self.finish(ctx))
            }
        }
    }

    fn settle(&mut self, success: bool, gas_left: u64, refund: i64) {
        self.gas = self.gas.saturating_add(gas_left);
        if success {
            self.refund = self.refund.saturating_add(refund);
        }
    }

    fn charge(&mut self, gas: u64) -> bool {
        match self.gas.checked_sub(gas) {
            Some(left) => {
                self.gas = left;
                true
            }
            None => {
                self.gas = 0;
                false
            }
        }
    }

    fn enter(&mut self, ctx: &mut ArbContext) -> Result<DeployerStep, Infallible> {
        use IStylusDeployer::IStylusDeployerCalls as Calls;

        let words = self.frame.calldata.len().div_ceil(32) as u64;
        if !self.charge(OVERHEAD + PER_WORD * words) {
            return Ok(halt());
        }
        let Ok(call) = Calls::abi_decode(&self.frame.calldata) else {
            return Ok(revert(Bytes::new()));
        };
        match call {
            Calls::deploy(deploy) => self.deploy = deploy,
            _ if !self.frame.value.is_zero() => return Ok(revert(Bytes::new())),
            Calls::initSalt(call) => {
                return Ok(done(init_salt(call.salt, &call.initData).abi_encode()));
            }
            Calls::requiresActivation(call) => {
                if !self.charge(COLD_ACCOUNT_GAS) {
                    return Ok(halt());
                }
                return Ok(done(requires_activation(ctx, call.addr)?.abi_encode()));
            }
        }
        if self.deploy.bytecode.is_empty() {
            return Ok(revert(IStylusDeployer::EmptyBytecode {}.abi_encode()));
        }
        let words = self.deploy.bytecode.len().div_ceil(32) as u64;
        // EIP-3860 prices init code by the word; CREATE2 hashes it besides.
        let salted = !self.deploy.salt.is_zero();
        if self.frame.is_static
            || !self.charge(CREATE_GAS + 2 * words + if salted { 6 * words } else { 0 })
        {
            return Ok(halt());
        }
        let gas_limit = self.gas - self.gas / 64;
        self.gas -= gas_limit;
        self.stage = Stage::Creating;
        Ok(DeployerStep::Create(CreateRequest {
            caller: self.frame.contract,
            value: U256::ZERO,
            init_code: self.deploy.bytecode.clone(),
            salt: salted.then(|| init_salt(self.deploy.salt, &self.deploy.initData)),
            gas_limit,
        }))
    }

    fn activate(&mut self, ctx: &mut ArbContext) -> Result<DeployerStep, Infallible> {
        if !self.charge(WARM_ACCESS_GAS) {
            return Ok(halt());
        }
        if !requires_activation(ctx, self.created)? {
            return self.construct(ctx);
        }
        // What the constructor is to get must be left over.
        let Some(value) = self.frame.value.checked_sub(self.deploy.initValue) else {
            return Ok(underflow());
        };
        self.stage = Stage::Activating;
        let input = IArbWasm::activateProgramCall {
            program: self.created,
        }
        .abi_encode();
        self.call(ctx, ARB_WASM, value, input.into())
    }

    fn construct(&mut self, ctx: &mut ArbContext) -> Result<DeployerStep, Infallible> {
        if self.deploy.initData.is_empty() {
            if !self.deploy.initValue.is_zero() {
                return Ok(revert(
                    IStylusDeployer::InitValueButNotInitData {}.abi_encode(),
                ));
            }
            return self.refund_excess(ctx);
        }
        self.stage = Stage::Constructing;
        let (to, value) = (self.created, self.deploy.initValue);
        let input = self.deploy.initData.clone();
        self.call(ctx, to, value, input)
    }

    fn excess(&self) -> U256 {
        self.frame
            .value
            .saturating_sub(self.data_fee)
            .saturating_sub(self.deploy.initValue)
    }

    fn refund_excess(&mut self, ctx: &mut ArbContext) -> Result<DeployerStep, Infallible> {
        let spent = self.data_fee.saturating_add(self.deploy.initValue);
        if spent > self.frame.value {
            return Ok(underflow());
        }
        let excess = self.excess();
        if excess.is_zero() {
            return Ok(self.finish(ctx));
        }
        self.stage = Stage::Refunding;
        self.call(ctx, self.frame.caller, excess, Bytes::new())
    }

    fn finish(&mut self, ctx: &mut ArbContext) -> DeployerStep {
        if !self.charge(LOG) {
            return halt();
        }
        let event = IStylusDeployer::ContractDeployed {
            deployedContract: self.created,
        };
        ctx.journaled_state.log(Log {
            address: self.frame.contract,
            data: event.encode_log_data(),
        });
        done(self.created.abi_encode())
    }

    fn call(
        &mut self,
        ctx: &mut ArbContext,
        to: Address,
        value: U256,
        input: Bytes,
    ) -> Result<DeployerStep, Infallible> {
        let base = call_cost(&mut ctx.journaled_state, to, value)?;
        if !self.charge(base) {
            return Ok(halt());
        }
        let passed = self.gas - self.gas / 64;
        self.gas -= passed;
        let stipend = if value.is_zero() { 0 } else { CALL_STIPEND };
        Ok(DeployerStep::Call(CallRequest {
            kind: CallKind::Call,
            code_address: to,
            contract: to,
            caller: self.frame.contract,
            value,
            input,
            gas_limit: passed.saturating_add(stipend),
            is_static: false,
        }))
    }
}

fn call_cost(journal: &mut Journal<State>, to: Address, value: U256) -> Result<u64, Infallible> {
    let account = journal.load_account(to)?;
    let access = if account.is_cold {
        COLD_ACCOUNT_GAS
    } else {
        WARM_ACCESS_GAS
    };
    if value.is_zero() {
        return Ok(access);
    }
    let birth = if account.is_empty() {
        CALL_NEW_ACCOUNT_GAS
    } else {
        0
    };
    Ok(access + CALL_VALUE_GAS + birth)
}

/// The salt that CREATE2 gets: whoever sees the address knows what it was constructed with.
fn init_salt(salt: B256, init_data: &[u8]) -> B256 {
    keccak256([salt.as_slice(), init_data].concat())
}

fn requires_activation(ctx: &mut ArbContext, address: Address) -> Result<bool, Infallible> {
    let time = ctx.block.timestamp.saturating_to();
    let (code_hash, _) = code_of(&mut ctx.journaled_state, address)?;
    let record = Programs(&mut ctx.journaled_state).get(code_hash)?;
    Ok(record.active(time, &ctx.chain.stylus).is_err())
}

fn done(output: Vec<u8>) -> DeployerStep {
    DeployerStep::Done(InstructionResult::Return, output.into())
}

fn revert(output: impl Into<Bytes>) -> DeployerStep {
    DeployerStep::Done(InstructionResult::Revert, output.into())
}

fn underflow() -> DeployerStep {
    revert(
        IStylusDeployer::Panic {
            code: U256::from(ARITHMETIC_PANIC),
        }
        .abi_encode(),
    )
}

fn halt() -> DeployerStep {
    DeployerStep::Done(InstructionResult::OutOfGas, Bytes::new())
}
