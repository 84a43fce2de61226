//! What model and contracts have to agree on.

use alloy_primitives::{Address, B256, U256};
use arbius_protocol::{cid, emission::MINING, interfaces::engine::IEngine::*, params};

use crate::{
    layout::{Books, Stake},
    machine::Machine,
    model::Ledger,
};

/// Compares two things that have to be equal.
macro_rules! same {
    ($engine:expr, $model:expr, $($what:tt)+) => {{
        let (engine, model) = ($engine, $model);
        if engine != model {
            let what = format!($($what)+);
            return Err(format!("{what}: {engine:?} in the contract, {model:?} in the model"));
        }
    }};
}

/// Every balance, and that the engine is solvent (protocol section 9).
pub(crate) fn books(machine: &Machine, ledger: &Ledger) -> Result<(), String> {
    let (state, layout) = (machine.state(), &machine.layout);
    let held = ledger.held();
    let books = Books {
        held,
        emitted: ledger.emitted,
        accrued: ledger.accrued,
    };
    same!(layout.books(&state), books, "the books");
    let balance = layout.tokens(&state, ledger.addresses.engine);
    same!(balance, ledger.balance, "the engine's tokens");
    // With equality as long as nobody has sent tokens unasked.
    same!(
        balance,
        MINING - ledger.emitted + held + ledger.donated,
        "solvency"
    );
    for (address, person) in &ledger.people {
        let stake = Stake {
            staked: person.staked,
            pending: person.pending(),
            since: person.since,
            last_submission: person.last_submission,
        };
        same!(layout.stake(&state, *address), stake, "stake of {address}");
        same!(
            layout.earnings(&state, *address),
            person.earnings,
            "earnings of {address}"
        );
        same!(
            layout.tokens(&state, *address),
            person.tokens,
            "tokens of {address}"
        );
    }
    Ok(())
}

/// That nothing is left but what mining has not emitted yet.
pub(crate) fn emptied(machine: &Machine, ledger: &Ledger) -> Result<(), String> {
    let state = machine.state();
    let books = machine.layout.books(&state);
    same!(
        (books.held, books.accrued),
        (0, 0),
        "what is held in the end"
    );
    let balance = machine.layout.tokens(&state, ledger.addresses.engine);
    same!(
        balance,
        MINING - books.emitted,
        "the engine's tokens in the end"
    );
    for address in ledger.people.keys() {
        let stake = machine.layout.stake(&state, *address);
        let earnings = machine.layout.earnings(&state, *address);
        same!(
            (stake.staked, earnings),
            (0, 0),
            "what {address} has in the engine in the end"
        );
    }
    Ok(())
}

/// What the views say about a task, its solution and its contestation.
pub(crate) fn task(machine: &Machine, ledger: &Ledger, id: B256) -> Result<(), String> {
    let status: u8 = ledger.status(id).into();
    same!(
        machine.view(&taskStatusCall { id }),
        status,
        "status of {id}"
    );
    let stored = machine.view(&tasksCall { id });
    let Some(task) = ledger.tasks.get(&id) else {
        same!(stored.owner, Address::ZERO, "owner of {id}");
        return Ok(());
    };
    same!(stored.owner, task.owner, "owner of {id}");
    same!(stored.model, task.model, "model of {id}");
    same!(stored.fee, U256::from(task.fee), "fee of {id}");
    same!(stored.blocktime, task.time, "time of {id}");
    same!(stored.version, task.version, "version of {id}");
    same!(
        stored.cid.to_vec(),
        cid::encode(task.input).to_vec(),
        "input of {id}"
    );
    let model_fee = machine.view(&taskModelFeeCall { id });
    same!(model_fee, U256::from(task.model_fee), "model fee of {id}");
    let announced = U256::from(task.announced.map_or(0, |(time, _)| time));
    same!(
        machine.view(&retractionAnnouncedCall { task: id }),
        announced,
        "retraction of {id}"
    );

    if let Some(consumer) = task.consumer {
        let stored = machine.view(&taskConsumerCall { task: id });
        let stored = (stored.consumer, stored.gasLimit, stored.notified);
        let expected = (consumer.address, consumer.gas, consumer.told);
        same!(stored, expected, "consumer of {id}");
    }

    let stored = machine.view(&solutionsCall { task: id });
    let Some(solution) = &task.solution else {
        same!(stored.validator, Address::ZERO, "solver of {id}");
        return Ok(());
    };
    same!(stored.validator, solution.solver, "solver of {id}");
    same!(
        stored.blocktime,
        solution.time,
        "time of the solution of {id}"
    );
    same!(stored.claimed, solution.claimed, "whether {id} is claimed");
    same!(
        stored.cid.to_vec(),
        cid::encode(solution.answer).to_vec(),
        "answer of {id}"
    );
    let stake = machine.view(&solutionsStakeCall { task: id });
    same!(
        stake,
        U256::from(solution.stake),
        "stake of the solution of {id}"
    );
    let end = U256::from(ledger.estimate(solution.contest_end));
    same!(
        machine.view(&contestEndCall { task: id }),
        end,
        "contest end of {id}"
    );
    contestation(machine, ledger, id)
}

