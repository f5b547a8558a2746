//! Endpoints as targets, with servers of openssl.

use std::net::TcpStream;
use std::process::Command;
use std::time::{Duration, Instant};

use support::ports::Port;
use support::processes::Process;

use crate::material::Pair;
use crate::program::Program;

pub(crate) struct Server {
    pub(crate) at: String,
    _port: Port,
    _process: Process,
}

fn serve(program: &Program, more: &[&str]) -> Server {
    serve_with(program, &Pair::of("/CN=server"), more)
}

pub(crate) fn serve_with(program: &Program, pair: &Pair, more: &[&str]) -> Server {
    let port = Port::take();
    let at = format!("127.0.0.1:{}", port.number());
    let certificate = program.write("server.crt", &pair.certificate);
    let key = program.write("server.key", &pair.key);
    let mut command = Command::new("openssl");
    command.args(["s_server", "-www", "-accept", &at, "-cert"]).arg(certificate).arg("-key").arg(key);
    command.args(more);
    let process = Process::start(&command, &program.work().join("log"), Duration::ZERO);
    let start = Instant::now();
    while TcpStream::connect(&at).is_err() {
        assert!(!process.has_exited() && start.elapsed() < Duration::from_secs(30), "{}", process.log_tail(9));
        std::thread::sleep(Duration::from_millis(20));
    }
    Server { at, _port: port, _process: process }
}

/// In TLS 1.2 such a server breaks the handshake off; what it presents was seen by then.
#[test]
fn a_server_that_turns_strangers_away_is_seen_all_the_same() {
    let program = Program::new();
    let authority = program.write("clients.crt", Pair::authority("/O=who/CN=clients").certificate);
    let authority = authority.display().to_string();
    for (version, printed) in [("-tls1_2", "TLS 1.2"), ("-tls1_3", "TLS 1.3")] {
        let server = serve(&program, &[version, "-Verify", "1", "-verify_return_error", "-CAfile", &authority]);
        let ran = program.line(&format!("show tls://{} -o json", server.at)).exits(0);
        let item = &ran.items()[0];
        assert_eq!(item["certificate"]["subject"], "CN=server");
        let wanted = serde_json::json!({ "version": printed, "clientAuthorities": ["CN=clients,O=who"] });
        assert_eq!(item["handshake"], wanted);
        let told = program.line(&format!("show {}", server.at)).exits(0).out;
        assert!(told.contains("Clients of:   CN=clients,O=who\n"), "{told}");
    }
}

#[test]
fn what_cannot_be_seen_is_said_in_words() {
    let program = Program::new();
    let old = serve(&program, &["-tls1", "-cipher", "ALL:@SECLEVEL=0"]);
    program.line(&format!("list tls://{}", old.at)).exits(3).says("speaks only TLS 1.0 or 1.1");
    let plain = serve(&program, &[]);
    program.line(&format!("list postgres://{}", plain.at)).exits(3).says("no TLS handshake");
    for (typed, why) in [
        ("tls://127.0.0.1", "'tls://HOST:PORT' or 'tls://HOST:PORT?sni=NAME' is wanted"),
        ("tls://127.0.0.1:1?name=x", "?sni=NAME"),
        ("smtp://", "'HOST'"),
    ] {
        program.run(["list", typed]).exits(2).says(why);
    }
    program.run(["list", &format!("tls://{}?sni=not a name", plain.at)]).exits(3).says("can be asked for");
    program.line("list node/cp1:tls://127.0.0.1:10257").exits(3).says("name that with --ssh");
}

#[test]
fn options_that_say_nothing_together_are_refused() {
    let program = Program::new();
    program.line("list --probe --root .").exits(2).says("--probe is about a cluster");
    program.line("list --probe -n shop").exits(2).says("leave out --namespace");
    program.line("list --probe-hosts --ssh nobody.invalid").exits(2).says("leave out --ssh or --probe-hosts");
    program.line("renew --probe").exits(2).says("unexpected argument");
}

/// Ports that listen on a node's own addresses only are looked at by the helper there.
#[test]
fn the_helper_looks_for_who_cannot_reach_a_port() {
    let program = Program::new();
    let server = serve(&program, &[]);
    let endpoints = [format!("tls://{}", server.at), "tls://127.0.0.1:1".to_owned()];
    let question = serde_json::json!({ "id": 1, "op": { "Probe": { "endpoints": endpoints } } });
    let ran = program.run_with(["node", "--root", "/nowhere"], format!("{question}\n").as_bytes());
    let reply: serde_json::Value = serde_json::from_str(ran.lines()[1]).expect("JSON");
    let seen = &reply["reply"]["Probed"];
    assert_eq!(seen[0]["Ok"]["chain"].as_array().map(Vec::len), Some(1), "{reply}");
    assert_eq!(seen[0]["Ok"]["version"], "TLS 1.3");
    assert!(seen[1]["Err"]["Unreachable"]["why"].as_str().is_some_and(|why| why.contains("refused")), "{reply}");
}
