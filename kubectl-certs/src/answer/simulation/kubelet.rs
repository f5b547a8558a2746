//! What a kubelet does at its start where it has no serving pair (client-go `util/cert`).

use std::path::Path;

pub(super) fn sign_for_itself(node: &str, root: &Path) {
    let folder = root.join("var/lib/kubelet/pki");
    if folder.join("kubelet.crt").exists() {
        return;
    }
    std::fs::create_dir_all(&folder).expect("a folder");
    let named = |name: String| {
        let mut parameters = rcgen::CertificateParams::new(vec![node.to_owned()]).expect("a name");
        parameters.distinguished_name = rcgen::DistinguishedName::new();
        parameters.distinguished_name.push(rcgen::DnType::CommonName, name);
        parameters
    };
    let key = || rcgen::KeyPair::generate().expect("a key");
    let authority = rcgen::CertifiedIssuer::self_signed(named(format!("{node}-ca@1767405600")), key());
    let authority = authority.expect("an authority");
    let key = key();
    let leaf = named(format!("{node}@1767405600")).signed_by(&key, &authority).expect("a certificate");
    std::fs::write(folder.join("kubelet.crt"), leaf.pem() + &authority.pem()).expect("written");
    std::fs::write(folder.join("kubelet.key"), key.serialize_pem()).expect("written");
}
