//! Who relies on a Secret or ConfigMap, as sentences.

use crate::model::{Consumer, Gap, Owner, Relies, Time};

pub(super) fn sentence(consumer: &Consumer) -> String {
    let by = &consumer.by;
    let (count, s) = (consumer.pods, if consumer.pods == 1 { "" } else { "s" });
    let pods = |what: &str| format!("{by}: {count} pod{s} {what}");
    let verb = |one: &'static str, more: &'static str| if count == 1 { one } else { more };
    let older = match consumer.older_pods {
        0 => String::new(),
        older if older == count && older == 1 => {
            "; it started before the last change and works with what was there".to_owned()
        }
        older if older == count => "; all started before the last change and work with what was there".to_owned(),
        1 => "; 1 of them started before the last change and works with what was there".to_owned(),
        older => format!("; {older} of them started before the last change and work with what was there"),
    };
    let serves: Vec<String> = consumer.serves.iter().map(ToString::to_string).collect();
    let serves = serves.join(", ");
    match consumer.how {
        Relies::Volume => {
            pods(verb("mounts it; running pods are given what is new", "mount it; running pods are given what is new"))
        }
        Relies::SubPath => {
            format!(
                "{}{older}",
                pods(verb(
                    "mounts it by subPath, which is never updated",
                    "mount it by subPath, which is never updated"
                ))
            )
        }
        Relies::Environment => {
            format!(
                "{}{older}",
                pods(verb(
                    "has it in the environment, as it was at its start",
                    "have it in the environment, as it was at their start"
                ))
            )
        }
        Relies::Listener if serves.is_empty() => format!("{by} presents it"),
        Relies::Listener => format!("{by} presents it at {serves}"),
        Relies::Called => format!("{by} is served with it at {serves}"),
    }
}

/// What could not be asked, once for each kind.
pub(super) fn unseen(gap: &Gap) -> String {
    format!("not seen ({}): {}", gap.reason.code(), gap.message)
}

pub(super) fn kept_by(owner: &Owner, now: Time) -> String {
    let Owner { by, object, renewal } = owner;
    match renewal {
        Some(renewal) if *renewal < now => {
            format!("{by} ({object}), which should have renewed it {} ago", now.since(*renewal))
        }
        Some(renewal) => format!("{by} ({object}), which renews it in {}, on {}", renewal.since(now), renewal.minute()),
        None => format!("{by} ({object})"),
    }
}
