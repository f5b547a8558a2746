//! A document as a tree of which only texts count. They may be keys: each is wiped when the tree goes.

use core::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use zeroize::Zeroizing;

use crate::formats::yaml;

pub(super) enum Node {
    Text(Zeroizing<String>),
    List(Vec<Self>),
    Map(Vec<(String, Self)>),
    Other,
}

impl Node {
    pub(super) fn text_at(&self, key: &str) -> Option<&str> {
        match self {
            Self::Map(entries) => entries.iter().find_map(|(own, value)| match value {
                Self::Text(text) if own == key => Some(text.as_str()),
                _ => None,
            }),
            _ => None,
        }
    }
}

/// Nothing where it is neither a list nor a map; a fault says where it is and never quotes.
pub(super) fn documents(text: &str) -> Option<Result<Vec<Node>, String>> {
    let documents: Vec<Node> = if text.trim_start().starts_with(['{', '[']) {
        match serde_json::from_str(text) {
            Ok(document) => vec![document],
            // YAML's own flow style begins so too.
            Err(error) => match serde_saphyr::from_multiple(text) {
                Ok(documents) => documents,
                Err(_) => {
                    return Some(Err(format!("JSON is broken at line {}, column {}", error.line(), error.column())));
                }
            },
        }
    } else {
        match serde_saphyr::from_multiple(text) {
            Ok(documents) => documents,
            Err(error) => return Some(Err(yaml::fault(&error))),
        }
    };
    documents.iter().any(|document| matches!(document, Node::List(_) | Node::Map(_))).then_some(Ok(documents))
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(AnyNode)
    }
}

struct AnyNode;

impl<'de> Visitor<'de> for AnyNode {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_str<E>(self, text: &str) -> Result<Node, E> {
        Ok(Node::Text(Zeroizing::new(text.to_owned())))
    }

    fn visit_string<E>(self, text: String) -> Result<Node, E> {
        Ok(Node::Text(Zeroizing::new(text)))
    }

    fn visit_bool<E>(self, _: bool) -> Result<Node, E> {
        Ok(Node::Other)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Node, E> {
        Ok(Node::Other)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Node, E> {
        Ok(Node::Other)
    }

    fn visit_i128<E>(self, _: i128) -> Result<Node, E> {
        Ok(Node::Other)
    }

    fn visit_u128<E>(self, _: u128) -> Result<Node, E> {
        Ok(Node::Other)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Node, E> {
        Ok(Node::Other)
    }

    fn visit_bytes<E>(self, _: &[u8]) -> Result<Node, E> {
        Ok(Node::Other)
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Other)
    }

    fn visit_none<E>(self) -> Result<Node, E> {
        Ok(Node::Other)
    }

    fn visit_some<D: Deserializer<'de>>(self, from: D) -> Result<Node, D::Error> {
        Node::deserialize(from)
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, from: D) -> Result<Node, D::Error> {
        Node::deserialize(from)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Node, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Node::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Node, A::Error> {
        let mut map = Vec::new();
        // Keys that are no texts lead to nothing that could be named.
        while let Some(key) = entries.next_key::<Node>()? {
            match key {
                Node::Text(key) => map.push((key.as_str().to_owned(), entries.next_value()?)),
                _ => drop(entries.next_value::<IgnoredAny>()?),
            }
        }
        Ok(Node::Map(map))
    }
}
