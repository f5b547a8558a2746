//! Who asks, and how that is shown to the API server: a token, a token in a file, a client certificate, an exec plugin.

#![expect(clippy::disallowed_methods, reason = "this is the port to kubectl's configuration")]

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};
use rustls::sign::CertifiedKey;
use tokio::time::Instant;
use zeroize::Zeroizing;

use super::Chosen;
use super::exec_plugin::{Issued, Plugin};
use super::identity::identity;
use super::remembered;
use crate::error::Error;
use crate::formats::kubeconfig::User;
use crate::formats::pem;

/// As long as client-go keeps what it has read from a token file.
const TOKEN_FILE: Duration = Duration::from_secs(60);

pub(super) struct Credentials {
    token: Token,
    identity: Option<Arc<CertifiedKey>>,
    plugin: Option<Arc<Plugin>>,
    /// Acting as somebody else.
    impersonation: HeaderMap,
}

enum Token {
    None,
    Fixed(Zeroizing<String>),
    File { path: String, read: Mutex<Option<(Instant, Zeroizing<String>)>>, otherwise: Option<Zeroizing<String>> },
}

/// What goes with one request.
#[derive(Clone)]
pub(super) struct Shown {
    pub(super) headers: HeaderMap,
    pub(super) identity: Option<Arc<CertifiedKey>>,
    /// Which of the plugin's answers it is.
    pub(super) number: u64,
}

impl Credentials {
    pub(super) fn of(chosen: &Chosen, authorities: Option<&[u8]>) -> Result<Self, Error> {
        let user = &chosen.user_entry;
        if user.username.is_some() || user.password.is_some() {
            return Err(Error::usage(
                "it logs in with a user name and a password, which no API server accepts since Kubernetes 1.19",
            )
            .hint("use a client certificate, a token or an exec plugin"));
        }
        let token = token(user)?;
        let plugin = match &user.exec {
            Some(exec) => Some(remembered::plugin(Plugin::new(exec, &chosen.server_entry, authorities)?)),
            None => None,
        };
        Ok(Self { token, identity: own_identity(user)?, plugin, impersonation: impersonation(user)? })
    }

    /// `refused` is the number of what the server did not accept.
    pub(super) async fn shown(&self, refused: Option<u64>) -> Result<Shown, String> {
        let issued: Option<Arc<Issued>> = match &self.plugin {
            Some(plugin) => Some(plugin.issued(refused).await?),
            None => None,
        };
        let mut headers = self.impersonation.clone();
        // What the kubeconfig itself says beats the plugin, as with client-go.
        let own = self.token.read(refused.is_some())?;
        let token = own.as_ref().or(issued.as_ref().and_then(|issued| issued.token.as_ref()));
        if let Some(token) = token {
            let value = Zeroizing::new(format!("Bearer {}", token.as_str()));
            let mut value = HeaderValue::try_from(value.as_str())
                .map_err(|_| "the token has characters in it that no token has".to_owned())?;
            value.set_sensitive(true);
            headers.insert(http::header::AUTHORIZATION, value);
        }
        let number = issued.as_ref().map_or(0, |issued| issued.number);
        let identity = self.identity.clone().or_else(|| issued.and_then(|issued| issued.identity.clone()));
        Ok(Shown { headers, identity, number })
    }

    /// Would asking again give others?
    pub(super) fn may_change(&self) -> bool {
        self.plugin.is_some() || matches!(self.token, Token::File { .. })
    }
}

fn token(user: &User) -> Result<Token, Error> {
    let fixed = user.token.clone().filter(|token| !token.is_empty());
    if let Some(path) = user.token_file.clone() {
        return Ok(Token::File { path, read: Mutex::default(), otherwise: fixed });
    }
    if let (None, Some(provider)) = (&fixed, &user.auth_provider) {
        // What kubectl would get anew with the refresh token is that provider's to get.
        return match (provider.name.as_str(), provider.config.get("id-token")) {
            ("oidc", Some(token)) if !token.is_empty() => Ok(Token::Fixed(token.clone())),
            (name, _) => Err(Error::usage(format!("it logs in with the auth provider '{name}', which was removed from kubectl or needs a login"))
                .hint("an exec plugin takes its place: kubelogin for azure, gke-gcloud-auth-plugin for gcp, kubectl oidc-login for oidc")),
        };
    }
    Ok(fixed.map_or(Token::None, Token::Fixed))
}

