//! Odd certificates, on either side: where kubectl connects, so must we, and once where it does not.

use std::io::Write;
use std::process::Stdio;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use support::openssl;

use crate::kubectl::kubectl;
use crate::material::Pair;
use crate::program::{Program, Ran};
use crate::world::{World, gaps, targets};

/// What the API server shows to who asks for a name, as `NAME`, certificate and key: made by [`odd_servers`].
pub(crate) struct OddServer {
    pub(crate) name: &'static str,
    pub(crate) pair: Pair,
    /// Who vouches for it.
    authority: String,
}

pub(crate) fn odd_servers(authority: &Pair) -> Vec<OddServer> {
    let names = |name: &str| format!("subjectAltName=DNS:{name}");
    let expired = expired(authority, "expired.example");
    let common_name = Pair::signed_by(authority, "/CN=cn-only.example", &[]);
    // openssl makes an authority of what signs itself.
    let own = made_by_itself("/CN=self.example", &["-addext", &names("self.example")]);
    let keyless = made_by_itself("/CN=no-key-id", &["-addext", "subjectKeyIdentifier=none"]);
    let of_keyless =
        signed(&keyless, rcgen::DnValue::Utf8String("no-key-id".to_owned()), "no-key-id.example", 2020..2099);
    let client = Pair::signed_by(
        authority,
        "/CN=x",
        &["-addext", &names("client.example"), "-addext", "extendedKeyUsage=clientAuth"],
    );
    let of = |name: &'static str, pair: &Pair, authority: &str| OddServer {
        name,
        pair: pair.clone(),
        authority: authority.to_owned(),
    };
    let authority_too = Pair::signed_by(
        authority,
        "/CN=x",
        &["-addext", &names("authority.example"), "-addext", "basicConstraints=critical,CA:TRUE"],
    );
    vec![
        of("authority.example", &authority_too, &authority.certificate),
        of("expired.example", &expired, &authority.certificate),
        of("cn-only.example", &common_name, &authority.certificate),
        of("self.example", &own, &own.certificate),
        of("no-key-id.example", &of_keyless, &keyless.certificate),
        of("client.example", &client, &client.certificate),
    ]
}

fn made_by_itself(subject: &str, more: &[&str]) -> Pair {
    let mut arguments = vec!["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
    arguments.extend(["-keyout", "-", "-out", "-", "-days", "365", "-subj", subject]);
    arguments.extend(more);
    let blocks = support::pem::blocks(openssl::text(&arguments, b"").as_bytes());
    let block = |label: &str| {
        let block = blocks.iter().find(|block| block.label == label).expect("openssl writes a pair");
        String::from_utf8(block.text.clone()).expect("PEM is ASCII")
    };
    Pair { certificate: block("CERTIFICATE"), key: block("PRIVATE KEY") }
}

/// Its end was in 2021; openssl 3.0 cannot do that.
fn expired(authority: &Pair, name: &str) -> Pair {
    // Byte for byte as kubeadm writes the authority's name.
    let issuer = rcgen::DnValue::PrintableString("kubernetes".try_into().expect("ASCII"));
    signed(authority, issuer, name, 2020..2021)
}

/// Without any key id.
fn signed(authority: &Pair, issuer: rcgen::DnValue, name: &str, years: std::ops::Range<i32>) -> Pair {
    let issuer_key = rcgen::KeyPair::from_pem(&authority.key).expect("the authority's key");
    let mut of_issuer = rcgen::CertificateParams::default();
    of_issuer.distinguished_name = rcgen::DistinguishedName::new();
    of_issuer.distinguished_name.push(rcgen::DnType::CommonName, issuer);
    let issuer = rcgen::Issuer::new(of_issuer, issuer_key);
    let key = rcgen::KeyPair::generate().expect("a key");
    let mut parameters = rcgen::CertificateParams::new([name.to_owned()]).expect("a name");
    parameters.not_before = rcgen::date_time_ymd(years.start, 1, 1);
    parameters.not_after = rcgen::date_time_ymd(years.end, 1, 1);
    parameters.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ServerAuth];
    let certificate = parameters.signed_by(&key, &issuer).expect("a certificate");
    Pair { certificate: certificate.pem(), key: key.serialize_pem() }
}

