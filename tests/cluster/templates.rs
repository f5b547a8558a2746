//! `-o jsonpath` prints what kubectl prints, of our own documents: kubectl is the witness.

use std::process::Command;

use serde_json::{Value, json};
use support::binaries;

use crate::program::{Program, Ran};
use crate::world::World;

/// For kubectl, a list under another name: an object with `items` is taken apart before it is printed.
const TEMPLATES: &[&str] = &[
    "{.items[*].subject}",
    "{range .items[*]}{.label}{\"\\t\"}{.state}{\"\\n\"}{end}",
    "{range .items[*]}{.label}:{range .dnsNames[*]}{@},{end};{end}",
    "{.items[0]}",
    "{.items[0].dnsNames}",
    "{.items[*].dnsNames}",
    "{.items[-1].serial} {.items[-1].secondsLeft}",
    "{.items[1:3].subject}",
    "{.items[::2].subject}",
    "{.items[0,2].subject}",
    "{.items[0]['subject','issuer']}",
    "{.items[?(@.state==\"expired\")].label}",
    "{.items[?(@.isAuthority==true)].subject}",
    "{.items[?(@.secondsLeft<0)].label}",
    "{.items[?(@.secondsLeft>=86400)].label}",
    "{.items[?(@.state!='valid')].label}",
    "{.items[?(@.pathLength)].label}",
    "{range .items[?(@.holds==\"bundle\")]}{.target} {end}",
    "{..serial}",
    // `{..dnsNames[*]}` is not among them: kubectl prints nothing for it.
    // Nor is `{.items[0].*}`: kubectl prints the fields of an object in an order that changes from call to call.
    "{.apiVersion}/{.kind}",
    "{$.items[0].key}{@.items[0].state}",
    "{\"quoted\"} and 'plain' text",
    ".items",
    "{.nothing}",
    "{.items[*].nothing}",
    "{.items[1:1].subject}",
    // Nor a range without an end: kubectl goes through it once more with nothing.
    "{.items[*]['subject']}",
    "{.items.subject}",
    // Mistakes.
    "{.items[999].subject}",
    "{.items",
    "{end}",
    "{.items[a]}",
    "{.items[?(@.state==\"valid\"].label}",
    "{.items[?(@.secondsLeft==1.5)].label}",
    "{.items[?(@.state>1)].label}",
    "{items}",
    "{.items[0]..*}",
    "{.subject[0]}",
    "{.kind[0]}",
];

pub(crate) fn as_kubectl_prints(_world: &World) {
    let program = Program::new();
    program.demo();
    let at = "--root demo";
    // Two calls are seldom within one second: what is compared was read from one call.
    let mut document: Value = program.line(&format!("list {at} -o json")).exits(0).json();
    without_null(&mut document);
    document["things"] = document["items"].take();
    document.as_object_mut().expect("an object").remove("items");
    document["metadata"] = json!({ "name": "sample" });
    program.write("document.json", document.to_string());

    let mut different = Vec::new();
    for template in TEMPLATES {
        for missing in ["true", "false"] {
            let option = format!("--allow-missing-template-keys={missing}");
            let theirs =
                kubectl(&program, &[&option, "-o", &format!("jsonpath={}", template.replace("items", "things"))]);
            let ours = program.run(["list", "--root", "demo", &option, "-o", &format!("jsonpath={template}")]);
            let said = theirs.out.replace("things", "items");
            let same = match (ours.code, theirs.code) {
                (0, 0) => timeless(&ours.out, template) == timeless(&said, template),
                (0, _) | (_, 0) => false,
                _ => ours.err.contains(&reason(&theirs.err).replace("things", "items")),
            };
            if !same {
                different.push(format!("{template} ({missing}): {ours:#?}\n{theirs:#?}"));
            }
        }
    }
    assert!(different.is_empty(), "{}", different.join("\n"));
    // Here kubectl answers with all of them, since it counts the error as an answer.
    let named = program.run(["list", "--root", "demo", "-o", "jsonpath={.items[?(@.dnsNames[0])].name}"]).exits(0);
    assert!(named.out.contains("apiserver") && !named.out.contains("admin.conf"), "{named:#?}");
    let template = "{.items[?(@.state==\"expired\")].label}";
    let ours = program.run(["list", "--root", "demo", "-o", &format!("jsonpath-as-json={template}")]).exits(0);
    let theirs = kubectl(&program, &["-o", &format!("jsonpath-as-json={}", template.replace("items", "things"))]);
    assert_eq!(ours.json(), theirs.json());
    assert_eq!(ours.json().as_array().expect("a list").len(), 5);
}

