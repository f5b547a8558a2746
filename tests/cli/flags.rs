//! kubectl's own options are accepted wherever kubectl accepts them.

use crate::program::Program;

/// As `kubectl options` of 1.36 prints them; those of ours that mean nothing here are accepted all the same.
const OPTIONS: [&str; 32] = [
    "--as=x",
    "--as-group=x",
    "--as-uid=x",
    "--as-user-extra=a=b",
    "--cache-dir=/x",
    "--certificate-authority=/x",
    "--client-certificate=/x",
    "--client-key=/x",
    "--cluster=x",
    "--context=x",
    "--disable-compression",
    "--disable-compression=true",
    "--insecure-skip-tls-verify",
    "--insecure-skip-tls-verify=true",
    "--kubeconfig=/x",
    "--kuberc=off",
    "--log-flush-frequency=5s",
    "--match-server-version",
    "--match-server-version=false",
    "--namespace=x",
    "-nx",
    "--profile=none",
    "--profile-output=x",
    "--request-timeout=0",
    "--server=x",
    "-sx",
    "--tls-server-name=x",
    "--token=x",
    "--user=x",
    "-v=6",
    "--v=6",
    "--vmodule=a=1",
];

#[test]
fn every_command_accepts_them_after_and_before_its_name() {
    let program = Program::new();
    for command in ["explain", "version", "schema", "runs list"] {
        for option in OPTIONS {
            program.line(&format!("{command} {option}")).exits(0);
            program.line(&format!("{option} {command}")).exits(0);
        }
    }
    program.demo();
    // Where only files are read, what names a cluster would be passed over in silence.
    let of_a_cluster = |option: &&str| {
        let harmless = [
            "--as-user",
            "--cache",
            "--disable",
            "--kuberc",
            "--log",
            "--match",
            "--profile",
            "--request",
            "-v",
            "--v",
        ];
        !harmless.iter().any(|start| option.starts_with(start))
    };
    for option in OPTIONS {
        let code = if of_a_cluster(&option) { 2 } else { 0 };
        let ran = program.line(&format!("list --root demo {option}")).exits(code);
        assert!(code == 0 || ran.err.contains("with --root only files are read"), "{ran:#?}");
        program.line(&format!("renew --root demo --dry-run {option}")).exits(code);
    }
    for option in ["-A", "--all-namespaces", "--warnings-as-errors"] {
        program.line(&format!("list --root demo {option}")).exits(0);
        program.line(&format!("check --root demo --fail-on never {option}")).exits(0);
    }
    for option in ["-l a=b", "--selector a=b", "--as-group a --as-group b"] {
        program.line(&format!("check --root demo --fail-on never {option}")).exits(2).says("only files are read");
    }
    for target in ["tls://127.0.0.1:1", "127.0.0.1:1", "secret/shop/web", "webhook/validating/w"] {
        program.line(&format!("list --root demo {target}")).exits(2).says("only files are read");
    }
}

#[test]
fn durations_are_those_of_kubectl() {
    let program = Program::new();
    program.demo();
    for good in ["0", "0s", "5", "5s", "1m30s", "1h", "500ms", "1.5s"] {
        program.line(&format!("list --root demo --request-timeout {good}")).exits(0);
    }
    for bad in ["x", "-1s", "5 s", "1x"] {
        program.run(["list", "--root", "demo", &format!("--request-timeout={bad}")]).exits(2);
    }
}

#[test]
fn basic_authentication_is_refused_and_not_ignored() {
    let ran = Program::new().line("list --username x --password y").exits(2);
    assert!(!ran.err.contains(" y"), "{ran:#?}");
}

#[test]
fn help_names_what_matters() {
    let program = Program::new();
    for command in ["list", "show", "check", "renew"] {
        let help = program.line(&format!("{command} --help")).exits(0).out;
        for option in ["--context", "--kubeconfig", "-n, --namespace", "-A, --all-namespaces", "-o, --output", "--as "]
        {
            assert!(help.contains(option), "{command}: {option}");
        }
        // What has no effect is no help.
        assert!(!help.contains("--vmodule") && !help.contains("--cache-dir"), "{help}");
    }
    let help = program.line("explain --help").exits(0).out;
    assert!(!help.contains("--context"), "{help}");
    for code in ["0 ", "1 ", "2 ", "3 ", "4 ", "5 ", "6 ", "7 ", "130"] {
        assert!(program.line("--help").out.contains(&format!("\n  {code}")), "{code}");
    }
}
