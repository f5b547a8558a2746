//! Keys and tokens where the program expects something else, and files of which a careless message would quote a piece.

use serde_json::json;

use super::TOKEN;
use crate::disk::{Disk, Said};

pub(super) fn failing(disk: &Disk) -> Vec<(String, Said)> {
    let mut said = Vec::new();
    let mut ask = |what: &str, answer: Said| {
        assert!(answer.code.is_some_and(|code| code != 0), "{what} went well: {answer:?}");
        said.push((what.to_owned(), answer));
    };
    let path = |path: &str| disk.file(path).display().to_string();
    let key = disk.read("pki/apiserver.key");
    let conf = disk.read("admin.conf");
    for file in ["pki/apiserver.key", "admin.conf", "pki/sa.key"] {
        ask(&format!("apply {file}"), disk.run(&["apply", &path(file), "--yes"]));
        ask(
            &format!("show {file}"),
            disk.run(&["show", &path(file), "--namespace", "x", "--selector", "y", "nothing"]),
        );
    }
    for file in ["pki/apiserver.key", "pki/sa.key"] {
        ask(&format!("--kubeconfig {file}"), disk.run(&["list", "--kubeconfig", &path(file)]));
        ask(&format!("kubeconfig:{file}"), disk.run(&["list", &format!("kubeconfig:{}", path(file))]));
        ask(&format!("--root {file}"), disk.run(&["renew", "--all", "--yes", "--root", &path(file)]));
    }
    for plan in
        [json!(key), json!({"plan": key}), json!([key]), json!({"items": [{"plan": conf}]}), json!({"items": key})]
    {
        ask("a key as a plan", disk.fed(&["apply", "-", "--yes"], plan.to_string().as_bytes()));
    }
    let mut plan = disk.plan_all()["items"][0]["plan"].clone();
    for pointer in [
        "/at",
        "/root",
        "/phases/0/steps/0/id",
        "/phases/0/steps/0/actions/2/issue/at",
        "/request/mode",
        "/request/scope/at",
    ] {
        let kept = plan.pointer(pointer).expect("a place").clone();
        *plan.pointer_mut(pointer).expect("a place") = json!(key);
        ask(pointer, disk.fed(&["apply", "-", "--yes"], plan.to_string().as_bytes()));
        *plan.pointer_mut(pointer).expect("a place") = kept;
    }
    let one_line = key.replace('\n', "");
    for question in [
        json!(key),
        json!({"api": key, "request": {"version": null}}),
        json!({"api": "certs/v1alpha1", "request": key}),
        json!({"api": "certs/v1alpha1", "request": {(key.as_str()): {}}}),
        json!({"api": "certs/v1alpha1", "request": {"list": {"scope": key}}}),
        json!({"api": "certs/v1alpha1", "request": {"list": {"scope": {"at": key}}}}),
        json!({"api": "certs/v1alpha1", "request": {"list": {"scope": {"targets": key}}}}),
        json!({"api": "certs/v1alpha1", "request": {"list": {"scope": {"targets": [key]}}}}),
        json!({"api": "certs/v1alpha1", "request": {"list": {"scope": {"targets": [one_line]}}}}),
        json!({"api": "certs/v1alpha1", "request": {"list": {"scope": {"connection": TOKEN}}}}),
        json!({"api": "certs/v1alpha1", "request": {"list": {"scope": {"connection": {"token": [TOKEN]}}}}}),
        json!({"api": "certs/v1alpha1", "request": {"list": {"scope": {"connection": {"user": TOKEN, (TOKEN): 1}}}}}),
        json!({"api": "certs/v1alpha1", "request": {"renew": {"mode": key}}}),
        json!({"api": "certs/v1alpha1", "request": {"explain": {"code": key}}}),
        json!({"api": "certs/v1alpha1", "request": {"apply": {"plan": {"api": key}}}}),
        json!({"api": "certs/v1alpha1", "request": {"runs": {"verb": "show", "run": key}}}),
    ] {
        // Named by what it looks like, not by what it holds.
        let what = question.to_string().replace(one_line.as_str(), "KEY").replace(&json!(key).to_string(), "KEY");
        ask(&format!("api {}", what.replace(TOKEN, "TOKEN")), disk.api(&question));
    }
    ask("a key typed as a target", disk.run(&["show", &key]));
    ask("no JSON", disk.fed(&["api"], key.as_bytes()));
    ask("a key on standard input", disk.fed(&["show", "-"], key.as_bytes()));
    said.extend(broken_files(disk, &key, &conf));
    said
}

