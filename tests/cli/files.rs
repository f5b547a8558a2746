//! Plain files and folders as targets, and whatever else lies in folders.

use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::process::Command;

use crate::material::Pair;
use crate::program::{Program, Ran};

#[test]
fn files_and_folders_by_any_path() {
    let program = Program::new();
    let pem = Pair::of("/CN=it").certificate;
    let at = program.write("pki/a.crt", &pem).display().to_string();
    let wanted = format!("file:{at}");
    for target in ["pki/a.crt", "./pki/a.crt", "pki/", "pki", ".", &at, &wanted, "file:pki/a.crt", "file:pki"] {
        assert_eq!(program.run(["list", "-o", "name", target]).exits(0).lines(), [&wanted], "{target}");
    }
    let up = program.run(["list", "-o", "name", "pki/../pki/a.crt"]).exits(0);
    program.run(["show", up.out.trim()]).exits(0);
}

#[test]
fn odd_names_of_files_are_one_word_and_are_accepted_again() {
    let program = Program::new();
    let pem = Pair::of("/CN=it").certificate;
    let names = [
        "with space.pem",
        "100%.pem",
        "a%20b.pem",
        "a#1",
        "a#user\u{2215}x",
        "line\nbreak",
        "-o",
        "--root",
        "tab\t.pem",
        "quote'\".pem",
        "é漢😀.pem",
        "esc\u{1b}[31m",
        "turn\u{202E}ed",
        "a=b",
        "apiserver",
        "secret",
        "*",
        "colon:443",
    ];
    for name in names {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join(name), &pem).expect("written");
        let listed = program.run(["list", "-o", "name", &folder.path().display().to_string()]).exits(0);
        let [printed] = listed.lines()[..] else { panic!("{name}: {listed:#?}") };
        assert!(printed.chars().all(|c| !c.is_whitespace() && !c.is_control()), "{printed:?}");
        for target in [printed.to_owned(), folder.path().join(name).display().to_string()] {
            // A path as people type it is taken as it is, where it exists.
            let ran = program.run(["show", "-o", "name", &target]).exits(0);
            assert_eq!(ran.lines(), [printed], "{target:?}");
        }
    }
}

#[test]
fn what_is_no_file_does_not_stop_the_reading_of_a_folder() {
    let program = Program::new();
    let pem = Pair::of("/CN=it").certificate;
    program.write("pki/good.crt", &pem);
    program.write("pki/notes.txt", "nothing of ours");
    let at = |name: &str| program.work().join("pki").join(name);
    assert!(Command::new("mkfifo").arg(at("fifo")).status().expect("mkfifo").success());
    symlink("nowhere", at("dangling.crt")).expect("a link");
    symlink("loop", at("loop")).expect("a link");
    symlink("..", at("up")).expect("a link");
    std::fs::write(program.work().join("pki").join(std::ffi::OsStr::from_bytes(b"odd\xFF.txt")), "no PEM")
        .expect("written");
    let ran = program.line("list pki -o json");
    assert_eq!(targets(&ran), [format!("file:{}", at("good.crt").display())]);
    let gaps = ran.json()["gaps"].clone();
    // Only what may be a certificate is a loss: the loop of links.
    assert!(gaps.as_array().is_some_and(|gaps| gaps.len() == 1 && gaps[0]["reason"] == "read-failed"), "{gaps}");
    ran.exits(3);

    program.run(["list", "pki/fifo"]).exits(3).says("neither a file nor a folder");
    program.run(["list", "pki/dangling.crt"]).exits(3).says("dangling.crt");
    program.run(["list", "pki/loop"]).exits(3).says("loop");
}

#[test]
fn a_name_that_is_no_text_is_a_gap() {
    let program = Program::new();
    let pair = Pair::of("/CN=it");
    program.write("pki/good.crt", &pair.certificate);
    let odd = std::ffi::OsStr::from_bytes(b"odd\xFF.crt");
    std::fs::write(program.work().join("pki").join(odd), &pair.certificate).expect("written");
    let ran = program.line("list pki").exits(3).says("UTF-8");
    assert_eq!(ran.lines().len(), 2, "{ran:#?}");
    program.run([std::ffi::OsStr::new("list"), odd]).exits(2);
}

#[test]
fn what_is_far_too_large_is_a_gap() {
    let program = Program::new();
    program.write("pki/good.crt", Pair::of("/CN=it").certificate);
    let large = std::fs::File::create(program.work().join("pki/large.crt")).expect("a file");
    large.set_len(64 << 20).expect("a sparse file");
    let ran = program.line("list pki -o json").exits(3);
    assert_eq!((ran.items().len(), &ran.json()["gaps"][0]["reason"]), (1, &"too-large".into()));
    program.line("list pki/large.crt").exits(3).says("larger than");
}

/// `list *` in a folder of certificates, keys, notes and links.
#[test]
fn all_that_a_shell_makes_of_a_star_is_taken() {
    let program = Program::new();
    let pair = Pair::of("/CN=it");
    program.write("a.crt", &pair.certificate);
    program.write("a.key", &pair.key);
    program.write("README", "notes");
    symlink("a.crt", program.work().join("link.crt")).expect("a link");
    symlink("a.crt", program.work().join("other.crt")).expect("a link");
    let ran = program.line("list README a.crt a.key link.crt other.crt -o json").exits(3);
    let names: Vec<String> =
        ["a.crt", "link.crt", "other.crt"].map(|name| format!("file:{}", program.work().join(name).display())).into();
    assert_eq!(targets(&ran), names);
    let gaps = ran.json()["gaps"].as_array().cloned().unwrap_or_default();
    // A key stands for the certificate that it belongs to.
    assert!(gaps.len() == 1 && gaps[0]["reason"] == "no-certificate-found", "{gaps:?}");
    assert_eq!(targets(&program.line("list a.key -o json").exits(0)), names[..1]);
    program.line("list a.crt link.crt").exits(0);
}

