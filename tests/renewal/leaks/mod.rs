//! Keys and tokens are written where they belong and appear nowhere else: no output, error, journal, plan, command line or
//! environment holds a piece of one, whatever goes wrong.

mod watch;
mod wrong_places;

use std::fs;
use std::path::Path;
use std::sync::Arc;

use serde_json::json;
use support::kubeadm::{KeyAlgorithm, Kubeadm};
use support::pem;
use support::secrets::Needles;
use support::tree::{Kind, Tree};

use crate::disk::{Disk, Said};
use watch::watched;
use wrong_places::failing;

const TOKEN: &str = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJyb2JvdCJ9.c2lnbmF0dXJlLW9mLWEtcm9ib3QtdGhhdC1ub2JvZHktbWF5LXNlZQ";

#[test]
fn rsa() {
    nothing_leaks(KeyAlgorithm::Rsa2048);
}

#[test]
fn ecdsa() {
    nothing_leaks(KeyAlgorithm::EcdsaP256);
}

fn nothing_leaks(key_algorithm: KeyAlgorithm) {
    let mut kubeadm = Kubeadm::new(6443);
    kubeadm.key_algorithm = key_algorithm;
    let disk = Disk::with(&kubeadm);
    with_token(&disk);
    let old = Arc::new(Needles::below(&disk.root()));
    assert!(!old.find_in(TOKEN.as_bytes()).is_empty());
    let old_key = fs::read(disk.file("pki/apiserver.key")).expect("a key");

    let mut said = looking(&disk);
    let (renewal, proc) = watched(&disk, &["renew", "--all", "--yes"], &old);
    said.push(("renew".to_owned(), renewal.expect(0)));
    // What was made in the run: lying ready, backed up and in place.
    let all = Needles::below(&disk.root());
    // The backups among them, so that the old ones are in it too.
    let old_key = pem::blocks(&old_key)[0].body.clone();
    assert!(!all.find_in(&old_key).is_empty());
    said.extend(looking(&disk));
    said.extend(failing(&disk));
    let run = disk.on_root(&["runs", "list", "-o", "name"]).expect(0).out.trim().to_owned();
    for arguments in [["runs", "show", &run].as_slice(), &["runs", "show", &run, "-o", "json"], &["runs", "resume"]] {
        said.push((format!("{arguments:?}"), disk.on_root(arguments)));
    }
    said.push(("undo".to_owned(), disk.on_root(&["runs", "undo"]).expect(0)));

    let mut leaks = Vec::new();
    for (what, said) in &said {
        for (stream, text) in [("output", &said.out), ("error", &said.err)] {
            let found = all.find_in(text.as_bytes()).into_iter();
            leaks.extend(found.map(|leak| format!("standard {stream} of {what}: {leak}")));
        }
    }
    for (place, bytes) in &proc {
        all.assert_absent(place, bytes);
    }
    assert!(written(&disk, &all) >= 3, "journal, plan, and where the run is remembered");
    assert!(leaks.is_empty(), "{}", leaks.join("\n"));
    assert!(said.len() > 200, "{}", said.len());
}

/// Everything that only reads, in every format.
fn looking(disk: &Disk) -> Vec<(String, Said)> {
    let mut said = Vec::new();
    for format in ["table", "wide", "json", "yaml", "name"] {
        for command in [
            ["list"].as_slice(),
            &["check", "--fail-on", "never"],
            &["show", "apiserver", "admin.conf", "ca", "etcd-server", "super-admin.conf"],
            &["renew", "--all", "--dry-run"],
            &["runs", "list"],
        ] {
            let arguments = [command, &["-o", format]].concat();
            said.push((format!("{arguments:?}"), disk.on_root(&arguments).expect(0)));
        }
    }
    let root = disk.root().display().to_string();
    for request in
        [json!({"list": {"scope": {"root": root}}}), json!({"renew": {"scope": {"root": root}, "all": true}})]
    {
        let said_to_api = disk.api(&json!({"api": "certs/v1alpha1", "request": request}));
        said.push((request.to_string(), said_to_api.expect(0)));
    }
    let admin = disk.file("admin.conf").display().to_string();
    said.push(("kubeconfig".to_owned(), disk.run(&["list", &format!("kubeconfig:{admin}")]).expect(0)));
    // Nobody listens on that port: the error names the server and nothing of the user.
    said.push(("unreachable".to_owned(), disk.run(&["list", "--kubeconfig", &admin]).expect(3)));
    said
}

/// How many files the program wrote for itself or for the operator; none holds a key but backups and staged files.
fn written(disk: &Disk, needles: &Needles) -> usize {
    let mut count = 0;
    for folder in [disk.state(), disk.home()] {
        for (path, entry) in Tree::read(&folder).entries {
            let kept = path.iter().any(|part| part == "backup" || part == "staged");
            match entry.kind {
                Kind::File(_) if kept => assert!(is_private(entry.mode) || in_private_folder(&folder, &path)),
                Kind::File(bytes) => {
                    needles.assert_absent(&path.display().to_string(), &bytes);
                    count += 1;
                }
                _ => {}
            }
        }
    }
    count
}

fn in_private_folder(top: &Path, path: &Path) -> bool {
    let folders = path.ancestors().skip(1).map(|folder| top.join(folder));
    let modes = folders.map(|folder| Tree::read(&folder).entries[Path::new("")].mode);
    modes.into_iter().any(is_private)
}

fn is_private(mode: u32) -> bool {
    mode.trailing_zeros() >= 6
}

/// A user of another kind beside the one that is renewed.
fn with_token(disk: &Disk) {
    let text = disk.read("scheduler.conf");
    let robot = format!("users:\n- name: robot\n  user:\n    token: {TOKEN}\n");
    disk.write("scheduler.conf", text.replace("users:\n", &robot));
}
