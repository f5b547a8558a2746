//! `api`: one JSON document in, JSON lines out, the last one terminal.

use serde_json::{Value, json};

use crate::program::{Program, Ran};

fn ask(program: &Program, question: &Value) -> (Ran, Vec<Value>) {
    said(program.run_with(["api"], question.to_string().as_bytes()))
}

fn said(ran: Ran) -> (Ran, Vec<Value>) {
    let lines: Vec<Value> =
        ran.lines().iter().map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}"))).collect();
    let terminal = |line: &Value| line["event"] == "finished" || line["event"] == "failed";
    assert_eq!(lines.iter().filter(|line| terminal(line)).count(), 1, "{lines:#?}");
    assert!(lines.last().is_some_and(terminal), "{lines:#?}");
    assert_eq!(lines.last().and_then(|line| line["exitCode"].as_i64()), Some(i64::from(ran.code)));
    (ran, lines)
}

fn question(request: &Value) -> Value {
    json!({ "api": "certs/v1alpha1", "request": request })
}

#[test]
fn its_items_are_those_of_o_json_and_fit_the_schema() {
    let program = Program::new();
    let folder = program.demo();
    let schema = program.line("schema").json();
    let line_schema = jsonschema::validator_for(&schema["line"]).expect("a schema");
    let question_schema = jsonschema::validator_for(&schema["question"]).expect("a schema");
    let scope = json!({ "root": folder });
    for (request, line) in [
        (json!({ "list": { "scope": scope } }), "list --root demo"),
        (json!({ "show": { "scope": { "root": folder, "targets": ["apiserver"] } } }), "show --root demo apiserver"),
        (json!({ "tree": { "scope": scope } }), "tree --root demo"),
        (
            json!({ "list": { "scope": scope, "filter": { "roles": ["authority"], "within": 31_536_000 }, "sort": "expires" } }),
            "list --root demo --role authority --within 1y --sort expires",
        ),
        (json!({ "check": { "scope": scope } }), "check --root demo"),
        (
            json!({ "check": { "scope": scope, "failOn": "never", "ignore": ["expired"] } }),
            "check --root demo --fail-on never --ignore expired",
        ),
        (json!({ "explain": {} }), "explain"),
        (json!({ "explain": { "code": "expired" } }), "explain expired"),
        (json!("version"), "version"),
    ] {
        let question = question(&request);
        assert!(question_schema.is_valid(&question), "{question}");
        let (ran, lines) = ask(&program, &question);
        let printed = program.line(&format!("{line} -o json"));
        assert_eq!(ran.code, printed.code, "{line}");
        let items: Vec<Value> =
            lines.iter().filter(|line| line["event"] == "item").map(|line| line["item"].clone()).collect();
        let without_time = |items: Vec<Value>| {
            let item = |mut item: Value| {
                // `expires in 3d6h` may be `3d5h` a second later.
                for place in ["/secondsLeft", "/certificate/secondsLeft", "/message"] {
                    if let Some(left) = item.pointer_mut(place) {
                        *left = Value::Null;
                    }
                }
                item
            };
            items.into_iter().map(item).collect::<Vec<_>>()
        };
        assert_eq!(without_time(items), without_time(printed.items()), "{line}");
        for line in &lines {
            let faults: Vec<String> = line_schema.iter_errors(line).map(|fault| fault.to_string()).collect();
            assert!(faults.is_empty(), "{line}: {faults:#?}");
        }
        assert!(ran.err.is_empty(), "{ran:#?}");
    }
}

#[test]
fn a_byte_order_mark_and_crlf_do_no_harm() {
    let program = Program::new();
    let text = format!("\u{FEFF}{}\r\n", question(&json!("version")));
    let (ran, lines) = said(program.run_with(["api"], text.as_bytes()));
    assert_eq!((ran.code, lines.len()), (0, 2));
    // .NET's own default, when somebody forgets to say UTF-8.
    let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let (ran, _) = said(program.run_with(["api"], &utf16));
    assert_eq!(ran.code, 2);
}

#[test]
fn what_is_not_understood_is_said_as_the_last_line() {
    let program = Program::new();
    for (text, code, words) in [
        (String::new(), 2, "no request"),
        ("nonsense".to_owned(), 2, "not understood"),
        ("{".to_owned(), 2, "not understood"),
        ("[]".to_owned(), 2, "certs/v1alpha1"),
        (json!({ "api": "certs/v9", "request": { "fly": {} } }).to_string(), 2, "certs/v9"),
        (json!({ "request": "version" }).to_string(), 2, "api"),
        (question(&json!({ "fly": {} })).to_string(), 2, "fly"),
        (question(&json!({ "list": { "scop": {} } })).to_string(), 2, "scop"),
        (question(&json!({ "list": { "scope": { "rot": "/" } } })).to_string(), 2, "rot"),
        (question(&json!({ "explain": { "code": "nonsense" } })).to_string(), 2, "nonsense"),
        (question(&json!({ "list": { "scope": { "root": "/nowhere" } } })).to_string(), 3, "/nowhere"),
    ] {
        let (ran, lines) = said(program.run_with(["api"], text.as_bytes()));
        assert_eq!(ran.code, code, "{text}: {ran:#?}");
        let error = &lines[0]["error"];
        let said = format!("{} {}", error["message"], error["hints"]);
        assert!(said.contains(words), "{text}: {error}");
    }
}

#[test]
fn ascii_is_pure_and_says_the_same() {
    let program = Program::new();
    let pem = crate::material::Pair::of("/CN=Müller 漢 😀").certificate;
    let request = json!({ "list": { "scope": { "targets": ["-"], "input": pem } } });
    let mut question = question(&request);
    let (plain, _) = ask(&program, &question);
    question["ascii"] = json!(true);
    let (ascii, lines) = ask(&program, &question);
    assert!(!plain.out.is_ascii() && ascii.out.is_ascii());
    assert_eq!(lines[0]["item"]["subject"], "CN=Müller 漢 😀");
}

/// PowerShell keeps the pipe open: the answer comes without waiting for its end.
#[test]
fn an_open_pipe_is_no_reason_to_wait() {
    use std::io::{Read, Write};
    use std::process::Stdio;
    let program = Program::new();
    for stop_on_eof in [false, true] {
        let mut question = question(&json!("version"));
        question["stopOnEof"] = json!(stop_on_eof);
        let mut command = program.command();
        let mut child = command.arg("api").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("starts");
        let mut pipe = child.stdin.take().expect("a pipe");
        pipe.write_all(question.to_string().as_bytes()).expect("written");
        let mut out = String::new();
        child.stdout.take().expect("a pipe").read_to_string(&mut out).expect("read");
        assert!(out.contains("finished"), "{out}");
        assert_eq!(child.wait().expect("ends").code(), Some(0));
        drop(pipe);
    }
}
