//! Programs that give credentials (client-go's exec plugins: cloud logins, OIDC, vaults). Each is run once in a run of
//! ours, and again when what it gave has ended or the server does not accept it.

use std::io::{ErrorKind, IsTerminal};
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rustls::sign::CertifiedKey;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::Command;
use tokio::sync::Mutex;
use zeroize::Zeroizing;

use super::identity::identity;
use crate::access::clock::{Clock, SystemClock};
use crate::error::{Error, without_keys};
use crate::formats::kubeconfig::{Cluster, Exec};
use crate::formats::{certificate, pem};
use crate::model::Time;

const VERSIONS: [&str; 2] = ["client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1"];
/// The extension of a cluster's entry that is handed on.
const EXTENSION: &str = "client.authentication.k8s.io/exec";
/// Of what a plugin says when it fails.
const LINES: usize = 12;

/// Standard input is not the person's but a request's: no plugin may read it.
static STDIN_IS_TAKEN: AtomicBool = AtomicBool::new(false);

/// To be called where requests come on standard input.
pub fn keep_standard_input() {
    STDIN_IS_TAKEN.store(true, Ordering::Relaxed);
}

pub(super) struct Plugin {
    exec: Exec,
    /// What it is told of the cluster, where it wants to know.
    cluster: Option<Value>,
    issued: Mutex<Option<Arc<Issued>>>,
}

/// What a plugin gave.
pub(super) struct Issued {
    pub(super) token: Option<Zeroizing<String>>,
    pub(super) identity: Option<Arc<CertifiedKey>>,
    expires: Option<Time>,
    /// How often the plugin had to be run for it.
    pub(super) number: u64,
}

impl Plugin {
    /// Refused where the kubeconfig does not say enough, as kubectl refuses it.
    pub(super) fn new(exec: &Exec, cluster: &Cluster, authorities: Option<&[u8]>) -> Result<Self, Error> {
        if exec.command.is_empty() {
            return Err(Error::usage("its exec plugin names no command"));
        }
        if !VERSIONS.contains(&exec.api_version.as_str()) {
            return Err(Error::usage(format!(
                "its exec plugin '{}' speaks '{}' (apiVersion); understood are {}",
                exec.command,
                exec.api_version,
                VERSIONS.join(" and ")
            ))
            .hint("newer versions of most plugins speak v1: update it, and let it write the kubeconfig again"));
        }
        let cluster = exec.provide_cluster_info.then(|| information(cluster, authorities));
        Ok(Self { exec: exec.clone(), cluster, issued: Mutex::default() })
    }

    /// Tells plugins apart without telling what they are called with.
    pub(super) fn id(&self) -> String {
        let Exec { api_version, command, args, env, interactive_mode, .. } = &self.exec;
        let env: Vec<_> = env.iter().map(|variable| (&variable.name, &variable.value)).collect();
        let text = Zeroizing::new(json!([api_version, command, args, env, interactive_mode, self.cluster]).to_string());
        certificate::sha256_hex(text.as_bytes())
    }

    /// What it gave last; it is run if that has ended, or is the `refused` one.
    pub(super) async fn issued(&self, refused: Option<u64>) -> Result<Arc<Issued>, String> {
        let mut kept = self.issued.lock().await;
        if let Some(issued) = kept.as_ref() {
            let lasts = issued.expires.is_none_or(|expires| SystemClock.now() < expires);
            if lasts && refused != Some(issued.number) {
                return Ok(issued.clone());
            }
        }
        let number = kept.as_ref().map_or(0, |issued| issued.number) + 1;
        let issued = Arc::new(self.run(number).await?);
        *kept = Some(issued.clone());
        Ok(issued)
    }

    async fn run(&self, number: u64) -> Result<Issued, String> {
        let interactive = self.is_interactive()?;
        let program = which::which(&self.exec.command).map_err(|_| self.not_installed())?;
        let mut spec = json!({ "interactive": interactive });
        if let Some(cluster) = &self.cluster {
            spec["cluster"] = cluster.clone();
        }
        let told = json!({ "kind": "ExecCredential", "apiVersion": self.exec.api_version, "spec": spec });
        let mut command = Command::new(program);
        command
            .args(&self.exec.args)
            .envs(self.exec.env.iter().map(|variable| (&variable.name, &variable.value)))
            .env("KUBERNETES_EXEC_INFO", told.to_string())
            .stdin(if interactive { Stdio::inherit() } else { Stdio::null() })
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        let mut child = command.spawn().map_err(|error| match error.kind() {
            ErrorKind::NotFound => self.not_installed(),
            _ => format!("the exec plugin '{}' cannot be started: {error}", self.exec.command),
        })?;
        let mut output = Zeroizing::new(Vec::new());
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        let answer = async {
            match stdout {
                Some(mut pipe) => pipe.read_to_end(&mut output).await.map(|_| ()),
                None => Ok(()),
            }
        };
        let (read, said, status) = tokio::join!(answer, said(stderr), child.wait());
        let status = status.and_then(|status| read.map(|()| status));
        let status = status.map_err(|error| format!("the exec plugin '{}' failed: {error}", self.exec.command))?;
        if !status.success() {
            return Err(self.failed(status, &said));
        }
        self.understand(&output, number)
    }

