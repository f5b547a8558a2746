//! The kubeconfig of who runs the program: a copy of admin.conf, or an identity of one's own, that lies on no node's disk
//! and so in no layout's table. Whichever authority of the cluster signed it signs it again.

use super::{KeptBy, Leaf, Renewal, Store};

pub const NAME: &str = "operator-kubeconfig";

pub fn leaf(signer: &'static str) -> Leaf {
    Leaf {
        name: NAME,
        // Where it is depends on the person; the entry tells.
        store: Store::Kubeconfig(""),
        signer,
        renewal: Renewal::ByAuthority,
        kept_by: KeptBy::People,
    }
}
