//! `list -o prometheus`: Prometheus' text format, with the names and labels of x509-certificate-exporter (version 4,
//! `docs/metrics.md`), for its dashboards and alerts; a file of it is for the textfile collector of Prometheus' node exporter.
//!
//! One label is ours: `target`, the place as every command takes it, so that no two series are the same.

use std::io::{self, Write};
use std::path::Path;

use crate::model::{BundleKind, Certificate, Gap, KubeconfigField, Location, Place, Pointer, Time};
use crate::report::Listing;

struct Metric {
    name: &'static str,
    help: &'static str,
    value: fn(&Certificate, Time) -> i64,
}

const METRICS: [Metric; 5] = [
    Metric {
        name: "x509_cert_not_before",
        help: "When the certificate begins to be valid, in seconds since 1970.",
        value: |certificate, _| certificate.not_before.unix(),
    },
    Metric {
        name: "x509_cert_not_after",
        help: "When the certificate ends, in seconds since 1970.",
        value: |certificate, _| certificate.not_after.unix(),
    },
    Metric {
        name: "x509_cert_expired",
        help: "1 if the certificate has ended, else 0.",
        value: |certificate, now| i64::from(certificate.is_expired(now)),
    },
    Metric {
        name: "x509_cert_expires_in_seconds",
        help: "Seconds until the certificate ends; negative if it has.",
        value: |certificate, now| certificate.not_after.since(now).0,
    },
    Metric {
        name: "x509_cert_valid_since_seconds",
        help: "Seconds since the certificate began to be valid; negative if it has not.",
        value: |certificate, now| now.since(certificate.not_before).0,
    },
];

pub(super) fn write(listing: &Listing, out: &mut dyn Write) -> io::Result<()> {
    for metric in &METRICS {
        begin(out, metric.name, metric.help)?;
        for row in listing.rows() {
            let labels = Labels::of(&row.entry.at).and(&row.certificate).with("target", &row.target.to_string());
            writeln!(out, "{}{labels} {}", metric.name, (metric.value)(&row.certificate, listing.now))?;
        }
    }
    begin(out, "x509_cert_error", "1 for each place that could not be read.")?;
    // Several gaps of one place are one series.
    let mut places: Vec<&Location> = listing.gaps.iter().map(|Gap { at, .. }| at).collect();
    places.sort();
    places.dedup();
    places
        .into_iter()
        .try_for_each(|at| writeln!(out, "x509_cert_error{} 1", Labels::of(at).with("target", &at.to_string())))
}

fn begin(out: &mut dyn Write, name: &str, help: &str) -> io::Result<()> {
    writeln!(out, "# HELP {name} {help}\n# TYPE {name} gauge")
}

