//! A real API server: what of kubectl's own options the commands have.

use std::ffi::OsStr;

use pwsh_tests::compare::assert_same;
use pwsh_tests::engine::Script;
use pwsh_tests::program;
use serde_json::json;
use support::control_plane::ControlPlane;
use support::kubeadm::{KeyAlgorithm, Kubeadm, pki};
use support::ports::Port;

#[test]
fn a_cluster_is_looked_at_with_kubectls_own_options() {
    let root = tempfile::tempdir().expect("a folder");
    let port = Port::take();
    let mut kubeadm = Kubeadm::new(port.number());
    kubeadm.key_algorithm = KeyAlgorithm::EcdsaP256;
    kubeadm.write(root.path());
    let cluster = ControlPlane::start(root.path(), port.number());
    let (certificate, key) = (pki(root.path()).join("apiserver.crt"), pki(root.path()).join("apiserver.key"));
    for (namespace, name, label) in
        [("shop", "web", "app=web"), ("shop", "mail", "app=mail"), ("bank", "web", "app=web")]
    {
        cluster.try_kubectl(&["create", "namespace", namespace]).ok();
        let (certificate, key) = (format!("--cert={}", certificate.display()), format!("--key={}", key.display()));
        cluster.kubectl(&["create", "secret", "tls", name, "--namespace", namespace, &certificate, &key]);
        cluster.kubectl(&["label", "secret", name, "--namespace", namespace, label]);
    }
    let kubeconfig = cluster.kubeconfig();

    let outcome = Script::new(
        "$kubeconfig = @{ Kubeconfig = $env:CONFIG }
        $context = 'kubernetes-super-admin@kubernetes'
        $answer = @{
            All = @(Get-KubeCertificate @kubeconfig)
            Shop = @(Get-KubeCertificate @kubeconfig -Context $context -Namespace shop)
            Web = @(Get-KubeCertificate @kubeconfig -AllNamespaces -Selector app=web)
            One = @(Get-KubeCertificate secret/shop/web @kubeconfig -Detailed)
            # Where they came from goes with them: there is no default kubeconfig here.
            Again = @(Get-KubeCertificate @kubeconfig -Context $context -Namespace shop | Get-KubeCertificate | ForEach-Object Target)
            Found = @(Test-KubeCertificate @kubeconfig)
            Wrong = try { Get-KubeCertificate @kubeconfig -Context nowhere } catch { Get-Told $_ }
        }",
    )
    .with("CONFIG", &kubeconfig)
    .run();
    let items = |arguments: &[&str]| {
        let arguments = arguments.iter().map(OsStr::new);
        program::items_of(&arguments.chain(["--kubeconfig".as_ref(), kubeconfig.as_os_str()]).collect::<Vec<_>>())
    };
    for (name, arguments) in [
        ("All", &["list"][..]),
        ("Shop", &["list", "--namespace", "shop"]),
        ("Web", &["list", "--all-namespaces", "--selector", "app=web"]),
        ("One", &["show", "secret/shop/web"]),
        ("Found", &["check"]),
    ] {
        assert_same(&outcome.answer[name], &items(arguments));
    }
    let secrets = |name: &str| {
        let found = outcome.answer[name].as_array().expect("a list").iter();
        found.filter(|one| one["Target"].as_str().is_some_and(|at| at.starts_with("secret/"))).count()
    };
    assert_eq!((secrets("All"), secrets("Shop"), secrets("Web"), secrets("One")), (3, 2, 2, 1));
    assert_eq!(outcome.answer["Again"].as_array().map(Vec::len), outcome.answer["Shop"].as_array().map(Vec::len));
    assert_eq!(outcome.answer["All"][0]["Kubeconfig"], json!(kubeconfig));
    assert!(
        outcome.answer["Wrong"]["Message"].as_str().expect("text").contains("nowhere"),
        "{:#}",
        outcome.answer["Wrong"]
    );
}
