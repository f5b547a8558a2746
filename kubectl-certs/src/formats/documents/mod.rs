//! Structured files (JSON, or YAML of one or several documents) that hold certificates in their values, as PEM or as base64
//! of PEM: state files, API models, machine configurations, login files. Also within a value that is such a text itself.
//!
//! Values are found by what they are and not by where they stand, so that what no table knows is seen too; which key
//! belongs to which certificate is told by their names, see `pairs`.

mod pairs;
mod tree;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::{Content, content, pem, token};
use tree::Node;

/// A value inside of a document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Field {
    /// The keys that lead to it. The documents of a file after the first begin with their kind, or their number.
    pub keys: Vec<String>,
    pub content: Content,
}

/// Texts within texts within texts; nobody goes deeper, and a text that contains itself must end somewhere.
const DEEPEST: usize = 3;

/// The values with material; nothing where this is no document, or none with anything of ours in it. Only where one would
/// be is a fault told.
pub(super) fn read(text: &str) -> Option<Result<Vec<Field>, String>> {
    if !may_be_one(text) {
        return None;
    }
    match tree::documents(text)? {
        Ok(documents) => {
            let mut fields = Vec::new();
            add_all(&documents, &[], 0, &mut fields);
            pairs::join(&mut fields);
            Some(Ok(fields))
        }
        Err(fault) => Some(Err(fault)),
    }
}

/// What a text that is nothing but base64 stands for.
pub(super) fn unwrapped(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    if is_base64(text.trim()) { pem::decode_base64(text.trim()) } else { None }
}

/// Cheap: most files are not.
fn may_be_one(text: &str) -> bool {
    if text.trim_start().starts_with(['{', '[']) {
        return holds_material(text);
    }
    // A block that begins a line is no value of YAML.
    let has_plain_pem = || text.lines().any(|line| line.starts_with("-----BEGIN "));
    let first = text.lines().find(|line| !line.trim().is_empty() && !line.trim_start().starts_with('#'));
    let is_yaml = first.is_some_and(|line| {
        line.trim_end() == "---"
            || line.starts_with("--- ")
            || line.starts_with("- ")
            || line.split_once(':').is_some_and(|(key, rest)| {
                !key.contains(char::is_whitespace) && (rest.is_empty() || rest.starts_with(char::is_whitespace))
            })
    });
    is_yaml && holds_material(text) && !has_plain_pem()
}

fn holds_material(text: &str) -> bool {
    text.contains("-----BEGIN ") || text.contains(pem::BASE64_OF_BEGIN) || text.contains(token::BEGINNING)
}

fn add_all(documents: &[Node], before: &[String], depth: usize, fields: &mut Vec<Field>) {
    for (index, document) in documents.iter().enumerate() {
        let mut keys = before.to_vec();
        if index > 0 {
            let kind = document.text_at("kind").map_or_else(|| index.to_string(), str::to_owned);
            let taken = |kind: &String| documents[..index].iter().any(|other| other.text_at("kind") == Some(kind));
            keys.push(if taken(&kind) { format!("{kind}-{index}") } else { kind });
        }
        add(document, &mut keys, depth, fields);
    }
}

fn add(node: &Node, keys: &mut Vec<String>, depth: usize, fields: &mut Vec<Field>) {
    match node {
        Node::Text(text) => add_text(text, keys, depth, fields),
        Node::List(items) => {
            for (index, item) in items.iter().enumerate() {
                keys.push(index.to_string());
                add(item, keys, depth, fields);
                keys.pop();
            }
        }
        Node::Map(entries) => {
            for (key, value) in entries {
                keys.push(key.clone());
                add(value, keys, depth, fields);
                keys.pop();
            }
        }
        Node::Other => {}
    }
}

fn add_text(text: &str, keys: &[String], depth: usize, fields: &mut Vec<Field>) {
    if !holds_material(text) && !is_base64(text) {
        return;
    }
    if let Some(token) = token::read(text) {
        let content = Content { token: Some(token), ..Content::default() };
        return fields.push(Field { keys: keys.to_vec(), content });
    }
    let decoded = if is_base64(text) { pem::decode_base64(text) } else { None };
    let decoded = decoded.map(|bytes| Zeroizing::new(pem::decode_text(&bytes).into_owned()));
    let text = decoded.as_ref().map_or(text, |decoded| decoded.as_str());
    if depth < DEEPEST
        && may_be_one(text)
        && let Some(Ok(documents)) = tree::documents(text)
    {
        return add_all(&documents, keys, depth + 1, fields);
    }
    let content = content::read_pem(text);
    if !content.is_empty() {
        fields.push(Field { keys: keys.to_vec(), content });
    }
}

/// Long enough to be something of ours, and nothing else in it.
fn is_base64(text: &str) -> bool {
    text.len() >= 64 && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+/=\r\n ".contains(&byte))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PEM: &str = "-----BEGIN CERTIFICATE-----\nAQID\n-----END CERTIFICATE-----\n";

    fn found(text: &str) -> Vec<String> {
        let fields = read(text).expect("a document").expect("readable");
        fields.iter().map(|field| format!("/{} {:?}", field.keys.join("/"), field.content.certificates)).collect()
    }

    #[test]
    fn values_are_found_in_all_their_clothes() {
        let base64 = pem::encode_base64(PEM.as_bytes());
        let json = serde_json::json!({ "a": [{ "b": PEM }, { "b": base64 }], "note": "x" }).to_string();
        assert_eq!(found(&json), ["/a/0/b [[1, 2, 3]]", "/a/1/b [[1, 2, 3]]"]);
        let indented = PEM.replace('\n', "\n    ");
        let yaml = format!("# mine\nmachine:\n  crt: {base64}\n---\nkind: Roots\ncertificates: |\n    {indented}\n");
        assert_eq!(found(&yaml), ["/machine/crt [[1, 2, 3]]", "/Roots/certificates [[1, 2, 3]]"]);
        let within = serde_json::json!({ "config": yaml }).to_string();
        assert_eq!(found(&within)[1], "/config/Roots/certificates [[1, 2, 3]]");
    }

    #[test]
    fn plain_files_are_no_documents() {
        for text in [PEM, &format!("Certificate:\n    Data:\n        Version: 3 (0x2)\n{PEM}"), &format!("  {PEM}"), ""]
        {
            assert!(read(text).is_none(), "{text}");
        }
        assert!(read(&format!("a: [\n  {PEM}")).is_none_or(|read| read.is_err()));
    }

    #[test]
    fn a_fault_never_quotes_the_text() {
        let fault =
            read("{\"key\": \"-----BEGIN PRIVATE KEY-----SECRET\", \"x\": [SECRET").expect("one").expect_err("bad");
        assert!(!fault.contains("SECRET"), "{fault}");
    }

    proptest! {
        #[test]
        fn any_text_is_survived(text in "([{}\\[\\]:,\"\\-a-z#&*! ]|\n|: |-----BEGIN |LS0tLS1CRUdJTi){0,60}") {
            drop(read(&text));
        }
    }
}
