//! Lists of kubeconfigs as one, beside kubectl's own merging.

use std::collections::BTreeMap;

use kubectl_certs::formats::kubeconfig::{self, Kubeconfig};
use serde_json::{Value, json};

use crate::kubectl::kubectl;
use crate::program::Program;

type Entries = BTreeMap<String, Vec<String>>;

#[test]
fn lists_are_merged_as_kubectl_merges_them() {
    let mut dice = Dice(7);
    for round in 0..24 {
        let count = 1 + dice.roll(4);
        let files: Vec<Value> = (0..count).map(|number| file(&mut dice, number)).collect();
        let names: Vec<String> = (0..count).map(|number| format!("file{number}")).collect();
        let mut list = names.clone();
        list.insert(dice.roll(count + 1), "nowhere".to_owned());
        let program = Program::new().with("KUBECONFIG", std::env::join_paths(&list).expect("no colons in it"));
        let mut parsed = Vec::new();
        for (number, (name, file)) in names.iter().zip(&files).enumerate() {
            let text = if (round + number) % 2 == 0 { file.to_string() } else { yaml(file) };
            program.write(name, &text);
            parsed.push(kubeconfig::parse(&text).unwrap_or_else(|error| panic!("{error}: {text}")));
        }
        let told = kubectl(&program, "config view --raw -o json").exits(0).json();
        let merged = kubeconfig::merge(parsed);
        assert_eq!(ours(&merged), kubectls(&told), "round {round}: {files:#?}\n{told:#?}");
        assert_eq!(merged.current_context, told["current-context"].as_str().unwrap_or_default(), "round {round}");
    }
}

/// What is odd about them is no reason for us to refuse them.
#[test]
fn odd_files_are_read_as_kubectl_reads_them() {
    let plain = "apiVersion: v1\nkind: Config\nclusters:\n- name: a\n  cluster: {server: x}\nusers:\n- name: u\n  user: {token: t}\n";
    let cases = [
        plain.to_owned(),
        format!("---\n{plain}"),
        format!("{plain}...\n"),
        plain.replace('\n', "\r\n"),
        plain.replace("server: x", "server: y, server: x"),
        plain.replace("server: x", "server: &it x").replace("token: t", "token: *it"),
        plain.replace("{token: t}", "\n    token: >-\n      t"),
        plain.replace("token: t", "token: t, tokenFile: null, exec: null, auth-provider: null"),
        plain.replace("server: x", "server: x, extensions: [{name: e, extension: [1, {a: b}]}]"),
        format!("{plain}contexts: ~\npreferences: {{}}\ncurrent-context: \"\"\nextensions: []\n"),
        format!("# nothing\n{plain}# nothing\n"),
        String::new(),
    ];
    for text in cases {
        let program = Program::new().with("KUBECONFIG", "it");
        program.write("it", &text);
        let told = kubectl(&program, "config view --raw -o json").exits(0).json();
        let parsed = match text.as_str() {
            "" => Kubeconfig::default(),
            _ => kubeconfig::parse(&text).unwrap_or_else(|error| panic!("{error}: {text}")),
        };
        assert_eq!(ours(&parsed), kubectls(&told), "{text}");
    }
}

fn ours(merged: &Kubeconfig) -> [Entries; 3] {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    [
        merged
            .clusters
            .iter()
            .map(|it| (it.name.clone(), vec![text(&it.cluster.server), text(&it.cluster.proxy_url)]))
            .collect(),
        merged
            .users
            .iter()
            .map(|it| {
                let token = it.user.token.as_ref().map(|token| token.to_string()).unwrap_or_default();
                (it.name.clone(), vec![token, text(&it.user.impersonate)])
            })
            .collect(),
        merged
            .contexts
            .iter()
            .map(|it| {
                (
                    it.name.clone(),
                    vec![it.context.cluster.clone(), it.context.user.clone(), text(&it.context.namespace)],
                )
            })
            .collect(),
    ]
}

fn kubectls(told: &Value) -> [Entries; 3] {
    let of = |list: &str, inner: &str, fields: &[&str]| -> Entries {
        let entries = told[list].as_array().cloned().unwrap_or_default();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let values = |entry: &Value| fields.iter().map(|field| text(&entry[inner][field])).collect();
        entries.iter().map(|entry| (text(&entry["name"]), values(entry))).collect()
    };
    [
        of("clusters", "cluster", &["server", "proxy-url"]),
        of("users", "user", &["token", "as"]),
        of("contexts", "context", &["cluster", "user", "namespace"]),
    ]
}

/// Few names, so that they meet; values that tell which file they are of.
fn file(dice: &mut Dice, number: usize) -> Value {
    let some = |dice: &mut Dice| ["a", "b", "c"].into_iter().filter(|_| dice.roll(2) == 0).collect::<Vec<_>>();
    let mut config = json!({ "apiVersion": "v1", "kind": "Config", "unknown": { "x": 1 } });
    for (list, inner, fields) in [
        ("clusters", "cluster", ["server", "proxy-url"]),
        ("users", "user", ["token", "as"]),
        ("contexts", "context", ["cluster", "namespace"]),
    ] {
        let mut entries = Vec::new();
        for name in some(dice) {
            let mut entry = json!({ "unknown": "x" });
            for field in fields {
                if dice.roll(3) > 0 {
                    entry[field] = json!(format!("{field}{number}"));
                }
            }
            entries.push(json!({ "name": name, inner: entry }));
        }
        if dice.roll(5) > 0 {
            config[list] = json!(entries);
        } else {
            config[list] = Value::Null;
        }
    }
    match dice.roll(3) {
        0 => config["current-context"] = json!(""),
        1 => config["current-context"] = json!(format!("current{number}")),
        _ => {}
    }
    config
}

/// Block style, as people have it.
fn yaml(value: &Value) -> String {
    fn write(value: &Value, indent: usize, out: &mut String) {
        let pad = "  ".repeat(indent);
        match value {
            Value::Object(fields) => {
                for (name, value) in fields {
                    match value {
                        Value::Object(inner) if !inner.is_empty() => {
                            out.push_str(&format!("{pad}{name}:\n"));
                            write(value, indent + 1, out);
                        }
                        Value::Array(items) if !items.is_empty() => {
                            out.push_str(&format!("{pad}{name}:\n"));
                            for item in items {
                                let mut text = String::new();
                                write(item, indent + 1, &mut text);
                                out.push_str(&format!("{pad}- {}", text.trim_start()));
                            }
                        }
                        Value::Null => out.push_str(&format!("{pad}{name}:\n")),
                        other => out.push_str(&format!("{pad}{name}: {other}\n")),
                    }
                }
            }
            other => out.push_str(&format!("{pad}{other}\n")),
        }
    }
    let mut out = "# mine\n".to_owned();
    write(value, 0, &mut out);
    out
}

/// Numbers that are the same in every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 40).expect("24 bits") % sides
    }
}
