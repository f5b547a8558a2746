//! An authority whose key is elsewhere: openssl holds it and signs the requests, as a person there would.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};
use support::openssl;
use support::tree::Tree;
use tempfile::TempDir;

use crate::disk::{Disk, Said};
use crate::witness::{KUBECONFIGS, PAIRS, assert_pairs, identities};

/// A disk without the authorities' keys, and the place that has them.
struct Elsewhere {
    disk: Disk,
    vault: TempDir,
}

const AUTHORITIES: [(&str, &str); 3] =
    [("ca", "pki/ca"), ("etcd-ca", "pki/etcd/ca"), ("front-proxy-ca", "pki/front-proxy-ca")];

impl Elsewhere {
    fn new() -> Self {
        let (disk, vault) = (Disk::ecdsa(), tempfile::tempdir().expect("a folder"));
        for (name, path) in AUTHORITIES {
            let at = |ending: &str| disk.file(&format!("{path}.{ending}"));
            fs::copy(at("crt"), vault.path().join(format!("{name}.crt"))).expect("a certificate");
            fs::copy(at("key"), vault.path().join(format!("{name}.key"))).expect("a key");
            fs::remove_file(at("key")).expect("the key goes away");
        }
        Self { disk, vault }
    }

    fn folder(&self, name: &str) -> PathBuf {
        self.vault.path().join(name)
    }

    fn ask(&self, arguments: &[&str], folder: &str) -> Said {
        let folder = self.folder(folder);
        self.disk.on_root(&[&["renew", "--csr-out", text(&folder)], arguments].concat())
    }

    fn install(&self, arguments: &[&str], folder: &str) -> Said {
        let folder = self.folder(folder);
        self.disk.on_root(&[&["renew", "--signed", text(&folder)], arguments].concat())
    }

