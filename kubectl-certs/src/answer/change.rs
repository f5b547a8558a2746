//! Changing requests: plan, rehearse, and do what was agreed to.

use super::Control;
use super::look;
use super::observe::{Observer, inventory, of_inventory};
use super::requests;
use crate::access::Access;
use crate::access::nodes::{self, Fleet, NodeOp};
use crate::error::Error;
use crate::execute::{self, Approval, Means};
use crate::findings::{self, Finding, View};
use crate::model::{Gap, Location, Span, Time};
use crate::plan::rehearse::rehearse;
use crate::plan::renew::{Asked, BACK_DATED, plan};
use crate::plan::signed::KeptRequest;
use crate::plan::{Action, Plan, RehearsedPlan, World};
use crate::report::{Planned, Report};
use crate::request::{API, Mode, Renew, Scope};

/// The dates of the new certificates are part of a plan; after so long they no longer are what was meant.
const PLAN_KEEPS: Span = Span::hours(24);

pub(super) async fn renew(request: &Renew, access: &Access, control: &Control) -> Result<Report, Error> {
    if let (Mode::Apply, Some(at)) = (request.mode, request.scope.at) {
        require_fresh(at, access)?;
    }
    if request.requests {
        return requests::requests(request, access).await;
    }
    let (rehearsed, gaps) = make(request, access).await?;
    match request.mode {
        Mode::Plan => Ok(Report::Plan(Box::new(Planned { plan: rehearsed.plan().clone(), gaps }))),
        Mode::Apply => execute(&rehearsed, access, control).await,
    }
}

/// A saved plan is consent, not a program: it is planned again, and only an equal plan is done.
pub(super) async fn apply(saved: &serde_json::Value, access: &Access, control: &Control) -> Result<Report, Error> {
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
    let (rehearsed, _) = make(&request, access).await?;
    if *rehearsed.plan() != saved {
        let why = difference(rehearsed.plan(), &saved);
        return Err(Error::refused(format!("planning again gives another plan than the saved one: {why}")).hint(
            "either the files were changed since, or the plan was edited; plan again, look at it, and apply that",
        ));
    }
    execute(&rehearsed, access, control).await
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
        Some([item]) => item,
        Some(items) => {
            return Err(Error::usage(format!("one plan is wanted, and this document holds {} items", items.len())));
        }
        None => value,
    };
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

async fn execute(rehearsed: &RehearsedPlan, access: &Access, control: &Control) -> Result<Report, Error> {
    let plan = rehearsed.plan();
    if plan.is_empty() {
        return Ok(Report::Plan(Box::new(Planned { plan: plan.clone(), gaps: Vec::new() })));
    }
    let scope = Scope { root: Some(plan.root.clone()), ..plan.request.scope.disks() };
    let fleet = fleet(&scope, access).await?;
    let observe = Observer { access, fleet: &fleet };
    let means = Means {
        access,
        observe: &observe,
        fleet: &fleet,
        root: &plan.root,
        place: &scope.disk_arguments(),
        sink: control.sink.clone(),
        stop: control.stop.clone(),
    };
    execute::apply(rehearsed, &Approval::of(plan), &means).await.map(Report::Run)
}

async fn make(request: &Renew, access: &Access) -> Result<(RehearsedPlan, Vec<Gap>), Error> {
    let seen = Seen::of(request, access).await?;
    let plan = plan(&seen.world, &seen.asked(request), seen.now)?;
    refuse_unwritable(&plan, &seen.fleet).await?;
    let gaps = seen.world.inventory.gaps.clone();
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
    pub(super) now: Time,
}

impl Seen {
    pub(super) async fn of(request: &Renew, access: &Access) -> Result<Self, Error> {
        let (root, named) = root_and_names(request, access).await?;
        let scope = Scope { root: Some(root.clone()).filter(|root| root != "/"), ..request.scope.disks() };
        let fleet = fleet(&scope, access).await?;
        refuse_other_clocks(&fleet, access).await?;
        let mut inventory = inventory(access, fleet.members()).await?;
        if inventory.layouts.is_empty() {
            return Err(Error::refused(format!(
                "{root} has no cluster files of a known layout, so it is not known who signs what"
            ))
            .hint("--root takes the folder in which etc/kubernetes lies; on a node without it, run this as root"));
        }
        let now = request.scope.at.unwrap_or(inventory.read_at);
        requests::add_signed(&mut inventory, request);
        let world = of_inventory(inventory);
        refuse_blind(&world, &root)?;
        let findings = findings::run(&View { inventory: &world.inventory, trust: &world.trust, scope: &scope, now });
        // Only who wants to make or to answer requests asks what waits.
        let waits = request.requests || !request.signed.is_empty();
        let kept = if waits { requests::kept(&fleet).await? } else { Vec::new() };
        Ok(Self { root, named, fleet, world, findings, kept, now })
    }

