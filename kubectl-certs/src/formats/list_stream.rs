//! A list of the Kubernetes API cut into its objects while it arrives, so that never more than one of them lies in memory:
//! a page may hold hundreds of Secrets of 1 MiB. Only bounds are found here; what is inside is decoded by others.

use memchr::memchr2;
use zeroize::Zeroize;

/// No object of the API is larger: etcd takes 1.5 MiB, and JSON with base64 makes a little more of it.
const LARGEST: usize = 16 << 20;

#[derive(Debug, PartialEq, Eq)]
pub enum Part<'a> {
    /// The list's own metadata, with the token for the next page; comes before the objects.
    Metadata(&'a [u8]),
    Item(&'a [u8]),
}

/// The bytes are no list, or one of its objects is larger than any can be.
#[derive(Debug, PartialEq, Eq)]
pub struct NoList;

#[derive(Debug, Default)]
pub struct ListStream {
    /// The object that has begun and is not complete; may hold keys.
    held: Vec<u8>,
    /// The last name on the first level.
    name: Vec<u8>,
    depth: u32,
    text: Text,
    what: What,
    ended: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Text {
    #[default]
    Outside,
    Inside,
    /// Behind a backslash.
    Escaped,
}

/// What is being kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum What {
    #[default]
    Nothing,
    Name,
    Metadata,
    Item,
}

impl ListStream {
    /// Takes the next bytes and tells of what became complete.
    pub fn push<E: From<NoList>>(
        &mut self,
        piece: &[u8],
        mut tell: impl FnMut(Part<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut at = 0;
        // Where in this piece that which is kept begins, or goes on.
        let mut from = 0;
        while at < piece.len() {
            match self.text {
                Text::Escaped => {
                    self.text = Text::Inside;
                    at += 1;
                    continue;
                }
                Text::Inside => {
                    let Some(found) = memchr2(b'"', b'\\', &piece[at..]) else { break };
                    at += found + 1;
                    self.text = if piece[at - 1] == b'"' { Text::Outside } else { Text::Escaped };
                    if self.what == What::Name && self.text == Text::Outside {
                        self.name.extend_from_slice(&piece[from..at - 1]);
                        self.what = What::Nothing;
                    }
                    continue;
                }
                Text::Outside => {}
            }
            match piece[at] {
                b'"' => {
                    self.text = Text::Inside;
                    // A value there overwrites the name before it, which only matters for objects and lists.
                    if self.depth == 1 && self.what == What::Nothing {
                        (self.what, from) = (What::Name, at + 1);
                        self.name.clear();
                    }
                }
                open @ (b'{' | b'[') => {
                    if self.ended {
                        return Err(NoList.into());
                    }
                    if self.what == What::Nothing {
                        self.what = match (self.depth, open, self.name.as_slice()) {
                            (1, b'{', b"metadata") => What::Metadata,
                            (2, b'{', b"items") => What::Item,
                            _ => What::Nothing,
                        };
                        from = at;
                    }
                    self.depth += 1;
                }
                b'}' | b']' => {
                    self.depth = self.depth.checked_sub(1).ok_or(NoList)?;
                    self.ended = self.depth == 0;
                    let complete = match (self.what, self.depth) {
                        (What::Metadata, 1) | (What::Item, 2) => self.what,
                        _ => What::Nothing,
                    };
                    if complete != What::Nothing {
                        let rest = &piece[from..=at];
                        let whole = if self.held.is_empty() {
                            rest
                        } else {
                            self.held.extend_from_slice(rest);
                            &self.held
                        };
                        let part = if complete == What::Item { Part::Item(whole) } else { Part::Metadata(whole) };
                        let told = tell(part);
                        self.what = What::Nothing;
                        self.held.as_mut_slice().zeroize();
                        self.held.clear();
                        told?;
                    }
                }
                _ => {}
            }
            at += 1;
        }
        match self.what {
            What::Nothing => {}
            What::Name if self.name.len() + piece.len() > LARGEST => return Err(NoList.into()),
            What::Name => self.name.extend_from_slice(&piece[from..]),
            What::Metadata | What::Item if self.held.len() + piece.len() > LARGEST => return Err(NoList.into()),
            What::Metadata | What::Item => self.hold(&piece[from..]),
        }
        Ok(())
    }

    /// The list has come to its end; a server that breaks off has told less than there is.
    pub fn is_complete(&self) -> bool {
        self.ended
    }

    /// A growing vector leaves its old bytes behind; these may be keys.
    fn hold(&mut self, bytes: &[u8]) {
        if self.held.capacity() < self.held.len() + bytes.len() {
            let mut larger = Vec::with_capacity((self.held.len() + bytes.len()).next_power_of_two());
            larger.extend_from_slice(&self.held);
            self.held.zeroize();
            self.held = larger;
        }
        self.held.extend_from_slice(bytes);
    }
}

impl Drop for ListStream {
    fn drop(&mut self) {
        self.held.zeroize();
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    /// What is told when the text comes in pieces of this length.
    fn parts(text: &[u8], length: usize) -> Result<(Vec<Value>, Vec<Value>, bool), NoList> {
        let (mut metadata, mut items) = (Vec::new(), Vec::new());
        let mut stream = ListStream::default();
        for piece in text.chunks(length.max(1)) {
            stream.push(piece, |part| {
                let (bytes, list) = match part {
                    Part::Metadata(bytes) => (bytes, &mut metadata),
                    Part::Item(bytes) => (bytes, &mut items),
                };
                list.push(serde_json::from_slice(bytes).map_err(|_| NoList)?);
                Ok::<_, NoList>(())
            })?;
        }
        Ok((metadata, items, stream.is_complete()))
    }

    #[test]
    fn a_list_is_cut_wherever_its_pieces_end() {
        let metadata = json!({ "resourceVersion": "1", "continue": "a\"}b\\", "labels": { "items": [1] } });
        let items = [
            json!({ "metadata": { "name": "a", "note": "}{][\"\\" }, "data": { "items": "e30=" }, "items": [{ "x": [] }] }),
            json!({ "data": null }),
            json!({}),
        ];
        for text in [
            json!({ "kind": "SecretList", "apiVersion": "v1", "metadata": metadata, "items": items }).to_string(),
            format!(
                "{{\"metadata\" : {metadata},\n\"items\":\t[ {} , {},\r\n{} ], \"more\": [[{{}}]] }}\n",
                items[0], items[1], items[2]
            ),
        ] {
            for length in 1..text.len() {
                let told = parts(text.as_bytes(), length).expect("a list");
                assert_eq!(told, (vec![metadata.clone()], items.to_vec(), true), "pieces of {length}");
            }
        }
        assert_eq!(parts(br#"{"metadata":{},"items":[{"a":1},{"b""#, 7).map(|told| told.2), Ok(false));
        assert_eq!(parts(br#"{"metadata":{},"items":null}"#, 7), Ok((vec![json!({})], Vec::new(), true)));
        assert_eq!(parts(b"}", 1), Err(NoList));
    }

    #[test]
    fn nothing_grows_without_end() {
        let mut stream = ListStream::default();
        let mut push = |piece: &[u8]| stream.push(piece, |_| Ok::<_, NoList>(()));
        push(br#"{"items":[{"a":""#).expect("so far good");
        let pushed = (0..64).find(|_| push(&vec![b'x'; 1 << 20]).is_err());
        assert!(pushed.is_some_and(|count| count < 20));
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(text in "(\\{|\\}|\\[|\\]|\"|\\\\|,|:|items|metadata|\\PC){0,40}", length in 1_usize..8) {
            let _unused = parts(text.as_bytes(), length);
        }
    }
}
