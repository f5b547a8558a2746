//! What the parameters mean in the request that the program gets.

use std::path::Path;

use pwsh_tests::engine::Script;
use pwsh_tests::fake::{FINISHED, Fake};
use serde_json::{Value, json};

/// The requests that a script leads to.
fn requests(text: &str) -> Vec<Value> {
    let fake = Fake::saying(&[FINISHED]);
    Script::new(text).program(&fake.path()).run();
    let questions = fake.questions();
    for question in &questions {
        assert_eq!((&question["api"], &question["stopOnEof"]), (&json!("certs/v1alpha1"), &json!(true)));
    }
    questions.into_iter().map(|mut question| question["request"].take()).collect()
}

#[test]
fn every_parameter_reaches_the_program() {
    let requests = requests(
        "$where = @{
            Target = 'secret/shop/web', 'tls://[::1]:6443'; Root = '/disk'; Namespace = 'shop'; AllNamespaces = $true
            Kubeconfig = '/kube config'; Context = 'prod'; Selector = 'app=web,tier!=test'
        }
        Get-KubeCertificate @where
        Get-KubeCertificate @where -Detailed
        Test-KubeCertificate @where -Ignore expiring, 'key-differs=secret/a/b/c' -FailOn Error
        Get-KubeCertificate",
    );
    let scope = json!({
        "targets": ["secret/shop/web", "tls://[::1]:6443"], "root": "/disk", "namespace": "shop", "allNamespaces": true,
        "connection": { "kubeconfig": "/kube config", "context": "prod" }, "selector": "app=web,tier!=test",
    });
    let everything = json!({ "targets": [], "allNamespaces": false, "connection": {} });
    assert_eq!(requests[0], json!({ "list": { "scope": scope } }));
    assert_eq!(requests[1], json!({ "show": { "scope": scope } }));
    let ignore = json!(["expiring", "key-differs=secret/a/b/c"]);
    assert_eq!(requests[2], json!({ "check": { "scope": scope, "ignore": ignore, "failOn": "error" } }));
    assert_eq!(requests[3], json!({ "list": { "scope": everything } }));
}

#[test]
fn nodes_and_the_ways_to_them_reach_the_program() {
    let requests = requests(
        "$nodes = @{
            Ssh = 'root@cp1', 'cp2'; SshKey = '/my key'; SshJump = 'me@jump:22'; SshConfig = '/config'
            SshOption = 'ConnectTimeout=5', 'Compression=yes'; NodeHelper = '/helpers'
        }
        Get-KubeCertificate @nodes
        Test-KubeCertificate @nodes
        # The fake makes no plan; it is the question that counts.
        function Update { try { Update-KubeCertificate @args -WhatIf } catch { } }
        try { Update-KubeCertificate @nodes -WhatIf } catch { }
        Get-KubeCertificate -AllNodes -SshUser root -Kubeconfig /k
        Update -Ssh cp1 -Kubeconfig /k -Context prod -Only apiserver, admin.conf -Node cp1 -Restart -Drain 00:00:10 -AddSan api.example.org, 192.0.2.7 -KeyAlgorithm ecdsa-p384
        Update -Ssh cp1 -ReuseKey",
    );
    let ssh = json!({
        "hosts": ["root@cp1", "cp2"], "key": "/my key", "jump": "me@jump:22", "config": "/config",
        "options": ["ConnectTimeout=5", "Compression=yes"], "helper": "/helpers",
    });
    for (request, verb) in requests.iter().zip(["list", "check", "renew"]) {
        assert_eq!(request[verb]["scope"]["ssh"], ssh, "{verb}");
    }
    assert_eq!(requests[3]["list"]["scope"]["ssh"], json!({ "allNodes": true, "user": "root" }));
    let scope = json!({
        "targets": [], "allNamespaces": false, "connection": { "kubeconfig": "/k", "context": "prod" },
        "ssh": { "hosts": ["cp1"] },
    });
    let renew = json!({
        "scope": scope, "all": false, "mode": "plan", "only": ["apiserver", "admin.conf"], "nodes": ["cp1"], "restart": true,
        "drain": 10, "addSans": ["api.example.org", "192.0.2.7"], "keyAlgorithm": "ECDSA-P384",
    });
    assert_eq!(requests[4], json!({ "renew": renew }));
    assert_eq!(requests[5]["renew"]["reuseKey"], json!(true));
}

