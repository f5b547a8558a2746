//! kubeconfigs that people have worked on: two values change, every other byte is theirs.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::PathBuf;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use support::kubeadm::{KeyAlgorithm, Kubeadm};
use support::openssl;
use support::pem;
use support::tree::Tree;

use crate::disk::Disk;
use crate::witness::{assert_renewal, identities};

#[test]
fn comments_line_ends_tokens_and_unknown_fields_stay() {
    let disk = Disk::ecdsa();
    let token = "eyJhbGciOiJub25lIn0.e30.c2lnbmF0dXJlLXNpZ25hdHVyZS1zaWduYXR1cmU";
    let other_user =
        format!("users:\n- name: robot # not ours\n  user:\n    token: {token}\n- name: kubernetes-admin\n");
    let text = disk.read("admin.conf").replace("users:\n- name: kubernetes-admin\n", &other_user);
    assert!(text.contains(token));
    let text = text.replace("kind: Config\n", "kind: Config\nx-owner: {team: a, since: 2019}   # kept\n");
    disk.write("admin.conf", format!("# by hand\r\n{}", text.replace('\n', "\r\n")));
    changes_two_values(&disk);
}

#[test]
fn json_is_renewed_as_json() {
    let disk = Disk::ecdsa();
    let [authority, certificate, key] = values(&disk.read("admin.conf"));
    disk.write(
        "admin.conf",
        format!(
            r#"{{"apiVersion":"v1","kind":"Config","current-context":"c",
            "clusters":[{{"name":"k","cluster":{{"server":"https://127.0.0.1:6443","certificate-authority-data":"{authority}"}}}}],
            "contexts":[{{"name":"c","context":{{"cluster":"k","user":"u"}}}}],
            "users":[{{"name":"u","user":{{"client-key-data":"{key}","client-certificate-data":"{certificate}"}}}}]}}"#
        ),
    );
    changes_two_values(&disk);
}

/// Some editors put it there, and kubectl reads such a file.
#[test]
fn a_byte_order_mark_stays() {
    let disk = Disk::ecdsa();
    disk.write("admin.conf", format!("\u{FEFF}{}", disk.read("admin.conf")));
    changes_two_values(&disk);
}

/// K3s puts its authority behind the leaf.
#[test]
fn what_follows_the_leaf_stays_behind_it() {
    let disk = Disk::ecdsa();
    let [authority, certificate, _] = values(&disk.read("admin.conf"));
    let chain = [decoded(&certificate), decoded(&authority)].concat();
    disk.write("admin.conf", disk.read("admin.conf").replace(&certificate, &STANDARD.encode(chain)));
    disk.on_root(&["renew", "admin.conf", "--yes"]).expect(0);
    let [_, chain, _] = values(&disk.read("admin.conf"));
    let blocks = pem::blocks(&decoded(&chain));
    assert_eq!(blocks.len(), 2);
    assert_eq!(blocks[1].text, pem::blocks(&decoded(&authority))[0].text);
    assert_ne!(openssl::x509(&blocks[0].text).fingerprint, openssl::x509(&decoded(&certificate)).fingerprint);
}

/// Written one after the other in one plan, the second would be planned from a file that the first has changed.
#[test]
fn two_identities_in_one_file_are_renewed_one_at_a_time() {
    let disk = Disk::ecdsa();
    let [_, certificate, key] = values(&disk.read("super-admin.conf"));
    let second = format!(
        "users:\n- name: second\n  user:\n    client-certificate-data: {certificate}\n    client-key-data: {key}\n"
    );
    disk.write("admin.conf", disk.read("admin.conf").replace("users:\n", &second));
    let before = disk.tree();
    let said = disk.on_root(&["renew", "--all", "--yes"]).expect(4);
    said.naming(&["holds more than one identity", "#user/second", "#user/kubernetes-admin", "one after the other"]);
    before.assert_unchanged(&disk.tree());
    for user in ["second", "kubernetes-admin"] {
        let [_, old_certificate, _] = values(&disk.read("admin.conf"));
        let name = format!("kubeconfig:{}#user/{user}", disk.file("admin.conf").display());
        disk.on_root(&["renew", &name, "--yes"]).expect(0);
        let text = disk.read("admin.conf");
        assert_eq!(text.contains(&old_certificate), user != "second", "the first user in the file is 'second'");
    }
    // The second one is that of super-admin.conf.
    disk.on_root(&["check", "--ignore", "masters-group"]).expect(0);
}

