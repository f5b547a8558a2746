//! Keystores as openssl and cert-manager write them.

use crate::openssl;

/// `text`: PEM of the key, its certificate, then its chain.
pub fn pkcs12(text: &str, password: &str, more: &[&str]) -> Vec<u8> {
    let out = format!("pass:{password}");
    let arguments = ["pkcs12", "-export", "-name", "it", "-passout", &out];
    openssl::bytes(&[&arguments[..], more].concat(), text.as_bytes())
}

/// As cert-manager's controller writes it: the chain as `certificate`, the authority as `ca`. Key protection and integrity
/// as `sun.security.provider` defines them, computed by openssl. All in PEM.
pub fn jks((certificate, key): (&str, &str), authority: &str, password: &str) -> Vec<u8> {
    let key = openssl::bytes(&["pkcs8", "-topk8", "-nocrypt", "-outform", "DER"], key.as_bytes());
    let sha1 = |parts: &[&[u8]]| openssl::bytes(&["dgst", "-sha1", "-binary"], &parts.concat());
    let password: Vec<u8> = password.encode_utf16().flat_map(u16::to_be_bytes).collect();
    let salt = [7_u8; 20].to_vec();
    let (mut block, mut protected) = (salt.clone(), salt);
    for part in key.chunks(20) {
        block = sha1(&[&password[..], &block]);
        protected.extend(part.iter().zip(&block).map(|(byte, key)| byte ^ key));
    }
    protected.extend(sha1(&[&password[..], &key]));
    let length = |bytes: &[u8]| u32::try_from(bytes.len()).expect("short").to_be_bytes().to_vec();
    let sequence = |tag: u8, inside: &[u8]| {
        let length = u16::try_from(inside.len()).expect("short").to_be_bytes();
        [&[tag, 0x82], &length[..], inside].concat()
    };
    // 1.3.6.1.4.1.42.2.17.1.1 with NULL.
    let algorithm = b"\x30\x0e\x06\x0a\x2b\x06\x01\x04\x01\x2a\x02\x11\x01\x01\x05\x00";
    let key = sequence(0x30, &[&algorithm[..], &sequence(4, &protected)].concat());
    let text = |text: &str| [&u16::try_from(text.len()).expect("short").to_be_bytes()[..], text.as_bytes()].concat();
    let entry = |pem: &str| {
        let der = openssl::bytes(&["x509", "-outform", "DER"], pem.as_bytes());
        [text("X.509"), length(&der), der].concat()
    };
    let content = [
        b"\xFE\xED\xFE\xED\0\0\0\x02\0\0\0\x02".to_vec(),
        [&1_u32.to_be_bytes()[..], &text("certificate"), &[0; 8], &length(&key), &key].concat(),
        [&1_u32.to_be_bytes()[..], &entry(certificate)].concat(),
        [&2_u32.to_be_bytes()[..], &text("ca"), &[0; 8], &entry(authority)].concat(),
    ]
    .concat();
    let sum = sha1(&[&password[..], b"Mighty Aphrodite", &content]);
    [content, sum].concat()
}
