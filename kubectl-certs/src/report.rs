//! Everything the program can answer. Built by `answer`, turned into bytes by `output`.

mod tree;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::event::Event;
use crate::findings::{Check, Finding, Severity};
use crate::model::{
    CertId, Certificate, Consumer, Entry, FoundLayout, Gap, Handshake, Inventory, Location, NameKey, Row, Time, Use,
};
use crate::plan::Plan;
pub use tree::{Branch, Orphan, Tree, TreeNode};

#[derive(Debug)]
pub enum Report {
    List(Box<Listing>),
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

impl Report {
    /// What was asked for and could not be read.
    pub fn gaps(&self) -> &[Gap] {
        match self {
            Self::List(listing) => &listing.gaps,
            Self::Show(shown) => &shown.gaps,
            Self::Tree(tree) => &tree.gaps,
            Self::Check(checked) => &checked.gaps,
            Self::Plan(planned) => &planned.gaps,
            Self::Requests(made) => &made.gaps,
            Self::Run(_, gaps) | Self::Runs(_, gaps) => gaps,
            Self::Demo(made) => &made.check.gaps,
            Self::Explain(_) | Self::Explanation(_) | Self::RunDetails(..) | Self::Version | Self::Schema => &[],
        }
    }
}

#[derive(Debug)]
pub struct Listing {
    /// What was read; `rows` says what of it is listed.
    pub inventory: Inventory,
    pub chosen: Vec<ListedAt>,
    /// Requests, tokens and objects of cert-manager.
    pub others: Vec<Entry>,
    pub layouts: Vec<FoundLayout>,
    /// A layout's own name means the same in the next command.
    pub named: bool,
    /// The only one that was looked at.
    pub namespace: Option<String>,
    pub gaps: Vec<Gap>,
    pub now: Time,
    /// Names that several authorities have: these are told apart by their keys.
    pub shared_names: BTreeSet<NameKey>,
}

/// Which certificate of a listing's inventory: there may be more than a hundred thousand, so none is copied.
#[derive(Clone, Copy, Debug)]
pub struct ListedAt {
    pub entry: u32,
    pub index: u32,
    pub state: State,
    /// How many rely on it; absent where that was not asked.
    pub used_by: Option<u32>,
}

impl Listing {
    pub fn rows(&self) -> impl Iterator<Item = Listed<'_>> {
        self.chosen.iter().filter_map(|at| {
            let row = self.inventory.row(usize::try_from(at.entry).ok()?, usize::try_from(at.index).ok()?)?;
            Some(Listed { used_by: at.used_by, ..Listed::of(&row, at.state) })
        })
    }

    /// The subject's short name, with what tells it from others of that name.
    pub fn subject(&self, certificate: &Certificate) -> String {
        let name = certificate.short_name();
        if certificate.is_authority && self.shared_names.contains(&certificate.subject_key) {
            format!("{name}({})", certificate.key_mark())
        } else {
            name.to_owned()
        }
    }

    /// Who signed it, as it says itself: signatures are not verified for a list.
    pub fn signer(&self, certificate: &Certificate) -> String {
        if certificate.names_itself_as_issuer() {
            return "itself".to_owned();
        }
        let issuer = &certificate.issuer;
        let name = issuer.split(',').find_map(|part| part.strip_prefix("CN=")).unwrap_or(issuer);
        if self.shared_names.contains(&certificate.issuer_key) {
            format!("{name}({})", certificate.issuer_key_mark().unwrap_or("?"))
        } else {
            name.to_owned()
        }
    }
}

/// Names of authorities that stand for more than one key.
pub fn shared_names(inventory: &Inventory) -> BTreeSet<NameKey> {
    let mut keys = BTreeMap::new();
    let mut shared = BTreeSet::new();
    for authority in inventory.certificates.values().filter(|certificate| certificate.is_authority) {
        let first = keys.entry(&authority.subject_key).or_insert(&authority.public_key);
        if *first != &authority.public_key {
            shared.insert(authority.subject_key.clone());
        }
    }
    shared
}

/// One certificate in one place.
#[derive(Debug)]
pub struct Listed<'a> {
    pub target: Location,
    pub entry: Cow<'a, Entry>,
    pub certificate: Cow<'a, Certificate>,
    pub state: State,
    /// How many rely on it; absent where that was not asked.
    pub used_by: Option<u32>,
}

impl<'a> Listed<'a> {
    pub fn of(row: &Row<'a>, state: State) -> Self {
        let (entry, certificate) = (Cow::Borrowed(row.entry), Cow::Borrowed(row.certificate));
        Self { target: row.target(), entry, certificate, state, used_by: None }
    }

    /// The same, on its own.
    pub fn into_owned(self) -> Listed<'static> {
        let Self { target, entry, certificate, state, used_by } = self;
        let (entry, certificate) = (Cow::Owned(entry.into_owned()), Cow::Owned(certificate.into_owned()));
        Listed { target, entry, certificate, state, used_by }
    }

    /// A name for people that the same command takes as a target. The layout's name is that of the first certificate.
    pub fn label(&self, named: bool) -> String {
        let first = self.target.number.is_none_or(|number| number == 1);
        let name = self.entry.origin.name.clone().filter(|_| first && named);
        name.unwrap_or_else(|| self.target.to_string())
    }
}

/// The worst first, which is the order of `--sort state`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    Expired,
    NotYetValid,
    Expiring,
    Valid,
}

impl State {
    /// As printed, and as on the wire.
    pub fn word(self) -> &'static str {
        match self {
            Self::Expired => "expired",
            Self::NotYetValid => "not-yet-valid",
            Self::Expiring => "expiring",
            Self::Valid => "valid",
        }
    }
}

#[derive(Debug)]
pub struct Showing {
    pub rows: Vec<Shown>,
    /// Requests, tokens and objects of cert-manager.
    pub others: Vec<Entry>,
    /// A layout's own name means the same in the next command.
    pub named: bool,
    pub gaps: Vec<Gap>,
    pub now: Time,
}

#[derive(Debug)]
pub struct Shown {
    pub listed: Listed<'static>,
    /// From the certificate upwards, as far as signatures lead.
    pub chain: Vec<Certificate>,
    pub signature: SignatureState,
    /// All places that hold it.
    pub places: Vec<Location>,
    pub uses: Vec<Use>,
    /// Who relies on the Secret or ConfigMap that holds it.
    pub consumers: Vec<Consumer>,
    /// What could not be asked about them.
    pub unseen: Vec<Gap>,
    /// Servers that present it, or another certificate of the same names.
    pub served: Vec<Served>,
    /// What the server told beside this, where a server presents it.
    pub handshake: Option<Handshake>,
    /// Bundles that lead to it.
    pub trusted_by: Vec<Location>,
    pub findings: Vec<Finding>,
}

/// A server, and what it presents in comparison with what is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Served {
    pub at: Location,
    pub presents: Presents,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Presents {
    /// This very certificate.
    Same,
    /// One of the same issuer and names that became valid earlier: the server has not taken notice of this one.
    Older,
    /// One of the same issuer and names that became valid later: this one is left over.
    Newer,
    /// One of the same issuer and names that became valid at the same time.
    Another,
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
