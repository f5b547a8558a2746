//! Everything the program can answer. Built by `answer`, turned into bytes by `output`.

mod listing;
mod tree;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::event::Event;
use crate::findings::{Check, Finding, Severity};
use crate::model::{CertId, Certificate, Gap, Location, Time, Use};
use crate::plan::Plan;
pub use listing::{Listed, Listing, RowAt, State};
pub use tree::{Branch, Orphan, Tree, TreeNode};

#[derive(Debug)]
pub enum Report {
    List(Listing),
    Show(Showing),
    Tree(Box<Tree>),
    Check(Checked),
    Explain(&'static [&'static Check]),
    Explanation(&'static Check),
    Plan(Box<Planned>),
    Requests(RequestsMade),
    /// With the leaves that could not be read and were left alone.
    Run(RunDone, Vec<Gap>),
    /// With the disks whose journals could not be read.
    Runs(Vec<RunInfo>, Vec<Gap>),
    RunDetails(RunInfo, Vec<Event>),
    Demo(DemoMade),
    Version,
    Schema,
}

#[derive(Debug)]
pub struct Showing {
    pub rows: Vec<Shown>,
    /// A layout's own name means the same in the next command.
    pub named: bool,
    pub gaps: Vec<Gap>,
    pub now: Time,
}

#[derive(Debug)]
pub struct Shown {
    pub listed: Listed,
    /// From the certificate upwards, as far as signatures lead.
    pub chain: Vec<Certificate>,
    pub signature: SignatureState,
    /// All places that hold it.
    pub places: Vec<Location>,
    pub uses: Vec<Use>,
    /// Bundles that lead to it.
    pub trusted_by: Vec<Location>,
    pub findings: Vec<Finding>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", tag = "state")]
pub enum SignatureState {
    Verified {
        by: CertId,
    },
    SelfSigned,
    IssuerMissing,
    Bad,
    Unsupported {
        algorithm: String,
    },
    /// So many authorities have the issuer's name that not all of them were tried.
    Undecided,
}

#[derive(Debug)]
pub struct Checked {
    pub findings: Vec<Finding>,
    /// How many certificates were looked at.
    pub certificates: usize,
    /// The disk that was looked at, for the next command to name.
    pub root: Option<String>,
    /// A layout's own name means the same in the next command.
    pub named: bool,
    /// The only one that was looked at.
    pub namespace: Option<String>,
    pub gaps: Vec<Gap>,
    /// At or above this, the exit code is 1; none for never.
    pub fail_on: Option<Severity>,
}

#[derive(Clone, Debug)]
pub struct Planned {
    pub plan: Plan,
    pub gaps: Vec<Gap>,
}

/// Requests for certificates, for an authority that signs elsewhere.
#[derive(Debug)]
pub struct RequestsMade {
    pub requests: Vec<RequestMade>,
    pub left_alone: Vec<crate::plan::LeftAlone>,
    pub gaps: Vec<Gap>,
}

#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RequestMade {
    /// The answer to it is called so too: `LEAF`, with `@NODE` where there are several nodes.
    pub name: String,
    pub leaf: String,
    #[serde(rename = "target")]
    pub at: Location,
    pub subject: String,
    pub names: Vec<String>,
    /// Its key was made earlier and waits.
    pub was_kept: bool,
    /// PEM; absent where nothing was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request: Option<String>,
    /// Where it was written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
}

/// What a changing run came to.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RunDone {
    pub run: String,
    pub state: RunState,
    pub root: String,
    /// The machines, where they are reached from elsewhere.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub nodes: Vec<String>,
    pub steps: Vec<StepDone>,
    /// What shows that servers present what was written.
    pub evidence: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left_alone: Vec<crate::plan::LeftAlone>,
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct StepDone {
    pub id: String,
    pub title: String,
    /// False when its goals held already.
    pub changed: bool,
    pub evidence: Vec<String>,
    /// Takes effect by itself at the latest then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pending_until: Option<Time>,
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RunInfo {
    pub run: String,
    pub root: String,
    /// The machines, where they are reached from elsewhere.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub nodes: Vec<String>,
    pub state: RunState,
    /// It was taken back, also where that is finished now.
    #[serde(default)]
    pub undone: bool,
    pub title: String,
    pub started: Time,
    pub steps_done: usize,
    pub steps_total: usize,
    /// Backups are still there.
    pub can_undo: bool,
}

impl RunInfo {
    /// One word for people: a run that was taken back and then finished must not look like one that was done.
    pub fn word(&self) -> &'static str {
        match self.state {
            RunState::Finished if self.undone => "undone-finished",
            state => state.word(),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum RunState {
    /// Not at its end: being done now, or cut off.
    Unfinished,
    Done,
    Failed,
    /// An undo was begun and is not at its end.
    Undoing,
    Undone,
    /// Backups and staged files are wiped; there is no way back.
    Finished,
}

impl RunState {
    pub fn word(self) -> &'static str {
        match self {
            Self::Unfinished => "unfinished",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Undoing => "undoing",
            Self::Undone => "undone",
            Self::Finished => "finished",
        }
    }
}

#[derive(Debug)]
pub struct DemoMade {
    pub folder: String,
    pub files: usize,
    pub troubles: usize,
    pub check: Checked,
}
