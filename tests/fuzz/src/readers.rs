//! What is read: one row for each reader.

use std::fmt::Display;
use std::path::Path;

use kubectl_certs::access::nodes::NodeReply;
use kubectl_certs::formats::keystore::{self, Password};
use kubectl_certs::formats::{self, certificate, kubeconfig, name, pem, signing_request, token};
use kubectl_certs::model::Location;
use kubectl_certs::pki::{public_key, raw_certificate::RawCertificate, signature};
use kubectl_certs::plan::Plan;
use kubectl_certs::sources::target;

use crate::seeds::{self, Seeds};

pub(crate) struct Reader {
    pub(crate) name: &'static str,
    pub(crate) seeds: fn(&Seeds) -> Vec<Vec<u8>>,
    pub(crate) read: fn(&[u8]),
}

pub(crate) const READERS: &[Reader] = &[
    Reader {
        name: "file",
        seeds: |seeds| [pem_texts(seeds), kubeconfigs(seeds)].concat(),
        read: |bytes| {
            let content = formats::read(bytes);
            content.certificates.iter().for_each(|der| spoken(certificate::parse(der)));
        },
    },
    Reader { name: "pem", seeds: pem_texts, read: read_pem },
    Reader {
        name: "certificate",
        seeds: |seeds| ders(&seeds.certificates),
        read: |bytes| {
            spoken(certificate::parse(bytes));
            if let Ok(raw) = RawCertificate::parse(bytes) {
                spoken(signature::verify(bytes, raw.spki));
            }
        },
    },
    Reader {
        name: "request",
        seeds: |seeds| ders(&seeds.requests),
        read: |bytes| spoken(signing_request::parse(bytes)),
    },
    Reader {
        name: "private-key",
        seeds: |seeds| texts(&seeds.keys),
        read: |bytes| {
            spoken(public_key::public_spki_of_pem(bytes));
            spoken(public_key::spki_of_public_pem(bytes));
        },
    },
    Reader { name: "name", seeds: |seeds| ders(&seeds.certificates), read: |bytes| drop(name::of_der(bytes)) },
    Reader { name: "kubeconfig", seeds: kubeconfigs, read: read_kubeconfig },
    Reader {
        name: "keystore",
        seeds: Seeds::keystores,
        read: |bytes| {
            if let Some(store) = keystore::read(bytes, &[Password::new(seeds::PASSWORD)]) {
                let certificates = store.identities.iter().flat_map(|it| &it.content.certificates);
                certificates.chain(&store.trusted).for_each(|der| spoken(certificate::parse(der)));
                assert!(store.gaps.iter().all(|(_, why)| !why.is_empty()));
            }
        },
    },
    Reader {
        name: "token",
        seeds: |_| vec![seeds::token().into_bytes()],
        read: |bytes| drop(token::read(&String::from_utf8_lossy(bytes))),
    },
    // Login files, state files, API models, machine configurations: values within JSON and YAML.
    Reader {
        name: "document",
        seeds: Seeds::documents,
        read: |bytes| {
            let content = formats::read(bytes);
            assert!(content.document_fault.is_none_or(|fault| !fault.is_empty()));
            for field in content.fields {
                assert!(!field.content.is_empty(), "a field without anything in it: {:?}", field.keys);
            }
        },
    },
    Reader {
        name: "manifest",
        seeds: |_| vec![MANIFEST.as_bytes().to_vec(), MANIFEST.replace("- --", "- \n  --").into_bytes()],
        read: |bytes| drop(formats::read_file(Path::new("/etc/kubernetes/manifests/kube-apiserver.yaml"), bytes, &[])),
    },
    Reader {
        name: "unit",
        seeds: |_| {
            vec![
                b"[Service]\nEnvironment=\"A=--kubeconfig=/a b\"\nExecStart=/usr/bin/kubelet \\\n --config=/x $A 'y'\n"
                    .to_vec(),
            ]
        },
        read: |bytes| drop(formats::read_file(Path::new("/etc/systemd/system/kubelet.service"), bytes, &[])),
    },
    Reader {
        name: "target",
        seeds: |_| {
            let printed =
                ["tls://[fd00::1]:443?sni=a.b#2", "node/cp1:/etc/a%20b#user/c", "secret/a/b/c#/x/0#1", "smtp://m"];
            printed.iter().map(|text| text.as_bytes().to_vec()).collect()
        },
        read: |bytes| {
            let text = String::from_utf8_lossy(bytes);
            if let Ok(location) = text.parse::<Location>() {
                assert_eq!(location.to_string().parse(), Ok(location));
            }
            spoken(target::parse(&text, |_| false));
        },
    },
    // What another machine says.
    Reader {
        name: "node-reply",
        seeds: |_| {
            let replies = [NodeReply::Done, NodeReply::Existing(vec!["/a".to_owned()]), NodeReply::Probed(Vec::new())];
            let as_json = |reply: &NodeReply| serde_json::to_vec(reply).unwrap_or_default();
            replies.iter().map(as_json).collect()
        },
        read: |bytes| spoken(serde_json::from_slice::<NodeReply>(bytes)),
    },
    // What was saved and may have been edited.
    Reader {
        name: "plan",
        seeds: |_| vec![br#"{"api":"certs/v1alpha1","request":{"renew":{}},"phases":[]}"#.to_vec()],
        read: |bytes| spoken(serde_json::from_slice::<Plan>(bytes)),
    },
];

const MANIFEST: &str = "apiVersion: v1
kind: Pod
metadata: {name: kube-apiserver, namespace: kube-system}
spec:
  containers:
  - name: kube-apiserver
    command:
    - kube-apiserver
    - --tls-cert-file=/etc/kubernetes/pki/apiserver.crt
    - --client-ca-file=/etc/kubernetes/pki/ca.crt
    - --etcd-servers=https://127.0.0.1:2379,https://10.0.0.2:2379
    livenessProbe: {httpGet: {host: 10.0.0.1, path: /livez, port: probe-port, scheme: HTTPS}}
    volumeMounts:
    - {mountPath: /etc/kubernetes/pki, name: k8s-certs, readOnly: true}
  volumes:
  - name: k8s-certs
    hostPath: {path: /srv/pki, type: DirectoryOrCreate}
";

/// An error is right here, if it says something.
fn spoken<T, E: Display>(result: Result<T, E>) {
    if let Err(error) = result {
        assert!(!error.to_string().is_empty());
    }
}

fn read_pem(bytes: &[u8]) {
    let text = pem::decode_text(bytes);
    for block in pem::blocks(&text) {
        assert!(text.get(block.range.clone()).is_some());
    }
    drop(pem::decode_base64(&text));
}

fn read_kubeconfig(bytes: &[u8]) {
    let text = pem::decode_text(bytes);
    spoken(kubeconfig::parse(&text));
    if let Ok(new) = kubeconfig::replace_identity(&text, "me", b"new certificate", b"new key") {
        assert!(kubeconfig::parse(&new).is_ok(), "a renewal must not break what could be read");
    }
}

fn texts(texts: &[String]) -> Vec<Vec<u8>> {
    texts.iter().map(|text| text.clone().into_bytes()).collect()
}

fn ders(texts: &[String]) -> Vec<Vec<u8>> {
    let blocks = texts.iter().flat_map(|text| pem::blocks(text));
    blocks.filter_map(|block| Some(block.der.as_ref()?.to_vec())).collect()
}

fn pem_texts(seeds: &Seeds) -> Vec<Vec<u8>> {
    let all = [texts(&seeds.certificates), texts(&seeds.keys), texts(&seeds.requests)].concat();
    let utf16 = |text: &String| {
        let units = std::iter::once(0xFEFF).chain(text.encode_utf16());
        units.flat_map(u16::to_le_bytes).collect::<Vec<u8>>()
    };
    let odd = [
        all.concat(),
        seeds.certificates[0].replace('\n', "\r\n").into_bytes(),
        seeds.certificates[1].replace("CERTIFICATE", "TRUSTED CERTIFICATE").into_bytes(),
        utf16(&seeds.certificates[1]),
    ];
    all.into_iter().chain(odd).collect()
}

fn kubeconfigs(seeds: &Seeds) -> Vec<Vec<u8>> {
    vec![seeds.kubeconfig(false), seeds.kubeconfig(true)]
}
