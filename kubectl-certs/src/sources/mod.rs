//! The readers, one row each. What one of them cannot read becomes a gap; nothing one of them meets stops the others.

mod ca_bundles;
mod cert_manager;
mod config_maps;
mod consumers;
mod endpoints;
mod gather;
mod kubeconfigs;
mod listing;
mod node_files;
mod refused_scopes;
mod secrets;
mod signing_requests;
mod standard_input;
pub mod target;
mod wanted;
mod within;

use futures::future::{BoxFuture, join_all};

pub use gather::key_names;
pub use node_files::presented;
pub use refused_scopes::require_sound;
pub use wanted::{Wanted, require_folder, resolve, targets};

use crate::access::Access;
use crate::access::cluster::Cluster;
use crate::error::Error;
use crate::model::{Inventory, Location, Place};

/// One kind of place that certificates are read from.
pub struct Source {
    pub name: &'static str,
    /// Was this asked for?
    pub wanted: fn(&Wanted) -> bool,
    pub read: for<'a> fn(&'a Reading<'a>) -> BoxFuture<'a, Inventory>,
}

pub const ALL: &[Source] = &[
    node_files::SOURCE,
    kubeconfigs::SOURCE,
    endpoints::SOURCE,
    secrets::SOURCE,
    config_maps::SOURCE,
    ca_bundles::SOURCE,
    signing_requests::SOURCE,
    cert_manager::SOURCE,
    standard_input::SOURCE,
];

/// What a reader may use.
pub struct Reading<'a> {
    pub access: &'a Access,
    pub wanted: &'a Wanted,
    /// Present when anything of the cluster is wanted and it answers.
    pub cluster: Option<&'a Cluster>,
    /// DER of what the API server showed to whoever asked that, the leaf first; empty where nobody did.
    pub presented: Vec<Vec<u8>>,
}

/// Reads all that is wanted, side by side.
pub async fn collect(access: &Access, wanted: &Wanted) -> Result<Inventory, Error> {
    let gaps = wanted.gaps.clone();
    let mut inventory = Inventory { read_at: access.clock.now(), gaps, ..Inventory::default() };
    let connected = wanted::connect(wanted, &mut inventory.gaps).await?;
    let reading =
        Reading { access, wanted, cluster: connected.cluster.as_ref(), presented: connected.presented.clone() };
    let reads = ALL.iter().filter(|source| (source.wanted)(wanted)).map(|source| read(source, &reading));
    for part in join_all(reads).await {
        inventory.merge(part);
    }
    if wanted.summary {
        inventory.der.clear();
    }
    name_what_is_behind(wanted, &mut inventory);
    cert_manager::note_owners(&mut inventory);
    if wanted.consumers {
        consumers::note(&reading, &mut inventory).await;
    }
    inventory.sort();
    Ok(inventory)
}

async fn read(source: &Source, reading: &Reading<'_>) -> Inventory {
    let progress = &reading.access.progress;
    progress.begin(source.name);
    let part = (source.read)(reading).await;
    progress.end(source.name);
    part
}

/// A server that cannot be asked may present its certificate all the same: then that was read, and what is missing are
/// the objects behind it.
fn name_what_is_behind(wanted: &Wanted, inventory: &mut Inventory) {
    let Some(chosen) = &wanted.chosen else { return };
    let endpoint = chosen.endpoint();
    if inventory.entry(&endpoint).is_some() {
        for gap in inventory.gaps.iter_mut().filter(|gap| gap.at == endpoint) {
            gap.message = format!("the objects behind {endpoint}: {}", gap.message);
            let any = || "*".into();
            gap.at = Location::from(Place::Secret { namespace: any(), name: any(), key: any() });
        }
    }
}
