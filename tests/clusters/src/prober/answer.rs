//! How a request ended, with the distinction that the retry rule needs.

use std::error::Error;
use std::io;

/// Why there is no good answer.
#[derive(Debug)]
pub(super) enum Problem {
    /// The connection was refused, reset or closed: the server may be on its way out, and an ordinary
    /// client tries once more.
    Broken(String),
    /// An answered error, a timeout, a failed handshake: tried no more.
    Final(String),
}

impl Problem {
    pub(super) fn text(&self) -> &str {
        match self {
            Self::Broken(text) | Self::Final(text) => text,
        }
    }

    pub(super) fn of_io(doing: &str, error: &io::Error) -> Self {
        let text = format!("{doing}: {error}");
        if is_break(error) { Self::Broken(text) } else { Self::Final(text) }
    }

    pub(super) fn of_http(doing: &str, error: &hyper::Error) -> Self {
        let text = format!("{doing}: {}", chain(error));
        let broken =
            error.is_canceled() || error.is_closed() || error.is_incomplete_message() || causes(error).any(breaks);
        if broken { Self::Broken(text) } else { Self::Final(text) }
    }
}

fn breaks(cause: &(dyn Error + 'static)) -> bool {
    if let Some(error) = cause.downcast_ref::<io::Error>() {
        return is_break(error);
    }
    // HTTP/2 says goodbye in three ways: the connection ends, GOAWAY, or one stream is refused
    // unprocessed (RFC 9113 section 8.7).
    cause.downcast_ref::<h2::Error>().is_some_and(|error| {
        error.get_io().is_some_and(is_break) || error.is_go_away() || error.reason() == Some(h2::Reason::REFUSED_STREAM)
    })
}

fn is_break(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::BrokenPipe
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionRefused
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::NotConnected
            | io::ErrorKind::UnexpectedEof
    )
}

fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| error.source())
}

fn chain(error: &hyper::Error) -> String {
    causes(error).map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
