//! A server that goes away in the middle of its answer: what was read is told, the rest is said to be missing, and the
//! program ends.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use serde_json::json;

use crate::material::Pair;
use crate::program::{Program, Ran};

/// What is answered to the questions for Secrets, one after the other: the status, the body, and how many of its bytes are
/// sent before the connection ends.
type Page = (&'static str, String, usize);

fn list(pages: Vec<Page>) -> Ran {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let server = thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let pages = pages.clone();
            thread::spawn(move || answer(&stream, &pages));
        }
    });
    let program = Program::new();
    let config = json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "it", "users": [],
        "clusters": [{ "name": "it", "cluster": { "server": format!("http://127.0.0.1:{port}") } }],
        "contexts": [{ "name": "it", "context": { "cluster": "it", "user": "" } }],
    });
    program.write("k.conf", config.to_string());
    let (tell, told) = channel();
    thread::spawn(move || tell.send(program.line("list --kubeconfig k.conf -o json")));
    let ran = told.recv_timeout(Duration::from_secs(60)).expect("the program ends");
    // It waits for connections as long as the tests run.
    drop(server);
    ran
}

fn answer(mut stream: &TcpStream, pages: &[Page]) -> Option<()> {
    let mut lines = BufReader::new(stream).lines();
    loop {
        let first = lines.next()?.ok()?;
        lines.by_ref().map_while(Result::ok).find(String::is_empty)?;
        let path = first.split(' ').nth(1)?;
        let nothing = ("404 Not Found", json!({ "kind": "Status", "reason": "NotFound" }).to_string(), usize::MAX);
        let number = usize::from(path.contains("continue="));
        let version = ("200 OK", json!({ "gitVersion": "v1.36.3" }).to_string(), usize::MAX);
        let page = if path == "/version" {
            Some(&version)
        } else if path.starts_with("/api/v1/secrets") {
            pages.get(number)
        } else {
            None
        };
        let (status, body, sent) = page.unwrap_or(&nothing);
        let head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n", body.len());
        stream.write_all(head.as_bytes()).ok()?;
        stream.write_all(&body.as_bytes()[..body.len().min(*sent)]).ok()?;
        if *sent < body.len() {
            stream.shutdown(std::net::Shutdown::Both).ok()?;
        }
    }
}

/// With one Secret in it.
fn page(next: &str) -> String {
    use base64::Engine;
    let certificate = base64::engine::general_purpose::STANDARD.encode(Pair::of("/CN=it").certificate);
    json!({
        "kind": "SecretList", "metadata": { "continue": next },
        "items": [{ "metadata": { "namespace": "a", "name": "b" }, "data": { "tls.crt": certificate } }],
    })
    .to_string()
}

fn seen(ran: &Ran) -> usize {
    assert!(ran.code == 3 && ran.json()["gaps"].to_string().contains("secret/"), "{ran:#?}");
    ran.items().len()
}

#[test]
fn before_it_has_said_anything() {
    assert_eq!(seen(&list(vec![("200 OK", page("more"), 3)])), 0);
}

#[test]
fn within_the_first_object() {
    let page = page("more");
    // Names come in the order of the alphabet: the items before the metadata.
    let middle = page.len() / 2;
    assert_eq!(seen(&list(vec![("200 OK", page, middle)])), 0);
}

#[test]
fn where_the_second_page_begins() {
    assert_eq!(seen(&list(vec![("200 OK", page("more"), usize::MAX), ("200 OK", page(""), 3)])), 1);
    let refused = json!({ "kind": "Status", "message": "not now" }).to_string();
    assert_eq!(seen(&list(vec![("200 OK", page("more"), usize::MAX), ("500 No", refused, usize::MAX)])), 1);
}

#[test]
fn what_is_no_list_is_said_to_be_none() {
    assert_eq!(seen(&list(vec![("200 OK", "]".to_owned(), usize::MAX)])), 0);
}