    pub(super) fn asked<'a>(&'a self, request: &'a Renew) -> Asked<'a> {
        Asked {
            request,
            root: &self.root,
            nodes: self.fleet.members().iter().filter_map(|member| member.name.clone()).collect(),
            named: self.named.clone(),
            findings: &self.findings,
            kept: &self.kept,
        }
    }
}

/// A file whose text cannot be kept around a new identity is found out before the first one is written.
async fn refuse_unwritable(plan: &Plan, fleet: &Fleet) -> Result<(), Error> {
    for step in plan.steps() {
        for action in &step.actions {
            let Action::WriteIdentity(write) = action else { continue };
            let Some(member) = fleet.member(step.node.as_deref()) else { continue };
            if let Err(error) = member.node.run(NodeOp::Replaceable { store: write.store.clone() }).await {
                return Err(Error::refused(format!("{} cannot be renewed: {}", write.at, error.message))
                    .about(&write.at)
                    .hint("nothing was changed; mend that file, or renew the others by their names"));
            }
        }
    }
    Ok(())
}

/// All nodes that were named, or the disk of this machine.
pub(super) async fn fleet(scope: &Scope, access: &Access) -> Result<Fleet, Error> {
    nodes::fleet(scope, &*access.nodes)
        .await
        .map_err(|error| error.hints.iter().fold(Error::unreadable(error.message), |error, hint| error.hint(hint)))
}

/// Certificates are dated by the clock of this machine and judged by those of the nodes.
async fn refuse_other_clocks(fleet: &Fleet, access: &Access) -> Result<(), Error> {
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
            .hint("set the clocks first (timedatectl, chronyc tracking); nothing was changed"));
        }
    }
    Ok(())
}

/// Which disk, and which entries the targets name.
async fn root_and_names(request: &Renew, access: &Access) -> Result<(String, Option<Vec<Location>>), Error> {
    let scope = &request.scope;
    if scope.targets.is_empty() {
        return Ok((scope.root.clone().unwrap_or_else(|| "/".to_owned()), None));
    }
    let (inventory, wanted) = look::read(scope, access).await?;
    let mut roots: Vec<&str> = wanted.members.iter().map(|member| member.root.as_str()).collect();
    roots.dedup();
    let root = match roots.as_slice() {
        [root] => (*root).to_owned(),
        [] => {
            return Err(Error::refused(format!(
                "{} is not among the files of a node, and nothing else can be renewed yet",
                scope.targets.join(", ")
            ))
            .hint("leaves of a layout can: their names (apiserver, admin.conf, …) or their files"));
        }
        _ => return Err(Error::usage("the targets are on several disks; renew one at a time")),
    };
    let rows: Vec<_> = inventory.rows().filter(|row| wanted.keeps(row)).collect();
    if let Some(target) = wanted.unanswered(&rows).into_iter().next() {
        return Err(look::nothing_at(target, &inventory));
    }
    Ok((root, Some(rows.iter().map(|row| row.entry.at.clone()).collect())))
}

/// What cannot be read cannot be renewed around: the file behind the gap may be the one that counts.
fn refuse_blind(world: &World, root: &str) -> Result<(), Error> {
    use crate::model::GapReason::{PermissionDenied, ReadFailed};
    let blind = world.inventory.gaps.iter().find(|gap| matches!(gap.reason, PermissionDenied | ReadFailed));
    match blind {
        Some(gap) => {
            Err(Error::unreadable(format!("{root} cannot be renewed while part of it cannot be read: {}", gap.message))
                .about(&gap.at)
                .hint("run it as root"))
        }
        None => Ok(()),
    }
}
