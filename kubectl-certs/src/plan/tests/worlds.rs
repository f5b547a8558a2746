//! Random healthy worlds: a kubeadm node with some of its leaves, of any age, used by this and that. Nothing is signed
//! here; the trust graph is told who signed whom.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use crate::error::Error;
use crate::formats::certificate::{sha256, sha256_hex};
use crate::layouts::{self, Layout, Store};
use crate::model::{
    CertId, Certificate, Entry, Evidence, FoundLayout, Holds, IdentityStore, Inventory, KeyId, KeyState,
    KubeconfigField, Loaded, Location, NameKey, Origin, Purpose, Span, TakesEffect, Time, TrustEdge, Use,
};
use crate::plan::on_node;
use crate::plan::renew::{Asked, plan};
use crate::plan::{Plan, World};
use crate::request::Renew;

pub(super) const NOW: Time = Time::from_unix(1_800_000_000);
/// Signs nothing; some bundles hold it beside the authority.
const RETIRED: &str = "retired";

#[derive(Clone, Debug)]
pub(super) struct Shape {
    root: &'static str,
    leaves: Vec<Option<LeafShape>>,
    /// Bundles also hold an authority of old.
    wide_bundles: bool,
    all: bool,
    within: Option<i64>,
    validity: Option<i64>,
    named: bool,
}

#[derive(Clone, Debug)]
struct LeafShape {
    key: KeyState,
    /// The authority's certificate follows the leaf's.
    chained: bool,
    lifetime: i64,
    /// Percent of the lifetime that is over; some are past their end.
    age: i64,
    names: Vec<String>,
    uses: Vec<UseShape>,
}

#[derive(Clone, Debug)]
struct UseShape {
    component: &'static str,
    serves: bool,
    running: bool,
    takes_effect: TakesEffect,
}

pub(super) fn shapes() -> impl Strategy<Value = Shape> {
    let count = layout().leaves.len();
    let leaves = vec(option::weighted(0.7, leaf_shapes()), count);
    let day = 24 * 3600_i64;
    let spans = (option::of(0..400 * day), option::of(600..400 * day));
    (prop_oneof![Just("/"), Just("/mnt/disk 1")], leaves, any::<[bool; 3]>(), spans).prop_map(
        |(root, leaves, [wide_bundles, all, named], (within, validity))| Shape {
            root,
            leaves,
            wide_bundles,
            all,
            within,
            validity,
            named,
        },
    )
}

fn leaf_shapes() -> impl Strategy<Value = LeafShape> {
    let key = prop_oneof![4 => Just(KeyState::Matches), 1 => Just(KeyState::Differs)];
    (key, any::<bool>(), 600..100_000_000i64, 0..150i64, vec("[a-z]{1,8}", 0..4), vec(use_shapes(), 0..3))
        .prop_map(|(key, chained, lifetime, age, names, uses)| LeafShape { key, chained, lifetime, age, names, uses })
}

fn use_shapes() -> impl Strategy<Value = UseShape> {
    let component = prop_oneof![Just("kube-apiserver"), Just("kube-scheduler"), Just("etcd"), Just("kubelet")];
    let takes_effect = prop_oneof![
        Just(TakesEffect::EachHandshake),
        Just(TakesEffect::Watch),
        Just(TakesEffect::Timer { seconds: 300 }),
        Just(TakesEffect::Restart),
    ];
    (component, any::<bool>(), any::<bool>(), takes_effect)
        .prop_map(|(component, serves, running, takes_effect)| UseShape { component, serves, running, takes_effect })
}

impl Shape {
    /// A running machine with one leaf, which this component is a client with.
    pub(super) fn with_client(leaf: &str, component: &'static str, takes_effect: TakesEffect) -> Self {
        Self::with_use(leaf, UseShape { component, serves: false, running: true, takes_effect })
    }

    /// A running machine with one leaf, which this component serves with and takes notice of by itself.
    pub(super) fn with_server(leaf: &str, component: &'static str) -> Self {
        Self::with_use(leaf, UseShape { component, serves: true, running: true, takes_effect: TakesEffect::Watch })
    }

    /// Only what needs it.
    pub(super) fn not_all(&self) -> Self {
        Self { all: false, ..self.clone() }
    }

    fn with_use(leaf: &str, use_: UseShape) -> Self {
        let uses = vec![use_];
        let shape =
            LeafShape { key: KeyState::Matches, chained: false, lifetime: 1_000_000, age: 50, names: Vec::new(), uses };
        let leaves = layout().leaves.iter().map(|row| (row.name == leaf).then(|| shape.clone())).collect();
        Self { root: "/", leaves, wide_bundles: false, all: true, within: None, validity: None, named: false }
    }

