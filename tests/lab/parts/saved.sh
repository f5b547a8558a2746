# The disks of the whole cluster, to come back to: the quickest way from one test to the next.

# All nodes are off while they are copied: only so do the copies belong together.
save_cluster() {
  local saved=$LAB/saved/$1 node
  [ -n "$(all_nodes)" ] || die "nothing is up"
  rm -rf "$saved"
  mkdir -p "$saved/nodes"
  # shellcheck disable=SC2046 # a list of names
  stop_nodes $(all_nodes)
  for node in $(all_nodes); do copy_disk "$NODES/$node" "$saved/nodes/$node"; done
  cp "$LAB/shape" "$saved/"
  say "saved"
  # shellcheck disable=SC2046
  start_nodes $(all_nodes)
  wait_until_ready
}

restore_cluster() {
  local saved=$LAB/saved/$1 disk
  [ -d "$saved" ] || die "nothing is saved as $1"
  cluster_down
  prepare
  cp "$saved/shape" "$LAB/"
  for disk in "$saved"/nodes/*; do copy_disk "$disk" "$NODES/${disk##*/}"; done
  say "disks back"
  # shellcheck disable=SC2046
  write_hosts $(all_nodes)
  network_up
  # shellcheck disable=SC2046
  start_nodes $(all_nodes)
  write_ssh_client
  # shellcheck disable=SC2046
  load_balancer_up $(control_planes)
  wait_until_ready
}
