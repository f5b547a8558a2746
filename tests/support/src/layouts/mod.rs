//! Folders in the shape in which programs write a node's or an operator's disk, with their oddities. Made anew each time.

pub mod aks_engine;
pub mod aks_hybrid;
pub mod kubeadm;
pub mod kubespray;
pub mod microk8s;
pub mod rke1;
pub mod supervisor;
pub mod talos;

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, PKCS_ED25519, SerialNumber, SignatureAlgorithm,
};

/// Of leaves that say nothing else: those by which the servers of these disks are called.
const NAMES: [&str; 7] =
    ["n1", "x", "127.0.0.1", "10.0.0.1", "kubernetes", "kubernetes.default", "kubernetes.default.svc"];

/// A certificate and its key, PEM.
#[derive(Clone, Debug)]
pub struct Pair {
    pub certificate: String,
    pub key: String,
}

/// An authority of a test.
pub struct Authority {
    certified: CertifiedIssuer<'static, KeyPair>,
}

/// How an authority or a leaf is odd.
#[derive(Clone, Default)]
pub struct Oddity {
    /// Serial number 0.
    pub zero: bool,
    pub ed25519: bool,
    pub organisation: Option<&'static str>,
    /// No extended key usages.
    pub no_usages: bool,
    pub names: Vec<String>,
}

impl Authority {
    /// Its subject is empty where `cn` is.
    pub fn new(cn: &str, odd: &Oddity) -> Self {
        let mut params = params(cn, odd);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.not_after = rcgen::date_time_ymd(2055, 1, 1);
        let certified = CertifiedIssuer::self_signed(params, key(odd)).expect("an authority");
        Self { certified }
    }

    pub fn pair(&self) -> Pair {
        Pair { certificate: self.certified.pem(), key: self.certified.key().serialize_pem() }
    }

    pub fn certificate(&self) -> String {
        self.certified.pem()
    }

    pub fn sign(&self, cn: &str, odd: &Oddity) -> Pair {
        let names = if odd.names.is_empty() { NAMES.map(str::to_owned).to_vec() } else { odd.names.clone() };
        let mut params = params(cn, &Oddity { names, ..odd.clone() });
        params.is_ca = IsCa::ExplicitNoCa;
        if !odd.no_usages {
            params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        }
        params.use_authority_key_identifier_extension = true;
        let key = key(odd);
        let certificate = params.signed_by(&key, &self.certified).expect("a leaf");
        Pair { certificate: certificate.pem(), key: key.serialize_pem() }
    }
}

impl Pair {
    /// Leaf and authority in one file, as Rancher's programs write them.
    #[must_use]
    pub fn with(self, authority: &Authority) -> Self {
        Self { certificate: format!("{}{}", self.certificate, authority.certificate()), ..self }
    }
}

fn key(odd: &Oddity) -> KeyPair {
    let algorithm: &'static SignatureAlgorithm =
        if odd.ed25519 { &PKCS_ED25519 } else { &rcgen::PKCS_ECDSA_P256_SHA256 };
    KeyPair::generate_for(algorithm).expect("a key")
}

fn params(cn: &str, odd: &Oddity) -> CertificateParams {
    let mut params = CertificateParams::new(odd.names.clone()).expect("names");
    params.not_before = rcgen::date_time_ymd(2025, 1, 1);
    params.not_after = rcgen::date_time_ymd(2050, 1, 1);
    params.serial_number = odd.zero.then(|| SerialNumber::from_slice(&[0]));
    params.distinguished_name = DistinguishedName::new();
    if let Some(organisation) = odd.organisation {
        params.distinguished_name.push(DnType::OrganizationName, organisation);
    }
    if !cn.is_empty() {
        params.distinguished_name.push(DnType::CommonName, cn);
    }
    params
}

/// Signs itself.
pub fn alone(cn: &str) -> Pair {
    let key = KeyPair::generate().expect("a key");
    let certificate = params(cn, &Oddity::default()).self_signed(&key).expect("a certificate");
    Pair { certificate: certificate.pem(), key: key.serialize_pem() }
}

pub fn base64(text: &str) -> String {
    STANDARD.encode(text)
}

/// A folder that is filled.
#[derive(Clone, Debug)]
pub struct Disk {
    root: PathBuf,
}

impl Disk {
    pub fn new(root: &Path) -> Self {
        Self { root: root.to_path_buf() }
    }

    pub fn at(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }

    pub fn write(&self, path: &str, content: impl AsRef<[u8]>) {
        let path = self.at(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(&path, content).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        // As programs write what may hold a private key.
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("rights");
    }

    pub fn pair(&self, certificate: &str, key: &str, pair: &Pair) {
        self.write(certificate, &pair.certificate);
        self.write(key, &pair.key);
    }

    /// `FOLDER/NAME.crt` and `.key`.
    pub fn crt(&self, stem: &str, pair: &Pair) {
        self.pair(&format!("{stem}.crt"), &format!("{stem}.key"), pair);
    }

    /// `FOLDER/NAME.pem` and `NAME-key.pem`.
    pub fn pem(&self, stem: &str, pair: &Pair) {
        self.pair(&format!("{stem}.pem"), &format!("{stem}-key.pem"), pair);
    }

    pub fn link(&self, path: &str, target: &str) {
        let path = self.at(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        symlink(target, path).expect("a link");
    }

    /// What blocks, what loops, and a certificate whose name is no text.
    pub fn set_traps(&self, folder: &str, certificate: &str) {
        let folder = self.at(folder);
        let made = Command::new("mkfifo").arg(folder.join("fifo.crt")).status().expect("mkfifo (package coreutils)");
        assert!(made.success(), "a FIFO");
        symlink(".", folder.join("loop")).expect("a link");
        symlink("round", folder.join("round")).expect("a link");
        symlink("/nowhere/else", folder.join("dangling.crt")).expect("a link");
        fs::write(folder.join(OsStr::from_bytes(b"caf\xe9.crt")), certificate).expect("a file");
    }
}

/// One cluster, one user, both embedded.
pub fn kubeconfig(server: &str, authority: &str, user: &str, identity: &Pair) -> String {
    format!(
        "apiVersion: v1\nkind: Config\nclusters:\n- name: default\n  cluster:\n    server: {server}\n    \
         certificate-authority-data: {}\ncontexts:\n- name: default\n  context: {{cluster: default, user: {user}}}\n\
         current-context: default\nusers:\n- name: {user}\n  user:\n    client-certificate-data: {}\n    \
         client-key-data: {}\n",
        base64(authority),
        base64(&identity.certificate),
        base64(&identity.key)
    )
}

/// The same that names files.
pub fn kubeconfig_of_files(server: &str, authority: &str, certificate: &str, key: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Config\nclusters:\n- name: local\n  cluster:\n    server: {server}\n    \
         certificate-authority: {authority}\ncontexts:\n- name: Default\n  context: {{cluster: local, user: user}}\n\
         current-context: Default\nusers:\n- name: user\n  user:\n    client-certificate: {certificate}\n    \
         client-key: {key}\n"
    )
}
