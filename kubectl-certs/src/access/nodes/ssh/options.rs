//! How to reach a node, and what the OpenSSH client is told of it. Nothing of it passes through a shell here, and nothing
//! that a person names can become an option of `ssh`.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use super::super::NodeError;
use super::program::HelperSource;

#[derive(Clone, Debug)]
pub struct SshOptions {
    /// `user@host[:port]`, `ssh://user@host:port`, or an alias of `ssh_config`.
    pub destination: String,
    /// Private key (`-i`). A jump host's key comes from `ssh_config` or the agent.
    pub identity: Option<PathBuf>,
    /// Jump hosts, the first to be reached first, with commas between them (`-J`).
    pub jump: Option<String>,
    /// In place of the person's `ssh_config` (`-F`).
    pub config: Option<PathBuf>,
    /// `NAME=VALUE` as in `ssh_config` (`-o`).
    pub options: Vec<String>,
    pub helper: HelperSource,
    pub connect_timeout: Duration,
}

impl SshOptions {
    pub fn to(destination: impl Into<String>) -> Self {
        Self {
            destination: destination.into(),
            identity: None,
            jump: None,
            config: None,
            options: Vec::new(),
            helper: HelperSource::default(),
            connect_timeout: Duration::from_secs(15),
        }
    }

    /// All arguments of `ssh` before the command.
    pub(super) fn arguments(&self) -> Result<Vec<OsString>, NodeError> {
        let (destination, port) = target(&self.destination)?;
        // The first value of an option counts for ssh: what must be comes before the person's own, what only should be
        // after it.
        let mut options = vec!["BatchMode=yes".to_owned(), "RemoteCommand=none".to_owned()];
        options.extend(self.options.iter().cloned());
        options.extend([
            // A node that is gone is noticed after 15 seconds.
            "ServerAliveInterval=5".to_owned(),
            "ServerAliveCountMax=3".to_owned(),
            format!("ConnectTimeout={}", self.connect_timeout.as_secs().max(1)),
            // A shared connection that is there is used, but none is left behind.
            "ControlMaster=no".to_owned(),
            "ClearAllForwardings=yes".to_owned(),
            "PermitLocalCommand=no".to_owned(),
            // That a node is silent is said at this level only.
            "LogLevel=INFO".to_owned(),
        ]);
        let mut arguments: Vec<OsString> = ["-T", "-a", "-x"].map(OsString::from).to_vec();
        let mut add = |flag: &str, value: OsString| arguments.extend([flag.into(), value]);
        if let Some(config) = &self.config {
            add("-F", config.into());
        }
        for option in options {
            add("-o", option.into());
        }
        if let Some(identity) = &self.identity {
            add("-i", identity.into());
        }
        if let Some(jump) = &self.jump {
            for host in jump.split(',') {
                target(host)?;
            }
            add("-J", jump.into());
        }
        if let Some(port) = port {
            add("-p", port.to_string().into());
        }
        arguments.extend(["--".into(), destination.into()]);
        Ok(arguments)
    }

    /// As a person would type it to see for himself.
    pub(super) fn typed(&self) -> String {
        let mut words = vec!["ssh".to_owned()];
        let mut add = |flag: &str, value: &str| words.extend([flag.to_owned(), quoted(value)]);
        if let Some(config) = &self.config {
            add("-F", &config.to_string_lossy());
        }
        for option in &self.options {
            add("-o", option);
        }
        if let Some(identity) = &self.identity {
            add("-i", &identity.to_string_lossy());
        }
        if let Some(jump) = &self.jump {
            add("-J", jump);
        }
        match target(&self.destination) {
            Ok((destination, Some(port))) => {
                add("-p", &port.to_string());
                words.push(quoted(&destination));
            }
            _ => words.push(quoted(&self.destination)),
        }
        words.join(" ")
    }
}

