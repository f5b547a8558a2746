//! Tables stay tables whatever names people have put into certificates: greppable, one row a line, nothing that steers.

use crate::material::{Pair, kubeconfig};
use crate::program::Program;

/// What an attacker would put into a name: colours, a line break, marks that turn the text around.
const HARM: &str = "a\u{1b}[31mb\r\nc\td\u{202E}e\u{2066}f\u{200F}g\u{061C}h\u{0085}i\u{2028}j\u{7f}k";

#[test]
fn tables_are_for_grep_and_awk() {
    let program = Program::new();
    program.demo();
    for line in [
        "list --root demo",
        "list --root demo -o wide",
        "check --root demo",
        "check --root demo -o wide",
        "explain",
        "renew --root demo --dry-run",
    ] {
        let ran = program.line(line);
        for text in ran.lines() {
            assert!(!text.ends_with(' ') && !text.contains('\t') && !text.trim().is_empty(), "{line}: {text:?}");
        }
    }
    let list = program.line("list --root demo");
    let columns = |text: &str| text.split("   ").filter(|cell| !cell.is_empty()).count();
    let rows = list.lines();
    assert!(rows[0].starts_with("NAME ") && rows.iter().all(|row| columns(row) == 6), "{list:#?}");
    // awk '{print $3}' is a date in each row.
    for row in &rows[1..] {
        let date = row.split_whitespace().nth(2).unwrap_or_default();
        assert!(date.ends_with('Z') && date.contains('T'), "{row}");
    }
}

#[test]
fn the_name_column_is_a_target() {
    let program = Program::new();
    let folder = program.demo();
    for (list, show) in [
        (format!("list --root {folder} --no-headers"), format!("show --root {folder} -o name")),
        (format!("check --root {folder} --no-headers"), format!("show --root {folder} -o name")),
        // Without --root: a layout's name alone would mean this machine.
        (format!("list {folder} --no-headers"), "show -o name".to_owned()),
        (format!("check {folder}/etc/kubernetes --no-headers"), "show -o name".to_owned()),
    ] {
        let column = usize::from(list.starts_with("check")) * 2;
        let places = program.line(&format!("{list} -o name"));
        for (row, place) in program.line(&list).lines().iter().zip(places.lines()) {
            let name = row.split_whitespace().nth(column).unwrap_or_default();
            let ran = program.line(&format!("{show} {name}")).exits(0);
            let same = ran.lines() == [place] || (place.ends_with("server.crt") && ran.lines().len() == 1);
            assert!(same, "{list}: {name} shows {:?}, not {place}", ran.lines());
        }
    }
}

#[test]
fn nothing_in_a_certificate_steers_the_terminal() {
    let program = Program::new();
    let authority = Pair::authority(&format!("/CN=ca{HARM}"));
    let names = "subjectAltName=DNS:good.example,email:x\u{1b}[2J@example.com";
    let leaf = Pair::signed_by(&authority, &format!("/O=o{HARM}/CN={HARM}"), &["-addext", names]);
    program.write("leaf.crt", &leaf.certificate);
    program.write("leaf.key", &authority.key);
    program.write("ca.crt", &authority.certificate);
    let user = format!("user{HARM}");
    program.write("k.conf", kubeconfig("https://127.0.0.1:1", &authority.certificate, &[&user], &leaf));
    for line in
        ["list .", "list . -o wide", "check .", "check . -o wide", "show .", "list . -o name", "check . -o name"]
    {
        let ran = program.line(line);
        assert!(ran.code <= 1 && !ran.out.is_empty(), "{ran:#?}");
        for text in [&ran.out, &ran.err] {
            let harm = text
                .chars()
                .find(|c| (c.is_control() && *c != '\n') || "\u{202E}\u{2066}\u{200F}\u{061C}\u{2028}".contains(*c));
            assert_eq!(harm, None, "{line}: {text:?}");
        }
    }
    assert_eq!(program.line("list . --no-headers").lines().len(), 4);
    // In JSON it stands as it is, escaped as JSON does it.
    let items = program.line("list leaf.crt -o json").items();
    assert_eq!(items[0]["subject"], format!("CN={HARM},O=o{HARM}"));
}
