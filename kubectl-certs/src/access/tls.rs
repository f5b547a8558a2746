//! What a server presents. Looks only: accepts any certificate, says nothing after the handshake, and sends no server
//! name unless asked (some servers add every name they hear to their certificate).

mod looker;
mod starttls;

use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::{IpAddr, Ipv4Addr, ServerName};
use rustls::{AlertDescription, ClientConfig, Error as TlsError, PeerIncompatible};
use serde::{Deserialize, Serialize};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

pub(super) use looker::accept_any;
use looker::{Looker, Seen};

use crate::formats::bytes;
use crate::model::{Endpoint, Protocol};

const CONNECT: Duration = Duration::from_secs(3);
const HANDSHAKE: Duration = Duration::from_secs(3);
/// What comes before TLS; mail servers keep strangers waiting.
const PRELUDE: Duration = Duration::from_secs(6);
const GOODBYE: Duration = Duration::from_millis(100);

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum ProbeError {
    #[error("no connection to {address}: {why}")]
    Unreachable { address: String, why: String },
    #[error("{address} accepts connections but no TLS handshake: {why}")]
    NoHandshake { address: String, why: String },
}

/// What a server told until the handshake was done, or broke off.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Presented {
    /// As DER, the leaf first; never empty.
    #[serde(with = "bytes")]
    pub chain: Vec<Vec<u8>>,
    pub version: Option<String>,
    /// The names, as DER, of the authorities whose client certificates it accepts. None where it asks for no client
    /// certificate.
    #[serde(with = "bytes")]
    pub client_authorities: Option<Vec<Vec<u8>>>,
    /// Why it has not shown that it has the key of what it presents.
    pub unproven: Option<String>,
}

/// No longer than `limit` for each of the answers that are waited for. A server that turns us away because we have no
/// client certificate has shown its own by then.
pub async fn presented(endpoint: &Endpoint, limit: Option<Duration>) -> Result<Presented, ProbeError> {
    let address = endpoint.address();
    let unreachable = |why: String| ProbeError::Unreachable { address: address.clone(), why };
    let no_handshake = |why: String| ProbeError::NoHandshake { address: address.clone(), why };
    let [connect, prelude, handshake] =
        [CONNECT, PRELUDE, HANDSHAKE].map(|usual| limit.map_or(usual, |limit| limit.min(usual)));
    let mut stream = timeout(connect, TcpStream::connect((endpoint.host.as_str(), endpoint.port)))
        .await
        .map_err(|_| unreachable(format!("no answer within {} s", connect.as_secs())))?
        .map_err(|error| unreachable(error.to_string()))?;
    if endpoint.protocol != Protocol::Tls {
        timeout(prelude, starttls::begin(endpoint.protocol, &mut stream))
            .await
            .map_err(|_| no_handshake(format!("nothing that leads to TLS within {} s", prelude.as_secs())))?
            .map_err(no_handshake)?;
    }
    let looker = Arc::new(Looker::default());
    let (config, name) = asking(endpoint, &looker).map_err(|error| no_handshake(error.to_string()))?;
    let outcome = timeout(handshake, TlsConnector::from(Arc::new(config)).connect(name, stream)).await;
    let fault = match outcome {
        Ok(Ok(mut stream)) => {
            // A polite end; servers write of others in their logs. Whether it arrives is all the same.
            drop(timeout(GOODBYE, stream.shutdown()).await);
            None
        }
        Ok(Err(error)) => Some(sentence(&error)),
        Err(_) => Some(format!("not finished within {} s", handshake.as_secs())),
    };
    let Seen { chain, is_proven, version, client_authorities } = looker.seen();
    match fault {
        Some(fault) if chain.is_empty() => Err(no_handshake(fault)),
        None if chain.is_empty() => Err(no_handshake("it presents no certificate".to_owned())),
        fault => Ok(Presented { chain, version, client_authorities, unproven: fault.filter(|_| !is_proven) }),
    }
}

/// Without a name to ask for, an address stands in its place: of those nothing is sent.
fn asking(endpoint: &Endpoint, looker: &Arc<Looker>) -> Result<(ClientConfig, ServerName<'static>), TlsError> {
    let mut config = looker::config(looker)?;
    let Some(name) = &endpoint.asked_name else {
        return Ok((config, ServerName::IpAddress(IpAddr::V4(Ipv4Addr::from([127, 0, 0, 1])))));
    };
    config.enable_sni = true;
    match ServerName::try_from(name.clone()) {
        Ok(name @ ServerName::DnsName(_)) => Ok((config, name)),
        _ => Err(TlsError::General(format!("'{name}' is no name that a server can be asked for"))),
    }
}

fn sentence(error: &std::io::Error) -> String {
    let tls = error.get_ref().and_then(|inner| inner.downcast_ref::<TlsError>());
    match tls {
        Some(
            TlsError::AlertReceived(AlertDescription::ProtocolVersion)
            | TlsError::PeerIncompatible(
                PeerIncompatible::ServerDoesNotSupportTls12Or13
                | PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig
                | PeerIncompatible::SupportedVersionsExtensionRequired,
            ),
        ) => {
            "it speaks only TLS 1.0 or 1.1, which are not spoken here; openssl s_client -tls1 may show what it presents"
                .to_owned()
        }
        Some(TlsError::AlertReceived(AlertDescription::HandshakeFailure)) => {
            "it found nothing that both sides speak: TLS 1.2 and 1.3 with forward secrecy are spoken here".to_owned()
        }
        Some(TlsError::InvalidMessage(_)) => "what answers there is not TLS".to_owned(),
        Some(error) => error.to_string(),
        None if error.kind() == std::io::ErrorKind::UnexpectedEof => "it closed the connection".to_owned(),
        None => error.to_string(),
    }
}
