# One node: namespaces around a supervisor (node/supervise.sh) that is its process 1.

# run_on_node NODE COMMAND…
run_on_node() {
  local node=$1 init
  shift
  init=$(init_of "$node") || { echo "lab: node $node is not running" >&2; return 1; }
  nsenter --target "$init" --mount --uts --ipc --net --pid --cgroup --root --wd \
    env -i PATH="$NODE_PATH" HOME=/root KUBECONFIG=/etc/kubernetes/admin.conf TERM="${TERM:-dumb}" "$@"
}

# The id, here, of the node's process 1. Ids are reused: its namespace tells whether it is still that one.
init_of() {
  local run=$NODES/$1/run init
  init=$(cat "$run/init" 2>/dev/null) || return 1
  [ "$(stat -Lc %i "/proc/$init/ns/pid" 2>/dev/null)" = "$(cat "$run/namespace")" ] && echo "$init"
}

# start_node NODE ALL_NODES…
start_node() {
  local node=$1 run=$NODES/$1/run
  init_of "$node" >/dev/null && return 0
  make_disk "$node"
  connect_node "$@"
  rm -rf "$run"
  mkdir -p "$run"
  launch_node "$node" </dev/null >"$run/log" 2>&1 &
  local launcher=$! init
  wait_until 200 0.05 supervisor_of $launcher >/dev/null || { cat "$run/log" >&2; die "node $node does not start"; }
  init=$(supervisor_of $launcher)
  stat -Lc %i "/proc/$init/ns/pid" >"$run/namespace"
  echo "$init" >"$run/init"
}

# The launcher's only child, once it is as far as node/supervise.sh; before, it has others.
supervisor_of() {
  local children
  children=$(cat "/proc/$1/task/$1/children" 2>/dev/null) || return 1
  [ -e "/proc/${children%% *}/root/run/lab/up" ] && echo "${children%% *}"
}

launch_node() {
  local node=$1 folder
  while read -r folder; do
    make_cgroup "$folder"
    make_cgroup "$folder/$node"
    echo "$folder/$node" >>"$NODES/$node/run/cgroups"
    echo "$BASHPID" >"$folder/$node/cgroup.procs"
  done < <(lab_cgroups)
  # --kill-child: with the launcher the node goes too.
  exec setsid nsenter --net="/run/netns/$LAB_NAME-$node" \
    unshare --mount --uts --ipc --pid --cgroup --fork --kill-child bash "$HERE/node/enter.sh" "$LAB" "$node"
}

# The lab's folder in each hierarchy, below the caller's own group, so that the lab stays inside
# whatever accounts for the caller.
lab_cgroups() {
  local controllers group
  while IFS=: read -r _ controllers group; do
    controllers=${controllers#name=}
    [ -n "$controllers" ] && [ -d "/sys/fs/cgroup/$controllers" ] || continue
    echo "/sys/fs/cgroup/$controllers${group%/}/$LAB_NAME"
  done </proc/self/cgroup
}

make_cgroup() {
  mkdir -p "$1"
  # A new cpuset is empty, and takes no process until it is filled.
  if [ -f "$1/cpuset.cpus" ]; then
    cat "$1/../cpuset.cpus" >"$1/cpuset.cpus"
    cat "$1/../cpuset.mems" >"$1/cpuset.mems"
  fi
}

wait_for_containerd() {
  wait_until 200 0.1 run_on_node "$1" ctr version >/dev/null 2>&1 ||
    { tail -5 "$NODES/$1/data/log/containerd.log" >&2; die "containerd on $1 does not answer"; }
}

start_nodes() {
  local node
  for node in "$@"; do [ -d "$NODES/$node" ] || die "no node $node"; done
  # shellcheck disable=SC2046 # a list of names
  for node in "$@"; do start_node "$node" $(all_nodes); done
  for node in "$@"; do wait_for_containerd "$node"; done
}

# As if the power failed; the disks stay.
stop_nodes() {
  local node init
  # With process 1 the kernel ends everything in its namespace.
  for node in "$@"; do init=$(init_of "$node") && kill -KILL "$init"; done || true
  for node in "$@"; do clear_away "$node"; done
}

clear_away() {
  local node=$1 run=$NODES/$1/run group
  [ -d "$run" ] || return 0
  wait_until 100 0.1 is_gone "$node" || die "node $node does not end"
  end_programs_of "$run"
  [ ! -f "$run/cgroups" ] || while read -r group; do
    wait_until 50 0.1 remove_cgroup "$group" || die "cgroup $group is still in use"
    rmdir "${group%/*}" 2>/dev/null || true # the lab's, with its last node
  done <"$run/cgroups"
  disconnect_node "$node"
  rm -rf "$run"
}

# Normally all are gone; not so when the node never came as far as its process 1.
end_programs_of() {
  local left group
  [ -f "$1/cgroups" ] || return 0
  group=$(head -1 "$1/cgroups")
  left=$(find "$group" -name cgroup.procs -exec cat {} + 2>/dev/null) || true
  # shellcheck disable=SC2086 # a list of process ids
  [ -z "$left" ] || kill -KILL $left 2>/dev/null || true
}

is_gone() { [ ! -d "/proc/$(cat "$NODES/$1/run/init" 2>/dev/null || echo none)" ]; }

remove_cgroup() {
  [ -d "$1" ] || return 0
  find "$1" -depth -type d -exec rmdir {} + 2>/dev/null || true
  [ ! -d "$1" ]
}
