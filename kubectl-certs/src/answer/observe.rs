//! One reading of the world for a plan: the inventory, and what the run has left on the nodes.

use std::collections::BTreeMap;

use async_trait::async_trait;
use futures::future::join_all;

use crate::access::Access;
use crate::access::nodes::{Fleet, Member, NodeError, NodeErrorKind, NodeOp, NodeReply, Staged};
use crate::error::Error;
use crate::execute::{self, Fresh, Observe};
use crate::formats::certificate;
use crate::model::{GapReason, Inventory, Location, Purpose};
use crate::plan::action::{Import, Issue};
use crate::plan::{Action, Condition, OnNode, Plan, Step, World, on_node};
use crate::sources::{self, Wanted, collect};
use crate::trust::TrustGraph;

pub(super) struct Observer<'a> {
    pub(super) access: &'a Access,
    pub(super) fleet: &'a Fleet,
}

#[async_trait]
impl Observe for Observer<'_> {
    async fn world(&self, run: &str, plan: &Plan) -> Result<World, Error> {
        let mut world = untrusting(whole(|| inventory(self.access, self.fleet.members())).await?);
        // Each node answers one question after the other, and all nodes do at the same time.
        let steps: Vec<&Step> = plan.steps().collect();
        for left in join_all(steps.iter().map(|step| self.left_by(run, step, &step.actions))).await {
            for left in left? {
                left.note(&mut world);
            }
        }
        world.trust = TrustGraph::build(&world.inventory);
        let gates = plan.phases.iter().flat_map(|phase| &phase.gate);
        let addresses: Vec<OnNode> = gates
            .filter_map(|condition| match condition {
                Condition::Presents { address, at } => Some(on_node(at, address)),
                _ => None,
            })
            .collect();
        self.presented(&mut world, &addresses).await;
        Ok(world)
    }

    async fn refresh(&self, world: &mut World, run: &str, step: &Step, what: Fresh<'_>) -> Result<(), Error> {
        let node = step.node.as_deref();
        if let Some(member) = self.fleet.member(node) {
            let disk = core::slice::from_ref(member);
            match what {
                Fresh::Left(_) => {}
                Fresh::Files => {
                    let wanted = Wanted::files(disk);
                    let part = whole(|| collect(self.access, &wanted)).await?;
                    require_answers(member, &part).await?;
                    replace_files(world, node, part);
                }
                Fresh::Node => {
                    let part = whole(|| inventory(self.access, disk)).await?;
                    require_answers(member, &part).await?;
                    replace(world, node, part);
                }
            }
        }
        let actions = match what {
            Fresh::Left(action) => core::slice::from_ref(action),
            Fresh::Files => &[],
            Fresh::Node => step.actions.as_slice(),
        };
        self.left_by(run, step, actions).await?.into_iter().for_each(|left| left.note(world));
        world.trust.update(&world.inventory);
        Ok(())
    }

    async fn presented(&self, world: &mut World, addresses: &[OnNode]) {
        let mut by_node: BTreeMap<&Option<String>, Vec<String>> = BTreeMap::new();
        for (node, address) in addresses {
            world.presented.remove(&(node.clone(), address.clone()));
            by_node.entry(node).or_default().push(address.clone());
        }
        let asked = by_node.into_iter().filter_map(|(name, addresses)| {
            let member = self.fleet.member(name.as_deref())?;
            // Who cannot be asked has shown nothing, and that is what a gate says.
            Some(async move { (name, sources::presented(&*member.node, addresses).await.unwrap_or_default()) })
        });
        for (name, seen) in join_all(asked).await {
            world.presented.extend(seen.into_iter().map(|(address, leaf)| ((name.clone(), address), leaf)));
        }
    }
}

