//! Which layouts a disk has. One disk may have several, and each says by what it was recognised.

use std::collections::{BTreeMap, BTreeSet};

use super::join;
use crate::access::nodes::{Member, NodeError, NodeOp, NodeReply};
use crate::layouts::{self, Base, Layout};
use crate::model::FoundLayout;

pub(super) struct Detected {
    pub(super) layout: &'static Layout,
    pub(super) base: &'static Base,
    pub(super) found: FoundLayout,
    /// What to read of it; the last part may have a `*`.
    pub(super) reads: Vec<String>,
    /// Files that components are told to use, by component and option.
    pub(super) told: BTreeMap<(String, String), String>,
    /// Files beside those of the table, and the name of what they hold.
    pub(super) beside: Vec<Beside>,
}

/// A file that an option names while another one is where the table has it.
pub(super) struct Beside {
    pub(super) path: String,
    pub(super) key: Option<String>,
    pub(super) name: &'static str,
    /// Somebody verifies or identifies with it; who only signs with it is met by nobody.
    pub(super) is_met: bool,
}

impl Detected {
    fn new(layout: &'static Layout, base: &'static Base, mark: &str, member: &Member) -> Self {
        let found = FoundLayout {
            name: layout.name.to_owned(),
            node: member.name.clone(),
            root: member.root.clone(),
            base: join(&member.root, base.folder),
            why: format!("{mark} exists"),
            moved: BTreeMap::new(),
            renewed_by: layout.renewed_by.map(str::to_owned),
        };
        let reads = reads(base, &found);
        Self { layout, base, found, reads, told: BTreeMap::new(), beside: Vec::new() }
    }

    /// Its folder lies elsewhere.
    pub(super) fn rebase(&mut self, base: String, why: &str) {
        self.found.base = base;
        self.found.why = format!("{}, {why}", self.found.why);
        self.reads = reads(self.base, &self.found);
    }
}

fn reads(base: &Base, found: &FoundLayout) -> Vec<String> {
    base.read.iter().map(|read| if read.is_empty() { found.base.clone() } else { found.path(read) }).collect()
}

/// In the order of the table.
pub(super) async fn layouts(member: &Member) -> Result<Vec<Detected>, NodeError> {
    let all = layouts::all();
    let bases = || all.iter().flat_map(|layout| layout.bases);
    let path = |base: &Base, mark: &str| match mark.strip_prefix('/') {
        Some(absolute) => join(&member.root, absolute),
        None => join(&join(&member.root, base.folder), mark),
    };
    // One question for all of them: a node may be far away.
    let marks = bases().flat_map(|base| base.marks.iter().chain(base.unless).map(|mark| path(base, mark)));
    let paths: BTreeSet<String> = marks.collect();
    let NodeReply::Existing(there) = member.node.run(NodeOp::Exist { paths: paths.into_iter().collect() }).await?
    else {
        return Ok(Vec::new());
    };
    let there: BTreeSet<String> = there.into_iter().collect();
    let first =
        |base: &Base, marks: &[&str]| marks.iter().map(|mark| path(base, mark)).find(|path| there.contains(path));
    let of = |layout: &'static Layout| {
        layout.bases.iter().find_map(|base| {
            let mark = first(base, base.marks)?;
            first(base, base.unless).is_none().then(|| Detected::new(layout, base, &mark, member))
        })
    };
    Ok(all.into_iter().filter_map(of).collect())
}

/// Where else than in `/etc/kubernetes` was looked, for people.
pub(super) fn other_folders() -> String {
    let folders = layouts::ALL.iter().flat_map(|layout| layout.bases).map(|base| base.folder);
    let others: BTreeSet<&str> = folders.filter(|folder| !folder.is_empty() && !folder.starts_with("etc/k")).collect();
    others.iter().map(|folder| format!(", /{folder}")).collect()
}
