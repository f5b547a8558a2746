//! What an API server says, without one: each path has its objects, and lists that nobody filled are not there.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};

use serde_json::{Value, json};

use super::Row;
use crate::program::Program;

/// By their path; an array is a list.
pub(super) type Objects = BTreeMap<&'static str, Value>;

/// A cluster that has these objects.
pub(super) fn in_a_cluster(row: &Row, options: &[&str], make: impl FnOnce(&Program) -> Objects) {
    let program = Program::new();
    let server = Server::start(make(&program));
    let config = json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "it", "users": [],
        "clusters": [{ "name": "it", "cluster": { "server": format!("http://127.0.0.1:{}", server.port) } }],
        "contexts": [{ "name": "it", "context": { "cluster": "it", "user": "" } }],
    });
    program.write("k.conf", config.to_string());
    let arguments = ["check", "--kubeconfig", "k.conf", "-o", "json", "--fail-on", "never"];
    row.is_found(&program.run(arguments.iter().chain(options)));
}

struct Server {
    port: u16,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    fn start(objects: Objects) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let (objects, stop) = (Arc::new(objects), Arc::<AtomicBool>::default());
        let stopped = Arc::clone(&stop);
        let thread = thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if stopped.load(Ordering::SeqCst) {
                    return;
                }
                let objects = Arc::clone(&objects);
                // Whoever breaks off has no answer.
                thread::spawn(move || answer(&stream, &objects));
            }
        });
        Self { port, stop, thread: Some(thread) }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        drop(TcpStream::connect(("127.0.0.1", self.port)));
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

/// All requests of a connection.
fn answer(mut stream: &TcpStream, objects: &Objects) -> Option<()> {
    let mut lines = BufReader::new(stream).lines();
    loop {
        let first = lines.next()?.ok()?;
        lines.by_ref().map_while(Result::ok).find(String::is_empty)?;
        let path = first.split(' ').nth(1)?.split('?').next()?;
        let (status, body) = if path == "/version" {
            ("200 OK", json!({ "gitVersion": "v1.36.3" }))
        } else if let Some(found) = objects.get(path) {
            let list = || json!({ "kind": "List", "apiVersion": "v1", "metadata": {}, "items": found });
            ("200 OK", if found.is_array() { list() } else { found.clone() })
        } else {
            let message = "the server could not find the requested resource";
            (
                "404 Not Found",
                json!({ "kind": "Status", "status": "Failure", "reason": "NotFound", "message": message }),
            )
        };
        let body = body.to_string();
        let head =
            format!("HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n", body.len());
        stream.write_all((head + &body).as_bytes()).ok()?;
    }
}