    /// client-go's rules; `v1` demands that the kubeconfig says it, and `v1beta1` does not know it.
    fn is_interactive(&self) -> Result<bool, String> {
        let taken = STDIN_IS_TAKEN.load(Ordering::Relaxed);
        let terminal = !taken && std::io::stdin().is_terminal();
        let command = &self.exec.command;
        match self.exec.interactive_mode.as_deref() {
            Some("Never") => Ok(false),
            Some("IfAvailable") => Ok(terminal),
            None if self.exec.api_version.ends_with("v1beta1") => Ok(terminal),
            Some("Always") if terminal => Ok(true),
            Some("Always") => Err(format!(
                "the exec plugin '{command}' wants to ask a person (interactiveMode: Always), and standard input is no terminal"
            )),
            Some(other) => Err(format!("the exec plugin '{command}' has the unknown interactiveMode '{other}'")),
            None => Err(format!("the exec plugin '{command}' has no interactiveMode, which its apiVersion demands")),
        }
    }

    fn not_installed(&self) -> String {
        let missing = format!("the exec plugin '{}' is not installed or not in PATH", self.exec.command);
        match &self.exec.install_hint {
            Some(hint) => format!("{missing}: {}", hint.split_whitespace().collect::<Vec<_>>().join(" ")),
            None => missing,
        }
    }

    /// Without its arguments, which may hold secrets.
    fn failed(&self, status: ExitStatus, said: &[String]) -> String {
        let how = match status.code() {
            Some(code) => format!("exit code {code}"),
            None => status.to_string(),
        };
        let said =
            if said.is_empty() { "it said nothing".to_owned() } else { format!("it said: {}", said.join(" / ")) };
        without_keys(&format!("the exec plugin '{}' failed ({how}); {said}", self.exec.command))
    }

    /// Nothing of the answer is ever quoted: it holds credentials.
    fn understand(&self, output: &[u8], number: u64) -> Result<Issued, String> {
        let command = &self.exec.command;
        let wrong = |why: &str| format!("the exec plugin '{command}' answered what cannot be used: {why}");
        let answer: Answer =
            serde_saphyr::from_str(&pem::decode_text(output)).map_err(|_| wrong("no ExecCredential"))?;
        if answer.kind != "ExecCredential" {
            return Err(wrong("its kind is not ExecCredential"));
        }
        if answer.api_version != self.exec.api_version {
            return Err(wrong(&format!("another apiVersion than the '{}' of the kubeconfig", self.exec.api_version)));
        }
        let status = answer.status.ok_or_else(|| wrong("it has no status"))?;
        let text = |text: Option<Zeroizing<String>>| text.filter(|text| !text.is_empty());
        let token = text(status.token).map(|token| Zeroizing::new(token.trim().to_owned()));
        let pair = (text(status.client_certificate_data), text(status.client_key_data));
        let identity = match pair {
            (Some(certificate), Some(key)) => {
                let made = identity(certificate.as_bytes(), key.as_bytes());
                Some(made.map_err(|why| format!("what the exec plugin '{command}' answered {why}"))?)
            }
            (None, None) if token.is_some() => None,
            (None, None) => return Err(wrong("neither a token nor a client certificate")),
            _ => return Err(wrong("a client certificate and its key belong together, and one is missing")),
        };
        let expires = match status.expiration_timestamp {
            Some(text) => Some(text.parse().map_err(|_| wrong("its expirationTimestamp is no time"))?),
            None => None,
        };
        Ok(Issued { token, identity, expires, number })
    }
}

/// On a terminal the person reads it at once: it may say where to log in. Its last lines are kept for the error.
async fn said(stderr: Option<tokio::process::ChildStderr>) -> Vec<String> {
    let Some(stderr) = stderr else { return Vec::new() };
    let aloud = std::io::stderr().is_terminal();
    let mut lines = Vec::new();
    let mut pipe = BufReader::new(stderr);
    let mut line = Vec::new();
    while matches!(pipe.read_until(b'\n', &mut line).await, Ok(count) if count > 0) {
        if aloud {
            std::io::Write::write_all(&mut std::io::stderr(), &line).ok();
        }
        let text = String::from_utf8_lossy(&line).trim().to_owned();
        if !text.is_empty() {
            lines.push(text);
        }
        if lines.len() > LINES {
            lines.remove(0);
        }
        line.clear();
    }
    lines
}

/// `spec.cluster` of `client.authentication.k8s.io/v1`.
fn information(cluster: &Cluster, authorities: Option<&[u8]>) -> Value {
    let config = cluster.extensions.iter().find(|extension| extension.name == EXTENSION);
    let config = config.map_or(Value::Null, |extension| extension.extension.clone());
    let mut told = json!({ "server": cluster.server, "config": config });
    if let Some(name) = &cluster.tls_server_name {
        told["tls-server-name"] = json!(name);
    }
    if cluster.insecure_skip_tls_verify {
        told["insecure-skip-tls-verify"] = json!(true);
    }
    if let Some(authorities) = authorities {
        told["certificate-authority-data"] = json!(pem::encode_base64(authorities));
    }
    if let Some(proxy) = &cluster.proxy_url {
        told["proxy-url"] = json!(proxy);
    }
    if cluster.disable_compression {
        told["disable-compression"] = json!(true);
    }
    told
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Answer {
    kind: String,
    api_version: String,
    status: Option<Status>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Status {
    token: Option<Zeroizing<String>>,
    client_certificate_data: Option<Zeroizing<String>>,
    client_key_data: Option<Zeroizing<String>>,
    expiration_timestamp: Option<String>,
}