#[test]
fn an_authority_that_is_named_is_told_of_and_left_alone() {
    let disk = Disk::ecdsa();
    let run = disk.on_root(&["renew", "ca", "scheduler.conf", "--yes", "-o", "json"]).expect(0).item("RunResult");
    assert_eq!((&run["leftAlone"][0]["name"], run["steps"].as_array().map(Vec::len)), (&"ca".into(), Some(1)));
    disk.on_root(&["renew", "ca", "--yes"]).expect(4).naming(&["none of the targets is a leaf"]);
}

/// A value in several pieces cannot be replaced without writing the file anew, so it is left to its owner.
#[test]
fn a_folded_value_is_refused_and_nothing_is_lost() {
    let disk = Disk::ecdsa();
    let [_, certificate, _] = values(&disk.read("admin.conf"));
    let folded = format!(">-\n      {}\n      {}", &certificate[..80], &certificate[80..]);
    disk.write("admin.conf", disk.read("admin.conf").replace(&certificate, &folded));
    let before = disk.material();
    disk.on_root(&["renew", "admin.conf", "--yes"])
        .expect(4)
        .naming(&["does not stand in the kubeconfig in one piece"]);
    before.assert_unchanged(&disk.material());
}

fn changes_two_values(disk: &Disk) {
    let old_text = disk.read("admin.conf");
    let old = identities(&disk.file(""))["admin.conf"].0.clone();
    disk.on_root(&["renew", "admin.conf", "--yes"]).expect(0);
    let new_text = disk.read("admin.conf");
    let ([_, old_certificate, old_key], [_, certificate, key]) = (values(&old_text), values(&new_text));
    assert_eq!(new_text, old_text.replace(&old_certificate, &certificate).replace(&old_key, &key));
    let new = identities(&disk.file(""))["admin.conf"].0.clone();
    assert_renewal("admin.conf", &old, &new, &disk.file("pki/ca.crt"));
    disk.on_root(&["runs", "undo"]).expect(0);
    assert_eq!(disk.read("admin.conf"), old_text);
}

/// As kubeadm leaves it behind once the kubelet has asked for a certificate of its own.
#[test]
fn a_kubelet_conf_that_names_a_file_holds_nothing_to_renew() {
    let disk = Disk::ecdsa();
    let [_, certificate, key] = values(&disk.read("kubelet.conf"));
    let current = "/var/lib/kubelet/pki/kubelet-client-current.pem";
    let by_path = disk.read("kubelet.conf").replace(&certificate, current).replace(&key, current);
    let by_path =
        by_path.replace("client-certificate-data", "client-certificate").replace("client-key-data", "client-key");
    disk.write("kubelet.conf", by_path);
    let folder = disk.root().join("var/lib/kubelet/pki");
    fs::create_dir_all(&folder).expect("a folder");
    fs::write(folder.join("kubelet-client-current.pem"), [decoded(&certificate), decoded(&key)].concat())
        .expect("written");
    let before = Tree::read(&disk.root().join("var/lib/kubelet"));
    let kubelet_conf = disk.read("kubelet.conf");
    let run = disk.renew_all();
    let steps: Vec<&str> =
        run["steps"].as_array().expect("steps").iter().filter_map(|step| step["id"].as_str()).collect();
    assert!(
        steps.contains(&"renew-admin.conf") && !steps.iter().any(|step| step.starts_with("renew-kubelet")),
        "{steps:?}"
    );
    let left = run["leftAlone"].as_array().expect("what is left");
    assert!(left.iter().any(|left| left["name"] == "kubelet-client"), "{left:?}");
    assert_eq!(disk.read("kubelet.conf"), kubelet_conf);
    before.assert_unchanged(&Tree::read(&disk.root().join("var/lib/kubelet")));
}

