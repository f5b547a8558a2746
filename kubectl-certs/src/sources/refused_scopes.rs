//! What a scope may not ask for. Found out before anything is read, so that no option is passed over in silence and no
//! typing error comes back as an empty answer.

use super::target::Target;
use crate::error::Error;
use crate::model::Place;
use crate::request::{Connection, Scope, Ssh};

pub fn require_sound(scope: &Scope) -> Result<(), Error> {
    if let Some(namespace) = scope.namespace.as_deref().filter(|namespace| !namespace.is_empty())
        && !is_label(namespace)
    {
        return Err(Error::usage(format!("'{namespace}' cannot be the name of a namespace"))
            .hint("such a name has at most 63 lower-case letters, digits and '-' inside"));
    }
    if let Some(selector) = &scope.selector {
        selector_parts(selector).map_err(|why| {
            Error::usage(format!("'{selector}' is not a label selector: {why}"))
                .hint("for example: app=web,tier!=cache  or  'env in (prod, test)'  or  '!canary'")
        })?;
    }
    if scope.all_contexts && (scope.namespace.is_some() || scope.selector.is_some() || !scope.targets.is_empty()) {
        return Err(Error::usage(
            "--all-contexts is about all that the kubeconfigs lead to, and not about a part of it",
        )
        .hint("leave out the namespace, the selector and the targets, or --all-contexts"));
    }
    let narrowed = [("--namespace", scope.namespace.is_some()), ("--selector", scope.selector.is_some())];
    if let Some((option, _)) =
        narrowed.into_iter().find(|(_, is_given)| *is_given && scope.probe && scope.targets.is_empty())
    {
        return Err(Error::usage(format!(
            "--probe looks at the servers of the whole cluster, and {option} at a part of it"
        ))
        .hint(format!("leave out {option}; --probe-hosts looks at the hosts of one namespace")));
    }
    if scope.probe_hosts && !scope.ssh.hosts.is_empty() {
        return Err(Error::usage("--probe-hosts asks the cluster for its hosts, and with --ssh only nodes are asked")
            .hint("leave out --ssh or --probe-hosts"));
    }
    require_sound_ways(scope)?;
    match option_of_a_cluster(scope) {
        Some(option) if scope.root.is_some() => {
            Err(Error::usage(format!("{option} is about a cluster, and with --root only files are read"))
                .hint(format!("leave out {option} or --root")))
        }
        _ => Ok(()),
    }
}

/// Arguments are judged when they are read; a request that came as JSON has the same limits.
fn require_sound_ways(scope: &Scope) -> Result<(), Error> {
    let Ssh { hosts, all_nodes, user, key, jump, config, options, helper } = &scope.ssh;
    let are_named = !hosts.is_empty() || *all_nodes;
    if scope.root.is_some() && are_named {
        return Err(Error::usage("either nodes are meant that are reached by SSH, or a disk in a folder")
            .hint("leave out root, or the nodes"));
    }
    let given = [
        ("ssh-user", user.is_some() && !all_nodes && hosts.is_empty()),
        ("ssh-key", key.is_some()),
        ("ssh-jump", jump.is_some()),
        ("ssh-config", config.is_some()),
        ("ssh-option", !options.is_empty()),
        ("node-helper", helper.is_some()),
    ];
    match given.into_iter().find(|(_, is_given)| *is_given && !are_named) {
        Some((option, _)) => Err(Error::usage(format!("{option} says how nodes are reached, and none was named"))
            .hint("name nodes (ssh), or all of them (nodes)")),
        None => Ok(()),
    }
}

/// A target that no file can answer to.
pub(super) fn require_files(scope: &Scope, targets: &[Target]) -> Result<(), Error> {
    let elsewhere = |target: &&Target| {
        target.is_of_the_cluster()
            || matches!(target, Target::At(location) if matches!(location.place, Place::Endpoint(_)))
    };
    match targets.iter().find(elsewhere) {
        Some(target) if scope.root.is_some() => {
            Err(Error::usage(format!("{target} is no file, and with --root only files are read"))
                .about(target)
                .hint("ask for it without --root"))
        }
        _ => Ok(()),
    }
}

