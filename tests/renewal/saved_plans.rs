//! A saved plan is consent to exactly this, for a day: anything else in it, or on the disk, is refused.

use std::fs;

use serde_json::{Value, json};

use crate::disk::Disk;

#[test]
fn as_it_was_printed_it_is_done_once() {
    let disk = Disk::ecdsa();
    let plan = disk.plan_all();
    assert!(!disk.state().exists(), "a dry run leaves nothing");
    disk.apply(&plan).expect(0).naming(&["12 steps", "is done"]);
    // What it was made for is gone, so it does nothing a second time.
    let before = disk.material();
    disk.apply(&plan).expect(4).naming(&["planning again gives another plan"]);
    before.assert_unchanged(&disk.material());
}

#[test]
fn every_edit_is_refused_and_nothing_changes() {
    let disk = Disk::ecdsa();
    let other = Disk::ecdsa();
    let plan = disk.plan_all();
    let other_plan = other.plan_all();
    let before = disk.tree();
    let step = "/items/0/plan/phases/0/steps/0";
    let text = |pointer: &str| plan.pointer(pointer).and_then(Value::as_str).expect("text").to_owned();
    let issue = format!("{step}/actions/2/issue");
    let write = format!("{step}/actions/3/writeIdentity");
    let foreign = disk.file("pki/etcd/ca.key").display().to_string();
    let other_root = other.root().display().to_string();
    let edits: Vec<(String, Value)> = vec![
        (format!("{issue}/renewal/notAfter"), json!("2099-01-01T00:00:00Z")),
        (format!("{issue}/notBefore"), json!("2020-01-01T00:00:00Z")),
        (format!("{issue}/renewal/subject"), json!("CN=kubernetes-admin,O=system:masters")),
        (format!("{issue}/renewal/names"), json!(["evil.example"])),
        (format!("{issue}/renewal/extendedKeyUsages"), json!(["serverAuth", "clientAuth"])),
        (format!("{issue}/renewal/issuer"), json!("0".repeat(64))),
        (format!("{issue}/authorityKey"), json!(foreign)),
        (format!("{issue}/authorityKey"), json!("/dev/null")),
        (format!("{issue}/authorityCertificate"), json!(disk.file("pki/etcd/ca.crt").display().to_string())),
        (format!("{issue}/store/pair/key"), json!(disk.root().join("stolen.key").display().to_string())),
        (format!("{write}/store/pair/certificate"), json!(disk.file("pki/ca.crt").display().to_string())),
        (format!("{write}/renewal/notAfter"), json!("2099-01-01T00:00:00Z")),
        (format!("{step}/actions/0/backUp/digest"), json!("0".repeat(64))),
        (format!("{step}/expects"), json!([])),
        (format!("{step}/undo"), json!({"restore": []})),
        (format!("{step}/id"), json!("renew-something")),
        (format!("{step}/title"), json!("harmless")),
        (format!("{step}/impact"), json!("none")),
        (format!("{step}/actions"), json!([])),
        (format!("{step}/actions/0"), json!({"restart": {"component": "etcd", "path": "/"}})),
        (step.to_owned(), plan.pointer("/items/0/plan/phases/0/steps/1").expect("a step").clone()),
        ("/items/0/plan/phases/0/gate".to_owned(), json!([{"backedUp": {"path": "/", "digest": ""}}])),
        ("/items/0/plan/phases".to_owned(), json!([])),
        ("/items/0/plan/leftAlone".to_owned(), json!([{"at": "file:/x", "name": "x", "why": "x"}])),
        ("/items/0/plan/root".to_owned(), json!(other_root)),
        ("/items/0/plan/root".to_owned(), json!("/")),
        ("/items/0/plan/request/all".to_owned(), json!(false)),
        ("/items/0/plan/request/validity".to_owned(), json!(315_360_000)),
        ("/items/0/plan/request/within".to_owned(), json!(3600)),
        ("/items/0/plan/request/mode".to_owned(), json!("apply")),
        ("/items/0/plan/request/scope/targets".to_owned(), json!(["apiserver"])),
        ("/items/0/plan/request/scope/root".to_owned(), json!(other_root)),
        ("/items/0/plan/request/scope/at".to_owned(), json!("2026-01-01T00:00:00Z")),
        ("/items/0/plan/at".to_owned(), json!(a_second_later(&text("/items/0/plan/at")))),
        ("/items/0/plan/api".to_owned(), json!("certs/v9")),
        ("/items/0/plan/extra".to_owned(), json!(true)),
        (format!("{step}/also"), json!("rm -rf /")),
        ("/items/0/digest".to_owned(), json!("0".repeat(64))),
        ("/apiVersion".to_owned(), json!("certs/v9")),
        ("/kind".to_owned(), json!("Secret")),
        ("/comment".to_owned(), json!("approved by the boss")),
        ("/items/0/kind".to_owned(), json!("Certificate")),
        ("/items/0/approved".to_owned(), json!(true)),
        ("/items/1".to_owned(), other_plan["items"][0].clone()),
    ];
    for (pointer, value) in edits {
        let mut edited = plan.clone();
        set(&mut edited, &pointer, value.clone());
        let mut documents = vec![edited.clone()];
        // Whoever edits a plan can leave out its digest too. (With --all it makes no difference how much is left: that
        // is the plan that the other request gives, step for step.)
        if pointer.starts_with("/items/0/plan/") && !pointer.ends_with("/within") {
            documents.push(edited["items"][0]["plan"].clone());
        }
        for document in documents {
            let said = disk.apply(&document);
            assert!(matches!(said.code, Some(2 | 4)), "{pointer} = {value}: {said:?}");
            before.assert_unchanged(&disk.tree());
        }
    }
    for remove in [true, false] {
        let mut edited = plan.clone();
        let steps = edited.pointer_mut("/items/0/plan/phases/0/steps").and_then(Value::as_array_mut).expect("steps");
        if remove {
            steps.remove(3);
        } else {
            steps.push(steps[0].clone());
        }
        disk.apply(&edited["items"][0]["plan"]).expect(4).naming(&["planning again gives another plan"]);
    }
    before.assert_unchanged(&disk.tree());
    assert!(!other.state().exists());
    // It was the edits, not the plan.
    disk.apply(&plan["items"][0]["plan"]).expect(0);
}

