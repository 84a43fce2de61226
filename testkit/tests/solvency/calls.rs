//! The transaction that each call stands for.

use alloy_primitives::{Address, B256, Bytes, U256};
use alloy_sol_types::SolCall;
use arbius_protocol::{
    interfaces::{engine::IEngine::*, token::IToken},
    params,
};

use crate::{
    machine::Message,
    model::{Ledger, answer_cid, input, template},
    step::{Account, Call, Form},
};

/// The transaction that a call stands for when the ledger is as it is.
pub(crate) fn message(ledger: &Ledger, by: u8, call: &Call) -> Message {
    let addresses = &ledger.addresses;
    let to = match call {
        Call::Approve { .. } | Call::Send { .. } => addresses.token,
        _ => addresses.engine,
    };
    Message {
        from: addresses.person(by),
        to,
        input: calldata(ledger, call).into(),
    }
}

fn calldata(ledger: &Ledger, call: &Call) -> Vec<u8> {
    let addresses = &ledger.addresses;
    let at = |account: &Account| addresses.of(*account);
    let people = |numbers: &[u8]| -> Vec<Address> {
        numbers
            .iter()
            .map(|number| addresses.person(*number))
            .collect()
    };
    match call {
        Call::Register {
            addr,
            fee,
            template: number,
        } => registerModelCall {
            addr: at(addr),
            fee: fee.wide(),
            template: template(*number).into(),
        }
        .abi_encode(),
        Call::RegisterListed {
            addr,
            fee,
            template: number,
            solvers,
        } => registerModelWithAllowListCall {
            addr: at(addr),
            fee: fee.wide(),
            template: template(*number).into(),
            solvers: people(solvers),
        }
        .abi_encode(),
        Call::SetModelAddr { model, addr } => setModelAddrCall {
            id: ledger.model_id(*model),
            addr: at(addr),
        }
        .abi_encode(),
        Call::SetModelFee { model, fee } => setModelFeeCall {
            id: ledger.model_id(*model),
            fee: fee.wide(),
        }
        .abi_encode(),
        Call::SetModelEnabled { model, enabled } => setModelEnabledCall {
            id: ledger.model_id(*model),
            enabled: *enabled,
        }
        .abi_encode(),
        Call::List { model, solvers } => addToModelAllowListCall {
            id: ledger.model_id(*model),
            solvers: people(solvers),
        }
        .abi_encode(),
        Call::Unlist { model, solvers } => removeFromModelAllowListCall {
            id: ledger.model_id(*model),
            solvers: people(solvers),
        }
        .abi_encode(),
        Call::DisableAllowList { model } => disableModelAllowListCall {
            id: ledger.model_id(*model),
        }
        .abi_encode(),
        Call::SetRate { model, rate } => setSolutionMineableRateCall {
            id: ledger.model_id(*model),
            rate: rate.wide(),
        }
        .abi_encode(),
        Call::SetOverride { model, percentage } => setSolutionModelFeePercentageOverrideCall {
            id: ledger.model_id(*model),
            percentage: percentage.wide(),
        }
        .abi_encode(),
        Call::ClearOverride { model } => clearSolutionModelFeePercentageOverrideCall {
            id: ledger.model_id(*model),
        }
        .abi_encode(),
        Call::Submit {
            owner,
            model,
            fee,
            input: number,
            form,
        } => {
            let (owner, model, fee) = (at(owner), ledger.model_id(*model), fee.wide());
            let input: Bytes = input(*number).into();
            match form {
                Form::Plain => submitTaskCall {
                    version: 0,
                    owner,
                    model,
                    fee,
                    input,
                }
                .abi_encode(),
                Form::RefusedPermit => submitTaskWithPermitCall {
                    version: 0,
                    owner,
                    model,
                    fee,
                    input,
                    deadline: U256::MAX,
                    v: 27,
                    r: B256::repeat_byte(1),
                    s: B256::repeat_byte(1),
                }
                .abi_encode(),
                Form::Consumer(consumer, gas) => submitTaskWithConsumerCall {
                    version: 0,
                    owner,
                    model,
                    fee,
                    input,
                    consumer: at(consumer),
                    gasLimit: *gas,
                }
                .abi_encode(),
            }
        }
        Call::BulkSubmit {
            owner,
            model,
            fee,
            input: number,
            count,
        } => bulkSubmitTaskCall {
            version: 0,
            owner: at(owner),
            model: ledger.model_id(*model),
            fee: fee.wide(),
            input: input(*number).into(),
            n: U256::from(*count),
        }
        .abi_encode(),
        Call::BulkSubmitInputs {
            owner,
            model,
            fee,
            inputs,
        } => bulkSubmitTasksCall {
            version: 0,
            owner: at(owner),
            model: ledger.model_id(*model),
            fee: fee.wide(),
            inputs: inputs.iter().map(|number| input(*number).into()).collect(),
        }
        .abi_encode(),
        Call::RaiseFee { task, amount } => increaseTaskFeeCall {
            task: ledger.task_id(*task),
            amount: amount.wide(),
        }
        .abi_encode(),
        Call::Retract { task } => retractTaskCall {
            task: ledger.task_id(*task),
        }
        .abi_encode(),
        Call::Notify { task } => notifyConsumerCall {
            task: ledger.task_id(*task),
        }
        .abi_encode(),
        Call::Signal {
            validator,
            task,
            answer,
        } => signalCommitmentCall {
            commitment: ledger.commitment(addresses.person(*validator), *task, *answer),
        }
        .abi_encode(),
        Call::SignalBulk { validator, pairs } => signalCommitmentCall {
            commitment: ledger.bulk_commitment(addresses.person(*validator), pairs),
        }
        .abi_encode(),
        Call::Solve { task, answer } => submitSolutionCall {
            task: ledger.task_id(*task),
            cid: answer_cid(*answer).into(),
        }
        .abi_encode(),
        Call::BulkSolve { pairs } => bulkSubmitSolutionCall {
            tasks: pairs
                .iter()
                .map(|(task, _)| ledger.task_id(*task))
                .collect(),
            cids: pairs
                .iter()
                .map(|(_, answer)| answer_cid(*answer).into())
                .collect(),
        }
        .abi_encode(),
        Call::Claim { task } => claimSolutionCall {
            task: ledger.task_id(*task),
        }
        .abi_encode(),
        Call::BulkClaim { tasks } => bulkClaimSolutionCall {
            tasks: tasks.iter().map(|task| ledger.task_id(*task)).collect(),
        }
        .abi_encode(),
        Call::WithdrawEarnings { account } => withdrawEarningsCall {
            account: at(account),
        }
        .abi_encode(),
        Call::StakeEarnings { amount } => stakeEarningsCall {
            amount: amount.wide(),
        }
        .abi_encode(),
        Call::Deposit { validator, amount } => validatorDepositCall {
            validator: at(validator),
            amount: amount.wide(),
        }
        .abi_encode(),
        Call::Announce { amount } => initiateValidatorWithdrawCall {
            amount: amount.wide(),
        }
        .abi_encode(),
        Call::Cancel { number } => cancelValidatorWithdrawCall {
            count: U256::from(*number),
        }
        .abi_encode(),
        Call::Take { number, to } => validatorWithdrawCall {
            count: U256::from(*number),
            to: at(to),
        }
        .abi_encode(),
        Call::SignalSupport { model, support } => signalSupportCall {
            model: ledger.model_id(*model),
            support: *support,
        }
        .abi_encode(),
        Call::Contest { task } => submitContestationCall {
            task: ledger.task_id(*task),
        }
        .abi_encode(),
        Call::Vote { task, yea } => voteOnContestationCall {
            task: ledger.task_id(*task),
            yea: *yea,
        }
        .abi_encode(),
        Call::Finish { task, count } => contestationVoteFinishCall {
            task: ledger.task_id(*task),
            amount: *count,
        }
        .abi_encode(),
        Call::SetParameter { parameter, value } => {
            let row = &params::TABLE[usize::from(*parameter) % params::COUNT];
            [row.setter.as_slice(), &value.wide().to_be_bytes::<32>()].concat()
        }
        Call::TransferOwnership { to } => transferOwnershipCall { newOwner: at(to) }.abi_encode(),
        Call::TransferTreasury { to } => transferTreasuryCall { to: at(to) }.abi_encode(),
        Call::TransferPauser { to } => transferPauserCall { to: at(to) }.abi_encode(),
        Call::SetPaused { paused } => setPausedCall { paused: *paused }.abi_encode(),
        Call::SetStart { time } => setStartBlockTimeCall {
            startBlockTime: *time,
        }
        .abi_encode(),
        Call::SetRest { rest } => setEngineRestCall { rest: at(rest) }.abi_encode(),
        Call::Initialize => initializeCall {
            token: addresses.token,
            treasury: addresses.people[0],
            owner: addresses.people[0],
            rest: addresses.engine,
        }
        .abi_encode(),
        Call::WithdrawAccrued => withdrawAccruedFeesCall {}.abi_encode(),
        Call::Sweep => sweepSurplusCall {}.abi_encode(),
        Call::Approve { amount } => IToken::approveCall {
            spender: addresses.engine,
            value: amount.wide(),
        }
        .abi_encode(),
        Call::Send { to, amount } => IToken::transferCall {
            to: at(to),
            value: amount.wide(),
        }
        .abi_encode(),
    }
}
