//! Good inputs, made by openssl when this starts, and monsters: what is valid and far too much.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use support::{keystores, openssl, pem, tokens};

const MEBIBYTE: usize = 1024 * 1024;
pub(crate) const PASSWORD: &str = "right";

pub(crate) fn token() -> String {
    tokens::jwt(r#"{"sub":"a","iss":"https://b","iat":1.5,"exp":1700000000}"#)
}

pub(crate) struct Seeds {
    /// PEM.
    pub(crate) certificates: Vec<String>,
    pub(crate) keys: Vec<String>,
    pub(crate) requests: Vec<String>,
    pub(crate) monsters: Vec<Vec<u8>>,
}

impl Seeds {
    pub(crate) fn new() -> Self {
        let ec = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"];
        let much = [
            "-subj",
            "/C=DE/O=a/O=b/OU=x+CN=name",
            "-addext",
            "subjectAltName=DNS:*.a.example,IP:192.0.2.1,IP:fd00::1,URI:spiffe://a/b,email:a@b.example,otherName:1.2.3.4;UTF8:x",
            "-addext",
            "keyUsage=critical,digitalSignature,keyEncipherment",
            "-addext",
            "extendedKeyUsage=serverAuth,clientAuth,1.2.3.4",
            "-addext",
            "1.2.3.4.5=DER:0500",
        ];
        let made = |first: &[&str], more: &[&str]| {
            let usual = ["-nodes", "-keyout", "-", "-out", "-"];
            openssl::text(&[&["req"], first, &usual, more].concat(), b"")
        };
        let bare = ["-subj", "/"];
        let texts = [
            made(&["-x509", "-newkey", "rsa:2048"], &much),
            made(&[&["-x509"], &ec[..]].concat(), &bare),
            made(&["-x509", "-newkey", "ed25519"], &["-subj", "/CN=x", "-days", "40000"]),
            made(&ec, &much),
            made(&["-newkey", "ed25519"], &bare),
        ];
        let all: Vec<pem::Block> = texts.iter().flat_map(|text| pem::blocks(text.as_bytes())).collect();
        let of = |label: &str| -> Vec<String> {
            let blocks = all.iter().filter(|block| block.label == label);
            blocks.map(|block| String::from_utf8_lossy(&block.text).into_owned()).collect()
        };
        let mut keys = of("PRIVATE KEY");
        let traditional = |key: &String| openssl::text(&["pkey", "-traditional"], key.as_bytes());
        keys.extend(keys.iter().take(2).map(traditional).collect::<Vec<_>>());
        let certificates = of("CERTIFICATE");
        let monsters = monsters(&certificates[0]);
        Self { certificates, keys, requests: of("CERTIFICATE REQUEST"), monsters }
    }

    pub(crate) fn keystores(&self) -> Vec<Vec<u8>> {
        let (certificate, key, other) = (&self.certificates[1], &self.keys[1], &self.certificates[0]);
        let identity = format!("{key}{certificate}{other}");
        let old = ["-legacy", "-certpbe", "PBE-SHA1-RC2-40", "-keypbe", "PBE-SHA1-3DES", "-macalg", "sha1"];
        // Few rounds, so that more is tried in a second.
        let few = ["-iter", "1"];
        vec![
            keystores::pkcs12(&identity, PASSWORD, &few),
            keystores::pkcs12(&identity, "", &[&few[..], &["-nomac"]].concat()),
            keystores::pkcs12(&identity, PASSWORD, &[&few[..], &old].concat()),
            keystores::jks((certificate, key), other, PASSWORD),
        ]
    }

    pub(crate) fn documents(&self) -> Vec<Vec<u8>> {
        let (certificate, key) = (&self.certificates[1], &self.keys[1]);
        let login =
            json!({ "name": "node", "certificate": STANDARD.encode(certificate), "token": token(), "more": null });
        let model = json!({ "properties": { "certificateProfile": { "apiServerCertificate": certificate,
            "apiServerPrivateKey": key, "etcdPeerCertificates": [certificate, "", 3] } } });
        let indented = certificate.trim_end().replace('\n', "\n      ");
        let yaml = format!(
            "machine:\n  ca:\n    crt: {}\n  files:\n  - content: |\n      {indented}\n---\nkind: Other\n\
            token: {}\n",
            STANDARD.encode(certificate),
            token()
        );
        let within = json!({ "config": model.to_string() });
        [login.to_string(), STANDARD.encode(login.to_string()), model.to_string(), yaml, within.to_string()]
            .map(String::into_bytes)
            .to_vec()
    }

    pub(crate) fn kubeconfig(&self, as_json: bool) -> Vec<u8> {
        let base64 = |text: &String| STANDARD.encode(text);
        if as_json {
            let user = json!({ "client-certificate-data": base64(&self.certificates[1]), "client-key-data": base64(&self.keys[1]) });
            let cluster =
                json!({ "server": "https://a:6443", "certificate-authority-data": base64(&self.certificates[0]) });
            let config = json!({
                "apiVersion": "v1", "kind": "Config", "current-context": "it",
                "clusters": [{ "name": "it", "cluster": cluster }],
                "users": [{ "name": "me", "user": user }],
                "contexts": [{ "name": "it", "context": { "cluster": "it", "user": "me" } }],
            });
            return config.to_string().into_bytes();
        }
        format!(
            "apiVersion: v1\nkind: Config\ncurrent-context: it\nclusters:\n- name: it\n  cluster:\n    server: https://a:6443\n    \
             certificate-authority-data: {}\nusers:\n- name: me\n  user:\n    client-certificate-data: {}\n    client-key-data: {}\n\
             - name: other\n  user:\n    client-certificate: a/b.crt\n    client-key: c.key\ncontexts:\n- name: it\n  \
             context: {{cluster: it, user: me}}\n",
            base64(&self.certificates[0]),
            base64(&self.certificates[1]),
            base64(&self.keys[1])
        )
        .into_bytes()
    }
}

fn monsters(certificate: &str) -> Vec<Vec<u8>> {
    const DEEP: usize = 200_000;
    let kubeconfig = |value: &str| format!("clusters: {value}\nusers: []\ncontexts: []\n").into_bytes();
    // Each line means the one before nine times: 9^9 at the end.
    let mut laughs = "users: []\ncontexts: []\na0: &a0 [lol]\n".to_owned();
    for line in 1..10 {
        let before = format!("*a{},", line - 1).repeat(9);
        laughs.push_str(&format!("a{line}: &a{line} [{before}]\n"));
    }
    laughs.push_str("clusters: *a9\n");
    // A sequence in a sequence, each with the longest form of length.
    let mut nested = vec![0x05, 0x00];
    while nested.len() < 20_000 {
        let length = u32::try_from(nested.len()).unwrap_or(u32::MAX).to_be_bytes();
        nested = [&[0x30, 0x84], &length[..], &nested].concat();
    }
    vec![
        certificate.repeat(MEBIBYTE / certificate.len()).into_bytes(),
        "-----BEGIN CERTIFICATE-----\n".repeat(MEBIBYTE / 28).into_bytes(),
        "-----".repeat(MEBIBYTE / 5).into_bytes(),
        format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", "A".repeat(MEBIBYTE)).into_bytes(),
        vec![0; MEBIBYTE],
        vec![0xff; MEBIBYTE],
        b"\x30\x84\x7f\xff\xff\xff".to_vec(),
        b"\x30\x88\xff\xff\xff\xff\xff\xff\xff\xff".to_vec(),
        b"\x30\x80".repeat(DEEP),
        nested,
        kubeconfig(&"[".repeat(DEEP)),
        kubeconfig(&"{a: ".repeat(DEEP)),
        kubeconfig(&format!("{}{}", "[".repeat(DEEP), "]".repeat(DEEP))),
        format!("{{\"users\":[],\"contexts\":[],\"clusters\":{}", "[".repeat(DEEP)).into_bytes(),
        kubeconfig(&"- ".repeat(10_000)),
        kubeconfig(&"a: &a [*a]\n".repeat(1_000)),
        laughs.into_bytes(),
        kubeconfig(&format!("\"{}\"", "\\\"".repeat(MEBIBYTE / 2))),
    ]
}
