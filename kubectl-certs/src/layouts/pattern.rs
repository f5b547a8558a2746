//! A `*` in names and paths of tables: any text without `/`, at least one character.

/// What the last `*` stands for, where `text` is of this pattern; nothing for one without `*`.
pub fn captured<'a>(pattern: &str, text: &'a str) -> Option<&'a str> {
    let (first, rest) = pattern.split_once('*')?;
    let text = text.strip_prefix(first)?;
    let longest = text.find('/').unwrap_or(text.len());
    let ends = text.char_indices().map(|(at, _)| at).chain([text.len()]).filter(|at| (1..=longest).contains(at));
    ends.rev().find_map(|end| {
        if rest.contains('*') { captured(rest, &text[end..]) } else { (text[end..] == *rest).then(|| &text[..end]) }
    })
}

/// With `star` in the place of each `*`.
pub fn filled(pattern: &str, star: &str) -> String {
    pattern.replace('*', star)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_stand_for_text_without_a_slash() {
        for (pattern, text, wanted) in [
            ("kube-etcd-*.pem", "kube-etcd-10-0-0-1.pem", Some("10-0-0-1")),
            ("kube-etcd-*.pem", "kube-etcd-.pem", None),
            ("kube-etcd-*.pem", "kube-etcd-a/b.pem", None),
            ("kube-etcd-*.pem", "kube-etcd-a.pem.bak", None),
            ("/*/bundle/*/pem", "/current/bundle/kube-ca/pem", Some("kube-ca")),
            ("/*/bundle/*/pem", "/current/bundle/kube-ca/key", None),
            ("*", "é", Some("é")),
            ("plain", "plain", None),
        ] {
            assert_eq!(captured(pattern, text), wanted, "{pattern} {text}");
        }
        assert_eq!(filled("a-*/b-*.key", "1"), "a-1/b-1.key");
    }
}
