//! Who may read a file.

use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rights {
    /// The bits of its permissions.
    pub mode: u32,
    pub owner: u32,
    pub group: u32,
    /// The file's group may read it and come by the folders above it.
    pub by_group: bool,
    pub by_everybody: bool,
}