fn contestation(machine: &Machine, ledger: &Ledger, id: B256) -> Result<(), String> {
    let Some(contestation) = ledger
        .tasks
        .get(&id)
        .and_then(|task| task.contestation.as_ref())
    else {
        return Ok(());
    };
    let stored = machine.view(&contestationsCall { task: id });
    same!(stored.validator, contestation.yeas[0], "contester of {id}");
    same!(
        stored.blocktime,
        contestation.time,
        "time of the contestation of {id}"
    );
    same!(
        stored.slashAmount,
        U256::from(contestation.slash),
        "slash amount of {id}"
    );
    same!(
        stored.finish_start_index,
        contestation.settled,
        "settled winners of {id}"
    );
    let counts = machine.view(&contestationVoteCountsCall { task: id });
    let (yeas, nays) = (contestation.yeas.len(), contestation.nays.len());
    same!(
        (counts.yeas, counts.nays),
        (U256::from(yeas), U256::from(nays)),
        "votes on {id}"
    );
    for (index, yea) in contestation.yeas.iter().enumerate() {
        let index = U256::from(index);
        let stored = machine.view(&contestationVoteYeasCall { task: id, index });
        same!(stored, *yea, "yea {index} on {id}");
    }
    for (index, nay) in contestation.nays.iter().enumerate() {
        let index = U256::from(index);
        let stored = machine.view(&contestationVoteNaysCall { task: id, index });
        same!(stored, *nay, "nay {index} on {id}");
    }
    let end = U256::from(ledger.estimate(contestation.end));
    same!(
        machine.view(&contestationVoteEndCall { task: id }),
        end,
        "end of the vote on {id}"
    );
    let ended = machine.view(&votingPeriodEndedCall { task: id });
    same!(
        ended,
        ledger.unpaused() > contestation.end,
        "whether the vote on {id} is over"
    );
    Ok(())
}

/// What the views say about every task.
pub(crate) fn tasks(machine: &Machine, ledger: &Ledger) -> Result<(), String> {
    ledger
        .tasks
        .keys()
        .try_for_each(|id| task(machine, ledger, *id))
}

