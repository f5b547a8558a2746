# Images are made here of single programs; nothing is pulled from a registry.

TEMPLATE=$LAB/template # containerd's folder with all images in it, linked into every new node

make_template() {
  local versions="$KUBERNETES_VERSION $ETCD_TAG $PAUSE_TAG $COREDNS_TAG"
  [ "$(cat "$TEMPLATE/complete" 2>/dev/null)" = "$versions" ] && return 0
  say "images"
  rm -rf "$TEMPLATE"
  mkdir -p "$TEMPLATE"
  python3 "$HERE/images/images.py" cluster "$TEMPLATE/images.tar" "$PROGRAMS" \
    "$KUBERNETES_VERSION" "$ETCD_TAG" "$PAUSE_TAG" "$COREDNS_TAG"
  import_into_template || { cat "$TEMPLATE/log" >&2; die "failed to import the images"; }
  rm "$TEMPLATE/images.tar"
  echo "$versions" >"$TEMPLATE/complete"
}

# By a containerd that runs only for this.
import_into_template() {
  local socket=$TEMPLATE/run/containerd.sock server failed=0
  mkdir -p "$TEMPLATE/run"
  cat >"$TEMPLATE/config.toml" <<END
version = 2
root = '$TEMPLATE/root'
state = '$TEMPLATE/run'
disabled_plugins = ['io.containerd.grpc.v1.cri']
[grpc]
address = '$socket'
[ttrpc]
address = '$socket.ttrpc'
END
  PATH=$LAB/usr/bin:$PATH unshare --mount containerd --config "$TEMPLATE/config.toml" >"$TEMPLATE/log" 2>&1 &
  server=$!
  wait_until 100 0.1 "$PROGRAMS/ctr" --address "$socket" version >/dev/null 2>&1 || failed=1
  "$PROGRAMS/ctr" --address "$socket" --namespace k8s.io images import --local --snapshotter overlayfs \
    "$TEMPLATE/images.tar" >>"$TEMPLATE/log" 2>&1 || failed=1
  kill "$server"
  wait "$server" || true
  return $failed
}

# give_image NAME PROGRAM: runs as /program. For workloads in tests.
give_image() {
  local name=$1 program=$2 node
  # As a kubelet completes a name without a registry.
  case ${name%%/*} in *.*) ;; *) name=docker.io/library/$name ;; esac
  case $name in *:*) ;; *) name=$name:latest ;; esac
  python3 "$HERE/images/images.py" single "$SHARED/image.tar" "$name" "$program"
  for node in $(all_nodes); do
    run_on_node "$node" ctr --namespace k8s.io images import --local /lab/image.tar >/dev/null
  done
  rm "$SHARED/image.tar"
}
