//! X.501 names as RFC 4514 text: last attribute first, as kubectl, Go and `openssl -nameopt RFC2253` print them.

use x509_parser::asn1_rs::{Any, Tag};
use x509_parser::prelude::FromDer;
use x509_parser::x509::X509Name;

/// Of DER; none where that is no name.
pub fn of_der(der: &[u8]) -> Option<String> {
    X509Name::from_der(der).ok().map(|(_, name)| text(&name))
}

pub(super) fn text(name: &X509Name<'_>) -> String {
    let mut parts: Vec<String> = name
        .iter_rdn()
        .map(|rdn| {
            let attributes: Vec<String> = rdn
                .iter()
                .map(|attribute| {
                    let value = value(attribute.attr_value());
                    // Nearly all have no others, and dotted numbers take long to make.
                    match attribute.attr_type().as_bytes() {
                        [0x55, 4, 3] => format!("CN={value}"),
                        [0x55, 4, 10] => format!("O={value}"),
                        _ => {
                            let oid = attribute.attr_type().to_id_string();
                            format!("{}={value}", short_name(&oid).unwrap_or(&oid))
                        }
                    }
                })
                .collect();
            attributes.join("+")
        })
        .collect();
    parts.reverse();
    parts.join(",")
}

/// The short names of RFC 4514 section 3, and those that openssl adds and that certificates of clusters contain.
fn short_name(oid: &str) -> Option<&'static str> {
    Some(match oid {
        "2.5.4.3" => "CN",
        "2.5.4.4" => "SN",
        "2.5.4.5" => "serialNumber",
        "2.5.4.6" => "C",
        "2.5.4.7" => "L",
        "2.5.4.8" => "ST",
        "2.5.4.9" => "street",
        "2.5.4.10" => "O",
        "2.5.4.11" => "OU",
        "2.5.4.12" => "title",
        "2.5.4.42" => "GN",
        "0.9.2342.19200300.100.1.1" => "UID",
        "0.9.2342.19200300.100.1.25" => "DC",
        "1.2.840.113549.1.9.1" => "emailAddress",
        _ => return None,
    })
}

fn value(any: &Any<'_>) -> String {
    let text = match any.tag() {
        Tag::Utf8String | Tag::PrintableString | Tag::Ia5String | Tag::NumericString | Tag::VisibleString => {
            String::from_utf8(any.data.to_vec()).ok()
        }
        // Nobody implements T.61; every reader takes it for Latin-1.
        Tag::T61String => Some(any.data.iter().map(|&byte| char::from(byte)).collect()),
        Tag::BmpString => {
            let units: Vec<u16> = any.data.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]])).collect();
            String::from_utf16(&units).ok()
        }
        _ => None,
    };
    match text {
        Some(text) => escape(&text),
        None => format!("#{}", hex::encode(any.data)),
    }
}

fn escape(text: &str) -> String {
    let last = text.chars().count().saturating_sub(1);
    let mut out = String::new();
    for (at, c) in text.chars().enumerate() {
        let special = matches!(c, ',' | '+' | '"' | '\\' | '<' | '>' | ';')
            || (at == 0 && matches!(c, ' ' | '#'))
            || (at == last && c == ' ');
        if special {
            out.push('\\');
        }
        out.push(c);
    }
    out
}
