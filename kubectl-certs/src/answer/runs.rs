//! The journal: what was done, and going on with it, taking it back, closing it.

use super::Control;
use super::change::{fleet, refuse_other_clocks};
use super::observe::Observer;
use crate::access::Access;
use crate::error::{Error, ErrorKind};
use crate::execute::{self, Means};
use crate::report::{Report, RunInfo, RunState};
use crate::request::{Runs, RunsVerb, Scope};

pub(super) async fn runs(request: &Runs, access: &Access, control: &Control) -> Result<Report, Error> {
    let looks = matches!(request.verb, RunsVerb::List | RunsVerb::Show);
    answer(request, access, control).await.map_err(|error| match error.kind {
        // Who only looks has begun nothing that could fail and be taken back.
        ErrorKind::FailedSafe if looks => Error { kind: ErrorKind::Unreadable, ..error },
        _ => error,
    })
}

async fn answer(request: &Runs, access: &Access, control: &Control) -> Result<Report, Error> {
    if request.verb == RunsVerb::List {
        return Ok(Report::Runs(all(request, access).await?.into_iter().map(|(info, _)| info).collect()));
    }
    let (run, scope) = which(request, access).await?;
    let fleet = fleet(&scope, access).await?;
    let root = scope.root.as_deref().unwrap_or("/");
    let observe = Observer { access, fleet: &fleet };
    let means = Means {
        access,
        observe: &observe,
        fleet: &fleet,
        root,
        place: &scope.disk_arguments(),
        sink: control.sink.clone(),
        stop: control.stop.clone(),
    };
    match request.verb {
        RunsVerb::List | RunsVerb::Show => {
            let history = execute::history(&fleet, &run).await?;
            let info = history.info(&fleet).await;
            Ok(Report::RunDetails(info, history.events))
        }
        RunsVerb::Resume => {
            // Going on signs and installs; the way back is open whatever the time is.
            refuse_other_clocks(&fleet, access).await?;
            execute::resume(&run, &means).await.map(|done| Report::Run(done, Vec::new()))
        }
        RunsVerb::Undo => execute::undo(&run, &means).await.map(|done| Report::Run(done, Vec::new())),
        RunsVerb::Finish => execute::finish(&run, &means).await.map(|done| Report::Run(done, Vec::new())),
    }
}

/// The run that was named, or the only one that the verb can mean; and the disks that it is on.
async fn which(request: &Runs, access: &Access) -> Result<(String, Scope), Error> {
    let named = (!request.scope.disks().is_default()).then(|| request.scope.disks());
    if let Some(run) = &request.run {
        return Ok((run.clone(), named.or_else(|| access.state.disks_of(run)).unwrap_or_default()));
    }
    let fits = |state: RunState| match request.verb {
        RunsVerb::Resume => matches!(state, RunState::Unfinished | RunState::Failed),
        RunsVerb::Undo => !matches!(state, RunState::Undone | RunState::Finished),
        RunsVerb::Finish => matches!(state, RunState::Done | RunState::Undone),
        RunsVerb::List | RunsVerb::Show => true,
    };
    let fitting: Vec<(RunInfo, Scope)> =
        all(request, access).await?.into_iter().filter(|(info, _)| fits(info.state)).collect();
    match fitting.as_slice() {
        [(info, scope)] => Ok((info.run.clone(), scope.clone())),
        [] => Err(Error::new(ErrorKind::NotFound, "there is no run that this could mean")
            .hint("kubectl certs runs list shows all")),
        _ => {
            let names: Vec<&str> = fitting.iter().map(|(info, _)| info.run.as_str()).collect();
            Err(Error::usage(format!("which run? {}", names.join(", "))).hint("name one of them"))
        }
    }
}

/// Runs on the disks that were named; else those of this machine and of the disks that this operator worked on.
async fn all(request: &Runs, access: &Access) -> Result<Vec<(RunInfo, Scope)>, Error> {
    let named = request.scope.disks();
    let is_named = !named.is_default();
    let scopes = if is_named {
        vec![named]
    } else {
        let mut scopes = access.state.disks();
        scopes.push(Scope::default());
        scopes
    };
    let mut infos: Vec<(RunInfo, Scope)> = Vec::new();
    for scope in scopes {
        let found = async {
            let fleet = fleet(&scope, access).await?;
            let mut found = Vec::new();
            for history in execute::histories(&fleet).await? {
                found.push(history.info(&fleet).await);
            }
            Ok::<_, Error>(found)
        };
        match found.await {
            Ok(found) => {
                let new = |info: &RunInfo| !infos.iter().any(|(known, _)| known.run == info.run);
                let found: Vec<_> = found.into_iter().filter(new).map(|info| (info, scope.clone())).collect();
                infos.extend(found);
            }
            // Not being root here hides only what root did here.
            Err(_) if !is_named => {}
            Err(error) => return Err(error),
        }
    }
    infos.sort_by(|(a, _), (b, _)| a.run.cmp(&b.run));
    Ok(infos)
}
