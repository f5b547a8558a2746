//! `tree -o mermaid`: the same graph as a flowchart, for documents that draw Mermaid.

use std::io::{self, Write};

use crate::report::{State, Tree, TreeNode};

pub(super) fn write(tree: &Tree, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "flowchart TD")?;
    for (number, node) in tree.nodes.iter().enumerate() {
        writeln!(out, "  n{number}[\"{}\"]:::{}", label(node), class(node.state))?;
    }
    for (number, node) in tree.nodes.iter().enumerate() {
        for signed in &node.signed {
            writeln!(out, "  n{number} --> n{signed}")?;
        }
        if let Some(orphan) = &node.orphan {
            writeln!(out, "  o{number}([\"{}\"]):::missing -.-> n{number}", text(&orphan.message))?;
        }
        if !node.trusted_by.is_empty() {
            let count = node.trusted_by.len();
            let bundles = if count == 1 { text(&node.trusted_by[0].to_string()) } else { format!("{count} bundles") };
            writeln!(out, "  t{number}>\"trusted by {bundles}\"]:::trust -.- n{number}")?;
        }
    }
    // Borders tell the states apart too, for those who do not see the colours.
    out.write_all(
        b"  classDef good stroke:#2e7d32,stroke-width:1px\n  classDef soon stroke:#b26a00,stroke-width:3px,stroke-dasharray:6 3\n  \
          classDef bad stroke:#b00020,stroke-width:4px\n  classDef missing stroke:#616161,stroke-dasharray:2 2\n  \
          classDef trust stroke:#1565c0\n",
    )
}

fn label(node: &TreeNode) -> String {
    let places = match node.places.as_slice() {
        [] => String::new(),
        [one] => format!("<br>{}", text(&one.label)),
        [one, others @ ..] => format!("<br>{} and {} more", text(&one.label), others.len()),
    };
    let end = node.certificate.not_after.minute();
    format!("{}<br>{} until {}{places}", text(&node.name), node.state.word(), text(&end))
}

fn class(state: State) -> &'static str {
    match state {
        State::Expired | State::NotYetValid => "bad",
        State::Expiring => "soon",
        State::Valid => "good",
    }
}

/// Anybody may have chosen a name: whatever could mean something to Mermaid or to a browser goes by its number.
fn text(plain: &str) -> String {
    let mut out = String::new();
    for c in plain.chars() {
        if c.is_alphanumeric() || matches!(c, ' ' | '.' | '-' | '_' | '/' | '@') {
            out.push(c);
        } else {
            out.push_str(&format!("#{};", u32::from(c)));
        }
    }
    out
}
