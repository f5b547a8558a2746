//! Writes kubeconfigs as kubeadm does: one cluster, one user, one context.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::issue::Issued;

/// How the user of a kubeconfig proves who it is.
pub(super) enum Credentials<'a> {
    Embedded(&'a Issued),
    /// One file with certificate and key.
    File(&'a str),
}

pub(super) fn text(server: &str, authority: &str, user: &str, credentials: &Credentials<'_>) -> Zeroizing<String> {
    let authority = STANDARD.encode(authority);
    let credentials = credentials.lines();
    let credentials = credentials.as_str();
    Zeroizing::new(format!(
        "\
apiVersion: v1
clusters:
- cluster:
    certificate-authority-data: {authority}
    server: {server}
  name: kubernetes
contexts:
- context:
    cluster: kubernetes
    user: {user}
  name: {user}@kubernetes
current-context: {user}@kubernetes
kind: Config
users:
- name: {user}
  user:
{credentials}"
    ))
}

impl Credentials<'_> {
    fn lines(&self) -> Zeroizing<String> {
        Zeroizing::new(match self {
            Self::Embedded(issued) => {
                let certificate = STANDARD.encode(&issued.certificate);
                let key = Zeroizing::new(STANDARD.encode(issued.key.as_bytes()));
                let key = key.as_str();
                format!("    client-certificate-data: {certificate}\n    client-key-data: {key}\n")
            }
            Self::File(path) => {
                format!("    client-certificate: {path}\n    client-key: {path}\n")
            }
        })
    }
}