/// What a run keeps for one action.
enum Left<'a> {
    Backup(&'a Location, String),
    Staged(&'a String, Staged),
    /// What is staged makes these of the files.
    Ours(Vec<(Location, String)>),
}

impl Observer<'_> {
    async fn left_by<'s>(&self, run: &str, step: &Step, actions: &'s [Action]) -> Result<Vec<Left<'s>>, Error> {
        let Ok(node) = self.fleet.node(step.node.as_deref()) else { return Ok(Vec::new()) };
        let run = || run.to_owned();
        let mut left = Vec::new();
        for action in actions {
            match action {
                Action::BackUp(back_up) => {
                    let path = back_up.at.path().unwrap_or_default().to_owned();
                    let op = NodeOp::BackedUp { run: run(), path };
                    if let Some(NodeReply::BackedUp(Some(digest))) = answered(node.run(op).await)? {
                        left.push(Left::Backup(&back_up.at, digest));
                    }
                }
                Action::Issue(Issue { step, .. }) | Action::Import(Import { step, .. }) => {
                    let op = NodeOp::Staged { run: run(), step: step.clone() };
                    if let Some(NodeReply::Staged(Some(staged))) = answered(node.run(op).await)? {
                        left.push(Left::Staged(step, staged));
                    }
                }
                Action::WriteIdentity(write) => {
                    let op = NodeOp::Installed { run: run(), step: write.step.clone(), store: write.store.clone() };
                    // Nothing staged or backed up yet: nothing of ours can be there.
                    if let Some(NodeReply::Installed(ours)) = answered(node.run(op).await)? {
                        let ours = ours.into_iter().map(|(path, digest)| (write.at.beside(&path), digest));
                        left.push(Left::Ours(ours.collect()));
                    }
                }
                Action::Remake(_) | Action::Restart(_) => {}
            }
        }
        Ok(left)
    }
}

/// What is not there is no error; a node that does not answer tells nothing about what is there.
fn answered(reply: Result<NodeReply, NodeError>) -> Result<Option<NodeReply>, Error> {
    match reply {
        Ok(reply) => Ok(Some(reply)),
        Err(error) => match error.kind {
            NodeErrorKind::Lost | NodeErrorKind::Unreachable | NodeErrorKind::PermissionDenied => {
                Err(execute::from_node(&error))
            }
            NodeErrorKind::NotFound | NodeErrorKind::Refused | NodeErrorKind::Failed => Ok(None),
        },
    }
}

/// A connection that ended in the middle is made anew for the next question: what it left unread is read once more.
async fn whole<F: Future<Output = Result<Inventory, Error>>>(read: impl Fn() -> F) -> Result<Inventory, Error> {
    let first = read().await?;
    if first.gaps.iter().any(|gap| gap.reason == GapReason::ReadFailed) { read().await } else { Ok(first) }
}

/// The readers take a node that does not answer for one that has nothing.
async fn require_answers(member: &Member, part: &Inventory) -> Result<(), Error> {
    let unread = part.gaps.iter().any(|gap| gap.reason == GapReason::ReadFailed);
    if unread || part.layouts.is_empty() {
        answered(member.node.run(NodeOp::Facts).await)?;
    }
    Ok(())
}

impl Left<'_> {
    fn note(self, world: &mut World) {
        match self {
            Self::Backup(at, digest) => {
                world.backups.insert(at.clone(), digest);
            }
            Self::Staged(step, staged) => {
                let parsed = staged.certificate.as_ref().and_then(|der| Some((certificate::parse(der).ok()?, der)));
                if let Some((parsed, der)) = &parsed {
                    // So that its signature is verified with the others.
                    world.inventory.der.insert(parsed.fingerprint.clone(), (*der).clone());
                    world.inventory.certificates.insert(parsed.fingerprint.clone(), parsed.clone());
                }
                let key = certificate::key_id(&staged.public_key);
                world.staged.insert(step.clone(), (key, parsed.map(|(parsed, _)| parsed)));
            }
            Self::Ours(files) => world.ours.extend(files),
        }
    }
}

/// All files of the layouts on these disks; a plan's own targets only choose among them.
pub(super) async fn inventory(access: &Access, members: &[Member]) -> Result<Inventory, Error> {
    collect(access, &Wanted::disks(members)).await
}

pub(super) fn of_inventory(inventory: Inventory) -> World {
    let trust = TrustGraph::build(&inventory);
    World { trust, ..untrusting(inventory) }
}

/// Signatures are what costs most of a reading: whoever has certificates to add verifies them all afterwards, once.
fn untrusting(inventory: Inventory) -> World {
    let mut world = World::default();
    note_uses(&mut world, &inventory);
    world.inventory = inventory;
    world
}

fn note_uses(world: &mut World, inventory: &Inventory) {
    for use_ in &inventory.uses {
        if let (Purpose::Serve { address: Some(address) }, Some(seen)) = (&use_.purpose, &use_.loaded.certificate) {
            world.presented.insert(on_node(&use_.place, address), seen.clone());
        }
        if let Some(started) = use_.loaded.started {
            world.started.insert(on_node(&use_.place, &use_.component), started);
        }
        if let (Some(file), Some(written)) = (use_.place.whole_file(), use_.loaded.written) {
            world.written.insert(file, written);
        }
    }
}

