//! An OpenSSH server on a loopback port. Root may log in, and a user `operator` whom sudo trusts or not.

use std::fs::{self, Permissions};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use kubectl_certs::access::nodes::{HelperSource, SshOptions};
use rustix::process::{Pid, Signal, geteuid, kill_process};
use tempfile::TempDir;

use crate::{helper, processes};

/// What makes one server different from another.
#[derive(Debug, Default)]
pub struct Make {
    /// What sudo lets the operator do, as in sudoers; without it, everything with a password.
    pub sudoers: Option<&'static str>,
    /// Options of a disk of its own for `/var/lib`, which is seen by the server only.
    pub disk: Option<&'static str>,
    /// What it calls itself, and a folder that it sees as `/etc/kubernetes`: a control-plane node.
    pub node: Option<(&'static str, PathBuf)>,
    /// Programs that come before the node's own, as shell scripts.
    pub programs: Vec<(&'static str, &'static str)>,
}

pub struct Server {
    folder: TempDir,
    sshd: Child,
    port: u16,
}

/// Everything that is the server's own is mounted over the machine's, where only the server sees it.
const MOUNTS: &str = r#"
set -e
if [ -n "$3" ]; then
  echo "$3" > /proc/sys/kernel/hostname
  cp -a /etc "$1/etc"
  mkdir -p "$1/etc/kubernetes"
  mount --bind "$1/etc" /etc
  mount --bind "$4" /etc/kubernetes
fi
for file in passwd group shadow sudoers; do mount --bind "$1/$file" /etc/$file; done
if [ -z "$2" ]; then mount --bind "$1/lib" /var/lib; else mount -t tmpfs -o "$2" tmpfs /var/lib; fi
mount -t tmpfs tmpfs /run
mkdir -m 755 /run/sshd
exec /usr/sbin/sshd -D -e -f "$1/sshd_config"
"#;

impl Server {
    pub fn start() -> Self {
        Self::made(&Make::default())
    }

    pub fn made(make: &Make) -> Self {
        assert!(geteuid().is_root(), "these tests start an SSH server and need root");
        for (program, package) in
            [("/usr/sbin/sshd", "openssh-server"), ("/usr/bin/ssh", "openssh-client"), ("/usr/bin/sudo", "sudo")]
        {
            assert!(Path::new(program).exists(), "{program} is missing: apt-get install -y {package}");
        }
        let folder = tempfile::tempdir().expect("a folder");
        fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).expect("rights");
        let port = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a port").port();
        write_files(folder.path(), make, port);
        let log = fs::File::create(folder.path().join("sshd.log")).expect("a log");
        let mut unshare = Command::new("unshare");
        unshare
            .args(["--mount", "--uts", "--propagation", "private", "--", "sh", "-c", MOUNTS, "sshd"])
            .arg(folder.path());
        unshare.arg(make.disk.unwrap_or_default());
        if let Some((name, kubernetes)) = &make.node {
            unshare.arg(name).arg(kubernetes);
        }
        let sshd =
            unshare.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn().expect("unshare (util-linux)");
        let mut server = Self { folder, sshd, port };
        server.wait_until_it_listens();
        server
    }

