//! The wire: what JSON and YAML say, for scripts and for the PowerShell module. Frozen apart from the inner types, so that
//! those can change. Keys are unique ignoring case; times are RFC 3339 in UTC; readers ignore what they do not know.

mod tree;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::event::Event;
use crate::findings::{Check, Finding};
use crate::model::{
    Certificate, Consumer, Entry, FoundLayout, Gap, Handshake, Holds, KeyState, Location, Managed, Owner, Place,
    SigningRequest, Time, Token, Use,
};
use crate::plan::Plan;
use crate::report::{Checked, Listed, Report, RequestMade, RunDone, RunInfo, Served, Shown, SignatureState, State};
use crate::request::{API, Request};

/// What `kubectl certs api` reads from standard input.
#[derive(Debug, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Question {
    /// `certs/v1alpha1`.
    pub api: String,
    pub request: Request,
    /// Closing standard input then stops the run at the next step boundary.
    #[serde(default)]
    pub stop_on_eof: bool,
    /// Only ASCII on standard output.
    #[serde(default)]
    pub ascii: bool,
}

/// One line that `kubectl certs api` writes; the last one is `finished` or `failed`.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase", tag = "event")]
pub enum Line {
    /// Something that is happening in a run.
    Progress {
        progress: Event,
    },
    /// One object of the answer; unsorted.
    Item {
        item: Box<Item>,
    },
    /// Something that was asked for and could not be read.
    Gap {
        gap: Gap,
    },
    Finished {
        items: usize,
        gaps: usize,
        exit_code: u8,
    },
    Failed {
        error: Error,
        exit_code: u8,
    },
}

/// What `-o json` and `-o yaml` print, and what the paths of the other formats lead into.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Document {
    pub api_version: String,
    pub kind: String,
    pub items: Vec<Item>,
    /// Ways of laying out files that were recognised, and by what.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub layouts: Vec<FoundLayout>,
    pub gaps: Vec<Gap>,
}

/// What `-o json` and `-o yaml` print where there is no answer.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Failure {
    pub error: Error,
}

#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(tag = "kind")]
pub enum Item {
    Certificate(CertificateItem),
    /// A CertificateSigningRequest, or a request for a certificate in a file.
    Request(RequestItem),
    /// A Certificate, Issuer or ClusterIssuer of cert-manager.
    CertManagerObject(ManagedItem),
    Token(TokenItem),
    CertificateDetails(DetailsItem),
    Node(tree::NodeItem),
    Edge(tree::EdgeItem),
    Finding(FindingItem),
    Explanation(ExplanationItem),
    Plan(PlanItem),
    SigningRequest(RequestMade),
    Run(RunInfo),
    RunResult(RunDone),
    Event(Event),
    Version(VersionItem),
    Demo(DemoItem),
}

#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CertificateItem {
    /// Accepted by every command; means this certificate in this place alone.
    pub target: Location,
    /// The layout's own name for it, such as `apiserver` or `admin.conf`.
    pub name: Option<String>,
    /// What tables print for it: the layout's name where the same command takes it as a target, else the target.
    pub label: String,
    pub layout: Option<String>,
    /// The layout's name of the authority that signs it.
    pub signer: Option<String>,
    /// A copy that was put aside; nothing uses it.
    pub backup: bool,
    pub state: State,
    pub subject: String,
    pub issuer: String,
    /// What tables print of the two, with what tells authorities of one name apart; absent in details.
    pub subject_label: Option<String>,
    pub issuer_label: Option<String>,
    pub serial: String,
    pub not_before: Time,
    pub not_after: Time,
    /// Seconds until `notAfter` when this was read; negative when it is past.
    pub seconds_left: i64,
    pub fingerprint: String,
    pub is_authority: bool,
    /// `chain` for an identity, `bundle` for trusted authorities.
    pub holds: String,
    pub key: KeyState,
    pub dns_names: Vec<String>,
    pub ip_addresses: Vec<String>,
    pub other_names: Vec<String>,
    pub key_usages: Vec<String>,
    pub extended_key_usages: Vec<String>,
    pub key_algorithm: String,
    pub signature_algorithm: String,
    pub version: u32,
    pub public_key: String,
    pub subject_key_id: Option<String>,
    pub authority_key_id: Option<String>,
    pub path_length: Option<u32>,
    /// Other places of the same name that hold the same and have no item of their own; each is a target too.
    pub also_in: Vec<Location>,
    /// Whose controller keeps it.
    pub owner: Option<Owner>,
    /// How many rely on it; absent where that was not asked.
    pub used_by: Option<u32>,
}

#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RequestItem {
    pub target: Location,
    pub name: Option<String>,
    pub layout: Option<String>,
    pub request: SigningRequest,
}

