//! The two programs: which functions each answers, and what the hot one does with the
//! others.
//!
//! Both see the same storage under the same address. The hot program holds what a task's
//! life is made of, so that its start-up, which every call pays for, stays small; what it
//! does not know it hands to the rest in a delegate call.

use crate::router::{Route, routes};
use crate::{
    admin, claims, clock, contestations, earnings, emission, hashes, models, solutions, tasks,
    treasury, validators,
};
use alloy_primitives::{Address, B256, U256};

/// What the hot program answers itself.
pub static HOT: [Route; HOT_TABLE.len()] = HOT_TABLE;

/// What the rest answers.
pub static REST: [Route; REST_TABLE.len()] = REST_TABLE;

#[cfg(target_arch = "wasm32")]
mod entry {
    use crate::host;
    use crate::revert::{Revert, ensure, error};
    use crate::router;
    use alloc::vec::Vec;

    /// Where the virtual machine enters the program.
    ///
    /// A call that comes back into the engine while it runs is refused: nothing that the
    /// engine calls has business here yet.
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
        ensure!(!host::is_reentrant(), Reentrancy);
        #[cfg(feature = "hot")]
        ensure!(!host::carries_value(), ValueNotAccepted);
        let (selector, arguments) = input
            .split_first_chunk::<4>()
            .ok_or_else(|| error!(UnknownFunction))?;
        #[cfg(feature = "hot")]
        {
            match router::find(&super::HOT, *selector) {
                Some(handler) => handler(arguments),
                None => delegate(*selector, arguments, input),
            }
        }
        #[cfg(not(feature = "hot"))]
        {
            match router::find(&super::REST, *selector) {
                Some(handler) => handler(arguments),
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

const HOT_TABLE: [Route; 22] = routes! {
    submitTaskCall => tasks::submit [version: u8, owner: Address, model: B256, fee: U256, input: &[u8]];
    bulkSubmitTaskCall => tasks::bulk_submit [version: u8, owner: Address, model: B256, fee: U256, input: &[u8], n: U256];
    bulkSubmitTasksCall => tasks::bulk_submit_inputs [version: u8, owner: Address, model: B256, fee: U256, inputs: Blobs<'_>];
    tasksCall => tasks::task [id: B256];
    taskStatusCall => tasks::status [id: B256];
    prevhashCall => tasks::prevhash [];
    signalCommitmentCall => solutions::signal [hash: B256];
    commitmentsCall => solutions::commitment [hash: B256];
    submitSolutionCall => solutions::submit [task: B256, cid: &[u8]];
    bulkSubmitSolutionCall => solutions::bulk_submit [tasks: Hashes<'_>, cids: Blobs<'_>];
    solutionsCall => solutions::solution [task: B256];
    claimSolutionCall => claims::claim [task: B256];
    bulkClaimSolutionCall => claims::bulk_claim [tasks: Hashes<'_>];
    earningsCall => earnings::owed [account: Address];
    withdrawEarningsCall => earnings::withdraw [account: Address];
    stakeEarningsCall => earnings::stake [amount: U256];
    validatorDepositCall => validators::deposit [validator: Address, amount: U256];
    initiateValidatorWithdrawCall => validators::initiate_withdraw [amount: U256];
    cancelValidatorWithdrawCall => validators::cancel_withdraw [count: U256];
    validatorWithdrawCall => validators::withdraw [count: U256, to: Address];
    validatorsCall => validators::validator [validator: Address];
    registerModelCall => models::register [addr: Address, fee: U256, template: &[u8]];
};

const REST_TABLE: [Route; 71] = routes! {
    initializeCall => admin::initialize [token: Address, treasury: Address, owner: Address, rest: Address];
    baseTokenCall => admin::token [];
    ownerCall => admin::owner [];
    transferOwnershipCall => admin::transfer_ownership [to: Address];
    treasuryCall => admin::treasury [];
    transferTreasuryCall => admin::transfer_treasury [to: Address];
    engineRestCall => admin::rest [];
    setEngineRestCall => admin::set_rest [rest: Address];
    pauserCall => admin::pauser [];
    transferPauserCall => admin::transfer_pauser [to: Address];
    pausedCall => clock::paused [];
    pauseEndCall => clock::pause_end [];
    setPausedCall => clock::set_paused [paused: bool];
    emittedCall => emission::emitted [];
    getPsuedoTotalSupplyCall => emission::emitted [];
    getRewardCall => emission::current_reward [];
    targetTsCall => emission::target [t: U256];
    diffMulCall => emission::difficulty [t: U256, ts: U256];
    rewardCall => emission::reward [t: U256, ts: U256];
    startBlockTimeCall => emission::start [];
    setStartBlockTimeCall => emission::set_start [time: u64];
    generateIPFSCIDCall => hashes::generate_cid [content: &[u8]];
    hashModelCall => hashes::model_id [model: ModelArg<'_>, sender: Address];
    hashTaskCall => hashes::task_id [task: TaskArg<'_>, sender: Address, prevhash: B256];
    generateCommitmentCall => hashes::commitment [sender: Address, task: B256, cid: &[u8]];
    generateBulkCommitmentCall => hashes::bulk_commitment [sender: Address, tasks: Hashes<'_>, cids: Blobs<'_>];
    modelsCall => models::model [id: B256];
    registerModelWithAllowListCall => models::register_with_allow_list [addr: Address, fee: U256, template: &[u8], solvers: Addresses<'_>];
    setModelAddrCall => models::set_addr [id: B256, addr: Address];
    setModelFeeCall => models::set_fee [id: B256, fee: U256];
    modelEnabledCall => models::enabled [id: B256];
    setModelEnabledCall => models::set_enabled [id: B256, enabled: bool];
    modelRequiresAllowListCall => models::requires_allow_list [id: B256];
    isSolverAllowedCall => models::is_solver_allowed [id: B256, solver: Address];
    addToModelAllowListCall => models::add_to_allow_list [id: B256, solvers: Addresses<'_>];
    removeFromModelAllowListCall => models::remove_from_allow_list [id: B256, solvers: Addresses<'_>];
    disableModelAllowListCall => models::disable_allow_list [id: B256];
    setSolutionMineableRateCall => models::set_rate [id: B256, rate: U256];
    solutionModelFeePercentageOverrideCall => models::percentage_override [id: B256];
    hasSolutionModelFeePercentageOverrideCall => models::has_percentage_override [id: B256];
    setSolutionModelFeePercentageOverrideCall => models::set_percentage_override [id: B256, percentage: U256];
    clearSolutionModelFeePercentageOverrideCall => models::clear_percentage_override [id: B256];
    increaseTaskFeeCall => tasks::increase_fee [id: B256, amount: U256];
    retractTaskCall => tasks::retract [id: B256];
    retractionAnnouncedCall => tasks::retraction_announced [id: B256];
    taskModelFeeCall => tasks::model_fee [id: B256];
    solutionsStakeCall => solutions::locked [task: B256];
    contestEndCall => solutions::contest_end [task: B256];
    lastSolutionSubmissionCall => validators::last_submission [validator: Address];
    lastContestationLossTimeCall => validators::last_loss [validator: Address];
    accruedFeesCall => treasury::accrued [];
    withdrawAccruedFeesCall => treasury::withdraw_accrued [];
    totalHeldCall => treasury::held [];
    sweepSurplusCall => treasury::sweep [];
    getValidatorMinimumCall => validators::get_minimum [];
    getSlashAmountCall => validators::get_slash_amount [];
    validatorWithdrawPendingAmountCall => validators::pending_amount [validator: Address];
    pendingValidatorWithdrawRequestsCall => validators::pending_request [validator: Address, count: U256];
    pendingValidatorWithdrawRequestsCountCall => validators::request_count [validator: Address];
    signalSupportCall => validators::signal_support [model: B256, support: bool];
    submitContestationCall => contestations::submit [task: B256];
    voteOnContestationCall => contestations::vote [task: B256, yea: bool];
    contestationVoteFinishCall => contestations::finish [task: B256, amount: u32];
    contestationsCall => contestations::contestation [task: B256];
    contestationVoteYeasCall => contestations::yea [task: B256, index: U256];
    contestationVoteNaysCall => contestations::nay [task: B256, index: U256];
    contestationVoteCountsCall => contestations::counts [task: B256];
    contestationVotedCall => contestations::voted [task: B256, validator: Address];
    contestationVoteEndCall => contestations::vote_end [task: B256];
    votingPeriodEndedCall => contestations::ended [task: B256];
    validatorCanVoteCall => contestations::can_vote [validator: Address, task: B256];
};