/// `cp /etc/kubernetes/admin.conf ~/.kube/config`, with the users of another cluster beside it.
#[test]
fn the_copy_of_root_is_renewed_with_a_key_of_its_own() {
    let (disk, other) = (Disk::ecdsa(), Disk::with(&quick()));
    let foreign = values(&other.read("admin.conf"));
    let text = disk.read("admin.conf").replace(
        "users:\n",
        &format!(
            "users:\n- name: elsewhere\n  user:\n    client-certificate-data: {}\n    client-key-data: {}\n- name: robot\n  \
             user:\n    token: abc\n",
            foreign[1], foreign[2]
        ),
    );
    let text = text.replace(
        "clusters:\n",
        &format!(
            "clusters:\n- name: elsewhere\n  cluster:\n    server: https://192.0.2.99:6443\n    certificate-authority-data: {}\n",
            foreign[0]
        ),
    );
    let copy = root_copy(&disk);
    fs::write(&copy, &text).expect("written");
    fs::write(copy.with_file_name("other"), &text).expect("written");
    disk.on_root(&["check"]).expect(0);

    let run = disk.renew_all();
    let steps: Vec<&str> =
        run["steps"].as_array().expect("steps").iter().filter_map(|step| step["id"].as_str()).collect();
    assert!(steps.contains(&"renew-root-kubeconfig") && steps.contains(&"renew-admin.conf"), "{steps:?}");
    let new = fs::read_to_string(&copy).expect("the copy");
    let user = |text: &str| {
        values(
            &text[text.find("- name: kubernetes-admin\n  user").expect("the user")..]
                .replace("client-certificate-data", "certificate-authority-data: AAAA\n    client-certificate-data"),
        )
    };
    let ([_, old_certificate, old_key], [_, certificate, key]) = (user(&text), user(&new));
    assert_eq!(new, text.replace(&old_certificate, &certificate).replace(&old_key, &key));
    assert_eq!(openssl::verify(&decoded(&certificate), &disk.file("pki/ca.crt"), None), Ok(()));
    let [_, of_admin, key_of_admin] = values(&disk.read("admin.conf"));
    assert!(certificate != of_admin && key != key_of_admin);
    assert_eq!(fs::read_to_string(copy.with_file_name("other")).expect("another file"), text);
    disk.on_root(&["renew", "root-kubeconfig", "--yes"]).expect(0);
    disk.on_root(&["check"]).expect(0);
}

#[test]
fn a_copy_of_root_that_is_a_link_is_admin_conf() {
    let disk = Disk::ecdsa();
    symlink("/etc/kubernetes/admin.conf", root_copy(&disk)).expect("a link");
    let run = disk.renew_all();
    let steps: Vec<&str> =
        run["steps"].as_array().expect("steps").iter().filter_map(|step| step["id"].as_str()).collect();
    assert!(steps.contains(&"renew-admin.conf") && !steps.contains(&"renew-root-kubeconfig"), "{steps:?}");
}

fn root_copy(disk: &Disk) -> PathBuf {
    let folder = disk.root().join("root/.kube");
    fs::create_dir_all(&folder).expect("a folder");
    // As every system makes root's home: others do not come by it.
    fs::set_permissions(disk.root().join("root"), fs::Permissions::from_mode(0o700)).expect("rights");
    folder.join("config")
}

fn quick() -> Kubeadm {
    let mut kubeadm = Kubeadm::new(6443);
    kubeadm.key_algorithm = KeyAlgorithm::EcdsaP256;
    kubeadm
}

/// The base64 of authority, certificate and key, wherever they stand.
fn values(text: &str) -> [String; 3] {
    ["certificate-authority-data", "client-certificate-data", "client-key-data"].map(|field| {
        let (_, rest) = text.split_once(field).unwrap_or_else(|| panic!("no {field}"));
        let rest = rest.trim_start_matches(['"', ':', ' ']);
        rest.chars().take_while(|c| c.is_ascii_alphanumeric() || "+/=".contains(*c)).collect()
    })
}

fn decoded(value: &str) -> Vec<u8> {
    STANDARD.decode(value).expect("base64")
}
