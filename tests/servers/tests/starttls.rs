//! STARTTLS with real servers: Exim, `slapd` and `postgres`. The openssl program is the other witness.
//!
//! They need root (each server becomes its own user) and the packages that are named where one is missing.

use std::fs::{self, Permissions};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use support::ports::Port;
use support::processes::Process;
use support::{helper, openssl, pem};
use tempfile::TempDir;

/// A folder that the users of the servers may enter, with a certificate of two (leaf and authority) and its key.
struct Material {
    folder: TempDir,
}

impl Material {
    fn new() -> Self {
        assert!(
            rustix::process::geteuid().is_root(),
            "these tests start servers that change their user, and need root"
        );
        let folder = tempfile::tempdir().expect("a folder");
        fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).expect("a folder that all may enter");
        let material = Self { folder };
        let file = |name: &str| material.path(name).display().to_string();
        let (ca, ca_key, leaf, key) = (file("ca.crt"), file("ca.key"), file("leaf.crt"), file("server.key"));
        let made = |more: &[&str]| {
            let usual = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30"];
            openssl::text(&[&usual, more].concat(), b"");
        };
        made(&["-subj", "/CN=ca", "-keyout", &ca_key, "-out", &ca, "-addext", "basicConstraints=critical,CA:TRUE"]);
        made(&["-subj", "/CN=server", "-keyout", &key, "-out", &leaf, "-CA", &ca, "-CAkey", &ca_key]);
        let chain = [fs::read(&leaf), fs::read(&ca)].map(|text| text.expect("made"));
        fs::write(file("server.crt"), chain.concat()).expect("written");
        material
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A folder, or a copy of the key, of this user's own.
    fn given_to(&self, user: &str, name: &str) -> PathBuf {
        let path = self.path(name);
        if name == "key" {
            fs::copy(self.path("server.key"), &path).expect("copied");
        } else {
            fs::create_dir(&path).expect("a folder");
        }
        let done = Command::new("chown").arg(user).arg(&path).status().expect("chown");
        assert!(done.success(), "chown {user}");
        path
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, text).expect("written");
        path
    }
}

fn needs(program: &Path, package: &str) {
    assert!(program.exists(), "{} is needed (package {package})", program.display());
}

fn start(command: &Command, log: &Path, port: &Port) -> Process {
    let process = Process::start(command, log, Duration::from_secs(3));
    let start = Instant::now();
    while TcpStream::connect(("127.0.0.1", port.number())).is_err() {
        assert!(!process.has_exited() && start.elapsed() < Duration::from_secs(60), "{}", process.log_tail(20));
        std::thread::sleep(Duration::from_millis(50));
    }
    process
}

fn exim(material: &Material, port: &Port, tls: bool) -> Process {
    let program = Path::new("/usr/sbin/exim4");
    needs(program, "exim4-daemon-light");
    let spool = material.given_to("Debian-exim", "spool");
    let key = material.given_to("Debian-exim", "key");
    let hosts = if tls { "*" } else { "" };
    let text = format!(
        "daemon_smtp_ports = {}\nlocal_interfaces = 127.0.0.1\nhost_lookup =\nkeep_environment =\n\
         tls_advertise_hosts = {hosts}\ntls_certificate = {}\ntls_privatekey = {}\n\
         spool_directory = {spool}\nlog_file_path = {spool}/%slog\npid_file_path = {spool}/pid\n\
         begin routers\nbegin transports\n",
        port.number(),
        material.path("server.crt").display(),
        key.display(),
        spool = spool.display(),
    );
    let mut command = Command::new(program);
    command.arg("-bdf").arg("-C").arg(material.write("exim.conf", &text));
    start(&command, &material.path("exim.log"), port)
}

