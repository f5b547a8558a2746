//! Exec plugins, token files, and acting as somebody else.

use std::os::unix::fs::PermissionsExt;

use serde_json::{Value, json};

use crate::certificates::{lets_in, on_a_terminal};
use crate::kubectl::kubectl;
use crate::material::Pair;
use crate::program::Program;
use crate::world::{World, targets};

const API: &str = "client.authentication.k8s.io/v1";

/// A program that notes each run, keeps what it was told, and prints `answer-N` on its Nth run, else `answer`.
const PLUGIN: &str = r#"#!/bin/sh
cd "$(dirname "$0")"
echo run >> runs
printf '%s' "$KUBERNETES_EXEC_INFO" > told
printf '%s' "$GREETING $1" > called
count=$(wc -l < runs | tr -d ' ')
if [ -e "answer-$count" ]; then cat "answer-$count"; else cat answer; fi
"#;

fn with_plugin(world: &World, more: &Value) -> Program {
    let program = world.program_with(|_, user| {
        let mut exec = json!({ "apiVersion": API, "command": "./plugin/it", "args": null, "env": null,
            "interactiveMode": "IfAvailable" });
        for (name, value) in more.as_object().expect("an object") {
            exec[name] = value.clone();
        }
        *user = json!({ "exec": exec });
    });
    let path = program.write("plugin/it", PLUGIN);
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).expect("made executable");
    program
}

fn answers(program: &Program, name: &str, status: &Value) {
    let answer = json!({ "apiVersion": API, "kind": "ExecCredential", "status": status });
    program.write(format!("plugin/{name}"), answer.to_string());
}

fn runs(program: &Program) -> usize {
    let text = std::fs::read_to_string(program.work().join("plugin/runs")).unwrap_or_default();
    std::fs::remove_file(program.work().join("plugin/runs")).ok();
    text.lines().count()
}

fn told(program: &Program) -> Value {
    let text = std::fs::read_to_string(program.work().join("plugin/told")).expect("it was told something");
    serde_json::from_str(&text).expect("JSON")
}

pub(crate) fn with_a_token(world: &World) {
    let token = world.control_plane.kubectl(&["create", "token", "reader", "-n", "shop"]);
    let program = with_plugin(world, &json!({ "args": ["ours"], "env": [{ "name": "GREETING", "value": "hello" }] }));
    answers(&program, "answer", &json!({ "token": token }));
    kubectl(&program, "get secret web").exits(0);
    runs(&program);
    assert_eq!(targets(&program.line("list -n shop -o json").exits(0)).len(), 4);
    assert_eq!(runs(&program), 1);
    let called = std::fs::read_to_string(program.work().join("plugin/called")).expect("noted");
    assert_eq!(called, "hello ours");
    assert_eq!(told(&program)["spec"], json!({ "interactive": false }));
    // Everything that a reading does, in one run of it.
    program.line("list").exits(3);
    assert_eq!(runs(&program), 1);

    // What the server does not accept is asked for again, once.
    answers(&program, "answer-1", &json!({ "token": "not-any-more" }));
    program.line("list -n shop").exits(0);
    assert_eq!(runs(&program), 2);
    answers(&program, "answer-2", &json!({ "token": "nor-this" }));
    let ran = program.line("list -n shop").exits(3).says("401");
    assert!(runs(&program) >= 2 && !ran.err.contains("nor-this"), "{ran:#?}");
    // What has ended is not even tried.
    for name in ["answer-1", "answer-2"] {
        std::fs::remove_file(program.work().join("plugin").join(name)).expect("removed");
    }
    answers(&program, "answer-1", &json!({ "token": token, "expirationTimestamp": "2020-01-01T00:00:00Z" }));
    answers(&program, "answer", &json!({ "token": token, "expirationTimestamp": "2099-01-01T00:00:00Z" }));
    program.line("list -n shop").exits(0);
    assert_eq!(runs(&program), 2);
}

pub(crate) fn with_a_certificate(world: &World) {
    let alice = Pair::signed_by(&world.authority, "/CN=alice", &["-addext", "extendedKeyUsage=clientAuth"]);
    let stranger = Pair::signed_by(&Pair::authority("/CN=strange"), "/CN=alice", &[]);
    let pair = |pair: &Pair| json!({ "clientCertificateData": pair.certificate, "clientKeyData": pair.key });
    let program = with_plugin(world, &json!({ "provideClusterInfo": true }));
    answers(&program, "answer", &pair(&alice));
    kubectl(&program, "get secret web").exits(0);
    let of_kubectl = told(&program);
    runs(&program);
    assert_eq!(targets(&program.line("list -n shop -o json").exits(0)).len(), 4);
    assert_eq!(runs(&program), 1);
    assert_eq!(told(&program), of_kubectl);
    // Another certificate needs another connection.
    answers(&program, "answer-1", &pair(&stranger));
    program.line("list -n shop").exits(0);
    assert_eq!(runs(&program), 2);
    answers(&program, "answer", &json!({ "clientCertificateData": alice.certificate }));
    std::fs::remove_file(program.work().join("plugin/answer-1")).expect("removed");
    program.line("list -n shop").exits(3).says("belong together");
}

