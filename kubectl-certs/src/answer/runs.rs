//! The journal: what was done, and going on with it, taking it back, closing it.

use super::Control;
use super::change::{fleet, refuse_other_clocks};
use super::observe::Observer;
use super::operator;
use crate::access::Access;
use crate::access::nodes::{NodeErrorKind, NodeOp};
use crate::error::{Error, ErrorKind};
use crate::execute::{self, Means};
use crate::model::{Gap, GapReason, Location};
use crate::report::{Report, RunInfo, RunState};
use crate::request::{Runs, RunsVerb, Scope, quoted};

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
        let Known { runs, gaps } = all(request, access).await?;
        return Ok(Report::Runs(runs.into_iter().map(|(info, _)| info).collect(), gaps));
    }
    let (run, scope) = which(request, access).await?;
    let fleet = operator::of_run(fleet(&scope, access).await?, &run, access).await?;
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
    let Known { runs, gaps } = all(request, access).await?;
    let verb = request.verb.word();
    if let Some(gap) = gaps.first() {
        return Err(Error::unreadable(format!(
            "which run is meant is not known while some of them cannot be seen: {}",
            gap.message
        ))
        .about(&gap.at)
        .hint(format!(
            "name the run (kubectl certs runs list shows those that can be seen): kubectl certs runs {verb} RUN"
        )));
    }
    let fits = |state: RunState| match request.verb {
        RunsVerb::Resume => matches!(state, RunState::Unfinished | RunState::Failed),
        RunsVerb::Undo => !matches!(state, RunState::Undone | RunState::Finished),
        RunsVerb::Finish => matches!(state, RunState::Done | RunState::Undone),
        RunsVerb::List | RunsVerb::Show => true,
    };
    let fitting: Vec<&(RunInfo, Scope)> = runs.iter().filter(|(info, _)| fits(info.state)).collect();
    match (fitting.as_slice(), runs.last()) {
        // Who asks twice would else reach behind the run that they mean.
        ([(only, scope)], Some((latest, _))) if only.run != latest.run && request.verb != RunsVerb::Resume => {
            let place = scope.disk_arguments();
            Err(Error::usage(format!("which run? the latest, {}, is {} already", latest.run, latest.word()))
                .hint(format!("to {verb} the one before it: kubectl certs runs {verb} {}{place}", only.run)))
        }
        ([(info, scope)], _) => Ok((info.run.clone(), scope.clone())),
        ([], _) => Err(Error::new(ErrorKind::NotFound, "there is no run that this could mean")
            .hint("kubectl certs runs list shows all")),
        _ => {
            let names: Vec<&str> = fitting.iter().map(|(info, _)| info.run.as_str()).collect();
            Err(Error::usage(format!("which run? {}", names.join(", "))).hint("name one of them"))
        }
    }
}

/// The runs that are known here, the oldest first, each with its disks.
struct Known {
    runs: Vec<(RunInfo, Scope)>,
    gaps: Vec<Gap>,
}

/// Runs on the disks that were named; else those of this machine and of the disks that this operator worked on.
async fn all(request: &Runs, access: &Access) -> Result<Known, Error> {
    let named = request.scope.disks();
    let mut known = Known { runs: Vec::new(), gaps: Vec::new() };
    if !named.is_default() {
        known.add(on_disks(&named, access).await?, |_| named.clone());
        return Ok(known);
    }
    let mut scopes = access.state.disks();
    scopes.retain(|scope| !scope.is_default());
    scopes.push(Scope::default());
    for scope in scopes {
        // Another fleet may hold only a part of the nodes of a run.
        let own = |run: &str| access.state.disks_of(run).unwrap_or_else(|| scope.clone());
        match on_disks(&scope, access).await {
            Ok(found) => known.add(found, own),
            Err(_) if scope.is_default() && is_for_root(access).await => {}
            Err(error) => known.gaps.push(gap(&scope, &error, access)),
        }
    }
    known.runs.sort_by(|(a, _), (b, _)| a.run.cmp(&b.run));
    Ok(known)
}

