//! What components are told: options that name files, out of static pods, the kubelet's configuration, units, files of
//! options. Values that name no file are dropped where they are read: they may be secrets.

mod kubelet;
mod static_pod;
mod supervisor;
mod words;

use std::path::Path;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Arguments {
    /// The program, such as `kube-apiserver`.
    pub component: String,
    /// Name without dashes, and the path as the node calls it, not as a container does; or an address.
    pub options: Vec<(String, String)>,
}

/// Kinds of files, by their name or by their text.
const KINDS: &[fn(&Path, &str) -> Vec<Arguments>] = &[static_pod::read, kubelet::read, supervisor::read, words::read];

/// Of a file of this name.
pub(super) fn read(path: &Path, text: &str) -> Vec<Arguments> {
    let found = KINDS.iter().map(|kind| kind(path, text)).find(|found| !found.is_empty());
    found.unwrap_or_default()
}

/// Those that say by which addresses the API server is called.
const ADDRESSES: [&str; 2] = ["advertise-address", "service-cluster-ip-range"];

/// Nothing where no option names a file, or such an address.
fn arguments(component: &str, options: impl IntoIterator<Item = (String, String)>) -> Option<Arguments> {
    let is_of_ours = |(name, value): &(String, String)| value.starts_with('/') || ADDRESSES.contains(&name.as_str());
    let options: Vec<_> = options.into_iter().filter(is_of_ours).collect();
    (!options.is_empty()).then(|| Arguments { component: component.to_owned(), options })
}
