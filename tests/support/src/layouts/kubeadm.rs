//! kubeadm with its certificates elsewhere, a component with a file of its own, and a kubelet that was told all kinds of
//! things.

use super::{Authority, Disk, Oddity, alone, kubeconfig};

/// `kubeadm init --cert-dir /srv/pki`, and what people have changed since.
pub fn elsewhere(disk: &Disk) {
    let (ca, etcd_ca, proxy_ca) = tree(disk, "srv/pki");
    let etcd = |name: &str| etcd_ca.sign(name, &Oddity::default());
    disk.crt("srv/pki/etcd/healthcheck-client", &etcd("kube-etcd-healthcheck-client"));
    // A file of its own, mounted under another name.
    disk.crt("opt/tls/leaf", &ca.sign("kube-apiserver", &Oddity::default()));
    let signing = Authority::new("signing", &Oddity::default());
    disk.crt("srv/pki/signing", &signing.pair());
    disk.write(
        "etc/kubernetes/manifests/kube-apiserver.yaml",
        pod(
            "kube-apiserver",
            &[
                "--client-ca-file=/etc/kubernetes/pki/ca.crt",
                "--etcd-cafile=/etc/kubernetes/pki/etcd/ca.crt",
                "--etcd-certfile=/etc/kubernetes/pki/apiserver-etcd-client.crt",
                "--etcd-keyfile=/etc/kubernetes/pki/apiserver-etcd-client.key",
                "--kubelet-client-certificate=/etc/kubernetes/pki/apiserver-kubelet-client.crt",
                "--kubelet-client-key=/etc/kubernetes/pki/apiserver-kubelet-client.key",
                "--proxy-client-cert-file=/etc/kubernetes/pki/front-proxy-client.crt",
                "--proxy-client-key-file=/etc/kubernetes/pki/front-proxy-client.key",
                "--requestheader-client-ca-file=/etc/kubernetes/pki/front-proxy-ca.crt",
                "--tls-cert-file=/tls/tls.crt",
                "--tls-private-key-file=/tls/tls.key",
            ],
        ),
    );
    disk.write(
        "etc/kubernetes/manifests/etcd.yaml",
        pod(
            "etcd",
            &[
                "--cert-file=/etc/kubernetes/pki/etcd/server.crt",
                "--key-file=/etc/kubernetes/pki/etcd/server.key",
                "--peer-cert-file=/etc/kubernetes/pki/etcd/peer.crt",
                "--peer-key-file=/etc/kubernetes/pki/etcd/peer.key",
                "--peer-trusted-ca-file=/etc/kubernetes/pki/etcd/ca.crt",
                "--trusted-ca-file=/etc/kubernetes/pki/etcd/ca.crt",
            ],
        ),
    );
    disk.write(
        "etc/kubernetes/manifests/kube-controller-manager.yaml",
        pod(
            "kube-controller-manager",
            &[
                "--cluster-signing-cert-file=/etc/kubernetes/pki/signing.crt",
                "--cluster-signing-key-file=/etc/kubernetes/pki/signing.key",
                "--kubeconfig=/srv/cm.conf",
                "--root-ca-file=/etc/kubernetes/pki/ca.crt",
                "--tls-cert-file=/srv/gone.crt",
            ],
        ),
    );
    let of = |cn: &str| kubeconfig("https://10.0.0.1:6443", &ca.certificate(), "it", &ca.sign(cn, &Oddity::default()));
    disk.write("srv/cm.conf", of("system:kube-controller-manager"));
    disk.write("etc/kubernetes/admin.conf", of("kubernetes-admin"));
    disk.write("etc/kubernetes/admin.conf.bak", of("kubernetes-admin"));
    kubelet(disk, &ca);
    disk.crt("etc/kubernetes/tmp/kubeadm-backup-certs/apiserver", &ca.sign("kube-apiserver", &Oddity::default()));
    drop(proxy_ca);
}

