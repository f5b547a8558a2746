//! From nothing to a helper that has said who it is, over one connection: a script on the node becomes root, looks at the
//! folder of the helper, takes a new one where the hash of the old one is not the wanted one, and turns into it.

use std::ffi::OsString;
use std::time::Duration;

use super::super::helper::Greeting;
use super::super::{NodeError, NodeErrorKind};
use super::faults::{self, Stage};
use super::link::{Broken, Link};
use super::options::SshOptions;
use super::program;

/// Seconds without a sign of life from us after which the helper ends, and with it the lock.
pub(super) const SILENCE: u64 = 60;

/// Beyond the time for the connection itself: logging in may need a finger on a security key.
const LOGIN: Duration = Duration::from_secs(60);

const STEP: Duration = Duration::from_secs(60);

const UPLOAD: Duration = Duration::from_secs(900);

/// Before every line of the scripts; whatever else a login prints is not for us.
const MARK: &str = "kubectl-certs:";

/// As the person who logs in. `$1` is the rest, which root runs.
const AS_PERSON: &str = r#"
echo "kubectl-certs:machine $(uname -sm)";
[ "$(uname -s)" = Linux ] || exit 0;
if [ "$(id -u)" = 0 ]; then exec sh -c "$1" kubectl-certs-node; fi;
echo "kubectl-certs:sudo $(id -un)";
exec sudo -n -- sh -c "$1" kubectl-certs-node
"#;

/// As root. Only root may have been able to put anything into the folder; the hash is checked all the same, each time.
const AS_ROOT: &str = r#"
say() { echo "kubectl-certs:$*"; };
t=; fail() { rm -f $t; say "$*"; exit 1; };
sum() { sha256sum < "$1" | cut -d " " -f 1; };
PATH="$PATH:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"; export PATH;
umask 077;
say "root $(id -u)";
read -r h n || exit 1;
b=/var/lib/kubectl-certs; d=$b/helper; f=$d/kubectl-certs-$h;
for x in $b $d; do
[ -e $x ] || [ -L $x ] || mkdir $x || [ -e $x ] || fail "failed to make the folder $x";
[ -n "$(find $x -prune -type d -user 0 ! -perm -020 ! -perm -002)" ] || fail "unsafe $(ls -ldn $x)";
done;
chmod 700 $d || fail "failed to close the folder $d";
command -v sha256sum > /dev/null || fail "failed to find the program sha256sum";
if [ ! -f $f ] || [ "$(sum $f)" != "$h" ]; then
find $d -name ".upload.*" -mmin +60 -exec rm -f {} + ;
t=$d/.upload.$$;
say upload;
head -c $n > $t || fail "failed to write $t";
s=$(sum $t);
[ "$s" = "$h" ] || fail "wrong $s";
chmod 700 $t && mv -f $t $f || fail "failed to put the helper at $f";
s=$(sum $f);
[ "$s" = "$h" ] || fail "wrong $s";
fi;
say run;
exec $f node --silence SECONDS
"#;

pub(super) async fn start(options: &SshOptions, name: &str) -> Result<Link, NodeError> {
    let named = |error: NodeError| NodeError { message: format!("{name}: {}", error.message), ..error };
    let mut arguments = options.arguments().map_err(named)?;
    arguments.push(command());
    let ssh = which::which("ssh").map_err(|_| faults::no_client(name))?;
    let link = Link::open(&ssh, &arguments)
        .map_err(|error| named(NodeError::new(NodeErrorKind::Unreachable, format!("failed to start ssh: {error}"))))?;
    let mut begun = Begun { link, options, stage: Stage::Connecting, patience: options.connect_timeout + LOGIN };
    match begun.lead().await {
        Ok(()) => {
            begun.link.begin();
            Ok(begun.link)
        }
        Err(error) => {
            begun.link.kill();
            Err(named(error))
        }
    }
}

