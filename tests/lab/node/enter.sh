#!/bin/bash
# Process 1 of a node, first stage: builds the node's own root and moves into it. Runs in fresh
# mount, UTS, IPC, network, process and cgroup namespaces; all mounts end with them.
set -eu
LAB=$1 NODE=$2
DISK=$LAB/nodes/$NODE
ROOT=$DISK/run/root

main() {
  hostname "$NODE"
  mount --make-rprivate /
  mkdir -p "$ROOT"
  mount -t tmpfs -o mode=755,size=64m lab-root "$ROOT"
  cd "$ROOT"
  mkdir usr etc var opt root home srv proc sys dev run tmp mnt lab .old
  local link
  for link in bin sbin lib lib64; do ln -s usr/$link $link; done
  mount_disk
  mount_system
  mount_cgroups
  cover_machine_settings
  echo 1 >proc/sys/net/ipv4/ip_forward
  pivot_root . .old
  exec chroot . /usr/bin/env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root \
    /bin/bash /usr/lib/lab/supervise.sh
}

mount_disk() {
  overlay usr "$LAB/usr:/usr"
  overlay etc /etc
  overlay var /var
  overlay opt /opt
  bind "$DISK/root" root
  bind "$DISK/home" home
  # containerd's snapshots are overlays themselves, and overlayfs cannot stand on an upper layer.
  local folder
  for folder in lib/kubelet lib/etcd lib/containerd lib/cni log; do
    bind "$DISK/data/$folder" "var/$folder"
  done
  bind "$LAB/shared" lab
}

# overlay FOLDER LOWER
overlay() {
  mkdir -p "$DISK/up/$1" "$DISK/run/work/$1"
  mount -t overlay -o "lowerdir=$2,upperdir=$DISK/up/$1,workdir=$DISK/run/work/$1" "lab-$1" "$ROOT/$1"
}

bind() {
  mkdir -p "$1" "$2"
  mount --bind "$1" "$2"
}

mount_system() {
  mount -t tmpfs -o mode=755 run run
  mount -t tmpfs -o mode=1777 tmp tmp
  rm -rf var/run
  ln -s /run var/run
  mkdir -p run/lock run/lab run/sshd
  mount -t proc proc proc
  mount -t sysfs sysfs sys
  mount --rbind /dev dev
  mount --make-rprivate dev
  mount -t devpts -o newinstance,ptmxmode=0666,mode=620,gid=5 devpts dev/pts
  # What follows is missing on some machines, and nothing in a cluster needs it.
  mount --bind dev/pts/ptmx dev/ptmx 2>/dev/null || true
  mount -t tmpfs -o mode=1777 shm dev/shm 2>/dev/null || true
  mount -t mqueue mqueue dev/mqueue 2>/dev/null || true
}

mount_cgroups() {
  local folder=sys/fs/cgroup controllers controller
  mount -t tmpfs -o mode=755 cgroup $folder
  while IFS=: read -r _ controllers _; do
    case $controllers in '' | name=*) continue ;; esac
    mkdir "$folder/$controllers"
    mount -t cgroup -o "$controllers" cgroup "$folder/$controllers"
    for controller in ${controllers//,/ }; do
      [ -e "$folder/$controller" ] || ln -s "$controllers" "$folder/$controller"
    done
  done </proc/self/cgroup
  mkdir $folder/systemd
  mount -t cgroup -o none,name=systemd cgroup $folder/systemd 2>/dev/null || rmdir $folder/systemd
}

# The kubelet checks, and would set, values of the whole machine: it gets files with what it wants.
cover_machine_settings() {
  local setting
  mkdir -p run/lab/sysctl
  for setting in vm/overcommit_memory=1 vm/panic_on_oom=0 kernel/panic=10 kernel/panic_on_oops=1 \
    kernel/keys/root_maxkeys=1000000 kernel/keys/root_maxbytes=25000000; do
    local name=${setting%=*} value=${setting#*=}
    echo "$value" >"run/lab/sysctl/${name//\//.}"
    mount --bind "run/lab/sysctl/${name//\//.}" "proc/sys/$name"
  done
}

main
