# haproxy before the API servers. It asks each for /readyz once a second, and two failures in a row
# take a server out.

# load_balancer_up CONTROL_PLANE…
load_balancer_up() {
  local folder=$LAB/load-balancer node
  [ -f "$folder/pid" ] && [ -d "/proc/$(cat "$folder/pid")" ] && return 0
  mkdir -p "$folder"
  {
    cat <<END
global
  maxconn 2000
  pidfile $folder/pid
  stats socket $folder/socket mode 600 level admin
defaults
  mode tcp
  timeout connect 2s
  timeout client 24h
  timeout server 24h
  option redispatch
  retries 3
frontend api
  bind $LOAD_BALANCER:6443
  default_backend control-planes
backend control-planes
  option httpchk GET /readyz
  default-server check check-ssl verify none inter 1s fall 2 rise 1 on-marked-down shutdown-sessions
END
    for node in "$@"; do echo "  server $node $(address_of "$node"):6443"; done
  } >"$folder/haproxy.cfg"
  ip netns exec "$LAB_NAME" haproxy -D -f "$folder/haproxy.cfg" 2>"$folder/log" ||
    die "the load balancer does not start: $(cat "$folder/log")"
}
