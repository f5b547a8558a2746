# Versions, addresses and folders.

LAB=$(readlink -m "${KUBECTL_CERTS_LAB:-/var/tmp/kubectl-certs-lab}")
# Namespaces and cgroups have names that the whole machine shares, so they carry the lab's own: the
# folder's name for people, a piece of a sum for folders that are called alike.
LAB_NAME=$(basename "$LAB")-$(printf %s "$LAB" | sha256sum | cut -c1-6)

PROGRAMS=$LAB/programs # symlinks into the cache of built programs
NODES=$LAB/nodes       # one folder per node: its disk
LOGS=$LAB/log
SHARED=$LAB/shared     # /lab on every node

# As tests/support/src/binaries.rs builds them; the tags are those that kubeadm of this version wants.
KUBERNETES_VERSION=v1.36.3
ETCD_TAG=3.6.8-0
PAUSE_TAG=3.10.2
COREDNS_TAG=v1.14.2

# They exist only inside the lab's namespaces, so every lab can have the same.
NETWORK=10.89.0
GATEWAY=$NETWORK.1
LOAD_BALANCER=$NETWORK.10
ENDPOINT_NAME=lab-api.lab

# Both need to be known to all nodes that join, and guard nothing outside the lab.
BOOTSTRAP_TOKEN=abcdef.0123456789abcdef
CERTIFICATE_KEY=e6a2eb8581237ab72a4f494f30285ec12a9694d750b9785706a83bfcbbbd2204

NODE_PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin

# cp1 is .11, w1 is .21.
address_of() {
  case $1 in
    cp[1-9]) echo "$NETWORK.$((10 + ${1#cp}))" ;;
    w[1-9]) echo "$NETWORK.$((20 + ${1#w}))" ;;
    *) die "no node can be called $1; cp1 to cp9 and w1 to w9 are possible" ;;
  esac
}

all_nodes() { ls "$NODES" 2>/dev/null || true; }
control_planes() { all_nodes | grep '^cp' || true; }
