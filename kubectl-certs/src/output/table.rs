//! Tables that read like kubectl's and that grep and awk can read: no borders, a row a line, three spaces between columns.

use comfy_table::{Table, presets};

use super::clean;

pub(super) fn table(headers: &[&str], rows: Vec<Vec<String>>, with_headers: bool) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    if with_headers {
        table.set_header(headers.iter().copied());
    }
    for row in rows {
        table.add_row(row.iter().map(|cell| if cell.is_empty() { "-".to_owned() } else { clean::line(cell) }));
    }
    for column in table.column_iter_mut() {
        column.set_padding((0, 3));
    }
    let text: String = table.lines().map(|line| line.trim_end().to_owned() + "\n").collect();
    text
}