    pub(super) fn world(&self) -> World {
        let inventory = Inventory { read_at: NOW, ..Inventory::default() };
        let mut world = World { inventory, ..World::default() };
        world.inventory.layouts.push(FoundLayout {
            name: layout().name.to_owned(),
            node: None,
            root: self.root.to_owned(),
            base: self.path("etc/kubernetes"),
            why: "a test says so".to_owned(),
            moved: std::collections::BTreeMap::new(),
            renewed_by: None,
        });
        for authority in layout().authorities {
            self.add_authority(&mut world, authority);
        }
        for (leaf, shape) in layout().leaves.iter().zip(&self.leaves) {
            // What signs itself is not ours and has no authority to name.
            if let (Some(shape), Some(authority)) = (shape, layout().authority(leaf.signer)) {
                self.add_leaf(&mut world, leaf, authority, shape);
            }
        }
        world
    }

    /// What the planner makes of it; none where nothing that it could mean is there.
    pub(super) fn plan(&self, world: &World) -> Option<Plan> {
        Some(self.try_plan(world)?.expect("a healthy world can be planned for"))
    }

    pub(super) fn try_plan(&self, world: &World) -> Option<Result<Plan, Error>> {
        self.plan_for(world, &[], Renew::default())
    }

    /// With these wishes beside its own, on nodes of these names.
    pub(super) fn plan_for(&self, world: &World, nodes: &[&str], wishes: Renew) -> Option<Result<Plan, Error>> {
        let request =
            Renew { all: self.all, within: self.within.map(Span), validity: self.validity.map(Span), ..wishes };
        let leaves = world.inventory.entries.iter().filter(|entry| entry.leaf().is_some());
        let named: Vec<Location> = leaves.map(|entry| entry.at.clone()).step_by(2).collect();
        if self.named && named.is_empty() {
            return None;
        }
        let asked = Asked {
            own: None,
            request: &request,
            root: self.root,
            named: self.named.then_some(named),
            nodes: nodes.iter().map(|name| (*name).to_owned()).collect(),
            findings: &[],
            kept: &[],
        };
        Some(plan(world, &asked, NOW))
    }

    pub(super) fn store(&self, leaf: &layouts::Leaf) -> IdentityStore {
        match leaf.store {
            Store::Pair { certificate, key } => {
                IdentityStore::Pair { certificate: self.below(certificate), key: self.below(key) }
            }
            Store::Combined(path) => IdentityStore::Combined { path: self.below(path) },
            Store::Kubeconfig(path) => IdentityStore::Kubeconfig { path: self.below(path), user: user(leaf) },
            Store::NoUsualPlace => unreachable!("no authority of the table signs it"),
        }
    }

    fn add_authority(&self, world: &mut World, authority: &layouts::Authority) {
        let certificate = certificate(authority.name, authority.name, NOW.minus(Span(1)), NOW.plus(Span(200_000_000)));
        let mut held = vec![certificate.fingerprint.clone()];
        if self.wide_bundles {
            let retired = self::certificate(RETIRED, RETIRED, NOW.minus(Span(2)), NOW.minus(Span(1)));
            held.push(retired.fingerprint.clone());
            world.inventory.certificates.insert(retired.fingerprint.clone(), retired);
        }
        let at = Location::file(self.below(authority.certificate));
        let key_at = Location::file(self.below(authority.key));
        let origin = origin(authority.name, authority.name);
        let public_key = certificate.public_key.clone();
        world.inventory.entries.push(entry(at, Holds::Bundle(held), (KeyState::Matches, public_key), key_at, origin));
        world.inventory.certificates.insert(certificate.fingerprint.clone(), certificate);
    }

    fn add_leaf(&self, world: &mut World, leaf: &layouts::Leaf, authority: &layouts::Authority, shape: &LeafShape) {
        let not_before = NOW.minus(Span(shape.lifetime * shape.age / 100));
        let mut certificate = certificate(leaf.name, authority.name, not_before, not_before.plus(Span(shape.lifetime)));
        certificate.dns_names.clone_from(&shape.names);
        let id = certificate.fingerprint.clone();
        let issuer = fingerprint(authority.name);
        let at = match leaf.store {
            Store::Kubeconfig(path) => {
                Location::kubeconfig_on(None, self.below(path), KubeconfigField::User(user(leaf)))
            }
            Store::Pair { certificate: path, .. } | Store::Combined(path) => Location::file(self.below(path)),
            Store::NoUsualPlace => unreachable!("no authority of the table signs it"),
        };
        let bundle = Location::file(self.below(authority.certificate));
        world.inventory.edges.push(TrustEdge { bundle, presented: at.clone() });
        let key = match shape.key {
            KeyState::Differs => KeyId(sha256(b"another key")),
            _ => certificate.public_key.clone(),
        };
        let chain = [id.clone()].into_iter().chain(shape.chained.then(|| issuer.clone())).collect();
        let key_at = Location::file(self.store(leaf).key_path());
        let mut entry =
            entry(at.clone(), Holds::Chain(chain), (shape.key, key), key_at, origin(leaf.name, authority.name));
        if !matches!(leaf.store, Store::Pair { .. }) {
            (entry.key_at, entry.key_digest) = (None, None);
        }
        world.inventory.entries.push(entry);
        world.trust.will_be_signed(id.clone(), issuer);
        world.inventory.certificates.insert(id.clone(), certificate);
        for (number, use_) in shape.uses.iter().enumerate() {
            add_use(world, &at, &id, use_, &format!("{}:{number}", leaf.name));
        }
    }