/// Changes nothing in the file, and prints it.
fn kubectl(program: &Program, arguments: &[&str]) -> Ran {
    let mut command = Command::new(binaries::program(binaries::Program::Kubectl));
    program.prepare(&mut command);
    command.args(["patch", "--local", "-f", "document.json", "--type=merge", "-p", "{}"]);
    Ran::of(&command.args(arguments).env("KUBECTL_KUBERC", "false").output().expect("kubectl runs"))
}

/// What is wrong, without the template and the whole document behind it.
fn reason(err: &str) -> String {
    let first = err.lines().next().unwrap_or_default();
    let end = first.find(". Printing more").unwrap_or(first.len());
    let text = first[..end].split("Error executing template: ").last().unwrap_or_default();
    // Of Go's types only that it is the wrong one.
    let text = text.split_once(" is not array or slice").map_or(text, |_| "is not array or slice");
    text.trim_start_matches("error: ").to_owned()
}

/// Seconds pass between the two calls.
fn timeless(text: &str, template: &str) -> String {
    let passing = template.contains("secondsLeft}") || template.contains("items[0]}");
    let digits = |c: char| if passing && c.is_ascii_digit() { '0' } else { c };
    text.chars().map(digits).collect()
}

fn without_null(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|_, value| !value.is_null());
            fields.values_mut().for_each(without_null);
        }
        Value::Array(items) => items.iter_mut().for_each(without_null),
        _ => {}
    }
}

/// The columns of a list of objects are kubectl's own.
pub(crate) fn columns_as_kubectl_prints(world: &World) {
    let program = world.administrator();
    program.demo();
    let items = program.line("list --root demo -o json").exits(0).items();
    let maps: Vec<Value> = items
        .iter()
        .enumerate()
        .map(|(number, item)| {
            let texts = item.as_object().expect("an object").iter().filter(|(_, value)| value.is_string());
            let data: serde_json::Map<String, Value> = texts.map(|(name, value)| (name.clone(), value.clone())).collect();
            json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": format!("item-{number:02}") }, "data": data })
        })
        .collect();
    program.write("maps.json", json!({ "apiVersion": "v1", "kind": "List", "items": maps }).to_string());
    let kubectl = |arguments: &[&str]| {
        let mut command = Command::new(binaries::program(binaries::Program::Kubectl));
        program.prepare(&mut command);
        Ran::of(&command.args(arguments).env("KUBECTL_KUBERC", "false").output().expect("kubectl runs")).exits(0)
    };
    kubectl(&["create", "namespace", "columns"]);
    kubectl(&["create", "-n", "columns", "-f", "maps.json"]);
    for columns in [
        "NAME:.label,UNTIL:.notAfter",
        "A:.name,B:.state",
        "NAME:.target,NOTHING:.nothing,STATE:{.state}",
        "SUBJECT:.subject,A-LONG-HEADER:.state",
    ] {
        let theirs = columns.replace(":.", ":.data.").replace(":{.", ":{.data.");
        let theirs = kubectl(&[
            "get",
            "configmaps",
            "-n",
            "columns",
            "--field-selector=metadata.name!=kube-root-ca.crt",
            "-o",
            &format!("custom-columns={theirs}"),
        ]);
        let ours = program.run(["list", "--root", "demo", "-o", &format!("custom-columns={columns}")]).exits(0);
        let lines = |text: &str| text.lines().map(|line| line.trim_end().to_owned()).collect::<Vec<_>>();
        assert_eq!(lines(&ours.out), lines(&theirs.out), "{columns}");
    }
}
