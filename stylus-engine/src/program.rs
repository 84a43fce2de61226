//! The two programs: which functions each answers, and what the hot one does with the
//! others.
//!
//! Both see the same storage under the same address. The hot program holds what a task's
//! life is made of, so that its start-up, which every call pays for, stays small; what it
//! does not know it hands to the rest in a delegate call.

use crate::router::routes;
use crate::{
    admin, claims, clock, consumers, contestations, earnings, emission, hashes, models, solutions,
    tasks, treasury, validators,
};
use alloy_primitives::{Address, B256, U256};

#[cfg(target_arch = "wasm32")]
mod entry {
    use crate::host;
    use crate::reentrancy;
    use crate::revert::{Revert, ensure, error};
    use alloc::vec::Vec;

    /// Where the virtual machine enters the program.
    #[unsafe(no_mangle)]
    extern "C" fn user_entrypoint(len: usize) -> usize {
        host::import_memory_growth();
        let input = host::read_args(len);
        let (data, status) = match answer(&input) {
            Ok(data) => {
                host::flush();
                (data, 0)
            }
            Err(revert) => (revert.into_data(), 1),
        };
        host::write_result(&data);
        status
    }

    fn answer(input: &[u8]) -> Result<Vec<u8>, Revert> {
        ensure!(!host::carries_value(), ValueNotAccepted);
        let (selector, arguments) = input
            .split_first_chunk::<4>()
            .ok_or_else(|| error!(UnknownFunction))?;
        #[cfg(feature = "hot")]
        {
            match super::hot(*selector) {
                Some(route) => reentrancy::run(&route, arguments),
                None => delegate(*selector, arguments, input),
            }
        }
        #[cfg(not(feature = "hot"))]
        {
            match super::rest(*selector) {
                Some(route) => reentrancy::run(&route, arguments),
                None => crate::params::answer(*selector, arguments),
            }
        }
    }

    /// Hands a call to the rest. Before there is one, the call can only be the
    /// initialisation, whose last argument names it.
    #[cfg(feature = "hot")]
    fn delegate(selector: [u8; 4], arguments: &[u8], input: &[u8]) -> Result<Vec<u8>, Revert> {
        use crate::abi::{Arg, Args};
        use crate::layout::STORAGE;
        use alloy_primitives::{Address, B256};
        use alloy_sol_types::SolCall;
        use arbius_protocol::interfaces::engine::IEngine;

        let mut rest = STORAGE.state.rest.get();
        if rest.is_zero() {
            ensure!(
                selector == IEngine::initializeCall::SELECTOR,
                NotInitialized
            );
            ensure!(crate::admin::is_behind_proxy(), NotBehindProxy);
            let mut arguments = Args::new(arguments);
            for _ in 0..3 {
                B256::read(&mut arguments)?;
            }
            rest = Address::read(&mut arguments)?;
            ensure!(host::has_code(&rest), AddressNotAllowed);
        }
        host::call(host::CallKind::Delegate, &rest, input, usize::MAX).map_err(Revert::relayed)
    }
}

use crate::abi::{Addresses, Blobs, Hashes};
use crate::hashes::{ModelArg, TaskArg};