/// The same with broken files in the places where the program reads them; afterwards they are whole again.
fn broken_files(disk: &Disk, key: &str, conf: &str) -> Vec<(String, Said)> {
    let mut said = Vec::new();
    let (_, rest) = conf.split_once("client-key-data: ").expect("a key");
    let data = rest.lines().next().expect("a value");
    let (first, second) = data.split_at(data.len() / 2);
    let kubeconfigs = [
        conf.replace("client-key-data: ", "client-key-data: {"),
        conf.replace("client-key-data: ", "client-key-data: \"\\x"),
        conf.replace("client-key-data: ", "client-key-data:\t- "),
        conf.replace("client-key-data: ", "client-key-data: *"),
        conf.replace("client-key-data: ", "client-key-data: !!int "),
        conf.replace("client-key-data: ", "client-key-data: ["),
        conf.replace("client-key-data: ", ""),
        conf.replace("    client-key-data: ", "  : "),
        conf.replace(data, &format!("{data}\n    client-key-data: {data}")),
        conf.replace(data, &format!("|\n{data}")),
        conf.replace(data, &data[..data.len() - 7]),
        conf.replace(data, &data.replace('L', "%")),
        conf.replace("users:", &format!("users: {data}\nothers:")),
        conf.replace("  user:\n", &format!("  user: {data}\n  other:\n")),
        conf.replace("current-context: ", &format!("current-context: {data}")),
        conf.replace("    user: kubernetes-admin", &format!("    user: {data}")),
        format!("{{\"clusters\":[],\"contexts\":[],\"users\":[{{\"user\":{{\"client-key-data\":{data}"),
        conf.replace('\n', "\n\u{0}"),
        // In the middle: some messages quote what stands around a fault.
        conf.replace(data, &format!("\"{first}\\x{second}\"")),
        conf.replace(data, &format!("{first}: {second}")),
        conf.replace(data, &format!("[{first}}}{second}")),
        conf.replace(data, &format!("'{first}' {second}")),
        conf.replace(data, &format!("{first}\u{7}{second}")),
    ];
    for (index, broken) in kubeconfigs.iter().enumerate() {
        assert_ne!(broken, conf, "{index}");
        disk.write("admin.conf", broken);
        let path = disk.file("admin.conf").display().to_string();
        for arguments in [["list", "--kubeconfig", &path].as_slice(), &["check", &format!("kubeconfig:{path}")]] {
            said.push((format!("kubeconfig {index}: {arguments:?}"), disk.run(arguments)));
        }
        for arguments in [["list", "-o", "json"].as_slice(), &["renew", "admin.conf", "--dry-run"]] {
            said.push((format!("kubeconfig {index}: {arguments:?}"), disk.on_root(arguments)));
        }
    }
    disk.write("admin.conf", conf);
    let half = &key[..key.len() / 2];
    let keys = [
        half.to_owned(),
        key.replacen("PRIVATE", "PRIVAT", 1),
        key.replacen('\n', "\nProc-Type: 4,ENCRYPTED\n", 1),
        key.lines().rev().map(|line| format!("{line}\n")).collect(),
        key.replace('A', "!"),
        disk.read("pki/sa.key"),
        format!("{half}-----END RSA PRIVATE KEY-----\n"),
        String::new(),
    ];
    for (index, broken) in keys.iter().enumerate() {
        disk.write("pki/apiserver.key", broken);
        for arguments in [
            ["check", "-o", "json"].as_slice(),
            &["show", "apiserver"],
            &["renew", "apiserver", "--dry-run", "-o", "json"],
        ] {
            said.push((format!("key {index}: {arguments:?}"), disk.on_root(arguments)));
        }
    }
    disk.write("pki/apiserver.key", key);
    said
}
