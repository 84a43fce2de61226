//! One request, and what became of it so far.

use alloy_primitives::{Address, B256, Bytes, U256};
use serde::{Deserialize, Serialize};

use crate::Id;

/// Steps of a request. Ten are many where the chain stands; reorganisations may bring more.
const MOST_STEPS: usize = 100;

/// One request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Request {
    /// What it is known by.
    pub id: Id,
    /// The input, JSON as the model's template describes it.
    pub input: String,
    /// What the service pays for it, wei of AIUS in hexadecimal.
    pub fee: U256,
    /// The client's own key for it, if it gave one: with it a request is made once however
    /// often it is sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// Every version of every transaction that was to submit it.
    #[serde(default)]
    pub(crate) transactions: Vec<B256>,
    /// What became of it, in order. There is at least one.
    pub steps: Vec<TimedStep>,
}

/// A step, and when it was taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimedStep {
    /// Milliseconds since 1970.
    pub time: u64,
    /// What happened.
    #[serde(flatten)]
    pub step: Step,
}

/// What happened to a request. After a reorganisation of the chain a step may come again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    tag = "step",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
pub enum Step {
    /// It is written down, and waits for its turn.
    Queued,
    /// Its transaction is being sent: it can no longer be taken back.
    Sending,
    /// It is a task on the chain.
    Submitted {
        /// The task.
        task: B256,
        /// The transaction that submitted it.
        transaction: B256,
    },
    /// Somebody has solved it: the optimistic result, which may still be contested.
    Solved {
        /// Who.
        solver: Address,
        /// The CID of the directory of output files.
        cid: String,
        /// Until when it may be contested, seconds since 1970.
        contest_end: u64,
    },
    /// The output files are here, and each byte is what the CID says.
    Fetched {
        /// The CID of their directory.
        cid: String,
        /// The files.
        files: Vec<OutputFile>,
    },
    /// The solution is contested: validators vote.
    Contested,
    /// Nothing can change the result any more.
    Final,
    /// The solution was voted down; the engine gives the fee back.
    Rejected,
    /// Nobody solved it in time, and the service took the task and its fee back.
    Retracted,
    /// The client took it back before it was sent.
    Cancelled,
    /// It came to nothing.
    Failed {
        /// Why.
        reason: String,
    },
}

/// A file of a result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutputFile {
    /// Its name, as the model's template gives it.
    pub name: String,
    /// Bytes.
    pub size: u64,
}

impl Step {
    /// Its name, as clients see it.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Sending => "sending",
            Self::Submitted { .. } => "submitted",
            Self::Solved { .. } => "solved",
            Self::Fetched { .. } => "fetched",
            Self::Contested => "contested",
            Self::Final => "final",
            Self::Rejected => "rejected",
            Self::Retracted => "retracted",
            Self::Cancelled => "cancelled",
            Self::Failed { .. } => "failed",
        }
    }
}

impl Request {
    /// A request that was just made.
    pub(crate) fn new(id: Id, input: String, fee: U256, key: Option<String>, time: u64) -> Self {
        let step = Step::Queued;
        Self {
            id,
            input,
            fee,
            key,
            transactions: Vec::new(),
            steps: vec![TimedStep { time, step }],
        }
    }

    /// Takes a step at `time`, milliseconds since 1970. One too many ends it, so that an
    /// endpoint that says now this and now that does not make it grow for ever.
    pub(crate) fn take(&mut self, step: Step, time: u64) {
        self.steps.push(TimedStep { time, step });
        if self.steps.len() >= MOST_STEPS && !self.is_over() {
            let reason = "the chain says now this and now that of it".to_owned();
            let step = Step::Failed { reason };
            self.steps.push(TimedStep { time, step });
        }
    }

    /// The newest step.
    #[must_use]
    pub fn last(&self) -> Option<&Step> {
        self.steps.last().map(|timed| &timed.step)
    }

    /// Whether nothing more will happen to it.
    #[must_use]
    pub fn is_over(&self) -> bool {
        match self.last() {
            Some(Step::Rejected | Step::Retracted | Step::Cancelled | Step::Failed { .. }) => true,
            _ => self.standing() == Some(&Step::Final) && self.files().is_some(),
        }
    }

    /// The task that it is, once it is one.
    #[must_use]
    pub fn task(&self) -> Option<B256> {
        self.steps.iter().rev().find_map(|timed| match timed.step {
            Step::Submitted { task, .. } => Some(task),
            _ => None,
        })
    }

    /// How it stands on the chain: the newest step but that of fetching.
    #[must_use]
    pub fn standing(&self) -> Option<&Step> {
        let steps = self.steps.iter().rev().map(|timed| &timed.step);
        steps
            .into_iter()
            .find(|step| !matches!(step, Step::Fetched { .. }))
    }

    /// The newest solution of the task: its CID and until when it may be contested.
    #[must_use]
    pub fn solution(&self) -> Option<(&str, u64)> {
        let steps = self.steps.iter().rev().map(|timed| &timed.step);
        // What was solved before was another task, which a reorganisation undid.
        steps
            .take_while(|step| !matches!(step, Step::Submitted { .. }))
            .find_map(|step| match step {
                Step::Solved {
                    cid, contest_end, ..
                } => Some((cid.as_str(), *contest_end)),
                _ => None,
            })
    }

    /// The files of the newest solution, once they are here, and the CID of their directory.
    #[must_use]
    pub fn files(&self) -> Option<(&str, &[OutputFile])> {
        let (solved, _) = self.solution()?;
        self.steps.iter().rev().find_map(|timed| match &timed.step {
            Step::Fetched { cid, files } if cid == solved => Some((cid.as_str(), files.as_slice())),
            _ => None,
        })
    }

    /// The CIDs of all results that were fetched for it: more than one after a reorganisation.
    pub(crate) fn results(&self) -> impl Iterator<Item = &str> {
        self.steps.iter().filter_map(|timed| match &timed.step {
            Step::Fetched { cid, .. } => Some(cid.as_str()),
            _ => None,
        })
    }

    /// The input as the chain takes it.
    pub(crate) fn input_bytes(&self) -> Bytes {
        self.input.clone().into_bytes().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_does_not_grow_for_ever_while_the_chain_changes_its_mind() {
        let id = Id::of([7; 16]);
        let mut request = Request::new(id, "{}".to_owned(), U256::ONE, None, 0);
        let mut says = [Step::Contested, Step::Sending].into_iter().cycle();
        while !request.is_over() {
            request.take(says.next().unwrap(), 1);
            assert!(request.steps.len() <= MOST_STEPS + 1);
        }
        assert!(matches!(request.last(), Some(Step::Failed { .. })));
    }
}
