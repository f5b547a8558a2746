//! The disk is judged by openssl, which knows nothing of the table it was made from.

#![expect(clippy::unwrap_used, reason = "a test ends where it is surprised")]

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use tempfile::TempDir;

use super::{Content, TROUBLES, disk};

const NOW: i64 = 1_800_000_000;
const DAY: i64 = 86_400;

#[test]
fn openssl_finds_the_listed_troubles_and_no_others() {
    let disk = Disk::make();
    let found: BTreeSet<(&str, &str)> = disk
        .holders
        .iter()
        .flat_map(|holder| disk.troubles(holder).into_iter().map(|code| (code, holder.place.as_str())))
        .collect();
    let listed: BTreeSet<(&str, &str)> = TROUBLES.iter().map(|trouble| (trouble.code, trouble.place)).collect();
    assert_eq!(found, listed);
    assert_eq!(listed.len(), TROUBLES.len());
}

#[test]
fn expiring_comes_in_both_severities() {
    let disk = Disk::make();
    let left = |place| (disk.date(&disk.holder(place).certificate, "-enddate") - NOW) / DAY;
    assert_eq!(left("etc/kubernetes/pki/apiserver-kubelet-client.crt"), 3);
    assert_eq!(left("etc/kubernetes/pki/front-proxy-client.crt"), 20);
    assert_eq!(left("etc/kubernetes/pki/apiserver.crt"), -3);
}

#[test]
fn openssl_reads_every_key() {
    let disk = Disk::make();
    assert_eq!(disk.holders.len(), 3 + 13);
    for holder in &disk.holders {
        assert!(holder.key.contains("-----BEGIN EC PRIVATE KEY-----\n"));
        let checked = disk.openssl(&["pkey", "-check", "-noout"], &holder.key);
        assert!(checked.contains("Key is valid"), "{}", holder.place);
    }
    let public = disk.openssl(&["pkey", "-pubout"], &disk.read("etc/kubernetes/pki/sa.key"));
    assert_eq!(public, disk.read("etc/kubernetes/pki/sa.pub"));
}

#[test]
fn names_and_usages_are_those_kubeadm_gives() {
    const CA: &str = "Digital Signature, Key Encipherment, Certificate Sign|CA:TRUE";
    const SERVER: &str = "Digital Signature, Key Encipherment|TLS Web Server Authentication|CA:FALSE";
    const CLIENT: &str = "Digital Signature, Key Encipherment|TLS Web Client Authentication|CA:FALSE";
    const BOTH: &str =
        "Digital Signature, Key Encipherment|TLS Web Server Authentication, TLS Web Client Authentication|CA:FALSE";
    const ETCD: &str =
        "DNS:demo-cp1, DNS:localhost, IP Address:192.0.2.10, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1";
    const API: &str = "DNS:demo-cp1, DNS:demo.example, DNS:kubernetes, DNS:kubernetes.default, DNS:kubernetes.default.svc, DNS:kubernetes.default.svc.cluster.local, IP Address:10.96.0.1, IP Address:192.0.2.10";
    #[rustfmt::skip]
    let wanted = [
        ("etc/kubernetes/pki/ca.crt", "CN=kubernetes", "CN=kubernetes", "DNS:kubernetes", CA),
        ("etc/kubernetes/pki/front-proxy-ca.crt", "CN=front-proxy-ca", "CN=front-proxy-ca", "DNS:front-proxy-ca", CA),
        ("etc/kubernetes/pki/etcd/ca.crt", "CN=etcd-ca", "CN=etcd-ca", "DNS:etcd-ca", CA),
        ("etc/kubernetes/pki/apiserver.crt", "CN=kube-apiserver", "CN=kubernetes", API, SERVER),
        ("etc/kubernetes/pki/apiserver-kubelet-client.crt", "CN=kube-apiserver-kubelet-client", "CN=kubernetes", "", CLIENT),
        ("etc/kubernetes/pki/front-proxy-client.crt", "CN=front-proxy-client", "CN=front-proxy-ca", "", CLIENT),
        ("etc/kubernetes/pki/apiserver-etcd-client.crt", "CN=kube-apiserver-etcd-client", "CN=etcd-client-ca", "", CLIENT),
        ("etc/kubernetes/pki/etcd/server.crt", "CN=demo-cp1", "CN=etcd-ca", ETCD, BOTH),
        ("etc/kubernetes/pki/etcd/peer.crt", "CN=demo-cp1", "CN=etcd-ca", ETCD, BOTH),
        ("etc/kubernetes/pki/etcd/healthcheck-client.crt", "CN=kube-etcd-healthcheck-client", "CN=etcd-ca", "", CLIENT),
        ("etc/kubernetes/admin.conf", "CN=kubernetes-admin,O=kubeadm:cluster-admins", "CN=kubernetes", "", CLIENT),
        ("etc/kubernetes/super-admin.conf", "CN=kubernetes-super-admin,O=system:masters", "CN=kubernetes", "", CLIENT),
        ("etc/kubernetes/controller-manager.conf", "CN=system:kube-controller-manager", "CN=kubernetes", "", CLIENT),
        ("etc/kubernetes/scheduler.conf", "CN=system:kube-scheduler", "CN=kubernetes", "", CLIENT),
        ("var/lib/kubelet/pki/kubelet-client-current.pem", "CN=system:node:demo-cp1,O=system:nodes", "CN=kubernetes", "", CLIENT),
        ("var/lib/kubelet/pki/kubelet.crt", "CN=demo-cp1@1767405600", "CN=demo-cp1-ca@1767405600", "DNS:demo-cp1", SERVER),
    ];
    let disk = Disk::make();
    for (place, subject, issuer, sans, usages) in wanted {
        let certificate = &disk.holder(place).certificate;
        assert_eq!(disk.name(certificate, "-subject"), subject, "{place}");
        assert_eq!(disk.name(certificate, "-issuer"), issuer, "{place}");
        assert_eq!(disk.extensions(certificate, "subjectAltName"), sans);
        assert_eq!(disk.extensions(certificate, "keyUsage,extendedKeyUsage,basicConstraints"), usages, "{place}");
    }
}