impl World {
    /// A kubeconfig of the administrator; `change` makes of its cluster and its user what is to be tried.
    pub(crate) fn program_with(&self, change: impl FnOnce(&mut Value, &mut Value)) -> Program {
        let mut config: Value =
            serde_json::from_str(&self.kubeconfig("/O=system:masters/CN=root", Some("shop"))).expect("JSON");
        let (mut cluster, mut user) = (config["clusters"][0]["cluster"].take(), config["users"][0]["user"].take());
        change(&mut cluster, &mut user);
        config["clusters"][0]["cluster"] = cluster;
        config["users"][0]["user"] = user;
        let program = Program::new();
        let path = program.write("kubeconfig", config.to_string());
        program.with("KUBECONFIG", path)
    }

    fn named(&self, name: &str) -> Program {
        let server = self.odd_servers.iter().find(|server| server.name == name).expect("one of them");
        self.program_with(|cluster, _| {
            cluster["tls-server-name"] = json!(name);
            cluster["certificate-authority-data"] = json!(STANDARD.encode(&server.authority));
        })
    }
}

/// Both get in.
pub(crate) fn lets_in(program: &Program) {
    kubectl(program, "get secret web").exits(0);
    let ran = program.line("list -n shop -o json").exits(0);
    assert_eq!(targets(&ran).len(), 4, "{ran:#?}");
}

/// Standard output is both streams together, as a person sees them.
pub(crate) fn on_a_terminal(program: &Program, line: &str, typed: &str) -> Ran {
    let mut command = std::process::Command::new("script");
    program.prepare(&mut command);
    let own = format!("{} {line}", env!("CARGO_BIN_EXE_kubectl-certs"));
    command.args(["--quiet", "--return", "--command", &own, "/dev/null"]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("script (package bsdutils) runs");
    child.stdin.take().expect("a pipe").write_all(typed.as_bytes()).expect("it is typed");
    Ran::of(&child.wait_with_output().expect("it ends"))
}

fn is_refused(program: &Program, words: &str) -> Ran {
    assert_ne!(kubectl(program, "get secret web").code, 0);
    program.line("list -n shop").exits(3).says(words)
}

pub(crate) fn client_certificate_of_version_1(world: &World) {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name).display().to_string();
    std::fs::write(at("ca.crt"), &world.authority.certificate).expect("written");
    std::fs::write(at("ca.key"), &world.authority.key).expect("written");
    let (request, key, certificate, authority, its_key) = (at("csr"), at("key"), at("crt"), at("ca.crt"), at("ca.key"));
    for kind in [["rsa", "rsa_keygen_bits:2048"], ["ec", "ec_paramgen_curve:prime256v1"]] {
        let subject = "/O=system:masters/CN=admin";
        let mut arguments = vec!["req", "-new", "-nodes", "-newkey", kind[0], "-pkeyopt", kind[1]];
        arguments.extend(["-subj", subject, "-keyout", &key, "-out", &request]);
        openssl::text(&arguments, b"");
        openssl::text(
            &[
                "x509",
                "-req",
                "-in",
                &request,
                "-CA",
                &authority,
                "-CAkey",
                &its_key,
                "-out",
                &certificate,
                "-days",
                "9",
            ],
            b"",
        );
        let said = openssl::text(&["x509", "-noout", "-text", "-in", &certificate], b"");
        assert!(said.contains("Version: 1"), "{said}");
        let base64 = |path: &str| json!(STANDARD.encode(std::fs::read(path).expect("written")));
        lets_in(&world.program_with(|_, user| {
            *user = json!({ "client-certificate-data": base64(&certificate), "client-key-data": base64(&key) });
        }));
    }
}

