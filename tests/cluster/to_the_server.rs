//! The way to the server: proxies, and from within a pod.

use std::process::Command;

use serde_json::json;
use support::binaries;
use support::proxies::Forwarder;

use crate::certificates::lets_in;
use crate::kubectl::kubectl;
use crate::program::{Program, Ran};
use crate::world::{World, gaps, targets};

pub(crate) fn proxies_of_the_kubeconfig(world: &World) {
    let port = world.control_plane.port();
    let server = format!("127.0.0.1:{port}");
    let with = |url: String| world.program_with(move |cluster, _| cluster["proxy-url"] = json!(url));
    for login in [None, Some("user:p@ss")] {
        let at = login.map_or_else(String::new, |_| "user:p%40ss@".to_owned());
        let proxy = Forwarder::http(login);
        lets_in(&with(format!("http://{at}127.0.0.1:{}", proxy.port())));
        assert!(proxy.asked().len() >= 2 && proxy.asked().iter().all(|asked| *asked == server), "{proxy:?}");
        let proxy = Forwarder::socks5(login);
        lets_in(&with(format!("socks5://{at}127.0.0.1:{}", proxy.port())));
        assert!(proxy.asked().len() >= 2 && proxy.asked().iter().all(|asked| *asked == server), "{proxy:?}");
        // In the kubeconfig kubectl knows no other name for it; in its variables it does.
        with(format!("socks5h://{at}127.0.0.1:{}", proxy.port())).line("list -n shop").exits(0);
    }
    let strict = Forwarder::http(Some("user:right"));
    let wrong = with(format!("http://user:hunter2@127.0.0.1:{}", strict.port()));
    assert_ne!(kubectl(&wrong, "get secret web").code, 0);
    let ran = wrong.line("list -n shop").exits(3).says(&format!("through the proxy 127.0.0.1:{}", strict.port()));
    assert!(!ran.err.contains("hunter2"), "{ran:#?}");
    with("http://127.0.0.1:1".to_owned()).line("list -n shop").exits(3).says("through the proxy 127.0.0.1:1: ");
    with("ftp://hunter2@x".to_owned()).line("list -n shop").exits(2).says("socks5://");
}

/// Nobody knows the name but the proxy, so what the endpoint presents comes through it too.
pub(crate) fn proxies_of_the_environment(world: &World) {
    let port = world.control_plane.port();
    let name = "kubernetes.default.svc";
    let with = |variables: &[(&str, String)]| {
        let program = world.program_with(|cluster, _| cluster["server"] = json!(format!("https://{name}:{port}")));
        variables.iter().fold(program, |program, (variable, value)| program.with(variable, value))
    };
    for (variable, proxy) in [("HTTPS_PROXY", Forwarder::http(None)), ("https_proxy", Forwarder::socks5(None))] {
        let kind = if variable == "HTTPS_PROXY" { "http" } else { "socks5" };
        let url = format!("{kind}://127.0.0.1:{}", proxy.port());
        let program = with(&[(variable, url.clone()), ("NO_PROXY", "other.svc,10.0.0.0/8".to_owned())]);
        lets_in(&program);
        assert!(proxy.asked().iter().all(|asked| *asked == format!("{name}:{port}")), "{proxy:?}");
        let ran = program.line("list -o json").exits(3);
        assert!(targets(&ran).contains(&format!("tls://{name}:{port}")), "{ran:#?}");
        assert!(gaps(&ran).iter().all(|(_, reason)| reason != "unreachable"), "{ran:#?}");
        let asked = proxy.asked().len();
        for no_proxy in [".default.svc".to_owned(), format!("{name}:{port}"), "*".to_owned()] {
            let program = with(&[(variable, url.clone()), ("NO_PROXY", no_proxy)]);
            assert_ne!(kubectl(&program, "get secret web").code, 0);
            program.line("list -n shop").exits(3);
        }
        assert_eq!(proxy.asked().len(), asked);
    }
    // Loopback is never asked of it, and plain HTTP has another variable.
    let proxy = Forwarder::http(None);
    let url = format!("http://127.0.0.1:{}", proxy.port());
    lets_in(&world.program_with(|_, _| ()).with("HTTPS_PROXY", &url));
    with(&[("HTTP_PROXY", url)]).line("list -n shop").exits(3);
    assert_eq!(proxy.asked(), [""; 0]);
}

/// As a container sees it, in a mount namespace of its own.
pub(crate) fn from_within_a_pod(world: &World) {
    let token = world.control_plane.kubectl(&["create", "token", "reader", "-n", "shop"]);
    let program = Program::new()
        .with("KUBERNETES_SERVICE_HOST", "127.0.0.1")
        .with("KUBERNETES_SERVICE_PORT", world.control_plane.port().to_string());
    for (name, text) in [("token", token.as_str()), ("ca.crt", &world.authority.certificate), ("namespace", "shop")] {
        program.write(format!("account/{name}"), text);
    }
    let within = |executable: &std::ffi::OsStr, line: &str| {
        let script = "mount -t tmpfs tmpfs /run && mkdir -p /var/run/secrets/kubernetes.io && \
                      cp -r account /var/run/secrets/kubernetes.io/serviceaccount && exec \"$@\"";
        let mut command = Command::new("unshare");
        program.prepare(&mut command);
        command.args(["--mount", "--map-root-user", "sh", "-c", script, "sh"]).arg(executable);
        Ran::of(&command.args(line.split(' ')).output().expect("unshare (util-linux) runs"))
    };
    let kubectl = binaries::program(binaries::Program::Kubectl);
    within(kubectl.as_os_str(), "get secret web").exits(0);
    let own = std::ffi::OsStr::new(env!("CARGO_BIN_EXE_kubectl-certs"));
    let ran = within(own, "list secret/web -o json").exits(0);
    assert_eq!(targets(&ran), ["ca.crt", "tls.crt#1", "tls.crt#2"].map(|key| format!("secret/shop/web/{key}")));
    // Who may not see everything sees their own namespace, that of the service account.
    let ran = within(own, "list").exits(3).says("only namespace 'shop' was looked at");
    assert!(ran.out.contains(&world.endpoint()), "{ran:#?}");
    // A kubeconfig that says nothing is none; one that says something counts.
    program.write("empty", "");
    within(own, "list -n shop --kubeconfig empty").exits(0);
    within(own, "list -n shop --context mine").exits(3).says("there is no kubeconfig");
    // Outside of a pod there is no such folder.
    program.line("list").exits(3).says("there is no kubeconfig");
}
