//! No cluster, or none that answers.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use crate::material::{Pair, kubeconfig};
use crate::program::Program;
use crate::world::{gaps, targets};

/// Longer, and people think that it hangs.
const QUICK: Duration = Duration::from_secs(15);

fn program(server: &str) -> Program {
    let program = Program::new();
    let pair = Pair::of("/CN=it");
    let path = program.write("k.conf", kubeconfig(server, &pair.certificate, &["me"], &pair));
    program.with("KUBECONFIG", path)
}

fn is_unreachable(server: &str, endpoint: &str) {
    let program = program(server);
    let start = Instant::now();
    let ran = program.line("list -o json").exits(3);
    assert!(start.elapsed() < QUICK, "{server}: {:?}", start.elapsed());
    // The kubeconfig is there all the same.
    assert_eq!(targets(&ran).len(), 2, "{ran:#?}");
    assert_eq!(gaps(&ran), [(endpoint.to_owned(), "unreachable".to_owned())], "{ran:#?}");
}

#[test]
fn nobody_listens() {
    is_unreachable("https://127.0.0.1:1", "tls://127.0.0.1:1");
    let ran = program("https://127.0.0.1:1").line("list").exits(3);
    assert!(ran.err.contains("Connection refused") && ran.err.lines().count() == 1, "{ran:#?}");
    program("https://127.0.0.1:1").line("check").exits(3).says("Nothing wrong with 2 certificates that could be read.");
    let ran = program("https://127.0.0.1:1").line("show secret/a/b").exits(3);
    assert!(ran.err.contains("127.0.0.1:1") && ran.err.contains("refused"), "{ran:#?}");
}

#[test]
fn the_name_is_unknown() {
    is_unreachable("https://nowhere.invalid:6443", "tls://nowhere.invalid:6443");
}

#[test]
fn somebody_listens_and_says_nothing() {
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = silent.local_addr().expect("an address").port();
    is_unreachable(&format!("https://127.0.0.1:{port}"), &format!("tls://127.0.0.1:{port}"));
}

#[test]
fn the_limit_that_was_asked_for_counts_for_everything_and_is_named() {
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = silent.local_addr().expect("an address").port();
    let start = Instant::now();
    let ran = program(&format!("https://127.0.0.1:{port}")).line("list --request-timeout 1s").exits(3);
    // Once for the API and once for what the port presents.
    assert!(start.elapsed().as_secs() < 6, "{:?}", start.elapsed());
    assert!(ran.err.contains("no answer within 1 s, as --request-timeout has it"), "{ran:#?}");
}

#[test]
fn the_network_swallows_everything() {
    // Reserved for documentation (RFC 5737): dropped, or refused at once.
    is_unreachable("https://192.0.2.1:6443", "tls://192.0.2.1:6443");
}

#[test]
fn there_is_no_kubeconfig() {
    let program = Program::new();
    for line in ["list", "check", "show secret/a/b", "list -n shop"] {
        let ran = program.line(line).exits(3).says("there is no kubeconfig").says("--kubeconfig").says("--root");
        assert!(ran.err.contains(&program.home().join(".kube/config").display().to_string()), "{ran:#?}");
    }
    program.line("list --context it").exits(3).says("there is no kubeconfig");
}

#[test]
fn the_kubeconfig_is_broken() {
    let program = Program::new();
    for (text, code, words) in [
        ("clusters: [", 2, "line 1"),
        ("apiVersion: v1\nkind: Config\nclusters: []\ncontexts: []\nusers: []\n", 2, "no context is current"),
        ("clusters: []\ncontexts: []\nusers: []\ncurrent-context: gone\n", 2, "'gone' does not exist"),
        (
            "clusters: []\ncontexts: [{name: a, context: {cluster: gone, user: u}}]\nusers: []\ncurrent-context: a\n",
            2,
            "gone",
        ),
        (
            "clusters: [{name: c, cluster: {server: 'https://127.0.0.1:1'}}]\ncontexts: [{name: a, context: {cluster: c, user: gone}}]\nusers: []\ncurrent-context: a\n",
            2,
            "gone",
        ),
        ("just text", 2, "cannot be used"),
    ] {
        let path = program.write("k.conf", text);
        let ran = program.run(["list", "--kubeconfig", &path.display().to_string()]).exits(code).says(words);
        assert!(ran.err.contains("k.conf"), "{ran:#?}");
    }
    // A BOM, as Notepad writes it; and what kubectl does not know either.
    let pair = Pair::of("/CN=it");
    let text = kubeconfig("https://127.0.0.1:1", &pair.certificate, &["me"], &pair);
    let with_more = text.replacen('{', "{\"unknown\": {\"a\": 1}, ", 1);
    program.write("k.conf", format!("\u{FEFF}{with_more}"));
    assert_eq!(targets(&program.line("list --kubeconfig k.conf -o json").exits(3)).len(), 2);
}
