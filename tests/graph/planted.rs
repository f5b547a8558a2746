//! One fault in an otherwise sound PKI: the graph names it, at the link where it is, and openssl refuses the leaf too.

use kubectl_certs::trust::{Reason, TrustGraph, Usage};
use rcgen::{ExtendedKeyUsagePurpose, KeyUsagePurpose};

use crate::dice::Dice;
use crate::made::{Authority, Dates, KeyIds, Pki, Spec, World};
use crate::verdict::{Difference, compare, ours};

/// Seeds for each fault: lengths of chains, key ids, decoys and extras vary with them.
const SEEDS: u64 = 20;

/// A sound chain, the leaf first, and what is planted into it.
struct Case {
    name: &'static str,
    /// What the graph has to say; nothing where all is well.
    wanted: Option<&'static str>,
    /// How openssl may differ.
    differs: Option<Difference>,
    /// Returns the link that the fault is at.
    plant: fn(&mut Plot, &mut Dice) -> usize,
}

/// The chain's numbers in the PKI, the leaf first, the root last.
struct Plot {
    pki: Pki,
    chain: Vec<usize>,
}

impl Plot {
    fn spec(&mut self, height: usize) -> &mut Spec {
        &mut self.pki.specs[self.chain[height]]
    }

    fn top(&self) -> usize {
        self.chain.len() - 1
    }

    /// Any authority of the chain.
    fn authority(&self, dice: &mut Dice) -> usize {
        1 + dice.below(self.top())
    }

    fn without_root(&mut self) {
        self.pki.anchors = vec![self.other()];
    }

    /// An authority that has nothing to do with it.
    fn other(&mut self) -> usize {
        self.pki.add(Spec::root("elsewhere", 20))
    }
}

const fn case(
    name: &'static str,
    wanted: Option<&'static str>,
    differs: Option<Difference>,
    plant: fn(&mut Plot, &mut Dice) -> usize,
) -> Case {
    Case { name, wanted, differs, plant }
}

