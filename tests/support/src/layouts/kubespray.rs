//! kubespray: kubeadm's files in `/etc/kubernetes/ssl`, a link to it, and an etcd of the host.

use super::{Authority, Disk, Oddity, kubeadm, kubeconfig};

pub fn node(disk: &Disk) {
    let (ca, ..) = kubeadm::tree(disk, "etc/kubernetes/ssl");
    std::fs::remove_dir_all(disk.at("etc/kubernetes/ssl/etcd")).expect("etcd is elsewhere");
    for ending in ["crt", "key"] {
        let path = format!("etc/kubernetes/ssl/apiserver-etcd-client.{ending}");
        std::fs::remove_file(disk.at(&path)).expect("etcd is elsewhere");
    }
    disk.crt("etc/kubernetes/ssl/apiserver", &ca.sign("kube-apiserver", &Oddity::default()));
    disk.link("etc/kubernetes/pki", "/etc/kubernetes/ssl");
    let admin = kubeconfig("https://x", &ca.certificate(), "it", &ca.sign("kubernetes-admin", &Oddity::default()));
    disk.write("etc/kubernetes/admin.conf", admin);
    let etcd_ca = Authority::new("etcd-ca", &Oddity::default());
    let etcd = "etc/ssl/etcd/ssl";
    disk.pem(&format!("{etcd}/ca"), &etcd_ca.pair());
    for name in ["member-n1", "node-n1", "admin-n1"] {
        disk.pem(&format!("{etcd}/{name}"), &etcd_ca.sign(&format!("etcd-{name}"), &Oddity::default()));
    }
    disk.write(
        "etc/kubernetes/manifests/kube-apiserver.yaml",
        format!(
            "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - command:\n    - kube-apiserver\n    - \
             --client-ca-file=/etc/kubernetes/ssl/ca.crt\n    - --tls-cert-file=/etc/kubernetes/ssl/apiserver.crt\n    - \
             --tls-private-key-file=/etc/kubernetes/ssl/apiserver.key\n    - --etcd-cafile=/{etcd}/ca.pem\n    - \
             --etcd-certfile=/{etcd}/node-n1.pem\n    - --etcd-keyfile=/{etcd}/node-n1-key.pem\n"
        ),
    );
}
