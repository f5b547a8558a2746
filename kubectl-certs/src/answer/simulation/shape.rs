//! Random clusters: which nodes there are, what lies on them, who uses it, and when they read it again.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use crate::layouts::{Layout, PurposeRow, UseRow};
use crate::model::TakesEffect;

#[derive(Clone, Debug)]
pub(super) struct Shape {
    pub(super) nodes: Vec<NodeShape>,
    /// What is renewed.
    pub(super) only: Vec<&'static str>,
    /// Of each row of the layout's table: when its component reads the file again, or that nobody uses it so.
    pub(super) rules: Vec<Option<TakesEffect>>,
    /// API servers are restarted too, behind a load balancer.
    pub(super) restart: bool,
}

#[derive(Clone, Debug)]
pub(super) struct NodeShape {
    /// It has the authorities' keys; without them another node signs.
    pub(super) keys: bool,
    pub(super) leaves: Vec<&'static str>,
}

const LEAVES: [&str; 10] = [
    "apiserver",
    "apiserver-etcd-client",
    "apiserver-kubelet-client",
    "etcd-peer",
    "etcd-server",
    "front-proxy-client",
    "admin.conf",
    "controller-manager.conf",
    "kubelet.conf",
    "scheduler.conf",
];

pub(super) fn shapes() -> impl Strategy<Value = Shape> {
    let leaves = subsequence(LEAVES.to_vec(), 2..=6);
    (leaves, 1_usize..=4).prop_flat_map(|(leaves, nodes)| {
        let others = vec((any::<bool>(), subsequence(leaves.clone(), 0..=leaves.len())), nodes - 1);
        let only = subsequence(leaves.clone(), 1..=leaves.len().min(3));
        let first = NodeShape { keys: true, leaves };
        (Just(first), others, only, rules(), prop::bool::weighted(0.3)).prop_map(
            |(first, others, only, rules, restart)| {
                let others = others.into_iter().map(|(keys, leaves)| NodeShape { keys, leaves });
                let rules = if restart { without_starts_of_servers(rules) } else { rules };
                Shape { nodes: [first].into_iter().chain(others).collect(), only, rules, restart }
            },
        )
    })
}

fn rules() -> impl Strategy<Value = Vec<Option<TakesEffect>>> {
    kubeadm().uses.iter().map(rule).collect::<Vec<_>>()
}

fn rule(row: &UseRow) -> BoxedStrategy<Option<TakesEffect>> {
    // Longer than a gate waits, a timer of a server would be no fault of a run.
    let timer = TakesEffect::Timer { seconds: 20 };
    let any = vec![TakesEffect::EachHandshake, TakesEffect::Watch, timer, TakesEffect::Restart];
    match row.purpose {
        PurposeRow::Serve(_) => prop::option::weighted(0.9, select(any[..3].to_vec())).boxed(),
        PurposeRow::ClientOf(_) => prop::option::weighted(0.9, select(any)).boxed(),
        // Leaf renewal changes no trust.
        PurposeRow::Trust(_) | PurposeRow::Sign(_) => Just(Some(row.takes_effect)).boxed(),
    }
}

/// They are restarted anyway.
fn without_starts_of_servers(mut rules: Vec<Option<TakesEffect>>) -> Vec<Option<TakesEffect>> {
    for (row, rule) in kubeadm().uses.iter().zip(&mut rules) {
        if row.component == "kube-apiserver" && *rule == Some(TakesEffect::Restart) && is_identity(row) {
            *rule = Some(TakesEffect::Watch);
        }
    }
    rules
}

impl Shape {
    /// Alike nodes that all have everything, and kubeadm's own rules.
    pub(super) fn kubeadm(nodes: usize, leaves: &[&'static str], only: &[&'static str]) -> Self {
        let node = NodeShape { keys: true, leaves: leaves.to_vec() };
        Self {
            nodes: vec![node; nodes],
            only: only.to_vec(),
            rules: kubeadm().uses.iter().map(|row| Some(row.takes_effect)).collect(),
            restart: false,
        }
    }

    /// The table of this cluster.
    pub(super) fn layout(&self) -> &'static Layout {
        let base = kubeadm();
        let rows = base.uses.iter().zip(&self.rules);
        let uses: Vec<UseRow> = rows
            .filter_map(|(row, rule)| {
                let UseRow { component, purpose, leaf, flag, .. } = *row;
                Some(UseRow { component, purpose, leaf, flag, takes_effect: (*rule)? })
            })
            .collect();
        Box::leak(Box::new(Layout {
            name: base.name,
            bases: base.bases,
            authorities: base.authorities,
            copies: base.copies,
            leaves: base.leaves,
            fields: base.fields,
            moves: base.moves,
            told: base.told,
            renewed_by: base.renewed_by,
            server: base.server,
            uses: Box::leak(uses.into_boxed_slice()),
            names_from: base.names_from,
        }))
    }
}

pub(super) fn is_trust(row: &UseRow) -> bool {
    matches!(row.purpose, PurposeRow::Trust(_))
}

pub(super) fn is_identity(row: &UseRow) -> bool {
    matches!(row.purpose, PurposeRow::Serve(_) | PurposeRow::ClientOf(_))
}

fn kubeadm() -> &'static Layout {
    crate::layouts::ALL.iter().find(|layout| layout.name == "kubeadm").expect("the layout of the stage")
}
