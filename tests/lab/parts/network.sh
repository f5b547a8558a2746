# One namespace with a bridge that all nodes hang on, one namespace per node, no way to the outside.

NETWORK_FILES=/etc/netns/$LAB_NAME # what `ip netns exec` puts over /etc
# Labs that are up: the last one that goes down gives the machine its setting back.
LABS_UP=/run/kubectl-certs-labs

network_up() {
  raise_inotify_limit
  [ -e "/run/netns/$LAB_NAME" ] && return 0
  ip netns add "$LAB_NAME"
  in_network link set lo up
  in_network link add br0 type bridge
  in_network address add "$GATEWAY/24" dev br0
  in_network address add "$LOAD_BALANCER/24" dev br0
  in_network link set br0 up
}

network_down() {
  end_programs_in_network
  ip netns delete "$LAB_NAME" 2>/dev/null || true
  rm -rf "$NETWORK_FILES"
  lower_inotify_limit
}

# write_hosts NODE…
write_hosts() {
  local node
  mkdir -p "$NETWORK_FILES"
  {
    echo "127.0.0.1 localhost"
    echo "$LOAD_BALANCER $ENDPOINT_NAME"
    for node in "$@"; do echo "$(address_of "$node") $node"; done
  } >"$NETWORK_FILES/hosts"
  # Nothing answers there: names that are not in hosts fail at once.
  echo "nameserver 127.0.0.1" >"$NETWORK_FILES/resolv.conf"
}

# connect_node NODE OTHER…: a cable to the bridge, and routes to the pods of the others.
connect_node() {
  local node=$1 other
  shift
  disconnect_node "$node"
  ip netns add "$LAB_NAME-$node"
  ip link add name eth0 netns "$LAB_NAME-$node" type veth peer name "to-$node" netns "$LAB_NAME"
  in_network link set "to-$node" master br0 up
  ip -n "$LAB_NAME-$node" link set lo up
  ip -n "$LAB_NAME-$node" address add "$(address_of "$node")/24" dev eth0
  ip -n "$LAB_NAME-$node" link set eth0 up
  ip -n "$LAB_NAME-$node" route add default via "$GATEWAY"
  for other in "$@"; do
    [ "$other" = "$node" ] || ip -n "$LAB_NAME-$node" route add "$(pod_network_of "$other")" via "$(address_of "$other")"
  done
}

disconnect_node() {
  # Takes both ends away, also while something still holds the node's namespace.
  in_network link delete "to-$1" 2>/dev/null || true
  ip netns delete "$LAB_NAME-$1" 2>/dev/null || true
}

pod_network_of() {
  local address
  address=$(address_of "$1")
  echo "10.244.${address##*.}.0/24"
}

in_network() { ip -n "$LAB_NAME" "$@"; }

# The load balancer, and whatever was left running by `lab net`.
end_programs_in_network() {
  local signal
  for signal in TERM KILL; do
    # shellcheck disable=SC2046 # a list of process ids
    kill -s $signal $(programs_in_network) 2>/dev/null || true
    wait_until 30 0.1 no_programs_in_network && return 0
  done
  say "still running in the lab's network: $(programs_in_network)"
}
programs_in_network() { ip netns pids "$LAB_NAME" 2>/dev/null || true; }
no_programs_in_network() { [ -z "$(programs_in_network)" ]; }

# Each kubelet and containerd needs several; 128 are for one ordinary user.
INOTIFY_INSTANCES=/proc/sys/fs/inotify/max_user_instances

raise_inotify_limit() {
  mkdir -p "$LABS_UP"
  touch "$LABS_UP/$LAB_NAME"
  [ "$(cat $INOTIFY_INSTANCES)" -ge 1024 ] && return 0
  cat $INOTIFY_INSTANCES >"$LABS_UP.inotify"
  echo 1024 >$INOTIFY_INSTANCES
}

lower_inotify_limit() {
  rm -f "$LABS_UP/$LAB_NAME"
  rmdir "$LABS_UP" 2>/dev/null || return 0
  [ -f "$LABS_UP.inotify" ] || return 0
  cat "$LABS_UP.inotify" >$INOTIFY_INSTANCES
  rm "$LABS_UP.inotify"
}
