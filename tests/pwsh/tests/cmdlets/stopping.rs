//! Ctrl-C: the program is told by the end of its standard input, and is waited for.

use std::io::Read as _;
use std::path::Path;
use std::process::{Command, ExitStatus};
use std::thread;
use std::time::{Duration, Instant};

use pwsh_tests::engine::{Running, Script};
use pwsh_tests::fake::{FINISHED, Fake};

const PLAN: &str = r#"{"event":"item","item":{"kind":"Plan","digest":"0123456789abcdef","plan":{"root":"/disk","at":"2026-01-01T00:00:00Z","leftAlone":[],"phases":[{"name":"renew","why":"","gate":[],"steps":[{"id":"renew-a","title":"a","impact":"none"}]}]}}}"#;

#[test]
fn standard_input_stays_open_until_the_answer_is_complete() {
    // A second in which the end of the input would be noticed.
    let fake = Fake::doing(&format!(
        "timeout 1 cat >/dev/null && echo closed >\"$HERE/seen\" || echo open >\"$HERE/seen\"\necho '{FINISHED}'\ncat >/dev/null\n"
    ));
    let began = Instant::now();
    Script::new("Get-KubeCertificate").program(&fake.path()).run();
    assert_eq!(seen(&fake, "seen"), "open");
    assert!(began.elapsed() < Duration::from_secs(30), "it was closed after the answer");
}

#[test]
fn a_change_ends_its_step_first() {
    let apply = r#"{"event":"progress","progress":{"run":"r","seq":1,"time":"2026-01-01T00:00:00Z","what":{"stepStarted":{"step":"renew-a","title":"a"}}}}"#;
    let stopped = r#"{"event":"failed","error":{"kind":"interrupted","message":"stopped as asked","hints":["go on: so"]},"exitCode":130}"#;
    // The step goes on for two seconds after it was asked to stop.
    let fake = Fake::doing(&format!(
        "case $question in *'\"apply\"'*) ;; *) cat <<'END'\n{PLAN}\n{FINISHED}\nEND\nexit ;; esac\n\
         echo '{apply}'\ntouch \"$HERE/begun\"\ncat >/dev/null\nsleep 2\necho '{stopped}'\necho ended >\"$HERE/seen\"\n"
    ));
    let running = Script::new("Update-KubeCertificate -Force; 'went on' | Out-Host").program(&fake.path()).start();
    let (_, printed) = interrupt(running, &fake.folder().join("begun"));
    assert_eq!(seen(&fake, "seen"), "ended", "{printed}");
    assert!(printed.contains("kubectl-certs ends the step that it is in"), "{printed}");
    assert!(printed.contains("stopped as asked") && printed.contains("go on: so"), "{printed}");
    assert!(!printed.contains("went on"), "{printed}");
}

#[test]
fn what_only_reads_is_ended_at_once() {
    let fake = Fake::doing("touch \"$HERE/begun\"\nexec sleep 600\n");
    let running = Script::new("Get-KubeCertificate; 'went on' | Out-Host").program(&fake.path()).start();
    let began = Instant::now();
    let (_, printed) = interrupt(running, &fake.folder().join("begun"));
    assert!(began.elapsed() < Duration::from_secs(60), "{:?}", began.elapsed());
    assert!(!printed.contains("went on"), "{printed}");
}

/// As Ctrl-C does, but to PowerShell alone: so it is in its development environments, and on Windows.
fn interrupt(mut running: Running, begun: &Path) -> (ExitStatus, String) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !begun.exists() {
        assert!(Instant::now() < deadline, "the program was not started");
        thread::sleep(Duration::from_millis(50));
    }
    let pid = running.child.id().to_string();
    assert!(Command::new("kill").args(["-INT", &pid]).status().expect("kill runs").success());
    let deadline = Instant::now() + Duration::from_secs(60);
    let status = loop {
        if let Some(status) = running.child.try_wait().expect("PowerShell is asked for") {
            break status;
        }
        if Instant::now() > deadline {
            running.child.kill().expect("PowerShell is ended");
            panic!("PowerShell goes on, although it was asked to stop");
        }
        thread::sleep(Duration::from_millis(50));
    };
    let mut printed = String::new();
    running.child.stdout.take().expect("a pipe").read_to_string(&mut printed).expect("text");
    (status, printed)
}

fn seen(fake: &Fake, name: &str) -> String {
    std::fs::read_to_string(fake.folder().join(name)).unwrap_or_default().trim_end().to_owned()
}