#[test]
fn whatever_a_static_pod_or_kubeconfig_names_is_there() {
    let disk = Disk::make();
    let mut named = 0;
    for (path, _) in &disk.modes {
        if !path.contains("manifests") && !path.ends_with("kubelet.conf") {
            continue;
        }
        for word in disk.read(path).split(['=', ' ', '\n']) {
            let folder = word.starts_with("/etc/kubernetes/") || word.starts_with("/var/lib/kubelet/");
            if folder {
                assert!(disk.root.path().join(&word[1..]).exists(), "{path}: {word}");
                named += 1;
            }
        }
    }
    assert!(named > 30, "{named}");
}

#[test]
fn only_certificates_may_be_read_by_others() {
    for (path, mode) in &Disk::make().modes {
        let wanted = if ending(path) == "crt" { 0o644 } else { 0o600 };
        assert_eq!(*mode, wanted, "{path}");
    }
}

#[test]
fn a_disk_takes_less_than_a_second() {
    let start = Instant::now();
    let files = disk(NOW).map(|files| files.len()).unwrap();
    assert_eq!(files, 2 * (3 + 8) + 4 + 3 + 2 + 4);
    assert!(start.elapsed().as_millis() < 1000);
}

#[test]
fn a_time_no_certificate_can_hold_is_refused() {
    for now in [i64::MIN, -1, 0, 315_532_799, 253_055_232_000, i64::MAX] {
        assert!(disk(now).is_err(), "{now}");
    }
    for now in [315_532_800, 253_055_231_999] {
        assert!(disk(now).is_ok(), "{now}");
    }
}

/// A disk written to a folder, and everything on it that holds a certificate with a key.
struct Disk {
    root: TempDir,
    scratch: TempDir,
    modes: Vec<(String, u32)>,
    holders: Vec<Holder>,
    /// The certificates of every authority that occurs anywhere on the disk.
    authorities: String,
    /// Their names and last days.
    ends: Vec<(String, i64)>,
}

struct Holder {
    place: String,
    certificate: String,
    key: String,
    /// What follows the certificate in its file, or stands beside it in a kubeconfig.
    authority: Option<String>,
}

