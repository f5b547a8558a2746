//! Changing requests: plan, rehearse, and do what was agreed to.

use futures::future::join_all;

use super::Control;
use super::look;
use super::missing;
use super::observe::{Observer, inventory, of_inventory};
use super::operator::{self, Looked};
use super::requests;
use crate::access::Access;
use crate::access::nodes::{self, Fleet, Member, NodeErrorKind, NodeOp};
use crate::error::Error;
use crate::execute::{self, Approval, Means, Observe};
use crate::findings::{self, Finding, View};
use crate::model::{Gap, Holds, Inventory, Location, Owner, Span, Time};
use crate::plan::action::Restart;
use crate::plan::elsewhere;
use crate::plan::rehearse::rehearse;
use crate::plan::renew::{Asked, BACK_DATED, plan};
use crate::plan::signed::KeptRequest;
use crate::plan::unknown::refuse_senseless;
use crate::plan::{Action, LeftAlone, Plan, RehearsedPlan, World, unread};
use crate::report::{Planned, Report, RunDone};
use crate::request::{API, LONGEST_DRAIN, Mode, Renew, Scope};
use crate::sources::{self, Wanted};

/// The dates of the new certificates are part of a plan; after so long they no longer are what was meant.
const PLAN_KEEPS: Span = Span::hours(24);

pub(super) async fn renew(request: &Renew, access: &Access, control: &Control) -> Result<Report, Error> {
    if let (Mode::Apply, Some(at)) = (request.mode, request.scope.at) {
        require_fresh(at, access)?;
    }
    let request = &operator::as_leaf(request);
    if request.requests {
        return requests::requests(request, access).await;
    }
    let (rehearsed, gaps) = make(request, access).await?;
    match request.mode {
        Mode::Plan => Ok(Report::Plan(Box::new(Planned { plan: rehearsed.plan().clone(), gaps }))),
        Mode::Apply => {
            (control.planned)(&Planned { plan: rehearsed.plan().clone(), gaps: gaps.clone() });
            execute(&rehearsed, gaps, access, control).await
        }
    }
}

/// A saved plan is consent, not a program: it is planned again, and only an equal plan is done.
pub(super) async fn apply(saved: &serde_json::Value, access: &Access, control: &Control) -> Result<Report, Error> {
    let (rehearsed, gaps) = again(saved, access).await?;
    execute(&rehearsed, gaps, access, control).await
}

/// What would be done, for somebody to look at before they say yes to it.
pub async fn saved_plan(saved: &serde_json::Value, access: &Access) -> Result<Report, Error> {
    let (rehearsed, gaps) = again(saved, access).await?;
    Ok(Report::Plan(Box::new(Planned { plan: rehearsed.plan().clone(), gaps })))
}

async fn again(saved: &serde_json::Value, access: &Access) -> Result<(RehearsedPlan, Vec<Gap>), Error> {
    let saved = read_plan(saved)?;
    if saved.api != API {
        return Err(Error::usage(format!("the plan speaks '{}', this program '{API}'", saved.api))
            .hint("plan again with this version"));
    }
    require_fresh(saved.at, access)?;
    let request = Renew {
        mode: Mode::Plan,
        scope: Scope { at: Some(saved.at), ..saved.request.scope.clone() },
        ..saved.request.clone()
    };
    let why = match make(&request, access).await {
        Ok((rehearsed, gaps)) if *rehearsed.plan() == saved => return Ok((rehearsed, gaps)),
        Ok((rehearsed, _)) => {
            let why = difference(rehearsed.plan(), &saved);
            Error::refused(format!("planning again gives another plan than the saved one: {why}")).hint(
                "either the files were changed since, or the plan was edited; plan again, look at it, and apply that",
            )
        }
        Err(error) => error,
    };
    // Where another run is changing the disk at this moment, that is why nothing is as it was planned.
    let scope = saved.disks();
    let Ok(fleet) = fleet(&scope, access).await else { return Err(why) };
    Err(execute::other_run(&fleet, &scope.disk_arguments()).await.unwrap_or(why))
}