pub(crate) fn leaf_pinned_as_authority(world: &World) {
    let leaf = std::fs::read(support::kubeadm::pki(world.root()).join("apiserver.crt")).expect("kubeadm's");
    let pinned = |leaf: Vec<u8>| {
        world.program_with(move |cluster, _| cluster["certificate-authority-data"] = json!(STANDARD.encode(leaf)))
    };
    lets_in(&pinned(leaf.clone()));
    lets_in(&world.named("self.example"));
    // Pinned is that certificate, and only where it may be one of a server of that name.
    is_refused(&pinned(Pair::of("/CN=kube-apiserver").certificate.into_bytes()), "UnknownIssuer");
    is_refused(&world.named("client.example"), "not meant for servers");
    let program = world.program_with(|cluster, _| {
        cluster["certificate-authority-data"] = json!(STANDARD.encode(&leaf));
        cluster["tls-server-name"] = json!("somebody.else");
    });
    is_refused(&program, "somebody.else");
}

pub(crate) fn odd_names_of_servers(world: &World) {
    lets_in(&world.named("no-key-id.example"));
    lets_in(&world.named("authority.example"));
    let program = world.named("authority.example");
    let stranger = Pair::authority("/CN=kubernetes");
    program.write("other.crt", &stranger.certificate);
    program.line("list -n shop --certificate-authority other.crt").exits(3);
    is_refused(&world.named("cn-only.example"), "its common name 'cn-only.example' does not count");
    lets_in(&world.program_with(|cluster, _| cluster["tls-server-name"] = json!("kubernetes.default.svc")));
    is_refused(&world.program_with(|cluster, _| cluster["tls-server-name"] = json!("not.mine")), "not.mine");
    // --server is another server, which the name in the kubeconfig is not meant for.
    let program = world.program_with(|cluster, _| cluster["tls-server-name"] = json!("not.mine"));
    let server = world.server();
    program.line(&format!("list -n shop --server {server}")).exits(0);
    program.line(&format!("list -n shop --server {server} --tls-server-name kubernetes")).exits(0);
    let line = support::proxies::Forwarder::of_ipv6(world.control_plane.port());
    lets_in(&world.program_with(|cluster, _| cluster["server"] = json!(format!("https://[::1]:{}", line.port()))));
    // kubectl takes an address without a scheme too, but speaks plain HTTP then unless the authority is a file.
    let address = server.trim_start_matches("https://");
    world.program_with(|cluster, _| cluster["server"] = json!(address)).line("list -n shop").exits(0);
}

/// Not even kubectl gets in; who is to renew that certificate can say that they know.
pub(crate) fn expired_server(world: &World) {
    let program = world.named("expired.example");
    is_refused(&program, "expired on 2021-01-01").says("--accept-expired-server");
    let ran = program.line("list -o json").exits(3);
    assert!(targets(&ran).contains(&world.endpoint()), "{ran:#?}");
    assert_eq!(gaps(&ran), [("secret/*/*/*".to_owned(), "expired-server".to_owned())]);
    let ran = program.line("list -n shop -o json --accept-expired-server").exits(0);
    assert_eq!(targets(&ran).len(), 4);
    ran.says("expired on 2021-01-01").says("as long as its key stayed the same");
    // Asked on a terminal, once for all that one reading does.
    let ran = on_a_terminal(&program, "list -n shop", "y\n").exits(0);
    assert_eq!(
        (ran.out.matches("Go on? [y/N]").count(), ran.out.matches("secret/shop/web").count()),
        (1, 3),
        "{ran:#?}"
    );
    let ran = on_a_terminal(&program, "list -n shop", "n\n").exits(3);
    assert!(ran.out.contains("expired on 2021-01-01") && !ran.out.contains("secret/shop/web"), "{ran:#?}");
    // It must be right in everything else.
    let stranger = Pair::authority("/CN=kubernetes");
    let program = world.program_with(|cluster, _| {
        cluster["tls-server-name"] = json!("expired.example");
        cluster["certificate-authority-data"] = json!(STANDARD.encode(&stranger.certificate));
    });
    program.line("list -n shop --accept-expired-server").exits(3).says("UnknownIssuer");
    let program = world.program_with(|cluster, _| cluster["server"] = json!(world.server()));
    program.line("list -n shop --accept-expired-server --tls-server-name not.mine").exits(3).says("not.mine");
    // Pinned in the kubeconfig and expired.
    let server = world.odd_servers.iter().find(|server| server.name == "expired.example").expect("it");
    let program = world.program_with(|cluster, _| {
        cluster["tls-server-name"] = json!("expired.example");
        cluster["certificate-authority-data"] = json!(STANDARD.encode(&server.pair.certificate));
    });
    is_refused(&program, "expired on 2021-01-01");
    program.line("list -n shop --accept-expired-server").exits(0);
}