impl Disk {
    fn make() -> Self {
        let mut made = Self {
            root: TempDir::new().unwrap(),
            scratch: TempDir::new().unwrap(),
            modes: Vec::new(),
            holders: Vec::new(),
            authorities: String::new(),
            ends: Vec::new(),
        };
        for file in disk(NOW).unwrap_or_else(|why| panic!("{why}")) {
            let path = made.root.path().join(&file.path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            match file.content {
                Content::File { bytes, mode } => {
                    fs::write(&path, bytes).unwrap();
                    fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
                    made.modes.push((file.path, mode));
                }
                Content::Symlink { target } => {
                    // Absolute on the node, hence taken from the folder of the disk here.
                    symlink(made.root.path().join(&target[1..]), &path).unwrap();
                    made.holders.extend(made.hold(&file.path));
                }
            }
        }
        let places: Vec<String> = made.modes.iter().map(|(path, _)| path.clone()).collect();
        for place in places {
            made.holders.extend(made.hold(&place));
        }
        let mut authorities = BTreeSet::new();
        for holder in &made.holders {
            let own = holder.place.ends_with("ca.crt");
            authorities.extend(own.then(|| holder.certificate.clone()));
            authorities.extend(holder.authority.clone());
        }
        made.ends = authorities.iter().map(|text| (made.name(text, "-subject"), made.date(text, "-enddate"))).collect();
        made.authorities = authorities.into_iter().collect();
        made
    }

    fn hold(&self, place: &str) -> Option<Holder> {
        let text = self.read(place);
        let embedded = |field: &str| {
            let value = text.split_once(field)?.1.lines().next()?;
            Some(String::from_utf8(STANDARD.decode(value.trim()).unwrap()).unwrap())
        };
        let (certificate, key, authority) = if ending(place) == "conf" {
            (
                embedded("client-certificate-data:")?,
                embedded("client-key-data:")?,
                embedded("certificate-authority-data:"),
            )
        } else if let Some(base) = place.strip_suffix(".crt") {
            const END: &str = "-----END CERTIFICATE-----\n";
            let (first, rest) = text.split_at(text.find(END)? + END.len());
            let rest = (!rest.is_empty()).then(|| rest.to_owned());
            (first.to_owned(), self.read(&format!("{base}.key")), rest)
        } else if place.ends_with("-current.pem") {
            (text.clone(), text, None)
        } else {
            return None;
        };
        Some(Holder { place: place.to_owned(), certificate, key, authority })
    }

    /// The codes of all that is wrong with a certificate, asked of openssl one by one.
    fn troubles(&self, holder: &Holder) -> Vec<&'static str> {
        let certificate = &holder.certificate;
        let from = self.date(certificate, "-startdate");
        let to = self.date(certificate, "-enddate");
        // Two authorities of one name are on the disk, and a root does not say by which key it is signed: openssl
        // would take the first of that name for its issuer. So a root is asked about alone.
        let root = self.name(certificate, "-subject") == self.name(certificate, "-issuer");
        let roots = if root { certificate } else { &self.authorities };
        let verdict = self.verify(certificate, roots);
        let public = self.openssl(&["x509", "-noout", "-pubkey"], certificate);

        let mut codes = Vec::new();
        let mut note = |wrong: bool, code| codes.extend(wrong.then_some(code));
        note(to <= NOW, "expired");
        note(to > NOW && to - NOW < 30 * DAY, "expiring");
        note(from > NOW, "not-yet-valid");
        note(verdict.contains("certificate signature failure"), "bad-signature");
        note(verdict.contains("unable to get local issuer"), "issuer-missing");
        note(public != self.openssl(&["pkey", "-pubout"], &holder.key), "key-differs");
        note(to > self.last_day_of_issuer(certificate), "outlives-issuer");
        if let (true, Some(bundle)) = (ending(&holder.place) == "conf", &holder.authority) {
            let server = &self.holder("etc/kubernetes/pki/apiserver.crt").certificate;
            note(!self.verify(server, bundle).contains("OK"), "kubeconfig-stale");
        }
        // Whatever else openssl has against it would be a trouble that is not listed.
        let known = ["OK", "certificate signature failure", "unable to get local issuer"];
        assert!(known.iter().any(|word| verdict.contains(word)), "{verdict}");
        codes
    }

    fn last_day_of_issuer(&self, certificate: &str) -> i64 {
        let issuer = self.name(certificate, "-issuer");
        let own = self.ends.iter().filter(|(name, _)| *name == issuer);
        own.map(|&(_, end)| end).max().unwrap_or(i64::MAX)
    }

    /// What openssl says of the chain, dates left aside.
    fn verify(&self, certificate: &str, authorities: &str) -> String {
        let bundle = self.scratch.path().join("authorities.pem");
        fs::write(&bundle, authorities).unwrap();
        let bundle = bundle.to_str().unwrap();
        self.openssl(&["verify", "-no_check_time", "-CAfile", bundle], certificate)
    }

    fn date(&self, certificate: &str, which: &str) -> i64 {
        let args = ["x509", "-noout", which, "-dateopt", "iso_8601"];
        let text = self.openssl(&args, certificate);
        let (_, date) = text.trim().split_once('=').unwrap();
        date.parse::<Timestamp>().unwrap().as_second()
    }

    fn name(&self, certificate: &str, which: &str) -> String {
        let args = ["x509", "-noout", which, "-nameopt", "RFC2253"];
        let text = self.openssl(&args, certificate);
        text.trim().split_once('=').unwrap().1.to_owned()
    }

    /// The values of the named extensions, each on one line of openssl's, joined by `|`.
    fn extensions(&self, certificate: &str, names: &str) -> String {
        let text = self.openssl(&["x509", "-noout", "-ext", names], certificate);
        let values = text.lines().filter(|line| line.starts_with("    "));
        values.map(str::trim).collect::<Vec<_>>().join("|")
    }

    fn holder(&self, place: &str) -> &Holder {
        let found = self.holders.iter().find(|holder| holder.place == place);
        found.unwrap_or_else(|| panic!("{place} is not on the disk"))
    }

    fn read(&self, path: &str) -> String {
        fs::read_to_string(self.root.path().join(path)).unwrap()
    }

    /// Runs openssl on a text; both of its streams are the answer, since `verify` complains on the second.
    fn openssl(&self, args: &[&str], text: &str) -> String {
        let input = self.scratch.path().join("input.pem");
        fs::write(&input, text).unwrap();
        run(args, &input)
    }
}

fn ending(path: &str) -> &str {
    path.rsplit_once('.').unwrap().1
}

fn run(args: &[&str], input: &Path) -> String {
    let mut command = Command::new("openssl");
    command.args(args);
    if args[0] != "verify" {
        command.arg("-in");
    }
    let output = command.arg(input).output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    String::from_utf8(text).unwrap()
}
