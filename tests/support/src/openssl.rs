//! The openssl program as an independent witness of what certificates say.
//!
//! Runs the program for every answer and shares no code with what it judges.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::thread;

/// What `openssl x509` says about one certificate.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct X509 {
    /// RFC 2253 form: most specific part first, as in `CN=a,O=b`.
    pub subject: String,
    pub issuer: String,
    /// Upper-case hexadecimal.
    pub serial: String,
    /// `2026-01-31 12:00:00Z`.
    pub not_before: String,
    pub not_after: String,
    /// SHA-256 of the DER form, 64 lower-case hexadecimal digits.
    pub fingerprint: String,
    /// The text form of names, usages, basic constraints and key identifiers.
    pub extensions: String,
    /// PEM.
    pub public_key: String,
}

const EXTENSIONS: &str = "subjectAltName,keyUsage,extendedKeyUsage,basicConstraints,\
                          subjectKeyIdentifier,authorityKeyIdentifier";

/// Reads the first certificate of `pem`.
pub fn x509(pem: &[u8]) -> X509 {
    let text = text(
        &[
            "x509",
            "-noout",
            "-subject",
            "-issuer",
            "-serial",
            "-dates",
            "-fingerprint",
            "-sha256",
            "-nameopt",
            "RFC2253",
            "-dateopt",
            "iso_8601",
        ],
        pem,
    );
    let field = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name));
        let line = line.unwrap_or_else(|| panic!("no {name} in what openssl says: {text}"));
        line.trim().to_owned()
    };
    X509 {
        subject: field("subject="),
        issuer: field("issuer="),
        serial: field("serial="),
        not_before: field("notBefore="),
        not_after: field("notAfter="),
        fingerprint: field("sha256 Fingerprint=").replace(':', "").to_lowercase(),
        extensions: self::text(&["x509", "-noout", "-ext", EXTENSIONS], pem),
        public_key: self::text(&["x509", "-noout", "-pubkey"], pem),
    }
}

/// Every certificate in `file` (PEM, or a file with base64 of PEM inside such as a kubeconfig), in
/// order, each read by a run of its own.
pub fn certificates(file: &Path) -> Vec<X509> {
    let bytes = std::fs::read(file);
    let bytes = bytes.unwrap_or_else(|e| panic!("failed to read {}: {e}", file.display()));
    crate::pem::blocks(&bytes)
        .iter()
        .filter(|block| block.label.ends_with("CERTIFICATE"))
        .map(|block| x509(&block.text))
        .collect()
}

/// `openssl verify` of the first certificate of `pem` against exactly the authorities in `ca_file`,
/// optionally with intermediates; the error is what openssl said.
pub fn verify(pem: &[u8], ca_file: &Path, untrusted: Option<&Path>) -> Result<(), String> {
    let mut command = Command::new("openssl");
    command.args(["verify", "-no-CApath", "-no-CAstore", "-CAfile"]);
    command.arg(ca_file);
    if let Some(untrusted) = untrusted {
        command.arg("-untrusted").arg(untrusted);
    }
    let output = run(&mut command, pem);
    if output.status.success() { Ok(()) } else { Err(said(&output)) }
}

/// The public key (PEM) that belongs to the first private key of `pem`; equal to
/// [`X509::public_key`] if key and certificate are a pair.
pub fn public_key_of(pem: &[u8]) -> String {
    text(&["pkey", "-pubout"], pem)
}

/// SHA-256 (64 lower-case hexadecimal digits) of the certificate that `host`:`port` presents.
///
/// Also works where the server wants a client certificate: it has shown its own by then.
pub fn served_fingerprint(host: &str, port: u16) -> String {
    let mut command = Command::new("openssl");
    command.args(["s_client", "-connect", &format!("{host}:{port}")]);
    let output = run(&mut command, b"");
    let blocks = crate::pem::blocks(&output.stdout);
    let leaf = blocks.iter().find(|block| block.label == "CERTIFICATE");
    let leaf = leaf.unwrap_or_else(|| panic!("{host}:{port} presents none: {}", said(&output)));
    x509(&leaf.text).fingerprint
}

/// What openssl prints for `arguments` with `input` on its standard input.
pub fn text(arguments: &[&str], input: &[u8]) -> String {
    String::from_utf8_lossy(&bytes(arguments, input)).into_owned()
}

/// The same, as it came: DER and keystores.
pub fn bytes(arguments: &[&str], input: &[u8]) -> Vec<u8> {
    let output = run(Command::new("openssl").args(arguments), input);
    assert!(output.status.success(), "openssl {arguments:?}: {}", said(&output));
    output.stdout
}

fn run(command: &mut Command, input: &[u8]) -> Output {
    command.stdin(Stdio::piped());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the openssl program is needed (package openssl)");
    let mut pipe = child.stdin.take().expect("a pipe to openssl");
    thread::scope(|scope| {
        // openssl may answer before it has read everything, or end without reading.
        scope.spawn(move || drop(pipe.write_all(input)));
        child.wait_with_output().expect("openssl ends")
    })
}

fn said(output: &Output) -> String {
    format!("{}\n{}{}", output.status, String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}
