//! What is looked at: the whole cluster, a namespace, a label, a name.

use crate::world::{self as found, MANY, World, gaps};

pub(crate) fn targets_of(world: &World, line: &str) -> Vec<String> {
    let program = world.user("/O=system:masters/CN=root", Some("shop"));
    program.line(&format!("list {line} -o name")).exits(0).lines().iter().map(|&name| name.to_owned()).collect()
}

pub(crate) fn targets(world: &World) {
    let of = |line: &str| targets_of(world, line);
    let web = ["ca.crt", "tls.crt#1", "tls.crt#2"].map(|key| format!("secret/shop/web/{key}"));
    assert_eq!(of("secret/shop/web"), web);
    assert_eq!(of("secrets/shop/web"), web);
    // The namespace of the context, unless -n says another.
    assert_eq!(of("secret/web"), web);
    assert_eq!(of("secret/web -A"), web);
    assert_eq!(of("secret/web -n other"), ["secret/other/web/tls.crt"]);
    assert_eq!(of("secret/shop/web -n other"), web);
    assert_eq!(of("secret/shop/web/tls.crt"), web[1..]);
    assert_eq!(of("secret/shop/web/tls.crt#2"), web[2..]);
    let both = of(&format!("secret/other/web {}", world.endpoint()));
    assert_eq!(both, ["secret/other/web/tls.crt".to_owned(), world.endpoint()]);
    assert_eq!(of(&format!("127.0.0.1:{}", world.control_plane.port())), [world.endpoint()]);

    let program = world.administrator();
    program.line("list secret/shop/nobody").exits(3).says("secrets \"nobody\" not found");
    program.line("list secret/web").exits(3).says("secret/default/web");
    program.line("list secret/shop/password").exits(3).says("holds a certificate");
    // A key stands for its certificate.
    assert_eq!(of("secret/shop/web/tls.key"), web[1..2]);
    // One that is missing does not hide the others.
    let ran = program.line("list secret/shop/web secret/shop/nobody -o json").exits(3);
    assert_eq!(found::targets(&ran), web);
    assert_eq!(gaps(&ran), [("secret/shop/nobody/*".to_owned(), "not-found".to_owned())]);
    program.line("check --ignore key-differs=secret/shop/swapped -n shop --fail-on warning").exits(0);
    program.line("check --ignore key-differs=secret/shop/web -n shop").exits(1);
}

/// Over the whole cluster: each name means its own row.
pub(crate) fn every_printed_name(world: &World) {
    let program = world.administrator();
    let all = program.line("list -o name").exits(3);
    let mut names: Vec<&str> = all.lines().into_iter().filter(|name| !name.starts_with("secret/many/")).collect();
    names.push("secret/many/s000/tls.crt");
    assert!(names.len() > 15, "{names:?}");
    for name in names {
        // What only we can read of it is told with exit code 3.
        let shown = program.run(["show", "-o", "name", name]);
        assert!(shown.lines() == [name] && matches!(shown.code, 0 | 3), "{shown:#?}");
        assert_ne!(program.run(["renew", "--dry-run", name]).code, 2, "{name}");
    }
    for finding in program.line("check -o json --fail-on never").items() {
        let target = finding["target"].as_str().expect("a target");
        assert!(matches!(program.run(["show", target]).code, 0 | 3), "{target}");
        for place in finding["related"].as_array().expect("places") {
            assert_ne!(program.run(["show", place.as_str().expect("a place")]).code, 2, "{place}");
        }
    }
}

/// -n is about what is in that namespace, and nothing else.
pub(crate) fn namespace(world: &World) {
    let of = |line: &str| targets_of(world, line);
    assert_eq!(of("-n other"), ["secret/other/web/tls.crt"]);
    assert_eq!(of("--namespace=other"), of("-n other"));
    let program = world.administrator();
    let ran = program.line("list -n empty").exits(0);
    assert_eq!((ran.out.as_str(), ran.err.as_str()), ("", "No resources found in empty namespace.\n"));
    program.line("check -n empty").exits(0).says("No resources found in empty namespace.");
    assert!(program.line("list -n empty -o json").exits(0).items().is_empty());
    // A namespace that is not there is an empty one, as for kubectl.
    program.line("list -n nowhere").exits(0);
    program.line("list -n ../../secrets").exits(2);
}

