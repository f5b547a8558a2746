//! How it is started, and where its output goes.

use std::io::Read;
use std::process::Stdio;

use crate::program::Program;

#[test]
fn it_calls_itself_what_people_type() {
    for (file, typed) in [
        ("kubectl-certs", "kubectl certs"),
        ("kubectl-foo_bar", "kubectl foo-bar"),
        ("kubectl-foo-bar", "kubectl foo bar"),
        ("kubectl-certs-1.2", "kubectl certs 1.2"),
        ("certs", "certs"),
    ] {
        let program = Program::named(file);
        let help = program.line("--help").exits(0).out;
        assert!(help.contains(&format!("Usage: {typed} <COMMAND>")), "{help}");
        let help = program.line("list --help").exits(0).out;
        assert!(help.contains(&format!("\n  {typed} list ")), "{help}");
        assert!(program.line("version").exits(0).out.starts_with(&format!("{typed} ")));
        let texts = [
            program.line("show").err,
            program.line("explain nonsense").err,
            program.line("explain expired").out,
            program.line("list").err,
            program.line("list --help").out,
            program.line("renew --help").out,
            program.line("demo").out,
        ];
        for text in texts {
            assert!(typed == "kubectl certs" || !text.contains("kubectl certs "), "{typed}: {text}");
            assert!(text.contains(typed), "{typed}: {text}");
        }
    }
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let program = Program::new();
    program.demo();
    for line in ["list --root demo", "schema", "check --root demo --fail-on never -o json"] {
        let mut command = program.command();
        let mut child =
            command.args(line.split(' ')).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("starts");
        drop(child.stdout.take());
        let mut err = String::new();
        child.stderr.take().expect("a pipe").read_to_string(&mut err).expect("read");
        assert_eq!(child.wait().expect("ends").code(), Some(0), "{line}: {err}");
        assert!(!err.contains("panicked") && !err.contains("error"), "{line}: {err}");
    }
    let mut shell = std::process::Command::new("sh");
    program.prepare(&mut shell);
    let script = "{ \"$PROGRAM\" list --root demo; echo $? >code; } | head -n 1";
    let output = shell.args(["-c", script]).env("PROGRAM", env!("CARGO_BIN_EXE_kubectl-certs")).output().expect("sh");
    assert_eq!(String::from_utf8_lossy(&output.stdout).lines().count(), 1);
    assert_eq!(std::fs::read_to_string(program.work().join("code")).expect("the exit code").trim(), "0");
}

/// `renew --dry-run -o json > plan.json` on a full disk must not look like a plan.
#[test]
fn an_answer_that_cannot_be_written_is_a_failure() {
    let program = Program::new();
    program.demo();
    for line in ["list --root demo", "version", "list --root demo -o json"] {
        let full = std::fs::File::options().write(true).open("/dev/full").expect("/dev/full");
        let output = program.command().args(line.split(' ')).stdout(full).output().expect("starts");
        let err = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(5), "{line}: {err}");
        assert!(err.contains("standard output"), "{line}: {err}");
    }
}

#[test]
fn version_and_help_go_to_standard_output() {
    let program = Program::new();
    for line in ["--version", "-V", "--help", "-h", "version", "list -h"] {
        let ran = program.line(line).exits(0);
        assert!(ran.err.is_empty() && !ran.out.is_empty(), "{ran:#?}");
    }
    let version = program.line("version -o json").items();
    assert_eq!(version[0]["api"], "certs/v1alpha1");
}