/// What the fake takes is not all that the program takes.
#[test]
fn the_program_understands_all_of_it() {
    let fake = Fake::listening();
    let outcome = Script::new(
        "$wrong = @(
            { Update-KubeCertificate -Ssh nobody@127.0.0.1:1 -SshKey /key -SshOption ConnectTimeout=1 -NodeHelper / -Only apiserver -Node cp1 -Restart -Drain 00:00:10 -AddSan a.example.org, ::1 -KeyAlgorithm rsa-3072 -WhatIf }
            { Update-KubeCertificate -Ssh cp1 -Root /disk -WhatIf }
            { Update-KubeCertificate -SshKey /key -WhatIf }
            { Update-KubeCertificate -Root /disk -Drain 30 -WhatIf }
        )
        $answer = @($wrong | ForEach-Object { try { & $_; 'no error' } catch { Get-Told $_ } })",
    )
    .program(&fake.path())
    .run();
    let told = outcome.answer.as_array().expect("errors");
    let message = |number: usize| told[number]["Message"].as_str().unwrap_or_default();
    assert!(!message(0).contains("not understood") && message(0).contains("127.0.0.1"), "{told:?}");
    assert!(message(1).contains("either nodes are meant"), "{told:?}");
    assert!(message(2).contains("none was named"), "{told:?}");
    assert!(message(3).contains("is less than a second"), "{told:?}");
}

/// Whoever finds something on nodes and pipes it on means it there.
#[test]
fn nodes_go_through_a_pipeline() {
    let item =
        r#"{"event":"item","item":{"kind":"Certificate","target":"node/cp1:/etc/kubernetes/pki/apiserver.crt"}}"#;
    let fake = Fake::saying(&[item, FINISHED]);
    Script::new("Get-KubeCertificate -Ssh root@cp1, root@cp2 -SshKey /key | Test-KubeCertificate")
        .program(&fake.path())
        .run();
    let scope = &fake.questions()[1]["request"]["check"]["scope"];
    assert_eq!(scope["targets"], json!(["node/cp1:/etc/kubernetes/pki/apiserver.crt"]));
    assert_eq!(scope["ssh"], json!({ "hosts": ["root@cp1", "root@cp2"], "key": "/key" }));
}

#[test]
fn one_name_is_a_list_too() {
    let requests = requests(
        "Get-KubeCertificate apiserver
        Test-KubeCertificate -Ignore expiring",
    );
    assert_eq!(requests[0]["list"]["scope"]["targets"], json!(["apiserver"]));
    assert_eq!(requests[1]["check"]["ignore"], json!(["expiring"]));
    assert_eq!(requests[1]["check"]["failOn"], json!("never"));
}

#[test]
fn times_are_sent_in_seconds_and_a_bare_number_is_refused() {
    let fake = Fake::saying(&[FINISHED]);
    let outcome = Script::new(
        "$plan = @{ Within = '90.00:00:00'; Validity = [timespan]::FromDays(400) }
        try { Update-KubeCertificate -All @plan -WhatIf } catch { }
        $answer = @('Within', 'Validity' | ForEach-Object {
            $bare = @{ $_ = 30 }
            try { Update-KubeCertificate @bare -WhatIf } catch { Get-Told $_ }
        })",
    )
    .program(&fake.path())
    .run();
    let renew = &fake.questions()[0]["request"]["renew"];
    assert_eq!((&renew["within"], &renew["validity"]), (&json!(90 * 86_400), &json!(400 * 86_400)));
    assert_eq!((&renew["all"], &renew["mode"]), (&json!(true), &json!("plan")));
    assert_eq!(fake.questions().len(), 1, "a bare number means ticks of 100 ns");
    for record in outcome.answer.as_array().expect("errors") {
        let message = record["Message"].as_str().expect("text");
        assert!(message.contains("is less than a second; write a time such as"), "{message}");
    }
}