/// What the views say about everything but tasks.
pub(crate) fn views(machine: &Machine, ledger: &Ledger) -> Result<(), String> {
    same!(
        machine.view(&totalHeldCall {}),
        U256::from(ledger.held()),
        "totalHeld"
    );
    same!(
        machine.view(&emittedCall {}),
        U256::from(ledger.emitted),
        "emitted"
    );
    same!(
        machine.view(&accruedFeesCall {}),
        U256::from(ledger.accrued),
        "accruedFees"
    );
    same!(
        machine.view(&getValidatorMinimumCall {}),
        U256::from(ledger.minimum()),
        "minimum"
    );
    same!(
        machine.view(&getSlashAmountCall {}),
        U256::from(ledger.slash()),
        "slash amount"
    );
    same!(machine.view(&ownerCall {}), ledger.owner, "owner");
    same!(machine.view(&treasuryCall {}), ledger.treasury, "treasury");
    same!(machine.view(&pauserCall {}), ledger.pauser, "pauser");
    same!(machine.view(&pausedCall {}), ledger.paused(), "paused");
    same!(machine.view(&startBlockTimeCall {}), ledger.start, "start");
    same!(machine.view(&prevhashCall {}), ledger.previous, "prevhash");
    for row in &params::TABLE {
        let value = U256::from(ledger.parameter(row.parameter));
        same!(machine.parameter(row), value, "{}", row.parameter.name());
    }
    for address in ledger.addresses.people.iter().copied() {
        person(machine, ledger, address)?;
    }
    for id in ledger.models.keys() {
        model(machine, ledger, *id)?;
    }
    Ok(())
}

fn person(machine: &Machine, ledger: &Ledger, address: Address) -> Result<(), String> {
    let person = &ledger.people[&address];
    let stored = machine.view(&validatorsCall { validator: address });
    let expected = (U256::from(person.staked), U256::from(person.since));
    same!(
        (stored.staked, U256::from(stored.since)),
        expected,
        "validator {address}"
    );
    let pending = machine.view(&validatorWithdrawPendingAmountCall { validator: address });
    same!(
        pending,
        U256::from(person.pending()),
        "pending of {address}"
    );
    let earnings = machine.view(&earningsCall { account: address });
    same!(
        earnings,
        U256::from(person.earnings),
        "earnings of {address}"
    );
    let last = machine.view(&lastSolutionSubmissionCall { validator: address });
    same!(
        last,
        U256::from(person.last_submission),
        "last submission of {address}"
    );
    let loss = machine.view(&lastContestationLossTimeCall { validator: address });
    same!(loss, U256::from(person.last_loss), "last loss of {address}");
    let count = machine.view(&pendingValidatorWithdrawRequestsCountCall { validator: address });
    same!(
        count,
        U256::from(person.announced),
        "withdrawals of {address}"
    );
    for (number, request) in &person.requests {
        let count = U256::from(*number);
        let stored = machine.view(&pendingValidatorWithdrawRequestsCall {
            validator: address,
            count,
        });
        let expected = (
            U256::from(ledger.estimate(request.unlock)),
            U256::from(request.amount),
        );
        same!(
            (stored.unlockTime, stored.amount),
            expected,
            "withdrawal {number} of {address}"
        );
    }
    Ok(())
}

fn model(machine: &Machine, ledger: &Ledger, id: B256) -> Result<(), String> {
    let model = &ledger.models[&id];
    let stored = machine.view(&modelsCall { id });
    same!(stored.addr, model.addr, "address of model {id}");
    same!(stored.fee, U256::from(model.fee), "fee of model {id}");
    same!(stored.rate, U256::from(model.rate), "rate of model {id}");
    same!(
        machine.view(&modelEnabledCall { id }),
        model.disabled.is_none(),
        "whether {id} is enabled"
    );
    let listed = machine.view(&modelRequiresAllowListCall { id });
    same!(listed, model.listed, "whether {id} has a list");
    for solver in &ledger.addresses.people {
        let allowed = machine.view(&isSolverAllowedCall {
            id,
            solver: *solver,
        });
        let expected = !model.listed || model.solvers.contains(solver);
        same!(allowed, expected, "whether {solver} may solve {id}");
    }
    let percentage = machine.view(&solutionModelFeePercentageOverrideCall { id });
    let expected = U256::from(model.percentage.unwrap_or_default());
    same!(percentage, expected, "percentage of {id}");
    let has = machine.view(&hasSolutionModelFeePercentageOverrideCall { id });
    same!(
        has,
        model.percentage.is_some(),
        "whether {id} has a percentage"
    );
    Ok(())
}
