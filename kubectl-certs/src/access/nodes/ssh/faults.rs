//! What went wrong on the way to a node, told from what `ssh` and the node's shell said, and what to do next.

use std::time::Duration;

use super::super::helper::Greeting;
use super::super::{NodeError, NodeErrorKind};
use super::link::{Broken, End};
use super::options::SshOptions;
use super::start::SILENCE;

/// How far it came.
#[derive(Clone, Debug)]
pub(super) enum Stage {
    Connecting,
    LoggedIn,
    BecomingRoot { user: String },
    Root,
    Running { needs_libraries: bool },
}

pub(super) fn no_client(name: &str) -> NodeError {
    let hint = if cfg!(windows) {
        "Add-WindowsCapability -Online -Name OpenSSH.Client~~~~0.0.1.0"
    } else {
        "install the OpenSSH client (openssh-client on Debian and Ubuntu, openssh-clients on Red Hat's)"
    };
    let message = format!("{name}: ssh, the OpenSSH client, is not in PATH");
    NodeError::new(NodeErrorKind::Unreachable, message).hint(hint)
}

pub(super) fn not_linux(machine: &str) -> NodeError {
    NodeError::refused(format!("it is no Linux machine: uname says '{machine}'"))
}

pub(super) fn not_root(uid: &str) -> NodeError {
    NodeError::refused(format!("sudo there makes user {uid} of us, not root"))
}

pub(super) fn unsafe_folder(listed: &str) -> NodeError {
    NodeError::refused(format!(
        "a folder for the helper is not a folder that only root may write to, so nothing was put there: {listed}"
    ))
    .hint("look who made it; a folder is wanted that belongs to root (0) and that group and others may not write to")
}

pub(super) fn wrong_hash(seen: &str, wanted: &str) -> NodeError {
    NodeError::refused(format!("the helper was not started: what arrived has the SHA-256 '{seen}', not {wanted}"))
        .hint("a full disk or a program on the node that changes files may be why")
}

pub(super) fn other_version(other: &Greeting, own: &Greeting) -> NodeError {
    NodeError::refused(format!(
        "the helper is of version {} (wire {}), this program of {} (wire {})",
        other.kubectl_certs, other.wire, own.kubectl_certs, own.wire
    ))
    .hint("take the helper and the program from the same release")
}

pub(super) fn silent(patience: Duration, stage: &Stage) -> NodeError {
    let what = match stage {
        Stage::Connecting => "no login",
        Stage::LoggedIn | Stage::BecomingRoot { .. } => "no answer of sudo",
        Stage::Root => "no answer of the script that starts the helper",
        Stage::Running { .. } => "no greeting of the helper",
    };
    NodeError::new(NodeErrorKind::Unreachable, format!("{what} within {} s", patience.as_secs()))
}

/// In the middle of an operation.
pub(super) fn lost(name: &str, broken: &Broken) -> NodeError {
    let why = match broken {
        Broken::Ended(end) => format!("the connection ended before the answer came{}", because(end)),
        Broken::Silent(patience) => {
            format!("no answer came within {} s and the connection was given up", patience.as_secs())
        }
    };
    let message = format!("{name}: {why}; whether this operation was done there is not known");
    NodeError::new(NodeErrorKind::Lost, message)
        .hint(format!("the helper there ends what it is doing, and gives up the lock within {SILENCE} s after that"))
}

/// `ssh` ended before the helper said anything.
pub(super) fn ended(end: &End, stage: &Stage, options: &SshOptions) -> NodeError {
    match stage {
        Stage::Connecting => not_connected(end, options),
        Stage::BecomingRoot { user } => no_sudo(end, user),
        Stage::LoggedIn | Stage::Root => {
            NodeError::new(NodeErrorKind::Unreachable, format!("the connection ended during the start{}", because(end)))
        }
        Stage::Running { needs_libraries } => not_running(end, *needs_libraries),
    }
}

