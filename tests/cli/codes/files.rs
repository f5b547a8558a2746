//! What lies beside a certificate, and where it lies.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;

use support::kubeadm::pki;
use support::openssl;

use super::{Row, authority, for_root_alone, in_a_folder, on_a_node, replace, write};
use crate::material::{Pair, kubeconfig};
use crate::program::Program;

#[test]
fn key_differs() {
    let row = Row { code: "key-differs", severity: "error", at: "/it.crt", beside: &[] };
    in_a_folder(&row, |folder| {
        let pair = Pair { key: Pair::of("/CN=other").key, ..Pair::of("/CN=it") };
        write(folder, &[("it.crt", &pair)]);
    });
}

#[test]
fn key_absent() {
    let row = Row { code: "key-absent", severity: "error", at: "pki/apiserver.crt", beside: &[] };
    on_a_node(&row, |root| fs::remove_file(pki(root).join("apiserver.key")).expect("removed"));
}

/// It is not renewed, and keeps nothing else from being renewed.
#[test]
fn a_key_that_is_absent_is_no_reason_to_refuse() {
    let row = Row { code: "key-absent", severity: "error", at: "pki/apiserver.crt", beside: &[] };
    on_a_node(&row, |root| {
        fs::remove_file(pki(root).join("apiserver.key")).expect("removed");
        Program::new().run(["renew", "--dry-run", "--root", &root.display().to_string()]).exits(0);
    });
}

/// The identity stands in the file, its key beside it.
#[test]
fn a_key_that_a_kubeconfig_names_is_not_absent() {
    let row = Row { code: "key-absent", severity: "error", at: "pki/apiserver.crt", beside: &[] };
    on_a_node(&row, |root| {
        fs::remove_file(pki(root).join("apiserver.key")).expect("removed");
        let path = root.join("etc/kubernetes/scheduler.conf");
        let text = fs::read_to_string(&path).expect("a kubeconfig");
        let line = text.lines().find(|line| line.contains("client-key-data")).expect("a key");
        let text = text.replace(line, "    client-key: /etc/kubernetes/pki/scheduler.key");
        fs::write(pki(root).join("scheduler.key"), Pair::of("/CN=it").key).expect("written");
        fs::write(path, text).expect("written");
    });
}

#[test]
fn key_shared() {
    let row = Row { code: "key-shared", severity: "warning", at: "pki/apiserver.crt", beside: &[] };
    on_a_node(&row, |root| {
        let key = fs::read(pki(root).join("apiserver.key")).expect("a key");
        fs::write(pki(root).join("sa.pub"), openssl::text(&["pkey", "-pubout"], &key)).expect("written");
        fs::write(pki(root).join("sa.key"), key).expect("written");
    });
}

#[test]
fn key_readable_by_others() {
    let row = Row { code: "key-readable-by-others", severity: "warning", at: "pki/front-proxy-ca.crt", beside: &[] };
    on_a_node(&row, |root| {
        let allow = |path: &str, mode| {
            fs::set_permissions(root.join("etc/kubernetes").join(path), Permissions::from_mode(mode)).expect("rights");
        };
        allow("pki/front-proxy-ca.key", 0o604);
        // The folder lets nobody pass.
        allow("pki/etcd/ca.key", 0o644);
        allow("pki/etcd", 0o700);
        // Root's group is root.
        allow("pki/ca.key", 0o640);
        std::os::unix::fs::chown(pki(root).join("ca.key"), Some(0), Some(0)).expect("an owner");
    });
}

#[test]
fn a_kubeconfig_has_a_key_too() {
    let row =
        Row { code: "key-readable-by-others", severity: "warning", at: "#user/system:kube-scheduler", beside: &[] };
    on_a_node(&row, |root| {
        let path = root.join("etc/kubernetes/scheduler.conf");
        fs::set_permissions(&path, Permissions::from_mode(0o640)).expect("rights");
        std::os::unix::fs::chown(&path, Some(0), Some(1000)).expect("an owner");
    });
}

#[test]
fn bundle_lacks_signer() {
    let row = Row { code: "bundle-lacks-signer", severity: "error", at: "pki/etcd/ca.crt", beside: &[] };
    on_a_node(&row, |root| {
        let usage = "extendedKeyUsage=clientAuth";
        replace(root, "apiserver-etcd-client", "/CN=kube-apiserver-etcd-client", &[usage]);
    });
}

