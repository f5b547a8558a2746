//! `MicroK8s`: made by openssl, client certificates of version 1 in kubeconfigs that end in `.config`, an authority called
//! like an address, a kubelet's certificate that states no extended usages.

use std::fs;

use super::{Authority, Disk, Oddity, Pair, alone, kubeconfig};
use crate::openssl;

pub fn node(disk: &Disk) {
    // snapd's revision, and a link to it.
    let data = "var/snap/microk8s/7018";
    let ca = Authority::new("10.152.183.1", &Oddity::default());
    let proxy_ca = Authority::new("front-proxy-ca", &Oddity::default());
    let certs = format!("{data}/certs");
    disk.crt(&format!("{certs}/ca"), &ca.pair());
    disk.crt(&format!("{certs}/front-proxy-ca"), &proxy_ca.pair());
    disk.crt(&format!("{certs}/server"), &ca.sign("127.0.0.1", &Oddity::default()));
    disk.crt(&format!("{certs}/kubelet"), &ca.sign("system:node:n1", &Oddity { no_usages: true, ..Oddity::default() }));
    disk.crt(&format!("{certs}/front-proxy-client"), &proxy_ca.sign("front-proxy-client", &Oddity::default()));
    disk.write(&format!("{certs}/serviceaccount.key"), alone("x").key);
    for (file, cn) in [
        ("client", "admin"),
        ("controller", "system:kube-controller-manager"),
        ("kubelet", "system:node:n1"),
        ("proxy", "system:kube-proxy"),
        ("scheduler", "system:kube-scheduler"),
    ] {
        let identity = version_1(disk, &certs, cn);
        let text = kubeconfig("https://127.0.0.1:16443", &ca.certificate(), "user", &identity);
        disk.write(&format!("{data}/credentials/{file}.config"), text);
    }
    disk.crt(&format!("{data}/var/kubernetes/backend/cluster"), &alone("k8s"));
    disk.write(
        &format!("{data}/args/kube-apiserver"),
        "--client-ca-file=${SNAP_DATA}/certs/ca.crt\n--tls-cert-file=${SNAP_DATA}/certs/server.crt\n",
    );
    disk.link("var/snap/microk8s/current", "7018");
}

/// Without extensions, openssl's `x509 -req` makes version 1, as its scripts call it.
fn version_1(disk: &Disk, certs: &str, cn: &str) -> Pair {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name).display().to_string();
    let key = openssl::text(&["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"], b"");
    fs::write(at("key"), &key).expect("written");
    openssl::text(&["req", "-new", "-key", &at("key"), "-subj", &format!("/CN={cn}"), "-out", &at("csr")], b"");
    let ca = |ending: &str| disk.at(&format!("{certs}/ca.{ending}")).display().to_string();
    let certificate = openssl::text(
        &[
            "x509",
            "-req",
            "-in",
            &at("csr"),
            "-CA",
            &ca("crt"),
            "-CAkey",
            &ca("key"),
            "-set_serial",
            "7",
            "-days",
            "365",
        ],
        b"",
    );
    Pair { certificate, key }
}
