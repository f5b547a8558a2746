//! Who relies on what.

use crate::world::World;

pub(crate) fn who_uses_it(world: &World) {
    let program = world.administrator();
    let shown = program.line("show secret/shop/web/tls.crt").exits(0).out;
    for words in [
        "Kept by:      cert-manager (Certificate shop/web), which renews it in",
        "Deployment shop/web: 2 pods mount it",
        "Deployment shop/old: 1 pod mounts it by subPath, which is never updated; it started before the last change",
        "Ingress shop/shop presents it at tls://shop.example.com:443",
    ] {
        assert!(shown.contains(words), "'{words}' is not in {shown}");
    }
    let items = program.line("show secret/shop/web/tls.crt -o json").exits(0).items();
    let users: Vec<String> = items[0]["consumers"]
        .as_array()
        .expect("consumers")
        .iter()
        .map(|user| {
            let text = |value: &serde_json::Value| value.as_str().unwrap_or("-").to_owned();
            let serves = user["serves"].as_array().map(|serves| serves.iter().map(text).collect::<String>());
            format!(
                "{} {} {} {}",
                text(&user["by"]["kind"]),
                text(&user["by"]["name"]),
                text(&user["how"]),
                serves.unwrap_or_default()
            )
        })
        .collect();
    assert_eq!(
        users,
        [
            "Deployment old subPath ",
            "Deployment web volume ",
            "Ingress shop listener tls://shop.example.com:443",
            "ValidatingWebhookConfiguration pods called tls://pods.shop.svc:443",
        ]
    );
    assert_eq!(items[0]["consumers"][0]["olderPods"], 1);
    assert!(items[0]["unseen"].as_array().is_some_and(Vec::is_empty));
    let bundle = program.line("show configmap/shop/trust/roots.pem#1").exits(0).out;
    assert!(bundle.contains("Deployment shop/web: 2 pods mount it"), "{bundle}");
    let requests =
        program.line("show configmap/kube-system/extension-apiserver-authentication/requestheader-client-ca-file");
    assert!(requests.exits(0).out.contains("front-proxy-client"));
}

pub(crate) fn counted(world: &World) {
    let program = world.administrator();
    let items = program.line("list --consumers -n shop -o json").exits(0).items();
    let of = |target: &str| items.iter().find(|item| item["target"] == target).expect("an item")["usedBy"].clone();
    // Webhooks belong to the whole cluster, and are followed to the namespace all the same.
    assert_eq!((of("secret/shop/web/tls.crt"), of("configmap/shop/trust/roots.pem#1")), (4.into(), 2.into()));
    let plain = program.line("list -n shop -o json").exits(0).items();
    assert!(plain.iter().all(|item| item["usedBy"].is_null()));
    assert!(program.line("list --consumers -n shop -o wide").exits(0).out.contains("USED-BY"));
}

pub(crate) fn unseen(world: &World) {
    let program = world.user("/CN=alice", Some("shop"));
    // What there is was read whole; who uses it is another question.
    let shown = program.line("show secret/web").exits(0).out;
    assert!(shown.contains("not seen (forbidden): pods"), "{shown}");
}
