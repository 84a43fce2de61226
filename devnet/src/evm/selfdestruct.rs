//! SELFDESTRUCT, which code acting for a Stylus program may not do.

use revm::{
    context_interface::JournalTr,
    interpreter::{
        InstructionContext, InstructionExecResult, InstructionResult, instructions::host,
        interpreter::EthInterpreter,
    },
};

use super::{context::ArbContext, programs::code_of};
use crate::stylus::code_kind;

/// The instruction: as in Ethereum, unless the account it would destroy holds a program, a
/// root or a fragment. The frame reverts then, with what gas is left.
///
/// Only EVM code that a program delegate-calls comes here. Source: `opSelfdestruct6780` in
/// `core/vm/instructions.go` of Nitro's go-ethereum fork.
pub(super) fn selfdestruct(
    context: InstructionContext<'_, ArbContext, EthInterpreter>,
) -> InstructionExecResult {
    let acting = context.interpreter.input.target_address;
    let Ok((_, code)) = code_of(&mut context.host.journaled_state, acting);
    if code_kind(&code).is_none() || context.interpreter.runtime_flag.is_static {
        return host::selfdestruct(context);
    }
    // The instruction has its price even so.
    let Some(target) = context.interpreter.stack.top() else {
        return Err(InstructionResult::StackUnderflow);
    };
    let target = alloy_primitives::Address::from_word((*target).into());
    let journal = &mut context.host.journaled_state;
    let Ok(beneficiary) = journal.load_account(target);
    let (is_cold, is_empty) = (beneficiary.is_cold, beneficiary.is_empty());
    let Ok(account) = journal.load_account(acting);
    let new_account = is_empty && !account.info.balance.is_zero();
    let cost = context
        .host
        .cfg
        .gas_params
        .selfdestruct_cost(new_account, is_cold);
    if !context.interpreter.gas.record_regular_cost(cost) {
        return Err(InstructionResult::OutOfGas);
    }
    Err(InstructionResult::Revert)
}
