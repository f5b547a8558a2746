# What is said goes to stderr; stdout belongs to the commands that are run.

STARTED=$(date +%s)

say() { printf 'lab: %s (%s s)\n' "$*" $(($(date +%s) - STARTED)) >&2; }

die() {
  printf 'lab: %s\n' "$*" >&2
  exit 1
}

# wait_until TRIES PAUSE COMMAND…: 1 if it never succeeded.
wait_until() {
  local tries=$1 pause=$2
  shift 2
  while ! "$@"; do
    [ $((tries -= 1)) -gt 0 ] || return 1
    sleep "$pause"
  done
}
