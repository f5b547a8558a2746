//! `--all-contexts`: what the kubeconfigs lead to, beside the current context.

use serde_json::{Value, json};

use crate::kubectl::kubectl;
use crate::program::Program;
use crate::world::{World, gaps, targets};

pub(crate) fn all_of_them(world: &World) {
    let config = || -> Value {
        serde_json::from_str(&world.kubeconfig("/O=system:masters/CN=root", Some("shop"))).expect("JSON")
    };
    let mut one = config();
    let mut two = config();
    // What another file says already does not count; what lies elsewhere, and leads nowhere, does.
    two["clusters"].as_array_mut().expect("a list").push(json!({ "name": "away", "cluster": {
        "server": "https://127.0.0.1:1", "certificate-authority-data": one["clusters"][0]["cluster"]["certificate-authority-data"] } }));
    let user = two["users"][0].clone();
    two["users"].as_array_mut().expect("a list").push(json!({ "name": "third", "user": user["user"] }));
    two["contexts"] = json!([{ "name": "away", "context": { "cluster": "away", "user": "third" } }]);
    let program = Program::new().with("KUBECONFIG", "one:nowhere:two");
    let path = |name: &str| program.work().join(name).display().to_string();
    program.write("one", one.to_string());
    program.write("two", two.to_string());
    let entries = [
        format!("kubeconfig:{}#cluster/it", path("one")),
        format!("kubeconfig:{}#user/me", path("one")),
        format!("kubeconfig:{}#user/other", path("one")),
        format!("kubeconfig:{}#cluster/away", path("two")),
        format!("kubeconfig:{}#user/third", path("two")),
    ];
    let ran = program.line("list --all-contexts -o json").exits(3);
    let of = |start: &str| targets(&ran).into_iter().filter(|target| target.starts_with(start)).collect::<Vec<_>>();
    assert_eq!(of("kubeconfig:"), entries);
    assert_eq!(of("tls://"), [world.endpoint()]);
    assert!(of("secret/shop/").len() == 4, "objects of the current context");
    assert!(gaps(&ran).contains(&("tls://127.0.0.1:1".to_owned(), "unreachable".to_owned())), "{ran:#?}");
    // Without it, the current context alone.
    let ran = program.line("list -o json").exits(3);
    let own = targets(&ran).into_iter().filter(|target| target.starts_with("kubeconfig:")).collect::<Vec<_>>();
    assert_eq!(own, entries[..2]);

    // A current context is not needed, but a wrong one is told of as ever.
    one["current-context"] = json!("");
    two["current-context"] = json!("");
    program.write("one", one.to_string());
    program.write("two", two.to_string());
    let ran = program.line("list --all-contexts -o json").exits(3);
    assert_eq!(targets(&ran).iter().filter(|target| target.starts_with("kubeconfig:")).count(), 5);
    assert!(targets(&ran).iter().all(|target| !target.starts_with("secret/")), "{ran:#?}");
    program.line("list").exits(2).says("no context is current");
    program.line("check --all-contexts").exits(3);
    program.line("list --all-contexts -n shop").exits(2).says("--all-contexts");
    program.line("list --all-contexts --root .").exits(2);

    // One file that is broken ends it, with its name and the place in it, and none of its content.
    program.write("two", "users:\n- name: a\n  user:\n    token: hunter2\n   x: [\n");
    let ran = program.line("list --all-contexts").exits(2).says("two cannot be used: ").says("line ");
    assert!(!ran.err.contains("hunter2"), "{ran:#?}");
    assert_ne!(kubectl(&program, "config view").code, 0);
    // As a target it is one of several things that were asked for.
    let ran = program.line("list kubeconfig:one kubeconfig:two -o json").exits(3);
    assert_eq!((targets(&ran), gaps(&ran).len()), (entries[..3].into(), 1), "{ran:#?}");
}
