//! The operator's own kubeconfig, renewed with the cluster's leaves: its key is made on the operator's machine, and nobody
//! else's machine goes on with such a run.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use nodes_tests::helper;
use nodes_tests::server::Server;
use rustix::process::{Pid, Signal, kill_process_group};
use support::kubeadm::{KeyAlgorithm, Kubeadm};
use support::openssl;
use support::tree::Tree;

use crate::operator::{Operator, Said};

const OWN: &str = "operator-kubeconfig";

/// Of a kubeconfig's text, the values of this name.
fn values<'a>(text: &'a str, name: &str) -> Vec<&'a str> {
    let named = text.lines().filter_map(|line| line.trim_start_matches([' ', '-']).strip_prefix(name));
    named.filter_map(|rest| rest.strip_prefix(':')).map(str::trim).collect()
}

/// Two clusters, ours second, in a hand that is not kubeadm's.
fn kubeconfig(ours: &Path, theirs: &Path) -> String {
    let read = |path: &Path, name: &str| {
        let text = fs::read_to_string(path.join("admin.conf")).expect("an admin.conf");
        values(&text, name)[0].to_owned()
    };
    let user = |path| (read(path, "client-certificate-data"), read(path, "client-key-data"));
    let ((their_certificate, their_key), (certificate, key)) = (user(theirs), user(ours));
    let authority = read(ours, "certificate-authority-data");
    format!(
        "# mine, please keep   \napiVersion: v1\nkind: Config\ncurrent-context: work\nclusters:\n\
         - {{name: work, cluster: {{server: 'https://127.0.0.1:1', certificate-authority-data: {authority}}}}}\n\
         contexts:\n- {{name: work, context: {{cluster: work, user: me}}}}\n- {{name: home, context: {{cluster: work, user: them}}}}\n\
         - {{name: login, context: {{cluster: work, user: login}}}}\nusers:\n\
         - name: them\n  user:\n    client-certificate-data: {their_certificate}\n    client-key-data: {their_key}\n\
         - name: me # myself\n  user:\n    client-key-data: {key}\n    client-certificate-data: {certificate}\n\
         - name: login\n  user:\n    exec: {{apiVersion: client.authentication.k8s.io/v1, command: /bin/false}}\n\
         unknown: {{field: [1, 2]}}\n"
    )
}

