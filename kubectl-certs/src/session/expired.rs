//! An API server whose certificate has expired: the person is asked once whether to go on, and told that it was done.

use super::progress::Line;
use super::streams;
use crate::access::Access;
use crate::access::cluster::expired_servers;
use crate::access::progress::Progress;
use crate::answer::{self, Control};
use crate::error::Error;
use crate::report::Report;
use crate::request::Request;

/// Where such a server was all that stood in the way, and the person says yes, it is answered again.
pub(super) async fn answer(mut request: Request, access: &Access, control: &Control) -> Result<Report, Error> {
    let outcome = watched(&request, access, control).await;
    let is_wanted = accepted();
    match request.scope_mut().filter(|_| is_wanted) {
        Some(scope) => {
            scope.connection.accept_expired_server = true;
            watched(&request, access, control).await
        }
        None => outcome,
    }
}

/// With a line about how far the reading is, where somebody waits for it.
async fn watched(request: &Request, access: &Access, control: &Control) -> Result<Report, Error> {
    if request.changes() || !streams::is_watched() {
        return answer::answer(request, access, control).await;
    }
    let access = Access { progress: Progress::listened_to(), ..access.clone() };
    let _line = Line::of(access.progress.clone());
    answer::answer(request, &access, control).await
}

fn accepted() -> bool {
    let Some(met) = expired_servers().into_iter().find(|met| !met.accepted) else { return false };
    streams::can_ask()
        && streams::ask(&format!(
            "The certificate of the API server {} ({}) expired on {}. Everything else about it is right.\n\
             Its key is {} (SHA-256); it is held to for this run. Go on? [y/N] ",
            met.server, met.subject, met.not_after, met.key
        ))
}

pub(super) fn tell() {
    for met in expired_servers().into_iter().filter(|met| met.accepted) {
        streams::err(&format!(
            "warning: the certificate of the API server {} expired on {}; it was believed all the same, as long as its key stayed the same\n",
            met.server, met.not_after
        ));
    }
}
