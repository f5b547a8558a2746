//! What happens during a run, in order. The same events are journal lines, progress for people and the wire's lines.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::model::{Location, Time};

/// Where events go while a request is answered.
pub type Sink = Arc<dyn Fn(&Event) + Send + Sync>;

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Event {
    pub run: String,
    /// Counts from 1 within a run.
    pub seq: u64,
    pub time: Time,
    pub what: What,
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum What {
    Started {
        plan_digest: String,
        root: String,
        /// The machines, where they are reached from elsewhere.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        nodes: Vec<String>,
        title: String,
    },
    /// Not stored.
    Waiting {
        r#for: String,
        why: String,
    },
    StepStarted {
        step: String,
        /// The machine, where it is reached from elsewhere.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        node: Option<String>,
        title: String,
    },
    StepSkipped {
        step: String,
        why: String,
    },
    StepSucceeded {
        step: String,
        evidence: Vec<String>,
        /// What a component made for itself in it; by this it is told from what others put there.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        made: Vec<Made>,
    },
    StepFailed {
        step: String,
        error: Error,
    },
    GatePassed {
        phase: String,
        evidence: Vec<String>,
    },
    /// Something takes effect later by itself; it was not waited for.
    Pending {
        step: String,
        until: Time,
        why: String,
    },
    /// A node no longer answers; what was under way there is not known. Not stored.
    Lost {
        node: String,
        why: String,
    },
    Finished {
        done: usize,
        skipped: usize,
    },
    Failed {
        error: Error,
    },
    Resumed,
    UndoStarted,
    UndoneStep {
        step: String,
        why: String,
    },
    Undone,
    Wiped,
}

/// A file that was made during a step by another than this program.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Made {
    pub at: Location,
    /// SHA-256 of the file.
    pub digest: String,
}

impl What {
    /// Progress is for the moment; everything else is history.
    pub fn is_stored(&self) -> bool {
        !matches!(self, Self::Waiting { .. } | Self::Lost { .. })
    }

    /// The step that it is about.
    pub fn step(&self) -> Option<&str> {
        match self {
            Self::StepStarted { step, .. }
            | Self::StepSkipped { step, .. }
            | Self::StepSucceeded { step, .. }
            | Self::StepFailed { step, .. }
            | Self::Pending { step, .. }
            | Self::UndoneStep { step, .. } => Some(step),
            _ => None,
        }
    }
}