#[test]
fn what_is_no_plan_is_refused_as_input() {
    let disk = Disk::ecdsa();
    for text in
        ["", "{", "[]", "null", "7", "\"text\"", "{\"items\":[]}", "{\"items\":[{\"plan\":{}}]}", "apiVersion: v1"]
    {
        disk.fed(&["apply", "-", "--yes"], text.as_bytes()).expect(2);
    }
    disk.run(&["apply", "no-such-file", "--yes"]).expect(3).naming(&["no-such-file"]);
    let plan = disk.plan_all();
    disk.fed(&["apply", "-"], plan.to_string().as_bytes()).expect(4).naming(&["nobody can be asked", "--yes"]);
    // What would be refused anyway is not asked about.
    let listed = disk.on_root(&["list", "-o", "json"]).expect(0);
    disk.fed(&["apply", "-"], listed.out.as_bytes()).expect(2);
    let mut edited = plan;
    set(&mut edited, "/items/0/digest", json!("0".repeat(64)));
    let said = disk.fed(&["apply", "-"], edited.to_string().as_bytes()).expect(4).naming(&["one of them was edited"]);
    assert!(!said.err.contains("nobody can be asked"), "{said:?}");
    assert!(!disk.state().exists());
}

#[test]
fn a_plan_is_stale_once_a_file_is_another() {
    let disk = Disk::ecdsa();
    let plan = disk.plan_all();
    let original = disk.read("scheduler.conf");
    disk.write("scheduler.conf", format!("{original}# somebody was here\n"));
    let before = disk.tree();
    disk.apply(&plan).expect(4).naming(&["step renew-scheduler.conf differs", "the files were changed since"]);
    before.assert_unchanged(&disk.tree());

    disk.write("scheduler.conf", original);
    fs::remove_file(disk.file("pki/front-proxy-client.crt")).expect("a file");
    disk.apply(&plan).expect(4).naming(&["renew-front-proxy-client"]);
    assert!(!disk.state().exists());
}

#[test]
fn a_plan_is_good_for_a_day() {
    let disk = Disk::ecdsa();
    let planned_at = |hours: i64| {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970");
        let at = kubectl_certs::model::Time::from_unix(i64::try_from(now.as_secs()).expect("a date") - hours * 3600);
        let root = disk.root().display().to_string();
        let scope = json!({"root": root, "at": at.to_string()});
        let question = json!({"api": "certs/v1alpha1", "request": {"renew": {"scope": scope, "all": true}}});
        let said = disk.api(&question).expect(0);
        let line: Value = serde_json::from_str(said.out.lines().next().expect("a line")).expect("JSON");
        json!({"items": [line["item"]]})
    };
    disk.apply(&planned_at(25)).expect(4).naming(&["a plan is good for 1d", "plan again"]);
    disk.apply(&planned_at(-1)).expect(4);
    // Nor is there a way around it: a request may name the time for a plan, not for what is done now.
    for at in ["2020-01-01T00:00:00Z", "2099-01-01T00:00:00Z"] {
        let scope = json!({"root": disk.root().display().to_string(), "at": at});
        let request = json!({"renew": {"scope": scope, "all": true, "mode": "apply"}});
        let said = disk.api(&json!({"api": "certs/v1alpha1", "request": request})).expect(4);
        assert!(said.out.contains("a plan is good for 1d"), "{said:?}");
    }
    assert!(!disk.state().exists());
    disk.apply(&planned_at(23)).expect(0);
}

/// Puts a value at a place that may not exist yet.
fn set(document: &mut Value, pointer: &str, value: Value) {
    let (parent, name) = pointer.rsplit_once('/').expect("a pointer");
    match document.pointer_mut(parent).expect("a parent") {
        Value::Object(fields) => {
            fields.insert(name.to_owned(), value);
        }
        Value::Array(items) => {
            let index: usize = name.parse().expect("a number");
            if index < items.len() {
                items[index] = value;
            } else {
                items.push(value);
            }
        }
        other => panic!("{parent} is {other}"),
    }
}

fn a_second_later(time: &str) -> String {
    let time: kubectl_certs::model::Time = time.parse().expect("a time");
    kubectl_certs::model::Time::from_unix(time.unix() + 1).to_string()
}

/// The disk that a path lies on is where the run is found again, whatever was typed.
#[test]
fn a_run_on_the_disk_around_a_path_is_found_by_its_name() {
    let disk = Disk::ecdsa();
    let file = disk.file("pki/apiserver.crt");
    let said = disk.run(&["renew", file.to_str().expect("UTF-8"), "--yes", "-o", "json"]).expect(0);
    let run = said.item("RunResult")["run"].as_str().expect("a name").to_owned();
    let list = disk.run(&["runs", "list"]).out;
    assert!(list.contains(&run), "{list}");
    disk.run(&["runs", "undo", &run]).expect(0);
}