#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ManagedItem {
    pub target: Location,
    /// Its own kind: `Certificate`, `Issuer`, `ClusterIssuer`.
    pub object_kind: String,
    pub object: Managed,
}

#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TokenItem {
    pub target: Location,
    pub name: Option<String>,
    pub layout: Option<String>,
    /// What is known of it; never the token itself.
    pub token: Token,
}

#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DetailsItem {
    pub certificate: CertificateItem,
    pub signature: SignatureState,
    /// From the certificate's issuer upwards, as far as signatures lead.
    pub chain: Vec<Link>,
    pub places: Vec<Location>,
    pub uses: Vec<Use>,
    /// Who relies on the Secret or ConfigMap.
    pub consumers: Vec<Consumer>,
    /// What could not be asked about them.
    pub unseen: Vec<Gap>,
    /// Servers that present it, or another certificate of the same issuer and names; known where they were looked at too.
    pub served: Vec<Served>,
    /// What the server told beside its chain, where a server presents it.
    pub handshake: Option<Handshake>,
    pub trusted_by: Vec<Location>,
    pub findings: Vec<FindingItem>,
}

#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Link {
    pub subject: String,
    pub fingerprint: String,
    pub not_after: Time,
}

#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FindingItem {
    pub code: String,
    pub severity: crate::findings::Severity,
    pub target: Location,
    pub name: Option<String>,
    /// What tables print for it, a target too.
    pub label: String,
    pub related: Vec<Location>,
    pub message: String,
    /// A request that repairs it; send it as it is.
    pub remedy: Option<Request>,
}

#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExplanationItem {
    pub code: String,
    pub title: String,
    pub what: String,
    pub why: String,
    pub repair: String,
    pub source: String,
}

#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PlanItem {
    /// SHA-256 of the plan.
    pub digest: String,
    pub plan: Plan,
}

#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct VersionItem {
    pub version: String,
    pub api: String,
}

#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DemoItem {
    pub folder: String,
    pub files: usize,
    pub troubles: usize,
}

impl Item {
    /// The objects that a report consists of, in its order. Each is made when it is asked for.
    pub fn each(report: &Report) -> Box<dyn Iterator<Item = Self> + '_> {
        let one = |item: Self| -> Box<dyn Iterator<Item = Self>> { Box::new(core::iter::once(item)) };
        match report {
            Report::List(listing) => {
                let (named, now) = (listing.named, listing.now);
                let rows = listing.rows().map(move |row| {
                    Self::Certificate(CertificateItem {
                        subject_label: Some(listing.subject(&row.certificate)),
                        issuer_label: Some(listing.signer(&row.certificate)),
                        ..CertificateItem::of(&row, named, now)
                    })
                });
                Box::new(rows.chain(listing.others.iter().filter_map(Self::other)))
            }
            Report::Show(shown) => {
                let details = |row| Self::CertificateDetails(DetailsItem::of(row, shown.named, shown.now));
                Box::new(shown.rows.iter().map(details).chain(shown.others.iter().filter_map(Self::other)))
            }
            Report::Tree(tree) => Box::new(tree::nodes(tree).chain(tree::edges(tree))),
            Report::Check(checked) => Box::new(findings(checked)),
            Report::Explain(checks) => {
                Box::new(checks.iter().map(|check| Self::Explanation(ExplanationItem::of(check))))
            }
            Report::Explanation(check) => one(Self::Explanation(ExplanationItem::of(check))),
            Report::Plan(planned) => {
                one(Self::Plan(PlanItem { digest: planned.plan.digest(), plan: planned.plan.clone() }))
            }
            Report::Requests(made) => Box::new(made.requests.iter().cloned().map(Self::SigningRequest)),
            Report::Run(done, _) => one(Self::RunResult(done.clone())),
            Report::Runs(runs, _) => Box::new(runs.iter().cloned().map(Self::Run)),
            Report::RunDetails(run, events) => {
                Box::new(core::iter::once(Self::Run(run.clone())).chain(events.iter().cloned().map(Self::Event)))
            }
            Report::Demo(made) => {
                let item = DemoItem { folder: made.folder.clone(), files: made.files, troubles: made.troubles };
                Box::new(core::iter::once(Self::Demo(item)).chain(findings(&made.check)))
            }
            Report::Version => {
                one(Self::Version(VersionItem { version: env!("CARGO_PKG_VERSION").to_owned(), api: API.to_owned() }))
            }
            Report::Schema => Box::new(core::iter::empty()),
        }
    }
}

