//! One answer, five formats: they agree, and the schema tells what they are.

use serde_json::Value;

use crate::program::Program;

/// What is printed about the demo, and whether each row of its table is an item.
const LINES: [(&str, bool); 10] = [
    ("list --root demo", true),
    ("show --root demo apiserver kubelet-serving etcd-ca", false),
    ("tree --root demo", false),
    ("check --root demo --fail-on never", true),
    ("explain", true),
    ("explain expired", false),
    ("renew --root demo --dry-run", false),
    ("runs list --root demo", true),
    ("runs show --root demo", false),
    ("version", false),
];

#[test]
fn all_formats_of_all_commands_agree() {
    let program = Program::new();
    let folder = program.demo();
    program.run(["renew", "--root", &folder, "--yes", "etcd-server"]).exits(0);
    for (line, row_an_item) in LINES {
        let ask = |format: &str| program.line(&format!("{line} -o {format}")).exits(0);
        let json = ask("json");
        let items = json.items();
        let yaml: Value = serde_saphyr::from_str(&ask("yaml").out).unwrap_or_else(|e| panic!("{line}: {e}"));
        assert_eq!(timeless(yaml), timeless(json.json()), "{line}");

        let names = ask("name");
        assert!(!names.out.is_empty() && names.lines().iter().all(|name| !name.contains(' ')), "{names:#?}");
        let (table, wide, bare) = (ask("table"), ask("wide"), ask("table --no-headers"));
        assert!(!table.out.is_empty() && wide.lines().len() == table.lines().len(), "{table:#?} {wide:#?}");
        if row_an_item {
            let rows = bare.lines();
            assert_eq!((names.lines().len(), rows.len()), (items.len(), items.len()), "{line}");
            assert_eq!(table.lines().len(), items.len() + 1, "{line}");
            for (item, (name, row)) in items.iter().zip(names.lines().into_iter().zip(rows)) {
                let own = ["target", "code", "run"].map(|key| item[key].as_str().unwrap_or_default());
                assert!(own.contains(&name), "{line}: {name} is not of {item}");
                let shown = item["name"].as_str().unwrap_or(name);
                assert!(row.split_whitespace().any(|word| word == shown), "{line}: {shown} is not in {row}");
            }
        }
    }
}

#[test]
fn wide_rows_tell_the_full_place() {
    let program = Program::new();
    program.demo();
    for line in ["list --root demo", "check --root demo --fail-on never"] {
        let names = program.line(&format!("{line} -o name"));
        let wide = program.line(&format!("{line} -o wide --no-headers"));
        for (name, row) in names.lines().iter().zip(wide.lines()) {
            assert!(row.split_whitespace().any(|word| word == *name), "{name}: {row}");
        }
    }
}

#[test]
fn the_schema_describes_what_is_printed() {
    let program = Program::new();
    program.demo();
    let schema = program.line("schema").exits(0).json();
    assert_eq!(program.line("schema -o json").json(), schema);
    assert_eq!(serde_saphyr::from_str::<Value>(&program.line("schema -o yaml").out).expect("YAML"), schema);
    assert_eq!(program.line("schema -o name").exits(0).lines(), ["document", "failure", "line", "question"]);
    let document = jsonschema::validator_for(&schema["document"]).expect("a schema");
    for (line, _) in LINES {
        if line.starts_with("runs") {
            continue;
        }
        let json = program.line(&format!("{line} -o json")).json();
        let faults: Vec<String> = document.iter_errors(&json).map(|fault| fault.to_string()).collect();
        assert!(faults.is_empty(), "{line}: {faults:#?}");
        assert_eq!(json["apiVersion"], "certs/v1alpha1");
    }
    assert!(!document.is_valid(&serde_json::json!({ "items": [] })), "it accepts anything");
}

#[test]
fn an_error_has_a_form_in_json_and_yaml_too() {
    let program = Program::new();
    let schema = program.line("schema").json();
    let failure = jsonschema::validator_for(&schema["failure"]).expect("a schema");
    for (line, kind, code) in
        [("show", "usage", 2), ("list file:/nowhere", "unreadable", 3), ("list --root nowhere", "not-found", 3)]
    {
        let json = program.line(&format!("{line} -o json")).exits(code);
        let yaml = program.line(&format!("{line} -o yaml")).exits(code);
        assert_eq!(json.json()["error"]["kind"], kind, "{line}");
        assert_eq!(serde_saphyr::from_str::<Value>(&yaml.out).expect("YAML"), json.json(), "{line}");
        assert!(failure.is_valid(&json.json()), "{line}");
        assert!(json.err.starts_with("error: "), "{json:#?}");
    }
}

/// Two calls are seldom within one second.
fn timeless(mut value: Value) -> Value {
    match &mut value {
        Value::Object(fields) => {
            fields.retain(|name, _| {
                !matches!(
                    name.as_str(),
                    "secondsLeft" | "at" | "notBefore" | "notAfter" | "digest" | "message" | "time" | "title" | "why"
                )
            });
            fields.values_mut().for_each(|field| *field = timeless(field.take()));
        }
        Value::Array(values) => values.iter_mut().for_each(|value| *value = timeless(value.take())),
        _ => {}
    }
    value
}