/// What is left out of a bundle is told, and the rest is used.
pub(crate) fn half_broken_authorities(world: &World) {
    let broken = "-----BEGIN CERTIFICATE-----\nAQID\n-----END CERTIFICATE-----\n";
    let bundle = format!("{broken}{}", world.authority.certificate);
    let program =
        world.program_with(|cluster, _| cluster["certificate-authority-data"] = json!(STANDARD.encode(&bundle)));
    kubectl(&program, "get secret web").exits(0);
    let at = format!("kubeconfig:{}#cluster/it", program.work().join("kubeconfig").display());
    let told = [(at.clone(), "bad-certificate".to_owned())];
    let ran = program.line("list -n shop -o json").exits(3);
    assert_eq!((targets(&ran).len(), gaps(&ran)), (4, told.clone().into()));
    // Once, also where the kubeconfig itself is read.
    let ran = program.line("list -o json").exits(3);
    assert_eq!(gaps(&ran).iter().filter(|gap| **gap == told[0]).count(), 1, "{ran:#?}");
    let ran =
        program.run(["list", &format!("kubeconfig:{}", program.work().join("kubeconfig").display()), "-o", "json"]);
    assert_eq!(gaps(&ran.exits(3)), told);
    // A file that is named with the option.
    program.write("bundle.crt", &bundle);
    let ran = program.line("list -n shop -o json --certificate-authority bundle.crt").exits(3);
    assert!(gaps(&ran)[0].0.ends_with("bundle.crt"), "{ran:#?}");
    // Nothing of it can be read.
    program.write("bundle.crt", broken);
    program.line("list -n shop --certificate-authority bundle.crt").exits(2).says("no certificate that can be read");
    assert_ne!(kubectl(&program, "get secret web --certificate-authority bundle.crt").code, 0);
}

/// Told without a word of the key.
pub(crate) fn pairs_that_are_none(world: &World) {
    let other = Pair::of("/CN=other");
    let path = world.program_with(|_, user| user["client-key-data"] = json!(STANDARD.encode(&other.key)));
    is_wrong(&path, "not that of its client certificate");
    is_wrong(
        &world.program_with(|_, user| user["client-key-data"] = json!("?")),
        "the client key in it is not valid base64",
    );
    is_wrong(&world.program_with(|_, user| user["client-key-data"] = Value::Null), "no key for it");
    let with_password = world.program_with(|_, user| *user = json!({ "username": "admin", "password": "hunter2" }));
    let ran = is_wrong(&with_password, "a user name and a password");
    assert!(!ran.err.contains("hunter2"), "{ran:#?}");
    // What of it can be seen is shown all the same.
    let ran = path.line("check -o json").exits(1);
    assert!(ran.items().iter().any(|item| item["code"] == "key-differs"), "{ran:#?}");
    assert_eq!(gaps(&ran).len(), 1, "{ran:#?}");
}

fn is_wrong(program: &Program, words: &str) -> Ran {
    program.line("list -n shop").exits(2).says(words)
}
