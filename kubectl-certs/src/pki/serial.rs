//! Serial numbers. The only place of this room that draws random bytes itself.

use std::fmt;

/// A positive serial number of at most 20 octets (RFC 5280 4.1.2.2).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Serial {
    /// Big-endian, minimal, the highest bit clear: the content of a DER INTEGER.
    content: Vec<u8>,
}

/// The system's source of randomness failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("failed to draw random bytes")]
pub struct NoRandomness;

impl Serial {
    /// A random serial of 16 octets, 126 bits of them random. The CA/Browser Forum asks for 64
    /// bits, so that no two certificates of an authority collide and no one can prepare a
    /// collision.
    pub fn random() -> Result<Self, NoRandomness> {
        let mut content = vec![0; 16];
        aws_lc_rs::rand::fill(&mut content).map_err(|_| NoRandomness)?;
        // The sign bit clear: positive. The next bit set: minimal, whatever the others are.
        content[0] = content[0] & 0x7f | 0x40;
        Ok(Self { content })
    }

    /// The content of the DER INTEGER.
    pub fn as_bytes(&self) -> &[u8] {
        &self.content
    }
}

/// Hexadecimal, lower case, without separators.
impl fmt::Display for Serial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(&self.content))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn random_is_positive_minimal_and_new() {
        let serials: Vec<_> = (0..100).map(|_| Serial::random().unwrap()).collect();
        assert!(serials.iter().all(|it| it.as_bytes().len() == 16));
        assert!(serials.iter().all(|it| (0x40..0x80).contains(&it.as_bytes()[0])));
        let different: std::collections::HashSet<_> = serials.iter().collect();
        assert_eq!(different.len(), serials.len());
    }
}
