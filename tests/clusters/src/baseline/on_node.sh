# On a control-plane node, as root: renew, restart, wait.
set -euo pipefail

main() {
  kubeadm certs renew all
  restart_pods
  wait_for_health
}

# The sandboxes are removed: after a mere stop the kubelet would back off for 10 s and more.
restart_pods() {
  local pods
  pods=$(crictl pods --namespace kube-system --label tier=control-plane --state ready --quiet)
  [ "$(wc -w <<<"$pods")" = 4 ]
  # shellcheck disable=SC2086 # a list of ids
  crictl stopp $pods >/dev/null
  # shellcheck disable=SC2086
  crictl rmp $pods >/dev/null
}

wait_for_health() {
  local url deadline=$((SECONDS + 120))
  # Of this node alone: nothing goes through the load balancer.
  for url in http://127.0.0.1:2381/readyz https://127.0.0.1:6443/readyz \
    https://127.0.0.1:10257/healthz https://127.0.0.1:10259/healthz; do
    until curl --silent --insecure --fail --max-time 2 "$url" >/dev/null; do
      [ $SECONDS -lt $deadline ] || { echo "$url is not healthy" >&2; return 1; }
      sleep 0.2
    done
  done
}

main
