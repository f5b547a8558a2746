//! Short forms of the rows that most tables consist of.

use super::{Authority, Copied, FieldRow, KeptBy, Leaf, PurposeRow, Renewal, Store, UseRow};
use crate::model::TakesEffect;

pub(super) const fn authority(name: &'static str, certificate: &'static str, key: &'static str) -> Authority {
    Authority { name, certificate, key }
}

pub(super) const fn copied(name: &'static str, of: &'static str, path: &'static str) -> Copied {
    Copied { name, of, path }
}

pub(super) const fn pair(
    name: &'static str,
    signer: &'static str,
    certificate: &'static str,
    key: &'static str,
) -> Leaf {
    leaf(name, signer, Store::Pair { certificate, key })
}

pub(super) const fn kubeconfig(name: &'static str, file: &'static str, signer: &'static str) -> Leaf {
    leaf(name, signer, Store::Kubeconfig(file))
}

pub(super) const fn leaf(name: &'static str, signer: &'static str, store: Store) -> Leaf {
    Leaf { name, store, signer, renewal: Renewal::ByAuthority, kept_by: KeptBy::Cluster }
}

/// client-go's certificate manager renews between 70 and 90 % of the lifetime (util/certificate).
pub(super) const fn kubelet_client(name: &'static str, signer: &'static str, path: &'static str) -> Leaf {
    Leaf {
        name,
        store: Store::Combined(path),
        signer,
        renewal: Renewal::ByItself { percent: 90 },
        kept_by: KeptBy::Cluster,
    }
}

/// Made by the kubelet at start with an authority that exists nowhere else; never renewed (kubernetes 99418).
pub(super) const fn kubelet_serving(name: &'static str, certificate: &'static str, key: &'static str) -> Leaf {
    Leaf {
        name,
        store: Store::Pair { certificate, key },
        signer: "",
        renewal: Renewal::ByItself { percent: 100 },
        kept_by: KeptBy::Cluster,
    }
}

pub(super) const fn field(file: &'static str, pointer: &'static str, name: &'static str) -> FieldRow {
    FieldRow { file, pointer, name }
}

pub(super) const fn client(
    component: &'static str,
    server: &'static str,
    leaf: &'static str,
    flag: &'static str,
    takes_effect: TakesEffect,
) -> UseRow {
    UseRow { component, purpose: PurposeRow::ClientOf(server), leaf, flag, takes_effect }
}

pub(super) const fn trust(
    component: &'static str,
    peers: &'static str,
    leaf: &'static str,
    flag: &'static str,
    takes_effect: TakesEffect,
) -> UseRow {
    UseRow { component, purpose: PurposeRow::Trust(peers), leaf, flag, takes_effect }
}
