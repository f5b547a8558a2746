//! Two control planes side by side, one as kubeadm makes it by default, one with everything
//! otherwise, from start to nothing left.

use std::path::Path;
use std::thread;

use support::control_plane::{ControlPlane, Settings};
use support::kubeadm::{Etcd, KeyAlgorithm, Kubeadm, pki};
use support::openssl;
use support::ports::Port;
use support::tree::Tree;

#[test]
fn two_control_planes_side_by_side_serve_their_files_and_leave_no_process() {
    thread::scope(|scope| {
        scope.spawn(with_kubeadm_defaults);
        scope.spawn(with_ecdsa_external_ca_and_external_etcd);
    });
}

fn with_kubeadm_defaults() {
    let root = tempfile::tempdir().expect("a folder");
    let port = Port::take();
    Kubeadm::new(port.number()).write(root.path());
    let before = Tree::read(root.path());

    let mut control_plane = ControlPlane::start(root.path(), port.number());
    before.assert_unchanged(&Tree::read(root.path()));
    serves_its_files(&control_plane, root.path(), &pki(root.path()).join("etcd"));

    control_plane.kubectl(&["create", "namespace", "kept"]);
    let pids = [control_plane.apiserver_pid(), control_plane.etcd_pid()];
    control_plane.restart();
    assert!(!pids.into_iter().any(is_running), "{pids:?}");
    control_plane.kubectl(&["get", "namespace", "kept"]);
    leaves_no_process(control_plane);
}

fn with_ecdsa_external_ca_and_external_etcd() {
    let (root, etcd_host) = (tempfile::tempdir(), tempfile::tempdir());
    let (root, etcd_host) = (root.expect("a folder"), etcd_host.expect("a folder"));
    let port = Port::take();
    let mut kubeadm = Kubeadm::new(port.number());
    kubeadm.key_algorithm = KeyAlgorithm::EcdsaP256;
    kubeadm.external_ca = true;
    kubeadm.etcd = Etcd::External { root: etcd_host.path().to_owned() };
    kubeadm.write(root.path());

    let mut settings = Settings::new(root.path(), port.number());
    settings.etcd_pki = pki(etcd_host.path()).join("etcd");
    let mut control_plane = ControlPlane::start_with(settings.clone());
    serves_its_files(&control_plane, root.path(), &settings.etcd_pki);

    let pid = control_plane.apiserver_pid();
    control_plane.restart_apiserver();
    assert!(!is_running(pid));
    leaves_no_process(control_plane);
}

fn serves_its_files(control_plane: &ControlPlane, root: &Path, etcd_pki: &Path) {
    let namespaces = control_plane.kubectl(&["get", "ns", "-o", "name"]);
    assert!(namespaces.contains("namespace/default"), "{namespaces}");

    let on_disk = &openssl::certificates(&pki(root).join("apiserver.crt"))[0];
    assert_eq!(control_plane.served_fingerprint(), on_disk.fingerprint);
    let on_disk = &openssl::certificates(&etcd_pki.join("server.crt"))[0];
    assert_eq!(openssl::served_fingerprint("127.0.0.1", control_plane.etcd_client_port()), on_disk.fingerprint);
}

fn leaves_no_process(control_plane: ControlPlane) {
    let pids = [control_plane.apiserver_pid(), control_plane.etcd_pid()];
    assert!(pids.into_iter().all(is_running), "{pids:?}");
    drop(control_plane);
    assert!(!pids.into_iter().any(is_running), "{pids:?}");
}

fn is_running(pid: u32) -> bool {
    Path::new("/proc").join(pid.to_string()).exists()
}