fn operator(names: &[&'static str], key_algorithm: KeyAlgorithm) -> Operator {
    let operator = Operator::of(names, key_algorithm);
    let theirs = operator.folder.path().join("theirs");
    Kubeadm { key_algorithm: KeyAlgorithm::EcdsaP256, ..Kubeadm::new(6443) }.write(&theirs);
    let ours = operator.file(names[0], "");
    write_kubeconfig(&operator, &kubeconfig(&ours, &theirs.join("etc/kubernetes")));
    operator
}

fn write_kubeconfig(operator: &Operator, text: &str) {
    let path = own(operator);
    fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
    fs::write(&path, text).expect("written");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("rights");
}

fn own(operator: &Operator) -> PathBuf {
    operator.folder.path().join("home/.kube/config")
}

fn text(operator: &Operator) -> String {
    fs::read_to_string(own(operator)).expect("a kubeconfig")
}

/// Where runs keep what they need of it.
fn kept(operator: &Operator) -> Tree {
    Tree::read(&operator.folder.path().join("home/.local/state/kubectl-certs"))
}

/// `base64 -d`, by a program of others.
fn decoded(value: &str) -> Vec<u8> {
    openssl::text(&["base64", "-d", "-A"], value.as_bytes()).into_bytes()
}

/// Every file of a folder that holds a private key.
fn with_keys(tree: &Tree) -> Vec<String> {
    let holds = |path: &&PathBuf| {
        let text = String::from_utf8_lossy(tree.file(path).unwrap_or_default()).into_owned();
        text.contains("PRIVATE KEY") || text.contains("client-key-data")
    };
    tree.entries.keys().filter(holds).map(|path| path.display().to_string()).collect()
}

#[test]
fn it_is_renewed_with_the_rest_and_taken_back() {
    let operator = operator(&["cp1", "cp2"], KeyAlgorithm::EcdsaP256);
    let (before, home, old) = (operator.tree(), operator.folder.path().join("home/.kube"), text(&operator));
    let kube = Tree::read(&home);
    let said = operator.run(&["renew", "--all", "--yes"]).expect(0);
    assert!(said.out.contains(OWN), "{said:?}");

    let new = text(&operator);
    let (certificates, keys) = (values(&new, "client-certificate-data"), values(&new, "client-key-data"));
    let (old_certificates, old_keys) = (values(&old, "client-certificate-data"), values(&old, "client-key-data"));
    assert_eq!((certificates[0], keys[0]), (old_certificates[0], old_keys[0]), "another cluster's user");
    let (certificate, key) = (openssl::x509(&decoded(certificates[1])), decoded(keys[1]));
    let was = openssl::x509(&decoded(old_certificates[1]));
    assert_eq!((&certificate.subject, &certificate.issuer), (&was.subject, &was.issuer));
    assert_ne!(certificate.public_key, was.public_key, "a key of its own");
    assert_eq!(certificate.public_key.trim(), openssl::public_key_of(&key).trim());
    openssl::verify(&decoded(certificates[1]), &operator.file("cp1", "pki/ca.crt"), None).expect("signed");
    let back = new.replace(certificates[1], old_certificates[1]).replace(keys[1], old_keys[1]);
    assert_eq!(back, old, "every other byte");
    assert_eq!(fs::metadata(own(&operator)).expect("a file").permissions().mode() & 0o777, 0o600);
    // The key never left: nothing of it is on the nodes.
    for server in &operator.nodes {
        let journals = Tree::read(&server.state());
        for path in journals.entries.keys() {
            let text = String::from_utf8_lossy(journals.file(path).unwrap_or_default()).into_owned();
            assert!(!text.contains(keys[1]) && !text.contains(String::from_utf8_lossy(&key).trim()), "{path:?}");
        }
    }
    operator.run(&["runs", "undo"]).expect(0);
    kube.assert_unchanged(&Tree::read(&home));
    before.assert_unchanged(&operator.tree());
    assert!(!with_keys(&kept(&operator)).is_empty());
    operator.run(&["runs", "finish"]).expect(0);
    assert_eq!(with_keys(&kept(&operator)), Vec::<String>::new(), "finished: no key is kept");
}

#[test]
fn alone_or_not_at_all() {
    let operator = operator(&["cp1"], KeyAlgorithm::EcdsaP256);
    let (before, old) = (operator.tree(), text(&operator));
    // Not needed, not asked for.
    for arguments in [["renew", "--yes"].as_slice(), &["renew", "--only", "scheduler.conf", "--yes"]] {
        operator.run(arguments).expect(0);
        assert_eq!(text(&operator), old, "{arguments:?}");
    }
    operator.run(&["runs", "undo"]).expect(0);
    // Another cluster's, whatever its authority is called; and one who has none.
    for (context, why) in [("home", "it is another cluster's"), ("login", "has no certificate")] {
        let only = ["renew", "--only", OWN, "--context", context, "--yes"];
        operator.run(&only).expect(4).naming(&[OWN, why]);
        let said = operator.run(&["renew", "--all", "--context", context, "--dry-run"]).expect(0);
        assert!(said.out.contains(why), "{said:?}");
        assert_eq!(text(&operator), old);
    }
    for more in [["--node", "cp1"].as_slice(), &["--csr-out", "requests"]] {
        let arguments = [["renew", "--only", OWN].as_slice(), more].concat();
        operator.run(&arguments).expect_one_of(&[2, 4]).naming(&[OWN]);
    }
    before.assert_unchanged(&operator.tree());
    // A file that is not the usual one, through a link that stays one.
    let real = operator.folder.path().join("real");
    fs::rename(own(&operator), &real).expect("moved");
    std::os::unix::fs::symlink(&real, own(&operator)).expect("a link");
    operator.run(&["renew", "--only", OWN, "--yes"]).expect(0);
    assert!(fs::symlink_metadata(own(&operator)).expect("a link").is_symlink());
    assert_ne!(text(&operator), old);
    before.assert_unchanged(&operator.tree());
    operator.run(&["runs", "undo"]).expect(0);
    assert_eq!(text(&operator), old);
}

/// What a killed program leaves: the journals of all end somewhere, here and on the nodes.
#[test]
fn a_run_that_was_cut_off_is_resumed_or_taken_back() {
    let operator = operator(&["cp1"], KeyAlgorithm::EcdsaP256);
    let old = text(&operator);
    operator.run(&["renew", "--only", OWN, "--yes"]).expect(0);
    let (new, run) = (text(&operator), only_run(&operator));
    let journals = journals(&operator, &run);
    assert_eq!(journals.len(), 2, "{journals:?}");
    let whole = fs::read_to_string(&journals[0]).expect("a journal");
    let lines: Vec<&str> = whole.lines().collect();
    assert!(lines.len() >= 3, "{whole}");
    let cut = |lines: &[&str], text: &str| {
        for journal in &journals {
            fs::write(journal, lines.iter().map(|line| format!("{line}\n")).collect::<String>()).expect("written");
        }
        fs::write(own(&operator), text).expect("written");
    };
    for length in 1..lines.len() {
        for written in [&old, &new] {
            // What was not begun was not written.
            if length == 1 && written == &new {
                continue;
            }
            cut(&lines[..length], written);
            operator.run(&["runs", "resume", &run]).expect(0);
            assert_eq!(text(&operator), new, "{length} lines");
            cut(&lines[..length], written);
            operator.run(&["runs", "undo", &run]).expect(0);
            assert_eq!(text(&operator), old, "{length} lines");
        }
    }
}

fn only_run(operator: &Operator) -> String {
    let runs = operator.run(&["runs", "list", "-o", "json"]).expect(0).items();
    assert_eq!(runs.len(), 1, "{runs:?}");
    runs[0]["run"].as_str().expect("a name").to_owned()
}

fn journals(operator: &Operator, run: &str) -> Vec<PathBuf> {
    let here = operator.folder.path().join("home/.local/state/kubectl-certs/kubeconfigs");
    let own = fs::read_dir(here).expect("a folder").map(|entry| entry.expect("an entry").path());
    let states = own.chain(operator.nodes.iter().map(Server::state));
    states.map(|state| state.join("runs").join(run).join("journal.jsonl")).filter(|path| path.exists()).collect()
}

/// For real, while its key is made.
#[test]
fn killed_in_the_middle() {
    let operator = operator(&["cp1"], KeyAlgorithm::Rsa2048);
    let old = text(&operator);
    let mut command = operator.command(helper::built(), &["renew", "--only", OWN, "--yes"]);
    command.arg("--node-helper").arg(helper::folder()).args(operator.hosts());
    command.process_group(0).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().expect("the program runs");
    let runs = operator.nodes[0].state().join("runs");
    while fs::read_dir(&runs).map_or(0, Iterator::count) == 0 {
        assert!(child.try_wait().expect("a child").is_none(), "it ended");
        std::thread::sleep(Duration::from_millis(2));
    }
    kill_process_group(Pid::from_raw(child.id().try_into().expect("a pid")).expect("a pid"), Signal::KILL)
        .expect("there");
    child.wait().expect("it ended");
    operator.nodes[0].is_left_alone();
    // Before the first line of the journal there is nothing to go on with.
    let resumed = operator.run(&["runs", "resume"]).expect_one_of(&[0, 3]);
    assert_eq!(resumed.code == Some(0), text(&operator) != old, "{resumed:?}");
    if resumed.code == Some(0) {
        operator.run(&["runs", "undo"]).expect(0);
    }
    assert_eq!(text(&operator), old);
}

/// The same path, and even the same bytes; but not the same machine.
#[test]
fn another_operators_machine_is_refused() {
    let operator = operator(&["cp1"], KeyAlgorithm::EcdsaP256);
    let old = text(&operator);
    let elsewhere = operator.folder.path().join("elsewhere");
    let there = |arguments: &[&str]| {
        let mut command = operator.command(helper::built(), arguments);
        command.arg("--node-helper").arg(helper::folder()).args(operator.hosts());
        Said::of(command.env("XDG_STATE_HOME", &elsewhere))
    };
    let plan = operator.folder.path().join("plan.json");
    let said = operator.run(&["renew", "--only", OWN, "--dry-run", "-o", "json"]).expect(0);
    fs::write(&plan, &said.out).expect("written");
    operator.run(&["renew", "--only", OWN, "--yes"]).expect(0);
    let (new, run) = (text(&operator), only_run(&operator));
    assert_ne!(new, old);
    let nodes = Tree::read(&operator.nodes[0].state());
    for verb in ["undo", "finish"] {
        there(&["runs", verb, &run]).expect(4).naming(&["another machine", &own(&operator).display().to_string()]);
    }
    let journal = journals(&operator, &run);
    let lines = fs::read_to_string(&journal[0]).expect("a journal");
    let cut: String = lines.lines().take(2).map(|line| format!("{line}\n")).collect();
    for journal in &journal {
        fs::write(journal, &cut).expect("written");
    }
    there(&["runs", "resume", &run]).expect(4).naming(&["another machine"]);
    for journal in &journal {
        fs::write(journal, &lines).expect("written");
    }
    nodes.assert_unchanged(&Tree::read(&operator.nodes[0].state()));
    assert_eq!(text(&operator), new);
    // To look is nobody's right alone.
    there(&["runs", "show", &run]).expect(0);
    operator.run(&["runs", "undo", &run]).expect(0);
    assert_eq!(text(&operator), old);

    // A plan speaks of one file of one machine.
    let home = operator.folder.path().join("another home");
    fs::create_dir_all(home.join(".kube")).expect("a folder");
    fs::write(home.join(".kube/config"), &old).expect("written");
    let apply = |home: &Path| {
        let mut apply = Command::new(helper::built());
        apply
            .args(["apply", plan.to_str().expect("UTF-8"), "--yes"])
            .env_clear()
            .env("HOME", home)
            .env("PATH", "/usr/bin:/bin");
        Said::of(apply.stdin(Stdio::null()))
    };
    apply(&home).expect(4).naming(&["another plan", OWN]);
    assert_eq!(fs::read_to_string(home.join(".kube/config")).expect("a kubeconfig"), old);
    apply(&operator.folder.path().join("home")).expect(0);
    assert_ne!(text(&operator), old);
}

/// A finding that a new certificate repairs is enough, as with the cluster's own leaves.
#[test]
fn what_has_ended_is_renewed_without_being_named() {
    let operator = operator(&["cp1"], KeyAlgorithm::EcdsaP256);
    let (before, old) = (operator.tree(), text(&operator));
    let (certificate, key) = (values(&old, "client-certificate-data")[1], values(&old, "client-key-data")[1]);
    let at = |name: &str| operator.folder.path().join(name).display().to_string();
    fs::write(at("my.key"), decoded(key)).expect("written");
    let openssl = |arguments: &[&str]| openssl::text(arguments, &[]);
    let request = openssl(&["req", "-new", "-key", &at("my.key"), "-subj", "/O=team/CN=me"]);
    fs::write(at("my.csr"), request).expect("written");
    let ca = |ending: &str| operator.file("cp1", &format!("pki/ca.{ending}")).display().to_string();
    let sign = ["x509", "-req", "-days", "0", "-in", &at("my.csr"), "-CA", &ca("crt"), "-CAkey", &ca("key")];
    fs::write(at("my.crt"), openssl(&sign)).expect("written");
    // It ends in this second.
    std::thread::sleep(Duration::from_secs(2));
    let short = openssl(&["base64", "-A", "-in", &at("my.crt")]);
    write_kubeconfig(&operator, &old.replace(certificate, short.trim()));

    operator.run(&["renew", "--yes"]).expect(0);
    before.assert_unchanged(&operator.tree());
    let new = text(&operator);
    let new = openssl::x509(&decoded(values(&new, "client-certificate-data")[1]));
    assert_eq!(new.subject, "CN=me,O=team", "a person of the cluster's, not admin alone");
    assert_ne!(new.fingerprint, openssl::x509(&fs::read(at("my.crt")).expect("read")).fingerprint);
    operator.run(&["renew", "--only", OWN, "--validity", "90d", "--yes"]).expect(0);
}

/// Root on the node itself, with a kubeconfig that is none of the node's; and with one that is.
#[test]
fn on_the_node_itself() {
    let operator = operator(&["cp1"], KeyAlgorithm::EcdsaP256);
    let (before, old) = (operator.tree(), text(&operator));
    let folder = operator.folder.path();
    fs::create_dir(folder.join("lib")).expect("a folder");
    let inside = |kubeconfig: &Path, arguments: &[&str]| {
        // The machine's own /etc has no such folder, and gets none.
        let script = "cp -a /etc \"$1/etc\"; mkdir -p \"$1/etc/kubernetes\"; mount --bind \"$1/etc\" /etc
            mount --bind \"$2\" /etc/kubernetes; mount --bind \"$3\" /var/lib; shift 3; exec \"$@\"";
        let mounts = tempfile::tempdir().expect("a folder");
        let mut command = Command::new("unshare");
        command.args(["--mount", "--propagation", "private", "--", "sh", "-ec", script, "sh"]).arg(mounts.path());
        command.arg(operator.file("cp1", "")).arg(folder.join("lib")).arg(helper::built()).args(arguments);
        command.env("HOME", folder.join("home")).env("KUBECONFIG", kubeconfig);
        Said::of(command.stdin(Stdio::null()))
    };
    let only = ["renew", "--only", OWN, "--yes"];
    inside(Path::new("/etc/kubernetes/admin.conf"), &only).expect(4).naming(&["a leaf of this node's by another name"]);
    inside(&own(&operator), &only).expect(0);
    assert_ne!(text(&operator), old);
    before.assert_unchanged(&operator.tree());
    // What root keeps lies with the node's.
    assert!(folder.join("lib/kubectl-certs/runs").is_dir());
    inside(&own(&operator), &["runs", "undo"]).expect(0);
    assert_eq!(text(&operator), old);
}
