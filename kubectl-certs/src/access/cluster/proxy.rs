//! The way through a proxy: `proxy-url` of the kubeconfig, else the variables that Go's programs know, with Go's rules
//! (golang.org/x/net/http/httpproxy). What a proxy's address says of a password is never printed.

use std::net::IpAddr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderValue, Uri};
use ipnet::IpNet;
use percent_encoding::percent_decode_str;
use zeroize::Zeroizing;

#[derive(Clone)]
pub(super) struct Proxy {
    pub(super) kind: Kind,
    /// Without a password.
    pub(super) address: Uri,
    login: Option<(String, Zeroizing<String>)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Http,
    /// HTTP over TLS.
    Https,
    Socks5,
}

impl Proxy {
    /// Whatever it is named by in the kubeconfig counts for every address.
    pub(super) fn of_kubeconfig(url: &str) -> Result<Self, String> {
        Self::parse(url)
    }

    /// None where the way is straight.
    pub(super) fn of_environment(
        variable: impl Fn(&str) -> Option<String>,
        host: &str,
        port: u16,
        tls: bool,
    ) -> Result<Option<Self>, String> {
        let any = |names: [&str; 2]| names.into_iter().find_map(|name| variable(name).filter(|text| !text.is_empty()));
        let names = if tls { ["HTTPS_PROXY", "https_proxy"] } else { ["HTTP_PROXY", "http_proxy"] };
        let Some(proxy) = any(names) else { return Ok(None) };
        if is_left_out(&any(["NO_PROXY", "no_proxy"]).unwrap_or_default(), host, port) {
            return Ok(None);
        }
        let proxy = proxy.trim();
        // `proxy:3128` is as good as `http://proxy:3128`.
        let parsed = if proxy.contains("://") { Self::parse(proxy) } else { Self::parse(&format!("http://{proxy}")) };
        parsed.map(Some).map_err(|why| format!("{why} (the variable {})", names[0]))
    }

    fn parse(url: &str) -> Result<Self, String> {
        let wrong = |why: &str| format!("the address of the proxy cannot be used: {why}");
        let uri: Uri = url.trim().parse().map_err(|_| wrong("it is no URL"))?;
        let (kind, usual) = match uri.scheme_str() {
            Some("http") => (Kind::Http, 80),
            Some("https") => (Kind::Https, 443),
            // Go leaves the names to the proxy in both cases.
            Some("socks5" | "socks5h") => (Kind::Socks5, 1080),
            _ => return Err(wrong("it begins with none of http://, https://, socks5:// and socks5h://")),
        };
        let authority = uri.authority().ok_or_else(|| wrong("it names no host"))?;
        let login = authority.as_str().rsplit_once('@').map(|(login, _)| {
            let (user, password) = login.split_once(':').unwrap_or((login, ""));
            let plain = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
            (plain(user), Zeroizing::new(plain(password)))
        });
        let address = format!("http://{}:{}", authority.host(), authority.port_u16().unwrap_or(usual));
        let address = address.parse().map_err(|_| wrong("it names no host"))?;
        Ok(Self { kind, address, login })
    }

    /// `HOST:PORT`, for messages.
    pub(super) fn name(&self) -> &str {
        self.address.authority().map_or("", http::uri::Authority::as_str)
    }

    pub(super) fn login(&self) -> Option<(String, String)> {
        self.login.as_ref().map(|(user, password)| (user.clone(), password.to_string()))
    }

    pub(super) fn authorization(&self) -> Option<HeaderValue> {
        let (user, password) = self.login.as_ref()?;
        let text = Zeroizing::new(format!("{user}:{}", password.as_str()));
        HeaderValue::try_from(format!("Basic {}", STANDARD.encode(text.as_bytes()))).ok()
    }
}

/// Is the straight way wanted to this address? Loopback is never reached through a proxy of the environment.
fn is_left_out(no_proxy: &str, host: &str, port: u16) -> bool {
    let host = host.trim().trim_end_matches('.').to_lowercase();
    let address: Option<IpAddr> = host.parse().ok();
    if host == "localhost" || address.is_some_and(|address| address.is_loopback()) {
        return true;
    }
    let words = no_proxy.split(',').map(|word| word.trim().to_lowercase()).filter(|word| !word.is_empty());
    words.into_iter().any(|word| word == "*" || means(&word, &host, address, port))
}

