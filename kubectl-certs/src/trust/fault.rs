//! Why a chain cannot be built: one reason, at one link.

use crate::model::{CertId, Certificate, Inventory, Time};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChainFault {
    /// The link that it is about.
    pub at: CertId,
    pub why: Reason,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The leaf itself is not in the inventory.
    NotRead,
    /// No certificate of its issuer's name was read.
    IssuerUnknown,
    /// Its issuer was read, but is neither trusted nor sent along.
    IssuerNotGiven {
        issuer: CertId,
    },
    /// It signed itself, and is not trusted.
    NotTrusted,
    /// Authorities of the issuer's name are there, and none of them signed it.
    NotSigned {
        candidates: Vec<CertId>,
    },
    /// Signed with what cannot be verified here.
    Unsupported {
        algorithm: String,
    },
    /// The signatures go in a circle.
    Loop,
    /// The search was given up.
    TooManyPaths,
    /// It signed, but it is no authority (basic constraints).
    NotAuthority,
    /// It signed, but its key usage does not say `keyCertSign`.
    MayNotSign,
    /// More intermediates stand below it than it allows.
    PathTooLong {
        allowed: u32,
        intermediates: usize,
    },
    Expired {
        since: Time,
    },
    NotYetValid {
        until: Time,
    },
    /// A critical extension that Go does not know, so every component of Kubernetes refuses it.
    NotUnderstood {
        oid: String,
    },
    /// Its extended key usages do not cover what the leaf is presented as.
    WrongUsage {
        wanted: String,
        allowed: Vec<String>,
    },
}

impl Reason {
    /// Stable; scripts and tests match on them.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotRead => "not-read",
            Self::IssuerUnknown => "issuer-unknown",
            Self::IssuerNotGiven { .. } => "issuer-not-given",
            Self::NotTrusted => "not-trusted",
            Self::NotSigned { .. } => "not-signed",
            Self::Unsupported { .. } => "unsupported-algorithm",
            Self::Loop => "loop",
            Self::TooManyPaths => "too-many-paths",
            Self::NotAuthority => "not-an-authority",
            Self::MayNotSign => "may-not-sign",
            Self::PathTooLong { .. } => "path-too-long",
            Self::Expired { .. } => "expired",
            Self::NotYetValid { .. } => "not-yet-valid",
            Self::NotUnderstood { .. } => "critical-extension",
            Self::WrongUsage { .. } => "wrong-usage",
        }
    }

    /// Of several faults on several paths, the one that is told: the nearer a path came, the more.
    pub(super) fn rank(&self) -> u8 {
        match self {
            Self::Loop => 0,
            Self::NotRead | Self::IssuerUnknown | Self::IssuerNotGiven { .. } | Self::NotTrusted => 1,
            Self::NotSigned { .. } | Self::Unsupported { .. } | Self::TooManyPaths => 2,
            Self::NotAuthority
            | Self::MayNotSign
            | Self::PathTooLong { .. }
            | Self::Expired { .. }
            | Self::NotYetValid { .. }
            | Self::NotUnderstood { .. } => 3,
            Self::WrongUsage { .. } => 4,
        }
    }
}

impl ChainFault {
    /// One sentence that names the link.
    pub fn sentence(&self, inventory: &Inventory) -> String {
        let name = |id: &CertId| match inventory.certificates.get(id) {
            Some(certificate) => certificate.short_name().to_owned(),
            None => format!("{id:?}"),
        };
        let link = name(&self.at);
        let issuer = || inventory.certificates.get(&self.at).map_or("", |it: &Certificate| &*it.issuer);
        match &self.why {
            Reason::NotRead => format!("certificate {link} was not read"),
            Reason::IssuerUnknown => {
                format!("{link} is signed by {}, and no certificate of that name was read", issuer())
            }
            Reason::IssuerNotGiven { issuer } => {
                format!("{link} is signed by {}, which is neither trusted nor sent along", name(issuer))
            }
            Reason::NotTrusted => format!("{link} signed itself and is not among what is trusted"),
            Reason::NotSigned { candidates } => format!(
                "{link} names {} as its issuer, but {}",
                issuer(),
                match candidates.len() {
                    1 => "the authority of that name did not sign it".to_owned(),
                    count => format!("none of the {count} authorities of that name signed it"),
                }
            ),
            Reason::Unsupported { algorithm } => {
                format!("the signature of {link} ({algorithm}) cannot be verified here")
            }
            Reason::Loop => format!("the signatures lead from {link} back to where they came from"),
            Reason::TooManyPaths => format!("there are too many ways up from {link} to try all of them"),
            Reason::NotAuthority => format!("{link} signed, but is no authority (basic constraints do not say CA)"),
            Reason::MayNotSign => {
                format!("{link} signed, but its key usage does not allow it to sign certificates (keyCertSign)")
            }
            Reason::PathTooLong { allowed, intermediates } => format!(
                "{link} allows {allowed} intermediate{} below it (path length), and there {} {intermediates}",
                if *allowed == 1 { "" } else { "s" },
                if *intermediates == 1 { "is" } else { "are" }
            ),
            Reason::Expired { since } => format!("{link} expired on {}", since.minute()),
            Reason::NotYetValid { until } => format!("{link} is valid only from {}", until.minute()),
            Reason::NotUnderstood { oid } => {
                format!("{link} has a critical extension that components of Kubernetes do not know ({oid})")
            }
            Reason::WrongUsage { wanted, allowed } => {
                format!("{link} is for {} only, and {wanted} is wanted", allowed.join(", "))
            }
        }
    }
}
