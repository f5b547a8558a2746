//! The tree: authorities, who trusts them, what they signed, all by signature. What was shown once is only named again.

use std::io::{self, Write};

use super::{Format, Style, clean};
use crate::report::{Tree, TreeNode};

/// How many places of a kind are named where not all are wanted.
const FEW: usize = 3;

struct Lines {
    branch: &'static str,
    last: &'static str,
    down: &'static str,
    nothing: &'static str,
}

const UNICODE: Lines = Lines { branch: "├─ ", last: "└─ ", down: "│  ", nothing: "   " };
const ASCII: Lines = Lines { branch: "|- ", last: "`- ", down: "|  ", nothing: "   " };

pub(super) fn write(tree: &Tree, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    let lines = if style.ascii { &ASCII } else { &UNICODE };
    let wide = matches!(style.format, Format::Wide);
    let mut writer = Writer { tree, lines, wide, out, shown: vec![false; tree.nodes.len()] };
    for &root in &tree.roots {
        writer.top(root)?;
    }
    for (index, &orphan) in tree.orphans.iter().enumerate() {
        if index == 0 {
            writeln!(writer.out, "{}Signed by nothing that was read:", if tree.roots.is_empty() { "" } else { "\n" })?;
        }
        writer.top(orphan)?;
    }
    Ok(())
}

struct Writer<'a> {
    tree: &'a Tree,
    lines: &'static Lines,
    wide: bool,
    out: &'a mut dyn Write,
    shown: Vec<bool>,
}

/// A node that is still to be written, with what stands before its line and before the lines below it.
struct Pending {
    number: usize,
    before: String,
    below: String,
}

impl Writer<'_> {
    /// Chains may be as long as somebody likes: this does not call itself.
    fn top(&mut self, number: usize) -> io::Result<()> {
        let mut pending = vec![Pending { number, before: String::new(), below: String::new() }];
        while let Some(Pending { number, before, below }) = pending.pop() {
            let Some(node) = self.tree.nodes.get(number) else { continue };
            let again = core::mem::replace(&mut self.shown[number], true);
            writeln!(self.out, "{before}{}", self.headline(node, again))?;
            if again {
                continue;
            }
            let details = if node.signed.is_empty() { self.lines.nothing } else { self.lines.down };
            for detail in self.details(node) {
                writeln!(self.out, "{below}{details}{}", clean::line(&detail))?;
            }
            for (index, &child) in node.signed.iter().enumerate().rev() {
                let (branch, down) = if index + 1 == node.signed.len() {
                    (self.lines.last, self.lines.nothing)
                } else {
                    (self.lines.branch, self.lines.down)
                };
                pending.push(Pending {
                    number: child,
                    before: format!("{below}{branch}"),
                    below: format!("{below}{down}"),
                });
            }
        }
        Ok(())
    }

    fn headline(&self, node: &TreeNode, again: bool) -> String {
        let name = clean::line(&node.name);
        if again {
            // Nothing hangs on a leaf, so there is nothing to look for above.
            let more = if node.signed.is_empty() { "" } else { ", with what it signed" };
            return format!("{name}   (shown above{more})");
        }
        let mut parts = vec![name, node.state.word().to_owned(), node.certificate.not_after.minute()];
        if let [only] = node.places.as_slice() {
            parts.push(clean::line(&only.label));
        }
        parts.join("   ")
    }

    fn details(&self, node: &TreeNode) -> Vec<String> {
        let mut details = Vec::new();
        if let Some(orphan) = &node.orphan {
            details.push(format!("why: {}", orphan.message));
        }
        if node.places.len() > 1 {
            details.push(format!("in: {}", self.some(node.places.iter().map(|place| place.label.clone()))));
        }
        if node.signed_by.len() > 1 {
            let signers = node.signed_by.iter().filter_map(|number| self.tree.nodes.get(*number));
            let signers =
                signers.map(|signer| format!("{} (until {})", signer.name, signer.certificate.not_after.minute()));
            details.push(format!("signed by each of: {}", self.some(signers)));
        }
        if node.certificate.is_authority {
            let trusted = match node.trusted_by.len() {
                0 => "trusted by: nobody here".to_owned(),
                1 => format!("trusted by: {}", self.some(node.trusted_by.iter().map(ToString::to_string))),
                count => format!("trusted by {count}: {}", self.some(node.trusted_by.iter().map(ToString::to_string))),
            };
            let relied = match node.relied_on {
                0 => String::new(),
                1 => "; 1 connection relies on it".to_owned(),
                count => format!("; {count} connections rely on it"),
            };
            details.push(trusted + &relied);
        }
        details
    }

    /// All with `-o wide`, else the first few.
    fn some(&self, names: impl Iterator<Item = String>) -> String {
        let names: Vec<String> = names.collect();
        let most = if self.wide || names.len() <= FEW + 1 { names.len() } else { FEW };
        let more = if most < names.len() { format!(" and {} more", names.len() - most) } else { String::new() };
        names[..most].join(", ") + &more
    }
}