pub(crate) fn selector(world: &World) {
    let of = |line: &str| targets_of(world, line);
    assert_eq!(of("-l app=web"), ["ca.crt", "tls.crt#1", "tls.crt#2"].map(|key| format!("secret/shop/web/{key}")));
    assert_eq!(of("-n shop -l app!=web"), ["secret/shop/swapped/tls.crt"]);
    let program = world.administrator();
    program.line("list -l app=nobody").exits(0).says("No resources found");
    program.run(["list", "-l", "app in (web"]).exits(2).says("is not a label selector");
}

pub(crate) fn the_whole_cluster(world: &World) {
    let program = world.administrator();
    let ran = program.line("list -o json").exits(3);
    let found = found::targets(&ran);
    let count = |start: &str| found.iter().filter(|target| target.starts_with(start)).count();
    assert_eq!(count("secret/many/"), MANY);
    assert_eq!((count("secret/shop/"), count("secret/odd/"), count("secret/broken/")), (4, 7, 1));
    assert_eq!((count("webhook/validating/guard/"), count("webhook/mutating/guard/")), (3, 3));
    assert_eq!((count(&world.endpoint()), count("kubeconfig:")), (1, 2));
    // Those of keystores have their own case.
    let gaps: Vec<_> = gaps(&ran).into_iter().filter(|(at, _)| !at.starts_with("secret/stores/")).collect();
    assert_eq!(gaps, [("secret/broken/bad/tls.crt".to_owned(), "bad-pem".to_owned())]);
    assert_eq!(program.line("list -A -o name").lines(), program.line("list -o name").lines());
    // The server's certificate is known by the kubeconfig that leads to it.
    let shown = program.run(["show", &world.endpoint(), "-o", "json"]).exits(0).items();
    assert_eq!(shown[0]["certificate"]["subject"], "CN=kube-apiserver");
    assert!(
        support::openssl::served_fingerprint("127.0.0.1", world.control_plane.port())
            == shown[0]["certificate"]["fingerprint"]
    );
}

pub(crate) fn kubeconfigs(world: &World) {
    let program = world.administrator();
    let path = program.work().join("kubeconfig").display().to_string();
    let in_use = program.line("list -o name");
    let of_it: Vec<&str> = in_use.lines().into_iter().filter(|name| name.starts_with("kubeconfig:")).collect();
    // Only what the current context uses.
    assert_eq!(of_it, [format!("kubeconfig:{path}#cluster/it"), format!("kubeconfig:{path}#user/me")]);
    let named = program.run(["list", "-o", "name", &format!("kubeconfig:{path}")]).exits(0);
    let wanted = ["cluster/it", "user/me", "user/other"].map(|entry| format!("kubeconfig:{path}#{entry}"));
    assert_eq!(named.lines(), wanted);
    assert_eq!(program.line("list kubeconfig:kubeconfig -o name").lines(), wanted);

    // As minikube writes it: certificates by path.
    let mut config: serde_json::Value =
        serde_json::from_str(&world.kubeconfig("/O=system:masters/CN=root", None)).expect("JSON");
    let user = crate::material::Pair::signed_by(&world.authority, "/O=system:masters/CN=by-path", &[]);
    program.write("pki/user.crt", &user.certificate);
    program.write("pki/user.key", &user.key);
    program.write("pki/ca.crt", &world.authority.certificate);
    config["clusters"][0]["cluster"] =
        serde_json::json!({ "server": world.server(), "certificate-authority": "pki/ca.crt" });
    config["users"][0]["user"] =
        serde_json::json!({ "client-certificate": "pki/user.crt", "client-key": "pki/user.key" });
    let path = program.write("by-path", config.to_string()).display().to_string();
    let ran = program.line("list --kubeconfig by-path -o json").exits(3);
    let rows: Vec<_> = ran
        .items()
        .into_iter()
        .filter(|item| item["target"].as_str().is_some_and(|at| at.starts_with("kubeconfig:")))
        .collect();
    assert_eq!(
        rows.iter().map(|row| row["target"].clone()).collect::<Vec<_>>(),
        [format!("kubeconfig:{path}#cluster/it"), format!("kubeconfig:{path}#user/me")]
    );
    assert_eq!((&rows[1]["subject"], &rows[1]["key"]), (&"CN=by-path,O=system:masters".into(), &"matches".into()));
    program.run(["show", &format!("kubeconfig:{path}#user/me")]).exits(0);
}