/// The command is named and what it said, and nothing that could be a secret.
pub(crate) fn failing(world: &World) {
    let program = with_plugin(world, &json!({}));
    program.write("plugin/answer", "no JSON, but t0ken-Of-Somebody");
    let ran = program.line("list -n shop").exits(3).says("plugin/it' answered what cannot be used");
    assert!(!ran.err.contains("t0ken"), "{ran:#?}");
    let ran = program.line("list -n shop -o json");
    assert_eq!(ran.json()["gaps"][0]["reason"], "no-credentials", "{ran:#?}");
    program.write("plugin/it", "#!/bin/sh\necho 'log in first' >&2\necho hunter2\nexit 3\n");
    let ran = program.line("list -n shop").exits(3).says("plugin/it' failed (exit code 3); it said: log in first");
    assert!(!ran.err.contains("hunter2"), "{ran:#?}");
    // The rest of what can be seen is shown.
    assert!(targets(&program.line("list -o json").exits(3)).contains(&world.endpoint()));

    let absent = with_plugin(world, &json!({ "command": "no-such-login", "installHint": "get it\n from the shop" }));
    absent.line("list -n shop").exits(3).says("'no-such-login' is not installed or not in PATH: get it from the shop");
    let always = with_plugin(world, &json!({ "interactiveMode": "Always" }));
    always.line("list -n shop").exits(3).says("wants to ask a person");
    assert_eq!(runs(&always), 0);
    // A terminal is handed on.
    let token = world.control_plane.kubectl(&["create", "token", "reader", "-n", "shop"]);
    answers(&always, "answer", &json!({ "token": token }));
    on_a_terminal(&always, "list -n shop", "").exits(0);
    assert_eq!((runs(&always), told(&always)["spec"].clone()), (1, json!({ "interactive": true })));
    let old = with_plugin(world, &json!({ "apiVersion": "client.authentication.k8s.io/v1alpha1" }));
    old.line("list -n shop").exits(2).says("v1alpha1");
}

/// It is what a person typed for us that stands there, or a request.
pub(crate) fn may_not_read_a_request(world: &World) {
    let program = with_plugin(world, &json!({}));
    program.write("plugin/it", "#!/bin/sh\ncd \"$(dirname \"$0\")\"\ncat > read\ncat answer\n");
    let token = world.control_plane.kubectl(&["create", "token", "reader", "-n", "shop"]);
    answers(&program, "answer", &json!({ "token": token }));
    let request = json!({ "api": "certs/v1alpha1", "request": { "list": { "scope": { "namespace": "shop" } } } });
    let ran = program.run_with(["api"], format!("{request}\nmore").as_bytes()).exits(0);
    assert!(ran.out.contains("secret/shop/web/tls.crt"), "{ran:#?}");
    assert_eq!(std::fs::read(program.work().join("plugin/read")).expect("it was run"), b"");
}

pub(crate) fn token_files(world: &World) {
    let token = world.control_plane.kubectl(&["create", "token", "reader", "-n", "shop"]);
    let program = world.program_with(|_, user| *user = json!({ "tokenFile": "secrets/token" }));
    program.line("list -n shop").exits(3).says("secrets/token");
    program.write("secrets/token", format!("{token}\n"));
    lets_in(&program);
    // The file beats what stands beside it, as for kubectl.
    let program = world.program_with(|_, user| *user = json!({ "tokenFile": "token", "token": "stale" }));
    program.write("token", &token);
    lets_in(&program);
    let program = world.program_with(|_, user| {
        *user = json!({ "auth-provider": { "name": "oidc", "config": { "id-token": token } } });
    });
    program.line("list -n shop").exits(0);
    let program = world.program_with(|_, user| *user = json!({ "auth-provider": { "name": "azure" } }));
    program.line("list -n shop").exits(2).says("kubelogin");
}

pub(crate) fn acting_as_another_in_the_kubeconfig(world: &World) {
    lets_in(&world.program_with(|_, user| user["as"] = json!("alice")));
    let nobody = world.program_with(|_, user| user["as"] = json!("nobody"));
    assert_ne!(kubectl(&nobody, "get secret web").code, 0);
    nobody.line("list -n shop").exits(3).says("nobody");
    lets_in(&world.program_with(|_, user| {
        user["as"] = json!("nobody");
        user["as-groups"] = json!(["a", "system:masters"]);
        user["as-uid"] = json!("7");
        user["as-user-extra"] = json!({ "example.com/Reason": ["b c", "d"] });
    }));
    // Options beat it.
    nobody.line("list -n shop --as alice").exits(0);
    let root = world.administrator();
    root.line("list -n shop --as alice --as-user-extra a.b/c=d --as-user-extra a.b/c=e").exits(0);
    root.line("list -n shop --as-user-extra a=b").exits(2).says("--as");
    root.line("list -n shop --as alice --as-user-extra a").exits(2).says("KEY=VALUE");
}