/// Whatever shell the person has reads two words in single quotes; nothing in them means anything to it.
fn command() -> OsString {
    let line = |script: &str| script.trim().replace('\n', " ");
    let as_root = line(AS_ROOT).replace("SECONDS", &SILENCE.to_string());
    format!("exec sh -c '{}' kubectl-certs-node '{as_root}'", line(AS_PERSON)).into()
}

struct Begun<'a> {
    link: Link,
    options: &'a SshOptions,
    stage: Stage,
    patience: Duration,
}

impl Begun<'_> {
    async fn lead(&mut self) -> Result<(), NodeError> {
        let mut helper = None;
        loop {
            let said = self.next().await?;
            let (word, rest) = said.split_once(' ').unwrap_or((&said, ""));
            self.patience = STEP;
            match (word, &helper) {
                ("machine", _) => {
                    let machine = rest.strip_prefix("Linux ").ok_or_else(|| faults::not_linux(rest))?;
                    helper = Some(program::for_machine(&self.options.helper, machine)?);
                    self.stage = Stage::LoggedIn;
                }
                ("sudo", _) => self.stage = Stage::BecomingRoot { user: rest.to_owned() },
                ("root", Some(helper)) => {
                    if rest != "0" {
                        return Err(faults::not_root(rest));
                    }
                    self.stage = Stage::Root;
                    self.link.send(format!("{} {}\n", helper.sha256, helper.bytes.len()).into_bytes());
                }
                ("upload", Some(_)) => {
                    if let Some(helper) = &mut helper {
                        self.link.send(std::mem::take(&mut helper.bytes));
                    }
                    self.patience = UPLOAD;
                }
                ("run", Some(helper)) => {
                    self.stage = Stage::Running { needs_libraries: helper.needs_libraries };
                    return self.greeting().await;
                }
                ("unsafe", _) => return Err(faults::unsafe_folder(rest)),
                ("wrong", Some(helper)) => return Err(faults::wrong_hash(rest, &helper.sha256)),
                ("failed", _) => return Err(self.failed(rest).await),
                _ => {
                    return Err(NodeError::failed(format!(
                        "the script on the node said '{said}', which nobody expected"
                    )));
                }
            }
        }
    }

    /// The next line that is meant for us, without its mark.
    async fn next(&mut self) -> Result<String, NodeError> {
        loop {
            let line = self.link.line(self.patience).await.map_err(|broken| self.broken(&broken))?;
            let line = String::from_utf8_lossy(&line);
            if let Some(said) = line.trim_end().strip_prefix(MARK) {
                return Ok(said.chars().filter(|c| !c.is_control()).collect());
            }
        }
    }

    async fn greeting(&mut self) -> Result<(), NodeError> {
        let line = self.link.line(self.patience).await.map_err(|broken| self.broken(&broken))?;
        let own = Greeting::own();
        match serde_json::from_slice::<Greeting>(&line) {
            Ok(greeting) if greeting.wire == own.wire => Ok(()),
            Ok(other) => Err(faults::other_version(&other, &own)),
            Err(_) => {
                Err(NodeError::refused("what was started there is not our helper: its first line is no greeting"))
            }
        }
    }

    /// The reason stands on standard error, and the script ends.
    async fn failed(&mut self, what: &str) -> NodeError {
        match self.link.line(STEP).await {
            Err(Broken::Ended(end)) => NodeError::failed(format!("failed {what}{}", faults::because(&end))),
            _ => NodeError::failed(format!("failed {what}")),
        }
    }

    fn broken(&self, broken: &Broken) -> NodeError {
        match broken {
            Broken::Ended(end) => faults::ended(end, &self.stage, self.options),
            Broken::Silent(patience) => faults::silent(*patience, &self.stage),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scripts_mean_nothing_to_the_shell_of_the_person() {
        for script in [AS_PERSON, AS_ROOT] {
            assert!(!script.contains(['\'', '\\']), "{script}");
        }
        assert!(!command().to_string_lossy().contains('\n'));
    }
}
