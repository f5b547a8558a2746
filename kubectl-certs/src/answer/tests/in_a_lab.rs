//! On a real cluster over SSH, where components take notice and are restarted.

use std::collections::BTreeSet;
use std::thread;

use support::helper;
use support::lab::Lab;

use super::super::observe::{Observer, inventory, of_inventory};
use super::super::{Control, change};
use super::foretold::Foretold;
use crate::access::Access;
use crate::access::state_dir::StateDir;
use crate::model::Span;
use crate::plan::rehearse::rehearse;
use crate::report::Report;
use crate::request::{Renew, Scope, Ssh};

/// One of each kind. The kubelet is restarted with what it makes anew.
const STEPS: [&str; 6] = [
    "renew-apiserver@cp1",
    "renew-scheduler.conf@cp1",
    "renew-kubelet-client@w1",
    "restart-kube-scheduler@cp1",
    "remake-kubelet-serving@w1",
    "restart-kube-apiserver@cp1",
];

#[test]
#[ignore = "needs root and the packages of tests/lab; .ci/run runs it"]
fn an_action_makes_of_a_cluster_what_its_effect_foretells() {
    let helper = helper::folder();
    // Two: without any API server, whoever leads gives up after 10 s and starts anew.
    let lab = Lab::up(2, 1);
    let seen = thread::scope(|scope| {
        // The lab's network is this thread's own.
        let inside = scope.spawn(|| {
            lab.enter_network();
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("runtime");
            let home = tempfile::tempdir().expect("a home");
            let access = Access { state: StateDir::at(home.path().to_owned()), ..Access::system() };
            let text = |path: &std::path::Path| Some(path.to_str().expect("UTF-8").to_owned());
            let hosts = lab.nodes();
            let ssh = Ssh { hosts, config: text(&lab.ssh_config()), helper: text(helper), ..Ssh::default() };
            runtime.block_on(run(&access, Scope { ssh, ..Scope::default() }))
        });
        inside.join().expect("no assertion failed")
    });
    let all = [
        "back up",
        "issue",
        "remake",
        "restart",
        "restart after a drain",
        "write a combined file",
        "write a kubeconfig",
        "write a pair",
    ];
    assert_eq!(seen, BTreeSet::from(all));
}

async fn run(access: &Access, scope: Scope) -> BTreeSet<&'static str> {
    let request = Renew { scope: scope.clone(), all: true, restart: true, drain: Some(Span(1)), ..Renew::default() };
    let Report::Plan(planned) = change::renew(&request, access, &Control::silent()).await.expect("a plan") else {
        panic!("no plan");
    };
    let mut plan = planned.plan;
    for phase in &mut plan.phases {
        phase.steps.retain(|step| STEPS.contains(&step.id.as_str()));
    }
    let steps: BTreeSet<&str> = plan.steps().map(|step| step.id.as_str()).collect();
    assert_eq!(steps, BTreeSet::from(STEPS), "{:#?}", planned.gaps);
    let fleet = change::fleet(&scope, access).await.expect("the nodes");
    let world = of_inventory(inventory(access, fleet.members()).await.expect("read"));
    let observe = Foretold::new(Observer { access, fleet: &fleet });
    let rehearsed = rehearse(plan, &world).expect("a plan that can be done");
    change::apply_on(&rehearsed, &fleet, &observe, access, &Control::silent()).await.expect("done");
    observe.seen()
}
