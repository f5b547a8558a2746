//! One thing in full, as `kubectl describe` would tell it.

use super::{as_typed, clean, severity_word, users};
use crate::findings::Check;
use crate::model::{KeyState, Location, Place, Purpose, TakesEffect, Time};
use crate::report::{Presents, Served, Shown, SignatureState};

pub(super) fn certificate(shown: &Shown, now: Time) -> String {
    let certificate = &shown.listed.certificate;
    let mut page = Page::default();
    page.line("Target", &shown.listed.target.to_string());
    if let Some(name) = &shown.listed.entry.origin.name {
        page.line("Name", name);
    }
    page.line("Subject", &certificate.subject);
    page.line("Issuer", &certificate.issuer);
    page.line("Serial", &certificate.serial);
    page.line("Fingerprint", &format!("sha256 {}", certificate.fingerprint));
    page.list("Key id", &certificate.subject_key_id.iter().map(ToString::to_string).collect::<Vec<_>>());
    page.list("Issuer's key", &certificate.authority_key_id.iter().map(ToString::to_string).collect::<Vec<_>>());
    page.line("State", shown.listed.state.word());
    page.line("Not before", &certificate.not_before.to_string());
    let left = certificate.not_after.since(now);
    let left = if left.0 < 0 { format!("{} ago", now.since(certificate.not_after)) } else { format!("in {left}") };
    page.line("Not after", &format!("{}   ({left})", certificate.not_after));
    page.list("DNS names", &certificate.dns_names);
    page.list("IP addresses", &certificate.ip_addresses);
    page.list("Other names", &certificate.other_names);
    page.list("Usages", &[&*certificate.key_usages, &*certificate.extended_key_usages].concat());
    let authority = match (certificate.is_authority, certificate.path_length) {
        (true, Some(length)) => format!("yes, path length {length}"),
        (true, None) => "yes".to_owned(),
        (false, _) => "no".to_owned(),
    };
    page.line("Authority", &authority);
    page.line("Key", &format!("{}, {}", certificate.key_algorithm, key_sentence(shown)));
    page.line("Signature", &format!("{}, {}", certificate.signature_algorithm, signature_sentence(shown)));
    page.list(
        "Chain",
        // With what tells authorities of one name apart.
        &shown
            .chain
            .iter()
            .map(|link| format!("{}   (key {}, until {})", link.subject, link.key_mark(), link.not_after))
            .collect::<Vec<_>>(),
    );
    if let Some(owner) = &shown.listed.entry.origin.owner {
        page.line("Kept by", &users::kept_by(owner, now));
    }
    page.list("Also in", &others(shown));
    let consumers = shown.consumers.iter().map(users::sentence);
    let unseen = shown.unseen.iter().map(users::unseen);
    page.list("Used by", &uses(shown).into_iter().chain(consumers).chain(unseen).collect::<Vec<_>>());
    page.list("Served by", &served(shown));
    if let Some(handshake) = &shown.handshake {
        page.list("Handshake", handshake.version.as_slice());
        match &handshake.client_authorities {
            None => page.line("Clients", "are not asked for a certificate"),
            Some(names) if names.is_empty() => page.line("Clients", "may show a certificate; of whom is not said"),
            Some(names) => page.list("Clients of", names),
        }
    }
    page.list("Trusted by", &shown.trusted_by.iter().map(ToString::to_string).collect::<Vec<_>>());
    let findings: Vec<String> = shown
        .findings
        .iter()
        .map(|finding| format!("{} {}: {}", severity_word(finding.severity), finding.code, finding.message))
        .collect();
    page.list("Findings", &findings);
    page.text
}

fn key_sentence(shown: &Shown) -> String {
    let beside = shown.listed.entry.key_at.as_ref().map_or_else(String::new, |at| format!(" ({at})"));
    // The key beside a chain is that of its first certificate.
    let first = shown.listed.target.number.is_none_or(|number| number == 1);
    match shown.listed.entry.key {
        _ if !first => "its private key is not looked for".to_owned(),
        KeyState::Absent => "no private key seen".to_owned(),
        KeyState::Matches => format!("the private key belongs to it{beside}"),
        KeyState::Differs => format!("the private key beside it is another one{beside}"),
        KeyState::Unreadable => format!("the private key could not be read{beside}"),
    }
}

