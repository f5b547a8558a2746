# What the machine must have; whatever is missing is named, with the command that gets it.

# Each package with a file that only it brings.
REQUIRED_PACKAGES="
  conntrack:/usr/sbin/conntrack
  containernetworking-plugins:/usr/lib/cni/bridge
  curl:/usr/bin/curl
  ethtool:/usr/sbin/ethtool
  gcc:/usr/bin/gcc
  haproxy:/usr/sbin/haproxy
  iproute2:/usr/bin/ss
  iptables:/usr/sbin/iptables
  kmod:/usr/bin/kmod
  libc6-dev:/usr/include/stdlib.h
  libseccomp-dev:/usr/include/seccomp.h
  nftables:/usr/sbin/nft
  openssh-client:/usr/bin/ssh
  openssh-server:/usr/sbin/sshd
  openssl:/usr/bin/openssl
  pkg-config:/usr/bin/pkg-config
  procps:/usr/bin/pgrep
  python3:/usr/bin/python3
  socat:/usr/bin/socat
  sudo:/usr/bin/sudo
  util-linux:/usr/bin/nsenter
"

check_requirements() {
  local missing
  [ "$(uname -s)" = Linux ] || die "needs Linux; this is $(uname -s)"
  [ "$(id -u)" = 0 ] || die "needs root: namespaces, cgroups and mounts are made"
  missing=$(missing_packages)
  [ -z "$missing" ] || die "these packages are missing: $missing
they are installed by:  $HERE/lab deps"
  grep -qw overlay /proc/filesystems || modprobe overlay 2>/dev/null || die "the kernel has no overlayfs"
  grep -q '^[0-9]*:memory:' <(tr ',' '\n' </proc/self/cgroup) ||
    die "needs cgroup v1 hierarchies, and this machine has cgroup v2 alone
a Linux with systemd has them when it is booted with systemd.unified_cgroup_hierarchy=0"
}

missing_packages() {
  local entry names=()
  for entry in $REQUIRED_PACKAGES; do
    [ -e "${entry#*:}" ] || names+=("${entry%%:*}")
  done
  echo "${names[*]-}"
}

install_packages() {
  local missing
  missing=$(missing_packages)
  [ -n "$missing" ] || return 0
  command -v apt-get >/dev/null || die "no apt-get here; install these packages in your way: $missing"
  [ "$(id -u)" = 0 ] || die "needs root to install: $missing"
  say "apt-get install $missing"
  export DEBIAN_FRONTEND=noninteractive
  # shellcheck disable=SC2086 # a list of names
  apt-get install -y --no-install-recommends $missing >&2 ||
    { apt-get update >&2 && apt-get install -y --no-install-recommends $missing >&2; }
}
