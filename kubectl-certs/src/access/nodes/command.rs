//! Running a program of the node: without input, with a limit, and with what it said in the error.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::process::Command;
use tokio::time::timeout;

use super::NodeError;

/// Where a program is; None when it is not in PATH, nor where root's programs are (PATH of an SSH session may lack it).
pub(super) fn find(program: &str) -> Option<PathBuf> {
    which::which(program).ok().or_else(|| {
        let places = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
        which::which_in(program, Some(places), "/").ok()
    })
}

/// What it wrote, if it ended well within the limit. It is killed when the limit is passed.
pub(super) async fn run(program: &Path, arguments: &[&str], limit: Duration) -> Result<String, NodeError> {
    run_with_input(program, arguments, "", limit).await
}

pub(super) async fn run_with_input(
    program: &Path,
    arguments: &[&str],
    input: &str,
    limit: Duration,
) -> Result<String, NodeError> {
    let name = program.file_name().unwrap_or_default().to_string_lossy();
    let failed = |why: &str| NodeError::failed(format!("'{name} {}' failed: {why}", arguments.join(" ")));
    let attempt = async {
        let mut child = Command::new(program)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            // Out of the terminal's group: Ctrl-C is for us, and the step that is under way needs its programs.
            .process_group(0)
            .spawn()?;
        if let Some(mut stdin) = child.stdin.take() {
            // A program that does not read its input may be gone already; its own status tells more.
            stdin.write_all(input.as_bytes()).await.ok();
        }
        child.wait_with_output().await
    };
    let output = timeout(limit, attempt)
        .await
        .map_err(|_| failed(&format!("it had not ended after {} s", limit.as_secs())))?
        .map_err(|error: std::io::Error| failed(&error.to_string()))?;
    if !output.status.success() {
        return Err(failed(&format!("{}: {}", output.status, String::from_utf8_lossy(&output.stderr).trim())));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A terminal's Ctrl-C goes to all of its group; a restart that was begun must come to its end.
    #[tokio::test]
    async fn a_program_is_not_in_the_group_that_ctrl_c_goes_to() {
        let shell = find("sh").expect("a shell");
        // Sent to its whole group: had it ours, this test would end here.
        let script = "trap 'echo heard' INT; cut -d ' ' -f 5 /proc/self/stat; kill -INT -$$ && echo ended";
        let said = run(&shell, &["-c", script], Duration::from_secs(10)).await.expect("it has a group of its own");
        let own = rustix::process::getpgrp().as_raw_nonzero().to_string();
        let words: Vec<&str> = said.split_whitespace().collect();
        assert_ne!(words[0], own);
        assert_eq!(words[1..], ["heard", "ended"]);
    }
}
