# SSH to the nodes, from the lab's network: $LAB/ssh/{config,known_hosts,id_ed25519}.
# Two users have the key: root, and admin, who has sudo without a password.

ADMIN_ID=4242

make_client_key() {
  mkdir -p "$LAB/ssh"
  [ -f "$LAB/ssh/id_ed25519" ] || ssh-keygen -q -t ed25519 -N '' -C lab -f "$LAB/ssh/id_ed25519"
}

# write_accounts DISK
write_accounts() {
  local disk=$1 etc=$1/up/etc home
  mkdir -p "$etc/sudoers.d"
  { cat /etc/passwd; echo "admin:x:$ADMIN_ID:$ADMIN_ID::/home/admin:/bin/bash"; } >"$etc/passwd"
  { cat /etc/group; echo "admin:x:$ADMIN_ID:"; } >"$etc/group"
  # No password (*) is not a locked account (!), which sshd would refuse without PAM.
  { grep -v '^root:' /etc/shadow; echo "root:*:20000:0:99999:7:::"; echo "admin:*:20000:0:99999:7:::"; } >"$etc/shadow"
  echo "admin ALL=(ALL) NOPASSWD: ALL" >"$etc/sudoers.d/admin"
  chmod 640 "$etc/shadow"
  chmod 440 "$etc/sudoers.d/admin"
  for home in "$disk/root" "$disk/home/admin"; do
    mkdir -p "$home/.ssh"
    cp "$LAB/ssh/id_ed25519.pub" "$home/.ssh/authorized_keys"
    chmod 700 "$home" "$home/.ssh"
    chmod 600 "$home/.ssh/authorized_keys"
  done
  chown -R "$ADMIN_ID:$ADMIN_ID" "$disk/home/admin"
}

# write_ssh_server ETC NODE
write_ssh_server() {
  ssh-keygen -q -t ed25519 -N '' -C "$2" -f "$1/ssh/ssh_host_ed25519_key"
  cat >"$1/ssh/sshd_config" <<END
HostKey /etc/ssh/ssh_host_ed25519_key
PermitRootLogin prohibit-password
PasswordAuthentication no
UsePAM no
UseDNS no
MaxStartups 100
AcceptEnv LANG LC_*
SetEnv PATH=$NODE_PATH
Subsystem sftp /usr/lib/openssh/sftp-server
END
}

# The nodes' true host keys, read from their disks: a client need not trust the first answer.
write_ssh_client() {
  local node
  for node in $(all_nodes); do
    echo "$node,$(address_of "$node") $(cut -d' ' -f1,2 "$NODES/$node/up/etc/ssh/ssh_host_ed25519_key.pub")"
  done >"$LAB/ssh/known_hosts"
  {
    for node in $(all_nodes); do printf 'Host %s\n  HostName %s\n' "$node" "$(address_of "$node")"; done
    cat <<END
Host *
  User root
  IdentityFile $LAB/ssh/id_ed25519
  IdentitiesOnly yes
  UserKnownHostsFile $LAB/ssh/known_hosts
  GlobalKnownHostsFile /dev/null
  StrictHostKeyChecking yes
  BatchMode yes
END
  } >"$LAB/ssh/config"
}

run_over_ssh() { exec ip netns exec "$LAB_NAME" ssh -F "$LAB/ssh/config" "$@"; }
