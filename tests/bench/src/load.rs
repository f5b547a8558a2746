//! Fills the cluster: certificates all different, of few keys, since making those takes longest.

use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures::future::join_all;
use http_body_util::BodyExt;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
};
use serde_json::{Value, json};

use crate::Arguments;
use crate::client::{Server, request};

const CONNECTIONS: usize = 16;
const NAMESPACES: usize = 20;

pub(crate) async fn load(server: &Server, arguments: &Arguments) -> Duration {
    let start = Instant::now();
    let namespaces = (0..NAMESPACES).map(|number| {
        ("/api/v1/namespaces".to_owned(), json!({ "metadata": { "name": format!("team-{number:02}") } }))
    });
    send(server, &namespaces.collect::<Vec<_>>()).await;
    let pki = Pki::new();
    let mut objects = Vec::with_capacity(2000);
    let large = STANDARD.encode(vec![b'x'; (1 << 20) - 4096]);
    let release = STANDARD.encode(vec![b'h'; 20_000]);
    for number in 0..arguments.secrets.max(arguments.helm).max(arguments.large) {
        if number < arguments.secrets {
            objects.push(secret(number, "web", "kubernetes.io/tls", &pki.tls(number)));
        }
        if number < arguments.helm {
            objects.push(secret(
                number,
                "sh.helm.release.v1.app",
                "helm.sh/release.v1",
                &json!({ "release": release }),
            ));
        }
        if number < arguments.large {
            objects.push(secret(number, "blob", "Opaque", &json!({ "blob": large })));
        }
        if objects.len() >= 1000 || (number < arguments.large && objects.len() >= 60) {
            send(server, &objects).await;
            objects.clear();
        }
    }
    send(server, &objects).await;
    start.elapsed()
}

fn secret(number: usize, name: &str, kind: &str, data: &Value) -> (String, Value) {
    let namespace = format!("team-{:02}", number % NAMESPACES);
    let object = json!({ "type": kind, "metadata": { "name": format!("{name}-{number:05}") }, "data": data });
    (format!("/api/v1/namespaces/{namespace}/secrets"), object)
}

async fn send(server: &Server, objects: &[(String, Value)]) {
    let share = objects.len().div_ceil(CONNECTIONS).max(1);
    join_all(objects.chunks(share).map(async |objects| {
        let mut connection = server.connect().await;
        for (path, object) in objects {
            connection.ready().await.expect("a connection");
            let body = Bytes::from(object.to_string());
            let answer = connection.send_request(request("POST", path, body)).await.expect("an answer");
            let status = answer.status();
            let body = answer.into_body().collect().await.expect("an answer").to_bytes();
            assert!(status.is_success(), "{status}: {}", String::from_utf8_lossy(&body));
        }
    }))
    .await;
}

struct Pki {
    authority: String,
    issuer: Issuer<'static, KeyPair>,
    keys: Vec<KeyPair>,
}

impl Pki {
    fn new() -> Self {
        let key = || KeyPair::generate_for(&rcgen::PKCS_RSA_SHA256).expect("a key");
        let mut parameters = CertificateParams::default();
        parameters.distinguished_name.push(DnType::CommonName, "the company's own authority");
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        parameters.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let own = key();
        let authority = parameters.self_signed(&own).expect("an authority").pem();
        Self { authority, issuer: Issuer::new(parameters, own), keys: (0..4).map(|_| key()).collect() }
    }

    fn tls(&self, number: usize) -> Value {
        let key = &self.keys[number % self.keys.len()];
        let name = format!("web-{number:05}.team-{:02}.svc.cluster.local", number % NAMESPACES);
        let mut parameters = CertificateParams::new(vec![name.clone()]).expect("a name");
        parameters.distinguished_name.push(DnType::CommonName, name);
        parameters.use_authority_key_identifier_extension = true;
        parameters.key_usages = vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::KeyEncipherment];
        parameters.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let leaf = parameters.signed_by(key, &self.issuer).expect("a leaf").pem();
        let encode = |text: &str| STANDARD.encode(text);
        json!({
            "tls.crt": encode(&format!("{leaf}{}", self.authority)),
            "tls.key": encode(&key.serialize_pem()),
            "ca.crt": encode(&self.authority),
        })
    }
}
