//! Which key belongs to which certificate, by the names that programs give the two.

use super::Field;

/// In the path of a certificate, and what stands in its place in the path of its key; the last one in the path counts.
const NAMES: &[(&str, &str)] = &[
    // Secrets, and the copy of one that K3s keeps in `dynamic-cert.json`.
    ("tls.crt", "tls.key"),
    // RKE1, `*.rkestate`.
    ("certificatePEM", "keyPEM"),
    // kubeconfigs inside of state files.
    ("client-certificate-data", "client-key-data"),
    // MOC access files.
    ("ClientCertificate", "ClientKey"),
    // AKS Engine: the API model has `etcdPeerCertificates/0`, the parameters `etcdPeerCertificate0/value`.
    ("Certificate", "PrivateKey"),
    // Talos: machine configuration, `talosconfig`; its documents since 1.14.
    ("crt", "key"),
    ("cert", "key"),
];

/// Keys go to their certificates; those that belong to none are not told of.
pub(super) fn join(fields: &mut Vec<Field>) {
    let has_only_key = |field: &Field| field.content.has_key() && field.content.certificates.is_empty();
    let keys: Vec<Field> = fields.extract_if(.., |field| has_only_key(field)).collect();
    for field in fields.iter_mut().filter(|field| !field.content.has_key()) {
        let own = field.keys.join("/");
        let names = NAMES.iter().filter_map(|(certificate, key)| Some((own.rfind(certificate)?, certificate, key)));
        let of = names.map(|(at, certificate, key)| format!("{}{key}{}", &own[..at], &own[at + certificate.len()..]));
        let Some(key) = of.into_iter().find_map(|name| keys.iter().find(|key| key.keys.join("/") == name)) else {
            continue;
        };
        field.content.key.clone_from(&key.content.key);
        field.content.key_fault.clone_from(&key.content.key_fault);
    }
}
