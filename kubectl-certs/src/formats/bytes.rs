//! Bytes in JSON as base64, a third of the size that a list of numbers has: `#[serde(with = "bytes")]`.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::pem;

pub fn serialize<T: Bytes, S: Serializer>(value: &T, to: S) -> Result<S::Ok, S::Error> {
    value.packed().serialize(to)
}

pub fn deserialize<'de, T: Bytes, D: Deserializer<'de>>(from: D) -> Result<T, D::Error> {
    T::unpacked(T::Packed::deserialize(from)?).ok_or_else(|| D::Error::custom("a text that should be base64 is not"))
}

/// Bytes, and what is made of them; `Packed` is the same with texts in their place.
pub trait Bytes: Sized {
    type Packed: Serialize + for<'de> Deserialize<'de>;

    fn packed(&self) -> Self::Packed;
    fn unpacked(packed: Self::Packed) -> Option<Self>;
}

impl Bytes for Vec<u8> {
    type Packed = String;

    fn packed(&self) -> String {
        pem::encode_base64(self)
    }

    fn unpacked(packed: String) -> Option<Self> {
        pem::decode_base64(&packed).map(|bytes| bytes.to_vec())
    }
}

impl<T: Bytes> Bytes for Vec<T> {
    type Packed = Vec<T::Packed>;

    fn packed(&self) -> Self::Packed {
        self.iter().map(T::packed).collect()
    }

    fn unpacked(packed: Self::Packed) -> Option<Self> {
        packed.into_iter().map(T::unpacked).collect()
    }
}

impl<T: Bytes> Bytes for Option<T> {
    type Packed = Option<T::Packed>;

    fn packed(&self) -> Self::Packed {
        self.as_ref().map(T::packed)
    }

    fn unpacked(packed: Self::Packed) -> Option<Self> {
        match packed {
            Some(packed) => T::unpacked(packed).map(Some),
            None => Some(None),
        }
    }
}

/// A name and what belongs to it.
impl<T: Bytes> Bytes for (String, T) {
    type Packed = (String, T::Packed);

    fn packed(&self) -> Self::Packed {
        (self.0.clone(), self.1.packed())
    }

    fn unpacked(packed: Self::Packed) -> Option<Self> {
        Some((packed.0, T::unpacked(packed.1)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Letter {
        #[serde(with = "super")]
        chains: Vec<(String, Option<Vec<Vec<u8>>>)>,
    }

    #[test]
    fn bytes_come_back_from_base64() {
        let letter = Letter { chains: vec![("a".to_owned(), Some(vec![vec![0, 255, 7]])), ("b".to_owned(), None)] };
        let text = serde_json::to_string(&letter).expect("JSON");
        assert_eq!(text, r#"{"chains":[["a",["AP8H"]],["b",null]]}"#);
        assert_eq!(serde_json::from_str::<Letter>(&text).expect("JSON"), letter);
        assert!(serde_json::from_str::<Letter>(&text.replace("AP8H", "A?")).is_err());
    }
}
