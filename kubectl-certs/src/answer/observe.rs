//! One reading of the world for a plan: the inventory, and what the run has left on the node.

use async_trait::async_trait;

use crate::access::Access;
use crate::access::nodes::{NodeOp, NodeReply};
use crate::access::tls;
use crate::error::Error;
use crate::execute::Observe;
use crate::formats::certificate;
use crate::model::{Inventory, Purpose, host_and_port};
use crate::plan::{Action, Condition, Plan, World};
use crate::request::Scope;
use crate::sources;
use crate::trust::TrustGraph;

pub(super) struct Observer<'a> {
    pub(super) access: &'a Access,
}

#[async_trait]
impl Observe for Observer<'_> {
    async fn world(&self, run: &str, plan: &Plan) -> Result<World, Error> {
        let inventory = inventory(self.access, &plan.root).await?;
        let mut world = untrusting(inventory);
        let node = self.access.nodes.at(&plan.root);
        for action in plan.steps().flat_map(|step| &step.actions) {
            match action {
                Action::BackUp(back_up) => {
                    let op = NodeOp::BackedUp { run: run.to_owned(), path: back_up.path.clone() };
                    if let Ok(NodeReply::BackedUp(Some(digest))) = node.run(op).await {
                        world.backups.insert(back_up.path.clone(), digest);
                    }
                }
                Action::Issue(issue) => {
                    let op = NodeOp::Staged { run: run.to_owned(), step: issue.step.clone() };
                    if let Ok(NodeReply::Staged(Some(staged))) = node.run(op).await {
                        let parsed =
                            staged.certificate.as_ref().and_then(|der| Some((certificate::parse(der).ok()?, der)));
                        if let Some((parsed, der)) = &parsed {
                            // So that its signature is verified with the others.
                            world.inventory.der.insert(parsed.fingerprint.clone(), (*der).clone());
                            world.inventory.certificates.insert(parsed.fingerprint.clone(), parsed.clone());
                        }
                        let key = certificate::key_id(&staged.public_key);
                        world.staged.insert(issue.step.clone(), (key, parsed.map(|(parsed, _)| parsed)));
                    }
                }
                Action::WriteIdentity(write) => {
                    let (run, step, store) = (run.to_owned(), write.step.clone(), write.store.clone());
                    // Nothing staged or backed up yet: nothing of ours can be there.
                    if let Ok(NodeReply::Installed(ours)) = node.run(NodeOp::Installed { run, step, store }).await {
                        world.ours.extend(ours);
                    }
                }
                Action::Restart(_) => {}
            }
        }
        world.trust = TrustGraph::build(&world.inventory);
        let addresses: Vec<&str> = plan
            .phases
            .iter()
            .flat_map(|phase| &phase.gate)
            .filter_map(|condition| match condition {
                Condition::Presents { address, .. } => Some(address.as_str()),
                _ => None,
            })
            .collect();
        self.presented(&mut world, &addresses).await;
        Ok(world)
    }

    async fn presented(&self, world: &mut World, addresses: &[&str]) {
        for address in addresses {
            world.presented.remove(*address);
            let Some((host, port)) = host_and_port(address) else { continue };
            if let Ok(chain) = tls::presented(&host, port).await
                && let Some(leaf) = chain.first()
            {
                world.presented.insert((*address).to_owned(), certificate::fingerprint(leaf));
            }
        }
    }
}

/// All files of the node's layout; a plan's own targets only choose among them.
pub(super) async fn inventory(access: &Access, root: &str) -> Result<Inventory, Error> {
    let scope = Scope { root: Some(root.to_owned()), ..Scope::default() };
    let wanted = sources::resolve(&scope, access).await?;
    sources::collect(access, &wanted).await
}

pub(super) fn of_inventory(inventory: Inventory) -> World {
    let trust = TrustGraph::build(&inventory);
    World { trust, ..untrusting(inventory) }
}

/// Signatures are what costs most of a reading: whoever has certificates to add verifies them all afterwards, once.
fn untrusting(inventory: Inventory) -> World {
    let mut world = World::default();
    for use_ in &inventory.uses {
        if let (Purpose::Serve { address: Some(address) }, Some(seen)) = (&use_.purpose, &use_.loaded.certificate) {
            world.presented.insert(address.clone(), seen.clone());
        }
        if let Some(started) = use_.loaded.started {
            world.started.insert(use_.component.clone(), started);
        }
        if let (Some(path), Some(written)) = (use_.place.path(), use_.loaded.written) {
            world.written.insert(path.to_owned(), written);
        }
    }
    world.inventory = inventory;
    world
}
