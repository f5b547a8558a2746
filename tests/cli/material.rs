//! Certificates for tests, made by the openssl program.

use support::openssl;
use support::pem;

/// PEM texts.
#[derive(Clone, Debug)]
pub(crate) struct Pair {
    pub(crate) certificate: String,
    pub(crate) key: String,
}

impl Pair {
    /// Signs itself; `subject` as openssl's `-subj` takes it (`/CN=name`).
    pub(crate) fn of(subject: &str) -> Self {
        Self::made(subject, "365", &[])
    }

    pub(crate) fn authority(subject: &str) -> Self {
        Self::made(subject, "3650", &["-addext", "basicConstraints=critical,CA:TRUE"])
    }

    pub(crate) fn signed_by(issuer: &Self, subject: &str, more: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name).display().to_string();
        std::fs::write(at("ca.crt"), &issuer.certificate).expect("written");
        std::fs::write(at("ca.key"), &issuer.key).expect("written");
        let (certificate, key) = (at("ca.crt"), at("ca.key"));
        let mut arguments = vec!["-CA", &certificate, "-CAkey", &key];
        // None outlives its issuer.
        let mut days = "1000";
        if !more.iter().any(|word| word.starts_with("basicConstraints")) {
            arguments.extend(["-addext", "basicConstraints=CA:FALSE"]);
            days = "365";
        }
        arguments.extend(more);
        Self::made(subject, days, &arguments)
    }

    fn made(subject: &str, days: &str, more: &[&str]) -> Self {
        Self::written(&["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"], subject, days, more)
    }

    /// With a key as openssl's `-newkey` and its options say.
    pub(crate) fn written(key: &[&str], subject: &str, days: &str, more: &[&str]) -> Self {
        let mut arguments = vec!["req", "-x509"];
        arguments.extend(key);
        arguments.extend(["-nodes"]);
        arguments.extend(["-keyout", "-", "-out", "-", "-utf8", "-days", days, "-subj", subject]);
        arguments.extend(more);
        let text = openssl::text(&arguments, b"");
        let blocks = pem::blocks(text.as_bytes());
        let block = |label: &str| {
            let block = blocks.iter().find(|block| block.label == label).expect("openssl writes a pair");
            String::from_utf8(block.text.clone()).expect("PEM is ASCII")
        };
        Self { certificate: block("CERTIFICATE"), key: block("PRIVATE KEY") }
    }
}

/// A kubeconfig (JSON is YAML) with one cluster and these users, all with the same identity.
pub(crate) fn kubeconfig(server: &str, authority: &str, users: &[&str], identity: &Pair) -> String {
    use base64::Engine;
    let base64 = |text: &str| base64::engine::general_purpose::STANDARD.encode(text);
    let named_users: Vec<_> = users
        .iter()
        .map(|name| {
            serde_json::json!({ "name": name, "user": {
                "client-certificate-data": base64(&identity.certificate),
                "client-key-data": base64(&identity.key),
            }})
        })
        .collect();
    let text = serde_json::json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "it",
        "clusters": [{ "name": "it", "cluster": { "server": server, "certificate-authority-data": base64(authority) } }],
        "users": named_users,
        "contexts": [{ "name": "it", "context": { "cluster": "it", "user": users.first() } }],
    })
    .to_string();
    // Beyond ASCII as escapes: YAML does not take every character that JSON takes.
    let escaped = |c: char| match c {
        ' '..='~' => c.to_string(),
        _ => c.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}")).collect(),
    };
    text.chars().map(escaped).collect()
}