const CASES: &[Case] = &[
    case("nothing", None, None, |_, _| 0),
    case("expired leaf", Some("expired"), None, |plot, _| {
        plot.spec(0).dates = Dates::Expired;
        0
    }),
    case("expired authority", Some("expired"), None, |plot, dice| {
        let at = plot.authority(dice);
        plot.spec(at).dates = Dates::Expired;
        at
    }),
    case("not yet valid", Some("not-yet-valid"), None, |plot, dice| {
        let at = dice.below(plot.chain.len());
        plot.spec(at).dates = Dates::Early;
        at
    }),
    case("not an authority", Some("not-an-authority"), None, |plot, dice| {
        let at = plot.authority(dice);
        plot.spec(at).authority = Authority::No;
        at
    }),
    case(
        "no word of being an authority",
        Some("not-an-authority"),
        Some(Difference::TrustedWithoutConstraints),
        |plot, dice| {
            let at = plot.authority(dice);
            plot.spec(at).authority = Authority::Unsaid;
            at
        },
    ),
    case("may not sign certificates", Some("may-not-sign"), None, |plot, dice| {
        let at = plot.authority(dice);
        plot.spec(at).usages = vec![KeyUsagePurpose::DigitalSignature];
        at
    }),
    case("path too long", Some("path-too-long"), None, |plot, _| {
        let top = plot.top();
        if top == 1 {
            // Long enough to be too long.
            let root = plot.spec(1).clone();
            let middle = plot.pki.add(Spec::intermediate("grown", 7, &root));
            let leaf = plot.spec(0);
            (leaf.issuer, leaf.signer) = ("grown".to_owned(), 7);
            plot.chain.insert(1, middle);
            plot.pki.sent.push(middle);
        }
        let top = plot.top();
        plot.spec(top).authority = Authority::UpTo(0);
        top
    }),
    case("for clients only, as a server", Some("wrong-usage"), None, |plot, _| {
        plot.spec(0).extended = vec![ExtendedKeyUsagePurpose::EmailProtection];
        0
    }),
    case("an authority for mail", Some("wrong-usage"), None, |plot, dice| {
        let at = plot.authority(dice);
        plot.spec(at).extended = vec![ExtendedKeyUsagePurpose::EmailProtection];
        at
    }),
    case("a strange critical extension", Some("critical-extension"), None, |plot, dice| {
        let at = dice.below(plot.chain.len());
        plot.spec(at).strange = true;
        at
    }),
    case("signed by somebody else of that name", Some("not-signed"), None, |plot, dice| {
        let at = dice.below(plot.top());
        plot.spec(at).signer = 21;
        at
    }),
    case("issuer that nobody read", Some("issuer-unknown"), None, |plot, dice| {
        let at = dice.below(plot.top());
        let spec = plot.spec(at);
        (spec.issuer, spec.signer) = ("nobody".to_owned(), 22);
        at
    }),
    case("root that is not trusted", Some("issuer-not-given"), None, |plot, _| {
        let at = plot.top() - 1;
        plot.without_root();
        at
    }),
    case("root that is sent and not trusted", Some("not-trusted"), None, |plot, _| {
        let top = plot.top();
        plot.pki.sent.push(plot.chain[top]);
        plot.without_root();
        top
    }),
    case("self-signed", Some("not-trusted"), None, |plot, _| {
        let leaf = plot.spec(0);
        (leaf.issuer, leaf.signer) = (leaf.subject.clone(), leaf.key);
        0
    }),
    case("self-signed and trusted", None, None, |plot, _| {
        let leaf = plot.spec(0);
        (leaf.issuer, leaf.signer) = (leaf.subject.clone(), leaf.key);
        plot.pki.anchors.push(plot.chain[0]);
        0
    }),
    case("a trusted intermediate without its root", None, None, |plot, dice| {
        let at = plot.authority(dice);
        plot.pki.anchors = vec![plot.chain[at]];
        0
    }),
    case("an authority that is in two certificates, one expired", None, None, |plot, dice| {
        let at = plot.authority(dice);
        let mut twin = plot.spec(at).clone();
        twin.dates = Dates::Expired;
        let twin = plot.pki.add(twin);
        if at == plot.top() {
            plot.pki.anchors.insert(0, twin);
        } else {
            plot.pki.sent.insert(0, twin);
        }
        0
    }),
    case("cross-signed, the first way leads nowhere", None, Some(Difference::AnotherWay), |plot, _| {
        let other = plot.pki.add(Spec::root("retired", 23));
        let top = plot.top();
        let below = plot.spec(top).clone();
        let crossed = Spec { issuer: "retired".to_owned(), signer: 23, ..below };
        let crossed = plot.pki.add(crossed);
        plot.pki.sent.insert(0, crossed);
        plot.pki.sent.push(other);
        0
    }),
    case("a circle", Some("loop"), None, |plot, _| {
        let top = plot.top();
        let leaf = plot.spec(0);
        (leaf.issuer, leaf.signer) = ("left".to_owned(), 24);
        let (left, right) = (Spec::root("left", 24), Spec::root("right", 25));
        let from = plot.pki.add(Spec::intermediate("left", 24, &right));
        let back = plot.pki.add(Spec::intermediate("right", 25, &left));
        plot.pki.sent.extend([from, back]);
        // Where it comes round: the first one again, or its twin.
        plot.chain[top] = from;
        top
    }),
    case("key id that names another key", None, Some(Difference::KeyIdNamesAnother), |plot, dice| {
        let at = dice.below(plot.top());
        plot.spec(at).key_ids = KeyIds::Wrong;
        0
    }),
    case("any usage", None, Some(Difference::AnyUsage), |plot, _| {
        plot.spec(0).extended = vec![ExtendedKeyUsagePurpose::Any];
        0
    }),
    case("no usage said", None, None, |plot, _| {
        (plot.spec(0).usages, plot.spec(0).extended) = (Vec::new(), Vec::new());
        0
    }),
    case("a leaf for encipherment of data", None, Some(Difference::LeafMayNotSignHandshakes), |plot, _| {
        plot.spec(0).usages = vec![KeyUsagePurpose::DataEncipherment];
        0
    }),
    case("many of one name", None, Some(Difference::AnotherWay), |plot, _| {
        let top = plot.top();
        let name = plot.spec(top).subject.clone();
        for key in 26..30 {
            let other = plot.pki.add(Spec::root(&name, key));
            plot.pki.anchors.insert(0, other);
        }
        0
    }),
];

