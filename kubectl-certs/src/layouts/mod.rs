//! Distributions as pure tables: what lies where, who signs it, who loads it, how it takes effect. One file each.

mod aks_engine;
mod aks_hybrid;
mod backups;
mod k3s_and_rke2;
mod kubeadm;
mod kubespray;
mod microk8s;
pub mod operator;
mod pattern;
#[cfg(test)]
pub(crate) mod played;
mod rke1;
mod rows;
mod talos;

pub use backups::is_backup;
pub use pattern::{captured, filled};

use crate::model::{Purpose, TakesEffect};

/// One disk may have several. The special ones come first: what they name, the general ones do not name again.
pub const ALL: &[&Layout] = &[
    &k3s_and_rke2::K3S,
    &k3s_and_rke2::RKE2,
    &rke1::RKE1,
    &microk8s::MICROK8S,
    &aks_engine::AKS_ENGINE,
    &talos::TALOS,
    &aks_hybrid::AKS_HYBRID,
    &kubespray::KUBESPRAY,
    &kubeadm::KUBEADM,
];

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
    /// Files that hold an authority once more, for those who verify with it.
    pub copies: &'static [Copied],
    pub leaves: &'static [Leaf],
    /// Where its material stands inside of structured files.
    pub fields: &'static [FieldRow],
    /// By which options its files lie elsewhere.
    pub moves: &'static [Move],
    /// Options beside those of `uses` that name files: component, option, and the name of a leaf or an authority.
    pub told: &'static [(&'static str, &'static str, &'static str)],
    /// Who renews its leaves, as what follows "NAME's leaves"; absent where this program can.
    pub renewed_by: Option<&'static str>,
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
    /// Relative to the folder, or with a leading `/` to the root: any of these tells that it is this layout.
    pub marks: &'static [&'static str],
    /// Written the same way: with any of these it is another one.
    pub unless: &'static [&'static str],
    /// What to read: `/` and below the root, else below the folder. A `*` in the last part means whatever is called so;
    /// nothing of it needs to exist.
    pub read: &'static [&'static str],
}

/// An authority's certificates in another file than its own.
#[derive(Debug)]
pub struct Copied {
    pub name: &'static str,
    /// Name of the authority.
    pub of: &'static str,
    pub path: &'static str,
}

/// Material inside of a structured file. A `*` stands for any text without `/`; the last one of `pointer` goes into `name`.
#[derive(Debug)]
pub struct FieldRow {
    /// As the file is called, without its folders.
    pub file: &'static str,
    /// A JSON Pointer to the certificates.
    pub pointer: &'static str,
    /// Of a leaf, an authority or a copy.
    pub name: &'static str,
}

/// What begins with `prefix` in the table lies below another folder, where an option of a component says so.
#[derive(Debug)]
pub struct Move {
    pub prefix: &'static str,
    pub component: &'static str,
    pub flag: &'static str,
    /// The option names this file in the folder; empty where it names the folder.
    pub file: &'static str,
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

/// Paths relative to the base; a leading `/` means relative to the root. A `*` stands for any text without `/`, the same in
/// the name and in all paths of a row.
#[derive(Clone, Copy, Debug)]
pub enum Store {
    Pair {
        certificate: &'static str,
        key: &'static str,
    },
    /// Certificate and key in one PEM file.
    Combined(&'static str),
    Kubeconfig(&'static str),
    /// In structured files (see `Layout::fields`), or where an option of a component says.
    NoUsualPlace,
}

impl Store {
    /// The file with the certificate, and that of the key where it is another one.
    pub fn paths(self) -> (Option<&'static str>, Option<&'static str>) {
        match self {
            Self::Pair { certificate, key } => (Some(certificate), Some(key)),
            Self::Combined(path) | Self::Kubeconfig(path) => (Some(path), None),
            Self::NoUsualPlace => (None, None),
        }
    }
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

/// The option that names the key, where another one names the certificate.
pub fn key_option(certificate: &str) -> Option<String> {
    match certificate {
        "tls-cert-file" => Some("tls-private-key-file".to_owned()),
        "kubelet-client-certificate" => Some("kubelet-client-key".to_owned()),
        other => other
            .strip_suffix("cert-file")
            .map(|rest| format!("{rest}key-file"))
            .or_else(|| other.strip_suffix("certfile").map(|rest| format!("{rest}keyfile"))),
    }
}

impl Layout {
    /// What components are told by options, and the name of it: those of `uses` and of `told`.
    pub fn options(&self) -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
        let of_uses = self.uses.iter().filter(|row| !row.flag.is_empty());
        of_uses.map(|row| (row.component, row.flag, row.leaf)).chain(self.told.iter().copied())
    }

    pub fn named(name: &str) -> Option<&'static Self> {
        all().into_iter().find(|layout| layout.name == name)
    }

    pub fn leaf(&self, name: &str) -> Option<&Leaf> {
        let exact = self.leaves.iter().find(|leaf| leaf.name == name);
        let of_pattern = || self.leaves.iter().find(|leaf| captured(leaf.name, name).is_some());
        exact.or_else(|| if self.authority(name).is_none() { of_pattern() } else { None })
    }

    /// Is this what the table calls something?
    pub fn knows(&self, name: &str) -> bool {
        self.leaf(name).is_some() || self.authority(name).is_some() || self.copy(name).is_some()
    }

    /// What holds an authority once more, by the name of the copy.
    pub fn copy(&self, name: &str) -> Option<&Copied> {
        self.copies.iter().find(|copy| copy.name == name || captured(copy.name, name).is_some())
    }

    /// The files of a leaf or of an authority, as the table names them, the certificate's first.
    pub fn files(&self, name: &str) -> Vec<String> {
        if let Some(leaf) = self.leaf(name) {
            let star = captured(leaf.name, name).unwrap_or_default();
            let (certificate, key) = leaf.store.paths();
            return [certificate, key].into_iter().flatten().map(|path| filled(path, star)).collect();
        }
        let own = self.authority(name).map(|authority| [authority.certificate, authority.key]);
        let copied = self.copy(name).map(|copy| [copy.path, ""]);
        own.or(copied).into_iter().flatten().filter(|path| !path.is_empty()).map(str::to_owned).collect()
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
    fn no_two_rows_of_a_layout_have_one_name_or_one_file() {
        for layout in ALL {
            let mut names: Vec<&str> = layout.leaves.iter().map(|leaf| leaf.name).collect();
            names.extend(layout.authorities.iter().map(|authority| authority.name));
            names.extend(layout.copies.iter().map(|copy| copy.name));
            let mut files: Vec<String> =
                names.iter().filter_map(|name| layout.files(name).into_iter().next()).collect();
            for list in [&mut names.iter().map(ToString::to_string).collect(), &mut files] {
                let whole = list.len();
                list.sort();
                list.dedup();
                assert_eq!(list.len(), whole, "{}: {list:?}", layout.name);
            }
        }
    }

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
            let of = layout.copies.iter().map(|copy| copy.of).chain(layout.told.iter().map(|told| told.2));
            // `*` alone is whatever the file calls it.
            let fields = layout.fields.iter().map(|field| field.name).filter(|name| *name != "*");
            for name in of.chain(fields) {
                assert!(layout.knows(name), "{}: {name}", layout.name);
            }
            for (leaf, _) in layout.names_from {
                assert!(layout.leaf(leaf).is_some_and(|leaf| layout.serves(leaf)), "{}: {leaf}", layout.name);
            }
            for row in layout.uses {
                assert!(layout.knows(row.leaf), "{}: {} uses {}", layout.name, row.component, row.leaf);
            }
        }
    }
}
