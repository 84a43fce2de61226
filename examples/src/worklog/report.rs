//! What the chain says of a log.

use std::fmt;

use alloy_primitives::{Address, B256};
use arbius_sdk::{content::Cid, contracts::TaskStatus};
use jiff::Timestamp;

/// What the chain says of a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Who wrote it.
    pub agent: Address,
    /// Whose tasks it lists.
    pub model: B256,
    /// Seconds of a period.
    pub length: u32,
    /// What each period has, one after the other.
    pub entries: Vec<Entry>,
}

/// What the chain says of a period.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its number: its start, in seconds since 1970, divided by its length.
    pub period: u64,
    /// What it has.
    pub verdict: Verdict,
}

/// Whether a period has what it should have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// A task of the agent and the model, submitted in that period, whose solution can no
    /// longer change.
    Proven {
        /// The task.
        task: B256,
        /// Who solved it.
        solver: Address,
        /// The result.
        cid: Cid,
    },
    /// Such a task, whose outcome is still open.
    Pending {
        /// The task.
        task: B256,
        /// Where it stands.
        status: TaskStatus,
    },
    /// Such a task, which was rejected or retracted.
    Failed {
        /// The task.
        task: B256,
        /// Where it stands.
        status: TaskStatus,
    },
    /// No task.
    Missing,
    /// A task that the engine, or the contract when it happened, tells something else of than
    /// the log. The program cannot write that down: the endpoint lies, or whoever created the
    /// contract had filled its storage before.
    Contradicted {
        /// The task.
        task: B256,
        /// What differs.
        what: &'static str,
    },
}

/// A heading, and a line for each period: when it began (UTC), what it has, the task, the
/// result.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "agent {}, model {}", self.agent, self.model)?;
        for Entry { period, verdict } in &self.entries {
            let start = period.saturating_mul(u64::from(self.length));
            match i64::try_from(start).map(Timestamp::from_second) {
                Ok(Ok(time)) => write!(f, "{time}")?,
                // Beyond the year 9999.
                _ => write!(f, "{start} s")?,
            }
            write!(f, "  {verdict}")?;
            if let Some(task) = verdict.task() {
                write!(f, "  {task}")?;
            }
            if let Verdict::Proven { cid, .. } = verdict {
                write!(f, "  {cid}")?;
            }
            writeln!(f)?;
        }
        Ok(())
    }
}

impl Verdict {
    /// The task of the period, if it has one.
    #[must_use]
    pub const fn task(&self) -> Option<B256> {
        match self {
            Self::Proven { task, .. }
            | Self::Pending { task, .. }
            | Self::Failed { task, .. }
            | Self::Contradicted { task, .. } => Some(*task),
            Self::Missing => None,
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Proven { .. } => f.write_str("proven"),
            Self::Pending { status, .. } => write!(f, "pending ({status:?})"),
            Self::Failed { status, .. } => write!(f, "failed ({status:?})"),
            Self::Missing => f.write_str("missing"),
            Self::Contradicted { what, .. } => write!(f, "contradicted: {what}"),
        }
    }
}

impl Report {
    /// How many periods are proven.
    #[must_use]
    pub fn proven(&self) -> usize {
        self.entries
            .iter()
            .filter(|entry| matches!(entry.verdict, Verdict::Proven { .. }))
            .count()
    }

    /// Whether every period is.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.proven() == self.entries.len()
    }
}
