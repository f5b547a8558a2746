//! Copies that programs and people put aside beside the files that are in use.

/// Is something on this path, relative to the root of the disk, named as copies are?
pub fn is_backup(path: &str) -> bool {
    path.split('/').any(is_name_of_one)
}

fn is_name_of_one(name: &str) -> bool {
    const ENDINGS: [&str; 9] = [".bak", ".old", ".backup", ".orig", ".save", ".bck", "~", ".rpmsave", ".dpkg-old"];
    // `k3s certificate rotate` puts server/tls and agent/tls aside with the time in seconds.
    let is_put_aside =
        name.strip_prefix("tls-").is_some_and(|time| time.len() >= 9 && time.bytes().all(|byte| byte.is_ascii_digit()));
    // `admin.conf.bak.2024-01-01`, `pki.bak-1`, `ca.crt.old.1`.
    let in_between = [".bak.", ".bak-", ".bak_", ".old.", ".old-", ".backup.", ".backup-"];
    // /etc/kubernetes/tmp/kubeadm-backup-*, aks-engine's folders beside the API model.
    is_put_aside
        || name.starts_with("kubeadm-backup")
        || name == "_rotate_certs_backup"
        || matches!(name, "backup" | "backups" | "bak" | "old")
        || ENDINGS.iter().any(|ending| name.len() > ending.len() && name.ends_with(ending))
        || in_between.iter().any(|part| name.contains(part))
}

#[cfg(test)]
mod tests {
    use super::is_backup;

    #[test]
    fn copies_are_told_by_their_names() {
        for path in [
            "var/lib/rancher/k3s/server/tls-1700000000/client-ca.crt",
            "etc/kubernetes/certs.bak/ca.crt",
            "etc/kubernetes/tmp/kubeadm-backup-certs-2024/pki/ca.crt",
            "etc/kubernetes/admin.conf.old",
            "etc/kubernetes/pki.bak-2024/ca.crt",
            "_rotate_certs_backup/apimodel.json",
            "etc/kubernetes/admin.conf~",
        ] {
            assert!(is_backup(path), "{path}");
        }
        for path in ["etc/kubernetes/pki/ca.crt", "x/tls-cert.pem", "x/tls-1/a", "household/bold.crt", "~", "etc/.old"]
        {
            assert!(!is_backup(path), "{path}");
        }
    }
}