/// Those of every series, also where they are empty, so that sums over all kinds of places are right.
struct Labels(Vec<(&'static str, String)>);

const PLACES: [&str; 13] = [
    "filename",
    "filepath",
    "embedded_kind",
    "embedded_key",
    "secret_namespace",
    "secret_name",
    "secret_key",
    "configmap_namespace",
    "configmap_name",
    "configmap_key",
    "cabundle_resource_kind",
    "cabundle_resource_name",
    "cabundle_entry",
];

impl Labels {
    fn of(at: &Location) -> Self {
        let mut labels = Self(PLACES.iter().map(|name| (*name, String::new())).collect());
        let mut set = |name: &str, value: &str| {
            if let Some((_, own)) = labels.0.iter_mut().find(|(own, _)| *own == name) {
                value.clone_into(own);
            }
        };
        let file = |path: &str| Path::new(path).file_name().unwrap_or_default().to_string_lossy().into_owned();
        match at.place.whole() {
            Place::File { path, .. } | Place::Kubeconfig { path, .. } => {
                set("filename", &file(path));
                set("filepath", path);
            }
            Place::Secret { namespace, name, key } => {
                set("secret_namespace", namespace);
                set("secret_name", name);
                set("secret_key", key);
            }
            Place::ConfigMap { namespace, name, key } => {
                set("configmap_namespace", namespace);
                set("configmap_name", name);
                set("configmap_key", key);
            }
            Place::CaBundle { kind, name, field } => {
                set("cabundle_resource_kind", kind_of(*kind));
                set("cabundle_resource_name", name);
                set("cabundle_entry", field);
            }
            _ => {}
        }
        let field = match &at.place {
            Place::Kubeconfig { field, .. } | Place::Field { pointer: Pointer::Kubeconfig(field), .. } => Some(field),
            _ => None,
        };
        if let Some(field) = field {
            let (kind, key) = match field {
                KubeconfigField::Cluster(name) => ("cluster", name),
                KubeconfigField::User(name) => ("user", name),
            };
            set("embedded_kind", kind);
            set("embedded_key", key);
        }
        labels
    }

    fn and(mut self, certificate: &Certificate) -> Self {
        self.0.push(("serial_number", decimal(&certificate.serial)));
        let names = [
            ("issuer_C", "C", &*certificate.issuer),
            ("issuer_ST", "ST", &*certificate.issuer),
            ("issuer_L", "L", &*certificate.issuer),
            ("issuer_O", "O", &*certificate.issuer),
            ("issuer_OU", "OU", &*certificate.issuer),
            ("issuer_CN", "CN", &*certificate.issuer),
            ("subject_C", "C", &*certificate.subject),
            ("subject_ST", "ST", &*certificate.subject),
            ("subject_L", "L", &*certificate.subject),
            ("subject_O", "O", &*certificate.subject),
            ("subject_OU", "OU", &*certificate.subject),
            ("subject_CN", "CN", &*certificate.subject),
        ];
        self.0.extend(names.map(|(label, kind, name)| (label, attribute(name, kind))));
        self
    }

    fn with(mut self, name: &'static str, value: &str) -> Self {
        self.0.push((name, value.to_owned()));
        self
    }
}

impl core::fmt::Display for Labels {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        for (number, (name, value)) in self.0.iter().enumerate() {
            let before = if number == 0 { '{' } else { ',' };
            let value = value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
            write!(f, "{before}{name}=\"{value}\"")?;
        }
        f.write_str("}")
    }
}

fn kind_of(kind: BundleKind) -> &'static str {
    match kind {
        BundleKind::ApiService => "APIService",
        BundleKind::Conversion => "CustomResourceDefinition",
        BundleKind::MutatingWebhook => "MutatingWebhookConfiguration",
        BundleKind::ValidatingWebhook => "ValidatingWebhookConfiguration",
    }
}

/// The first of this kind in a name as RFC 4514 writes it, where the most significant stands last.
fn attribute(name: &str, kind: &str) -> String {
    let mut parts = vec![String::new()];
    let mut rest = name.chars();
    while let Some(c) = rest.next() {
        match c {
            ',' | '+' => parts.push(String::new()),
            '\\' => parts.last_mut().into_iter().for_each(|part| part.extend(rest.next())),
            c => parts.last_mut().into_iter().for_each(|part| part.push(c)),
        }
    }
    let value = |part: &String| Some(part.strip_prefix(kind)?.strip_prefix('=')?.to_owned());
    parts.iter().rev().find_map(value).unwrap_or_default()
}

/// Of a number in hexadecimal digits, with a sign before it or none.
fn decimal(hexadecimal: &str) -> String {
    let (sign, digits) = match hexadecimal.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", hexadecimal),
    };
    // The least significant first.
    let mut out: Vec<u32> = vec![0];
    for digit in digits.chars().filter_map(|digit| digit.to_digit(16)) {
        let mut carry = digit;
        for place in &mut out {
            let sum = *place * 16 + carry;
            (*place, carry) = (sum % 10, sum / 10);
        }
        while carry > 0 {
            out.push(carry % 10);
            carry /= 10;
        }
    }
    let digits: String = out.iter().rev().filter_map(|digit| char::from_digit(*digit, 10)).collect();
    format!("{sign}{digits}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn serials_are_decimal() {
        for (hexadecimal, wanted) in
            [("00", "0"), ("FF", "255"), ("-0A", "-10"), ("0123456789ABCDEF0123", "5373003642731685151011")]
        {
            assert_eq!(decimal(hexadecimal), wanted);
        }
    }

    #[test]
    fn names_are_taken_apart() {
        let name = "CN=it\\, them,OU=b,OU=a+O=x\\\\y";
        for (kind, wanted) in [("CN", "it, them"), ("OU", "a"), ("O", "x\\y"), ("C", "")] {
            assert_eq!(attribute(name, kind), wanted);
        }
    }
}
