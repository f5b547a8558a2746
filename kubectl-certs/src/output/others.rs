//! What is no certificate and has an end or a state all the same: requests, objects of cert-manager, tokens.

use super::clean;
use super::describe::Page;
use super::table::table;
use crate::model::{Entry, Holds, Location, Managed, ManagedState, SigningRequest, Span, Time, Token};
use crate::report::Listing;

/// A table for each kind, parted as kubectl parts them.
pub(super) fn tables(listing: &Listing, wide: bool, headers: bool) -> Vec<String> {
    let (mut requests, mut managed, mut tokens) = (Vec::new(), Vec::new(), Vec::new());
    for entry in &listing.others {
        let name = entry.origin.name.clone().filter(|_| listing.named).unwrap_or_else(|| entry.at.to_string());
        match &entry.holds {
            Holds::Request(request) => requests.push(request_row(name, request, listing.now, wide)),
            Holds::Managed(object) => managed.push(managed_row(name, object, wide)),
            Holds::Token(token) => tokens.push(token_row(name, token, listing.now)),
            Holds::Chain(_) | Holds::Bundle(_) | Holds::PublicKey(_) => {}
        }
    }
    let mut request_headers = vec!["NAME", "STATE", "AGE", "SIGNER", "REQUESTER", "SUBJECT"];
    let mut managed_headers = vec!["NAME", "STATE", "EXPIRES", "RENEWS", "SECRET", "ISSUER"];
    if wide {
        request_headers.extend(["LIFETIME", "USAGES", "NAMES", "WHY"]);
        managed_headers.extend(["REASON", "MESSAGE"]);
    }
    let all = [
        table(&request_headers, &requests, headers),
        table(&managed_headers, &managed, headers),
        table(&["NAME", "KIND", "EXPIRES", "LEFT", "WHAT"], &tokens, headers),
    ];
    all.into_iter().filter(|table| !table.is_empty()).collect()
}

fn request_row(name: String, request: &SigningRequest, now: Time, wide: bool) -> Vec<String> {
    let filed = request.filed.as_ref();
    let mut row = vec![
        name,
        filed.map_or("-", |filed| filed.state.word()).to_owned(),
        filed.and_then(|filed| filed.created).map(|created| now.since(created).to_string()).unwrap_or_default(),
        filed.map(|filed| filed.signer.clone()).unwrap_or_default(),
        filed.map(|filed| filed.requester.clone()).unwrap_or_default(),
        request.subject.clone(),
    ];
    if wide {
        row.extend([
            filed
                .and_then(|filed| filed.expiration_seconds)
                .map(|seconds| Span(seconds).to_string())
                .unwrap_or_default(),
            usages(request).join(","),
            names(request).join(","),
            why(filed.and_then(|filed| filed.reason.as_ref()), filed.and_then(|filed| filed.message.as_ref())),
        ]);
    }
    row
}

/// In Kubernetes' words where they are given: signers go by them.
fn usages(request: &SigningRequest) -> Vec<String> {
    match &request.filed {
        Some(filed) if !filed.usages.is_empty() => filed.usages.clone(),
        _ => [request.key_usages.clone(), request.extended_key_usages.clone()].concat(),
    }
}

fn names(request: &SigningRequest) -> Vec<String> {
    [request.dns_names.clone(), request.ip_addresses.clone(), request.other_names.clone()].concat()
}

fn why(reason: Option<&String>, message: Option<&String>) -> String {
    let parts: Vec<&str> = [reason, message].into_iter().flatten().map(String::as_str).collect();
    parts.join(": ")
}

fn managed_row(name: String, object: &Managed, wide: bool) -> Vec<String> {
    let minute = |time: Option<Time>| time.map(Time::minute).unwrap_or_default();
    let mut row = vec![
        name,
        object.state.word().to_owned(),
        minute(object.not_after),
        minute(object.renewal),
        object.secret.as_ref().map(Location::to_string).unwrap_or_default(),
        object.issuer.clone().unwrap_or_default(),
    ];
    if wide {
        row.extend([object.reason.clone().unwrap_or_default(), object.message.clone().unwrap_or_default()]);
    }
    row
}

fn token_row(name: String, token: &Token, now: Time) -> Vec<String> {
    let end = token.expires.map(|end| (end.minute(), end.since(now).to_string()));
    let (expires, left) = end.unwrap_or_default();
    let what = token.subject.clone().unwrap_or_else(|| token.kind.word().to_owned());
    vec![name, "token".to_owned(), expires, left, what]
}

/// One of them in full.
pub(super) fn describe(entry: &Entry, now: Time) -> String {
    let mut page = Page::default();
    page.line("Target", &entry.at.to_string());
    if let Some(name) = &entry.origin.name {
        page.line("Name", name);
    }
    match &entry.holds {
        Holds::Request(request) => describe_request(&mut page, request, now),
        Holds::Managed(object) => describe_managed(&mut page, object, now),
        Holds::Token(token) => describe_token(&mut page, token, now),
        Holds::Chain(_) | Holds::Bundle(_) | Holds::PublicKey(_) => {}
    }
    page.text
}

fn describe_request(page: &mut Page, request: &SigningRequest, now: Time) {
    if let Some(filed) = &request.filed {
        let said = why(filed.reason.as_ref(), filed.message.as_ref());
        let said = if said.is_empty() { String::new() } else { format!("   ({})", clean::line(&said)) };
        page.line("State", &format!("{}{said}", filed.state.word()));
        page.line("Signer", &filed.signer);
        page.line("Requester", &filed.requester);
        page.list("Groups", &filed.groups);
        if let Some(created) = filed.created {
            page.line("Created", &format!("{created}   ({} ago)", now.since(created)));
        }
        if let Some(seconds) = filed.expiration_seconds {
            page.line("Asks for", &format!("a lifetime of {}", Span(seconds)));
        }
    }
    page.line("Subject", &request.subject);
    page.list("DNS names", &request.dns_names);
    page.list("IP addresses", &request.ip_addresses);
    page.list("Other names", &request.other_names);
    page.list("Usages", &usages(request));
    page.line("Public key", &format!("sha256 {}", request.public_key));
}

fn describe_managed(page: &mut Page, object: &Managed, now: Time) {
    let said = match object.state {
        ManagedState::Ready => object.message.clone().unwrap_or_default(),
        ManagedState::NotReady | ManagedState::Unknown => why(object.reason.as_ref(), object.message.as_ref()),
    };
    let said = if said.is_empty() { String::new() } else { format!("   ({said})") };
    page.line("State", &format!("{}{said}", object.state.word()));
    if let Some(issuer) = &object.issuer {
        page.line("Issuer", issuer);
    }
    if let Some(secret) = &object.secret {
        page.line("Keeps", &secret.to_string());
    }
    for (name, time) in [("Not after", object.not_after), ("Renews", object.renewal)] {
        if let Some(time) = time {
            page.line(name, &format!("{time}   ({})", when(time, now)));
        }
    }
}

fn describe_token(page: &mut Page, token: &Token, now: Time) {
    page.line("Kind", token.kind.word());
    for (name, text) in [("Subject", &token.subject), ("Issuer", &token.issuer)] {
        if let Some(text) = text {
            page.line(name, text);
        }
    }
    for (name, time) in [("Issued", token.issued), ("Expires", token.expires)] {
        if let Some(time) = time {
            page.line(name, &format!("{time}   ({})", when(time, now)));
        }
    }
}

fn when(time: Time, now: Time) -> String {
    if time < now { format!("{} ago", now.since(time)) } else { format!("in {}", time.since(now)) }
}