/// The destination as `ssh` takes it, and the port that it does not take there.
fn target(text: &str) -> Result<(String, Option<u16>), NodeError> {
    let refused = |why: &str| {
        NodeError::refused(format!("'{}' is no destination for ssh: {why}", text.escape_debug()))
            .hint("wanted is USER@HOST, USER@HOST:PORT, ssh://USER@HOST:PORT or a name of your ssh_config")
    };
    let (start, rest) = match text.strip_prefix("ssh://") {
        Some(rest) => ("ssh://", rest),
        None => ("", text),
    };
    let (user, host) = match rest.rsplit_once('@') {
        Some((user, host)) => (Some(user), host),
        None => (None, rest),
    };
    if host.is_empty() || user.is_some_and(str::is_empty) {
        return Err(refused("its user or host is empty"));
    }
    if host.starts_with('-') || user.is_some_and(|user| user.starts_with('-')) {
        return Err(refused("it begins with '-', as an option would"));
    }
    // ssh puts names into the commands of ssh_config (ProxyCommand, Match exec), which a shell reads.
    let dangerous = |c: char| c.is_control() || c.is_whitespace() || "'`\"$;&<>|(){}!*?\\,".contains(c);
    // A Windows domain stands before a user with a backslash between them.
    if host.chars().any(dangerous) || user.is_some_and(|user| user.chars().any(|c| c != '\\' && dangerous(c))) {
        return Err(refused("it has a character in it that no name of a host or user has"));
    }
    if !start.is_empty() {
        return Ok((text.to_owned(), None));
    }
    let with_user = |host: &str| user.map_or_else(|| host.to_owned(), |user| format!("{user}@{host}"));
    let (name, port) = match host.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, "")) => (address, None),
        Some((address, rest)) => {
            (address, Some(rest.strip_prefix(':').ok_or_else(|| refused("what follows ']' is no port"))?))
        }
        None => match host.split_once(':') {
            // More than one colon: an IPv6 address.
            Some((name, port)) if !port.contains(':') => (name, Some(port)),
            _ => (host, None),
        },
    };
    let port =
        port.map(|port| port.parse().map_err(|_| refused("its port is no number from 1 to 65535"))).transpose()?;
    if name.is_empty() || name.starts_with('-') || port == Some(0) {
        return Err(refused("its host or port is missing"));
    }
    Ok((with_user(name), port))
}

fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "@%+=:,./-_[]".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn destinations_are_read_as_people_write_them() {
        for (text, destination, port) in [
            ("root@10.0.0.1", "root@10.0.0.1", None),
            ("root@10.0.0.1:2222", "root@10.0.0.1", Some(2222)),
            ("cp-1_a", "cp-1_a", None),
            (r"CORP\alice@corp@host:22", r"CORP\alice@corp@host", Some(22)),
            ("ssh://root@host:22", "ssh://root@host:22", None),
            ("root@fe80::1%eth0", "root@fe80::1%eth0", None),
            ("root@[fe80::1]:22", "root@fe80::1", Some(22)),
            ("[::1]", "::1", None),
        ] {
            assert_eq!(target(text).expect("a destination"), (destination.to_owned(), port), "{text}");
        }
    }

    #[test]
    fn what_could_be_an_option_or_a_command_is_refused() {
        for text in [
            "",
            "@",
            "root@",
            "@host",
            "-oProxyCommand=touch x",
            "root@-oX",
            "-l@host",
            "ssh://-oX",
            "ssh://root@-x",
            "a b",
            "host\nx",
            "$(id)@host",
            "host;id",
            "`id`",
            "host:",
            "host:0",
            "host:99999",
            "[::1]x",
            "[-x]:22",
        ] {
            assert!(target(text).is_err(), "{text}");
            let mut options = SshOptions::to("host");
            options.jump = Some(format!("good,{text}"));
            assert!(options.arguments().is_err(), "{text}");
        }
    }

    #[test]
    fn what_must_be_comes_first_and_what_a_person_says_before_what_we_would_like() {
        let mut options = SshOptions::to("root@host:2222");
        options.options = vec!["ServerAliveInterval=60".to_owned(), "BatchMode=no".to_owned()];
        options.identity = Some("/my keys/id".into());
        let arguments = options.arguments().expect("arguments");
        let at = |text: &str| arguments.iter().position(|argument| argument == text).expect(text);
        assert!(at("BatchMode=yes") < at("BatchMode=no"));
        assert!(at("ServerAliveInterval=60") < at("ServerAliveInterval=5"));
        assert_eq!(arguments[arguments.len() - 4..], ["-p", "2222", "--", "root@host"]);
        let typed = "ssh -o ServerAliveInterval=60 -o BatchMode=no -i '/my keys/id' -p 2222 root@host";
        assert_eq!(options.typed(), typed);
    }
}