impl Known {
    fn add(&mut self, found: Vec<RunInfo>, scope: impl Fn(&str) -> Scope) {
        for info in found {
            if !self.runs.iter().any(|(known, _)| known.run == info.run) {
                let scope = scope(&info.run);
                self.runs.push((info, scope));
            }
        }
    }
}

async fn on_disks(scope: &Scope, access: &Access) -> Result<Vec<RunInfo>, Error> {
    let fleet = fleet(scope, access).await?;
    let mut found = Vec::new();
    for history in execute::histories(&fleet).await? {
        found.push(history.info(&fleet).await);
    }
    Ok(found)
}

/// Not being root here hides only what root did here.
async fn is_for_root(access: &Access) -> bool {
    let asked = access.nodes.at("/").run(NodeOp::Runs).await;
    matches!(asked, Err(error) if error.kind == NodeErrorKind::PermissionDenied)
}

fn gap(scope: &Scope, error: &Error, access: &Access) -> Gap {
    let disk = scope.root.as_deref().unwrap_or("/");
    let place = scope.disk_arguments();
    let notes: Vec<String> = access.state.notes_of(scope).iter().map(|note| quoted(&note.to_string_lossy())).collect();
    let way_out = match error.kind {
        ErrorKind::NotFound => format!("; if it is gone for good, remove what remembers it: {}", notes.join(" ")),
        _ => String::new(),
    };
    let runs = if place.is_empty() { "the runs of this machine".to_owned() } else { format!("the runs with{place}") };
    Gap {
        at: Location::file_on(scope.ssh.hosts.first().map(String::as_str), disk),
        reason: match error.kind {
            ErrorKind::NotFound => GapReason::NotFound,
            ErrorKind::Unreadable => GapReason::Unreachable,
            _ => GapReason::ReadFailed,
        },
        message: format!("{runs} are not known: {}{way_out}", error.message),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::Arc;

    use async_trait::async_trait;

    use super::*;
    use crate::access::clock::SystemClock;
    use crate::access::nodes::{LocalNode, Node, NodeError, Nodes, SshOptions};
    use crate::access::state_dir::StateDir;
    use crate::event::{Event, What};
    use crate::model::Time;
    use crate::request::Ssh;

    /// This machine, whose own disk is a folder, and hosts that do not answer.
    struct Network(std::path::PathBuf);

    #[async_trait]
    impl Nodes for Network {
        fn at(&self, root: &str) -> Arc<dyn Node> {
            Arc::new(LocalNode::new(if root == "/" { self.0.as_path() } else { Path::new(root) }))
        }

        async fn over_ssh(&self, how: SshOptions) -> Result<Arc<dyn Node>, NodeError> {
            let message = format!("{}: no connection", how.destination);
            Err(NodeError::new(NodeErrorKind::Unreachable, message))
        }
    }

    fn access(folder: &Path) -> Access {
        let machine = folder.join("machine");
        std::fs::create_dir_all(&machine).expect("a folder");
        let state = StateDir::at(folder.join("operator"));
        Access { clock: Arc::new(SystemClock), nodes: Arc::new(Network(machine)), state, ..Access::system() }
    }

    /// A run that came as far as these.
    async fn leave(access: &Access, run: &str, root: &str, rest: &[What]) {
        let begun = What::Started {
            plan_digest: String::new(),
            root: root.to_owned(),
            nodes: Vec::new(),
            title: "1 step".to_owned(),
        };
        for (seq, what) in (1..).zip(core::iter::once(&begun).chain(rest)) {
            let event = Event { run: run.to_owned(), seq, time: Time::from_unix(7), what: what.clone() };
            let line = serde_json::to_string(&event).expect("a line");
            access.nodes.at(root).run(NodeOp::Append { run: run.to_owned(), line }).await.expect("written");
        }
    }

    fn asked(verb: RunsVerb) -> Runs {
        Runs { scope: Scope::default(), verb, run: None }
    }

    async fn list(access: &Access) -> (Vec<String>, Vec<Gap>) {
        let report = runs(&asked(RunsVerb::List), access, &Control::silent()).await.expect("a list");
        let Report::Runs(runs, gaps) = report else { panic!("no list: {report:?}") };
        (runs.into_iter().map(|run| run.run).collect(), gaps)
    }

    const DONE: What = What::Finished { done: 1, skipped: 0 };

    #[tokio::test]
    async fn a_cluster_that_does_not_answer_is_a_gap_and_no_other_ones_run_is_taken_for_its() {
        let folder = tempfile::tempdir().expect("a folder");
        let access = access(folder.path());
        leave(&access, "20260101t000000z-aaaa", "/", &[DONE]).await;
        let hosts = vec!["cp1".to_owned(), "cp2".to_owned()];
        let elsewhere = Scope { ssh: Ssh { hosts, ..Ssh::default() }, ..Scope::default() };
        access.state.remember("20260102t000000z-bbbb", &elsewhere);
        let gone = folder.path().join("gone").display().to_string();
        access.state.remember("20260103t000000z-cccc", &Scope { root: Some(gone.clone()), ..Scope::default() });

        let (runs, gaps) = list(&access).await;
        assert_eq!(runs, ["20260101t000000z-aaaa"]);
        let mut gaps: Vec<_> = gaps.into_iter().map(|gap| (gap.reason, gap.message)).collect();
        gaps.sort();
        assert_eq!((gaps.len(), gaps[0].0, gaps[1].0), (2, GapReason::NotFound, GapReason::Unreachable));
        let note = folder.path().join("operator/runs/20260103t000000z-cccc").display().to_string();
        assert!(gaps[0].1.contains(&gone) && gaps[0].1.ends_with(&note), "{gaps:?}");
        assert!(gaps[1].1.contains("--ssh cp1 --ssh cp2") && gaps[1].1.contains("no connection"), "{gaps:?}");
        for verb in [RunsVerb::Undo, RunsVerb::Finish, RunsVerb::Resume] {
            let error = which(&asked(verb), &access).await.expect_err("it is not known which");
            assert_eq!(error.kind, ErrorKind::Unreadable, "{error}");
        }
        let named = Runs { run: Some("20260101t000000z-aaaa".to_owned()), ..asked(RunsVerb::Undo) };
        assert_eq!(which(&named, &access).await.expect("named").1, Scope::default());
    }

    #[tokio::test]
    async fn without_a_name_the_latest_run_is_meant() {
        let folder = tempfile::tempdir().expect("a folder");
        let access = access(folder.path());
        let [first, second] = ["20260101t000000z-aaaa", "20260102t000000z-bbbb"];
        leave(&access, first, "/", &[DONE]).await;
        assert_eq!(which(&asked(RunsVerb::Undo), &access).await.expect("the only one").0, first);
        leave(&access, second, "/", &[DONE, What::UndoStarted, What::Undone, What::Wiped]).await;
        for verb in [RunsVerb::Undo, RunsVerb::Finish] {
            let error = which(&asked(verb), &access).await.expect_err("said twice");
            assert_eq!(error.kind, ErrorKind::Usage);
            assert!(error.message.contains(second) && error.message.contains("undone-finished"), "{error}");
            assert!(error.hints[0].ends_with(&format!("runs {} {first}", verb.word())), "{error:?}");
        }
    }

    /// What is remembered of a run says more than the fleet in which a part of it was seen.
    #[tokio::test]
    async fn a_run_is_looked_for_where_it_was_begun() {
        let folder = tempfile::tempdir().expect("a folder");
        let access = access(folder.path());
        let root = folder.path().join("disk").display().to_string();
        std::fs::create_dir_all(&root).expect("a folder");
        let scope = Scope { root: Some(root.clone()), ..Scope::default() };
        access.state.remember("20260101t000000z-aaaa", &scope);
        leave(&access, "20260101t000000z-aaaa", &root, &[DONE]).await;
        let found = which(&asked(RunsVerb::Undo), &access).await.expect("the only one");
        assert_eq!(found, ("20260101t000000z-aaaa".to_owned(), scope));
    }
}
