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
        let harmless = ["--cache", "--disable", "--kuberc", "--log", "--match", "--profile", "--request", "-v", "--v"];
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
    for command in ["list", "show", "tree", "check", "renew"] {
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

/// Each option stands under the heading that it belongs to, whatever was flattened before it.
#[test]
fn help_has_its_options_under_their_headings() {
    let program = Program::new();
    let ssh =
        ["--ssh", "--nodes", "--ssh-user", "--ssh-key", "--ssh-jump", "--ssh-config", "--ssh-option", "--node-helper"];
    let print = ["--output", "--no-headers", "--allow-missing-template-keys"];
    for command in ["list", "show", "tree", "check", "renew", "runs list", "runs undo"] {
        let help = program.line(&format!("{command} --help")).exits(0).out;
        assert_eq!(under(&help, "Nodes by SSH:"), ssh, "{command}");
        let own: &[&str] = match command {
            "list" => &["--sort"],
            "tree" => &["--ascii"],
            _ => &[],
        };
        assert_eq!(under(&help, "How to print:"), [own, &print].concat(), "{command}");
        let which = under(&help, "Which of them:");
        let filters = matches!(command, "list" | "tree" | "check");
        assert_eq!(
            which,
            if filters { &["--expired", "--within", "--role", "--issuer"][..] } else { &[] },
            "{command}"
        );
    }
    let help = program.line("renew --help").exits(0).out;
    for (heading, options) in [
        ("Where to look:", &["--root", "--all-namespaces", "--keystore-password-file", "--selector"][..]),
        ("What to renew:", &["--all", "--only", "--node", "--within"]),
        ("What is new:", &["--validity", "--add-san", "--reuse-key", "--key-algorithm"]),
        ("Restarting API servers:", &["--restart", "--drain"]),
        ("An authority that signs elsewhere:", &["--csr-out", "--signed"]),
        ("Going ahead:", &["--dry-run", "--yes"]),
    ] {
        assert_eq!(under(&help, heading), options, "{help}");
    }
    assert!(help.contains("by --ssh or --nodes"), "{help}");
    assert_eq!(under(&program.line("check --help").exits(0).out, "What counts:"), ["--fail-on", "--ignore"]);
    for command in ["apply", "explain", "demo", "version"] {
        let help = program.line(&format!("{command} --help")).exits(0).out;
        assert_eq!(under(&help, "How to print:"), print, "{command}");
    }
}

/// The long names of the options below a heading.
fn under<'a>(help: &'a str, heading: &str) -> Vec<&'a str> {
    let mut lines = help.lines().skip_while(|line| *line != heading).skip(1);
    let lines = lines.by_ref().take_while(|line| line.is_empty() || line.starts_with(' '));
    // An option's own line begins with it; texts that name others are indented further.
    let options = lines.filter(|line| line.trim_start().starts_with('-') && line.len() - line.trim_start().len() <= 6);
    options.filter_map(|line| line.split([' ', '=', '[', ',']).find(|word| word.starts_with("--"))).collect()
}
