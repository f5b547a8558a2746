//! What came of a request: the body in pieces, or why there is none, as a gap's reason and a sentence.

use std::io::ErrorKind::TimedOut;
use std::io::Write;
use std::time::Duration;

use bytes::Bytes;
use flate2::write::MultiGzDecoder;
use futures::stream::{self, BoxStream, StreamExt};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use rustls::CertificateError;
use serde::Deserialize;
use tokio::time::{Instant, timeout, timeout_at};

use super::verify::Refusal;
use crate::model::{Gap, GapReason, Location};

/// A server that says nothing for so long will not say anything.
pub(super) const READ: Duration = Duration::from_secs(60);
pub(super) const CONNECT: Duration = Duration::from_secs(10);

/// What kept the API server from answering, as a gap's reason and a sentence.
#[derive(Debug)]
pub struct ClusterError {
    pub reason: GapReason,
    pub message: String,
}

impl ClusterError {
    pub fn gap(self, at: Location) -> Gap {
        Gap { at, reason: self.reason, message: self.message }
    }
}

/// What errors are told with.
#[derive(Clone)]
pub(super) struct Voice {
    pub(super) user: String,
    /// Asked for with --request-timeout.
    pub(super) limit: Option<Duration>,
}

impl Voice {
    pub(super) fn status(&self, code: u16, body: &[u8]) -> ClusterError {
        #[derive(Deserialize)]
        struct Status {
            message: String,
        }
        let said = serde_json::from_slice::<Status>(body).ok().map(|status| status.message);
        let said =
            said.filter(|message| !message.is_empty()).unwrap_or_else(|| format!("the API server answered {code}"));
        let (reason, message) = match code {
            401 => (GapReason::Forbidden, self.not_let_in()),
            403 => (GapReason::Forbidden, said),
            404 => (GapReason::NotFound, said),
            _ => (GapReason::ReadFailed, said),
        };
        ClusterError { reason, message }
    }

    pub(super) fn broken(&self, error: &(dyn core::error::Error + 'static)) -> ClusterError {
        let mut cause = error;
        // The innermost one says what happened; the outer ones only that something did.
        while let Some(source) = inner(cause) {
            cause = source;
        }
        let late = cause.downcast_ref::<std::io::Error>().is_some_and(|error| error.kind() == TimedOut);
        if late {
            return self.late();
        }
        let reason = match cause.downcast_ref::<Refusal>() {
            Some(Refusal::Expired { .. }) => GapReason::ExpiredServer,
            _ => GapReason::Unreachable,
        };
        ClusterError { reason, message: cause.to_string() }
    }

    pub(super) fn late(&self) -> ClusterError {
        let message = match self.limit {
            Some(limit) => format!("no answer within {} s, as --request-timeout has it", limit.as_secs()),
            None => format!(
                "no answer within {} s to a connection or {} s to a request; --request-timeout sets another limit",
                CONNECT.as_secs(),
                READ.as_secs()
            ),
        };
        ClusterError { reason: GapReason::Unreachable, message }
    }

    fn not_let_in(&self) -> String {
        let who =
            if self.user.is_empty() { "nobody in particular".to_owned() } else { format!("user '{}'", self.user) };
        format!(
            "the API server does not accept the credentials of {who} (401 Unauthorized): the certificate or token may have expired, or is another cluster's"
        )
    }
}

/// Some errors hold others without calling them their source.
fn inner<'a>(error: &'a (dyn core::error::Error + 'static)) -> Option<&'a (dyn core::error::Error + 'static)> {
    if let Some(error) = error.downcast_ref::<std::io::Error>() {
        return error.get_ref().map(|inner| inner as &(dyn core::error::Error + 'static));
    }
    if let Some(rustls::Error::InvalidCertificate(CertificateError::Other(other))) = error.downcast_ref() {
        return Some(&*other.0);
    }
    error.source()
}

/// The body as it comes, decompressed where it was compressed.
pub(super) fn pieces(
    body: Incoming,
    compressed: bool,
    voice: Voice,
    deadline: Option<Instant>,
) -> BoxStream<'static, Result<Bytes, ClusterError>> {
    let gzip = compressed.then(|| MultiGzDecoder::new(Vec::new()));
    let state = (body, gzip, voice, false);
    let pieces = stream::unfold(state, move |(mut body, mut gzip, voice, done)| async move {
        if done {
            return None;
        }
        loop {
            let piece = match next(&mut body, &voice, deadline).await {
                Some(piece) => piece.and_then(|piece| plain(gzip.as_mut(), piece)),
                None => match gzip.as_mut().map(end) {
                    None | Some(Ok(None)) => return None,
                    Some(Ok(Some(rest))) => return Some((Ok(rest), (body, gzip, voice, true))),
                    Some(Err(error)) => Err(error),
                },
            };
            match piece {
                // Nothing came of these bytes yet.
                Ok(piece) if piece.is_empty() => {}
                Ok(piece) => return Some((Ok(piece), (body, gzip, voice, false))),
                Err(error) => return Some((Err(error), (body, gzip, voice, true))),
            }
        }
    });
    pieces.boxed()
}

async fn next(body: &mut Incoming, voice: &Voice, deadline: Option<Instant>) -> Option<Result<Bytes, ClusterError>> {
    let frame = match deadline {
        Some(deadline) => timeout_at(deadline, body.frame()).await,
        None => timeout(READ, body.frame()).await,
    };
    match frame {
        Err(_) => Some(Err(voice.late())),
        Ok(None) => None,
        Ok(Some(Err(error))) => Some(Err(voice.broken(&error))),
        // Trailers hold nothing.
        Ok(Some(Ok(frame))) => Some(Ok(frame.into_data().unwrap_or_default())),
    }
}

fn plain(gzip: Option<&mut MultiGzDecoder<Vec<u8>>>, piece: Bytes) -> Result<Bytes, ClusterError> {
    let Some(gzip) = gzip else { return Ok(piece) };
    gzip.write_all(&piece).map_err(|_| not_gzip())?;
    gzip.flush().map_err(|_| not_gzip())?;
    Ok(core::mem::take(gzip.get_mut()).into())
}

fn end(gzip: &mut MultiGzDecoder<Vec<u8>>) -> Result<Option<Bytes>, ClusterError> {
    gzip.try_finish().map_err(|_| not_gzip())?;
    let rest = core::mem::take(gzip.get_mut());
    Ok((!rest.is_empty()).then(|| rest.into()))
}

fn not_gzip() -> ClusterError {
    ClusterError { reason: GapReason::ReadFailed, message: "the compressed answer is broken".to_owned() }
}