impl Item {
    fn other(entry: &Entry) -> Option<Self> {
        let Entry { at, origin, .. } = entry;
        let (target, name, layout) = (at.clone(), origin.name.clone(), origin.layout.clone());
        match &entry.holds {
            Holds::Request(request) => {
                Some(Self::Request(RequestItem { target, name, layout, request: (**request).clone() }))
            }
            Holds::Managed(object) => {
                let object_kind = match &at.place {
                    Place::Managed { kind, .. } => kind.kind().to_owned(),
                    _ => String::new(),
                };
                Some(Self::CertManagerObject(ManagedItem { target, object_kind, object: (**object).clone() }))
            }
            Holds::Token(token) => Some(Self::Token(TokenItem { target, name, layout, token: (**token).clone() })),
            Holds::Chain(_) | Holds::Bundle(_) | Holds::PublicKey(_) => None,
        }
    }
}

fn findings(checked: &Checked) -> impl Iterator<Item = Item> {
    checked.findings.iter().map(|finding| Item::Finding(FindingItem::of(finding, checked.named)))
}

impl CertificateItem {
    pub fn of(listed: &Listed<'_>, named: bool, now: Time) -> Self {
        let Listed { target, entry, certificate, state, used_by } = listed;
        let Certificate {
            fingerprint,
            subject,
            issuer,
            serial,
            not_before,
            not_after,
            dns_names,
            ip_addresses,
            other_names,
            key_usages,
            extended_key_usages,
            is_authority,
            path_length,
            version,
            key_algorithm,
            signature_algorithm,
            public_key,
            subject_key_id,
            authority_key_id,
            subject_key: _,
            issuer_key: _,
        } = Certificate::clone(certificate);
        // The name and the key are the leaf's; what stands behind it in a file has neither.
        let first = target.number.is_none_or(|number| number == 1);
        Self {
            target: target.clone(),
            label: listed.label(named),
            name: entry.origin.name.clone().filter(|_| first),
            layout: entry.origin.layout.clone(),
            signer: entry.origin.signer.clone().filter(|_| first),
            backup: entry.origin.backup,
            state: *state,
            subject,
            issuer: issuer.to_string(),
            subject_label: None,
            issuer_label: None,
            serial,
            not_before,
            not_after,
            seconds_left: not_after.since(now).0,
            fingerprint: fingerprint.to_string(),
            is_authority,
            holds: match entry.holds {
                Holds::Chain(_) => "chain",
                Holds::Bundle(_) => "bundle",
                Holds::PublicKey(_) => "publicKey",
                Holds::Request(_) => "request",
                Holds::Managed(_) => "managed",
                Holds::Token(_) => "token",
            }
            .to_owned(),
            key: if first { entry.key } else { KeyState::Absent },
            dns_names,
            ip_addresses,
            other_names,
            key_usages: key_usages.to_vec(),
            extended_key_usages: extended_key_usages.to_vec(),
            key_algorithm: key_algorithm.to_string(),
            signature_algorithm: signature_algorithm.to_string(),
            version,
            public_key: public_key.to_string(),
            subject_key_id: subject_key_id.map(|id| id.to_string()),
            authority_key_id: authority_key_id.map(|id| id.to_string()),
            path_length,
            also_in: entry.also_in.to_vec(),
            owner: entry.origin.owner.as_deref().cloned(),
            used_by: *used_by,
        }
    }
}

impl DetailsItem {
    pub fn of(shown: &Shown, named: bool, now: Time) -> Self {
        Self {
            certificate: CertificateItem::of(&shown.listed, named, now),
            signature: shown.signature.clone(),
            chain: shown.chain.iter().map(Link::of).collect(),
            places: shown.places.clone(),
            uses: shown.uses.clone(),
            consumers: shown.consumers.clone(),
            unseen: shown.unseen.clone(),
            served: shown.served.clone(),
            handshake: shown.handshake.clone(),
            trusted_by: shown.trusted_by.clone(),
            findings: shown.findings.iter().map(|finding| FindingItem::of(finding, named)).collect(),
        }
    }
}

impl Link {
    fn of(certificate: &Certificate) -> Self {
        Self {
            subject: certificate.subject.clone(),
            fingerprint: certificate.fingerprint.to_string(),
            not_after: certificate.not_after,
        }
    }
}

impl FindingItem {
    pub fn of(finding: &Finding, named: bool) -> Self {
        Self {
            code: finding.code.clone(),
            severity: finding.severity,
            target: finding.at.clone(),
            name: finding.name.clone(),
            label: finding.label(named),
            related: finding.related.clone(),
            message: finding.message.clone(),
            remedy: finding.remedy.clone(),
        }
    }
}

impl ExplanationItem {
    pub fn of(check: &Check) -> Self {
        Self {
            code: check.code.to_owned(),
            title: check.title.to_owned(),
            what: check.what.to_owned(),
            why: check.why.to_owned(),
            repair: check.repair.to_owned(),
            source: check.source.to_owned(),
        }
    }
}
