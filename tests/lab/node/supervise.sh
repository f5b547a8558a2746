#!/bin/bash
# Process 1 of a node, second stage: keeps sshd, containerd and the kubelet running. What it is told
# by systemctl (its neighbour), it is told by files in /run/lab.

main() {
  cd /
  umount -l /.old && rmdir /.old
  mount --make-rshared /
  ulimit -n 1048576 2>/dev/null || ulimit -n "$(ulimit -Hn)"
  # Before kubeadm made its configuration the kubelet could only fail; kubeadm starts it.
  [ -f /var/lib/kubelet/config.yaml ] || touch /run/lab/kubelet.stop
  keep containerd /usr/bin/containerd &
  keep kubelet run_kubelet &
  keep sshd /usr/sbin/sshd -D -e &
  touch /run/lab/up
  trap 'exit 0' TERM
  while :; do
    sleep 3600 &
    wait $!
  done
}

# keep NAME COMMAND…: as systemd's Restart=always with RestartSec=1.
keep() {
  local name=$1
  shift
  while :; do
    if [ -e "/run/lab/$name.stop" ]; then
      sleep 0.2
      continue
    fi
    "$@" >>"/var/log/$name.log" 2>&1 &
    echo $! >"/run/lab/$name.pid"
    wait $!
    echo "$(date -u +%FT%T.%NZ) supervise: $name ended with $?" >>"/var/log/$name.log"
    rm -f "/run/lab/$name.pid"
    pause_unless_hurried "$name"
  done
}

pause_unless_hurried() {
  local _
  for _ in 1 2 3 4 5; do
    if [ -e "/run/lab/$1.now" ]; then
      rm -f "/run/lab/$1.now"
      return
    fi
    sleep 0.2
  done
}

# As the unit file of Kubernetes' packages with kubeadm's drop-in.
run_kubelet() {
  [ -f /var/lib/kubelet/kubeadm-flags.env ] && . /var/lib/kubelet/kubeadm-flags.env
  [ -f /etc/default/kubelet ] && . /etc/default/kubelet
  # shellcheck disable=SC2086 # lists of flags
  exec /usr/bin/kubelet --bootstrap-kubeconfig=/etc/kubernetes/bootstrap-kubelet.conf \
    --kubeconfig=/etc/kubernetes/kubelet.conf --config=/var/lib/kubelet/config.yaml \
    ${KUBELET_KUBEADM_ARGS:-} ${KUBELET_EXTRA_ARGS:-}
}

main