fn require_fresh(at: Time, access: &Access) -> Result<(), Error> {
    let age = access.clock.now().since(at);
    if age > PLAN_KEEPS || age < Span(0) {
        return Err(Error::refused(format!("the plan was made {at}, and a plan is good for {PLAN_KEEPS}"))
            .hint("plan again: the dates of the new certificates are part of it"));
    }
    Ok(())
}

/// The plan itself, or the document that `-o json` prints around it, which holds nothing else.
fn read_plan(value: &serde_json::Value) -> Result<Plan, Error> {
    let document = match value.get("items").and_then(serde_json::Value::as_array).map(Vec::as_slice) {
        Some([item]) => {
            require_envelope(
                value,
                &[("apiVersion", Some(API)), ("kind", Some("List")), ("items", None), ("gaps", None)],
            )?;
            item
        }
        Some(items) => {
            return Err(Error::usage(format!("one plan is wanted, and this document holds {} items", items.len())));
        }
        None => value,
    };
    if document.get("plan").is_some() {
        require_envelope(document, &[("kind", Some("Plan")), ("digest", None), ("plan", None)])?;
    }
    let inner = document.get("plan").unwrap_or(document);
    let plan: Plan = serde_json::from_value(inner.clone()).map_err(|error| {
        Error::usage(format!("this is no plan of renew: {error}"))
            .hint("make one with: kubectl certs renew --dry-run -o json > plan.json")
    })?;
    let digest = document.get("digest");
    if digest.is_some_and(|digest| digest.as_str() != Some(plan.digest().as_str())) {
        return Err(Error::refused("the plan is not the one that its digest stands for: one of them was edited")
            .hint("plan again, look at it, and apply that"));
    }
    Ok(plan)
}

/// What stands around a plan may be absent, and is otherwise what this program printed: anything else was made for another
/// purpose or by another hand.
fn require_envelope(around: &serde_json::Value, fields: &[(&str, Option<&str>)]) -> Result<(), Error> {
    for (name, value) in around.as_object().into_iter().flatten() {
        let wanted = match fields.iter().find(|(field, _)| field == name) {
            Some((_, None)) => continue,
            Some((_, Some(wanted))) if value.as_str() == Some(*wanted) => continue,
            Some((_, Some(wanted))) => format!("has {name} {value}, and '{wanted}' is wanted"),
            None => format!("has the field '{name}', which this program does not write"),
        };
        return Err(Error::usage(format!("the document around the plan {wanted}"))
            .hint("make one with: kubectl certs renew --dry-run -o json > plan.json"));
    }
    Ok(())
}

fn difference(new: &Plan, saved: &Plan) -> String {
    let steps = |plan: &Plan| plan.steps().map(|step| step.id.clone()).collect::<Vec<_>>();
    if steps(new) != steps(saved) {
        return format!("now [{}], saved [{}]", steps(new).join(", "), steps(saved).join(", "));
    }
    new.steps().zip(saved.steps()).find(|(new, saved)| new != saved).map_or_else(
        || "something beside the steps differs".to_owned(),
        |(step, _)| format!("step {} differs", step.id),
    )
}

async fn execute(
    rehearsed: &RehearsedPlan,
    gaps: Vec<Gap>,
    access: &Access,
    control: &Control,
) -> Result<Report, Error> {
    let plan = rehearsed.plan();
    if plan.is_empty() {
        return Ok(Report::Plan(Box::new(Planned { plan: plan.clone(), gaps })));
    }
    let fleet = operator::join(fleet(&plan.disks(), access).await?, plan, access);
    let observe = Observer { access, fleet: &fleet };
    apply_on(rehearsed, &fleet, &observe, access, control).await.map(|done| Report::Run(done, gaps))
}

pub(super) async fn apply_on(
    rehearsed: &RehearsedPlan,
    fleet: &Fleet,
    observe: &dyn Observe,
    access: &Access,
    control: &Control,
) -> Result<RunDone, Error> {
    let plan = rehearsed.plan();
    let means = Means {
        access,
        observe,
        fleet,
        root: &plan.root,
        place: &plan.disks().disk_arguments(),
        sink: control.sink.clone(),
        stop: control.stop.clone(),
    };
    execute::apply(rehearsed, &Approval::of(plan), &means).await
}

