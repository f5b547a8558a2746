//! Templates, columns and CSV, of every report that has items. What kubectl prints is asked in the tests with a cluster.

use crate::program::Program;

#[test]
fn every_report_can_be_asked_by_paths() {
    let program = Program::new();
    let folder = program.demo();
    program.run(["renew", "--root", &folder, "--yes", "etcd-server"]).exits(0);
    for (line, path) in [
        ("list --root demo", ".target"),
        ("show --root demo apiserver", ".certificate.subject"),
        ("tree --root demo", ".kind"),
        ("check --root demo --fail-on never", ".code"),
        ("explain", ".code"),
        ("renew --root demo --dry-run", ".digest"),
        ("runs list --root demo", ".run"),
        ("version", ".version"),
    ] {
        let json = program.line(&format!("{line} -o json")).exits(0);
        let pointer = path.replace('.', "/");
        let wanted: Vec<String> = json
            .items()
            .iter()
            .map(|item| {
                item.pointer(&pointer).and_then(|it| it.as_str()).unwrap_or_else(|| panic!("{line}")).to_owned()
            })
            .collect();
        let words = |option: &str| {
            program
                .run(line.split(' ').chain(["-o", option]))
                .exits(0)
                .lines()
                .into_iter()
                .map(str::to_owned)
                .collect::<Vec<_>>()
        };
        // The plan's digest holds the time.
        if !line.starts_with("renew") {
            assert_eq!(words(&format!("jsonpath={{range .items[*]}}{{{path}}}{{\"\\n\"}}{{end}}")), wanted, "{line}");
            let columns = words(&format!("custom-columns=IT:{path}"));
            assert_eq!((columns[0].as_str(), &columns[1..]), ("IT", &wanted[..]), "{line}");
        }
        let csv = words("csv");
        assert!(csv.len() > wanted.len(), "{line}: {csv:#?}");
    }
}

#[test]
fn files_hold_templates_too() {
    let program = Program::new();
    program.demo();
    program.write("template", "{range .items[*]}{.label}{\"\\n\"}{end}");
    program.write("columns", "NAME     END\n.label   .notAfter\n");
    let names = program.line("list --root demo -o jsonpath-file=template").exits(0);
    let labels = program.run(["list", "--root", "demo", "-o", "jsonpath={range .items[*]}{.label}{\"\\n\"}{end}"]);
    assert_eq!(names.out, labels.out);
    let table = program.line("list --root demo -o custom-columns-file=columns").exits(0);
    assert!(table.out.starts_with("NAME "), "{table:#?}");
    assert_eq!(table.lines().len(), labels.lines().len() + 1);
    program.line("list --root demo -o jsonpath-file=nowhere").exits(3).says("nowhere");
    program.write("columns", "NAME END\n.label\n");
    program.line("list --root demo -o custom-columns-file=columns").exits(2).says("don't match");
}

#[test]
fn a_wrong_format_says_what_there_is() {
    let program = Program::new();
    program.demo();
    for (option, words) in [
        ("nonsense", "custom-columns=NAME:PATH"),
        ("json=x", "there is no such format"),
        ("jsonpath", "needs a template"),
        ("jsonpath=", "needs a template"),
        ("jsonpath={.items", "unclosed action"),
        ("custom-columns=NAME", "expected <header>:<json-path-expr>"),
        ("custom-columns=NAME:", "unexpected path string"),
    ] {
        program.run(["list", "--root", "demo", "-o", option]).exits(2).says(words);
    }
    let missing =
        ["list", "--root", "demo", "--allow-missing-template-keys=false", "-o", "jsonpath={.items[*].nothing}"];
    program.run(missing).exits(2).says("error executing jsonpath \"{.items[*].nothing}\": nothing is not found");
    program.run(["list", "--root", "demo", "-o", "jsonpath={.items[*].nothing}"]).exits(0);
}

#[test]
fn csv_is_read_by_another_reader() {
    let program = Program::new();
    program.demo();
    let csv = program.line("list --root demo -o csv").exits(0);
    assert!(csv.out.ends_with("\r\n") && csv.out.starts_with("target,label,name,state,notAfter,"), "{csv:#?}");
    let items = program.line("list --root demo -o json").items();
    let rows: Vec<Vec<String>> = csv.out.split_terminator("\r\n").map(cells).collect();
    assert_eq!(rows.len(), items.len() + 1);
    for (row, item) in rows[1..].iter().zip(&items) {
        assert_eq!(row.len(), rows[0].len());
        for (name, cell) in rows[0].iter().zip(row) {
            if let Some(text) = item[name].as_str() {
                assert_eq!(cell, text, "{name}");
            }
        }
    }
}

/// The cells of one line, by the grammar of RFC 4180 section 2.
fn cells(line: &str) -> Vec<String> {
    let mut cells = vec![String::new()];
    let mut quoted = false;
    let mut before = ' ';
    for c in line.chars() {
        match c {
            '"' => {
                if !quoted && before == '"' {
                    cells.last_mut().expect("one").push('"');
                }
                quoted = !quoted;
            }
            ',' if !quoted => cells.push(String::new()),
            c => cells.last_mut().expect("one").push(c),
        }
        before = c;
    }
    cells
}
