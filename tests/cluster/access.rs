//! Who may see what, and how they say who they are.

use std::fs;

use crate::material::{Pair, kubeconfig};
use crate::program::Program;
use crate::world::{World, gaps, targets};

const SHOP: [&str; 4] =
    ["secret/shop/swapped/tls.crt", "secret/shop/web/ca.crt", "secret/shop/web/tls.crt#1", "secret/shop/web/tls.crt#2"];

/// Who may not list everywhere still sees the namespace of the context, and is told what was not seen.
pub(crate) fn one_namespace_only(world: &World) {
    let program = world.user("/CN=alice", Some("shop"));
    let ran = program.line("list -o json").exits(3);
    let found = targets(&ran);
    assert_eq!(
        found.iter().filter(|target| target.starts_with("secret/")).collect::<Vec<_>>(),
        SHOP.iter().collect::<Vec<_>>()
    );
    assert!(found.contains(&world.endpoint()));
    let forbidden = |at: &str| (at.to_owned(), "forbidden".to_owned());
    let kinds = [
        "secret/*/*/*",
        "configmap/*/*/*",
        "apiservice/*",
        "crd/*",
        "webhook/mutating/*/*",
        "webhook/validating/*/*",
        "csr/*",
    ];
    assert_eq!(gaps(&ran), kinds.map(forbidden));
    let table = program.line("list").exits(3).says("alice").says("; only namespace 'shop' was looked at");
    assert_eq!(table.err.lines().count(), kinds.len(), "{table:#?}");
    // Where only that namespace is asked for, nothing is missing.
    assert_eq!(targets(&program.line("list -n shop -o json").exits(0)), SHOP);
    program.line("list -n other").exits(3).says("forbidden");
    program.line("show secret/other/web").exits(3).says("forbidden");
    program.line("show secret/web").exits(0);
    program.line("check").exits(1).says("forbidden");

    // In a context without a namespace that is default, which is not theirs either.
    let program = world.user("/CN=alice", None);
    let ran = program.line("list -o json").exits(3);
    assert!(gaps(&ran).contains(&forbidden("secret/default/*/*")), "{ran:#?}");
}

pub(crate) fn act_as_another(world: &World) {
    let program = world.administrator();
    assert_eq!(targets(&program.line("list -n shop --as alice -o json").exits(0)), SHOP);
    program.line("list -n other --as alice").exits(3).says("alice");
    program.line("list -n other --as alice --as-group system:masters").exits(0);
    program.line("list -n other --as alice --as-group a --as-group system:masters --as-uid 7").exits(0);
    program.line("list -n shop --as-uid 7").exits(2).says("--as");
}

pub(crate) fn credentials_in_flags(world: &World) {
    let program = Program::new();
    let server = world.server();
    let authority = world.authority.certificate.clone();
    program.write("ca.crt", &authority);
    let alice = Pair::signed_by(&world.authority, "/CN=alice", &["-addext", "extendedKeyUsage=clientAuth"]);
    program.write("alice.crt", &alice.certificate);
    program.write("alice.key", &alice.key);
    let token = world.control_plane.kubectl(&["create", "token", "reader", "-n", "shop"]);
    let cluster = format!("--server {server} --certificate-authority ca.crt");

    // As kubectl, without any kubeconfig.
    let ran = program.line(&format!("list -n shop -o json {cluster} --token {token}")).exits(0);
    assert_eq!(targets(&ran), SHOP);
    let ran =
        program.line(&format!("list -n shop -o json {cluster} --client-certificate alice.crt --client-key alice.key"));
    assert_eq!(targets(&ran.exits(0)), SHOP);
    let ran =
        program.line(&format!("list -n shop -o json --server {server} --insecure-skip-tls-verify --token {token}"));
    assert_eq!(targets(&ran.exits(0)), SHOP);
    program.line(&format!("list -n shop --server {server} --token {token}")).exits(3).says("UnknownIssuer");

    // They beat what a kubeconfig says.
    let nobody = Pair::of("/CN=nobody");
    program.write("k.conf", kubeconfig("https://127.0.0.1:1", &nobody.certificate, &["me"], &nobody));
    let ran = program.line(&format!(
        "list -n shop -o json --kubeconfig k.conf {cluster} --client-certificate alice.crt --client-key alice.key"
    ));
    assert_eq!(targets(&ran.exits(0)), SHOP);
    program.line("list -n shop --kubeconfig k.conf --client-certificate nowhere.crt").exits(3).says("nowhere.crt");
}

