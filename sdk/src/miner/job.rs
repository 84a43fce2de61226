//! A job: one task on its way through one miner.

use std::fmt;

use alloy_primitives::{Address, B256, Bytes, U256};
use serde::{Deserialize, Serialize};

use crate::contracts::Submission;

/// Where a job stands. Each state says what is *done*; it is written down when that is so,
/// and before the next step begins.
///
/// ```text
/// seen → planned → solved → pinned → committed → revealed → claimable → claimed
///   ↓       ↓         ↓        ↓          ↓           ↓           ↓
///        declined, lost or failed, with the reason
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum State {
    /// The task's events were read.
    Seen,
    /// The input fits the template and the task is worth solving.
    Planned,
    /// The outputs are computed and their CID is known.
    Solved,
    /// The outputs are in the block folder, durably, and the gateway serves them.
    Pinned,
    /// The commitment is on the chain.
    Committed,
    /// The solution is on the chain and it is ours.
    Revealed,
    /// The contest period is over, unclaimed.
    Claimable,
    /// Fee and reward are credited to us.
    Claimed,
    /// Somebody else's solution stands.
    Lost,
    /// This miner does not want the task, or nobody can solve it.
    Declined,
    /// It went wrong for good.
    Failed,
}

impl State {
    /// Whether nothing more is to be done.
    #[must_use]
    pub const fn is_over(self) -> bool {
        matches!(
            self,
            Self::Claimed | Self::Lost | Self::Declined | Self::Failed
        )
    }

    /// Its name, as status displays and metrics show it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Seen => "seen",
            Self::Planned => "planned",
            Self::Solved => "solved",
            Self::Pinned => "pinned",
            Self::Committed => "committed",
            Self::Revealed => "revealed",
            Self::Claimable => "claimable",
            Self::Claimed => "claimed",
            Self::Lost => "lost",
            Self::Declined => "declined",
            Self::Failed => "failed",
        }
    }
}

/// A name that is no state's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no state of a job; there are seen, planned, solved, pinned, committed, revealed, \
     claimable, claimed, lost, declined and failed"
)]
pub struct UnknownState(pub String);

impl std::str::FromStr for State {
    type Err = UnknownState;

    fn from_str(name: &str) -> Result<Self, UnknownState> {
        let quoted = serde_json::Value::String(name.to_owned());
        serde_json::from_value(quoted).map_err(|_| UnknownState(name.to_owned()))
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Gas that a job has used, by step. A transaction for several jobs counts for each with
/// its share.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gas {
    /// For the commitment.
    pub commit: u64,
    /// For the solution.
    pub reveal: u64,
    /// For the claim.
    pub claim: u64,
}

impl Gas {
    /// Adds what another job has used.
    pub(super) const fn add(&mut self, other: Self) {
        self.commit = self.commit.saturating_add(other.commit);
        self.reveal = self.reveal.saturating_add(other.reveal);
        self.claim = self.claim.saturating_add(other.claim);
    }

    /// All steps together.
    #[must_use]
    pub const fn total(self) -> u64 {
        self.commit
            .saturating_add(self.reveal)
            .saturating_add(self.claim)
    }
}

/// What a job has brought, wei of AIUS.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Earned {
    /// The solver's part of the task's fee.
    pub fee: U256,
    /// The solver's part of the reward.
    pub reward: U256,
}

impl Earned {
    /// Both together, wei of AIUS.
    #[must_use]
    pub const fn total(self) -> U256 {
        self.fee.saturating_add(self.reward)
    }
}

/// One task on its way through this miner.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Job {
    /// The task's id.
    pub task: B256,
    /// The model that it asks for.
    pub model: B256,
    /// The task's fee when it was submitted, wei of AIUS.
    pub fee: U256,
    /// Who submitted it: an account or a contract.
    #[serde(default)]
    pub requester: Address,
    /// The input, as its event gives it.
    pub input: Bytes,
    /// The block that the task was submitted in.
    pub block: u64,
    /// Whether it is known from elsewhere than one endpoint's event what was submitted: from
    /// the task's id, or from two endpoints.
    #[serde(default)]
    pub proved: bool,
    /// Where it stands.
    pub state: State,
    /// Why it ended where it did, or what the last attempt failed of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// The outputs' CID, 34 bytes, once they are computed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cid: Option<Bytes>,
    /// Who solved it, once somebody has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub winner: Option<Address>,
    /// Until when our solution may be contested, seconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contest_end: Option<u64>,
    /// Gas used so far.
    #[serde(default)]
    pub gas: Gas,
    /// What it has brought.
    #[serde(default)]
    pub earned: Earned,
    /// Attempts at the present step that failed.
    #[serde(default)]
    pub attempts: u32,
    /// When each state was reached, milliseconds since 1970.
    #[serde(default)]
    pub history: Vec<(State, u64)>,
}

