//! The kubelet reads a kubeconfig with an identity inside only when it starts, and makes its serving certificate only
//! where nobody gives it one.

use super::worlds::{Shape, add_kubelet_serving};
use crate::error::ErrorKind;
use crate::model::{CertId, Entry, Evidence, Holds, KeyState, Location, Origin, TakesEffect};
use crate::plan::World;
use crate::request::Renew;

#[test]
fn a_kubelet_conf_with_its_identity_inside_is_renewed_and_the_kubelet_restarted() {
    let shape = Shape::with_client("kubelet.conf", "kubelet", TakesEffect::Restart);
    let plan = shape.plan(&shape.world()).expect("a plan");
    let steps: Vec<&str> = plan.steps().map(|step| step.id.as_str()).collect();
    assert_eq!(steps, ["renew-kubelet.conf", "restart-kubelet"]);
    let phases: Vec<&str> = plan.phases.iter().map(|phase| phase.name.as_str()).collect();
    assert_eq!(phases, ["renew", "restart"]);
}

const SUBJECT: &str = "node-1@1767405600";
const ISSUER: &str = "node-1-ca@1767405601";

/// Steps of the plan, why the serving certificate is left alone, and what is said to who names it.
fn planned(subject: &str, issuer: &str, change: impl Fn(&mut World, &Location)) -> (Vec<String>, Option<String>) {
    let shape = Shape::with_client("scheduler.conf", "kube-scheduler", TakesEffect::Restart);
    let mut world = shape.world();
    let at = add_kubelet_serving(&mut world, subject, issuer);
    change(&mut world, &at);
    let plan = shape.plan(&world).expect("a plan");
    let why = plan.left_alone.iter().find(|left| left.at == at).map(|left| left.why.clone());
    let only = Renew { only: vec!["kubelet-serving".to_owned()], ..Renew::default() };
    let named = shape.plan_for(&world, &[], only).expect("it is there");
    match &why {
        Some(why) => {
            let error = named.expect_err("it is left alone");
            assert_eq!((error.kind, &error.message), (ErrorKind::Refused, why));
        }
        None => assert_eq!(named.expect("a plan").steps().count(), 1),
    }
    (plan.steps().map(|step| step.id.clone()).collect(), why)
}

#[test]
fn its_own_serving_certificate_is_taken_away_so_that_it_makes_another() {
    let (steps, left) = planned(SUBJECT, ISSUER, |_, _| {});
    assert!(steps.contains(&"remake-kubelet-serving".to_owned()), "{steps:?}");
    assert_eq!(left, None);
    // The authority that it made with it lies in the same file, and is nobody's.
    let (steps, _) = planned(SUBJECT, ISSUER, |world, at| {
        let own = CertId([7; 32]);
        let entry = world.inventory.entries.iter_mut().find(|entry| entry.at == *at).expect("it was added");
        let Holds::Chain(chain) = &mut entry.holds else { panic!("a chain") };
        chain.push(own.clone());
        let leaf = chain[0].clone();
        world.trust.will_be_signed(leaf, own);
    });
    assert!(steps.contains(&"remake-kubelet-serving".to_owned()), "{steps:?}");
}

/// Kept beside it by somebody: what signed it is the kubelet's own all the same.
#[test]
fn a_copy_of_it_is_no_authority() {
    let (steps, left) = planned(SUBJECT, ISSUER, |world, at| {
        let own = CertId([7; 32]);
        let entry = world.inventory.entries.iter_mut().find(|entry| entry.at == *at).expect("it was added");
        let Holds::Chain(chain) = &mut entry.holds else { panic!("a chain") };
        chain.push(own.clone());
        let leaf = chain[0].clone();
        let copy = Entry { at: at.beside("/var/lib/kubelet/pki/kubelet.crt.bak"), ..entry.clone() };
        world.inventory.entries.push(Entry { origin: Origin::default().into(), ..copy });
        world.trust.will_be_signed(leaf, own);
    });
    assert_eq!((steps.contains(&"remake-kubelet-serving".to_owned()), left), (true, None));
}

/// A name for people, names in the certificate, what else is so, and what is said of it.
type Case = (&'static str, [&'static str; 2], fn(&mut World, &Location), &'static str);

#[test]
fn what_somebody_gave_it_is_left_alone() {
    let cases: [Case; 6] = [
        (
            "without its key, which keeps nothing else from being renewed",
            [SUBJECT, ISSUER],
            |world, at| {
                let entry = world.inventory.entries.iter_mut().find(|entry| entry.at == *at);
                entry.expect("it was added").key = KeyState::Absent;
            },
            "its private key was not found beside it",
        ),
        ("an authority's", ["node-1", "corporate-ca"], |_, _| {}, "somebody gave it to this one"),
        ("another node's", [SUBJECT, "node-2-ca@1767405601"], |_, _| {}, "somebody gave it to this one"),
        (
            "signed by an authority of the cluster",
            [SUBJECT, ISSUER],
            |world, at| {
                let leaf = world.leaf(at).expect("a leaf").fingerprint.clone();
                let bundle = world.inventory.entries.iter().find(|entry| entry.leaf().is_none()).expect("an authority");
                let issuer = bundle.certificates()[0].clone();
                world.trust.will_be_signed(leaf, issuer);
            },
            "is signed by the authority in",
        ),
        (
            "told to serve another",
            [SUBJECT, ISSUER],
            |world, _| {
                world.inventory.serving_given.insert(None, "serverTLSBootstrap is true in config.yaml".to_owned());
            },
            "would not make another: serverTLSBootstrap is true",
        ),
        (
            "not what it serves",
            [SUBJECT, ISSUER],
            |world, at| {
                let uses = world.inventory.uses.iter_mut().filter(|use_| use_.place == *at);
                for use_ in uses {
                    use_.loaded.evidence = Evidence::Handshake;
                    use_.loaded.certificate = Some(CertId([8; 32]));
                }
            },
            "serves another certificate at 127.0.0.1:10250",
        ),
    ];
    for (name, [subject, issuer], change, wanted) in cases {
        let (steps, why) = planned(subject, issuer, change);
        assert!(!steps.contains(&"remake-kubelet-serving".to_owned()), "{name}: {steps:?}");
        assert!(steps.contains(&"renew-scheduler.conf".to_owned()), "{name}: {steps:?}");
        assert!(why.as_ref().is_some_and(|why| why.contains(wanted)), "{name}: {why:?}");
    }
}
