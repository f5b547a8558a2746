//! Searches output, files and process listings for private keys and tokens that leaked, in whatever
//! form: raw, hexadecimal, lists of numbers, PEM, base64 of either, base64 of base64.
//!
//! Only secret parts are searched for (see `parts.rs`): a certificate or a modulus is no leak.

mod forms;
mod parts;

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::fs;
use std::path::Path;

use crate::pem;
use parts::Secret;

/// Every fragment of `WINDOW + STRIDE - 1` characters of a secret's form is found ...
const WINDOW: usize = 16;
/// ... because a text is compared at every place with windows that lie this far apart in the form.
const STRIDE: usize = 8;
const SLOT_BITS: u32 = 21;

/// What to search for.
#[derive(Clone, Debug, Default)]
pub struct Needles {
    windows: HashMap<[u8; WINDOW], Origin>,
    /// Whether some window may have this [`slot`]; spares most places in a text the costly lookup.
    filter: Vec<bool>,
    /// Names of what the needles come from; [`Origin`] points here.
    secrets: Vec<String>,
}

#[derive(Clone, Copy, Debug)]
struct Origin {
    secret: usize,
    form: &'static str,
}

/// One find. Never shows the secret itself.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Leak {
    /// The file and the part of the key, as in `etc/kubernetes/pki/ca.key: RSA prime p`.
    pub secret: String,
    pub form: &'static str,
    /// Where the first fragment begins; in text, spaces and line ends do not count.
    pub offset: usize,
}

impl Needles {
    /// The private keys and tokens of every file below `folder`: PEM of any private-key form, PEM
    /// inside base64 (client-key-data, Secrets), `token:` values.
    ///
    /// Panics if there is none, because the search would then prove nothing.
    pub fn below(folder: &Path) -> Self {
        let mut needles = Self::default();
        needles.add_below(folder, folder);
        assert!(!needles.windows.is_empty(), "no private key below {}", folder.display());
        needles
    }

    /// Adds the private keys and tokens that `bytes` holds; `name` is for the report.
    pub fn add(&mut self, name: &str, bytes: &[u8]) {
        for block in pem::blocks(bytes) {
            for secret in parts::of_pem(&block) {
                self.add_secret(name, &secret);
            }
        }
        for secret in parts::tokens(bytes) {
            self.add_secret(name, &secret);
        }
    }

    /// What of it is in `bytes`, each secret and form once.
    pub fn find_in(&self, bytes: &[u8]) -> Vec<Leak> {
        let mut leaks = Vec::new();
        let mut seen = HashSet::new();
        for bytes in [bytes, &forms::squeezed(bytes)] {
            for (offset, window) in bytes.windows(WINDOW).enumerate() {
                if self.filter.get(slot(window)) == Some(&true)
                    && let Some(origin) = self.windows.get(window)
                    && seen.insert((origin.secret, origin.form))
                {
                    leaks.push(Leak { secret: self.secrets[origin.secret].clone(), form: origin.form, offset });
                }
            }
        }
        leaks
    }

    /// Fails the test if anything is in `bytes`; `what` says what they are.
    pub fn assert_absent(&self, what: &str, bytes: &[u8]) {
        let leaks = self.find_in(bytes);
        let lines: Vec<String> = leaks.iter().map(ToString::to_string).collect();
        assert!(leaks.is_empty(), "{what} leaks:\n{}", lines.join("\n"));
    }

    fn add_below(&mut self, folder: &Path, top: &Path) {
        let entries = fs::read_dir(folder);
        let entries = entries.unwrap_or_else(|e| panic!("failed to list {}: {e}", folder.display()));
        for entry in entries {
            let path = entry.expect("an entry of a folder").path();
            // Not followed: what a symlink names is below the folder itself or not ours. Not
            // opened: whoever opens a FIFO waits for ever.
            let kind = fs::symlink_metadata(&path).expect("an entry that stays").file_type();
            if kind.is_dir() {
                self.add_below(&path, top);
            } else if kind.is_file() {
                let bytes = fs::read(&path);
                let bytes = bytes.unwrap_or_else(|e| panic!("failed to read {}: {e}", path.display()));
                let name = path.strip_prefix(top).unwrap_or(&path).display();
                self.add(&name.to_string(), &bytes);
            }
        }
    }

    fn add_secret(&mut self, name: &str, secret: &Secret) {
        let number = self.secrets.len();
        self.filter.resize(1 << SLOT_BITS, false);
        self.secrets.push(format!("{name}: {}", secret.name));
        for (form, bytes) in forms::of(secret) {
            for window in bytes.windows(WINDOW).step_by(STRIDE) {
                self.filter[slot(window)] = true;
                let window = window.try_into().expect("windows have this length");
                let origin = Origin { secret: number, form };
                self.windows.entry(window).or_insert(origin);
            }
        }
    }
}

/// A number below 2^[`SLOT_BITS`] made of the first half of `window` (Fibonacci hashing).
fn slot(window: &[u8]) -> usize {
    let half = u64::from_le_bytes(window[..8].try_into().expect("eight bytes"));
    let slot = half.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> (u64::BITS - SLOT_BITS);
    usize::try_from(slot).expect("few bits")
}

impl fmt::Display for Leak {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} as {} at {}", self.secret, self.form, self.offset)
    }
}