fn not_connected(end: &End, options: &SshOptions) -> NodeError {
    let said = |words: &[&str]| end.complaints.iter().any(|line| words.iter().any(|word| line.contains(word)));
    let to_see = || format!("{} true", options.typed());
    let unreachable = |what: &str| NodeError::new(NodeErrorKind::Unreachable, format!("{what}{}", because(end)));
    if said(&["HOST IDENTIFICATION HAS CHANGED", "Host key for"]) {
        let forget = end.complaints.iter().find(|line| line.starts_with("ssh-keygen "));
        return NodeError::refused(
            "its host key is not the one that is known: somebody may be in between, or the machine was installed anew",
        )
        .hint("compare the new key with what its owner says; only if it is right, forget the old one and accept the new one:")
        .hint(forget.map_or("ssh-keygen -R HOST", String::as_str))
        .hint(to_see());
    }
    if said(&["Host key verification failed", "host key is known for"]) {
        return NodeError::refused(format!("its host key is not known yet{}", because(end))).hint(format!(
            "compare it with what its owner says, and accept it once: {} (or add what ssh-keyscan prints to known_hosts)",
            to_see()
        ));
    }
    if said(&["Permission denied (", "Too many authentication failures", "No more authentication methods"]) {
        return NodeError::new(NodeErrorKind::PermissionDenied, format!("the login was refused{}", because(end))).hint(
            format!("nothing can be typed here, so a key must do (an agent, or the option for it); try: {}", to_see()),
        );
    }
    if said(&["Could not resolve hostname"]) {
        return unreachable("its name is not known").hint("check the name, or its HostName in your ssh_config");
    }
    if said(&["UNPROTECTED PRIVATE KEY", "Bad configuration option", "bad permissions", "Bad owner"]) {
        return NodeError::refused(format!("ssh does not accept its key or configuration{}", because(end)));
    }
    if said(&[
        "Connection refused",
        "timed out",
        "No route to host",
        "unreachable",
        "Connection closed",
        "Connection reset",
        "kex_exchange",
    ]) {
        return unreachable("there is no connection").hint(format!("try: {}", to_see()));
    }
    unreachable("no login, or no shell there that runs commands").hint(format!("try: {}", to_see()))
}

fn no_sudo(end: &End, user: &str) -> NodeError {
    let said = |words: &[&str]| end.complaints.iter().any(|line| words.iter().any(|word| line.contains(word)));
    let error = |what: String| NodeError::new(NodeErrorKind::PermissionDenied, format!("{what}{}", because(end)));
    let line = format!(
        "log in as root, or let sudo do it without a password, in /etc/sudoers.d/kubectl-certs: {user} ALL=(root) NOPASSWD: ALL"
    );
    if said(&["password is required", "terminal is required", "must have a tty", "askpass"]) {
        return error(format!("sudo asks {user} for a password, and nobody can type one")).hint(line);
    }
    if said(&["not in the sudoers", "may not run", "not allowed to"]) {
        return error(format!("{user} may not use sudo")).hint(line);
    }
    if end.code == Some(127) || said(&["not found"]) {
        return error(format!("{user} is not root, and there is no sudo")).hint("log in as root, or install sudo");
    }
    error(format!("{user} is not root, and sudo failed")).hint(line)
}

fn not_running(end: &End, needs_libraries: bool) -> NodeError {
    let said = |word: &str| end.complaints.iter().any(|line| line.contains(word));
    let error = NodeError::refused(format!("the helper does not start there{}", because(end)));
    if said("GLIBC") || (needs_libraries && end.code == Some(127)) {
        return error.hint(
            "this program needs a newer C library than the node has; a static build runs everywhere: put it into a folder \
             and name that with --node-helper DIR",
        );
    }
    if end.code == Some(126) && said("Permission denied") {
        return error.hint("programs below /var/lib/kubectl-certs must be allowed to run: is it mounted noexec?");
    }
    error
}

/// What was said last, or how it ended. A banner may come before it.
pub(super) fn because(end: &End) -> String {
    match (end.complaints.is_empty(), end.code) {
        (false, _) => format!(": {}", end.complaints[end.complaints.len().saturating_sub(4)..].join("; ")),
        (true, Some(code)) => format!(" (ssh ended with {code})"),
        (true, None) => " (ssh was killed)".to_owned(),
    }
}
