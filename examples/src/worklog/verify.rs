//! What a third party asks the chain to verify a log.

use alloy_primitives::{Address, B256, U256};
use arbius_sdk::{
    chain::{Chain, ChainError},
    content::cids,
    contracts::{IEngine, TaskStatus, UnknownStatus},
};

use super::{
    Entry, IWorklog, Report, Verdict,
    announced::{Announced, Announcement},
};

/// Periods that are verified at once: eleven years of hours. An endpoint cannot make a
/// verifier ask for ever.
const MOST: u64 = 100_000;

/// Periods that the contract lists in one answer.
const PAGE: u64 = 1_024;

/// Which log is verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Log {
    /// The engine that the verifier trusts. A log of another engine proves nothing.
    pub engine: Address,
    /// The contract that keeps the log.
    pub worklog: Address,
    /// The log's number there.
    pub id: U256,
}

/// Why a log could not be verified.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// The endpoint or a contract refused.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// What is deployed there is another program.
    #[error(
        "{address} does not hold the program `worklog` of this build, so what it lists proves nothing: check the address, or verify with the build that it was deployed from"
    )]
    OtherProgram {
        /// The contract.
        address: Address,
    },
    /// The contract asks another engine.
    #[error(
        "the log is bound to the engine {found}, not to {expected}: name the engine of the network that you mean"
    )]
    OtherEngine {
        /// The engine that the verifier trusts.
        expected: Address,
        /// The contract's.
        found: Address,
    },
    /// No such log.
    #[error("there is no log {id} at {address}; `logs()` there says how many there are")]
    NoLog {
        /// The number.
        id: U256,
        /// The contract.
        address: Address,
    },
    /// Nothing to verify.
    #[error(
        "no period from {first} to {last} is over: the log begins with {first}, verify once that period is past"
    )]
    NothingYet {
        /// The first period that was asked for.
        first: u64,
        /// The last one.
        last: u64,
    },
    /// More than a verifier asks for at once.
    #[error("{periods} periods are more than {MOST}: name the first and the last to verify")]
    TooMany {
        /// How many there are.
        periods: u64,
    },
    /// The endpoint answered what no contract does.
    #[error("the endpoint answered {what}, which the contract never does: ask another endpoint")]
    Impossible {
        /// What it was.
        what: &'static str,
    },
    /// Two endpoints say something else.
    #[error(
        "{endpoint} says something else of the log than the endpoint before it: ask again once both show the same block, and another endpoint if they still differ"
    )]
    Disagreement {
        /// The second of them.
        endpoint: String,
    },
    /// No endpoint was named.
    #[error("name at least one endpoint to ask")]
    NoEndpoint,
    /// The engine knows a status that this build does not.
    #[error(transparent)]
    UnknownStatus(#[from] UnknownStatus),
}

/// Verifies periods of a log by what the chain says: the contract's program, what it lists,
/// what it announced when, and what the engine knows of each task. From its first period to the
/// last one that is over, unless `first` or `last` says otherwise.
///
/// Nothing but the endpoint of `chain` is trusted; ask several, each through a [`Chain`] of its
/// own, and compare.
///
/// # Errors
///
/// [`VerifyError`], if there is no such log or the endpoint does not answer sensibly. What is
/// wrong with a log is in the report.
pub async fn verify(
    chain: &Chain,
    log: Log,
    first: Option<u64>,
    last: Option<u64>,
) -> Result<Report, VerifyError> {
    let address = log.worklog;
    let code = chain.code(address).await?;
    let genuine = arbius_artifacts::get(arbius_artifacts::examples::WORKLOG)
        .is_some_and(|artifact| artifact.code.concat() == code);
    if !genuine {
        return Err(VerifyError::OtherProgram { address });
    }
    let found = chain.read(address, &IWorklog::engineCall {}).await?;
    if found != log.engine {
        return Err(VerifyError::OtherEngine {
            expected: log.engine,
            found,
        });
    }
    let known = chain
        .read(address, &IWorklog::logCall { id: log.id })
        .await?;
    if known.agent.is_zero() {
        return Err(VerifyError::NoLog {
            id: log.id,
            address,
        });
    }
    if known.length == 0 {
        return Err(VerifyError::Impossible {
            what: "a period of no length",
        });
    }

    let length = u64::from(known.length);
    let now = chain.head().await?.timestamp / length;
    let first = first.unwrap_or(known.firstPeriod);
    let last = last.unwrap_or_else(|| now.saturating_sub(1));
    if last < first {
        return Err(VerifyError::NothingYet { first, last });
    }
    let periods = (last - first).saturating_add(1);
    if periods > MOST {
        return Err(VerifyError::TooMany { periods });
    }

    let end = last.saturating_add(1).saturating_mul(length);
    let time = first.saturating_mul(length)..end;
    let announced = Announced::read(chain, log, time).await?;

    let mut entries = Vec::new();
    let mut next = first;
    loop {
        let count = PAGE.min((last - next).saturating_add(1));
        let call = IWorklog::tasksCall {
            id: log.id,
            first: next,
            count,
        };
        let tasks = chain.read(address, &call).await?;
        if tasks.len() as u64 != count {
            return Err(VerifyError::Impossible {
                what: "more or fewer periods than it was asked for",
            });
        }
        let page: Vec<_> = (next..=last).zip(tasks).collect();
        entries.extend(judge(chain, log.engine, &known, &announced, &page).await?);
        match next.checked_add(count) {
            Some(page) if page <= last => next = page,
            _ => break,
        }
    }
    Ok(Report {
        agent: known.agent,
        model: known.model,
        length: known.length,
        entries,
    })
}

