//! What lies in the API: Secrets and caBundle fields.

use std::collections::BTreeSet;

use crate::world::{MANY, World, gaps, targets};

pub(crate) fn secrets(world: &World) {
    let program = world.administrator();
    let shop = program.line("list -n shop -o json").exits(0);
    let wanted =
        ["swapped/tls.crt", "web/ca.crt", "web/tls.crt#1", "web/tls.crt#2"].map(|at| format!("secret/shop/{at}"));
    assert_eq!(targets(&shop), wanted);
    let keys: Vec<_> = shop.items().iter().map(|item| item["key"].clone()).collect();
    assert_eq!(keys, ["differs", "absent", "matches", "absent"]);
    let holds: Vec<_> = shop.items().iter().map(|item| item["holds"].clone()).collect();
    assert_eq!(holds, ["chain", "bundle", "chain", "chain"]);

    let odd = program.line("list -n odd -o json").exits(0);
    let wanted = [
        "apart/cert-chain.pem#1",
        "apart/cert-chain.pem#2",
        "apart/my_CA..bundle#1",
        "apart/my_CA..bundle#2",
        "stale/ca.crt",
        "stale/tls.crt",
        "together/server.pem",
    ];
    assert_eq!(targets(&odd), wanted.map(|at| format!("secret/odd/{at}")));
    let keys: Vec<_> = odd.items().iter().map(|item| item["key"].clone()).collect();
    assert_eq!(keys, ["matches", "absent", "absent", "absent", "absent", "matches", "matches"]);

    let codes = |line: &str| -> BTreeSet<(String, String)> {
        let items = program.line(line).items();
        let text = |item: &serde_json::Value, field: &str| item[field].as_str().expect("text").to_owned();
        let loud = items.iter().filter(|item| item["severity"] != "info");
        loud.map(|item| (text(item, "code"), text(item, "target"))).collect()
    };
    let one = |code: &str, at: &str| [(code.to_owned(), at.to_owned())].into();
    assert_eq!(codes("check -n shop -o json"), one("key-differs", "secret/shop/swapped/tls.crt"));
    assert_eq!(codes("check -n odd -o json"), one("bundle-lacks-signer", "secret/odd/stale/ca.crt"));
    let shown = program.line("show secret/shop/web/tls.crt#1 -o json").exits(0).items();
    assert_eq!(shown[0]["signature"]["state"], "verified");
    assert_eq!(shown[0]["chain"].as_array().map(Vec::len), Some(2));
    // The key is the leaf's; what stands behind the leaf has none here.
    let told = program.line("show secret/shop/web/tls.crt").exits(0).out;
    assert_eq!(told.matches("the private key belongs to it (secret/shop/web/tls.key)").count(), 1, "{told}");
}

pub(crate) fn every_page(world: &World) {
    let program = world.user("/O=system:masters/CN=pager", None);
    assert_eq!(program.line("list -n many -o name").exits(0).lines().len(), MANY);
    let asked = world.asked("pager");
    let pages = asked.iter().filter(|uri| uri.starts_with("/api/v1/namespaces/many/secrets?")).count();
    assert!(pages == 2 && asked.iter().filter(|uri| uri.contains("&continue=")).count() == 1, "{asked:#?}");
}

/// The server leaves them out, so that a hundred megabytes of Helm releases are never sent.
pub(crate) fn types_without_certificates(world: &World) {
    let program = world.user("/O=system:masters/CN=typist", None);
    let ran = program.line("list -n odd -o json").exits(0);
    assert!(gaps(&ran).is_empty() && !ran.out.contains("release"), "{ran:#?}");
    let asked = world.asked("typist");
    assert!(asked.iter().all(|uri| uri.contains("type%21%3Dhelm.sh%2Frelease.v1")), "{asked:#?}");
    // Somebody who asks for such a one by name is told.
    program.line("list secret/odd/release").exits(3).says("bad-pem");
    program.line("list secret/odd/login").exits(3).says("no-certificate-found");
}

pub(crate) fn webhooks(world: &World) {
    let program = world.administrator();
    for kind in ["validating", "mutating"] {
        let wanted = ["one.example.com", "two.example.com#1", "two.example.com#2"]
            .map(|hook| format!("webhook/{kind}/guard/{hook}"));
        let ran = program.line(&format!("list webhook/{kind}/guard -o json")).exits(0);
        assert_eq!(targets(&ran), wanted);
        assert!(ran.items().iter().all(|item| item["holds"] == "bundle"));
        let ran = program.line(&format!("show webhook/{kind}/guard/two.example.com#2 -o name")).exits(0);
        assert_eq!(ran.lines(), [&wanted[2]]);
        program.line(&format!("show webhook/{kind}/nobody")).exits(3).says("no certificate was found");
    }
}

pub(crate) fn broken_values(world: &World) {
    let program = world.administrator();
    let ran = program.line("list -n broken -o json").exits(3);
    assert_eq!(targets(&ran), ["secret/broken/bad/fine.crt"]);
    assert_eq!(gaps(&ran), [("secret/broken/bad/tls.crt".to_owned(), "bad-pem".to_owned())]);
    let table = program.line("list -n broken").exits(3);
    assert_eq!(table.lines().len(), 2);
    assert_eq!(
        table.err,
        "warning: secret/broken/bad/tls.crt could not be read (bad-pem): a block 'CERTIFICATE' is not valid base64\n"
    );
}
