//! Names of things by SHA-256: 32 bytes where they are kept, lower-case hex wherever they are shown or sent.

use core::fmt;
use core::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// SHA-256 of the certificate's DER: the fingerprint that other tools print too.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(into = "String", try_from = "String")]
#[schemars(with = "String")]
pub struct CertId(pub [u8; 32]);

/// SHA-256 of a `SubjectPublicKeyInfo`: equal for a certificate and its private key.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(into = "String", try_from = "String")]
#[schemars(with = "String")]
pub struct KeyId(pub [u8; 32]);

/// Stands for the DER bytes of a name: names are the same only byte for byte, as verifiers compare them.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NameKey(pub [u8; 32]);

#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is not a SHA-256 in hex")]
pub struct NotADigest(String);

macro_rules! shown_as_hex {
    ($name:ident) => {
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.short())
            }
        }

        impl $name {
            /// As much of it as tells it from others, for sentences.
            pub fn short(&self) -> String {
                hex::encode(&self.0[..6])
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                hex::encode(id.0)
            }
        }

        impl FromStr for $name {
            type Err = NotADigest;

            fn from_str(text: &str) -> Result<Self, NotADigest> {
                let mut bytes = [0; 32];
                hex::decode_to_slice(text, &mut bytes).map_err(|_| NotADigest(text.to_owned()))?;
                Ok(Self(bytes))
            }
        }

        impl TryFrom<String> for $name {
            type Error = NotADigest;

            fn try_from(text: String) -> Result<Self, NotADigest> {
                text.parse()
            }
        }
    };
}

shown_as_hex!(CertId);
shown_as_hex!(KeyId);
shown_as_hex!(NameKey);

#[cfg(test)]
mod tests {
    use super::{CertId, KeyId};

    #[test]
    fn the_wire_has_hex() {
        let id = CertId(core::array::from_fn(|at| u8::try_from(at * 8).expect("small")));
        let text = "0008101820283038404850586068707880889098a0a8b0b8c0c8d0d8e0e8f0f8";
        assert_eq!(id.to_string(), text);
        assert_eq!(id.short(), &text[..12]);
        assert_eq!(serde_json::to_string(&id).expect("JSON"), format!("\"{text}\""));
        assert_eq!(serde_json::from_str::<CertId>(&format!("\"{text}\"")).expect("JSON"), id);
        for bad in ["", "00", "xyz", &text[1..], &format!("{text}00"), "é"] {
            assert!(bad.parse::<KeyId>().is_err(), "{bad}");
        }
    }
}
