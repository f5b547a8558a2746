//! Ten thousand certificates: each signature is verified once, whatever the names are.

use std::time::{Duration, Instant};

use kubectl_certs::trust::{Signed, TrustGraph};

use crate::made::{KeyIds, Pki, Spec};

/// All authorities have one name, so that a graph by names would try each with each.
#[test]
fn authorities_of_one_name_cost_nothing() {
    let mut pki = Pki::default();
    let roots: Vec<Spec> = (0..30).map(|key| Spec::root("ca", key)).collect();
    for root in &roots {
        pki.add(root.clone());
    }
    for number in 0..1_000 {
        pki.add(Spec { key_ids: KeyIds::Right, ..Spec::leaf(&format!("leaf {number}"), 31, &roots[number % 30]) });
    }
    let world = pki.make();
    let began = Instant::now();
    let graph = TrustGraph::build(&world.inventory);
    let took = began.elapsed();
    for (number, id) in world.ids.iter().enumerate().skip(30) {
        let signer = &world.ids[(number - 30) % 30];
        assert_eq!(graph.signed(id), Some(&Signed::By(vec![signer.clone()])));
    }
    // One key at a time it is 30,000 signatures of 60 µs and more.
    assert!(took < Duration::from_millis(900), "{took:?}");
}
