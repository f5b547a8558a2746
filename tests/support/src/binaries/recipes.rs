//! Which programs there are, of which version and Go module, and how each is built.

pub const KUBERNETES_VERSION: &str = "v1.36.3";
pub const ETCD_VERSION: &str = "v3.6.8";
const CONTAINERD_VERSION: &str = "v2.3.7";
pub const COREDNS_VERSION: &str = "v1.14.2";
const CRICTL_VERSION: &str = "v1.36.0";
const RUNC_VERSION: &str = "v1.4.3";

/// A program that tests run.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Program {
    Containerd,
    ContainerdShim,
    Coredns,
    Crictl,
    Ctr,
    Etcd,
    Etcdctl,
    KubeApiserver,
    KubeControllerManager,
    KubeProxy,
    KubeScheduler,
    Kubeadm,
    Kubectl,
    Kubelet,
    Runc,
}

impl Program {
    /// What tests without a lab run.
    pub const ALONE: [Self; 4] = [Self::Etcd, Self::Kubeadm, Self::Kubectl, Self::KubeApiserver];

    /// What a cluster runs (tests/lab).
    pub const LAB: [Self; 15] = [
        Self::Containerd,
        Self::ContainerdShim,
        Self::Coredns,
        Self::Crictl,
        Self::Ctr,
        Self::Etcd,
        Self::Etcdctl,
        Self::KubeApiserver,
        Self::KubeControllerManager,
        Self::KubeProxy,
        Self::KubeScheduler,
        Self::Kubeadm,
        Self::Kubectl,
        Self::Kubelet,
        Self::Runc,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::Containerd => "containerd",
            Self::ContainerdShim => "containerd-shim-runc-v2",
            Self::Coredns => "coredns",
            Self::Crictl => "crictl",
            Self::Ctr => "ctr",
            Self::Etcd => "etcd",
            Self::Etcdctl => "etcdctl",
            Self::KubeApiserver => "kube-apiserver",
            Self::KubeControllerManager => "kube-controller-manager",
            Self::KubeProxy => "kube-proxy",
            Self::KubeScheduler => "kube-scheduler",
            Self::Kubeadm => "kubeadm",
            Self::Kubectl => "kubectl",
            Self::Kubelet => "kubelet",
            Self::Runc => "runc",
        }
    }

    pub fn version(self) -> &'static str {
        self.module().version()
    }

    pub(super) fn module(self) -> Module {
        match self {
            Self::Containerd | Self::ContainerdShim | Self::Ctr => Module::Containerd,
            Self::Coredns => Module::Coredns,
            Self::Crictl => Module::Crictl,
            Self::Etcd | Self::Etcdctl => Module::Etcd,
            Self::KubeApiserver
            | Self::KubeControllerManager
            | Self::KubeProxy
            | Self::KubeScheduler
            | Self::Kubeadm
            | Self::Kubectl
            | Self::Kubelet => Module::Kubernetes,
            Self::Runc => Module::Runc,
        }
    }

    pub(super) fn package(self) -> String {
        match self {
            Self::Coredns => "github.com/coredns/coredns".to_owned(),
            Self::Crictl => "sigs.k8s.io/cri-tools/cmd/crictl".to_owned(),
            Self::Etcd => "go.etcd.io/etcd/server/v3".to_owned(),
            Self::Etcdctl => "go.etcd.io/etcd/etcdctl/v3".to_owned(),
            Self::Runc => "github.com/opencontainers/runc".to_owned(),
            _ if self.module() == Module::Containerd => {
                format!("github.com/containerd/containerd/v2/cmd/{}", self.name())
            }
            _ => format!("k8s.io/kubernetes/cmd/{}", self.name()),
        }
    }

    /// runc enters namespaces before Go starts, and loads libseccomp.
    pub(super) fn needs_c(self) -> bool {
        self == Self::Runc
    }

    pub(super) fn tags(self) -> &'static str {
        match self.module() {
            Module::Containerd => "no_btrfs,no_devmapper,no_zfs,no_aufs",
            Module::Runc => "netgo,osusergo,seccomp",
            Module::Coredns | Module::Crictl | Module::Etcd | Module::Kubernetes => "",
        }
    }

    /// A program built outside the upstream build system does not know its version. kubeadm takes
    /// itself for v0.0.0-master and then refuses to work for v1.36.3.
    pub(super) fn linker_flags(self) -> String {
        let version = self.version();
        let variables = match self.module() {
            Module::Coredns | Module::Etcd => String::new(),
            Module::Containerd => set("github.com/containerd/containerd/v2/version.Version", version),
            Module::Crictl => set("sigs.k8s.io/cri-tools/pkg/version.Version", version),
            Module::Kubernetes => kubernetes_version(version),
            Module::Runc => set("main.version", version.trim_start_matches('v')),
        };
        format!("-s -w{variables}")
    }

    /// Seen on two busy cores with empty caches; only to tell the waiting user.
    pub(super) fn usual_build(self) -> &'static str {
        match self {
            Self::Etcd | Self::Etcdctl | Self::Runc => "half a minute",
            Self::KubeApiserver | Self::Coredns => "three to four minutes",
            _ => "one to two minutes",
        }
    }
}

