//! How a good input becomes a bad one. Small numbers make small changes, so that a failure shrinks to what matters.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

#[derive(Clone, Debug)]
pub(crate) struct Spoiled {
    seed: Index,
    changes: Vec<Change>,
}

#[derive(Clone, Debug)]
enum Change {
    Byte(Index, u8),
    Bit(Index, u8),
    Cut(Index, u8),
    End(Index),
    Repeat(Index, u8, u8),
    Insert(Index, &'static [u8]),
    /// The rest of another seed from there on.
    Graft(Index, Index),
}

/// What means something to one reader or another.
const WORDS: &[&[u8]] = &[
    b"-----BEGIN CERTIFICATE-----\n",
    b"-----END CERTIFICATE-----\n",
    b"-----BEGIN ",
    b"-----",
    b"\r\n",
    b"\n",
    b"\r",
    b"\0",
    b"\xff\xfe",
    b"\xef\xbb\xbf",
    b"&a [*a,*a]",
    b"*a",
    b": ",
    b"- ",
    b"{",
    b"[",
    b"\"",
    b"|\n",
    b"!!binary ",
    b"---\n",
    b"<<: ",
    b"\\u0000",
    b"\xe2\x80\xae",
    b"1e999",
    b"-9223372036854775809",
    // Lengths in DER: none, as the next word says, all of memory.
    b"\x80",
    b"\x81\xff",
    b"\x84\xff\xff\xff\xff",
    b"\x88\xff\xff\xff\xff\xff\xff\xff\xff",
    b"\x30\x00",
    b"\x1f\xff\xff\xff\xff\x7f",
];

pub(crate) fn spoiled() -> impl Strategy<Value = Spoiled> {
    let index = any::<Index>;
    let change = prop_oneof![
        4 => (index(), any::<u8>()).prop_map(|(at, byte)| Change::Byte(at, byte)),
        4 => (index(), 0..8_u8).prop_map(|(at, bit)| Change::Bit(at, bit)),
        2 => (index(), any::<u8>()).prop_map(|(at, length)| Change::Cut(at, length)),
        1 => index().prop_map(Change::End),
        1 => (index(), any::<u8>(), any::<u8>()).prop_map(|(at, length, times)| Change::Repeat(at, length, times)),
        4 => (index(), select(WORDS)).prop_map(|(at, word)| Change::Insert(at, word)),
        1 => (index(), index()).prop_map(|(at, other)| Change::Graft(at, other)),
    ];
    (index(), vec(change, 0..6)).prop_map(|(seed, changes)| Spoiled { seed, changes })
}

impl Spoiled {
    pub(crate) fn bytes(&self, seeds: &[Vec<u8>]) -> Vec<u8> {
        let mut bytes = self.seed.get(seeds).clone();
        for change in &self.changes {
            change.apply(&mut bytes, seeds);
        }
        bytes
    }
}

impl Change {
    fn apply(&self, bytes: &mut Vec<u8>, seeds: &[Vec<u8>]) {
        // One place more than there are bytes: the end.
        let place = |at: &Index, bytes: &[u8]| at.index(bytes.len() + 1);
        match self {
            Self::Byte(at, byte) => {
                let at = place(at, bytes);
                bytes.get_mut(at).into_iter().for_each(|old| *old = *byte);
            }
            Self::Bit(at, bit) => {
                let at = place(at, bytes);
                bytes.get_mut(at).into_iter().for_each(|old| *old ^= 1 << bit);
            }
            Self::Cut(at, length) => {
                let at = place(at, bytes);
                let end = bytes.len().min(at + usize::from(*length));
                bytes.drain(at..end);
            }
            Self::End(at) => bytes.truncate(place(at, bytes)),
            Self::Repeat(at, length, times) => {
                let at = place(at, bytes);
                let piece = bytes[at..bytes.len().min(at + usize::from(*length))].repeat(usize::from(*times));
                bytes.splice(at..at, piece);
            }
            Self::Insert(at, word) => {
                let at = place(at, bytes);
                bytes.splice(at..at, word.iter().copied());
            }
            Self::Graft(at, other) => {
                let other = other.get(seeds);
                bytes.truncate(place(at, bytes));
                bytes.extend(&other[other.len().min(bytes.len())..]);
            }
        }
    }
}
