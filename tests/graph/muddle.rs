//! PKIs at random: few names and keys for many certificates, so that nearly everything is cross-signed, and faults all over.

use std::collections::BTreeMap;
use std::thread;

use rcgen::{ExtendedKeyUsagePurpose, KeyUsagePurpose};

use crate::dice::Dice;
use crate::made::{Authority, Dates, KeyIds, Pki, Spec};
use crate::verdict::compare;

const PKIS: u64 = 500;

fn muddle(dice: &mut Dice) -> Pki {
    let mut pki = Pki::default();
    let names = ["alpha", "beta", "gamma", "delta"];
    // Name and key of the authorities; some share a name.
    let authorities: Vec<(&str, usize)> = (0..3 + dice.below(4)).map(|key| (dice.pick(&names), key)).collect();
    let faulty = dice.once_in(2);
    for &(name, key) in &authorities {
        for _ in 0..=dice.below(2) {
            let (issuer, signer) = if dice.once_in(3) { (name, key) } else { dice.pick(&authorities) };
            let mut spec = Spec { issuer: issuer.to_owned(), signer, ..Spec::root(name, key) };
            if faulty {
                spoil(&mut spec, dice);
            }
            let number = pki.add(spec);
            match dice.below(4) {
                0 => pki.anchors.push(number),
                1 => {}
                2 => pki.sent.push(number),
                _ if dice.once_in(3) => pki.anchors.push(number),
                _ => pki.sent.push(number),
            }
        }
    }
    if pki.anchors.is_empty() {
        pki.anchors.push(0);
    }
    for number in 0..5 {
        let (issuer, signer) = dice.pick(&authorities);
        let mut spec = Spec::leaf(&format!("leaf {number}"), 10 + number, &Spec::root(issuer, signer));
        spec.extended = match dice.below(6) {
            0 => vec![ExtendedKeyUsagePurpose::ServerAuth],
            1 => vec![ExtendedKeyUsagePurpose::ClientAuth],
            2 => Vec::new(),
            _ => spec.extended,
        };
        if faulty {
            spoil(&mut spec, dice);
        }
        let number = pki.add(spec);
        pki.leaves.push(number);
        if dice.once_in(12) {
            pki.anchors.push(number);
        }
    }
    pki
}

/// Now and then one thing is wrong.
fn spoil(spec: &mut Spec, dice: &mut Dice) {
    match dice.below(40) {
        0 => spec.dates = Dates::Expired,
        1 => spec.dates = Dates::Early,
        2 => spec.authority = Authority::No,
        3 => spec.authority = Authority::Unsaid,
        4 | 5 if spec.authority == Authority::Yes => spec.authority = Authority::UpTo(0),
        6 if spec.authority == Authority::Yes => spec.authority = Authority::UpTo(1),
        7 => spec.usages = vec![KeyUsagePurpose::DigitalSignature],
        8 => spec.usages = Vec::new(),
        9 => spec.extended = vec![ExtendedKeyUsagePurpose::ClientAuth],
        10 => spec.extended = vec![ExtendedKeyUsagePurpose::Any],
        11 => spec.key_ids = KeyIds::Wrong,
        12 | 13 => spec.key_ids = KeyIds::None,
        14 => spec.strange = true,
        15 => spec.signer = 20,
        _ => {}
    }
}

#[test]
fn openssl_says_the_same() {
    let halves = [0, 1].map(|half| {
        thread::spawn(move || {
            let folder = tempfile::tempdir().expect("a folder");
            let mut count: BTreeMap<String, usize> = BTreeMap::new();
            for seed in (0..PKIS).filter(|seed| seed % 2 == half) {
                let world = muddle(&mut Dice::of(seed)).make();
                let (answers, differences) = compare(&world, folder.path());
                for (_, _, answer) in answers {
                    let word = answer.map_or_else(|fault| fault.why.code(), |_| "accepted");
                    *count.entry(word.to_owned()).or_default() += 1;
                }
                for difference in differences {
                    *count.entry(format!("{difference:?}")).or_default() += 1;
                }
            }
            count
        })
    });
    let mut count: BTreeMap<String, usize> = BTreeMap::new();
    for half in halves {
        for (word, times) in half.join().expect("they agree") {
            *count.entry(word).or_default() += times;
        }
    }
    // Chance must not have left out what this is about.
    for (word, least) in [
        ("accepted", 500),
        ("expired", 20),
        ("not-yet-valid", 20),
        ("not-an-authority", 20),
        ("may-not-sign", 10),
        ("path-too-long", 20),
        ("wrong-usage", 100),
        ("not-signed", 50),
        ("issuer-not-given", 100),
        ("not-trusted", 100),
        ("critical-extension", 20),
        ("loop", 20),
        ("AnotherWay", 20),
    ] {
        assert!(count.get(word).is_some_and(|times| *times >= least), "{word}: {count:#?}");
    }
}
