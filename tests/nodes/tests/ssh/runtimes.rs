//! A static pod is restarted through `crictl` or `docker` where no runtime speaks our version of its interface. The two are
//! played by scripts that print what crictl 1.36 and Docker 20.10 print; everything else is real.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use kubectl_certs::access::nodes::{NodeError, NodeErrorKind, NodeOp, NodeReply};
use nodes_tests::server::{Make, Server};

use crate::{connect, now};

/// What was removed is made anew, under other names.
const NOTES: &str = r#"here=$(dirname "$0")/..
echo "$*" >> "$here/calls"
if [ -e "$here/removed" ]; then pod=5b1e00 id=77aa00; else pod=9e3200 id=d30400; fi
since=2026-11-22T22:19:04.597534955Z
"#;

const CRICTL: &str = r#"
while :; do case $1 in --runtime-endpoint | --timeout) shift 2;; *) break;; esac; done
case $1 in
version) printf 'Version:  0.1.0\nRuntimeName:  containerd\nRuntimeVersion:  1.3.3\nRuntimeApiVersion:  v1alpha2\n';;
pods) echo '{"items":[{"id":"'$pod'","metadata":{"name":"kube-scheduler-cp1","uid":"aa2a","namespace":"kube-system",
"attempt":0},"state":"SANDBOX_READY","createdAt":"1795385943073562593","labels":{"component":"kube-scheduler"}}]}';;
ps) echo '{"containers":[{"id":"'$id'","podSandboxId":"'$pod'","metadata":{"name":"kube-scheduler","attempt":0},
"state":"CONTAINER_RUNNING","createdAt":"1795385944597534955"}]}';;
inspect) echo '{"status":{"id":"'$4'","state":"CONTAINER_RUNNING","startedAt":"'$since'"},
"info":{"sandboxID":"'$pod'","pid":476,"config":{"linux":{"security_context":{"namespace_options":{"pid":1}}}}}}';;
stop) echo "$4";;
stopp) echo "Stopped sandbox $2";;
rmp) touch "$here/removed"; echo "Removed sandbox $2";;
*) echo "No help topic for '$1'" >&2; exit 3;;
esac"#;

const DOCKER: &str = r#"
case "$1 $*" in
version*) echo 20.10.7;;
ps*type=podsandbox*) echo $pod;;
ps*type=container*) echo $id;;
inspect*) echo '[{"Id":"'$4'","State":{"Status":"running","Running":true,"Pid":476,"StartedAt":"'$since'"},
"Name":"/k8s_kube-scheduler_kube-scheduler-cp1_kube-system_aa2a_0","Config":{"Labels":{
"io.kubernetes.container.name":"kube-scheduler","io.kubernetes.sandbox.id":"'$pod'"}}}]';;
stop*) shift; echo "$3";;
rm*) touch "$here/removed"; echo "$3";;
*) echo "docker: '$1' is not a docker command." >&2; exit 1;;
esac"#;

const TOO_OLD: &str =
    "echo 'FATA[0000] validate service connection: CRI v1 runtime API is not implemented' >&2; exit 1";
const NO_DAEMON: &str = "echo 'Cannot connect to the Docker daemon at unix:///var/run/docker.sock.' >&2; exit 1";

/// Somebody must be there who starts the pod again.
struct Kubelet(Child);

impl Kubelet {
    fn start(folder: &Path) -> Self {
        let program = folder.join("kubelet");
        fs::copy("/usr/bin/sleep", &program).expect("coreutils");
        Self(Command::new(program).arg("600").stdin(Stdio::null()).spawn().expect("it runs"))
    }
}

impl Drop for Kubelet {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

/// What came of a restart, and which calls it took.
fn restart(crictl: &str, docker: &str) -> (Result<String, NodeError>, Vec<String>) {
    let folder = tempfile::tempdir().expect("a folder");
    let manifests = folder.path().join("kubernetes/manifests");
    fs::create_dir_all(&manifests).expect("a folder");
    let pod = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: kube-scheduler\n  namespace: kube-system\nspec:\n  \
        containers:\n  - name: kube-scheduler\n    image: registry.k8s.io/kube-scheduler:v1.36.3\n";
    fs::write(manifests.join("kube-scheduler.yaml"), pod).expect("written");
    let script = |text: &str| -> &'static str { format!("{NOTES}{text}").leak() };
    let server = Server::made(&Make {
        programs: vec![("crictl", script(crictl)), ("docker", script(docker))],
        node: Some(("cp1", folder.path().join("kubernetes"))),
        ..Make::default()
    });
    let _kubelet = Kubelet::start(folder.path());
    let reply = now(async {
        let node = connect(server.options("root")).await.expect("a node");
        node.run(NodeOp::Restart { component: "kube-scheduler".to_owned() }).await
    });
    let evidence = reply.map(|reply| match reply {
        NodeReply::Restarted { evidence } => evidence,
        other => panic!("{other:?}"),
    });
    let calls = fs::read_to_string(server.path("calls")).expect("calls");
    (evidence, calls.lines().map(str::to_owned).collect())
}

/// Those that change something, without how crictl is to find its runtime.
fn changes(calls: &[String], words: &[&str]) -> Vec<String> {
    let word = |call: &&String| call.split(' ').any(|part| words.contains(&part));
    let own = |call: &String| match call.split_once("--runtime-endpoint ") {
        Some((before, rest)) => before.to_owned() + rest.split_once(' ').map_or("", |(_, rest)| rest),
        None => call.clone(),
    };
    calls.iter().filter(word).map(own).collect()
}

#[test]
fn through_crictl() {
    let (outcome, calls) = restart(CRICTL, NO_DAEMON);
    let evidence = outcome.expect("restarted");
    for word in
        ["container 77aa00 runs in its place since 2026-11-22T22:19:04Z", "(by the container runtime that crictl is"]
    {
        assert!(evidence.contains(word), "'{word}' is missing in: {evidence}");
    }
    assert_eq!(
        changes(&calls, &["stop", "stopp", "rmp"]),
        ["--timeout 35s stop --timeout 5 d30400", "stopp 9e3200", "rmp 9e3200"],
        "{calls:#?}"
    );
}

#[test]
fn through_docker() {
    let (outcome, calls) = restart(TOO_OLD, DOCKER);
    let evidence = outcome.expect("restarted");
    for word in ["container 77aa00 runs in its place since 2026-11-22T22:19:04Z", "(by Docker)"] {
        assert!(evidence.contains(word), "'{word}' is missing in: {evidence}");
    }
    assert_eq!(
        changes(&calls, &["stop", "rm"]),
        ["stop -t 5 d30400", "stop -t 0 d30400 9e3200", "rm --force d30400 9e3200"],
        "{calls:#?}"
    );
}

#[test]
fn where_nothing_answers_each_says_why() {
    let (outcome, _) = restart(TOO_OLD, NO_DAEMON);
    let error = outcome.expect_err("nobody answers");
    assert_eq!(error.kind, NodeErrorKind::Refused, "{error}");
    for word in
        ["no container runtime of this node answers", "CRI v1 runtime API is not", "Cannot connect to the Docker"]
    {
        assert!(error.message.contains(word), "'{word}' is missing in: {error}");
    }
}