routes! {
    /// What the hot program answers itself.
    hot:
    Submit submitTaskCall => tasks::submit [version: u8, owner: Address, model: B256, fee: U256, input: &[u8]];
    Submit bulkSubmitTaskCall => tasks::bulk_submit [version: u8, owner: Address, model: B256, fee: U256, input: &[u8], n: U256];
    Submit bulkSubmitTasksCall => tasks::bulk_submit_inputs [version: u8, owner: Address, model: B256, fee: U256, inputs: Blobs<'_>];
    View tasksCall => tasks::task [id: B256];
    View taskStatusCall => tasks::status [id: B256];
    View prevhashCall => tasks::prevhash [];
    Write signalCommitmentCall => solutions::signal [hash: B256];
    View commitmentsCall => solutions::commitment [hash: B256];
    Write submitSolutionCall => solutions::submit [task: B256, cid: &[u8]];
    Write bulkSubmitSolutionCall => solutions::bulk_submit [tasks: Hashes<'_>, cids: Blobs<'_>];
    View solutionsCall => solutions::solution [task: B256];
    Write claimSolutionCall => claims::claim [task: B256];
    Write bulkClaimSolutionCall => claims::bulk_claim [tasks: Hashes<'_>];
    View earningsCall => earnings::owed [account: Address];
    Write withdrawEarningsCall => earnings::withdraw [account: Address];
    Write stakeEarningsCall => earnings::stake [amount: U256];
    Write validatorDepositCall => validators::deposit [validator: Address, amount: U256];
    Write initiateValidatorWithdrawCall => validators::initiate_withdraw [amount: U256];
    Write cancelValidatorWithdrawCall => validators::cancel_withdraw [count: U256];
    Write validatorWithdrawCall => validators::withdraw [count: U256, to: Address];
    View validatorsCall => validators::validator [validator: Address];
    Write registerModelCall => models::register [addr: Address, fee: U256, template: &[u8]];
    View generateIPFSCIDCall => hashes::generate_cid [content: &[u8]];
}

routes! {
    /// What the rest answers.
    rest:
    Write initializeCall => admin::initialize [token: Address, treasury: Address, owner: Address, rest: Address];
    View baseTokenCall => admin::token [];
    View ownerCall => admin::owner [];
    Write transferOwnershipCall => admin::transfer_ownership [to: Address];
    View treasuryCall => admin::treasury [];
    Write transferTreasuryCall => admin::transfer_treasury [to: Address];
    View engineRestCall => admin::rest [];
    Write setEngineRestCall => admin::set_rest [rest: Address];
    View pauserCall => admin::pauser [];
    Write transferPauserCall => admin::transfer_pauser [to: Address];
    View pausedCall => clock::paused [];
    View pauseEndCall => clock::pause_end [];
    Write setPausedCall => clock::set_paused [paused: bool];
    View emittedCall => emission::emitted [];
    View getPsuedoTotalSupplyCall => emission::emitted [];
    View getRewardCall => emission::current_reward [];
    View targetTsCall => emission::target [t: U256];
    View diffMulCall => emission::difficulty [t: U256, ts: U256];
    View rewardCall => emission::reward [t: U256, ts: U256];
    View startBlockTimeCall => emission::start [];
    Write setStartBlockTimeCall => emission::set_start [time: u64];
    View hashModelCall => hashes::model_id [model: ModelArg<'_>, sender: Address];
    View hashTaskCall => hashes::task_id [task: TaskArg<'_>, sender: Address, prevhash: B256];
    View generateCommitmentCall => hashes::commitment [sender: Address, task: B256, cid: &[u8]];
    View generateBulkCommitmentCall => hashes::bulk_commitment [sender: Address, tasks: Hashes<'_>, cids: Blobs<'_>];
    View modelsCall => models::model [id: B256];
    Write registerModelWithAllowListCall => models::register_with_allow_list [addr: Address, fee: U256, template: &[u8], solvers: Addresses<'_>];
    Write setModelAddrCall => models::set_addr [id: B256, addr: Address];
    Write setModelFeeCall => models::set_fee [id: B256, fee: U256];
    View modelEnabledCall => models::enabled [id: B256];
    Write setModelEnabledCall => models::set_enabled [id: B256, enabled: bool];
    View modelRequiresAllowListCall => models::requires_allow_list [id: B256];
    View isSolverAllowedCall => models::is_solver_allowed [id: B256, solver: Address];
    Write addToModelAllowListCall => models::add_to_allow_list [id: B256, solvers: Addresses<'_>];
    Write removeFromModelAllowListCall => models::remove_from_allow_list [id: B256, solvers: Addresses<'_>];
    Write disableModelAllowListCall => models::disable_allow_list [id: B256];
    Write setSolutionMineableRateCall => models::set_rate [id: B256, rate: U256];
    View solutionModelFeePercentageOverrideCall => models::percentage_override [id: B256];
    View hasSolutionModelFeePercentageOverrideCall => models::has_percentage_override [id: B256];
    Write setSolutionModelFeePercentageOverrideCall => models::set_percentage_override [id: B256, percentage: U256];
    Write clearSolutionModelFeePercentageOverrideCall => models::clear_percentage_override [id: B256];
    Write increaseTaskFeeCall => tasks::increase_fee [id: B256, amount: U256];
    Write retractTaskCall => tasks::retract [id: B256];
    View retractionAnnouncedCall => tasks::retraction_announced [id: B256];
    View taskModelFeeCall => tasks::model_fee [id: B256];
    View solutionsStakeCall => solutions::locked [task: B256];
    View contestEndCall => solutions::contest_end [task: B256];
    View lastSolutionSubmissionCall => validators::last_submission [validator: Address];
    View lastContestationLossTimeCall => validators::last_loss [validator: Address];
    View accruedFeesCall => treasury::accrued [];
    Write withdrawAccruedFeesCall => treasury::withdraw_accrued [];
    View totalHeldCall => treasury::held [];
    Write sweepSurplusCall => treasury::sweep [];
    View getValidatorMinimumCall => validators::get_minimum [];
    View getSlashAmountCall => validators::get_slash_amount [];
    View validatorWithdrawPendingAmountCall => validators::pending_amount [validator: Address];
    View pendingValidatorWithdrawRequestsCall => validators::pending_request [validator: Address, count: U256];
    View pendingValidatorWithdrawRequestsCountCall => validators::request_count [validator: Address];
    Write signalSupportCall => validators::signal_support [model: B256, support: bool];
    Write submitContestationCall => contestations::submit [task: B256];
    Write voteOnContestationCall => contestations::vote [task: B256, yea: bool];
    Submit submitTaskWithPermitCall => tasks::submit_with_permit [version: u8, owner: Address, model: B256, fee: U256, input: &[u8], deadline: U256, v: u8, r: B256, s: B256];
    Submit submitTaskWithConsumerCall => consumers::submit [version: u8, owner: Address, model: B256, fee: U256, input: &[u8], consumer: Address, gas_limit: u32];
    View taskConsumerCall => consumers::consumer [task: B256];
    Write notifyConsumerCall => consumers::notify [task: B256];
    Write contestationVoteFinishCall => contestations::finish [task: B256, amount: u32];
    View contestationsCall => contestations::contestation [task: B256];
    View contestationVoteYeasCall => contestations::yea [task: B256, index: U256];
    View contestationVoteNaysCall => contestations::nay [task: B256, index: U256];
    View contestationVoteCountsCall => contestations::counts [task: B256];
    View contestationVotedCall => contestations::voted [task: B256, validator: Address];
    View contestationVoteEndCall => contestations::vote_end [task: B256];
    View votingPeriodEndedCall => contestations::ended [task: B256];
    View validatorCanVoteCall => contestations::can_vote [validator: Address, task: B256];
}
