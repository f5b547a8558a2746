//! Builds programs the tests need and prints the paths, so that CI can do it as a step (and cache the
//! folder) before the tests run. With `--lab FOLDER`, those of a cluster, with symlinks in FOLDER.

use std::env;
use std::path::Path;
use std::process::ExitCode;

use support::binaries::{Program, find_or_build, gather_for_lab};

#[expect(clippy::print_stderr, reason = "a program of one screen; its output is its purpose")]
fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match arguments[..] {
        [] => alone(),
        ["--lab", folder] => gather_for_lab(Path::new(folder)),
        _ => Err("usage: support-binaries [--lab FOLDER]".to_owned()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}

#[expect(clippy::print_stdout, reason = "a program of one screen; its output is its purpose")]
fn alone() -> Result<(), String> {
    for program in Program::ALONE {
        println!("{}", find_or_build(program)?.display());
    }
    Ok(())
}
