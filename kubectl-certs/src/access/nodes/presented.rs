//! TLS handshakes made by the node itself.

use futures::future::join_all;

use crate::access::tls::{self, Presented, ProbeError};
use crate::model::{Endpoint, Location, Place};

/// All at once: a port that does not answer costs seconds.
pub(super) async fn all(addresses: Vec<String>) -> Vec<(String, Option<Vec<Vec<u8>>>)> {
    join_all(addresses.into_iter().map(|address| async move {
        let chain = match split(&address) {
            Some((host, port)) => tls::presented(&Endpoint::tls(host, port), None).await.ok(),
            None => None,
        };
        // Only what a server has the key of tells what it has loaded.
        (address, chain.filter(|presented| presented.unproven.is_none()).map(|presented| presented.chain))
    }))
    .await
}

/// The same with all that was told, for endpoints as they are printed without the node.
pub(super) async fn probed(endpoints: Vec<String>) -> Vec<Result<Presented, ProbeError>> {
    join_all(endpoints.into_iter().map(|text| async move {
        match text.parse() {
            Ok(Location { place: Place::Endpoint(endpoint), .. }) => tls::presented(&endpoint, None).await,
            _ => Err(ProbeError::Unreachable { address: text, why: "it is no endpoint".to_owned() }),
        }
    }))
    .await
}

/// `127.0.0.1:2380`, `[::1]:2380`, `name:2380`.
fn split(address: &str) -> Option<(&str, u16)> {
    let (host, port) = address.rsplit_once(':')?;
    Some((host.trim_start_matches('[').trim_end_matches(']'), port.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::split;

    #[test]
    fn hosts_and_ports_are_parted() {
        assert_eq!(split("127.0.0.1:2380"), Some(("127.0.0.1", 2380)));
        assert_eq!(split("[::1]:2380"), Some(("::1", 2380)));
        assert_eq!(split("localhost"), None);
        assert_eq!(split("localhost:http"), None);
    }
}
