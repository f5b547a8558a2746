//! The instruments themselves: a quiet cluster gives no complaint, a restarted server is noticed, and
//! the witnesses see what is there.

use std::thread::sleep;
use std::time::Duration;

use clusters::prober::{Report, Running};
use clusters::{baseline, witness};
use support::lab::Lab;
use support::openssl;

const PROBER: &str = env!("CARGO_BIN_EXE_prober");

/// One lab for all of it: to bring it up takes a minute.
#[test]
fn the_instruments_tell_the_truth() {
    let lab = Lab::up(3, 1);
    witnesses_agree_with_the_disks(&lab);
    ssh_reaches_root_and_admin(&lab);
    a_quiet_cluster_gives_no_complaint(&lab);
    a_server_that_was_away_is_noticed(&lab);
    a_renewal_by_hand_changes_what_is_served(&lab);
}

fn witnesses_agree_with_the_disks(lab: &Lab) {
    witness::wait_until_ready(lab, Duration::from_secs(30));
    let served = witness::served(lab);
    assert_eq!(served.len(), 3 * 6 + 1);
    for (endpoint, fingerprint) in &served {
        let fingerprint = fingerprint.as_ref().unwrap_or_else(|| panic!("nobody answers at {endpoint:?}"));
        let file = match endpoint.port {
            6443 => "/etc/kubernetes/pki/apiserver.crt",
            2379 => "/etc/kubernetes/pki/etcd/server.crt",
            2380 => "/etc/kubernetes/pki/etcd/peer.crt",
            10250 => "/var/lib/kubelet/pki/kubelet.crt",
            // Self-signed, in memory.
            _ => continue,
        };
        let certificate = openssl::x509(&lab.node_file(&endpoint.node, file));
        assert_eq!(*fingerprint, certificate.fingerprint, "{endpoint:?}");
    }
    let leader = witness::etcd_leader(lab, "cp1").expect("a leader");
    assert!(lab.control_planes().contains(&leader), "{leader}");
    for node in lab.control_planes() {
        let expirations = witness::expirations(lab, &node);
        let there = expirations.certificates.iter().filter(|one| one.expiration_date.is_some());
        let there: Vec<_> = there.map(|certificate| certificate.name.as_str()).collect();
        assert!(there.contains(&"apiserver") && there.contains(&"admin.conf"), "{there:?}");
        assert_eq!(expirations.certificate_authorities.len(), 3);
    }
    let files = witness::NodeFiles::read(lab, "cp1");
    lab.exec_ok("cp1", &["touch", "/etc/kubernetes/pki/ca.crt", "/var/lib/kubelet/pki/new"]);
    let later = witness::NodeFiles::read(lab, "cp1");
    assert_eq!(files.diff(&later), ["/var/lib/kubelet/pki/new: file is new (mode 0644)"]);
    assert!(files.diff_with_times(&later)[0].contains("pki/ca.crt: time"));
    lab.exec_ok("cp1", &["rm", "/var/lib/kubelet/pki/new"]);
    let current = lab.node_file("cp1", "/var/lib/kubelet/pki/kubelet-client-current.pem");
    assert!(openssl::x509(&current).subject.contains("CN=system:node:cp1"));
}

fn ssh_reaches_root_and_admin(lab: &Lab) {
    for (user, command) in [("root", "id -un"), ("admin", "sudo -n id -un")] {
        for node in lab.nodes() {
            let mut ssh = lab.net_command("ssh");
            let output = ssh.arg("-F").arg(lab.ssh_config()).arg(format!("{user}@{node}")).arg(command).output();
            let output = output.expect("ssh");
            assert_eq!(String::from_utf8_lossy(&output.stdout), "root\n", "{user}@{node}: {output:?}");
        }
    }
}

fn a_quiet_cluster_gives_no_complaint(lab: &Lab) {
    let prober = Running::start(lab, PROBER);
    sleep(Duration::from_secs(10));
    let report = prober.stop();
    assert_eq!(report.complaints(), [""; 0], "{}", shown(&report));
    assert!(report.requests() > 100, "{}", shown(&report));
    assert!(report.watch.expected > 40 && report.watch.seen == report.watch.expected, "{}", shown(&report));
    assert!(report.servers.iter().all(|server| server.requests > 50 && server.failures == 0), "{}", shown(&report));
}

fn a_server_that_was_away_is_noticed(lab: &Lab) {
    let prober = Running::start(lab, PROBER);
    sleep(Duration::from_secs(2));
    let before = witness::containers(lab, "cp2");
    let name = ["--name", "kube-apiserver", "--state", "ready", "--quiet"];
    let sandbox = lab.exec_ok("cp2", &[["crictl", "pods"].as_slice(), &name].concat());
    lab.exec_ok("cp2", &["crictl", "stopp", sandbox.trim()]);
    lab.exec_ok("cp2", &["crictl", "rmp", sandbox.trim()]);
    lab.wait_for_rotation("cp2", false, Duration::from_secs(10));
    lab.wait_for_rotation("cp2", true, Duration::from_secs(60));
    let report = prober.stop();
    let after = witness::containers(lab, "cp2");
    assert_ne!(before["kube-apiserver"].id, after["kube-apiserver"].id);
    assert_eq!(before["etcd"], after["etcd"]);
    assert!(!report.server("cp2").windows.is_empty(), "{}", shown(&report));
    for other in ["cp1", "cp3"] {
        assert_eq!(report.server(other).failures, 0, "{}", shown(&report));
    }
    assert!(report.overlaps().is_empty(), "{}", shown(&report));
    // Whether users noticed is not said here: a server killed like this may answer 403 at first.
}

fn a_renewal_by_hand_changes_what_is_served(lab: &Lab) {
    let before = witness::served(lab);
    let files = witness::NodeFiles::read(lab, "cp1");
    let took = baseline::renew_by_hand(lab);
    assert_eq!(took.nodes.len(), 3);
    assert!(!files.diff(&witness::NodeFiles::read(lab, "cp1")).is_empty());
    let after = witness::served(lab);
    for (endpoint, fingerprint) in &after {
        let renewed = fingerprint.is_some() && before[endpoint] != *fingerprint;
        // kubeadm leaves the kubelet's serving certificate alone.
        assert_eq!(renewed, endpoint.port != 10250, "{endpoint:?}");
    }
    witness::wait_until_ready(lab, Duration::from_secs(60));
}

fn shown(report: &Report) -> String {
    serde_json::to_string_pretty(report).expect("a report is plain data")
}