impl Job {
    /// A job that was just read from the chain.
    #[must_use]
    pub fn seen(task: B256, model: B256, fee: U256, input: Bytes, block: u64) -> Self {
        let mut job = Self {
            task,
            model,
            fee,
            requester: Address::ZERO,
            input,
            block,
            proved: false,
            state: State::Seen,
            note: None,
            cid: None,
            winner: None,
            contest_end: None,
            gas: Gas::default(),
            earned: Earned::default(),
            attempts: 0,
            history: Vec::new(),
        };
        job.reach(State::Seen);
        job
    }

    /// A job of a task that was just read from the chain.
    pub(super) fn of(submission: &Submission) -> Self {
        let Submission {
            task,
            model,
            fee,
            sender,
            input,
            block,
        } = submission;
        Self::seen(*task, *model, *fee, input.clone(), *block).requested_by(*sender)
    }

    /// Notes who submitted it.
    #[must_use]
    pub const fn requested_by(mut self, requester: Address) -> Self {
        self.requester = requester;
        self
    }

    /// Notes whether the task's id proves what was submitted.
    #[must_use]
    pub(super) const fn proved(mut self, proved: bool) -> Self {
        self.proved = proved;
        self
    }

    /// Moves to a state and notes the time. Writing it down is the caller's.
    pub(super) fn reach(&mut self, state: State) {
        self.state = state;
        self.attempts = 0;
        if !state.is_over() {
            self.note = None;
        }
        self.history.push((state, now_millis()));
    }

    /// Ends with a reason.
    pub(super) fn end(&mut self, state: State, reason: impl Into<String>) {
        self.reach(state);
        self.note = Some(reason.into());
    }

    /// Takes it up again though it was over: the chain that ended it was reorganised. What is
    /// computed already is kept; what the chain said is asked for again.
    pub(super) fn reopen(&mut self) {
        self.winner = None;
        self.contest_end = None;
        self.reach(if self.cid.is_some() {
            State::Solved
        } else {
            State::Seen
        });
    }

    /// The digest within the outputs' CID.
    pub(super) fn digest(&self) -> Option<B256> {
        self.cid.as_deref()?.last_chunk::<32>().map(B256::from)
    }

    /// When the job first reached a state, milliseconds since 1970.
    #[must_use]
    pub fn reached_at(&self, state: State) -> Option<u64> {
        self.history
            .iter()
            .find(|(reached, _)| *reached == state)
            .map(|(_, at)| *at)
    }
}

/// Now, in milliseconds since 1970.
pub(super) fn now_millis() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |since| {
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn survives_json_with_every_field() {
        let mut job = Job::seen(
            B256::repeat_byte(1),
            B256::repeat_byte(2),
            U256::from(3),
            Bytes::from_static(b"{}"),
            4,
        );
        job.cid = Some(Bytes::from_static(&[0x12, 0x20]));
        job.reach(State::Planned);
        job.end(State::Lost, "another solver was first");
        let json = serde_json::to_vec(&job).unwrap();
        assert_eq!(serde_json::from_slice::<Job>(&json).unwrap(), job);
        assert!(job.reached_at(State::Planned).is_some());
        assert!(job.reached_at(State::Pinned).is_none());
    }

    #[test]
    fn a_reason_stays_until_the_job_moves_on() {
        let mut job = Job::seen(B256::ZERO, B256::ZERO, U256::ZERO, Bytes::new(), 0);
        job.note = Some("the endpoint was away".to_owned());
        job.attempts = 2;
        job.reach(State::Planned);
        assert_eq!((job.note.as_deref(), job.attempts), (None, 0));
        job.end(State::Failed, "no");
        assert_eq!(job.note.as_deref(), Some("no"));
    }
}