fn kubernetes_version(version: &str) -> String {
    let mut numbers = version.trim_start_matches('v').split('.');
    let (major, minor) = (numbers.next().unwrap_or_default(), numbers.next().unwrap_or_default());
    [("gitVersion", version), ("gitMajor", major), ("gitMinor", minor), ("gitTreeState", "clean")]
        .map(|(name, value)| set(&format!("k8s.io/component-base/version.{name}"), value))
        .concat()
}

fn set(variable: &str, value: &str) -> String {
    format!(" -X {variable}={value}")
}

/// What Go needs to build a program without choosing any version by itself.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Module {
    Containerd,
    Coredns,
    Crictl,
    /// Of its own: Kubernetes requires parts of etcd newer than this server.
    Etcd,
    /// k8s.io/kubernetes replaces its staging repositories by folders that the published module does
    /// not contain; the go.mod here names their published versions instead.
    Kubernetes,
    Runc,
}

impl Module {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Containerd => "containerd",
            Self::Coredns => "coredns",
            Self::Crictl => "crictl",
            Self::Etcd => "etcd",
            Self::Kubernetes => "kubernetes",
            Self::Runc => "runc",
        }
    }

    fn version(self) -> &'static str {
        match self {
            Self::Containerd => CONTAINERD_VERSION,
            Self::Coredns => COREDNS_VERSION,
            Self::Crictl => CRICTL_VERSION,
            Self::Etcd => ETCD_VERSION,
            Self::Kubernetes => KUBERNETES_VERSION,
            Self::Runc => RUNC_VERSION,
        }
    }

    /// In the cache. Kubernetes and etcd share one, as `$KUBEBUILDER_ASSETS` has them together.
    pub(super) fn folder(self) -> String {
        match self {
            Self::Etcd | Self::Kubernetes => format!("kubernetes-{KUBERNETES_VERSION}-etcd-{ETCD_VERSION}"),
            _ => format!("{}-{}", self.name(), self.version()),
        }
    }

    /// The contents of go.mod and go.sum.
    pub(super) fn pins(self) -> (&'static str, &'static str) {
        macro_rules! pins {
            ($name:literal) => {
                (
                    include_str!(concat!("../../go/", $name, "/go.mod")),
                    include_str!(concat!("../../go/", $name, "/go.sum")),
                )
            };
        }
        match self {
            Self::Containerd => pins!("containerd"),
            Self::Coredns => pins!("coredns"),
            Self::Crictl => pins!("crictl"),
            Self::Etcd => pins!("etcd"),
            Self::Kubernetes => pins!("kubernetes"),
            Self::Runc => pins!("runc"),
        }
    }
}
