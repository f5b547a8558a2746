//! The troubles of the demo disk, told to the person who is about to find them.

/// One trouble: the code `check` reports it under, the file it is in, and how it came about.
pub struct Trouble {
    pub code: &'static str,
    pub place: &'static str,
    pub story: &'static str,
}

/// The troubles of the disk; nothing else on it is wrong.
#[rustfmt::skip] // One row a trouble, sentence last.
pub const TROUBLES: &[Trouble] = &[
    Trouble { code: "expired", place: "etc/kubernetes/pki/apiserver.crt",
        story: "Everybody thought that somebody else did the yearly renewal, and three days ago the year was over." },
    Trouble { code: "expiring", place: "etc/kubernetes/pki/apiserver-kubelet-client.crt",
        story: "The renewal was put off from one maintenance window to the next; three days of the year are left." },
    Trouble { code: "expiring", place: "etc/kubernetes/pki/front-proxy-client.crt",
        story: "Somebody renewed this one some weeks after the others, so the date in the calendar is not its own." },
    Trouble { code: "issuer-missing", place: "etc/kubernetes/pki/apiserver-etcd-client.crt",
        story: "Somebody signed it on a laptop, with an authority made for that one evening and never copied to this node." },
    Trouble { code: "key-differs", place: "etc/kubernetes/pki/etcd/server.crt",
        story: "Somebody copied server.key from another control-plane node and left server.crt where it was." },
    Trouble { code: "bad-signature", place: "etc/kubernetes/pki/etcd/peer.crt",
        story: "Somebody made the etcd authority anew under its old name and forgot this certificate, which the old one had signed." },
    Trouble { code: "outlives-issuer", place: "etc/kubernetes/pki/etcd/healthcheck-client.crt",
        story: "Somebody signed it by hand for 500 days, with an authority that they had made for only 400." },
    Trouble { code: "kubeconfig-stale", place: "etc/kubernetes/admin.conf",
        story: "Somebody replaced the cluster authority and put a new client certificate into this file, but left the old authority in it." },
    Trouble { code: "expired", place: "etc/kubernetes/controller-manager.conf",
        story: "The renewal script went through the .crt files and forgot that kubeconfigs hold certificates too." },
    Trouble { code: "not-yet-valid", place: "etc/kubernetes/scheduler.conf",
        story: "Somebody renewed it while this node's clock ran two days ahead, and put the clock right afterwards." },
    Trouble { code: "expired", place: "var/lib/kubelet/pki/kubelet-client-current.pem",
        story: "The node was switched off during the weeks in which its kubelet would have asked for the next one." },
    Trouble { code: "expired", place: "var/lib/kubelet/pki/kubelet.crt",
        story: "The kubelet signed it for itself and makes another only when the file is gone; nobody knew that it had to be deleted." },
];