/// A certificate of somebody else's authority: the server answers, but not to this user.
pub(crate) fn not_let_in(world: &World) {
    let program = Program::new();
    let stranger = Pair::signed_by(&Pair::authority("/CN=strange"), "/CN=alice", &[]);
    program.write("k.conf", kubeconfig(&world.server(), &world.authority.certificate, &["me"], &stranger));
    let ran = program.line("list --kubeconfig k.conf -o json").exits(3);
    assert!(targets(&ran).contains(&world.endpoint()), "{ran:#?}");
    // The endpoint itself could be read.
    assert_eq!(gaps(&ran), [("secret/*/*/*".to_owned(), "forbidden".to_owned())]);
    program.line("list --kubeconfig k.conf").exits(3).says("401").says("me");
}

/// The API cannot be used, but why not is exactly what this program can tell.
pub(crate) fn wrong_authority(world: &World) {
    let program = Program::new();
    let other = Pair::authority("/CN=kubernetes");
    let me = Pair::signed_by(&world.authority, "/O=system:masters/CN=me", &[]);
    let path = program.write("k.conf", kubeconfig(&world.server(), &other.certificate, &["me"], &me));
    let ran = program.line("check --kubeconfig k.conf -o json").exits(1);
    let items = ran.items();
    let finding = items.iter().find(|item| item["code"] == "kubeconfig-stale").unwrap_or_else(|| panic!("{ran:#?}"));
    assert_eq!(finding["target"], format!("kubeconfig:{}#cluster/it", path.display()));
    assert_eq!(finding["related"][0], world.endpoint());
    // What the endpoint presents was read; what is missing lies behind it.
    assert_eq!(gaps(&ran), [("secret/*/*/*".to_owned(), "unreachable".to_owned())]);
    program.line("list --kubeconfig k.conf").exits(3).says("UnknownIssuer");

    // The cluster stands in the second of two files: that one is told of.
    let text = fs::read_to_string(&path).expect("the kubeconfig");
    let mut first: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    first["clusters"] = serde_json::json!([]);
    program.write("first.conf", first.to_string());
    let program = program.with("KUBECONFIG", "first.conf:k.conf");
    let items = program.line("check -o json").exits(1).items();
    let finding = items.iter().find(|item| item["code"] == "kubeconfig-stale").expect("the finding");
    assert_eq!(finding["target"], format!("kubeconfig:{}#cluster/it", path.display()));
}

pub(crate) fn merged_kubeconfigs(world: &World) {
    let program = Program::new();
    let mut users: serde_json::Value =
        serde_json::from_str(&world.kubeconfig("/CN=alice", Some("shop"))).expect("JSON");
    let mut clusters = users.clone();
    users["clusters"] = serde_json::json!([]);
    clusters["users"] = serde_json::json!([]);
    clusters["contexts"] = serde_json::json!([]);
    clusters["current-context"] = serde_json::json!("not this one");
    let users = program.write("users", users.to_string()).display().to_string();
    let clusters = program.write("clusters", clusters.to_string()).display().to_string();
    for list in [format!("{users}:{clusters}"), "nowhere:users::clusters".to_owned()] {
        let program_with = Program::new().with("KUBECONFIG", &list);
        for name in ["users", "clusters"] {
            program_with.write(name, fs::read_to_string(program.work().join(name)).expect("written"));
        }
        let ran = program_with.line("list -o json").exits(3);
        let own: Vec<String> = targets(&ran).into_iter().filter(|target| target.starts_with("kubeconfig:")).collect();
        assert_eq!(own.len(), 2, "{ran:#?}");
        assert!(own[0].ends_with("/clusters#cluster/it") && own[1].ends_with("/users#user/me"), "{own:?}");
        for name in &own {
            program_with.run(["show", name]).exits(0);
        }
        assert_eq!(targets(&program_with.line("list -n shop -o json").exits(0)), SHOP);
    }
    // A file that was named must be there; one of a list need not.
    program.line("list --kubeconfig nowhere").exits(3).says("nowhere");
    program.line(&format!("list --kubeconfig {clusters}")).exits(2).says("not this one");
    program.line(&format!("list --kubeconfig {users} --context nothing")).exits(2).says("nothing");
}

pub(crate) fn nothing_secret(world: &World) {
    let program = world.administrator();
    let mut needles = support::secrets::Needles::below(world.root());
    for pair in &world.chain {
        needles.add("a key in a Secret", pair.key.as_bytes());
    }
    needles.add("the kubeconfig", &fs::read(program.work().join("kubeconfig")).expect("the kubeconfig"));
    for command in [
        "list",
        "check",
        "show secret/shop/web",
        "show secret/shop/swapped",
        "list secret/shop/password",
        "list -n broken",
    ] {
        for format in ["table", "wide", "json", "yaml", "name"] {
            let ran = program.line(&format!("{command} -o {format}"));
            let all = format!("{}{}", ran.out, ran.err);
            needles.assert_absent(&format!("{command} -o {format}"), all.as_bytes());
            assert!(!all.contains("hunter2") && !all.contains("aHVudGVyMi"), "{command}");
        }
    }
}
