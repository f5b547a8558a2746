//! Builds every program the tests need and prints the paths, so that CI can do it as a step (and
//! cache the folder) before the tests run.

use std::process::ExitCode;

use support::binaries::{Program, find_or_build};

#[expect(clippy::print_stdout, clippy::print_stderr, reason = "a program of one screen; its output is its purpose")]
fn main() -> ExitCode {
    for program in Program::ALL {
        match find_or_build(program) {
            Ok(path) => println!("{}", path.display()),
            Err(message) => {
                eprintln!("{message}");
                return ExitCode::FAILURE;
            }
        }
    }
    ExitCode::SUCCESS
}
