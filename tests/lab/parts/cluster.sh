# The cluster by kubeadm: the first control plane initialises, the others join.

# More than one kind of machine fails these checks of kubeadm, and works.
IGNORED_CHECKS=SystemVerification,NumCPU,Mem

cluster_up() {
  local control_planes=1 workers=0
  while [ $# -gt 0 ]; do
    case $1 in
      --control-planes) control_planes=$2 ;;
      --workers) workers=$2 ;;
      *) die "up: what is $1?" ;;
    esac
    shift 2
  done
  check_shape "$control_planes $workers ${KUBEADM_CLUSTER_EXTRA:-} ${KUBELET_EXTRA:-}"
  prepare
  local first=cp1 masters=() others=() node
  for ((node = 1; node <= control_planes; node++)); do masters+=("cp$node"); done
  for ((node = 1; node <= workers; node++)); do others+=("w$node"); done

  write_hosts "${masters[@]}" "${others[@]}"
  network_up
  for node in "${masters[@]}" "${others[@]}"; do start_node "$node" "${masters[@]}" "${others[@]}"; done
  for node in "${masters[@]}" "${others[@]}"; do wait_for_containerd "$node"; done
  write_ssh_client
  load_balancer_up "${masters[@]}"
  say "nodes started"

  initialise $first
  local joining=()
  for node in "${others[@]}"; do
    join "$node" $first &
    joining+=($!)
  done
  # One after the other: etcd takes one new member at a time.
  for node in "${masters[@]:1}"; do join "$node" $first; done
  for node in "${joining[@]}"; do wait "$node"; done
  wait_until_ready
}

# check_shape "CONTROL_PLANES WORKERS EXTRA EXTRA": a lab that is up keeps the shape that it has.
check_shape() {
  local there
  mkdir -p "$LAB"
  [ -z "$(all_nodes)" ] || {
    there=$(cat "$LAB/shape" 2>/dev/null || echo "an unknown number of nodes")
    [ "$there" = "$1" ] || die "up already with another shape (control planes, workers, extra settings: $there; wanted $1); lab down first"
  }
  echo "$1" >"$LAB/shape"
}

prepare() {
  mkdir -p "$NODES" "$LOGS" "$SHARED"
  echo "$LAB_NAME" >"$LAB/name" # for tests/support, which enters the network by itself
  gather_programs
  make_usr_layer
  make_template
  make_client_key
}

cluster_down() {
  # shellcheck disable=SC2046 # a list of names
  stop_nodes $(all_nodes)
  network_down
  # Should a mount be left below, it is not this command's to empty.
  rm -rf --one-file-system "$NODES" "$LAB/load-balancer" "$LAB/shape"
  check_traces
  say "down"
}

# Whatever a bug would leave behind is told, not left to be found.
check_traces() {
  local left
  left=$(
    ip netns list | cut -d' ' -f1 | grep -E "^$LAB_NAME(-|$)" | sed 's/^/namespace /'
    cut -d' ' -f5 /proc/self/mountinfo | grep -E "^$LAB/|^/run/netns/$LAB_NAME(-|$)" | sed 's/^/mount /'
    lab_cgroups | while read -r group; do [ ! -d "$group" ] || echo "cgroup $group"; done
  ) || true
  [ -z "$left" ] || die "left behind:
$left"
}

cluster_status() {
  local node
  for node in $(all_nodes); do
    echo "$node $(address_of "$node") $(init_of "$node" >/dev/null && echo running || echo stopped)"
  done
  run_on_node cp1 kubectl get nodes -o wide
  run_on_node cp1 kubectl get pods -A -o wide
}

initialise() {
  local node=$1 disk=$NODES/$1
  [ -f "$disk/up/etc/kubernetes/admin.conf" ] && return 0
  { init_configuration "$node"; kubelet_configuration; proxy_configuration; } >"$disk/root/kubeadm.yaml"
  run_kubeadm "$node" init --upload-certs
  say "$node initialised"
}

