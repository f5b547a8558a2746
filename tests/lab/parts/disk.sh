# A node's disk: $NODES/NODE/{up,data,root,home}. Written once, then only by the node itself.
#   up/DIR       what differs from the machine's /etc, /usr, /var, /opt (upper layer of an overlay)
#   data/        /var/lib/{kubelet,etcd,containerd,cni} and /var/log (no overlay: see node/enter.sh)

make_disk() {
  local node=$1 disk=$NODES/$1
  mkdir -p "$disk"/up/etc/{ssh,cni/net.d,containerd,default} "$disk"/{root,home,data/lib/containerd}
  cp "$NETWORK_FILES/hosts" "$disk/up/etc/hosts"
  [ -f "$disk/complete" ] && return 0
  link_containerd "$TEMPLATE/root" "$disk/data/lib/containerd"
  echo "$node" >"$disk/up/etc/hostname"
  echo "nameserver $GATEWAY" >"$disk/up/etc/resolv.conf"
  tr -d - </proc/sys/kernel/random/uuid >"$disk/up/etc/machine-id"
  echo "KUBELET_EXTRA_ARGS=--node-ip=$(address_of "$node")" >"$disk/up/etc/default/kubelet"
  write_containerd_settings "$disk/up/etc"
  write_pod_network "$disk/up/etc" "$node"
  write_accounts "$disk"
  write_ssh_server "$disk/up/etc" "$node"
  touch "$disk/complete"
}

# link_containerd FROM TO: blobs and layers by hard link, since nobody writes them again; its
# databases by value.
link_containerd() {
  local database
  cp -al "$1/." "$2/"
  (cd "$1" && find . -name '*.db') | while read -r database; do
    cp --remove-destination "$1/$database" "$2/$database"
  done
}

write_containerd_settings() {
  # restrict_oom_score_adj: a root without CAP_SYS_RESOURCE (as in many containers) may not lower
  # oom_score_adj, and every sandbox would die with "can't get final child's PID from pipe: EOF".
  cat >"$1/containerd/config.toml" <<END
version = 3
[plugins.'io.containerd.cri.v1.images'.pinned_images]
sandbox = 'registry.k8s.io/pause:$PAUSE_TAG'
[plugins.'io.containerd.cri.v1.runtime']
restrict_oom_score_adj = true
[plugins.'io.containerd.cri.v1.runtime'.cni]
bin_dirs = ['/usr/lib/cni']
conf_dir = '/etc/cni/net.d'
END
  cat >"$1/crictl.yaml" <<END
runtime-endpoint: unix:///run/containerd/containerd.sock
image-endpoint: unix:///run/containerd/containerd.sock
timeout: 10
END
}

write_pod_network() {
  cat >"$1/cni/net.d/10-lab.conflist" <<END
{"cniVersion": "1.0.0", "name": "lab", "plugins": [{
  "type": "bridge", "bridge": "cni0", "isGateway": true, "ipMasq": false,
  "ipam": {"type": "host-local", "ranges": [[{"subnet": "$(pod_network_of "$2")"}]], "routes": [{"dst": "0.0.0.0/0"}]}
}]}
END
}

# copy_disk FROM TO: a disk at rest, without what belongs to a run.
copy_disk() {
  local from=$1 to=$2 folder
  mkdir -p "$to/data/lib/containerd"
  for folder in up root home complete; do cp -a "$from/$folder" "$to/"; done
  cp -a "$from/data/log" "$to/data/"
  for folder in kubelet etcd cni; do cp -a "$from/data/lib/$folder" "$to/data/lib/"; done
  link_containerd "$from/data/lib/containerd" "$to/data/lib/containerd"
}
