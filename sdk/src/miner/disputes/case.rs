//! A case: one solution that is watched, or disputed.

use std::fmt;

use alloy_primitives::{Address, B256, Bytes};
use serde::{Deserialize, Serialize};

use crate::{
    content::{Cid, cids},
    miner::job::now_millis,
};

/// Where a case stands. Each stage says what is *done*; it is written down when that is so,
/// and before the next step begins.
///
/// ```text
/// seen ──→ judged ──→ contested ──→ voted ──→ settled
///   │         └→ agreed, reported, inconclusive   └→ abstained
///   └→ missed, agreed, inconclusive
/// ```
///
/// A case that is over is taken up again at `contested` when somebody contests after all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Stage {
    /// The solution was read from the chain and waits to be looked at.
    Seen,
    /// Two runs and the golden outputs show that the solution is wrong.
    Judged,
    /// The solution is contested on the chain.
    Contested,
    /// This account has voted, as contester or accused too; the vote goes on.
    Voted,
    /// The same outputs came out here; whether its solver claims it is still watched.
    Unclaimed,
    /// Over: the same outputs came out here, or they could be fetched and more was not asked.
    Agreed,
    /// Over: this machine cannot say whether the solution is right.
    Inconclusive,
    /// Over: the solution is wrong, and this miner does not contest it; the note says why.
    Reported,
    /// Over: the time to contest or to vote passed before it could be done.
    Missed,
    /// Over: there was a vote, and this miner did not take part; the note says why.
    Abstained,
    /// Over: the vote has ended, and what of it concerns this account is settled, or left to
    /// others; the note says how it ended.
    Settled,
}

impl Stage {
    /// Whether nothing more is to be done.
    #[must_use]
    pub const fn is_over(self) -> bool {
        !matches!(
            self,
            Self::Seen | Self::Judged | Self::Contested | Self::Voted | Self::Unclaimed
        )
    }

    /// Its name, as status displays and metrics show it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Seen => "seen",
            Self::Judged => "judged",
            Self::Contested => "contested",
            Self::Voted => "voted",
            Self::Unclaimed => "unclaimed",
            Self::Agreed => "agreed",
            Self::Inconclusive => "inconclusive",
            Self::Reported => "reported",
            Self::Missed => "missed",
            Self::Abstained => "abstained",
            Self::Settled => "settled",
        }
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Why a solution is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Cause {
    /// The lot fell on it.
    Drawn,
    /// The lot would fall on it if nothing else were to be computed.
    Idle,
    /// To see whether its outputs can be fetched.
    Fetch,
    /// No gateway had its outputs.
    Unfetchable,
    /// Somebody contests it.
    Contested,
}

/// What computing a task again has shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Finding {
    /// The solution is what comes out here.
    Right,
    /// Something else came out, in two runs, on a machine that makes the golden outputs.
    Wrong {
        /// The CID of what came out, 34 bytes.
        computed: Bytes,
    },
    /// Nothing is known.
    Inconclusive {
        /// Why not.
        reason: String,
    },
}

impl Finding {
    /// Its name, as metrics show it.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Right => "right",
            Self::Wrong { .. } => "wrong",
            Self::Inconclusive { .. } => "inconclusive",
        }
    }
}

/// A watched solution.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Case {
    /// The task.
    pub task: B256,
    /// Its model; unknown until it is asked for where only a contestation was read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<B256>,
    /// Its input; unknown until it is asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input: Option<Bytes>,
    /// The block of the newest event that told of it.
    #[serde(default)]
    pub block: u64,
    /// Why it is looked at.
    pub cause: Cause,
    /// Where it stands.
    pub stage: Stage,
    /// Who solved it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub solver: Option<Address>,
    /// The solution's CID, 34 bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cid: Option<Bytes>,
    /// Until when it may be contested, seconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contest_end: Option<u64>,
    /// Until when may be voted, seconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vote_end: Option<u64>,
    /// What computing it again has shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finding: Option<Finding>,
    /// Who contests it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contester: Option<Address>,
    /// How this account has voted: whether it says that the solution is wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub voted_wrong: Option<bool>,
    /// Why it ended where it did, or what the last attempt failed of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Gas used for contesting, voting and settling.
    #[serde(default)]
    pub gas: u64,
    /// Attempts at the present step that failed.
    #[serde(default)]
    pub attempts: u32,
    /// When each stage was reached, milliseconds since 1970.
    #[serde(default)]
    pub history: Vec<(Stage, u64)>,
}

