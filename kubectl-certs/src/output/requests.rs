//! Requests for an authority that signs elsewhere, as people read of them.

use super::plan::left_alone;
use super::table::table;
use super::{Rendered, Style};
use crate::report::{RequestMade, RequestsMade};

pub(super) fn render(made: &RequestsMade, style: &Style) -> Rendered {
    if made.requests.is_empty() {
        return Rendered { out: left_alone(&made.left_alone, style), err: "Nothing to ask for.\n".to_owned() };
    }
    let rows = made.requests.iter().map(|request| {
        let key = match (request.was_kept, &request.request) {
            (true, _) => "made earlier",
            (false, Some(_)) => "made now",
            (false, None) => "to be made",
        };
        let file = request.file.clone().unwrap_or_else(|| "-".to_owned());
        vec![request.name.clone(), request.subject.clone(), key.to_owned(), file]
    });
    let mut out = table(&["NAME", "SUBJECT", "KEY", "REQUEST"], &rows.collect::<Vec<_>>(), style.headers);
    out.push_str(&left_alone(&made.left_alone, style));
    let count = made.requests.len();
    let requests = format!("{count} request{}", if count == 1 { "" } else { "s" });
    let written = made.requests.iter().all(|request: &RequestMade| request.request.is_some());
    let err = if written {
        format!(
            "{requests}. The keys wait on their nodes, and nothing in use was changed. Have the authority sign the requests as \
             they are, put the certificates into a folder (NAME.crt), then: {} renew --signed DIR\n",
            style.program
        )
    } else {
        format!("{requests} would be made. Nothing was changed.\n")
    };
    Rendered { out, err }
}
