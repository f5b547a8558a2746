//! Where the helper for the nodes comes from, when nobody says so with a flag.

use std::fs;
use std::path::{Path, PathBuf};

use nodes_tests::helper;
use support::kubeadm::KeyAlgorithm;

use crate::operator::{Operator, Said};

const VARIABLE: &str = "KUBECTL_CERTS_NODE_HELPER";

/// The program in a folder of its own, with these files beside it.
fn installed(at: &Path, beside: &[&str]) -> PathBuf {
    fs::create_dir_all(at).expect("a folder");
    for name in ["kubectl-certs"].iter().chain(beside) {
        fs::copy(helper::folder().join(name), at.join(name)).expect("the program");
    }
    at.join("kubectl-certs")
}

fn list(operator: &Operator, program: &Path, environment: &[(&str, &Path)]) -> Said {
    let mut command = operator.command(program, &["list", "-o", "json"]);
    Said::of(command.args(operator.hosts()).envs(environment.iter().copied()))
}

#[test]
fn beside_the_program_or_by_the_environment() {
    let operator = Operator::of(&["cp1"], KeyAlgorithm::EcdsaP256);
    let (own, other) = (operator.folder.path().join("own"), operator.folder.path().join("other"));
    let name = helper::name();
    // A helper that cannot be one tells which was taken.
    let program = installed(&own, &[]);
    fs::write(own.join(&name), "beside").expect("written");
    let beside = list(&operator, &program, &[]).expect(3);
    assert!(beside.out.contains(&format!("{} is no program for Linux", own.join(&name).display())), "{beside:?}");

    let program = installed(&own, &[&name]);
    let items = list(&operator, &program, &[]).expect(0).items();
    assert!(items.iter().any(|item| item["node"] == "cp1" || item["target"].to_string().contains("cp1")), "{items:?}");
    operator.nodes[0].is_left_alone();

    // The environment goes before what lies beside, and is meant: nothing is looked for elsewhere.
    fs::create_dir(&other).expect("a folder");
    let empty = list(&operator, &program, &[(VARIABLE, &other)]).expect(3);
    assert!(empty.out.contains(&other.join(&name).display().to_string()), "{empty:?}");
    installed(&other, &[&name]);
    fs::write(own.join(&name), "beside").expect("written");
    list(&operator, &program, &[(VARIABLE, &other)]).expect(0);
    // Set to nothing, it is not set.
    list(&operator, &program, &[(VARIABLE, Path::new(""))]).expect(3);
    // A flag goes before both.
    let mut command = operator.command(&program, &["list", "-o", "json"]);
    command.args(operator.hosts()).env(VARIABLE, "/nowhere").arg("--node-helper").arg(&other);
    Said::of(&mut command).expect(0);
}

/// The program is its own helper where it can be.
#[test]
fn without_any_the_program_itself() {
    let operator = Operator::of(&["cp1"], KeyAlgorithm::EcdsaP256);
    let program = installed(&operator.folder.path().join("own"), &[]);
    list(&operator, &program, &[]).expect(0);
    assert_eq!(operator.nodes[0].helpers().len(), 1);
}
