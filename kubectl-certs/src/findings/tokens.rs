//! Tokens that say when they end.

use super::{Check, Finding, Severity, View};
use crate::model::{Entry, Holds, Span, Time, Token};

pub(super) const TOKEN_EXPIRED: Check = Check {
    code: "token-expired",
    title: "the token has expired",
    what: "A token (JWT) that is stored here says of itself that its time is over.",
    why: "Whoever shows it is turned away (401). Where an agent logs in with it, that agent is cut off until it gets another.",
    repair: "Have the one who gave it give another: kubectl create token for service accounts, a new login for people, the \
             platform's own repair for its agents.",
    source: "RFC 7519 section 4.1.4 (exp)",
    renewable: false,
    run: token_expired,
};

pub(super) const TOKEN_EXPIRING: Check = Check {
    code: "token-expiring",
    title: "the token ends soon",
    what: "Less than 30 days, or a fifth of its lifetime where that is shorter, are left of a token that is stored here.",
    why: "After that whoever shows it is turned away. Something may replace it in time; nobody can see that from the token.",
    repair: "Find out who replaces it, and when; otherwise replace it now.",
    source: "the threshold is this program's own",
    renewable: false,
    run: token_expiring,
};

fn token_expired(view: &View<'_>) -> Vec<Finding> {
    let over =
        tokens(view).filter_map(|(entry, token)| Some((entry, token, token.expires.filter(|end| *end < view.now)?)));
    over.map(|(entry, token, end)| {
        let message = format!("{} expired {} ago, on {}", name(token), view.now.since(end), end.minute());
        Finding::new(&TOKEN_EXPIRED, Severity::Error, entry.at.clone(), message)
    })
    .collect()
}

fn token_expiring(view: &View<'_>) -> Vec<Finding> {
    let soon = tokens(view).filter_map(|(entry, token)| Some((entry, token, soon(token, view.now)?)));
    soon.map(|(entry, token, end)| {
        let message = format!("{} ends in {}, on {}", name(token), end.since(view.now), end.minute());
        Finding::new(&TOKEN_EXPIRING, Severity::Warning, entry.at.clone(), message)
    })
    .collect()
}

fn soon(token: &Token, now: Time) -> Option<Time> {
    let end = token.expires.filter(|end| *end >= now)?;
    let most = Span::days(30).0;
    let share = token.issued.map_or(most, |issued| end.since(issued).0 / 5);
    (end.since(now).0 < most.min(share)).then_some(end)
}

fn tokens<'a>(view: &'a View<'_>) -> impl Iterator<Item = (&'a Entry, &'a Token)> {
    view.inventory.others().filter(|entry| !entry.origin.backup).filter_map(|entry| match &entry.holds {
        Holds::Token(token) => Some((entry, &**token)),
        _ => None,
    })
}

fn name(token: &Token) -> String {
    token.subject.as_ref().map_or_else(|| "the token".to_owned(), |subject| format!("the token of {subject}"))
}
