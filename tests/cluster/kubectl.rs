//! As people start it: `kubectl certs`.

use std::os::unix::fs::symlink;
use std::process::Command;

use support::binaries;

use crate::program::{Program, Ran};
use crate::world::World;

pub(crate) fn through_kubectl(world: &World) {
    let program = world.administrator();
    let folder = program.work().join("plugins");
    std::fs::create_dir(&folder).expect("a folder");
    symlink(env!("CARGO_BIN_EXE_kubectl-certs"), folder.join("kubectl-certs")).expect("a link");
    let kubectl = |line: &str| run(&program, &folder, line);

    let listed = kubectl("certs list -n shop").exits(0);
    assert_eq!(listed.out, program.line("list -n shop").out);
    assert_eq!(listed.lines().len(), 5);
    kubectl("certs check -n shop").exits(1).says("kubectl certs explain CODE");
    kubectl("certs list --nonsense").exits(2).says("Usage: kubectl certs list");
    kubectl("certs list secret/shop/nobody").exits(3);
    kubectl("certs list -n shop --context it -v=2 --request-timeout=10s").exits(0);
    kubectl("certs renew --root nowhere").exits(3);
    assert!(kubectl("certs --help").exits(0).out.contains("Usage: kubectl certs <COMMAND>"));
    assert!(kubectl("plugin list").exits(0).out.contains("kubectl-certs"));
}

/// The yardstick: what kubectl itself does in that world.
pub(crate) fn kubectl(program: &Program, line: &str) -> Ran {
    let mut command = Command::new(binaries::program(binaries::Program::Kubectl));
    program.prepare(&mut command);
    Ran::of(&command.env("KUBECTL_KUBERC", "false").args(line.split(' ')).output().expect("kubectl runs"))
}

fn run(program: &Program, folder: &std::path::Path, line: &str) -> Ran {
    let mut command = Command::new(binaries::program(binaries::Program::Kubectl));
    program.prepare(&mut command);
    let path = std::env::var_os("PATH").unwrap_or_default();
    let paths = std::iter::once(folder.to_owned()).chain(std::env::split_paths(&path));
    command.env("PATH", std::env::join_paths(paths).expect("a PATH")).env("KUBECTL_KUBERC", "false");
    Ran::of(&command.args(line.split(' ')).output().expect("kubectl runs"))
}
