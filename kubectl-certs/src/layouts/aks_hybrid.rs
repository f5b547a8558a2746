//! AKS hybrid (`AksHci`, MOC): what its virtual machines have beside the files of kubeadm, to log in to the cloud agent
//! (microsoft/moc `pkg/auth`). Login files hold a token and the agent's certificate, access files an identity; they renew
//! themselves when 30 % of the lifetime is left, while the program that has them runs.

use super::rows::{copied, field};
use super::{Base, KeptBy, Layout, Leaf, Renewal, Store};

pub(super) const AKS_HYBRID: Layout = Layout {
    name: "aks-hybrid",
    bases: &[Base {
        folder: "opt/wssd/k8s",
        marks: &["cloudlogin.yaml", "/etc/lbagent/pki/cloudagent.crt"],
        unless: &[],
        read: &["*", "/etc/lbagent/pki", "/root/.wssd"],
    }],
    authorities: &[super::rows::authority("cloudagent", "/etc/lbagent/pki/cloudagent.crt", "")],
    copies: &[copied("cloudlogin-cloudagent", "cloudagent", ""), copied("cloudconfig-cloudagent", "cloudagent", "")],
    leaves: &[Leaf {
        name: "cloudconfig",
        store: Store::NoUsualPlace,
        signer: "",
        renewal: Renewal::ByItself { percent: 73 },
        kept_by: KeptBy::Cluster,
    }],
    fields: &[
        field("cloudlogin.yaml", "/certificate", "cloudlogin-cloudagent"),
        field("cloudconfig", "/CloudCertificate", "cloudconfig-cloudagent"),
        field("cloudconfig", "/ClientCertificate", "cloudconfig"),
    ],
    moves: &[],
    told: &[],
    renewed_by: Some("renew themselves while the programs that have them run, or by Update-AksHciClusterCertificates"),
    server: "",
    uses: &[],
    names_from: &[],
};
