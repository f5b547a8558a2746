//! MOC: a login file in YAML with a token, an access file in JSON, both with base64 of PEM, and a bare token.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;

use super::{Authority, Disk, Oddity, base64};

/// 2033-05-18.
pub const TOKEN_ENDS: i64 = 2_000_000_000;

pub fn files(disk: &Disk) {
    let agent = Authority::new("cloudagent", &Oddity::default());
    let encode = |value: serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let claims = encode(json!({ "iss": "wssdagentsvc", "iat": 1, "exp": TOKEN_ENDS }));
    let token = format!("{}.{claims}.c2VjcmV0c2ln", encode(json!({ "alg": "RS256", "kid": "1" })));
    let login = format!(
        "name: KMSPlugin\ntoken: {token}\ncertificate: {}\nclienttype: ExternalClient\ncloudfqdn: agent\ncloudport: \
         55000\ncloudauthport: 65000\nlocation: here\ntype: \"\"\n",
        base64(&agent.certificate())
    );
    disk.write("login/cloudlogin.yaml", &login);
    disk.write("login/encoded", base64(&login));
    disk.write("login/kvatoken.tok", &token);
    let identity = agent.sign("KMSPlugin", &Oddity::default());
    disk.write(
        ".wssd/mocctl/cloudconfig",
        json!({
            "CloudCertificate": base64(&agent.certificate()), "ClientCertificate": base64(&identity.certificate),
            "ClientKey": base64(&identity.key), "IdentityName": "KMSPlugin", "ClientCertificateType": "",
        })
        .to_string(),
    );
}
