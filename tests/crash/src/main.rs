//! Answers one request as the program does, on a node that dies: `crash CUT STATE-FOLDER REQUEST`.

use std::io::Read;
use std::process::ExitCode;
use std::sync::Arc;

use crash::mortal::Mortal;
use kubectl_certs::access::Access;
use kubectl_certs::access::clock::SystemClock;
use kubectl_certs::access::state_dir::StateDir;
use kubectl_certs::answer::{Control, answer};
use kubectl_certs::request::Request;

#[expect(clippy::print_stderr, clippy::print_stdout, reason = "this program talks to the test that started it")]
fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [cut, state, request] = arguments.as_slice() else {
        eprintln!("crash CUT STATE-FOLDER REQUEST");
        return ExitCode::FAILURE;
    };
    // Whoever wants to watch this process closes its standard input when ready.
    std::io::stdin().read_to_end(&mut Vec::new()).expect("an end of input");
    let request: Request = serde_json::from_str(request).expect("a request");
    let mortal = Mortal::new(cut.parse().expect("a number"));
    let access = Access {
        clock: Arc::new(SystemClock),
        nodes: Arc::new(mortal.clone()),
        state: StateDir::at(state.into()),
        ..Access::system()
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    match runtime.block_on(answer(&request, &access, &Control::silent())) {
        Ok(_) => {
            println!("{}", mortal.met());
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(error.kind.exit_code())
        }
    }
}