/// Zero to three intermediates, with or without key ids, among things that have nothing to do with it.
fn sound(dice: &mut Dice) -> Plot {
    let mut pki = Pki::default();
    let key_ids = if dice.once_in(3) { KeyIds::None } else { KeyIds::Right };
    let mut above = Spec { key_ids, ..Spec::root("root", 0) };
    let root = pki.add(above.clone());
    let mut chain = vec![root];
    pki.anchors.push(root);
    for height in 1..=dice.below(4) {
        let next = Spec { key_ids, ..Spec::intermediate(&format!("middle {height}"), height, &above) };
        let number = pki.add(next.clone());
        chain.insert(0, number);
        pki.sent.insert(0, number);
        above = next;
    }
    let leaf = pki.add(Spec { key_ids, ..Spec::leaf("leaf", 6, &above) });
    chain.insert(0, leaf);
    pki.leaves.push(leaf);
    if dice.once_in(2) {
        // An authority of the same name that signed nothing here, and garbage that is sent along.
        let decoy = pki.add(Spec::root("root", 10));
        pki.anchors.push(decoy);
        let garbage = pki.add(Spec::leaf("garbage", 11, &Spec::root("root", 10)));
        let stranger = pki.add(Spec::root("stranger", 12));
        pki.sent.extend([garbage, stranger]);
    }
    Plot { pki, chain }
}

#[test]
fn what_was_planted_is_found() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut seen = Vec::new();
    for case in CASES {
        for seed in 0..SEEDS {
            let mut dice = Dice::of(seed);
            let mut plot = sound(&mut dice);
            let height = (case.plant)(&mut plot, &mut dice);
            let at = plot.chain[height];
            let world = plot.pki.make();
            let (answers, differences) = compare(&world, folder.path());
            for (_, usage, answer) in &answers {
                let found = answer.as_ref().err().map(|fault| (fault.why.code(), world.number_of(&fault.at)));
                let wanted = case.wanted.map(|code| (code, at));
                // A circle is told of at any of its links.
                let same = found == wanted || (case.wanted == Some("loop") && found.is_some_and(|it| it.0 == "loop"));
                assert!(same, "{} (seed {seed}, {usage:?}): {found:?}, not {wanted:?}\n{:#?}", case.name, world.pki);
            }
            for difference in differences {
                // Decoys may make openssl take the wrong way anywhere.
                let usual = [case.differs, Some(Difference::AnotherWay)];
                assert!(usual.contains(&Some(difference)), "{} (seed {seed}): {difference:?}", case.name);
                seen.push(difference);
            }
        }
    }
    for case in CASES {
        // A rule by which they differ is only known where both were seen to do so.
        assert!(case.differs.is_none_or(|differs| seen.contains(&differs)), "{}: they agree", case.name);
    }
}

#[test]
fn sentences_name_the_link() {
    let mut plot = sound(&mut Dice::of(1));
    plot.spec(1).dates = Dates::Expired;
    let name = plot.spec(1).subject.clone();
    let world = plot.pki.make();
    let graph = TrustGraph::build(&world.inventory);
    let fault = ours(&world, &graph, world.pki.leaves[0], Usage::Server).expect_err("it is expired");
    assert_eq!(fault.sentence(&world.inventory), format!("{name} expired on 2029-06-01T00:00Z"));
}

/// A signature by what is not known here: SHA-224 in the place of SHA-256.
#[test]
fn an_algorithm_that_is_not_known_is_said() {
    let plot = sound(&mut Dice::of(2));
    let made = plot.pki.make();
    let mut ders = made.ders.clone();
    let leaf = made.pki.leaves[0];
    let known = [0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x04, 0x03, 0x02];
    let places: Vec<usize> = (0..ders[leaf].len() - 8).filter(|&at| ders[leaf][at..at + 8] == known).collect();
    assert_eq!(places.len(), 2);
    for at in places {
        ders[leaf][at + 7] = 0x01;
    }
    let world = World::of(made.pki, ders);
    let folder = tempfile::tempdir().expect("a folder");
    let (answers, _) = compare(&world, folder.path());
    for (_, _, answer) in answers {
        let fault = answer.expect_err("nobody can verify it");
        assert!(matches!(fault.why, Reason::Unsupported { .. }), "{fault:?}");
    }
}
