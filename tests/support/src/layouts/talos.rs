//! Talos: one YAML of several documents, base64 and indented PEM, keys labelled `ED25519 PRIVATE KEY`, an authority without
//! a subject; and the operator's `talosconfig`.

use super::{Authority, Disk, Oddity, Pair, base64};

pub fn operator(disk: &Disk) {
    let named = |organisation| Oddity { organisation: Some(organisation), ..Oddity::default() };
    let os = Authority::new("", &Oddity { ed25519: true, ..named("talos") });
    let former = Authority::new("", &Oddity { ed25519: true, ..named("talos") });
    let kubernetes = Authority::new("", &named("kubernetes"));
    let aggregator = Authority::new("", &Oddity::default());
    let etcd = Authority::new("", &named("etcd"));
    let roots = Authority::new("corporate root", &Oddity::default());
    let pair = |indent: &str, authority: &Authority, ed25519: bool| {
        let Pair { certificate, key } = labelled(authority.pair(), ed25519);
        format!("{indent}crt: {}\n{indent}key: {}\n", base64(&certificate), base64(&key))
    };
    let indented = roots.certificate().replace('\n', "\n    ");
    let text = format!(
        "version: v1alpha1 # the version\ndebug: false\nmachine:\n  type: controlplane\n  token: abcdef.0123456789abcdef\n  \
         ca:\n{}  acceptedCAs:\n    - crt: {}\n  certSANs: []\ncluster:\n  id: x\n  secret: c2VjcmV0\n  ca:\n{}  \
         aggregatorCA:\n{}  serviceAccount:\n    key: {}\n  etcd:\n    ca:\n{}---\napiVersion: v1alpha1\nkind: \
         TrustedRootsConfig\nname: corporate\ncertificates: |-\n    {indented}\n",
        pair("    ", &os, true),
        base64(&former.certificate()),
        pair("    ", &kubernetes, false),
        pair("    ", &aggregator, false),
        base64(&super::alone("x").key),
        pair("      ", &etcd, false),
    );
    disk.write("controlplane.yaml", text);
    let client = labelled(os.sign("", &Oddity { ed25519: true, ..named("os:admin") }), true);
    disk.write(
        "talosconfig",
        format!(
            "context: home\ncontexts:\n    home:\n        endpoints: [10.0.0.1]\n        ca: {}\n        crt: {}\n        \
             key: {}\n",
            base64(&os.certificate()),
            base64(&client.certificate),
            base64(&client.key)
        ),
    );
}

/// As Talos labels Ed25519 keys, though PKCS#8 is what they are.
fn labelled(pair: Pair, ed25519: bool) -> Pair {
    let key = if ed25519 { pair.key.replace("PRIVATE KEY", "ED25519 PRIVATE KEY") } else { pair.key };
    Pair { key, ..pair }
}