async fn make(request: &Renew, access: &Access) -> Result<(RehearsedPlan, Vec<Gap>), Error> {
    let seen = Seen::of(request, access).await?;
    let plan = plan(&seen.world, &seen.asked(request), seen.now)?;
    refuse_unwritable(&plan, &seen.fleet).await?;
    refuse_undrainable(&plan, &seen.fleet).await?;
    let gaps = unread(&seen.world, &seen.asked(request)).into_iter().map(|(_, gap)| gap.clone()).collect();
    Ok((rehearse(plan, &seen.world)?, gaps))
}

/// A reading, with all that planning wants to know.
pub(super) struct Seen {
    root: String,
    named: Option<Vec<Location>>,
    pub(super) fleet: Fleet,
    pub(super) world: World,
    findings: Vec<Finding>,
    pub(super) kept: Vec<KeptRequest>,
    /// Why the operator's own kubeconfig is left as it is.
    own: Option<LeftAlone>,
    pub(super) now: Time,
}

impl Seen {
    pub(super) async fn of(request: &Renew, access: &Access) -> Result<Self, Error> {
        refuse_odd_drain(request)?;
        refuse_senseless(request)?;
        let (root, named) = root_and_names(request, access).await?;
        let scope = Scope { root: Some(root.clone()).filter(|root| root != "/"), ..request.scope.disks() };
        let fleet = fleet(&scope, access).await?;
        refuse_other_clocks(&fleet, access).await?;
        let (fleet, own) = match operator::look(request, access, &fleet).await {
            Looked::No => (fleet, None),
            Looked::Left(left) => (fleet, Some(left)),
            Looked::Found(own) => (fleet.with(own), None),
        };
        let mut inventory = inventory(access, fleet.members()).await?;
        operator::disown_nodes(&fleet, access, &mut inventory).await;
        if inventory.layouts.is_empty() {
            return Err(Error::refused(format!(
                "{root} has no cluster files of a known layout, so it is not known who signs what"
            ))
            .hint("--root takes the folder in which etc/kubernetes lies; on a node without it, run this as root"));
        }
        let now = request.scope.at.unwrap_or(inventory.read_at);
        requests::add_signed(&mut inventory, request);
        let world = of_inventory(inventory);
        elsewhere::refuse(&world, request, named.as_deref())?;
        refuse_blind(&world, &root, &fleet).await?;
        refuse_strangers(&world, fleet.members(), request)?;
        let findings = findings::run(&View::new(&world.inventory, &world.trust, &scope, now));
        // Only who wants to make or to answer requests asks what waits.
        let waits = request.requests || !request.signed.is_empty();
        let kept = if waits { requests::kept(&fleet).await? } else { Vec::new() };
        Ok(Self { root, named, fleet, world, findings, kept, own, now })
    }

    pub(super) fn asked<'a>(&'a self, request: &'a Renew) -> Asked<'a> {
        Asked {
            request,
            root: &self.root,
            nodes: self.fleet.members().iter().filter_map(|member| member.name.clone()).collect(),
            named: self.named.clone(),
            findings: &self.findings,
            kept: &self.kept,
            own: self.own.as_ref(),
        }
    }
}

/// Arguments are judged when they are read; a request that came as JSON has the same limits.
fn refuse_odd_drain(request: &Renew) -> Result<(), Error> {
    match request.drain {
        Some(drain) if drain < Span(0) || drain > LONGEST_DRAIN => {
            Err(Error::usage(format!("drain is {} seconds; from 0 to {} are possible", drain.0, LONGEST_DRAIN.0)))
        }
        _ => Ok(()),
    }
}

