//! A throw-away control-plane disk with a dozen of the usual certificate troubles in it, to try every other command on.
//!
//! Here: what the disk is made of, and [`disk`], which makes it. The shape is what kubeadm v1.36 and its kubelet
//! write on the first control-plane node, down to the static pods; `node` is the table of what lies where and what is
//! wrong with it. Nothing here touches a file or asks the time: the caller gives the time and writes the files.

mod issue;
mod kubeconfig;
mod node;
mod pem;
mod place;
mod troubles;

#[cfg(all(test, unix))]
mod tests;

use zeroize::Zeroizing;

pub use troubles::{TROUBLES, Trouble};

/// One file of the disk.
pub struct DemoFile {
    /// Relative to the folder the disk is made in, for example `etc/kubernetes/pki/ca.crt`; folders are not listed.
    pub path: String,
    pub content: Content,
}

pub enum Content {
    File {
        bytes: Zeroizing<Vec<u8>>,
        mode: u32,
    },
    /// The target is absolute, as the kubelet writes it: a reader has to take it from the folder of the disk.
    Symlink {
        target: String,
    },
}

/// The disk was not made. It has one cause a caller can do something about: a time no certificate can hold.
#[derive(Debug, thiserror::Error)]
#[error("failed to make {what} of the demo disk: {why}")]
pub struct DemoError {
    what: String,
    why: String,
}

/// Every file of the disk, as it would be found at `now` (Unix seconds).
///
/// All keys are new on each call.
///
/// # Errors
/// `now` lies outside 1980 to 9988, or the system gave no randomness for a key.
pub fn disk(now: i64) -> Result<Vec<DemoFile>, DemoError> {
    if !NOW.contains(&now) {
        return Err(DemoError::new(
            "the dates",
            &format!("seen the time {now}, wanted Unix seconds of a year from 1980 to 9988"),
        ));
    }
    let authorities = issue::authorities(node::AUTHORITIES, now)?;

    let mut files = Vec::new();
    for authority in &authorities {
        files.extend(place::authority(authority)?);
    }
    for leaf in node::LEAVES {
        files.extend(place::leaf(leaf, &authorities, now)?);
    }
    files.extend(place::service_account_keys()?);
    files.extend(node::MANIFESTS.map(place::manifest));
    Ok(files)
}

/// X.509 ends with the year 9999; ten years at both ends leave room for every row of the table.
const NOW: std::ops::Range<i64> = 315_532_800..253_055_232_000;

impl DemoError {
    fn new(what: &str, why: &dyn ToString) -> Self {
        Self { what: what.to_owned(), why: why.to_string() }
    }
}
