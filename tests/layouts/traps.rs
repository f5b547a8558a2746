//! A FIFO, symlink loops, links to nowhere and names that are no text, in the middle of each layout.

use std::time::Duration;

use support::layouts::{self, Authority, Disk, Oddity};

use crate::listed::{json, lines_of, run};

/// Where the traps are set, and what is made around them.
type Case<'a> = (&'a str, &'a dyn Fn(&Disk));

#[test]
fn traps_neither_block_nor_loop_nor_hide() {
    let supervisor = |disk: &Disk| layouts::supervisor::server(disk, "k3s", "var/lib/rancher/k3s");
    let cases: [Case<'_>; 8] = [
        ("var/lib/rancher/k3s/server/tls", &supervisor),
        ("etc/kubernetes/ssl", &layouts::rke1::node),
        ("etc/kubernetes/certs", &layouts::aks_engine::node),
        ("kubeconfig", &layouts::aks_engine::output),
        ("var/snap/microk8s/7018/certs", &layouts::microk8s::node),
        ("etc/kubernetes/ssl", &layouts::kubespray::node),
        ("srv/pki", &layouts::kubeadm::elsewhere),
        ("login", &layouts::aks_hybrid::files),
    ];
    let stray = Authority::new("stray", &Oddity::default());
    for (traps, made) in cases {
        let folder = tempfile::tempdir().expect("a folder");
        let disk = Disk::new(folder.path());
        made(&disk);
        let before = lines_of(&json(folder.path(), &["list"]), folder.path());
        disk.set_traps(traps, &stray.certificate());
        let document = json(folder.path(), &["list"]);
        assert_eq!(lines_of(&document, folder.path()), before, "{traps}");
        let gaps = document["gaps"].as_array().expect("gaps");
        let names: Vec<&str> = gaps.iter().filter_map(|gap| gap["message"].as_str()).collect();
        assert!(names.iter().any(|message| message.contains("not UTF-8")), "{traps}: {names:?}");
    }
}

/// Talos' folder is not searched: only what is called as its files are is read, and a FIFO of that name is no file.
#[test]
fn a_fifo_of_a_known_name_is_passed_over() {
    let folder = tempfile::tempdir().expect("a folder");
    let disk = Disk::new(folder.path());
    layouts::talos::operator(&disk);
    let before = lines_of(&json(folder.path(), &["list"]), folder.path());
    let made = std::process::Command::new("mkfifo").arg(disk.at("worker.yaml")).status().expect("mkfifo");
    assert!(made.success());
    disk.link("loop.yaml", "loop.yaml");
    let started = std::time::Instant::now();
    assert_eq!(lines_of(&json(folder.path(), &["list"]), folder.path()), before);
    assert!(started.elapsed() < Duration::from_secs(20));
    assert_ne!(run(folder.path(), &["check"]).status.code(), Some(101));
}