/// A file whose text cannot be kept around a new identity, or that nothing may replace, is found out before the first one
/// is written.
async fn refuse_unwritable(plan: &Plan, fleet: &Fleet) -> Result<(), Error> {
    let asked = plan.steps().flat_map(|step| &step.actions).filter_map(|action| match action {
        Action::WriteIdentity(write) => Some((&write.at, NodeOp::Replaceable { store: write.store.clone() })),
        Action::Remake(remake) => Some((&remake.at, NodeOp::ReplaceableFiles { paths: remake.store.paths() })),
        Action::BackUp(_) | Action::Issue(_) | Action::Import(_) | Action::Restart(_) => None,
    });
    let asked = asked.filter_map(|(at, op)| Some((at, op, fleet.member(at.node())?)));
    let asked = asked.map(|(at, op, member)| async move { (at, member.node.run(op).await) });
    for (at, outcome) in join_all(asked).await {
        if let Err(error) = outcome {
            // Anything but a refusal says nothing of the file.
            if error.kind != NodeErrorKind::Refused {
                return Err(Error::unreadable(error.message));
            }
            let refused = Error::refused(format!("{at} cannot be renewed: {}", error.message)).about(at);
            return Err(error
                .hints
                .iter()
                .fold(refused, Error::hint)
                .hint("nothing was changed; mend that file, or renew the others by their names"));
        }
    }
    Ok(())
}

/// A server whose clients cannot be sent elsewhere first is not restarted, and that is better known before it is its turn.
async fn refuse_undrainable(plan: &Plan, fleet: &Fleet) -> Result<(), Error> {
    let asked = plan.steps().flat_map(|step| &step.actions).filter_map(|action| match action {
        Action::Restart(Restart { component, at, drain: Some(drain) }) => {
            Some((component, at, drain.port, fleet.member(at.node())?))
        }
        _ => None,
    });
    let asked = asked.map(|(component, at, port, member)| async move {
        (component, at, member.node.run(NodeOp::CanDrain { port }).await)
    });
    for (component, at, outcome) in join_all(asked).await {
        let Err(error) = outcome else { continue };
        let on = at.node().map_or_else(String::new, |node| format!(" on {node}"));
        let message = format!("{component}{on} cannot be restarted: {}", error.message);
        let refused = match error.kind {
            NodeErrorKind::Refused => Error::refused(message).hint("nothing was changed"),
            _ => Error::unreadable(message),
        };
        return Err(error.hints.iter().fold(refused, Error::hint));
    }
    Ok(())
}

/// All nodes that were named, or the disk of this machine.
pub(super) async fn fleet(scope: &Scope, access: &Access) -> Result<Fleet, Error> {
    if let Some(root) = &scope.root {
        sources::require_folder(root, access).await?;
    }
    nodes::fleet(scope, &*access.nodes)
        .await
        .map_err(|error| error.hints.iter().fold(Error::unreadable(error.message), Error::hint))
}

/// Certificates are dated by the clock of this machine and judged by those of the nodes.
pub(super) async fn refuse_other_clocks(fleet: &Fleet, access: &Access) -> Result<(), Error> {
    for member in fleet.members() {
        let Some(name) = &member.name else { continue };
        let facts = nodes::facts(&*member.node).await.map_err(|error| Error::unreadable(error.message))?;
        // Asked after the node answered: the way back counts, and is short beside the minutes that matter.
        let ahead = Time::from_unix(facts.now_ms.div_euclid(1000)).since(access.clock.now());
        if ahead.0.abs() > BACK_DATED.0 {
            let (ahead, word) = if ahead.0 > 0 { (ahead, "ahead of") } else { (Span(-ahead.0), "behind") };
            return Err(Error::refused(format!(
                "the clock of {name} is {ahead} {word} this machine's: certificates are back-dated by {BACK_DATED} only, so it \
                 would take new ones for not yet valid, or for older than they are"
            ))
            .about(name)
            .hint("set the clocks first (timedatectl, chronyc tracking), then ask again; nothing was changed by this"));
        }
    }
    Ok(())
}

