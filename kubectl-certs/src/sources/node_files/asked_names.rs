//! By which names the API server of a node is called: by kubeconfigs of that node, by its own options, and in pods.

use std::collections::BTreeMap;

use super::detect::Detected;
use super::is_backup_below;
use super::names::Names;
use crate::access::nodes::FileRecord;
use crate::model::{AskedName, Inventory};

/// kubeadm gives the API server one certificate for everybody (`GetAPIServerAltNames`, cmd/kubeadm/app/util/pkiutil); with
/// other layouts it is not one server that kubeconfigs mean.
const LAYOUT: &str = "kubeadm";

pub(super) fn add(
    inventory: &mut Inventory,
    found: &[Detected],
    on: Option<&str>,
    files: &BTreeMap<String, FileRecord>,
    names: &Names,
) {
    let Some(one) = found.iter().find(|one| one.layout.name == LAYOUT) else { return };
    let is_server = |origin: &crate::model::Origin| {
        origin.layout.as_deref() == Some(LAYOUT) && origin.name.as_deref() == Some(one.layout.server)
    };
    let server = inventory.entries.iter().find(|entry| entry.at.node() == on && is_server(&entry.origin));
    let Some(presented) = server.map(|entry| entry.at.clone()) else { return };
    let mut add = |name: String, by: String, is_needed: bool| {
        inventory.asked_names.push(AskedName { presented: presented.clone(), name, by, is_needed });
    };
    for file in files.values().filter(|file| !is_backup_below(&one.found.root, &file.path)) {
        for arguments in file.content.arguments.iter().filter(|told| told.component == "kube-apiserver") {
            for (option, value) in &arguments.options {
                match option.as_str() {
                    "advertise-address" => add(value.clone(), "--advertise-address".to_owned(), false),
                    "service-cluster-ip-range" => {
                        let address = value.split(',').next().and_then(first_of_range);
                        if let Some(address) = address {
                            add(address, "in pods".to_owned(), true);
                        }
                    }
                    _ => {}
                }
            }
        }
        // People's files need not be about this cluster.
        let named = names.files.get(&file.path).filter(|named| !named.may_be_absent);
        let Some(view) = file.content.kubeconfig.as_ref().filter(|_| named.is_some()) else { continue };
        let name_of = file.path.rsplit('/').next().unwrap_or(&file.path);
        for name in view.clusters.iter().filter_map(|cluster| cluster.server_name.clone()) {
            add(name, name_of.to_owned(), true);
        }
    }
    for name in ["kubernetes", "kubernetes.default", "kubernetes.default.svc"] {
        add(name.to_owned(), "in pods".to_owned(), false);
    }
}

/// The Service `kubernetes` has the first address of the range.
fn first_of_range(range: &str) -> Option<String> {
    use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
    let (address, bits) = range.trim().split_once('/')?;
    let bits: u32 = bits.parse().ok()?;
    Some(match address.parse().ok()? {
        IpAddr::V4(address) => {
            let mask = u32::MAX.checked_shl(32_u32.checked_sub(bits)?).unwrap_or_default();
            Ipv4Addr::from((u32::from(address) & mask).checked_add(1)?).to_string()
        }
        IpAddr::V6(address) => {
            let mask = u128::MAX.checked_shl(128_u32.checked_sub(bits)?).unwrap_or_default();
            Ipv6Addr::from((u128::from(address) & mask).checked_add(1)?).to_string()
        }
    })
}

#[cfg(test)]
mod tests {
    use super::first_of_range;

    #[test]
    fn the_first_address_of_a_range() {
        for (range, first) in [
            ("10.96.0.0/12", Some("10.96.0.1")),
            ("10.100.7.9/16", Some("10.100.0.1")),
            ("fd00:1::/112", Some("fd00:1::1")),
            ("10.0.0.0/33", None),
            ("10.0.0.0", None),
        ] {
            assert_eq!(first_of_range(range).as_deref(), first, "{range}");
        }
    }
}