#[test]
fn strings_arrive_unharmed() {
    let hostile = "it's \"a\" $(b) `c` \\d\\ %41 é 日本 😀\u{1b}[31m\n\u{1}--all -Target * ?[x]";
    let fake = Fake::saying(&[FINISHED]);
    Script::new("Get-KubeCertificate $env:TEXT -Namespace $env:TEXT -Context $env:TEXT -Selector $env:TEXT -Root \"/$env:TEXT\"")
        .with("TEXT", hostile)
        .program(&fake.path())
        .run();
    let scope = &fake.questions()[0]["request"]["list"]["scope"];
    assert_eq!(scope["targets"], json!([hostile]));
    assert_eq!(scope["root"], format!("/{hostile}"));
    assert_eq!((&scope["namespace"], &scope["selector"]), (&json!(hostile), &json!(hostile)));
    assert_eq!(scope["connection"]["context"], hostile);
}

#[test]
fn paths_begin_where_powershell_is() {
    let folder = tempfile::tempdir().expect("a folder");
    let fake = Fake::doing(&format!("pwd >\"$HERE/where\"\necho '{FINISHED}'\n"));
    Script::new(
        "Set-Location -LiteralPath $env:FOLDER
        Get-KubeCertificate -Root disk -Kubeconfig ~/config",
    )
    .with("FOLDER", folder.path())
    .with("HOME", "/home/of me")
    .program(&fake.path())
    .run();
    let scope = &fake.questions()[0]["request"]["list"]["scope"];
    assert_eq!(scope["root"], json!(folder.path().join("disk")));
    assert_eq!(scope["connection"]["kubeconfig"], "/home/of me/config");
    let working = std::fs::read_to_string(fake.folder().join("where")).expect("where it ran");
    assert_eq!(Path::new(working.trim_end()), folder.path());
}

#[test]
fn a_pipeline_is_one_request_unless_it_comes_from_several_places() {
    let requests = requests(
        "$one = [pscustomobject]@{ Target = 'a'; Root = '/one' }
        $other = [pscustomobject]@{ Target = 'b'; Root = '/other'; Context = 'prod' }
        'x', 'y', 'z' | Get-KubeCertificate
        $one, $other, $one | Test-KubeCertificate
        $one, $other | Get-KubeCertificate -Root /given",
    );
    let asked: Vec<(Value, Value)> = requests
        .iter()
        .map(|request| {
            let scope = request.as_object().and_then(|verb| verb.values().next()).map(|look| &look["scope"]);
            scope.map(|scope| (scope["targets"].clone(), scope["root"].clone())).expect("a scope")
        })
        .collect();
    let wanted = [
        (json!(["x", "y", "z"]), Value::Null),
        (json!(["a", "a"]), json!("/one")),
        (json!(["b"]), json!("/other")),
        (json!(["a"]), json!("/given")),
        (json!(["b"]), json!("/given")),
    ];
    assert_eq!(asked, wanted);
}

/// No targets means everything, so what is empty by accident must not pass for that.
#[test]
fn nothing_never_means_everything() {
    let fake = Fake::saying(&[FINISHED]);
    let outcome = Script::new(
        "@() | Update-KubeCertificate -Force
        1 | Where-Object { $false } | Get-KubeCertificate
        $wrong = @(
            { $null | Update-KubeCertificate -Force }
            { Update-KubeCertificate -Target @() -Force }
            { Update-KubeCertificate -Target $null -Force }
            { Update-KubeCertificate -Target '' -Force }
            { [pscustomobject]@{ Target = $null; Root = '/x' } | Update-KubeCertificate -Force }
            { Get-KubeCertificate -Target @() }
            { $null | Test-KubeCertificate }
            { Update-KubeCertificate -Root '' -Force }
            { Update-KubeCertificate -Root $null -Force }
        )
        $answer = @($wrong | ForEach-Object { try { & $_; \"no error from $_\" } catch { \"$($_.CategoryInfo.Category)\" } })",
    )
    .program(&fake.path())
    .run();
    let wrong = outcome.answer.as_array().expect("a list");
    assert!(wrong.iter().all(|category| category == "InvalidArgument" || category == "InvalidData"), "{wrong:?}");
    assert_eq!(wrong.len(), 9);
    assert_eq!(fake.questions(), Vec::<Value>::new());
}
