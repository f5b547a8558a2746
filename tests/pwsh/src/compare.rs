//! Objects of PowerShell and items of the wire: the same but for the case of names.

use serde_json::{Map, Value};

/// As the module makes it: names in Pascal case, the kind left to the type name.
pub fn expected(item: &Value) -> Value {
    let mut object = pascal(item);
    if let Value::Object(members) = &mut object {
        members.remove("Kind");
        // Details and plans show the members of what they hold as their own.
        for lifted in ["Certificate", "Plan"] {
            if let Some(Value::Object(inner)) = members.remove(lifted) {
                members.extend(inner);
                members.remove("Kind");
            }
        }
    }
    object
}

/// Fails the test unless `objects` are `items`, in any order, apart from what the command carries on (`Root` and the like).
pub fn assert_same(objects: &Value, items: &[Value]) {
    let mut objects: Vec<Value> = objects.as_array().expect("a list of objects").clone();
    let mut items: Vec<Value> = items.iter().map(expected).collect();
    for object in objects.iter_mut().chain(&mut items) {
        if let Value::Object(members) = object {
            for carried in ["Root", "Kubeconfig", "Context"] {
                members.remove(carried);
            }
            still(members);
        }
    }
    let key = |value: &Value| format!("{}{}", value["Target"], value["Code"]);
    objects.sort_by_key(key);
    items.sort_by_key(key);
    assert_eq!(objects.len(), items.len(), "{objects:#?}\n{items:#?}");
    for (object, item) in objects.iter().zip(&items) {
        assert_eq!(object, item);
    }
}

/// Time goes on between two readings: what is left is not compared to the second.
fn still(members: &mut Map<String, Value>) {
    if let Some(left) = members.get_mut("SecondsLeft") {
        assert!(left.is_i64(), "{left}");
        *left = Value::Null;
    }
}

fn pascal(value: &Value) -> Value {
    match value {
        Value::Array(values) => Value::Array(values.iter().map(pascal).collect()),
        Value::Object(members) => {
            Value::Object(members.iter().map(|(name, value)| (capital(name), pascal(value))).collect())
        }
        other => other.clone(),
    }
}

fn capital(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
