//! Turns what was issued into files, with the paths and modes kubeadm and the kubelet give them.

use jiff::Timestamp;
use rcgen::KeyPair;
use zeroize::Zeroizing;

use super::issue::{self, Issued, Issuer};
use super::kubeconfig::{self, Credentials};
use super::node::{LOCAL_SERVER, Leaf, Signer, Store};
use super::{Content, DemoError, DemoFile};

const SECRET: u32 = 0o600;
const PUBLIC: u32 = 0o644;

pub(super) fn authority(authority: &Issuer) -> Result<Vec<DemoFile>, DemoError> {
    match authority.row.base {
        Some(base) => Ok(pair(base, &authority.issued()?, "")),
        None => Ok(Vec::new()),
    }
}

pub(super) fn leaf(leaf: &Leaf, authorities: &[Issuer], now: i64) -> Result<Vec<DemoFile>, DemoError> {
    let signer = issue::find(authorities, leaf.signer)?;
    let issued = signer.sign(leaf, now)?;
    match leaf.store {
        Store::Pair(base) => Ok(pair(base, &issued, "")),
        Store::PairWithSigner(base) => Ok(pair(base, &issued, &signer.certificate())),
        Store::Kubeconfig { path, server, trusts } => {
            let trusted = issue::find(authorities, trusts)?.certificate();
            let credentials = Credentials::Embedded(&issued);
            let text = kubeconfig::text(server, &trusted, leaf.cn, &credentials);
            Ok(vec![file(path, SECRET, &text)])
        }
        Store::Kubelet => {
            let trusted = issue::find(authorities, Signer::Cluster)?.certificate();
            kubelet(leaf, &issued, &trusted, now)
        }
    }
}

pub(super) fn service_account_keys() -> Result<[DemoFile; 2], DemoError> {
    let key = KeyPair::generate().map_err(|why| DemoError::new("sa.key", &why))?;
    // kubeadm writes the public key with the mode of the private one.
    Ok([
        file("etc/kubernetes/pki/sa.key", SECRET, &issue::private_key(&key)?),
        file("etc/kubernetes/pki/sa.pub", SECRET, &issue::public_key(&key)),
    ])
}

pub(super) fn manifest((path, text): (&str, &str)) -> DemoFile {
    file(path, SECRET, text)
}

fn pair(base: &str, issued: &Issued, after: &str) -> Vec<DemoFile> {
    let certificates = format!("{}{after}", issued.certificate);
    vec![file(&format!("{base}.crt"), PUBLIC, &certificates), file(&format!("{base}.key"), SECRET, &issued.key)]
}

fn kubelet(leaf: &Leaf, issued: &Issued, trusted: &str, now: i64) -> Result<Vec<DemoFile>, DemoError> {
    const LINK: &str = "/var/lib/kubelet/pki/kubelet-client-current.pem";

    let made = Timestamp::from_second(leaf.valid.made(now))
        .map_err(|why| DemoError::new("the kubelet's client certificate", &why))?
        .strftime("%Y-%m-%d-%H-%M-%S");
    let dated = format!("/var/lib/kubelet/pki/kubelet-client-{made}.pem");
    let both = Zeroizing::new(format!("{}{}", issued.certificate, issued.key.as_str()));
    let text = kubeconfig::text(LOCAL_SERVER, trusted, leaf.cn, &Credentials::File(LINK));
    Ok(vec![
        file(relative(&dated), SECRET, &both),
        DemoFile { path: relative(LINK).to_owned(), content: Content::Symlink { target: dated } },
        file("etc/kubernetes/kubelet.conf", SECRET, &text),
    ])
}

fn relative(path: &str) -> &str {
    path.trim_start_matches('/')
}

fn file(path: &str, mode: u32, text: &str) -> DemoFile {
    DemoFile { path: path.to_owned(), content: Content::File { bytes: Zeroizing::new(text.as_bytes().to_vec()), mode } }
}
