# The programs: built by tests/support from pinned Go modules, linked into $PROGRAMS.

NODE_PROGRAMS="kubelet kubeadm kubectl etcdctl containerd containerd-shim-runc-v2 ctr crictl runc"
IMAGE_PROGRAMS="kube-apiserver kube-controller-manager kube-scheduler kube-proxy etcd etcdctl coredns"

gather_programs() {
  local name complete=true
  mkdir -p "$PROGRAMS"
  for name in $NODE_PROGRAMS $IMAGE_PROGRAMS; do
    [ -x "$PROGRAMS/$name" ] || complete=false
  done
  $complete || build_programs
  [ -x "$PROGRAMS/pause" ] || gcc -O2 -static -s -o "$PROGRAMS/pause" "$HERE/images/pause.c"
}

# About ten minutes on two cores, once per user and version.
build_programs() {
  command -v cargo >/dev/null || die "cargo is not in PATH; the programs are built by the crate tests/support"
  say "programs"
  (cd "$HERE" && cargo run --quiet --package support --bin support-binaries -- --lab "$PROGRAMS") >&2
}

# The layer of /usr that all nodes have over the machine's own.
make_usr_layer() {
  local name usr=$LAB/usr
  mkdir -p "$usr/bin" "$usr/lib/lab"
  for name in $NODE_PROGRAMS; do
    [ "$usr/bin/$name" -nt "$PROGRAMS/$name" ] || cp --remove-destination "$(readlink -f "$PROGRAMS/$name")" "$usr/bin/$name"
  done
  cp "$HERE/node/systemctl" "$usr/bin/"
  cp "$HERE/node/supervise.sh" "$usr/lib/lab/"
}