impl Token {
    fn read(&self, anew: bool) -> Result<Option<Zeroizing<String>>, String> {
        let (path, read, otherwise) = match self {
            Self::None => return Ok(None),
            Self::Fixed(token) => return Ok(Some(token.clone())),
            Self::File { path, read, otherwise } => (path, read, otherwise),
        };
        let Ok(mut read) = read.lock() else { return Ok(otherwise.clone()) };
        if let Some((_, token)) = read.as_ref().filter(|(when, _)| !anew && when.elapsed() < TOKEN_FILE) {
            return Ok(Some(token.clone()));
        }
        match std::fs::read(path).map(Zeroizing::new) {
            Ok(bytes) => {
                let token = Zeroizing::new(String::from_utf8_lossy(&bytes).trim().to_owned());
                *read = Some((Instant::now(), token.clone()));
                Ok(Some(token).filter(|token| !token.is_empty()))
            }
            Err(_) if otherwise.is_some() => Ok(otherwise.clone()),
            Err(error) => Err(format!("failed to read the token in {path}: {error}")),
        }
    }
}

/// What stands in the kubeconfig beats the file that it names.
fn own_identity(user: &User) -> Result<Option<Arc<CertifiedKey>>, Error> {
    let certificate =
        bytes(user.client_certificate_data.as_deref(), user.client_certificate.as_deref(), "client certificate")?;
    let key = user.client_key_data.as_ref().map(|data| data.as_str());
    let key = bytes(key, user.client_key.as_deref(), "client key")?;
    match (certificate, key) {
        (Some(certificate), Some(key)) => {
            let made = identity(&certificate, &key);
            made.map(Some).map_err(|why| Error::usage(format!("its user {why}")))
        }
        (None, None) => Ok(None),
        (Some(_), None) => Err(Error::usage("its user has a client certificate but no key for it")),
        (None, Some(_)) => Err(Error::usage("its user has a client key but no certificate for it")),
    }
}

/// Base64 in the kubeconfig, else the file's content.
pub(super) fn bytes(data: Option<&str>, path: Option<&str>, what: &str) -> Result<Option<Zeroizing<Vec<u8>>>, Error> {
    match (data.filter(|data| !data.is_empty()), path) {
        (Some(data), _) => match pem::decode_base64(data) {
            Some(bytes) => Ok(Some(bytes)),
            None => Err(Error::usage(format!("the {what} in it is not valid base64"))),
        },
        (None, Some(path)) => match std::fs::read(Path::new(path)) {
            Ok(bytes) => Ok(Some(Zeroizing::new(bytes))),
            Err(error) => Err(Error::unreadable(format!("failed to read the {what} {path}: {error}"))),
        },
        (None, None) => Ok(None),
    }
}

/// `Impersonate-…`, as the API server reads them. Keys of extras are escaped as in URLs.
fn impersonation(user: &User) -> Result<HeaderMap, Error> {
    let mut headers = HeaderMap::new();
    let Some(name) = &user.impersonate else { return Ok(headers) };
    let mut add = |header: &str, value: &str| -> Result<(), Error> {
        let wrong = || Error::usage(format!("nobody can be called '{value}': a header of HTTP cannot hold it"));
        let header = HeaderName::try_from(header).map_err(|_| wrong())?;
        headers.append(header, HeaderValue::from_str(value).map_err(|_| wrong())?);
        Ok(())
    };
    add("impersonate-user", name)?;
    if let Some(uid) = &user.impersonate_uid {
        add("impersonate-uid", uid)?;
    }
    for group in &user.impersonate_groups {
        add("impersonate-group", group)?;
    }
    for (key, values) in &user.impersonate_extra {
        let key = percent_encoding::utf8_percent_encode(key, percent_encoding::NON_ALPHANUMERIC).to_string();
        for value in values {
            add(&format!("impersonate-extra-{}", key.to_lowercase()), value)?;
        }
    }
    Ok(headers)
}