/// Which disk, and which entries the targets name.
async fn root_and_names(request: &Renew, access: &Access) -> Result<(String, Option<Vec<Location>>), Error> {
    let scope = &request.scope;
    if scope.targets.is_empty() {
        sources::require_sound(scope)?;
        return Ok((scope.root.clone().unwrap_or_else(|| "/".to_owned()), None));
    }
    let (inventory, wanted) = look::read(scope, access).await?;
    let mut roots: Vec<&str> = wanted.members.iter().map(|member| member.root.as_str()).collect();
    roots.dedup();
    let root = match roots.as_slice() {
        [root] => (*root).to_owned(),
        [] => {
            if let Some(error) = kept_by_others(&inventory, &wanted) {
                return Err(error);
            }
            return Err(Error::refused(format!(
                "{} is not among the files of a node, and nothing else can be renewed yet",
                scope.targets.join(", ")
            ))
            .hint("leaves of a layout can: their names (apiserver, admin.conf, …) or their files"));
        }
        _ => return Err(Error::usage("the targets are on several disks; renew one at a time")),
    };
    let rows: Vec<_> = inventory.rows().filter(|row| wanted.keeps(row)).collect();
    if let Some(target) = wanted.unanswered(&rows, &[]).into_iter().next() {
        return Err(missing::nothing_at(target, &inventory));
    }
    Ok((root, Some(rows.iter().map(|row| row.entry.at.clone()).collect())))
}

/// Whoever keeps a Secret would write over what anybody else puts there.
fn kept_by_others(inventory: &Inventory, wanted: &Wanted) -> Option<Error> {
    let mut rows = inventory.rows().filter(|row| wanted.keeps(row));
    let owner = rows.find_map(|row| row.entry.origin.owner.as_deref().map(|owner| (row.entry, owner)));
    let managed =
        inventory.others().find(|entry| matches!(entry.holds, Holds::Managed(_)) && wanted.keeps_other(entry));
    let (at, by, object, renewal) = match (owner, managed) {
        (Some((entry, Owner { by, object, renewal })), _) => (&entry.at, by.as_str(), object.to_string(), *renewal),
        (None, Some(entry)) => {
            let Holds::Managed(managed) = &entry.holds else { return None };
            (&entry.at, "cert-manager", entry.at.to_string(), managed.renewal)
        }
        (None, None) => return None,
    };
    let when = renewal.map_or_else(String::new, |renewal| format!(", next on {}", renewal.minute()));
    let refused =
        Error::refused(format!("{at} is renewed by {by} ({object}){when}, which would write over anything else"));
    Some(
        match object.strip_prefix("Certificate ").and_then(|name| name.split_once('/')) {
            Some((namespace, name)) => {
                refused.hint(format!("to have it renewed now: cmctl renew {name} -n {namespace}"))
            }
            None => refused,
        }
        .about(at),
    )
}

/// What cannot be read cannot be renewed around: the file behind the gap may be the one that counts.
async fn refuse_blind(world: &World, root: &str, fleet: &Fleet) -> Result<(), Error> {
    use crate::model::GapReason::{PermissionDenied, ReadFailed};
    let blind = world.inventory.gaps.iter().find(|gap| matches!(gap.reason, PermissionDenied | ReadFailed));
    let Some(gap) = blind else { return Ok(()) };
    let error = Error::unreadable(format!("{root} cannot be renewed while part of it cannot be read: {}", gap.message));
    let is_root = match fleet.member(gap.at.node()) {
        Some(member) => nodes::facts(&*member.node).await.is_ok_and(|facts| facts.is_root),
        None => false,
    };
    Err(error.about(&gap.at).hint(match gap.reason {
        PermissionDenied if is_root => "see why it cannot be read there, also by root",
        PermissionDenied => "run it as root",
        _ => "see to it that this can be read, and plan again; nothing was changed",
    }))
}

/// Who names a node wants its certificates renewed: passed over, they would end unnoticed.
fn refuse_strangers(world: &World, members: &[Member], request: &Renew) -> Result<(), Error> {
    let has_layout = |node: &str| world.inventory.layouts.iter().any(|found| found.node.as_deref() == Some(node));
    let is_meant = |node: &&str| request.nodes.is_empty() || request.nodes.iter().any(|meant| meant == node);
    match members.iter().filter_map(|member| member.name.as_deref()).filter(is_meant).find(|node| !has_layout(node)) {
        Some(node) => Err(Error::refused(format!(
            "{node} has no cluster files of a known layout (looked for /etc/kubernetes), and nothing was changed anywhere"
        ))
        .about(node)
        .hint("is it the machine that was meant? If it has none to renew, leave it out: name the others with --ssh, or with --node")),
        None => Ok(()),
    }
}