/// What was known of one node gives way to what was read there just now.
fn replace(world: &mut World, node: Option<&str>, part: Inventory) {
    let elsewhere = |at: &Location| at.node() != node;
    world.started.retain(|(name, _), _| name.as_deref() != node);
    world.written.retain(|at, _| elsewhere(at));
    world.presented.retain(|(name, _), _| name.as_deref() != node);
    note_uses(world, &part);
    world.inventory.uses.retain(|use_| elsewhere(&use_.place));
    world.inventory.uses.extend(part.uses.iter().cloned());
    replace_files(world, node, part);
}

/// The same of files alone: what was known of those who use them stays.
fn replace_files(world: &mut World, node: Option<&str>, part: Inventory) {
    let elsewhere = |at: &Location| at.node() != node;
    let inventory = &mut world.inventory;
    inventory.entries.retain(|entry| elsewhere(&entry.at));
    inventory.gaps.retain(|gap| elsewhere(&gap.at));
    inventory.layouts.retain(|found| found.node.as_deref() != node);
    for use_ in inventory.uses.iter_mut().filter(|use_| !elsewhere(&use_.place)) {
        let entry = part.entries.iter().find(|entry| entry.at == use_.place);
        use_.stored = entry.and_then(|entry| entry.certificates().first().cloned());
    }
    inventory.entries.extend(part.entries);
    inventory.entries.sort_by(|a, b| a.at.cmp(&b.at));
    inventory.gaps.extend(part.gaps);
    inventory.layouts.extend(part.layouts);
    // Kept of the others and of what was there before: who meets whom does not change within a run.
    inventory.edges.extend(part.edges);
    inventory.edges.sort();
    inventory.edges.dedup();
    inventory.certificates.extend(part.certificates);
    inventory.der.extend(part.der);
    inventory.read_at = part.read_at;
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use support::kubeadm::{KeyAlgorithm, Kubeadm};

    use super::*;
    use crate::access::nodes::{LocalNode, Node};
    use crate::access::state_dir::StateDir;
    use crate::plan::Undo;

    /// A node whose connection ends in the middle of so many readings.
    struct Stumbling {
        node: LocalNode,
        falls: AtomicUsize,
    }

    #[async_trait]
    impl Node for Stumbling {
        async fn run(&self, op: NodeOp) -> Result<NodeReply, NodeError> {
            let falls = |left: usize| left.checked_sub(1);
            if matches!(op, NodeOp::Walk { .. })
                && self.falls.fetch_update(Ordering::Relaxed, Ordering::Relaxed, falls).is_ok()
            {
                return Err(NodeError::new(NodeErrorKind::Lost, "the connection ended"));
            }
            self.node.run(op).await
        }
    }

    #[tokio::test]
    async fn what_one_ended_connection_left_unread_is_read_again() {
        let folder = tempfile::tempdir().expect("a folder");
        Kubeadm { key_algorithm: KeyAlgorithm::EcdsaP256, ..Kubeadm::new(6443) }.write(folder.path());
        let state = StateDir::at(folder.path().join("operator"));
        let access = Access { state, ..Access::system() };
        let fleet = |falls: usize| {
            let node = Stumbling { node: LocalNode::new(folder.path()), falls: AtomicUsize::new(falls) };
            let root = folder.path().to_string_lossy().into_owned();
            Fleet::new(vec![Member { name: Some("cp1".to_owned()), root, node: Arc::new(node), own: None }])
        };
        let step = Step {
            id: "it".to_owned(),
            node: Some("cp1".to_owned()),
            title: String::new(),
            actions: Vec::new(),
            expects: Vec::new(),
            undo: Undo::Nothing,
            impact: String::new(),
            pending_seconds: None,
        };
        let unread = |inventory: &Inventory| inventory.gaps.iter().any(|gap| gap.reason == GapReason::ReadFailed);
        assert!(unread(&inventory(&access, fleet(1).members()).await.expect("a reading")), "one reading is not enough");
        let whole = inventory(&access, fleet(0).members()).await.expect("a reading").entries;
        for what in [Fresh::Files, Fresh::Node] {
            let fleet = fleet(1);
            let mut world = World::default();
            let observer = Observer { access: &access, fleet: &fleet };
            observer.refresh(&mut world, "r1", &step, what).await.expect("read again");
            assert!(!unread(&world.inventory), "{what:?}: {:?}", world.inventory.gaps);
            assert_eq!(world.inventory.entries, whole, "{what:?}");
        }
    }
}
