//! A plan as people read it before they say yes: what happens, what they will notice, how it is proven, what is left.

use super::table::table;
use super::text::disks;
use super::{Rendered, Style};
use crate::plan::{LeftAlone, Plan};

pub(super) fn render(plan: &Plan, style: &Style) -> Rendered {
    if plan.is_empty() {
        return Rendered { out: left_alone(&plan.left_alone, style), err: "Nothing to renew.\n".to_owned() };
    }
    let mut out = String::new();
    for (index, phase) in plan.phases.iter().enumerate() {
        out.push_str(&format!("{}. {}: {}\n", index + 1, phase.name, phase.why));
        let rows: Vec<_> =
            phase.steps.iter().map(|step| vec![step.id.clone(), step.title.clone(), step.impact.clone()]).collect();
        out.push_str(&indented(&table(&["STEP", "WHAT", "IMPACT"], &rows, style.headers)));
        for condition in &phase.gate {
            out.push_str(&format!("   until {condition}, five times in a row\n"));
        }
    }
    out.push_str(&left_alone(&plan.left_alone, style));
    let count = plan.steps().count();
    Rendered {
        out,
        err: format!(
            "{count} step{} on {}. Each file is backed up first; {} runs undo takes all of it back.\n",
            if count == 1 { "" } else { "s" },
            disks(&plan.root, &plan.nodes),
            style.program
        ),
    }
}

pub(super) fn left_alone(left_alone: &[LeftAlone], style: &Style) -> String {
    if left_alone.is_empty() {
        return String::new();
    }
    let rows: Vec<_> = left_alone.iter().map(|left| vec![left.name.clone(), left.why.clone()]).collect();
    format!("Left alone:\n{}", indented(&table(&["NAME", "WHY"], &rows, style.headers)))
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("   {line}\n")).collect()
}
