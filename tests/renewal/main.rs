//! Renewing on the files of the real kubeadm and beside real servers. The judges share no code with the program: openssl,
//! kubectl, snapshots of folders, a search for keys.

#![expect(clippy::disallowed_methods, reason = "tests make a world of their own")]

mod authorities_elsewhere;
mod disk;
mod external;
mod interrupts;
mod kubeconfigs;
mod leaks;
mod meanwhile;
mod obstacles;
mod options;
mod renews_all;
mod saved_plans;
mod servers;
mod witness;
