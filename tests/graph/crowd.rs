//! A crowd of authorities with one name: which key is tried first decides what it costs.

use kubectl_certs::trust::{Signed, TrustGraph};

use crate::made::{KeyIds, Pki, Spec};

/// More than are tried for one certificate: without the key ids half of the leaves would stay undecided.
#[test]
fn the_key_that_is_named_is_tried_first() {
    const AUTHORITIES: usize = 200;
    let mut pki = Pki::default();
    let roots: Vec<Spec> = (0..AUTHORITIES).map(|key| Spec::root("ca", key)).collect();
    for root in &roots {
        pki.add(root.clone());
    }
    for number in 0..1_000 {
        let by = &roots[number % AUTHORITIES];
        pki.add(Spec { key_ids: KeyIds::Right, ..Spec::leaf(&format!("leaf {number}"), AUTHORITIES, by) });
    }
    let world = pki.make();
    let graph = TrustGraph::build(&world.inventory);
    for (number, id) in world.ids.iter().enumerate().skip(AUTHORITIES) {
        let signer = &world.ids[(number - AUTHORITIES) % AUTHORITIES];
        assert_eq!(graph.signed(id), Some(&Signed::By(vec![signer.clone()])));
    }
}
