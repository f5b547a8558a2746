//! What the real kubeadm writes, asked of openssl.

use std::fs;
use std::time::Duration;

use support::kubeadm::{Etcd, KeyAlgorithm, Kubeadm, pki};
use support::openssl;
use support::tree::Tree;

#[test]
fn a_stacked_node_has_every_file_and_certificates_that_verify() {
    let root = tempfile::tempdir().expect("a folder");
    let mut kubeadm = Kubeadm::new(6443);
    kubeadm.extra_sans = vec!["api.example.org".to_owned()];
    kubeadm.write(root.path());

    let tree = Tree::read(&root.path().join("etc/kubernetes"));
    assert_eq!(tree.entries.len(), 35, "{:?}", tree.entries.keys());
    let manifest = tree.file("manifests/kube-apiserver.yaml").expect("a manifest");
    let manifest = String::from_utf8_lossy(manifest);
    assert!(manifest.contains("--tls-cert-file=/etc/kubernetes/pki/apiserver.crt"));
    assert!(tree.file("manifests/etcd.yaml").is_some());

    let pki = pki(root.path());
    for (leaf, authority) in [
        ("apiserver", "ca"),
        ("apiserver-kubelet-client", "ca"),
        ("front-proxy-client", "front-proxy-ca"),
        ("etcd/server", "etcd/ca"),
        ("apiserver-etcd-client", "etcd/ca"),
    ] {
        let pem = fs::read(pki.join(format!("{leaf}.crt"))).expect("a certificate");
        let key = fs::read(pki.join(format!("{leaf}.key"))).expect("a key");
        let authority = pki.join(format!("{authority}.crt"));
        assert_eq!(openssl::verify(&pem, &authority, None), Ok(()), "{leaf}");
        assert_eq!(openssl::x509(&pem).public_key, openssl::public_key_of(&key));
    }
    let apiserver = &openssl::certificates(&pki.join("apiserver.crt"))[0];
    assert_eq!(apiserver.subject, "CN=kube-apiserver");
    assert_eq!(apiserver.issuer, "CN=kubernetes");
    for san in ["DNS:api.example.org", "IP Address:127.0.0.1"] {
        assert!(apiserver.extensions.contains(san), "{apiserver:?}");
    }
    let wrong = pki.join("etcd/ca.crt");
    let pem = fs::read(pki.join("apiserver.crt")).expect("a certificate");
    assert!(openssl::verify(&pem, &wrong, None).is_err());

    // Authority and client certificate, each in base64.
    let admin = openssl::certificates(&root.path().join("etc/kubernetes/super-admin.conf"));
    assert_eq!(admin.len(), 2);
    assert_eq!(admin[1].subject, "CN=kubernetes-super-admin,O=system:masters");
}

#[test]
fn variants_differ_in_keys_times_and_missing_files() {
    let (root, etcd_host) = (tempfile::tempdir(), tempfile::tempdir());
    let (root, etcd_host) = (root.expect("a folder"), etcd_host.expect("a folder"));
    let mut kubeadm = Kubeadm::new(6443);
    kubeadm.key_algorithm = KeyAlgorithm::EcdsaP256;
    kubeadm.leaf_validity = Duration::from_secs(3600);
    kubeadm.advertise_address = Some([10, 1, 2, 3].into());
    kubeadm.external_ca = true;
    kubeadm.etcd = Etcd::External { root: etcd_host.path().to_owned() };
    kubeadm.write(root.path());

    let tree = Tree::read(&root.path().join("etc/kubernetes"));
    for gone in ["pki/ca.key", "pki/front-proxy-ca.key", "pki/etcd/server.crt", "manifests/etcd.yaml"] {
        assert!(tree.file(gone).is_none(), "{gone}");
    }
    let kubelet = tree.file("kubelet.conf").expect("a kubeconfig");
    assert!(String::from_utf8_lossy(kubelet).contains("server: https://10.1.2.3:6443"));
    let client = tree.file("pki/apiserver-etcd-client.crt").expect("a certificate");
    let authority = pki(etcd_host.path()).join("etcd/ca.crt");
    assert_eq!(openssl::verify(client, &authority, None), Ok(()));
    let text = openssl::text(&["x509", "-noout", "-text"], client);
    assert!(text.contains("ASN1 OID: prime256v1"), "{text}");
    let apiserver = tree.file("pki/apiserver.crt").expect("a certificate");
    let soon = openssl::text(&["x509", "-noout", "-checkend", "0"], apiserver);
    assert!(soon.contains("will not expire"), "{soon}");
}

#[test]
#[should_panic(expected = "must not write into this machine's own /etc/kubernetes")]
fn the_machine_itself_is_refused() {
    Kubeadm::new(6443).write("/".as_ref());
}
