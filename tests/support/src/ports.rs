//! Free TCP ports on 127.0.0.1 that stay free until the server that needs them binds them.
//!
//! Binding port 0 and letting go is a race: any other connection may be given the port next. The
//! ports here lie below the range from which the system hands out ports by itself (32768 to 60999
//! on Linux), and a locked file per port keeps other test processes of this user away.

use std::env;
use std::fs::{self, File};
use std::net::{Ipv4Addr, TcpListener};
use std::process;
use std::sync::atomic::{AtomicU16, Ordering};

const FIRST: u16 = 21_000;
const COUNT: u16 = 9_000;

/// Where the next search begins; processes start at different places so that they seldom meet.
static NEXT: AtomicU16 = AtomicU16::new(0);

/// A port that no other test has while this value lives.
#[derive(Debug)]
pub struct Port {
    number: u16,
    /// Locked; never read.
    _lock: File,
}

impl Port {
    pub fn take() -> Self {
        let user = rustix::process::getuid().as_raw();
        let folder = env::temp_dir().join(format!("kubectl-certs-test-ports-{user}"));
        fs::create_dir_all(&folder).expect("a folder for the locks of ports");
        let start = process::id().wrapping_mul(97) % u32::from(COUNT);
        for _ in 0..COUNT {
            let step = u32::from(NEXT.fetch_add(1, Ordering::Relaxed));
            let place = u16::try_from((start + step) % u32::from(COUNT));
            let number = FIRST + place.expect("a remainder of a u16");
            let lock = File::create(folder.join(number.to_string())).expect("the lock of a port");
            let free = lock.try_lock().is_ok() && TcpListener::bind((Ipv4Addr::LOCALHOST, number)).is_ok();
            if free {
                return Self { number, _lock: lock };
            }
        }
        panic!("no free port from {FIRST} to {}", FIRST + COUNT - 1);
    }

    pub fn number(&self) -> u16 {
        self.number
    }
}