    fn wait_until_it_listens(&mut self) {
        let deadline = Instant::now() + Duration::from_secs(20);
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            let ended = self.sshd.try_wait().expect("a child");
            assert!(ended.is_none() && Instant::now() < deadline, "sshd does not listen: {}", self.log());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// What the server's machine calls `/var/lib/kubectl-certs`.
    pub fn state(&self) -> PathBuf {
        self.path("lib/kubectl-certs")
    }

    pub fn log(&self) -> String {
        fs::read_to_string(self.path("sshd.log")).unwrap_or_default()
    }

    /// How the client gets there as that user, its host key known.
    pub fn options(&self, user: &str) -> SshOptions {
        SshOptions {
            identity: Some(self.path("client_key")),
            config: Some(self.path("ssh_config")),
            helper: HelperSource { folder: Some(helper::folder().to_owned()) },
            ..SshOptions::to(format!("{user}@127.0.0.1:{}", self.port))
        }
    }

    /// The helper on the server's disk.
    pub fn helpers(&self) -> Vec<PathBuf> {
        let Ok(entries) = fs::read_dir(self.state().join("helper")) else { return Vec::new() };
        entries.map(|entry| entry.expect("an entry").path()).collect()
    }

    /// Processes that serve connections, the helpers among them.
    pub fn sessions(&self) -> Vec<i32> {
        processes::below(self.sshd.id().try_into().expect("a pid"))
    }

    pub fn signal_sessions(&self, of: &str, signal: Signal) {
        for pid in self.sessions() {
            let name = fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
            if name.trim() == of {
                kill_process(Pid::from_raw(pid).expect("a pid"), signal).ok();
            }
        }
    }

    /// Waits for the end of all connections.
    pub fn is_left_alone(&self) {
        let deadline = Instant::now() + Duration::from_secs(20);
        while !self.sessions().is_empty() {
            assert!(Instant::now() < deadline, "still there: {:?}", self.sessions());
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.signal_sessions("sshd", Signal::CONT);
        for pid in self.sessions() {
            kill_process(Pid::from_raw(pid).expect("a pid"), Signal::KILL).ok();
        }
        self.sshd.kill().ok();
        self.sshd.wait().ok();
    }
}

fn write_files(folder: &Path, make: &Make, port: u16) {
    let at = folder.display();
    let write = |name: &str, mode: u32, text: &str| {
        fs::write(folder.join(name), text).expect("a file");
        fs::set_permissions(folder.join(name), Permissions::from_mode(mode)).expect("rights");
    };
    for name in ["lib", "bin", "home"] {
        fs::create_dir(folder.join(name)).expect("a folder");
    }
    for key in ["host_key", "client_key", "other_key"] {
        let mut keygen = Command::new("ssh-keygen");
        keygen.args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(folder.join(key));
        assert!(keygen.status().expect("ssh-keygen").success());
    }
    let read = |name: &str| fs::read_to_string(folder.join(name)).expect("a key");
    write("authorized_keys", 0o644, &read("client_key.pub"));
    write("known_hosts", 0o600, &format!("[127.0.0.1]:{port} {}", read("host_key.pub")));
    write("other_hosts", 0o600, &format!("[127.0.0.1]:{port} {}", read("other_key.pub")));
    write("no_hosts", 0o600, "");
    write(
        "ssh_config",
        0o600,
        &format!(
            "UserKnownHostsFile {at}/known_hosts\nGlobalKnownHostsFile /dev/null\nIdentityAgent none\n\
         Host jump\n HostName 127.0.0.1\n Port {port}\n User root\n IdentityFile {at}/client_key\n"
        ),
    );
    write(
        "passwd",
        0o644,
        &format!(
            "root:x:0:0::{at}/home:/bin/sh\noperator:x:20001:20001::{at}/home:/bin/bash\n\
         sshd:x:20002:65534::/run/sshd:/usr/sbin/nologin\nnobody:x:65534:65534::/:/usr/sbin/nologin\n"
        ),
    );
    write("group", 0o644, "root:x:0:\noperator:x:20001:\nnogroup:x:65534:\n");
    write("shadow", 0o600, "root:*:19000::::::\noperator:*:19000::::::\nsshd:!:19000::::::\n");
    write(
        "sudoers",
        0o440,
        &format!("Defaults !mail_badpass,!mail_no_user\n{}\n", make.sudoers.unwrap_or("operator ALL=(root) ALL")),
    );
    write(
        "sshd_config",
        0o600,
        &format!(
            "ListenAddress 127.0.0.1\nPort {port}\nHostKey {at}/host_key\nAuthorizedKeysFile {at}/authorized_keys\n\
         StrictModes no\nUsePAM no\nPasswordAuthentication no\nKbdInteractiveAuthentication no\nPidFile none\n\
         PermitRootLogin prohibit-password\nAllowTcpForwarding yes\nMaxStartups 100\n\
         SetEnv PATH={at}/bin:/usr/local/bin:/usr/bin:/bin\n"
        ),
    );
    for (name, script) in &make.programs {
        write(&format!("bin/{name}"), 0o755, &format!("#!/bin/sh\n{script}\n"));
    }
}
