//! The whole way on what kubeadm writes: seen as openssl sees it, renewed, taken back, closed.

use std::collections::BTreeMap;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::{fs, path::Path};

use support::kubeadm::{KeyAlgorithm, Kubeadm};
use support::secrets::Needles;
use support::tree::{Kind, Tree};

use crate::disk::Disk;
use crate::witness::{KUBECONFIGS, PAIRS, assert_renewal, identities, placed};

#[test]
fn rsa() {
    the_whole_way(KeyAlgorithm::Rsa2048);
}

#[test]
fn ecdsa() {
    the_whole_way(KeyAlgorithm::EcdsaP256);
}

fn the_whole_way(key_algorithm: KeyAlgorithm) {
    let mut kubeadm = Kubeadm::new(6443);
    kubeadm.key_algorithm = key_algorithm;
    kubeadm.extra_sans = vec!["api.example.org".to_owned(), "2001:db8::1".to_owned()];
    let disk = Disk::with(&kubeadm);
    with_odd_rights(&disk);
    assert_listed_as_openssl_says(&disk);

    let (before, old) = (disk.material(), identities(&disk.file("")));
    let keys_before = Needles::below(&disk.root());
    let done = disk.renew_all();
    assert_eq!(done["steps"].as_array().expect("steps").len(), PAIRS.len() + KUBECONFIGS.len(), "{done}");
    let (after, new) = (disk.material(), identities(&disk.file("")));
    assert_eq!(old.len(), PAIRS.len() + KUBECONFIGS.len());
    for (name, (old, authority)) in &old {
        assert_renewal(name, old, &new[name].0, &disk.file(&format!("{authority}.crt")));
    }
    assert_only_identities_changed(&before, &after);
    assert_keys_went_first(&disk);
    assert_listed_as_openssl_says(&disk);
    assert_eq!(disk.on_root(&["check"]).expect(0).out.lines().filter(|line| line.contains("error")).count(), 0);

    let keys_between = Needles::below(&disk.root().join("etc"));
    disk.on_root(&["runs", "undo"]).expect(0).naming(&["all is as before"]);
    assert_as_before(&before, &disk.material());
    disk.on_root(&["runs", "finish"]).expect(0);
    no_key_in(&disk, &[&keys_before, &keys_between]);
    assert_as_before(&before, &disk.material());
}

#[test]
fn after_finish_the_old_keys_are_nowhere_and_there_is_no_way_back() {
    let disk = Disk::ecdsa();
    let stays = |name: &str| name.ends_with("ca.key") || name.ends_with("sa.key");
    let mut old_keys = Needles::default();
    for (path, entry) in disk.material().entries {
        if let (Kind::File(bytes), false) = (entry.kind, stays(&path.display().to_string())) {
            old_keys.add(&path.display().to_string(), &bytes);
        }
    }
    let run = disk.renew_all();
    disk.on_root(&["runs", "finish"]).expect(0);
    for (path, entry) in disk.tree().entries {
        if let Kind::File(bytes) = entry.kind {
            old_keys.assert_absent(&path.display().to_string(), &bytes);
        }
    }
    no_key_in(&disk, &[&Needles::below(&disk.root().join("etc"))]);

    let renewed = disk.material();
    let run = run["run"].as_str().expect("a name");
    disk.on_root(&["runs", "undo", run]).expect(4).naming(&[run, "no way back"]);
    renewed.assert_unchanged(&disk.material());
    let shown = disk.on_root(&["runs", "list"]).expect(0).out;
    assert!(shown.contains(run) && shown.contains("finished"), "{shown}");
}

/// One pair that is not whole is told of and keeps nobody from renewing the others.
#[test]
fn a_leaf_without_its_key_is_left_alone_unless_it_is_named() {
    let disk = Disk::ecdsa();
    fs::remove_file(disk.file("pki/etcd/peer.key")).expect("a key");
    let before = disk.read("pki/etcd/peer.crt");
    disk.on_root(&["renew", "etcd-peer", "--yes"]).expect(4).naming(&["its private key was not found"]);
    disk.on_root(&["renew", "--only", "etcd-peer", "--yes"]).expect(4).naming(&["its private key was not found"]);
    let done = disk.renew_all();
    assert_eq!(done["steps"].as_array().expect("steps").len(), PAIRS.len() + KUBECONFIGS.len() - 1, "{done}");
    let left = done["leftAlone"].to_string();
    assert!(left.contains("etcd-peer") && left.contains("its private key was not found"), "{left}");
    assert_eq!(disk.read("pki/etcd/peer.crt"), before);
}

#[test]
fn what_was_taken_back_does_not_look_done_once_it_is_finished() {
    let disk = Disk::ecdsa();
    disk.on_root(&["renew", "apiserver", "--yes"]).expect(0);
    disk.on_root(&["runs", "undo"]).expect(0);
    disk.on_root(&["runs", "finish"]).expect(0);
    let list = disk.on_root(&["runs", "list"]).expect(0).out;
    assert!(list.contains("undone-finished") && list.contains(" 0/1 "), "{list}");
    let run = disk.on_root(&["runs", "list", "-o", "json"]).expect(0).item("Run");
    assert_eq!((&run["state"], &run["undone"]), (&"finished".into(), &true.into()));
    let again = disk.on_root(&["runs", "finish", run["run"].as_str().expect("a name")]).expect(0);
    assert!(again.out.contains("finished already") && !again.out.contains("overwritten"), "{again:?}");
}