# join NODE FIRST
join() {
  local node=$1 disk=$NODES/$1
  [ -f "$disk/up/etc/kubernetes/kubelet.conf" ] && return 0
  join_configuration "$node" "$NODES/$2/up/etc/kubernetes/pki/ca.crt" >"$disk/root/kubeadm.yaml"
  run_kubeadm "$node" join
  say "$node joined"
}

# run_kubeadm NODE init|join FLAG…
run_kubeadm() {
  local node=$1 log=$LOGS/$2-$1.log
  shift
  run_on_node "$node" kubeadm "$@" --config /root/kubeadm.yaml "--ignore-preflight-errors=$IGNORED_CHECKS" \
    >"$log" 2>&1 || { tail -30 "$log" >&2; die "kubeadm $1 failed on $node; all of it: $log"; }
}

# KUBEADM_CLUSTER_EXTRA: lines for the ClusterConfiguration, such as
# "certificateValidityPeriod: 2m0s", the way to a cluster with expired certificates, since no node's
# clock can be moved.
init_configuration() {
  cat <<END
apiVersion: kubeadm.k8s.io/v1beta4
kind: InitConfiguration
bootstrapTokens: [{token: $BOOTSTRAP_TOKEN, ttl: 0s}]
certificateKey: $CERTIFICATE_KEY
localAPIEndpoint: {advertiseAddress: $(address_of "$1")}
skipPhases: [show-join-command]
$(node_registration "$1")
---
apiVersion: kubeadm.k8s.io/v1beta4
kind: ClusterConfiguration
kubernetesVersion: $KUBERNETES_VERSION
clusterName: lab
controlPlaneEndpoint: $ENDPOINT_NAME:6443
networking: {podSubnet: 10.244.0.0/16, serviceSubnet: 10.96.0.0/16}
apiServer: {certSANs: [$LOAD_BALANCER, $(address_of "$1"), $ENDPOINT_NAME]}
${KUBEADM_CLUSTER_EXTRA:-}
END
}

# KUBELET_EXTRA: lines for the KubeletConfiguration, such as "serverTLSBootstrap: true".
# oomScoreAdj: see restrict_oom_score_adj in disk.sh. evictionHard: the disk is the machine's own, and
# how full it is says nothing about the cluster.
kubelet_configuration() {
  cat <<END
---
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
cgroupDriver: cgroupfs
failCgroupV1: false
failSwapOn: false
oomScoreAdj: 0
imageGCHighThresholdPercent: 100
evictionHard:
  memory.available: "100Mi"
  nodefs.available: "0%"
  nodefs.inodesFree: "0%"
  imagefs.available: "0%"
  imagefs.inodesFree: "0%"
${KUBELET_EXTRA:-}
END
}

# conntrack: limits of the whole machine, which no node may set.
proxy_configuration() {
  cat <<END
---
apiVersion: kubeproxy.config.k8s.io/v1alpha1
kind: KubeProxyConfiguration
mode: nftables
conntrack: {maxPerCore: 0, min: 0, tcpEstablishedTimeout: 0s, tcpCloseWaitTimeout: 0s}
END
}

# join_configuration NODE AUTHORITY
join_configuration() {
  local key
  key=$(openssl x509 -in "$2" -pubkey -noout | openssl pkey -pubin -outform DER | sha256sum | cut -d' ' -f1)
  cat <<END
apiVersion: kubeadm.k8s.io/v1beta4
kind: JoinConfiguration
discovery:
  bootstrapToken:
    token: $BOOTSTRAP_TOKEN
    apiServerEndpoint: $ENDPOINT_NAME:6443
    caCertHashes: ["sha256:$key"]
$(node_registration "$1")
END
  case $1 in
    cp*) echo "controlPlane: {localAPIEndpoint: {advertiseAddress: $(address_of "$1")}, certificateKey: $CERTIFICATE_KEY}" ;;
  esac
}

node_registration() {
  echo "nodeRegistration: {name: $1, criSocket: 'unix:///run/containerd/containerd.sock', imagePullPolicy: IfNotPresent}"
}
