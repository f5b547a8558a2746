//! Tables that read like kubectl's and that grep and awk can read: no borders, a row a line, three spaces between columns.
//!
//! The rows are made twice, once to see how wide they are and once to be written, so that a table of any length takes no
//! more memory than a row (a matrix of cells takes 2 KiB a row).

use std::borrow::Cow;
use std::io::{self, Write};

use unicode_width::UnicodeWidthStr;

use super::clean;

const GAP: usize = 3;

/// Writes nothing where there are no rows.
pub(super) fn write<R: Iterator<Item = Vec<String>>>(
    out: &mut dyn Write,
    headers: &[&str],
    rows: impl Fn() -> R,
    with_headers: bool,
) -> io::Result<()> {
    let mut widths: Vec<usize> = headers.iter().map(|header| if with_headers { header.width() } else { 0 }).collect();
    let mut empty = true;
    for row in rows() {
        empty = false;
        for (width, cell) in widths.iter_mut().zip(&row) {
            *width = (*width).max(shown(cell).width());
        }
    }
    if empty {
        return Ok(());
    }
    if with_headers {
        line(out, headers.iter().map(|header| Cow::Borrowed(*header)), &widths)?;
    }
    rows().try_for_each(|row| line(out, row.iter().map(|cell| shown(cell)), &widths))
}

/// A short one as text.
pub(super) fn table(headers: &[&str], rows: &[Vec<String>], with_headers: bool) -> String {
    let mut text = Vec::new();
    // Memory takes everything.
    write(&mut text, headers, || rows.iter().cloned(), with_headers).ok();
    String::from_utf8_lossy(&text).into_owned()
}

fn shown(cell: &str) -> Cow<'_, str> {
    if cell.is_empty() { Cow::Borrowed("-") } else { clean::shown(cell) }
}

fn line<'a>(out: &mut dyn Write, cells: impl Iterator<Item = Cow<'a, str>>, widths: &[usize]) -> io::Result<()> {
    let mut text = String::new();
    // How far the text should go before the next cell.
    let mut end = 0;
    let mut at = 0;
    for (cell, width) in cells.zip(widths) {
        text.extend(core::iter::repeat_n(' ', end - at));
        text.push_str(&cell);
        at = end + cell.width();
        end += width + GAP;
    }
    writeln!(out, "{}", text.trim_end())
}

#[cfg(test)]
mod tests {
    use super::table;

    #[test]
    fn columns_stand_below_one_another() {
        let rows = [["a", "", "long enough"], ["漢字", "b\u{1b}c", ""]].map(|row| row.map(str::to_owned).to_vec());
        assert_eq!(
            table(&["ONE", "TWO", "THREE"], &rows, true),
            "ONE    TWO   THREE\na      -     long enough\n漢字   b\u{FFFD}c   -\n"
        );
        assert_eq!(table(&["ONE", "TWO", "THREE"], &rows[..1], false), "a   -   long enough\n");
        assert_eq!(table(&["ONE"], &[], true), "");
    }
}
