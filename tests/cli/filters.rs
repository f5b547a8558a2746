//! Which certificates, and in which order.

use crate::material::Pair;
use crate::program::Program;

fn labels(program: &Program, line: &str) -> Vec<String> {
    let ran = program.line(&format!("{line} --root demo -o custom-columns=IT:.label --no-headers"));
    ran.exits(0).lines().into_iter().map(str::to_owned).collect()
}

#[test]
fn filters_keep_what_they_say() {
    let program = Program::new();
    program.demo();
    let all = program.line("list --root demo -o json").items();
    let kept = |line: &str| program.line(&format!("list --root demo -o json {line}")).exits(0).items();
    let text = |item: &serde_json::Value, name: &str| item[name].as_str().unwrap_or_default().to_owned();
    let some = |items: Vec<serde_json::Value>, test: &dyn Fn(&serde_json::Value) -> bool| {
        let wanted = all.iter().filter(|item| test(item)).count();
        assert!(wanted > 0 && wanted < all.len(), "the demo is no test for it");
        assert!(items.len() == wanted && items.iter().all(test), "{items:#?}");
    };
    some(kept("--expired"), &|item| text(item, "state") == "expired");
    some(kept("--within 30d"), &|item| item["secondsLeft"].as_i64().expect("a number") <= 30 * 86_400);
    some(kept("--within 30d --expired"), &|item| text(item, "state") == "expired");
    some(kept("--role authority"), &|item| item["isAuthority"] == true);
    let good_for = |item: &serde_json::Value, usage: &str| {
        item["extendedKeyUsages"].as_array().expect("a list").iter().any(|own| own == usage)
    };
    some(kept("--role server"), &|item| good_for(item, "serverAuth"));
    some(kept("--role client"), &|item| good_for(item, "clientAuth"));
    some(kept("--role client --role server"), &|item| good_for(item, "clientAuth") || good_for(item, "serverAuth"));
    some(kept("--issuer FRONT-proxy"), &|item| text(item, "issuer") == "CN=front-proxy-ca");
    // What the table prints for a signer, and the key id that JSON has.
    let table = program.line("list --root demo --no-headers apiserver").exits(0);
    let signer = table.out.split_whitespace().last().expect("a signer").to_owned();
    assert!(signer.starts_with("kubernetes("), "{signer}");
    let id = all.iter().find(|item| item["name"] == "apiserver").map(|item| text(item, "authorityKeyId")).expect("one");
    some(kept(&format!("--issuer {signer}")), &|item| text(item, "authorityKeyId") == id);
    some(kept(&format!("--issuer {id}")), &|item| text(item, "authorityKeyId") == id);

    let found = program.line("list --root demo --issuer nobody").exits(0);
    assert_eq!((found.out.as_str(), found.err.as_str()), ("", "No resources found\n"));
    for wrong in ["--within soon", "--role king", "--within 30"] {
        program.line(&format!("list --root demo {wrong}")).exits(2);
    }
    let expired = program.line("check --root demo --expired -o json --fail-on never").exits(0).items();
    assert!(!expired.is_empty() && expired.len() < program.line("check --root demo -o json").items().len());
    assert!(expired.iter().all(|finding| finding["code"] != "expiring"), "{expired:#?}");
}

#[test]
fn the_order_is_as_asked() {
    let program = Program::new();
    program.demo();
    for (key, field) in [("name", "label"), ("expires", "notAfter"), ("subject", "subject"), ("issuer", "issuer")] {
        let items = program.line(&format!("list --root demo --sort {key} -o json")).exits(0).items();
        let values: Vec<String> = items
            .iter()
            .map(|item| item[field].as_str().expect("text").trim_start_matches("CN=").to_lowercase())
            .collect();
        let mut sorted = values.clone();
        sorted.sort();
        // Subjects are ordered by their short names, as shown.
        assert!(key == "subject" || key == "name" || values == sorted, "{key}: {values:#?}");
        assert_ne!(labels(&program, &format!("list --sort {key}")), labels(&program, "list"), "{key}");
    }
    let states = program.line("list --root demo --sort-by state -o custom-columns=S:.state --no-headers").exits(0);
    let mut seen = states.lines();
    seen.dedup();
    assert_eq!(seen, ["expired", "not-yet-valid", "expiring", "valid"]);
    assert_eq!(labels(&program, "list --sort place"), labels(&program, "list"));
}

/// Two authorities of one name: told apart in the list by their keys.
#[test]
fn authorities_of_one_name_are_told_apart() {
    let program = Program::new();
    let (one, other) = (Pair::authority("/CN=ca"), Pair::authority("/CN=ca"));
    let leaf = Pair::signed_by(&other, "/CN=leaf", &[]);
    program.write("certs/one.crt", &one.certificate);
    program.write("certs/other.crt", &other.certificate);
    program.write("certs/leaf.crt", &leaf.certificate);
    let json = program.line("list certs -o json").exits(0).items();
    let id = |name: &str| {
        let item = json.iter().find(|item| item["target"].as_str().expect("text").ends_with(name)).expect("there");
        item["subjectKeyId"].as_str().expect("text")[..8].to_owned()
    };
    let list = program.line("list certs").exits(0);
    let cell = |name: &str, column: usize| {
        let row = list.lines().into_iter().find(|row| row.contains(name)).expect("a row");
        row.split("   ").filter(|cell| !cell.is_empty()).nth(column).expect("a cell").trim().to_owned()
    };
    assert_eq!(cell("leaf.crt", 5), format!("ca({})", id("other.crt")));
    assert_eq!(cell("other.crt", 4), format!("ca({})", id("other.crt")));
    assert_eq!(cell("one.crt", 4), format!("ca({})", id("one.crt")));
    let shown = program.line("show certs").exits(0);
    assert!(shown.out.contains(&format!("CN=ca   (key {},", id("other.crt"))), "{shown:#?}");
}
