//! kubeconfig files (YAML or JSON): what identities and authorities they hold, and replacing an identity in the text.
//!
//! A renewal replaces the two base64 values and leaves every other byte of the file alone: comments, order and unknown
//! fields are the owner's.

mod entries;
mod merge;

use zeroize::Zeroizing;

pub use entries::{AuthProvider, Cluster, Context, Exec, ExecVariable, Kubeconfig, User};
pub use entries::{NamedCluster, NamedContext, NamedUser};
pub use merge::merge;

use super::yaml;

#[derive(Debug, thiserror::Error)]
pub enum KubeconfigError {
    #[error("not a kubeconfig: {0}")]
    Unreadable(String),
    #[error("user '{0}' is not in the kubeconfig")]
    NoSuchUser(String),
    #[error("user '{0}' has no embedded certificate and key to replace")]
    NotEmbedded(String),
    #[error(
        "the {what} of user '{user}' does not stand in the kubeconfig in one piece (a folded YAML value?), so it cannot be replaced without rewriting the file"
    )]
    NotInOnePiece { user: String, what: &'static str },
}

/// A cheap test before the parser is tried: most files are not kubeconfigs.
pub fn looks_like_one(text: &str) -> bool {
    text.contains("clusters") && text.contains("users") && text.contains("contexts")
}

pub fn parse(text: &str) -> Result<Kubeconfig, KubeconfigError> {
    let options = serde_saphyr::options! { duplicate_keys: serde_saphyr::DuplicateKeyPolicy::LastWins };
    serde_saphyr::from_str_with_options(text, options).map_err(|error| KubeconfigError::Unreadable(yaml::fault(&error)))
}

/// Puts a new certificate (PEM) and key (PEM) in the place of those of `user`.
pub fn replace_identity(
    text: &str,
    user: &str,
    certificate_pem: &[u8],
    key_pem: &[u8],
) -> Result<Zeroizing<String>, KubeconfigError> {
    let parsed = parse(text)?;
    let found = parsed.users.iter().find(|named| named.name == user);
    let found = &found.ok_or_else(|| KubeconfigError::NoSuchUser(user.to_owned()))?.user;
    let (Some(old_certificate), Some(old_key)) = (&found.client_certificate_data, &found.client_key_data) else {
        return Err(KubeconfigError::NotEmbedded(user.to_owned()));
    };
    let not_whole = |what| KubeconfigError::NotInOnePiece { user: user.to_owned(), what };
    let new_certificate = super::pem::encode_base64(certificate_pem);
    let new_key = Zeroizing::new(super::pem::encode_base64(key_pem));
    let replaced = replace_value(text, old_certificate, &new_certificate).ok_or_else(|| not_whole("certificate"))?;
    replace_value(&replaced, old_key, &new_key).ok_or_else(|| not_whole("key"))
}

/// All occurrences: a file that names the same identity twice means the same identity twice.
fn replace_value(text: &str, old: &str, new: &str) -> Option<Zeroizing<String>> {
    (!old.is_empty() && text.contains(old)).then(|| Zeroizing::new(text.replace(old, new)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "apiVersion: v1 # mine\nkind: Config\nclusters: []\ncontexts: []\nusers:\n- name: a\n  user:\n    client-certificate-data: T0xE\n    client-key-data: S0VZ\n- name: b\n  user: {token: t}\nextra: {x: 1}\n";

    #[test]
    fn replacing_an_identity_keeps_every_other_byte() {
        let new = replace_identity(TEXT, "a", b"new cert", b"new key").expect("replaced");
        assert_eq!(new.as_str(), TEXT.replace("T0xE", "bmV3IGNlcnQ=").replace("S0VZ", "bmV3IGtleQ=="));
    }

    #[test]
    fn what_cannot_be_replaced_is_refused() {
        assert!(matches!(replace_identity(TEXT, "b", b"c", b"k"), Err(KubeconfigError::NotEmbedded(_))));
        assert!(matches!(replace_identity(TEXT, "z", b"c", b"k"), Err(KubeconfigError::NoSuchUser(_))));
        let folded = TEXT.replace("T0xE", "\"T0\\\n      xE\"");
        assert!(matches!(replace_identity(&folded, "a", b"c", b"k"), Err(KubeconfigError::NotInOnePiece { .. })));
    }

    #[test]
    fn a_fault_never_quotes_the_text() {
        let error = parse("users:\n- name: [\n  client-key-data: SECRET").expect_err("broken").to_string();
        assert!(!error.contains("SECRET"), "{error}");
    }

    #[test]
    fn what_people_and_programs_write_is_read() {
        let windows = r"
apiVersion: v1
users: null
contexts:
current-context: null
preferences: {colors: true}
clusters:
- name: plain
  cluster: {server: 'https://x', certificate-authority: 'C:\Users\me\ca.crt'}
- name: bare
  cluster:
    certificate-authority: C:\Users\me\ca.crt
    extensions: [{name: minikube.sigs.k8s.io, extension: {version: v1}}]
- name: nothing
  cluster: null
";
        let read = parse(&windows.replace('\n', "\r\n")).expect("read");
        let path = |at: usize| read.clusters[at].cluster.certificate_authority.as_deref();
        assert_eq!([path(0), path(1), path(2)], [Some(r"C:\Users\me\ca.crt"), Some(r"C:\Users\me\ca.crt"), None]);
        assert!(read.users.is_empty() && read.contexts.is_empty() && read.current_context.is_empty());
        let exec = r#"{"users":[{"name":"u","user":{"exec":{"apiVersion":"v1","command":"c","args":null,"env":null,"new":1},
            "token":"","client-certificate-data":"","as-groups":null}}]}"#;
        let read = parse(exec).expect("read");
        let user = &read.users[0].user;
        let exec = user.exec.as_ref().expect("a plugin");
        assert!(exec.command == "c" && exec.args.is_empty() && exec.env.is_empty());
        assert!(user.client_certificate_data.is_none() && user.impersonate_groups.is_empty());
    }
}