impl Case {
    fn new(task: B256, cause: Cause, stage: Stage) -> Self {
        let mut case = Self {
            task,
            model: None,
            input: None,
            block: 0,
            cause,
            stage,
            solver: None,
            cid: None,
            contest_end: None,
            vote_end: None,
            finding: None,
            contester: None,
            voted_wrong: None,
            note: None,
            gas: 0,
            attempts: 0,
            history: Vec::new(),
        };
        case.reach(stage);
        case
    }

    /// Whether all that it takes to judge is known.
    pub(super) const fn is_complete(&self) -> bool {
        self.model.is_some()
            && self.input.is_some()
            && self.cid.is_some()
            && self.contest_end.is_some()
    }

    /// A case of a solution that was just read from the chain.
    pub(in crate::miner) fn seen(
        task: B256,
        model: B256,
        input: Bytes,
        solver: Address,
        cause: Cause,
    ) -> Self {
        let mut case = Self::new(task, cause, Stage::Seen);
        case.model = Some(model);
        case.input = Some(input);
        case.solver = Some(solver);
        case
    }

    /// A case of a contestation that was just read from the chain.
    pub(in crate::miner) fn contested(task: B256, contester: Address) -> Self {
        let mut case = Self::new(task, Cause::Contested, Stage::Contested);
        case.contester = Some(contester);
        case
    }

    /// Notes the block of an event that tells of it.
    pub(in crate::miner) const fn told_in(mut self, block: u64) -> Self {
        self.block = block;
        self
    }

    /// Moves to a stage and notes the time. Writing it down is the caller's.
    pub(in crate::miner) fn reach(&mut self, stage: Stage) {
        self.stage = stage;
        self.attempts = 0;
        self.note = None;
        self.history.push((stage, now_millis()));
    }

    /// Ends with a reason. The input, which the chain has, is not kept any longer.
    pub(in crate::miner) fn end(&mut self, stage: Stage, reason: impl Into<String>) {
        self.reach(stage);
        self.note = Some(reason.into());
        self.input = None;
    }

    /// Takes the case up again after somebody has contested the solution.
    pub(in crate::miner) fn take_up(&mut self, contester: Address) {
        self.contester = Some(contester);
        if !matches!(self.stage, Stage::Contested | Stage::Voted) {
            self.reach(Stage::Contested);
        }
    }

    /// The solution's CID.
    pub(in crate::miner) fn solution(&self) -> Option<Cid> {
        cids::from_onchain(self.cid.as_deref()?).ok()
    }

    /// When the case first reached a stage, milliseconds since 1970.
    #[must_use]
    pub fn reached_at(&self, stage: Stage) -> Option<u64> {
        self.history
            .iter()
            .find(|(reached, _)| *reached == stage)
            .map(|(_, at)| *at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn survives_json_with_every_field() {
        let (task, model) = (B256::repeat_byte(1), B256::repeat_byte(2));
        let solver = Address::repeat_byte(3);
        let input = Bytes::from_static(b"{}");
        let mut case = Case::seen(task, model, input, solver, Cause::Drawn);
        case.cid = Some(Bytes::from_static(&[0x12, 0x20]));
        case.finding = Some(Finding::Wrong {
            computed: Bytes::from_static(&[0x12]),
        });
        case.reach(Stage::Judged);
        case.voted_wrong = Some(true);
        case.end(Stage::Settled, "the votes say that it is wrong");
        let json = serde_json::to_vec(&case).unwrap();
        assert_eq!(serde_json::from_slice::<Case>(&json).unwrap(), case);
        assert!(case.reached_at(Stage::Judged).is_some());
        assert!(case.reached_at(Stage::Voted).is_none());
    }

    #[test]
    fn a_case_that_is_over_is_taken_up_again_with_what_is_known() {
        let mut case = Case::contested(B256::ZERO, Address::ZERO);
        case.finding = Some(Finding::Right);
        case.end(Stage::Agreed, "the same came out here");
        case.take_up(Address::repeat_byte(1));
        assert_eq!((case.stage, case.note.as_deref()), (Stage::Contested, None));
        assert_eq!(case.finding, Some(Finding::Right));
        case.reach(Stage::Voted);
        case.take_up(Address::repeat_byte(1));
        assert_eq!(case.stage, Stage::Voted, "the same contestation read twice");
    }
}