#[test]
fn kubeconfig_stale() {
    let row = Row { code: "kubeconfig-stale", severity: "error", at: "admin.conf#cluster/it", beside: &[] };
    on_a_node(&row, |root| {
        let me = Pair::signed_by(&authority(root), "/O=kubeadm:cluster-admins/CN=kubernetes-admin", &[]);
        let text = kubeconfig("https://127.0.0.1:6443", &Pair::authority("/CN=kubernetes").certificate, &["me"], &me);
        fs::write(root.join("etc/kubernetes/admin.conf"), text).expect("written");
    });
}

/// As another kubeconfig of the same node has it, also of a rotation that is under way.
#[test]
fn trust_that_differs_and_holds_is_an_info() {
    let row = Row { code: "trust-differs", severity: "info", at: "scheduler.conf#cluster/it", beside: &[] };
    on_a_node(&row, |root| {
        let me = Pair::signed_by(&authority(root), "/CN=system:kube-scheduler", &[]);
        let both = authority(root).certificate + &Pair::authority("/CN=kubernetes@2").certificate;
        let text = kubeconfig("https://127.0.0.1:6443", &both, &["me"], &me);
        fs::write(root.join("etc/kubernetes/scheduler.conf"), text).expect("written");
    });
}

#[test]
fn bundle_grows() {
    let row = Row { code: "bundle-grows", severity: "info", at: "/many.pem", beside: &[] };
    in_a_folder(&row, |folder| {
        let authority = Pair::authority("/CN=ca").certificate;
        fs::write(folder.join("many.pem"), authority.repeat(5)).expect("written");
        fs::write(folder.join("few.pem"), authority.repeat(4)).expect("written");
    });
}

#[test]
fn kubelet_conf_inline() {
    let row = Row {
        code: "kubelet-conf-inline",
        severity: "warning",
        at: "kubelet.conf#user/system:node:control-plane-1",
        beside: &[],
    };
    on_a_node(&row, |root| {
        let folder = root.join("var/lib/kubelet/pki");
        let leaf = Pair::signed_by(&authority(root), "/O=system:nodes/CN=system:node:control-plane-1", &[]);
        fs::create_dir_all(&folder).expect("a folder");
        let path = folder.join("kubelet-client-current.pem");
        fs::write(&path, leaf.certificate + &leaf.key).expect("written");
        for_root_alone(&path);
    });
}

#[test]
fn backup_left() {
    let row = Row { code: "backup-left", severity: "info", at: "pki.bak/apiserver.crt", beside: &[] };
    on_a_node(&row, |root| {
        let folder = root.join("etc/kubernetes/pki.bak");
        fs::create_dir(&folder).expect("a folder");
        for file in ["apiserver.crt", "apiserver.key", "front-proxy-client.crt", "front-proxy-client.key", "ca.crt"] {
            fs::copy(pki(root).join(file), folder.join(file)).expect("copied");
        }
    });
}

#[test]
fn bundle_unparseable() {
    let row = Row { code: "bundle-unparseable", severity: "warning", at: "pki/front-proxy-ca.crt", beside: &[] };
    on_a_node(&row, |node| {
        let path = node.join("etc/kubernetes/pki/front-proxy-ca.crt");
        let text = fs::read_to_string(&path).expect("an authority");
        fs::write(&path, format!("\u{FEFF}{text}")).expect("written");
    });
}

fn token(hours_left: i64) -> String {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("a time").as_secs();
    let now = i64::try_from(now).expect("a time");
    let (from, to) = (now - 300 * 24 * 3600, now + hours_left * 3600);
    support::tokens::jwt(&format!(r#"{{"sub":"robot","iat":{from},"exp":{to}}}"#))
}

#[test]
fn token_expired() {
    let row = Row { code: "token-expired", severity: "error", at: "/robot.token", beside: &[] };
    in_a_folder(&row, |folder| fs::write(folder.join("robot.token"), token(-5)).expect("written"));
}

#[test]
fn token_expiring() {
    let row = Row { code: "token-expiring", severity: "warning", at: "/robot.token", beside: &[] };
    in_a_folder(&row, |folder| fs::write(folder.join("robot.token"), token(24 * 10)).expect("written"));
}
