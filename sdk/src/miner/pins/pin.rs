//! One content on its way to one store.

use std::{collections::BTreeMap, fmt};

use alloy_primitives::B256;
use serde::{Deserialize, Serialize};

use crate::{
    content::{Cid, cids},
    miner::job::now_millis,
};

/// How far a pin has got.
///
/// ```text
/// waiting → sent → pinned → confirmed
///    ↓        ↓
///       failed, with the reason
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum PinStage {
    /// It is to be sent, perhaps again.
    Waiting,
    /// The store has taken it on and is at it.
    Sent,
    /// The store says that it has it, and cannot be asked for it.
    Pinned,
    /// It was read back from the store.
    Confirmed,
    /// It was given up.
    Failed,
}

impl PinStage {
    /// Every stage, in order.
    pub const ALL: [Self; 5] = [
        Self::Waiting,
        Self::Sent,
        Self::Pinned,
        Self::Confirmed,
        Self::Failed,
    ];

    /// Its name, as status displays and metrics show it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Sent => "sent",
            Self::Pinned => "pinned",
            Self::Confirmed => "confirmed",
            Self::Failed => "failed",
        }
    }

    /// Whether nothing more is to be done.
    #[must_use]
    pub const fn is_over(self) -> bool {
        matches!(self, Self::Pinned | Self::Confirmed | Self::Failed)
    }
}

impl fmt::Display for PinStage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What a pin keeps of a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum PinContent {
    /// Its outputs.
    Output,
    /// Its input, which is on the chain as well.
    Input,
}

/// One content that one store is to keep.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Pin {
    /// The store's name.
    pub store: String,
    /// The digest within the content's CID.
    pub digest: B256,
    /// The task that it belongs to; the first, if it belongs to several.
    pub task: B256,
    /// What it is of the task.
    pub content: PinContent,
    /// How far it has got.
    pub stage: PinStage,
    /// Attempts at the present stage.
    #[serde(default)]
    pub attempts: u32,
    /// When the next one is due, milliseconds since 1970.
    pub due: u64,
    /// What the store calls the request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ticket: Option<String>,
    /// What the last attempt failed of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// When it was queued, milliseconds since 1970.
    pub since: u64,
    /// When anything last happened, milliseconds since 1970.
    pub changed: u64,
}

impl Pin {
    /// A pin that is due now.
    pub(super) fn new(store: &str, digest: B256, task: B256, content: PinContent) -> Self {
        let now = now_millis();
        Self {
            store: store.to_owned(),
            digest,
            task,
            content,
            stage: PinStage::Waiting,
            attempts: 0,
            due: now,
            ticket: None,
            note: None,
            since: now,
            changed: now,
        }
    }

    /// The content's CID, as the chain has it.
    #[must_use]
    pub fn cid(&self) -> Cid {
        cids::from_digest(self.digest.0)
    }

    /// Moves to a stage and notes the time. Writing it down is the caller's.
    pub(super) fn reach(&mut self, stage: PinStage, note: Option<String>) {
        if self.stage != stage {
            self.attempts = 0;
        }
        self.stage = stage;
        self.note = note;
        self.changed = now_millis();
    }
}

/// How the pins of one store stand.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PinCounts {
    /// How many are at each stage; finished ones of all times.
    pub stages: BTreeMap<PinStage, u64>,
    /// When the oldest that is not over was queued, milliseconds since 1970.
    pub oldest: Option<u64>,
}
