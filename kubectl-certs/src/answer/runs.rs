//! The journal: what was done, and going on with it, taking it back, closing it.

use super::Control;
use super::observe::Observer;
use crate::access::Access;
use crate::error::{Error, ErrorKind};
use crate::execute::{self, History, Means};
use crate::report::{Report, RunInfo, RunState};
use crate::request::{Runs, RunsVerb};

pub(super) async fn runs(request: &Runs, access: &Access, control: &Control) -> Result<Report, Error> {
    if request.verb == RunsVerb::List {
        return Ok(Report::Runs(all(request, access).await?.into_iter().map(|(info, _)| info).collect()));
    }
    let (run, root) = which(request, access).await?;
    let node = access.nodes.at(&root);
    let observe = Observer { access };
    let means = Means {
        access,
        observe: &observe,
        node: node.clone(),
        root: &root,
        sink: control.sink.clone(),
        stop: control.stop.clone(),
    };
    match request.verb {
        RunsVerb::List | RunsVerb::Show => {
            let history = execute::history(&*node, &run).await?;
            let info = history.info(&*node).await;
            Ok(Report::RunDetails(info, history.events))
        }
        RunsVerb::Resume => execute::resume(&run, &means).await.map(Report::Run),
        RunsVerb::Undo => execute::undo(&run, &means).await.map(Report::Run),
        RunsVerb::Finish => execute::finish(&run, &means).await.map(Report::Run),
    }
}

/// The run that was named, or the only one that the verb can mean.
async fn which(request: &Runs, access: &Access) -> Result<(String, String), Error> {
    if let Some(run) = &request.run {
        let root = request.scope.root.clone().or_else(|| access.state.root_of(run)).unwrap_or_else(|| "/".to_owned());
        return Ok((run.clone(), root));
    }
    let fits = |state: RunState| match request.verb {
        RunsVerb::Resume => matches!(state, RunState::Unfinished | RunState::Failed),
        RunsVerb::Undo => !matches!(state, RunState::Undone | RunState::Finished),
        RunsVerb::Finish => matches!(state, RunState::Done | RunState::Undone),
        RunsVerb::List | RunsVerb::Show => true,
    };
    let fitting: Vec<(RunInfo, String)> =
        all(request, access).await?.into_iter().filter(|(info, _)| fits(info.state)).collect();
    match fitting.as_slice() {
        [(info, root)] => Ok((info.run.clone(), root.clone())),
        [] => Err(Error::new(ErrorKind::NotFound, "there is no run that this could mean")
            .hint("kubectl certs runs list shows all")),
        _ => {
            let names: Vec<&str> = fitting.iter().map(|(info, _)| info.run.as_str()).collect();
            Err(Error::usage(format!("which run? {}", names.join(", "))).hint("name one of them"))
        }
    }
}

/// Runs on the disk that was named; else those of this machine and of the disks that this operator worked on.
async fn all(request: &Runs, access: &Access) -> Result<Vec<(RunInfo, String)>, Error> {
    let roots = if let Some(root) = &request.scope.root {
        vec![root.clone()]
    } else {
        let mut roots = access.state.roots();
        roots.push("/".to_owned());
        roots.sort();
        roots.dedup();
        roots
    };
    let mut infos = Vec::new();
    for root in roots {
        let node = access.nodes.at(&root);
        let histories: Vec<History> = match execute::histories(&*node).await {
            Ok(histories) => histories,
            // Not being root here hides only what root did here.
            Err(_) if request.scope.root.is_none() => continue,
            Err(error) => return Err(error),
        };
        for history in histories {
            infos.push((history.info(&*node).await, root.clone()));
        }
    }
    infos.sort_by(|(a, _), (b, _)| a.run.cmp(&b.run));
    Ok(infos)
}
