//! The kubelet reads a kubeconfig with an identity inside only when it starts.

use super::worlds::Shape;
use crate::model::TakesEffect;

#[test]
fn a_kubelet_conf_with_its_identity_inside_is_renewed_and_the_kubelet_restarted() {
    let shape = Shape::with_client("kubelet.conf", "kubelet", TakesEffect::Restart);
    let plan = shape.plan(&shape.world()).expect("a plan");
    let steps: Vec<&str> = plan.steps().map(|step| step.id.as_str()).collect();
    assert_eq!(steps, ["renew-kubelet.conf", "restart-kubelet"]);
    let phases: Vec<&str> = plan.phases.iter().map(|phase| phase.name.as_str()).collect();
    assert_eq!(phases, ["renew", "restart"]);
}
