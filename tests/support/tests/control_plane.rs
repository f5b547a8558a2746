//! Two control planes side by side, one per key algorithm, from start to nothing left.

use std::path::Path;
use std::thread;

use support::control_plane::ControlPlane;
use support::kubeadm::{KeyAlgorithm, Kubeadm, pki};
use support::openssl;
use support::ports::Port;

#[test]
fn two_control_planes_side_by_side_serve_their_files_and_leave_no_process() {
    thread::scope(|scope| {
        for key_algorithm in [KeyAlgorithm::Rsa2048, KeyAlgorithm::EcdsaP256] {
            scope.spawn(move || serves_its_files_and_leaves_no_process(key_algorithm));
        }
    });
}

fn serves_its_files_and_leaves_no_process(key_algorithm: KeyAlgorithm) {
    let root = tempfile::tempdir().expect("a folder");
    let port = Port::take();
    let mut kubeadm = Kubeadm::new(port.number());
    kubeadm.key_algorithm = key_algorithm;
    kubeadm.write(root.path());

    let control_plane = ControlPlane::start(root.path(), port.number());
    let namespaces = control_plane.kubectl(&["get", "ns", "-o", "name"]);
    assert!(namespaces.contains("namespace/default"), "{namespaces}");

    let on_disk = &openssl::certificates(&pki(root.path()).join("apiserver.crt"))[0];
    assert_eq!(control_plane.served_fingerprint(), on_disk.fingerprint);
    let on_disk = &openssl::certificates(&pki(root.path()).join("etcd/server.crt"))[0];
    assert_eq!(
        openssl::served_fingerprint("127.0.0.1", control_plane.etcd_client_port()),
        on_disk.fingerprint
    );

    let pids = [control_plane.apiserver_pid(), control_plane.etcd_pid()];
    assert!(pids.into_iter().all(is_running), "{pids:?}");
    drop(control_plane);
    assert!(!pids.into_iter().any(is_running), "{pids:?}");
}

fn is_running(pid: u32) -> bool {
    Path::new("/proc").join(pid.to_string()).exists()
}