/// Owners and rights that nobody would set by default.
fn with_odd_rights(disk: &Disk) {
    for (path, mode) in [("pki/apiserver.key", 0o640), ("pki/etcd/server.crt", 0o444), ("scheduler.conf", 0o660)] {
        fs::set_permissions(disk.file(path), fs::Permissions::from_mode(mode)).expect("rights");
    }
    // Only root may give files away.
    chown(disk.file("pki/etcd/peer.key"), Some(4321), Some(1234)).ok();
}

/// Every certificate of the disk once, and what is said of it word for word.
pub(crate) fn assert_listed_as_openssl_says(disk: &Disk) {
    let said = disk.on_root(&["list", "-o", "json"]).expect(0).json();
    let mut listed = BTreeMap::new();
    for item in said["items"].as_array().expect("items") {
        let text = |field: &str| item[field].as_str().unwrap_or_else(|| panic!("{field} in {item}")).to_owned();
        let seen = ["subject", "issuer", "serial", "notBefore", "notAfter", "fingerprint"].map(text);
        assert!(listed.insert(text("target"), seen).is_none(), "twice: {item}");
    }
    let time = |time: &str| time.replacen(' ', "T", 1);
    let witnessed: BTreeMap<_, _> = placed(&disk.file(""))
        .into_iter()
        .map(|(target, x509)| {
            let (begin, end) = (time(&x509.not_before), time(&x509.not_after));
            (target, [x509.subject, x509.issuer, x509.serial, begin, end, x509.fingerprint])
        })
        .collect();
    assert!(witnessed.len() >= 5, "{witnessed:?}");
    assert_eq!(listed.keys().collect::<Vec<_>>(), witnessed.keys().collect::<Vec<_>>());
    for (target, seen) in witnessed {
        assert_eq!(listed[&target], seen, "{target}");
    }
}

/// The leaves' files have other bytes and nothing else is otherwise; of kubeconfigs only two values are others.
fn assert_only_identities_changed(before: &Tree, after: &Tree) {
    let mut may_change: Vec<String> = KUBECONFIGS.map(str::to_owned).to_vec();
    may_change.extend(PAIRS.iter().flat_map(|(stem, _)| [format!("{stem}.crt"), format!("{stem}.key")]));
    let differences = before.diff(after);
    assert_eq!(differences.len(), may_change.len(), "{differences:#?}");
    for difference in differences {
        let (path, what) = difference.split_once(": ").expect("a path");
        let path = path.trim_start_matches("kubernetes/");
        assert!(may_change.iter().any(|one| one == path), "{difference}");
        assert!(!what.contains("mode") && !what.contains("owner"), "{difference}");
    }
    for name in KUBECONFIGS {
        let lines = |tree: &Tree| -> Vec<String> {
            let text = tree.file(Path::new("kubernetes").join(name)).expect("a kubeconfig");
            let text = str::from_utf8(text).expect("text");
            text.split_inclusive('\n').map(|line| without_value(line).to_owned()).collect()
        };
        assert_eq!(lines(before), lines(after), "{name}");
    }
}

/// The certificate tells everybody, a resumed run too, that there is a new identity: it comes last. A rename sets the time
/// of change.
fn assert_keys_went_first(disk: &Disk) {
    for (stem, _) in PAIRS {
        let changed = |ending: &str| {
            let metadata = fs::metadata(disk.file(&format!("{stem}.{ending}"))).expect("a file");
            (metadata.ctime(), metadata.ctime_nsec())
        };
        assert!(changed("key") <= changed("crt"), "{stem}");
    }
}

fn without_value(line: &str) -> &str {
    let identity = ["client-certificate-data:", "client-key-data:"];
    if identity.iter().any(|field| line.trim_start().starts_with(field)) {
        line.split_inclusive(':').next().unwrap_or(line)
    } else {
        line
    }
}

/// Byte for byte, with rights, owners and the files' times; that a folder was written in may show.
pub(crate) fn assert_as_before(before: &Tree, after: &Tree) {
    before.assert_unchanged(after);
    for (path, entry) in &before.entries {
        if matches!(entry.kind, Kind::File(_)) {
            assert_eq!(entry.modified, after.entries[path].modified, "time of {}", path.display());
        }
    }
}

/// What the program keeps for itself and in the operator's home.
fn no_key_in(disk: &Disk, needles: &[&Needles]) {
    for folder in [disk.state(), disk.home()] {
        for (path, entry) in Tree::read(&folder).entries {
            let name = path.display().to_string();
            assert!(!name.contains("backup") && !name.contains("staged"), "{name}");
            if let Kind::File(bytes) = entry.kind {
                for needles in needles {
                    needles.assert_absent(&name, &bytes);
                }
            }
        }
    }
}