    fn path(&self, path: &str) -> String {
        format!("{}/{path}", self.root.trim_end_matches('/'))
    }

    fn below(&self, path: &str) -> String {
        match path.strip_prefix('/') {
            Some(absolute) => self.path(absolute),
            None => self.path(&format!("etc/kubernetes/{path}")),
        }
    }
}

/// What a kubelet made for itself at its start, unless the names are others.
pub(super) fn add_kubelet_serving(world: &mut World, subject: &str, issuer: &str) -> Location {
    let mut own = certificate("kubelet-serving", "nobody here", NOW.minus(Span(100)), NOW.plus(Span(100)));
    (own.subject, own.issuer) = (format!("CN={subject}"), format!("CN={issuer}").into());
    let at = Location::file("/var/lib/kubelet/pki/kubelet.crt");
    let key_at = Location::file("/var/lib/kubelet/pki/kubelet.key");
    let key = (KeyState::Matches, own.public_key.clone());
    let chain = Holds::Chain(vec![own.fingerprint.clone()]);
    world.inventory.entries.push(entry(at.clone(), chain, key, key_at, origin("kubelet-serving", "")));
    let use_ = UseShape { component: "kubelet", serves: true, running: true, takes_effect: TakesEffect::Restart };
    add_use(world, &at, &own.fingerprint, &use_, "127.0.0.1:10250");
    world.inventory.certificates.insert(own.fingerprint.clone(), own);
    at
}

fn add_use(world: &mut World, at: &Location, id: &CertId, shape: &UseShape, address: &str) {
    let purpose = if shape.serves {
        Purpose::Serve { address: shape.running.then(|| address.to_owned()) }
    } else {
        Purpose::ClientOf { server: "a server".to_owned() }
    };
    let written = NOW.minus(Span(100));
    let started = shape.running.then(|| NOW.minus(Span(50)));
    if let (true, Some(started)) = (shape.running, started) {
        world.started.insert(on_node(at, shape.component), started);
        if shape.serves {
            world.presented.insert(on_node(at, address), id.clone());
        }
    }
    world.written.insert(at.whole_file().expect("a file"), written);
    world.inventory.uses.push(Use {
        component: shape.component.to_owned(),
        purpose,
        place: at.clone(),
        stored: Some(id.clone()),
        loaded: Loaded {
            certificate: Some(id.clone()),
            evidence: if shape.running { Evidence::Assumed } else { Evidence::NotRunning },
            started,
            written: Some(written),
        },
        takes_effect: shape.takes_effect,
    });
}

pub(super) fn layout() -> &'static Layout {
    Layout::named("kubeadm").expect("the layout that leaf renewal knows")
}

fn entry(at: Location, holds: Holds, key: (KeyState, KeyId), key_at: Location, origin: Origin) -> Entry {
    Entry {
        holds,
        key: key.0,
        key_public: Some(key.1),
        origin: origin.into(),
        digest: Some(sha256_hex(at.to_string().as_bytes())),
        key_digest: Some(sha256_hex(key_at.to_string().as_bytes())),
        key_at: Some(Box::new(key_at)),
        also_in: Box::default(),
        at,
    }
}

fn origin(name: &str, signer: &str) -> Origin {
    Origin {
        layout: Some(layout().name.to_owned()),
        name: Some(name.to_owned()),
        signer: Some(signer.to_owned()),
        ..Origin::default()
    }
}

fn certificate(name: &str, issuer: &str, not_before: Time, not_after: Time) -> Certificate {
    Certificate {
        fingerprint: fingerprint(name),
        subject: format!("CN={name}"),
        issuer: format!("CN={issuer}").into(),
        serial: "01".to_owned(),
        not_before,
        not_after,
        dns_names: Vec::new(),
        ip_addresses: Vec::new(),
        other_names: Vec::new(),
        key_usages: Vec::new().into(),
        extended_key_usages: vec!["clientAuth".to_owned()].into(),
        is_authority: name == issuer,
        path_length: None,
        version: 3,
        key_algorithm: "ECDSA P-256".into(),
        signature_algorithm: "ecdsa-with-SHA256".into(),
        public_key: KeyId(sha256(format!("key of {name}").as_bytes())),
        subject_key_id: None,
        authority_key_id: None,
        subject_key: NameKey(sha256(name.as_bytes())),
        issuer_key: NameKey(sha256(issuer.as_bytes())),
    }
}

fn fingerprint(name: &str) -> CertId {
    CertId(sha256(name.as_bytes()))
}

fn user(leaf: &layouts::Leaf) -> String {
    format!("user of {}", leaf.name)
}