/// Each thing that is no certificate has its reason, and who names a file is not told of its neighbours.
#[test]
fn gaps_say_what_they_are_about() {
    let program = Program::new();
    let folder = program.demo();
    let at = |name: &str| std::path::Path::new(&folder).join("etc/kubernetes").join(name);
    let replace = |name: &str| {
        std::fs::remove_file(at(name)).expect("removed");
        at(name)
    };
    symlink("nowhere", replace("pki/etcd/server.crt")).expect("a link");
    assert!(Command::new("mkfifo").arg(replace("pki/etcd/peer.crt")).status().expect("mkfifo").success());
    std::fs::create_dir(replace("pki/apiserver-etcd-client.crt")).expect("a folder");
    std::fs::write(at("scheduler.conf"), "what was this?").expect("written");
    let whole = std::fs::read_to_string(at("pki/apiserver.crt")).expect("read");
    std::fs::write(at("pki/apiserver.crt"), &whole[..whole.len() / 2]).expect("written");
    std::fs::write(at("pki/front-proxy-client.crt"), "").expect("written");

    let ran = program.run(["list", "--root", &folder, "-o", "json"]).exits(3);
    let gaps: Vec<(String, String)> = ran.json()["gaps"]
        .as_array()
        .expect("gaps")
        .iter()
        .map(|gap| {
            let path = gap["at"].as_str().expect("a place").rsplit('/').next().expect("a name");
            (path.to_owned(), gap["reason"].as_str().expect("a reason").to_owned())
        })
        .collect();
    let wanted = [
        ("apiserver-etcd-client.crt", "not-a-file"),
        ("apiserver.crt", "bad-pem"),
        ("front-proxy-client.crt", "no-certificate-found"),
        ("peer.crt", "not-a-file"),
        ("scheduler.conf", "bad-kubeconfig"),
        ("server.crt", "not-found"),
    ];
    let mut gaps: Vec<(&str, &str)> = gaps.iter().map(|(path, reason)| (path.as_str(), reason.as_str())).collect();
    gaps.sort_unstable();
    assert_eq!(gaps, wanted);
    program.run(["list", "--root", &folder]).says("is cut off: its '-----END CERTIFICATE-----' is missing");

    let good = at("pki/ca.crt").display().to_string();
    let ran = program.run(["list", &good]).exits(0);
    assert!(ran.err.is_empty() && ran.lines().len() == 2, "{ran:#?}");
    for command in ["list", "show", "renew"] {
        let ran = program.run([command, "etcd-server", "--root", &folder]).exits(3);
        assert!(ran.err.contains("pki/etcd/server.crt (not-found)"), "{ran:#?}");
    }
    program.run(["list", "admin.conf", "etcd-server", "--root", &folder]).exits(3).says("pki/etcd/server.crt");

    // Renewing does not pass them over, nor is it stopped by them.
    let ran = program.run(["renew", "--all", "--root", &folder, "--yes"]).exits(3);
    for (path, _) in wanted {
        assert!(ran.err.contains(&format!("{path} could not be read")), "{path}: {ran:#?}");
    }
    assert!(ran.err.contains("it cannot be read (not-a-file)") && ran.out.contains("renew-admin.conf"), "{ran:#?}");
    program.run(["renew", "--only", "etcd-peer", "--root", &folder, "--dry-run"]).exits(3).says("peer.crt");
}

/// The name tells where it is, so that it can be used without --root, even behind a link that is absolute on the node.
#[test]
fn a_node_is_recognised_around_any_of_its_files() {
    let program = Program::new();
    let folder = program.demo();
    let kubelet = format!("file:{folder}/var/lib/kubelet/pki/kubelet-client-current.pem");
    for arguments in [vec!["show", &kubelet], vec!["show", "--root", &folder, &kubelet]] {
        let ran = program.run(arguments).exits(0);
        assert!(ran.out.contains("\nName:         kubelet-client\n"), "{ran:#?}");
    }
    // A finding's remedy must not mean this machine.
    let at = format!("{folder}/etc/kubernetes/pki/apiserver.crt");
    let items = program.run(["check", "-o", "json", &at]).exits(1).items();
    let expired = items.iter().find(|item| item["code"] == "expired").expect("it is expired");
    assert_eq!(expired["remedy"]["renew"]["scope"], serde_json::json!({ "targets": ["apiserver"], "root": folder }));
}

#[test]
fn a_file_of_many_certificates_gives_each_a_name() {
    let program = Program::new();
    let many: String = (0..25).map(|number| Pair::of(&format!("/CN=n{number}")).certificate).collect();
    let at = program.write("bundle.pem", many).display().to_string();
    let items = program.line("list bundle.pem -o json").exits(0).items();
    for (index, item) in items.iter().enumerate() {
        assert_eq!(item["target"], format!("file:{at}#{}", index + 1));
        assert_eq!(item["subject"], format!("CN=n{index}"));
    }
    assert_eq!(items.len(), 25);
    let ran = program.run(["show", &format!("{at}#7")]);
    let ran = if ran.code == 0 { ran } else { program.run(["show", &format!("file:{at}#7")]) };
    assert!(ran.out.contains("CN=n6"), "{ran:#?}");
}

fn targets(ran: &Ran) -> Vec<String> {
    ran.items().iter().map(|item| item["target"].as_str().expect("a target").to_owned()).collect()
}