/// How long to wait and how to pack the answers say nothing about where to look, and scripts pass it everywhere.
fn option_of_a_cluster(scope: &Scope) -> Option<&'static str> {
    let Connection {
        kubeconfig,
        context,
        cluster,
        user,
        server,
        impersonate,
        impersonate_groups,
        impersonate_uid,
        impersonate_extra,
        tls_server_name,
        insecure_skip_tls_verify,
        accept_expired_server,
        disable_compression: _,
        certificate_authority,
        client_certificate,
        client_key,
        request_timeout: _,
        token,
    } = &scope.connection;
    let given = [
        ("--namespace", scope.namespace.is_some()),
        ("--selector", scope.selector.is_some()),
        ("--all-contexts", scope.all_contexts),
        ("--kubeconfig", kubeconfig.is_some()),
        ("--context", context.is_some()),
        ("--cluster", cluster.is_some()),
        ("--user", user.is_some()),
        ("--server", server.is_some()),
        ("--as", impersonate.is_some()),
        ("--as-group", !impersonate_groups.is_empty()),
        ("--as-uid", impersonate_uid.is_some()),
        ("--as-user-extra", !impersonate_extra.is_empty()),
        ("--accept-expired-server", *accept_expired_server),
        ("--tls-server-name", tls_server_name.is_some()),
        ("--insecure-skip-tls-verify", *insecure_skip_tls_verify),
        ("--certificate-authority", certificate_authority.is_some()),
        ("--client-certificate", client_certificate.is_some()),
        ("--client-key", client_key.is_some()),
        ("--token", token.is_some()),
        ("--probe", scope.probe),
        ("--probe-hosts", scope.probe_hosts),
    ];
    given.into_iter().find_map(|(option, is_given)| is_given.then_some(option))
}

/// RFC 1123.
fn is_label(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    (1..=63).contains(&text.len())
        && text.bytes().all(|byte| plain(byte) || byte == b'-')
        && text.bytes().next().is_some_and(plain)
        && text.bytes().last().is_some_and(plain)
}

/// As k8s.io/apimachinery `pkg/labels` reads it: an empty one selects everything.
fn selector_parts(text: &str) -> Result<(), String> {
    let mut rest = text.trim();
    while !rest.is_empty() {
        let end = end_of_requirement(rest)?;
        requirement(rest[..end].trim())?;
        rest = match rest[end..].strip_prefix(',') {
            Some(more) if more.trim().is_empty() => return Err("it ends with a comma".to_owned()),
            Some(more) => more.trim_start(),
            None => "",
        };
    }
    Ok(())
}

/// The comma that ends it is the first one outside of parentheses.
fn end_of_requirement(text: &str) -> Result<usize, String> {
    let mut inside = false;
    for (at, c) in text.char_indices() {
        match c {
            '(' if !inside => inside = true,
            ')' if inside => inside = false,
            '(' | ')' => return Err("its parentheses do not match".to_owned()),
            ',' if !inside => return Ok(at),
            _ => {}
        }
    }
    if inside { Err("a ')' is missing".to_owned()) } else { Ok(text.len()) }
}

fn requirement(text: &str) -> Result<(), String> {
    let wrong = || format!("'{text}' is no requirement");
    if let Some(key) = text.strip_prefix('!') {
        return if is_key(key.trim()) { Ok(()) } else { Err(wrong()) };
    }
    if let Some(values) = text.strip_suffix(')') {
        let (before, values) = values.split_once('(').ok_or_else(wrong)?;
        let words: Vec<&str> = before.split_whitespace().collect();
        let [key, "in" | "notin"] = words[..] else { return Err(wrong()) };
        let good = is_key(key) && values.split(',').all(|value| is_value(value.trim()));
        return if good { Ok(()) } else { Err(wrong()) };
    }
    let good = match ["!=", "==", "=", ">", "<"].iter().find_map(|operator| text.split_once(operator)) {
        Some((key, value)) => is_key(key.trim()) && is_value(value.trim()),
        None => is_key(text),
    };
    if good { Ok(()) } else { Err(wrong()) }
}

fn is_key(text: &str) -> bool {
    let (prefix, name) = text.split_once('/').unwrap_or(("x", text));
    !prefix.is_empty() && is_value(prefix) && !name.is_empty() && is_value(name)
}

fn is_value(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::{is_label, selector_parts};

    #[test]
    fn selectors_are_those_of_kubectl() {
        for text in ["", "a=b", "a==b, c!=d", "a", "!a", "a=", "example.com/a in (x, y),b notin (z)", "a in ()", "a>1"]
        {
            assert_eq!(selector_parts(text), Ok(()), "{text}");
        }
        for text in ["a in (", "a in x", "a=b,", "=b", "a b", "a=b c", "a)", "!", "a=b,,c=d", "/a=b", "a in (x", "(a)"]
        {
            assert!(selector_parts(text).is_err(), "{text}");
        }
    }

    #[test]
    fn namespaces_are_labels() {
        assert!(["a", "kube-system", "0"].iter().all(|name| is_label(name)));
        assert!(["", "bad/ns", "A", "-a", "a-", "a.b"].iter().all(|name| !is_label(name)));
    }
}
