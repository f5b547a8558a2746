//! The ports: the only code that touches the outside. Each file is one kind of outside.

pub mod clock;
pub mod cluster;
pub mod folder;
pub mod nodes;
pub mod passwords;
pub mod progress;
pub mod state_dir;
pub mod tls;

use std::sync::Arc;

/// Everything that `answer` may use of the world. Tests put their own in.
#[derive(Clone)]
pub struct Access {
    pub clock: Arc<dyn clock::Clock>,
    pub nodes: Arc<dyn nodes::Nodes>,
    pub state: state_dir::StateDir,
    /// Is told how far a reading is.
    pub progress: progress::Progress,
}

impl Access {
    /// The real world.
    pub fn system() -> Self {
        Self {
            clock: Arc::new(clock::SystemClock),
            nodes: Arc::new(nodes::ThisMachine::default()),
            state: state_dir::StateDir::of_user(),
            progress: progress::Progress::default(),
        }
    }
}