fn signature_sentence(shown: &Shown) -> String {
    match &shown.signature {
        SignatureState::Verified { .. } => "verified with the issuer's key".to_owned(),
        SignatureState::SelfSigned => "given by itself".to_owned(),
        SignatureState::IssuerMissing => "not verified: the issuer is not among what was read".to_owned(),
        SignatureState::Bad => "not given by any authority of the issuer's name".to_owned(),
        SignatureState::Undecided => "not verified: too many authorities have the issuer's name".to_owned(),
        SignatureState::Unsupported { algorithm } => format!("not verified: {algorithm} is not supported"),
    }
}

fn others(shown: &Shown) -> Vec<String> {
    let places = shown.places.iter().filter(|at| **at != shown.listed.target).map(ToString::to_string);
    places.chain(copies(&shown.listed.entry.also_in)).collect()
}

/// The first few of many.
fn copies(also_in: &[Location]) -> Option<String> {
    const FEW: usize = 5;
    let namespaces: Vec<&str> = also_in
        .iter()
        .filter_map(|at| match at.place.whole() {
            Place::ConfigMap { namespace, .. } => Some(namespace.as_str()),
            Place::Secret { namespace, .. } => Some(namespace),
            _ => None,
        })
        .collect();
    let more = namespaces.len().saturating_sub(FEW);
    let more = if more == 0 { String::new() } else { format!(" and {more} more") };
    let s = if namespaces.len() == 1 { "" } else { "s" };
    let first = namespaces.iter().take(FEW).copied().collect::<Vec<_>>().join(", ");
    (!namespaces.is_empty()).then(|| format!("the same in {} other namespace{s}: {first}{more}", namespaces.len()))
}

fn uses(shown: &Shown) -> Vec<String> {
    shown
        .uses
        .iter()
        .map(|use_| {
            let what = match &use_.purpose {
                Purpose::Serve { address: Some(address) } => format!("serves {address} with it"),
                Purpose::Serve { address: None } => "serves with it".to_owned(),
                Purpose::ClientOf { server } => format!("is a client of {server} with it"),
                Purpose::Trust { peers } => format!("trusts {peers} by it"),
                Purpose::Sign { what } => format!("signs {what} with it"),
            };
            let effect = match use_.takes_effect {
                TakesEffect::EachHandshake => "read for each connection".to_owned(),
                TakesEffect::Watch => "watched".to_owned(),
                TakesEffect::Timer { seconds } => format!("read again every {seconds} s"),
                TakesEffect::Restart => "read at start".to_owned(),
            };
            let stale = match (&use_.loaded.certificate, &use_.stored) {
                (Some(loaded), Some(stored)) if loaded != stored => "; works with another certificate than is stored",
                _ => "",
            };
            format!("{} {what}; {effect}; {}{stale}", use_.component, use_.loaded.evidence.sentence())
        })
        .collect()
}

fn served(shown: &Shown) -> Vec<String> {
    let sentence = |served: &Served| {
        let what = match served.presents {
            Presents::Same => "the same",
            Presents::Older => "an older one of the same names",
            Presents::Newer => "a newer one of the same names",
            Presents::Another => "another one of the same names",
        };
        format!("{}   ({what})", served.at)
    };
    shown.served.iter().map(sentence).collect()
}

pub(super) fn check(check: &Check, program: &str) -> String {
    format!(
        "{}: {}\n\nWhat it means\n  {}\n\nWhy it matters\n  {}\n\nHow it is repaired\n  {}\n\nSource\n  {}\n",
        check.code,
        check.title,
        wrapped(check.what),
        wrapped(check.why),
        wrapped(&as_typed(check.repair, program)),
        check.source
    )
}

/// Lines of at most 96 characters, indented by two.
fn wrapped(text: &str) -> String {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.is_empty() => line.push_str(word),
            Some(line) if line.len() + 1 + word.len() <= 96 => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines.join("\n  ")
}

/// Names on the left, values on the right.
#[derive(Default)]
pub(super) struct Page {
    pub(super) text: String,
}

impl Page {
    pub(super) fn line(&mut self, name: &str, value: &str) {
        let value = if value.is_empty() { "(empty)".to_owned() } else { clean::line(value) };
        self.text.push_str(&format!("{:<14}{value}\n", format!("{name}:")));
    }

    /// Nothing where there is nothing.
    pub(super) fn list(&mut self, name: &str, values: &[String]) {
        for (index, value) in values.iter().enumerate() {
            if index == 0 {
                self.line(name, value);
            } else {
                self.text.push_str(&format!("{:<14}{}\n", "", clean::line(value)));
            }
        }
    }
}
