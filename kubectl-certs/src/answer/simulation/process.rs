//! What a process works with: read by the rules of the layout at its start, at each handshake, late or never again.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use super::shape::{is_identity, is_trust};
use crate::formats::{self, Content, certificate};
use crate::layouts::{Layout, Store, UseRow};
use crate::model::TakesEffect;

/// What was in the files of a use at one moment.
#[derive(Debug)]
pub(super) struct Material {
    /// As they were, key and all: by them a change is noticed.
    files: Vec<Option<Vec<u8>>>,
    /// The leaf, and whether its key belongs to it.
    pub(super) leaf: Option<Vec<u8>>,
    pub(super) whole: bool,
    /// Whom it trusts: a bundle's certificates, or a kubeconfig's.
    pub(super) trusts: Vec<Vec<u8>>,
}

#[derive(Clone, Debug)]
pub(super) struct Process {
    pub(super) component: &'static str,
    /// Unix milliseconds.
    pub(super) started: i64,
    /// What a look still shows of before, and how often.
    pub(super) shown: (i64, u32),
    /// It is not there until then.
    pub(super) back: Option<i64>,
    /// By the number of its row in the layout's table.
    pub(super) held: BTreeMap<usize, Held>,
}

#[derive(Clone, Debug)]
pub(super) struct Held {
    pub(super) material: Arc<Material>,
    /// Since when the files are others.
    differs: Option<i64>,
    looked: i64,
}

impl Process {
    /// None where nothing is that it could run with.
    pub(super) fn start(component: &'static str, layout: &'static Layout, root: &Path, now: i64) -> Option<Self> {
        let read = |row: &UseRow| row.component == component && (is_identity(row) || is_trust(row));
        let rows = layout.uses.iter().enumerate().filter(|(_, row)| read(row));
        let held = rows.filter_map(|(number, row)| {
            let material = Arc::new(Material::read(layout, row, root)?);
            Some((number, Held { material, differs: None, looked: now }))
        });
        let held: BTreeMap<usize, Held> = held.collect();
        let runs = held.keys().any(|number| is_identity(&layout.uses[*number]));
        runs.then_some(Self { component, started: now, shown: (now, 0), back: None, held })
    }

    pub(super) fn is_there(&self) -> bool {
        self.back.is_none()
    }

    /// Time has passed, or files were changed.
    pub(super) fn settle(&mut self, layout: &'static Layout, root: &Path, now: i64, lag: i64) {
        if self.back.is_some_and(|back| back <= now) {
            if let Some(anew) = Self::start(self.component, layout, root, now) {
                *self = anew;
            }
            return;
        }
        for (number, held) in &mut self.held {
            held.settle(layout, &layout.uses[*number], root, now, lag);
        }
    }
}

impl Held {
    fn settle(&mut self, layout: &Layout, row: &UseRow, root: &Path, now: i64, lag: i64) {
        let looked = std::mem::replace(&mut self.looked, now);
        if self.material.files == read_files(layout, row, root) {
            self.differs = None;
            return;
        }
        let differs = *self.differs.get_or_insert(now);
        let Some(found) = Material::read(layout, row, root) else { return };
        // Both halves of a pair, or the one of before: as kube-apiserver's and client-go's readers do.
        let takes = match row.takes_effect {
            TakesEffect::EachHandshake => true,
            TakesEffect::Watch => found.whole && now - differs >= lag,
            TakesEffect::Timer { seconds } => {
                let period = i64::from(seconds) * 1000;
                found.whole && now.div_euclid(period) > looked.div_euclid(period)
            }
            TakesEffect::Restart => false,
        };
        if takes {
            (self.material, self.differs) = (Arc::new(found), None);
        }
    }
}

impl Material {
    pub(super) fn read(layout: &Layout, row: &UseRow, root: &Path) -> Option<Self> {
        let files = read_files(layout, row, root);
        let mut content = formats::read(files.first()?.as_ref()?);
        let mut trusts = Vec::new();
        if let Some(view) = content.kubeconfig.take() {
            trusts = view
                .clusters
                .into_iter()
                .filter_map(|cluster| cluster.embedded)
                .flat_map(|ca| ca.certificates)
                .collect();
            content = view.users.into_iter().find_map(|user| user.embedded).unwrap_or_default();
        }
        if is_trust(row) {
            return Some(Self { files, leaf: None, whole: true, trusts: content.certificates });
        }
        let key = content.key.take().or_else(|| formats::read(files.get(1)?.as_ref()?).key).map(|key| key.public);
        let Content { certificates, .. } = content;
        let leaf = certificates.into_iter().next();
        let parsed = leaf.as_ref().and_then(|leaf| certificate::parse(leaf).ok());
        let whole = parsed.is_some_and(|leaf| Some(leaf.public_key) == key);
        Some(Self { files, leaf, whole, trusts })
    }

    /// Works with what lies there now.
    pub(super) fn is_as_stored(&self, layout: &Layout, row: &UseRow, root: &Path) -> bool {
        self.files == read_files(layout, row, root)
    }
}

/// The certificate's file first.
fn read_files(layout: &Layout, row: &UseRow, root: &Path) -> Vec<Option<Vec<u8>>> {
    let files = paths(layout, row.leaf);
    let files = if is_trust(row) { &files[..1] } else { &files[..] };
    files.iter().map(|path| std::fs::read(root.join(path.trim_start_matches('/'))).ok()).collect()
}

/// On a node's disk, with its leading slash; the certificate's file first.
pub(super) fn paths(layout: &Layout, leaf: &str) -> Vec<String> {
    let below = |path: &str| if path.starts_with('/') { path.to_owned() } else { format!("/etc/kubernetes/{path}") };
    match (layout.leaf(leaf).map(|leaf| leaf.store), layout.authority(leaf)) {
        (Some(Store::Pair { certificate, key }), _) => vec![below(certificate), below(key)],
        (Some(Store::Combined(path) | Store::Kubeconfig(path)), _) => vec![below(path)],
        (None, Some(authority)) => vec![below(authority.certificate), below(authority.key)],
        (Some(Store::NoUsualPlace), _) | (None, None) => Vec::new(),
    }
}