    /// What `openssl x509 -req` makes of a request, with everything that it asks for.
    fn sign(&self, request: &str, answer: &str, authority: &str, options: &[&str]) {
        fs::create_dir_all(self.folder(answer).parent().expect("a folder")).expect("a folder");
        let output = Command::new("openssl")
            .args(["x509", "-req", "-in", request, "-out", answer, "-copy_extensions", "copyall"])
            .args(["-CA", &format!("{authority}.crt"), "-CAkey", &format!("{authority}.key")])
            .args(options)
            .current_dir(self.vault.path())
            .output()
            .expect("openssl runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    /// The same with a beginning and an end, which only `openssl ca` can set in all versions that are about.
    fn sign_between(&self, request: &str, answer: &str, begin: &str, end: &str) {
        let config = "[ca]\ndefault_ca=x\n[x]\nnew_certs_dir=.\ndatabase=index\nrand_serial=yes\ndefault_md=sha256\n\
            copy_extensions=copyall\nunique_subject=no\npolicy=any\npreserve=yes\n[any]\n\
            organizationName=optional\ncommonName=optional\n";
        fs::write(self.folder("ca.cnf"), config).expect("written");
        fs::write(self.folder("index"), "").expect("written");
        fs::create_dir_all(self.folder(answer).parent().expect("a folder")).expect("a folder");
        let output = Command::new("openssl")
            .args(["ca", "-batch", "-notext", "-config", "ca.cnf", "-cert", "ca.crt", "-keyfile", "ca.key"])
            .args(["-in", request, "-out", answer, "-startdate", begin, "-enddate", end])
            .current_dir(self.vault.path())
            .output()
            .expect("openssl runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    /// The answer to each request of a folder, by the authority that it is for.
    fn sign_all(&self, requests: &str, answers: &str) -> usize {
        let names = names_in(&self.folder(requests), "csr");
        for name in &names {
            let authority = match name.as_str() {
                "front-proxy-client" => "front-proxy-ca",
                name if name.contains("etcd") => "etcd-ca",
                _ => "ca",
            };
            let (request, answer) = (format!("{requests}/{name}.csr"), format!("{answers}/{name}.crt"));
            self.sign(&request, &answer, authority, &["-days", "90"]);
        }
        names.len()
    }

    fn kept(&self) -> PathBuf {
        self.disk.state().join("requests")
    }
}

#[test]
fn the_whole_way() {
    let there = Elsewhere::new();
    let disk = &there.disk;
    let (before, old) = (disk.material(), identities(&disk.file("")));
    disk.on_root(&["renew", "--all", "--yes"]).expect(4).naming(&["renew --csr-out DIR", "renew --signed DIR"]);

    let shown = there.ask(&["--all", "--dry-run"], "requests").expect(0);
    assert!(shown.out.contains("to be made") && shown.err.contains("Nothing was changed"), "{shown:?}");
    assert!(!there.kept().exists() && !there.folder("requests").exists());

    let asked = there.ask(&["--all"], "requests").expect(0).naming(&["renew --signed DIR"]);
    assert!(asked.out.contains("made now"), "{asked:?}");
    assert_eq!(names_in(&there.folder("requests"), "csr").len(), PAIRS.len() + KUBECONFIGS.len());
    before.assert_unchanged(&disk.material());
    assert_private(&there.kept());
    for name in names_in(&there.folder("requests"), "csr") {
        let request = fs::read(there.folder(&format!("requests/{name}.csr"))).expect("a request");
        let said = openssl::text(&["req", "-noout", "-verify", "-pubkey"], &request);
        let key = fs::read(there.kept().join(&name).join("key.pem")).expect("a kept key");
        assert!(said.contains(openssl::public_key_of(&key).trim()), "{name}: {said}");
    }
    // Asked again: the same keys, the same requests.
    let (kept, requests) = (Tree::read(&there.kept()), Tree::read(&there.folder("requests")));
    there.ask(&["--all"], "requests").expect(0);
    kept.assert_unchanged(&Tree::read(&there.kept()));
    requests.assert_unchanged(&Tree::read(&there.folder("requests")));

    let count = there.sign_all("requests", "answers");
    let plan = there.install(&["--dry-run"], "answers").expect(0);
    assert!(plan.out.contains("signed by front-proxy-ca elsewhere"), "{plan:?}");
    before.assert_unchanged(&disk.material());
    let run = there.install(&["--yes", "-o", "json"], "answers").expect(0).item("RunResult");
    assert_eq!(run["steps"].as_array().map(Vec::len), Some(count), "{run}");
    let new = identities(&disk.file(""));
    assert_pairs(&new);
    for (name, (new, authority)) in &new {
        let old = &old[name].0;
        assert!(new.key != old.key && new.certificate != old.certificate, "{name}");
        assert_eq!(openssl::verify(&new.certificate, &disk.file(&format!("{authority}.crt")), None), Ok(()), "{name}");
    }
    disk.on_root(&["check"]).expect(0);
    assert!(names_in(&there.kept(), "").is_empty(), "nothing waits any more");
    there.install(&["--yes"], "answers").expect(4).naming(&["none of the certificates answers a request"]);

    disk.on_root(&["runs", "undo"]).expect(0);
    before.assert_unchanged(&disk.material());
    disk.on_root(&["runs", "finish"]).expect(0);
}

#[test]
fn what_does_not_fit_is_refused_as_a_whole() {
    let there = Elsewhere::new();
    let disk = &there.disk;
    there.ask(&["--all"], "requests").expect(0);
    there.sign_all("requests", "good");
    let (before, kept) = (disk.material(), Tree::read(&there.kept()));
    let refused = |folder: &str, words: &[&str]| {
        let said = there.install(&["--yes"], folder).expect(4).naming(&["nothing was installed"]).naming(words);
        assert!(!said.err.contains("PRIVATE"), "{said:?}");
        before.assert_unchanged(&disk.material());
        kept.assert_unchanged(&Tree::read(&there.kept()));
    };
    let with_good = |folder: &str, name: &str| {
        fs::create_dir_all(there.folder(folder)).expect("a folder");
        fs::copy(there.folder(&format!("good/{name}")), there.folder(&format!("{folder}/{name}"))).expect("copied");
    };

    for (name, other) in [("etcd-peer", "etcd-server"), ("etcd-server", "etcd-peer")] {
        with_good("swapped", "admin.conf.crt");
        fs::copy(there.folder(&format!("good/{other}.crt")), there.folder(&format!("swapped/{name}.crt")))
            .expect("copied");
    }
    refused("swapped", &["etcd-peer.crt has the key of the request for etcd-server", "files swapped?"]);

    // A key of their own, which is nobody's here.
    let key = there.folder("other.key");
    openssl::text(&["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", text(&key)], b"");
    with_good("key", "apiserver.crt");
    there.sign(
        "requests/admin.conf.csr",
        "key/admin.conf.crt",
        "ca",
        &["-days", "9", "-force_pubkey", text(&public(&key))],
    );
    refused("key", &["admin.conf.crt has the key", "which no request here is for", "kept for admin.conf"]);

    let config = there.folder("less.cnf");
    fs::write(&config, "[x]\nextendedKeyUsage=serverAuth\nsubjectAltName=DNS:kubernetes\n").expect("written");
    let less = |answer: &str, text: &str, words: &[&str]| {
        fs::write(&config, format!("[x]\n{text}\n")).expect("written");
        let options = ["-days", "9", "-extfile", self::text(&config), "-extensions", "x"];
        let file = format!("{answer}/apiserver.crt");
        fs::create_dir_all(there.folder(answer)).expect("a folder");
        let output = Command::new("openssl")
            .args(["x509", "-req", "-in", "requests/apiserver.csr", "-out", &file, "-CA", "ca.crt", "-CAkey", "ca.key"])
            .args(options)
            .current_dir(there.vault.path())
            .output()
            .expect("openssl runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        refused(answer, words);
    };
    less(
        "names",
        "extendedKeyUsage=serverAuth\nsubjectAltName=DNS:kubernetes",
        &["has the names kubernetes, wanted is", "127.0.0.1"],
    );
    less(
        "usage",
        "subjectAltName=DNS:kubernetes\nextendedKeyUsage=clientAuth",
        &["key usages clientauth, wanted is serverauth"],
    );
    less("authority", "basicConstraints=CA:TRUE\nextendedKeyUsage=serverAuth", &["the right to sign others"]);

    with_good("foreign", "apiserver.crt");
    there.sign("requests/front-proxy-client.csr", "foreign/front-proxy-client.crt", "ca", &["-days", "9"]);
    refused(
        "foreign",
        &["front-proxy-client.crt is signed by CN=kubernetes, wanted is a signature by CN=front-proxy-ca"],
    );

    // The right name, and another key behind it.
    openssl::text(
        &[
            "req",
            "-x509",
            "-new",
            "-key",
            text(&key),
            "-subj",
            "/CN=kubernetes",
            "-days",
            "9",
            "-out",
            text(&there.folder("fake.crt")),
        ],
        b"",
    );
    fs::copy(&key, there.folder("fake.key")).expect("copied");
    there.sign("requests/apiserver.csr", "fake/apiserver.crt", "fake", &["-days", "9"]);
    refused("fake", &["names CN=kubernetes as its authority, but bears no signature"]);

    let times = |folder: &str, begin: &str, end: &str, words: &[&str]| {
        there.sign_between("requests/apiserver.csr", &format!("{folder}/apiserver.crt"), begin, end);
        refused(folder, words);
    };
    times("expired", "20200101000000Z", "20200201000000Z", &["its end at 2020-02-01"]);
    times("future", "20900101000000Z", "20910101000000Z", &["its beginning at 2090-01-01"]);
    fs::create_dir(there.folder("garbage")).expect("a folder");
    fs::write(there.folder("garbage/apiserver.crt"), "nothing").expect("written");
    refused("garbage", &["apiserver.crt holds no certificate"]);
    fs::copy(there.folder("good/apiserver.crt"), there.folder("garbage/apiserver.crt")).expect("copied");
    fs::copy(there.folder("good/apiserver.crt"), there.folder("garbage/apiserver.pem")).expect("copied");
    refused("garbage", &["second answer"]);
    fs::remove_file(there.folder("garbage/apiserver.crt")).expect("removed");
    fs::copy(&key, there.folder("garbage/apiserver.pem")).expect("copied");
    there.install(&["--yes"], "garbage").expect(2).naming(&["private key"]);
}

/// What its key may be used for, and what nobody in Kubernetes understands.
#[test]
fn usages_and_extensions_that_do_not_fit_are_refused() {
    let there = Elsewhere::new();
    there.ask(&["apiserver"], "requests").expect(0);
    let before = there.disk.material();
    let config = there.folder("x.cnf");
    for (answer, extensions, words) in [
        (
            "signer",
            "keyUsage=critical,digitalSignature,keyEncipherment,keyCertSign\nextendedKeyUsage=serverAuth",
            &[
                "has the key usages digitalSignature, keyEncipherment, keyCertSign, wanted is digitalSignature, keyEncipherment",
            ][..],
        ),
        (
            "unsigning",
            "keyUsage=critical,keyAgreement\nextendedKeyUsage=serverAuth",
            &["has the key usages keyAgreement, wanted is digitalSignature, keyEncipherment"][..],
        ),
        (
            "critical",
            "1.3.6.1.4.1.99999.1=critical,ASN1:UTF8String:strange\nextendedKeyUsage=serverAuth",
            &["apiserver.crt has the critical extension 1.3.6.1.4.1.99999.1", "would refuse the certificate"][..],
        ),
    ] {
        fs::write(&config, format!("[x]\n{extensions}\n")).expect("written");
        let options = ["-days", "9", "-copy_extensions", "none", "-extfile", text(&config), "-extensions", "x"];
        there.sign("requests/apiserver.csr", &format!("{answer}/apiserver.crt"), "ca", &options);
        there.install(&["--yes"], answer).expect(4).naming(&["nothing was installed"]).naming(words);
        before.assert_unchanged(&there.disk.material());
    }
}

#[test]
fn short_lives_extra_files_chains_and_late_answers() {
    let there = Elsewhere::new();
    let disk = &there.disk;
    there.ask(&["apiserver", "--add-san", "new.example.org", "--key-algorithm", "RSA-2048"], "requests").expect(0);
    there.ask(&["scheduler.conf"], "requests").expect(0);
    // Another wish for a key whose request is on its way.
    there
        .ask(&["apiserver", "--key-algorithm", "ECDSA-P384"], "other")
        .expect(4)
        .naming(&["RSA-2048, wanted is ECDSA-P384"]);
    // Asked without the name: another request, which does not take the place of the first.
    there.ask(&["apiserver"], "requests").expect(4).naming(&["is another request; it was not replaced"]);
    there.ask(&["apiserver", "--add-san", "new.example.org"], "requests").expect(0);

    there.sign_between("requests/apiserver.csr", "answers/apiserver.crt", "20260101000000Z", &in_an_hour());
    there.install(&["--yes"], "answers").expect(4).naming(&["at least 1d", "--validity"]);
    // As a chain, under its other ending, beside what is nobody's answer.
    let chain = [read(&there.folder("answers/apiserver.crt")), read(&there.folder("ca.crt"))].concat();
    fs::remove_file(there.folder("answers/apiserver.crt")).expect("removed");
    fs::write(there.folder("answers/apiserver.pem"), format!("a note\r\n{}", chain.replace('\n', "\r\n")))
        .expect("written");
    fs::copy(there.folder("ca.crt"), there.folder("answers/issuing-ca.crt")).expect("copied");
    let run = there.install(&["--validity", "10m", "--yes", "-o", "json"], "answers").expect(0).item("RunResult");
    let left: Vec<(&str, &str)> = run["leftAlone"]
        .as_array()
        .expect("what is left")
        .iter()
        .map(|left| (left["name"].as_str().unwrap_or_default(), left["why"].as_str().unwrap_or_default()))
        .collect();
    assert_eq!(
        left,
        [
            ("issuing-ca", "no key is kept for a request of this name"),
            ("scheduler.conf", "its request still waits for a certificate")
        ]
    );
    let x509 = openssl::x509(read(&disk.file("pki/apiserver.crt")).as_bytes());
    assert!(x509.extensions.contains("DNS:new.example.org"), "{x509:?}");
    assert_eq!(names_in(&there.kept(), ""), ["scheduler.conf"]);
    assert_eq!(read(&disk.file("pki/apiserver.crt")).matches("BEGIN CERTIFICATE").count(), 1);

    // An authority may leave out what the key is for, and for keys that only sign say so.
    let config = there.folder("without.cnf");
    for (request, usages) in
        [("scheduler.conf", ""), ("controller-manager.conf", "keyUsage=critical,digitalSignature\n")]
    {
        there.ask(&[request], "requests").expect(0);
        fs::write(&config, format!("[x]\n{usages}extendedKeyUsage=clientAuth\n")).expect("written");
        let (csr, answer) = (format!("requests/{request}.csr"), format!("late/{request}.crt"));
        let options = ["-days", "30", "-copy_extensions", "none", "-extfile", text(&config), "-extensions", "x"];
        there.sign(&csr, &answer, "ca", &options);
    }
    there.install(&["--yes"], "late").expect(0);
    assert_pairs(&identities(&disk.file("")));
    there.install(&["--yes"], "requests").expect(2).naming(&["there is no certificate in"]);
}

/// As PowerShell does it: everything inline, and a saved plan that needs no folder.
#[test]
fn by_json_and_by_a_saved_plan() {
    let there = Elsewhere::new();
    let disk = &there.disk;
    let scope = json!({"root": disk.root()});
    let ask = |more: Value| {
        let mut renew = json!({"scope": scope});
        renew.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        disk.api(&json!({"api": "certs/v1alpha1", "request": {"renew": renew}}))
    };
    let item = |said: &Said| -> Value {
        let lines = said.out.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
        lines.filter(|line| line["event"] == "item").map(|line| line["item"].clone()).next().expect("an item")
    };
    let made = item(&ask(json!({"requests": true, "only": ["apiserver"], "mode": "apply"})).expect(0));
    assert_eq!((&made["kind"], &made["name"]), (&"SigningRequest".into(), &"apiserver".into()), "{made}");
    fs::create_dir(there.folder("requests")).expect("a folder");
    fs::write(there.folder("requests/apiserver.csr"), made["request"].as_str().expect("PEM")).expect("written");
    there.sign("requests/apiserver.csr", "answers/apiserver.crt", "ca", &["-days", "30"]);
    let signed = json!([{"name": "apiserver", "certificate": read(&there.folder("answers/apiserver.crt"))}]);
    ask(json!({"signed": signed, "reuseKey": true})).expect(2);
    let plan = item(&ask(json!({"signed": signed})).expect(0));
    assert_eq!(plan["kind"], "Plan", "{plan}");
    fs::remove_dir_all(there.folder("answers")).expect("removed");
    disk.apply(&plan).expect(0);
    assert_pairs(&identities(&disk.file("")));
    assert!(names_in(&there.kept(), "").is_empty());
}

fn names_in(folder: &Path, ending: &str) -> Vec<String> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let names = entries.map(|entry| entry.expect("an entry").file_name().into_string().expect("UTF-8"));
    let ending = if ending.is_empty() { String::new() } else { format!(".{ending}") };
    let mut names: Vec<String> = names.filter_map(|name| Some(name.strip_suffix(&ending)?.to_owned())).collect();
    names.sort();
    names
}

/// Folders and files that only their owner may enter or read.
fn assert_private(folder: &Path) {
    for (path, entry) in Tree::read(folder).entries {
        assert_eq!(entry.mode & 0o077, 0, "{}: {:o}", path.display(), entry.mode);
    }
    let mode = fs::metadata(folder).expect("a folder").permissions().mode();
    assert_eq!(mode & 0o077, 0, "{mode:o}");
}

fn public(key: &Path) -> PathBuf {
    let public = key.with_extension("pub");
    fs::write(&public, openssl::public_key_of(&fs::read(key).expect("a key"))).expect("written");
    public
}

/// As openssl takes it.
fn in_an_hour() -> String {
    let output = Command::new("date").args(["-u", "+%Y%m%d%H%M%SZ", "-d", "+1 hour"]).output();
    String::from_utf8_lossy(&output.expect("date").stdout).trim().to_owned()
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).expect("a file")
}

fn text(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}
