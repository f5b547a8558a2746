//! What a step finds in a reading of the world: is it done, is what it replaces still what was planned for, and what shows
//! that its work is in use.

use crate::error::Error;
use crate::event::Made;
use crate::model::{Evidence, Location, Purpose, TakesEffect, Use};
use crate::plan::{Action, Step, World};

/// The last action's goals say that a step is done: those before it prepare.
pub(super) fn reached(step: &Step, world: &World) -> Result<Vec<String>, String> {
    let goals = step.actions.last().map(Action::goal).unwrap_or_default();
    goals.iter().map(|goal| goal.holds(world)).collect()
}

/// Nobody has touched what this step replaces, but perhaps a cut-off attempt of this very run.
pub(super) fn check_expected(step: &Step, world: &World) -> Result<(), Error> {
    for expected in &step.expects {
        let at = &expected.at;
        let found = match digest_of(at, world) {
            Some(digest) => digest,
            // Taken away by this run, and not made anew yet.
            None if is_remade(step) && world.backups.get(at) == Some(&expected.digest) => continue,
            None => return Err(Error::refused(format!("{at} is gone since this was planned")).about(at)),
        };
        if found == Some(&expected.digest) {
            continue;
        }
        if found.is_none() || found != world.ours.get(at) {
            return Err(Error::refused(format!(
                "{at} was changed since this was planned: found {}, expected {}",
                found.map_or("nothing readable", |digest| &digest[..12]),
                &expected.digest[..12]
            ))
            .about(at)
            .hint("somebody else may be renewing too; look at it, then plan again"));
        }
    }
    Ok(())
}

#[expect(clippy::option_option, reason = "no such file, and a file with nothing readable in it, are two things")]
/// The digest of a file of which something was read: none where there is no such file, or nothing readable in it.
pub(super) fn digest_of<'a>(at: &Location, world: &'a World) -> Option<Option<&'a String>> {
    let entries = &world.inventory.entries;
    // A key file with its certificate: a file of its own is told of with the certificate that it belongs to.
    let own = entries.iter().find(|entry| entry.at.whole_file().as_ref() == Some(at));
    match own {
        Some(entry) => Some(entry.digest.as_ref()),
        None => entries.iter().find(|entry| entry.key_at.as_deref() == Some(at)).map(|entry| entry.key_digest.as_ref()),
    }
}

pub(super) fn is_remade(step: &Step) -> bool {
    step.actions.iter().any(|action| matches!(action, Action::Remake(_)))
}

/// What is there now that its owner made it anew.
pub(super) fn made(step: &Step, world: &World) -> Vec<Made> {
    let Some(Action::Remake(remake)) = step.actions.last() else { return Vec::new() };
    let made = remake.files().into_iter().filter_map(|at| {
        let digest = digest_of(&at, world).flatten()?.clone();
        Some(Made { at, digest })
    });
    made.collect()
}

/// What shows that its running clients work with what was written. Servers are proven by a handshake, restarts by the new
/// process, and what is read on a timer is pending.
pub(super) fn taken_up(step: &Step, world: &World) -> Vec<String> {
    let written = step.actions.iter().find_map(|action| match action {
        Action::WriteIdentity(write) => Some(&write.at),
        _ => None,
    });
    let clients = world.inventory.uses.iter().filter(|use_| {
        Some(&use_.place) == written
            && matches!(use_.purpose, Purpose::ClientOf { .. })
            && matches!(use_.takes_effect, TakesEffect::EachHandshake | TakesEffect::Watch)
            && use_.loaded.evidence != Evidence::NotRunning
    });
    // What was seen before it was written says nothing of what is there now.
    let evidence = |use_: &Use| match use_.takes_effect {
        TakesEffect::EachHandshake => Evidence::ReadOnEachUse,
        _ => Evidence::Assumed,
    };
    clients.map(|use_| format!("in use by {}: {}", use_.component, evidence(use_).sentence())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{IdentityStore, Loaded};
    use crate::plan::Undo;
    use crate::plan::action::WriteIdentity;
    use crate::plan::condition::Renewal;

    /// What nobody has seen is said as such, and is not passed off as proof.
    #[test]
    fn running_clients_are_told_with_their_evidence() {
        let at = Location::file("/pki/front-proxy-client.crt");
        let client = |component: &str, takes_effect, evidence| Use {
            component: component.to_owned(),
            purpose: Purpose::ClientOf { server: "others".to_owned() },
            place: at.clone(),
            stored: None,
            loaded: Loaded { certificate: None, evidence, started: None, written: None },
            takes_effect,
        };
        let mut world = World::default();
        world.inventory.uses = vec![
            client("watcher", TakesEffect::Watch, Evidence::ProcessYounger),
            client("reader", TakesEffect::EachHandshake, Evidence::ProcessYounger),
            client("timer", TakesEffect::Timer { seconds: 300 }, Evidence::Assumed),
            client("stopped", TakesEffect::Watch, Evidence::NotRunning),
        ];
        let store = IdentityStore::Combined { path: "/pki/front-proxy-client.crt".to_owned() };
        let old = crate::formats::certificate::parse(&some_certificate()).expect("a certificate");
        let renewal = Renewal::of(&old, &old.fingerprint, old.not_after);
        let step = Step {
            id: "renew".to_owned(),
            node: None,
            title: String::new(),
            actions: vec![Action::WriteIdentity(WriteIdentity { step: "renew".to_owned(), at, store, renewal })],
            expects: Vec::new(),
            undo: Undo::Restore(Vec::new()),
            impact: String::new(),
            pending_seconds: None,
        };
        let wanted = [
            "in use by watcher: assumed, not observed",
            "in use by reader: the component reads it for each connection",
        ];
        assert_eq!(taken_up(&step, &world), wanted);
    }

    fn some_certificate() -> Vec<u8> {
        let key = rcgen::KeyPair::generate().expect("a key");
        let parameters = rcgen::CertificateParams::new(vec!["it".to_owned()]).expect("a name");
        parameters.self_signed(&key).expect("a certificate").der().to_vec()
    }
}
