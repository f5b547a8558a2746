//! Distributions as pure tables: what lies where, who signs it, who loads it, how it takes effect. One file each.

mod kubeadm;
pub mod operator;
#[cfg(test)]
pub(crate) mod played;

use crate::model::{Purpose, TakesEffect};

/// In the order in which they are tried.
pub const ALL: &[&Layout] = &[&kubeadm::KUBEADM];

/// Those that disks are tried for.
pub fn all() -> Vec<&'static Layout> {
    #[cfg(test)]
    if let Some(layout) = played::layout() {
        return vec![layout];
    }
    ALL.to_vec()
}

#[derive(Debug)]
pub struct Layout {
    pub name: &'static str,
    /// Where its folder may lie below a root, the usual place first; the others are copies of the folder alone.
    pub bases: &'static [Base],
    pub authorities: &'static [Authority],
    pub leaves: &'static [Leaf],
    /// Name of the leaf that the API server presents.
    pub server: &'static str,
    pub uses: &'static [UseRow],
    /// Leaf, and the setting from which its names are taken when it is made anew and not renewed.
    pub names_from: &'static [(&'static str, &'static str)],
}

/// One way in which the files of a layout may be found below a root.
#[derive(Debug)]
pub struct Base {
    /// Folder that the table's paths are relative to, itself relative to the root.
    pub folder: &'static str,
    /// Relative to the folder: any of these tells that it is this layout.
    pub marks: &'static [&'static str],
    /// Folders to read, relative to the root.
    pub read: &'static [&'static str],
}

#[derive(Debug)]
pub struct Authority {
    pub name: &'static str,
    pub certificate: &'static str,
    pub key: &'static str,
}

#[derive(Clone, Copy, Debug)]
pub struct Leaf {
    pub name: &'static str,
    pub store: Store,
    /// Name of the authority that signs it.
    pub signer: &'static str,
    pub renewal: Renewal,
    pub kept_by: KeptBy,
}

/// Who put a leaf where it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeptBy {
    Cluster,
    /// It need not be there, and may hold identities of other clusters, which are none of this layout's.
    People,
}

/// Paths relative to the base; a leading `/` means relative to the root.
#[derive(Clone, Copy, Debug)]
pub enum Store {
    Pair {
        certificate: &'static str,
        key: &'static str,
    },
    /// Certificate and key in one PEM file.
    Combined(&'static str),
    Kubeconfig(&'static str),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Renewal {
    /// Ours to renew.
    ByAuthority,
    /// Its user renews it by itself when at most this share of its lifetime (percent) has passed.
    ByItself { percent: u8 },
}

/// Who loads what, and when. `leaf` is the name of a leaf or of an authority.
#[derive(Debug)]
pub struct UseRow {
    pub component: &'static str,
    pub purpose: PurposeRow,
    pub leaf: &'static str,
    /// The option of the component that names the file, without dashes; by it a running process is recognised. Empty
    /// where the component has one configuration on a machine and names the file there.
    pub flag: &'static str,
    pub takes_effect: TakesEffect,
}

#[derive(Clone, Copy, Debug)]
pub enum PurposeRow {
    Serve(Listen),
    ClientOf(&'static str),
    Trust(&'static str),
    Sign(&'static str),
}

/// How to learn the address of a server from its arguments.
#[derive(Clone, Copy, Debug)]
pub enum Listen {
    /// Options with the port and the address; the port to assume without them.
    Port { port: &'static str, address: &'static str, default: u16 },
    /// An option with a list of URLs.
    Urls(&'static str),
}

impl PurposeRow {
    pub fn purpose(self, address: Option<String>) -> Purpose {
        match self {
            Self::Serve(_) => Purpose::Serve { address },
            Self::ClientOf(server) => Purpose::ClientOf { server: server.to_owned() },
            Self::Trust(peers) => Purpose::Trust { peers: peers.to_owned() },
            Self::Sign(what) => Purpose::Sign { what: what.to_owned() },
        }
    }
}

impl Layout {
    pub fn named(name: &str) -> Option<&'static Self> {
        all().into_iter().find(|layout| layout.name == name)
    }

    pub fn leaf(&self, name: &str) -> Option<&Leaf> {
        self.leaves.iter().find(|leaf| leaf.name == name)
    }

    /// The files of a leaf or of an authority, as the table names them, the certificate's first.
    pub fn files(&self, name: &str) -> Vec<&'static str> {
        match (self.leaf(name).map(|leaf| leaf.store), self.authority(name)) {
            (Some(Store::Pair { certificate, key }), _) => vec![certificate, key],
            (Some(Store::Combined(path) | Store::Kubeconfig(path)), _) => vec![path],
            (None, Some(authority)) => vec![authority.certificate, authority.key],
            (None, None) => Vec::new(),
        }
    }

    /// Some component presents this leaf to its clients.
    pub fn serves(&self, leaf: &Leaf) -> bool {
        self.uses.iter().any(|row| row.leaf == leaf.name && matches!(row.purpose, PurposeRow::Serve(_)))
    }

    /// Leaves of people, which a cluster works without.
    pub fn of_people(&self) -> impl Iterator<Item = &Leaf> {
        self.leaves.iter().filter(|leaf| leaf.kept_by == KeptBy::People)
    }

    pub fn authority(&self, name: &str) -> Option<&Authority> {
        self.authorities.iter().find(|authority| authority.name == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_refers_to_rows_that_exist() {
        for layout in ALL {
            for leaf in layout.leaves {
                assert!(
                    leaf.signer.is_empty() || layout.authority(leaf.signer).is_some(),
                    "{}: signer of {}",
                    layout.name,
                    leaf.name
                );
            }
            for (leaf, _) in layout.names_from {
                assert!(layout.leaf(leaf).is_some_and(|leaf| layout.serves(leaf)), "{}: {leaf}", layout.name);
            }
            for row in layout.uses {
                let known = layout.leaf(row.leaf).is_some() || layout.authority(row.leaf).is_some();
                assert!(known, "{}: {} uses {}", layout.name, row.component, row.leaf);
            }
        }
    }
}
