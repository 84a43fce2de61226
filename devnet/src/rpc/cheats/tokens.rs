//! Balances and allowances of ERC-20 tokens, wherever the token keeps them.

use alloy_eips::BlockId;
use alloy_primitives::{Address, Bytes, U256};
use alloy_rpc_types_eth::{
    BlockOverrides, TransactionRequest,
    state::{AccountOverride, EvmOverrides, StateOverride},
};
use alloy_sol_types::{SolCall, sol};
use serde_json::Value;

use super::{Call, RpcError};
use crate::chain::Chain;

sol! {
    function balanceOf(address account) external view returns (uint256);
    function allowance(address owner, address spender) external view returns (uint256);
}

/// Slots tried at most.
const MAX_SLOTS: usize = 64;
/// Gas of each question. There are as many as slots, and no token needs much for an answer.
const QUESTION_GAS: u64 = 1_000_000;

/// `[address, token, balance]`.
pub(super) fn deal(call: &Call<'_>) -> Result<Value, RpcError> {
    let account = call.params.required::<Address>(0, "address")?;
    let token = call.params.required::<Address>(1, "token")?;
    let balance = call.params.required::<U256>(2, "balance")?;
    let question = balanceOfCall { account }.abi_encode();
    set_answer(call.chain, token, question.into(), balance)
}

/// `[owner, spender, token, amount]`.
pub(super) fn allow(call: &Call<'_>) -> Result<Value, RpcError> {
    let owner = call.params.required::<Address>(0, "owner")?;
    let spender = call.params.required::<Address>(1, "spender")?;
    let token = call.params.required::<Address>(2, "token")?;
    let amount = call.params.required::<U256>(3, "amount")?;
    let question = allowanceCall { owner, spender }.abi_encode();
    set_answer(call.chain, token, question.into(), amount)
}

/// Makes a token answer `question` with `value`, by the one slot that the answer is read
/// from: that which, set to another number, changes the answer to that number.
fn set_answer(
    chain: &Chain,
    token: Address,
    question: Bytes,
    value: U256,
) -> Result<Value, RpcError> {
    let request = TransactionRequest {
        to: Some(token.into()),
        input: question.into(),
        ..TransactionRequest::default()
    };
    let block = BlockId::latest();
    let bounded = |state: Option<StateOverride>| EvmOverrides {
        state,
        // Not the request's gas, of which its data on L1 would take a share.
        block: Some(Box::new(
            BlockOverrides::default().with_gas_limit(QUESTION_GAS),
        )),
    };
    let ask = |state: Option<StateOverride>| {
        let answer = chain.call(block, &request, Some(&bounded(state)))?;
        Ok::<_, RpcError>((answer.len() == 32).then(|| U256::from_be_slice(&answer)))
    };
    let Some(present) = ask(None)? else {
        return Err(RpcError::refused(format!("{token} is no ERC-20 token")));
    };
    let probe = present.wrapping_add(U256::from(0x5eed));
    let touched = chain
        .access_list(block, &request, Some(&bounded(None)))?
        .access_list;
    let slots = touched
        .0
        .iter()
        .flat_map(|item| item.storage_keys.iter().map(|slot| (item.address, *slot)));
    for (address, slot) in slots.take(MAX_SLOTS) {
        let change = AccountOverride {
            state_diff: Some([(slot, probe.into())].into_iter().collect()),
            ..AccountOverride::default()
        };
        // Another slot may make the call fail: it is not the one.
        if ask(Some(StateOverride::from_iter([(address, change)]))).is_ok_and(|a| a == Some(probe))
        {
            chain.set_storage(address, slot.into(), value);
            return Ok(Value::Null);
        }
    }
    Err(RpcError::refused(format!(
        "no storage slot of {token} holds this number by itself: set the storage with \
         anvil_setStorageAt"
    )))
}
