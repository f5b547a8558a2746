//! Renewals of a whole control plane from outside, on one lab of three control-plane nodes and a worker. Each part leaves
//! the cluster as it found it, but for the first: what is pending then is looked at last.

mod cluster;
mod complete;
mod faults;
mod not_as_root;
mod operators;

use clusters::operator::Operator;
use support::helper;
use support::lab::Lab;

#[test]
fn a_control_plane_is_renewed_from_outside() {
    let folder = helper::folder();
    let lab = Lab::up(3, 1);
    let alice = Operator::new(&lab, folder);
    told("up");
    let renewed = complete::renew_everything(&alice);
    told("renewed");
    complete::restart_every_api_server(&alice);
    told("renewed with restarts");
    operators::the_second_is_told_who_is_first(&alice);
    operators::the_second_is_told_without_any_api_server(&alice);
    told("two operators");
    not_as_root::sudo_and_a_jump_host_lead_to_the_same(&alice);
    told("sudo and a jump host");
    faults::whatever_is_cut_off_is_completed_or_taken_back(&alice);
    told("faults");
    renewed.what_was_pending_is_in_use();
    told("no longer pending");
    renewed.all_is_taken_back();
    told("taken back");
}

/// Where the time goes.
#[expect(clippy::print_stderr, reason = "for people who wait")]
fn told(what: &str) {
    use std::sync::OnceLock;
    use std::time::Instant;
    static BEGAN: OnceLock<Instant> = OnceLock::new();
    eprintln!("{:>4} s  {what}", BEGAN.get_or_init(Instant::now).elapsed().as_secs());
}