/// As [`verify`], from several endpoints by their URLs: each is asked by itself, and all have to
/// say the same.
///
/// # Errors
///
/// Those of [`verify`]; [`VerifyError::Disagreement`] if they differ.
pub async fn verify_with_all(
    endpoints: &[String],
    log: Log,
    first: Option<u64>,
    mut last: Option<u64>,
) -> Result<Report, VerifyError> {
    let mut agreed: Option<Report> = None;
    for endpoint in endpoints {
        let chain = Chain::connect(endpoint).await?;
        let report = verify(&chain, log, first, last).await?;
        if agreed.as_ref().is_some_and(|known| *known != report) {
            return Err(VerifyError::Disagreement {
                endpoint: endpoint.clone(),
            });
        }
        // The same periods from all, even if one begins meanwhile.
        last = report.entries.last().map(|entry| entry.period);
        agreed = Some(report);
    }
    agreed.ok_or(VerifyError::NoEndpoint)
}

/// What the contract announced and the engine says of each period's task.
async fn judge(
    chain: &Chain,
    engine: Address,
    log: &IWorklog::logReturn,
    announced: &Announced,
    page: &[(u64, B256)],
) -> Result<Vec<Entry>, VerifyError> {
    let ids = || {
        page.iter()
            .map(|(_, task)| *task)
            .filter(|task| !task.is_zero())
    };
    let tasks: Vec<_> = ids().map(|id| IEngine::tasksCall { id }).collect();
    let statuses: Vec<_> = ids().map(|id| IEngine::taskStatusCall { id }).collect();
    let solutions: Vec<_> = ids().map(|task| IEngine::solutionsCall { task }).collect();
    let mut tasks = chain.read_many(engine, &tasks).await?.into_iter();
    let mut statuses = chain.read_many(engine, &statuses).await?.into_iter();
    let mut solutions = chain.read_many(engine, &solutions).await?.into_iter();

    let mut entries = Vec::with_capacity(page.len());
    for (period, id) in page {
        let (period, id) = (*period, *id);
        let announced = announced.of(period);
        if id.is_zero() {
            let verdict = match announced {
                [] => Verdict::Missing,
                [one, ..] => Verdict::Contradicted {
                    task: one.task,
                    what: "the contract announced the task and does not list it",
                },
            };
            entries.push(Entry { period, verdict });
            continue;
        }
        let (Some(task), Some(status), Some(solution)) =
            (tasks.next(), statuses.next(), solutions.next())
        else {
            return Err(VerifyError::Impossible {
                what: "fewer things than it was asked for",
            });
        };
        let (task, solution) = (task?, solution?);
        let status = TaskStatus::try_from(status?)?;
        let contradiction = contradiction(log, period, id, &task, announced);
        let verdict = match (contradiction, status) {
            (Some(what), _) => Verdict::Contradicted { task: id, what },
            (None, TaskStatus::Final) => match cids::from_onchain(&solution.cid) {
                Ok(cid) => Verdict::Proven {
                    task: id,
                    solver: solution.validator,
                    cid,
                },
                Err(_) => Verdict::Contradicted {
                    task: id,
                    what: "the task is final without a result",
                },
            },
            (None, TaskStatus::Rejected | TaskStatus::Retracted) => {
                Verdict::Failed { task: id, status }
            }
            (None, _) => Verdict::Pending { task: id, status },
        };
        entries.push(Entry { period, verdict });
    }
    Ok(entries)
}

/// What of a listed task does not fit what the engine and the announcements say.
fn contradiction(
    log: &IWorklog::logReturn,
    period: u64,
    id: B256,
    task: &IEngine::tasksReturn,
    announced: &[Announcement],
) -> Option<&'static str> {
    if task.model != log.model {
        return Some("the task is of another model");
    }
    if task.owner != log.agent {
        return Some("the task is another's");
    }
    if task.blocktime / u64::from(log.length) != period {
        return Some("the task was submitted in another period");
    }
    match announced {
        [] => Some("the contract never announced the task"),
        [one] if one.task != id => Some("the contract announced another task"),
        [one] if !one.submitted => Some("the contract did not submit the task"),
        [_] => None,
        _ => Some("the contract announced several tasks"),
    }
}