fn means(word: &str, host: &str, address: Option<IpAddr>, port: u16) -> bool {
    if let Ok(net) = word.parse::<IpNet>() {
        return address.is_some_and(|address| net.contains(&address));
    }
    let (name, only) = split_port(word);
    let right_port = only.is_none_or(|only| only.parse() == Ok(port));
    if let Ok(named) = name.parse::<IpAddr>() {
        return right_port && address == Some(named);
    }
    // `*.x` and `.x` mean what lies below x; `x` means x too.
    let name = name.strip_prefix('*').filter(|rest| rest.starts_with('.')).unwrap_or(name);
    let below = if name.starts_with('.') { name.to_owned() } else { format!(".{name}") };
    right_port && below.len() > 1 && (host.ends_with(&below) || (!name.starts_with('.') && host == name))
}

/// An IPv6 address without brackets has no port.
fn split_port(word: &str) -> (&str, Option<&str>) {
    let bare = |name: &'_ str| name.trim_start_matches('[').trim_end_matches(']').len();
    match word.rsplit_once(':') {
        Some((name, port)) if !name.contains(':') || name.ends_with(']') => {
            let start = usize::from(name.starts_with('['));
            (&name[start..start + bare(name)], Some(port))
        }
        _ => (word.trim_start_matches('[').trim_end_matches(']'), None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rules_of_no_proxy_are_those_of_go() {
        for (words, host, port, left_out) in [
            ("", "api.example.com", 443, false),
            ("", "localhost", 443, true),
            ("", "127.0.0.2", 443, true),
            ("", "::1", 443, true),
            ("*", "api.example.com", 443, true),
            ("example.com", "example.com", 443, true),
            ("example.com", "api.example.com", 443, true),
            ("example.com", "badexample.com", 443, false),
            (".example.com", "example.com", 443, false),
            (".example.com", "API.example.com", 443, true),
            ("*.example.com", "api.example.com", 443, true),
            ("*.example.com", "example.com", 443, false),
            ("*example.com", "api.example.com", 443, false),
            ("Example.com:6443", "example.com", 6443, true),
            ("example.com:6443", "example.com", 443, false),
            ("10.0.0.0/8", "10.1.2.3", 443, true),
            ("10.0.0.0/8", "11.1.2.3", 443, false),
            ("10.0.0.0/8", "ten.example.com", 443, false),
            ("10.1.2.3", "10.1.2.3", 443, true),
            ("10.1.2.3:80", "10.1.2.3", 443, false),
            ("fd00::/8", "fd00::1", 443, true),
            ("[fd00::1]:443", "fd00::1", 443, true),
            ("fd00::1", "fd00::1", 443, true),
            ("a, example.com ,b", "example.com", 443, true),
            (",:80,.", "example.com", 443, false),
        ] {
            assert_eq!(is_left_out(words, host, port), left_out, "{words:?} and {host}:{port}");
        }
    }

    #[test]
    fn an_address_is_read_as_go_reads_it_and_never_told_with_its_password() {
        let environment = |value: &str, tls: bool| {
            let value = value.to_owned();
            Proxy::of_environment(
                move |name| (name == "https_proxy").then(|| value.clone()),
                "api.example.com",
                6443,
                tls,
            )
        };
        let proxy = environment("user:p%40ss@proxy", true).expect("read").expect("one");
        assert_eq!((proxy.kind, proxy.name()), (Kind::Http, "proxy:80"));
        assert_eq!(proxy.login(), Some(("user".to_owned(), "p@ss".to_owned())));
        assert!(environment("proxy:3128", false).expect("read").is_none());
        for (url, kind, name) in [
            ("socks5://[::1]", Kind::Socks5, "[::1]:1080"),
            ("socks5h://p:1", Kind::Socks5, "p:1"),
            ("https://p", Kind::Https, "p:443"),
        ] {
            let proxy = Proxy::of_kubeconfig(url).unwrap_or_else(|why| panic!("{why}"));
            assert_eq!((proxy.kind, proxy.name()), (kind, name));
        }
        for bad in ["ftp://hunter2@p", "://hunter2", "http://hunter2@", "hunter2"] {
            let why = Proxy::of_kubeconfig(bad).err().unwrap_or_else(|| panic!("{bad}"));
            assert!(!why.contains("hunter2"), "{why}");
        }
    }
}
