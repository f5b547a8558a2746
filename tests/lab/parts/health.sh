# When a cluster is up. Conditions of pods and nodes may be from before a restart, so they are
# believed only beside something that can have been said only now.

wait_until_ready() {
  local node
  for node in $(control_planes); do
    wait_until 300 0.4 answers "$node" || die "the API server of $node does not become ready"
  done
  for node in $(all_nodes); do
    wait_until 300 0.4 has_fresh_lease "$node" || die "the kubelet of $node does not report"
  done
  kubectl wait --for=condition=Ready node --all --timeout=180s >/dev/null
  say "all nodes Ready"
  wait_until 300 0.5 static_pods_ready || die "a static pod does not become ready"
  kubectl get --raw /readyz >/dev/null
  say "up"
}

answers() {
  run_on_node "$1" kubectl --server "https://$(address_of "$1"):6443" get --raw /readyz >/dev/null 2>&1
}

has_fresh_lease() {
  local renewed
  renewed=$(kubectl -n kube-node-lease get lease "$1" -o 'jsonpath={.spec.renewTime}' 2>/dev/null) || return 1
  [ -n "$renewed" ] && [ "$(date -d "$renewed" +%s)" -ge "$STARTED" ]
}

# Each is Ready, and says so of the container that runs now.
static_pods_ready() {
  local node running='' count=0 container ready
  for node in $(control_planes); do running+=" $(run_on_node "$node" crictl ps -q --no-trunc 2>/dev/null)" || return 1; done
  while read -r container ready; do
    count=$((count + 1))
    [ "$ready" = true ] && [[ $running == *"${container##*/}"* ]] || return 1
  done < <(kubectl -n kube-system get pod -l tier=control-plane -o "jsonpath=$STATUS_OF_STATIC_PODS" 2>/dev/null)
  [ "$count" = $((4 * $(control_planes | wc -l))) ]
}
STATUS_OF_STATIC_PODS='{range .items[*]}{.status.containerStatuses[0].containerID} {.status.containerStatuses[0].ready}{"\n"}{end}'

kubectl() { run_on_node cp1 kubectl "$@"; }
