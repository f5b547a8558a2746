//! What the load balancer thinks of the API servers.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use super::Lab;

impl Lab {
    /// Whether new connections are given to the API server of `node`.
    pub fn is_in_rotation(&self, node: &str) -> bool {
        let socket = self.folder.join("load-balancer/socket");
        let mut socket = UnixStream::connect(socket).expect("the load balancer runs");
        socket.write_all(b"show stat\n").expect("the load balancer reads");
        let mut table = String::new();
        socket.read_to_string(&mut table).expect("the load balancer answers");
        // CSV: proxy, server, …, status in the 18th column; "UP 1/2" while it is on its way down.
        let row = table.lines().map(|line| line.split(',').collect::<Vec<_>>());
        let mut row = row.filter(|row| row.len() > 17 && row[0] == "control-planes" && row[1] == node);
        row.next().unwrap_or_else(|| panic!("the load balancer knows no {node}:\n{table}"))[17].starts_with("UP")
    }

    /// Fails the test if that does not happen in time.
    pub fn wait_for_rotation(&self, node: &str, wanted: bool, limit: Duration) {
        let deadline = Instant::now() + limit;
        while self.is_in_rotation(node) != wanted {
            assert!(Instant::now() < deadline, "{node} in rotation after {limit:?}: still {}", !wanted);
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}