fn slapd(material: &Material, port: &Port, tls: bool) -> Process {
    let program = Path::new("/usr/sbin/slapd");
    needs(program, "slapd");
    let files = format!(
        "TLSCertificateFile {}\nTLSCertificateKeyFile {}\nTLSCACertificateFile {}\n",
        material.path("leaf.crt").display(),
        material.path("server.key").display(),
        material.path("ca.crt").display(),
    );
    let text = format!("include /etc/ldap/schema/core.schema\n{}", if tls { &files } else { "" });
    let mut command = Command::new(program);
    command.args(["-d", "0", "-f"]).arg(material.write("slapd.conf", &text));
    command.args(["-h", &format!("ldap://127.0.0.1:{}", port.number())]);
    start(&command, &material.path("slapd.log"), port)
}

fn postgres(material: &Material, port: &Port, tls: bool) -> Process {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten();
    let newest = versions.filter_map(|entry| Some(entry.ok()?.path().join("bin"))).max();
    let programs = newest.unwrap_or_else(|| panic!("postgres is needed (package postgresql)"));
    let (home, key) = (material.given_to("postgres", "home"), material.given_to("postgres", "key"));
    let as_user = |program: &str| {
        let mut command = Command::new("setpriv");
        command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups"]).arg(programs.join(program));
        command.arg("-D").arg(home.join("data")).env("LC_ALL", "C");
        command
    };
    let made = as_user("initdb").arg("--no-sync").output().expect("initdb");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    fs::set_permissions(&key, Permissions::from_mode(0o600)).expect("a key for its owner");
    let mut command = as_user("postgres");
    let certificate = material.path("server.crt");
    for setting in [
        "listen_addresses=127.0.0.1".to_owned(),
        "unix_socket_directories=".to_owned(),
        format!("port={}", port.number()),
        format!("ssl={}", if tls { "on" } else { "off" }),
        format!("ssl_cert_file={}", certificate.display()),
        format!("ssl_key_file={}", key.display()),
    ] {
        command.arg("-c").arg(setting);
    }
    start(&command, &material.path("postgres.log"), port)
}

fn list(target: &str) -> Output {
    let mut command = Command::new(helper::built());
    command
        .args(["list", target, "-o", "json"])
        .env("KUBECONFIG", "/nowhere")
        .stdin(Stdio::null())
        .output()
        .expect("it runs")
}

/// Fingerprints of what openssl sees in the same place.
fn seen_by_openssl(protocol: &str, port: u16) -> Vec<String> {
    let place = format!("127.0.0.1:{port}");
    let output = Command::new("openssl")
        .args(["s_client", "-showcerts", "-starttls", protocol, "-connect", &place])
        .stdin(Stdio::null())
        .output()
        .expect("openssl");
    let blocks = pem::blocks(&output.stdout);
    blocks
        .iter()
        .filter(|block| block.label == "CERTIFICATE")
        .map(|block| openssl::x509(&block.text).fingerprint)
        .collect()
}

/// With TLS the same chain as openssl sees; without, words that say so.
fn is_seen(scheme: &str, protocol: &str, without: &str, serve: fn(&Material, &Port, bool) -> Process) {
    let (material, port) = (Material::new(), Port::take());
    let target = format!("{scheme}://127.0.0.1:{}", port.number());
    let server = serve(&material, &port, true);
    let output = list(&target);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let document: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let items = document["items"].as_array().expect("items");
    let seen: Vec<&str> = items.iter().filter_map(|item| item["fingerprint"].as_str()).collect();
    assert_eq!(seen, seen_by_openssl(protocol, port.number()));
    assert!(items[0]["target"].as_str().is_some_and(|at| at.starts_with(&target)), "{document}");
    drop(server);

    let (material, port) = (Material::new(), Port::take());
    let _server = serve(&material, &port, false);
    let output = list(&format!("{scheme}://127.0.0.1:{}", port.number()));
    let said = String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout);
    assert!(output.status.code() == Some(3) && said.contains(without), "{said}");
}

#[test]
fn mail() {
    is_seen("smtp", "smtp", "does not offer STARTTLS", exim);
}

#[test]
fn directory() {
    is_seen("ldap", "ldap", "does not offer StartTLS", slapd);
}

#[test]
fn database() {
    is_seen("postgres", "postgres", "does not offer TLS", postgres);
}