/// Its folder of certificates is named by a unit, its own certificate by a drop-in of its configuration.
fn kubelet(disk: &Disk, ca: &Authority) {
    let client = ca.sign("system:node:n1", &Oddity { organisation: Some("system:nodes"), ..Oddity::default() });
    let (dated, link) = ("srv/kubelet/kubelet-client-2026-01-01.pem", "srv/kubelet/kubelet-client-current.pem");
    disk.write(dated, format!("{}{}", client.certificate, client.key));
    disk.link(link, "/srv/kubelet/kubelet-client-2026-01-01.pem");
    disk.write(
        "etc/kubernetes/kubelet.conf",
        format!(
            "apiVersion: v1\nkind: Config\nclusters:\n- name: default\n  cluster: {{server: https://x, \
             certificate-authority: /srv/pki/ca.crt}}\ncontexts:\n- name: c\n  context: {{cluster: default, user: n}}\n\
             users:\n- name: n\n  user: {{client-certificate: /{link}, client-key: /{link}}}\n"
        ),
    );
    disk.crt("srv/tls/kubelet", &alone("n1"));
    disk.write(
        "etc/systemd/system/kubelet.service.d/20-ours.conf",
        "[Service]\nEnvironment=\"KUBELET_EXTRA_ARGS=--cert-dir=/srv/kubelet --node-ip=10.0.0.1\"\n",
    );
    disk.write(
        "var/lib/kubelet/config.yaml",
        "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\nauthentication:\n  x509:\n    \
         clientCAFile: /srv/pki/ca.crt\nstaticPodPath: /etc/kubernetes/manifests\n",
    );
    disk.write(
        "etc/kubernetes/kubelet.conf.d/10-tls.conf",
        "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\ntlsCertFile: /srv/tls/kubelet.crt\n\
         tlsPrivateKeyFile: /srv/tls/kubelet.key\n",
    );
}

/// The authorities and pairs that are at their usual names, below `folder`.
pub fn tree(disk: &Disk, folder: &str) -> (Authority, Authority, Authority) {
    let authority = |cn: &str| Authority::new(cn, &Oddity::default());
    let (ca, etcd_ca, proxy_ca) = (authority("kubernetes"), authority("etcd-ca"), authority("front-proxy-ca"));
    for (name, authority) in [("ca", &ca), ("etcd/ca", &etcd_ca), ("front-proxy-ca", &proxy_ca)] {
        disk.crt(&format!("{folder}/{name}"), &authority.pair());
    }
    for (name, authority) in [
        ("apiserver-kubelet-client", &ca),
        ("apiserver-etcd-client", &etcd_ca),
        ("front-proxy-client", &proxy_ca),
        // The same subject in both.
        ("etcd/server", &etcd_ca),
        ("etcd/peer", &etcd_ca),
    ] {
        let cn = match name {
            "etcd/server" | "etcd/peer" => "n1".to_owned(),
            "front-proxy-client" => name.to_owned(),
            _ => format!("kube-{name}"),
        };
        disk.crt(&format!("{folder}/{name}"), &authority.sign(&cn, &Oddity::default()));
    }
    (ca, etcd_ca, proxy_ca)
}

/// The folder of certificates of the node is another one than that of the container.
fn pod(name: &str, options: &[&str]) -> String {
    let options: String = options.iter().map(|option| format!("    - {option}\n")).collect();
    format!(
        "apiVersion: v1\nkind: Pod\nmetadata:\n  name: {name}\nspec:\n  containers:\n  - name: {name}\n    command:\n    \
         - {name}\n{options}    volumeMounts:\n    - name: certs\n      mountPath: /etc/kubernetes/pki\n    - name: leaf\n      \
         mountPath: /tls/tls.crt\n    - name: key\n      mountPath: /tls/tls.key\n  volumes:\n  - name: certs\n    hostPath: \
         {{path: /srv/pki}}\n  - name: leaf\n    hostPath: {{path: /opt/tls/leaf.crt}}\n  - name: key\n    hostPath: {{path: \
         /opt/tls/leaf.key}}\n"
    )
}
