//! K3s and RKE2: each leaf with its authority in one file, authorities with serial 0, a full backup beside, the server's
//! authority in several places, a Secret without a kind, absolute symlinks.

use super::{Authority, Disk, Oddity, alone, base64, kubeconfig, kubeconfig_of_files};

/// A server with its agent; `data` is the data folder, below the root of the disk.
pub fn server(disk: &Disk, program: &str, data: &str) {
    let zero = |cn: &str| Authority::new(&format!("{cn}@1700000000"), &Oddity { zero: true, ..Oddity::default() });
    let tls = format!("{data}/server/tls");
    let (client_ca, server_ca) = (zero(&format!("{program}-client-ca")), zero(&format!("{program}-server-ca")));
    let (header_ca, etcd_ca, peer_ca) =
        (zero(&format!("{program}-request-header-ca")), zero("etcd-server-ca"), zero("etcd-peer-ca"));
    for (name, authority) in [
        ("client-ca", &client_ca),
        ("server-ca", &server_ca),
        ("request-header-ca", &header_ca),
        ("etcd/server-ca", &etcd_ca),
        ("etcd/peer-ca", &peer_ca),
    ] {
        disk.crt(&format!("{tls}/{name}"), &authority.pair());
    }
    disk.write(&format!("{tls}/client-ca.nochain.crt"), client_ca.certificate());
    disk.write(&format!("{tls}/server-ca.nochain.crt"), server_ca.certificate());
    let of = |authority: &Authority, cn: &str| authority.sign(cn, &Oddity::default()).with(authority);
    for (name, cn) in [
        ("client-admin", "system:admin".to_owned()),
        ("client-supervisor", format!("system:{program}-supervisor")),
        ("client-controller", "system:kube-controller-manager".to_owned()),
        ("client-scheduler", "system:kube-scheduler".to_owned()),
        ("client-kube-apiserver", "system:apiserver".to_owned()),
        ("client-kube-proxy", "system:kube-proxy".to_owned()),
        (&format!("client-{program}-controller"), format!("system:{program}-controller")),
        (&format!("client-{program}-cloud-controller"), format!("{program}-cloud-controller-manager")),
    ] {
        disk.crt(&format!("{tls}/{name}"), &of(&client_ca, &cn));
    }
    disk.crt(&format!("{tls}/client-auth-proxy"), &of(&header_ca, "system:auth-proxy"));
    disk.crt(&format!("{tls}/serving-kube-apiserver"), &of(&server_ca, "kube-apiserver"));
    disk.crt(&format!("{tls}/etcd/client"), &of(&etcd_ca, "etcd-client"));
    disk.crt(&format!("{tls}/etcd/server-client"), &of(&etcd_ca, "etcd-server"));
    disk.crt(&format!("{tls}/etcd/peer-server-client"), &of(&peer_ca, "etcd-peer"));
    // Keys whose certificates only agents have.
    for name in ["client-kubelet.key", "serving-kubelet.key", "service.key"] {
        disk.write(&format!("{tls}/{name}"), alone("x").key);
    }
    let dynamic = of(&server_ca, program);
    disk.write(
        &format!("{tls}/dynamic-cert.json"),
        serde_json::json!({
            "metadata": { "name": format!("{program}-serving"), "namespace": "kube-system", "annotations": {
                "listener.cattle.io/cn-127.0.0.1": "127.0.0.1", "listener.cattle.io/fingerprint": "SHA1=00" } },
            "data": { "tls.crt": base64(&dynamic.certificate), "tls.key": base64(&dynamic.key) },
            "type": "kubernetes.io/tls",
        })
        .to_string(),
    );
    for (file, name) in [("admin", "client-admin"), ("controller", "client-controller")] {
        let text = kubeconfig_of_files(
            "https://127.0.0.1:6444",
            &format!("/{tls}/server-ca.crt"),
            &format!("/{tls}/{name}.crt"),
            &format!("/{tls}/{name}.key"),
        );
        disk.write(&format!("{data}/server/cred/{file}.kubeconfig"), text);
    }
    disk.write(&format!("{data}/server/token"), "K10abc::server:secret");
    disk.link(&format!("{data}/server/node-token"), &format!("/{data}/server/token"));
    agent_of(disk, program, data, &client_ca, &server_ca);
    let admin = of(&client_ca, "system:admin");
    disk.write(
        &format!("etc/rancher/{program}/{program}.yaml"),
        kubeconfig("https://127.0.0.1:6443", &server_ca.certificate(), "default", &admin),
    );
    // `certificate rotate` puts everything aside.
    disk.crt(&format!("{tls}-1700000001/client-admin"), &of(&client_ca, "system:admin"));
    disk.crt(&format!("{tls}-1700000001/client-ca"), &client_ca.pair());
    // Of images and containers, nothing is ours.
    disk.write(&format!("{data}/agent/containerd/layer/cert.pem"), alone("a container's").certificate);
}

/// An agent alone.
pub fn agent(disk: &Disk, program: &str, data: &str) {
    let authority = |name: &str| Authority::new(name, &Oddity { zero: true, ..Oddity::default() });
    agent_of(disk, program, data, &authority("client-ca@1"), &authority("server-ca@1"));
}

fn agent_of(disk: &Disk, program: &str, data: &str, client_ca: &Authority, server_ca: &Authority) {
    let agent = format!("{data}/agent");
    let of = |authority: &Authority, cn: &str| authority.sign(cn, &Oddity::default()).with(authority);
    disk.write(&format!("{agent}/client-ca.crt"), client_ca.certificate());
    disk.write(&format!("{agent}/server-ca.crt"), server_ca.certificate());
    let node = Oddity { organisation: Some("system:nodes"), ..Oddity::default() };
    disk.crt(&format!("{agent}/client-kubelet"), &client_ca.sign("system:node:n1", &node).with(client_ca));
    disk.crt(&format!("{agent}/serving-kubelet"), &of(server_ca, "n1"));
    disk.crt(&format!("{agent}/client-kube-proxy"), &of(client_ca, "system:kube-proxy"));
    disk.crt(&format!("{agent}/client-{program}-controller"), &of(client_ca, &format!("system:{program}-controller")));
    let text = kubeconfig_of_files(
        "https://127.0.0.1:6443",
        &format!("/{agent}/server-ca.crt"),
        &format!("/{agent}/client-kubelet.crt"),
        &format!("/{agent}/client-kubelet.key"),
    );
    disk.write(&format!("{agent}/kubelet.kubeconfig"), text);
}
