//! Who is reading: a person at a terminal gets tables and colours, a pipe gets JSON Lines.

use std::io::{IsTerminal, Write};

use comfy_table::{CellAlignment, ColumnConstraint, ContentArrangement, LineStyle, Table, TableStyle};
use terminal_size::Width;

/// Whether results go to a terminal.
pub(crate) fn is_interactive() -> bool {
    std::io::stdout().is_terminal()
}

/// Whether messages may be coloured.
pub(crate) fn is_coloured() -> bool {
    std::io::stderr().is_terminal() && colour_is_welcome()
}

/// A line of a difference: on a terminal red where something went (`-`), green where something came.
pub(crate) fn signed(sign: char, line: &str) -> String {
    let colour = if sign == '-' { 31 } else { 32 };
    if is_interactive() && colour_is_welcome() { format!("\u{1b}[{colour}m{line}\u{1b}[0m") } else { line.to_owned() }
}

fn colour_is_welcome() -> bool {
    std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

/// Says something on standard error. That nobody may be listening is no reason to stop.
pub(crate) fn complain(message: &str) {
    let _ = writeln!(std::io::stderr(), "{message}");
}

/// A line above, one under the headings and one below: all else would cost width.
const STYLE: TableStyle = TableStyle::new()
    .top_border(LineStyle::none().fill('─').junction('─'))
    .header_separator(LineStyle::none().fill('─').junction('─'))
    .bottom_border(LineStyle::none().fill('─').junction('─'));

/// How many columns of text the terminal has, as far as that is known.
pub(crate) fn width() -> Option<u16> {
    terminal_size::terminal_size().map(|(Width(columns), _)| columns)
}

/// A table with these headings. The columns at `numbers` are aligned to the right; those at `texts` are broken into
/// lines where the terminal is narrow.
pub(crate) fn table(headings: &[&str], numbers: &[usize], texts: &[usize]) -> Table {
    let mut table = Table::new();
    table.load_style(STYLE).set_content_arrangement(ContentArrangement::Dynamic).set_header(headings.to_vec());
    if let Some(columns) = width() {
        table.set_width(columns);
    }
    for (place, column) in table.column_iter_mut().enumerate() {
        if numbers.contains(&place) {
            column.set_cell_alignment(CellAlignment::Right);
        }
        if !texts.contains(&place) {
            column.set_constraint(ColumnConstraint::ContentWidth);
        }
    }
    table
}

/// A count with its thousands apart: `1 234 567`.
pub(crate) fn grouped(number: impl Into<u128>) -> String {
    let digits = number.into().to_string();
    let mut text = String::new();
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            text.push('\u{202f}');
        }
        text.push(digit);
    }
    text
}

/// A count with its noun: `1 match`, `2 matches`, `3 rules`.
pub(crate) fn counted(number: usize, noun: &str) -> String {
    let ending = match number {
        1 => "",
        _ if noun.ends_with("ch") => "es",
        _ => "s",
    };
    format!("{} {noun}{ending}", grouped(number as u64))
}

/// A sum of money with its thousands apart, from its decimal text.
pub(crate) fn grouped_money(decimal: &str) -> String {
    let (whole, fraction) = decimal.split_once('.').unwrap_or((decimal, ""));
    let whole = whole.parse().map_or_else(|_| whole.to_owned(), |whole: u128| grouped(whole));
    if fraction.is_empty() { whole } else { format!("{whole}.{fraction}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_stand_apart() {
        let plain = |text: String| text.replace('\u{202f}', " ");
        let shown = [0u64, 999, 1_000, 1_234_567].map(|number| plain(grouped(number)));
        assert_eq!(shown, ["0", "999", "1 000", "1 234 567"]);
        assert_eq!(plain(grouped_money("1234567.80")), "1 234 567.80");
        assert_eq!([counted(1, "match"), counted(2, "match"), counted(0, "rule")], ["1 match", "2 matches", "0 rules"]);
    }
}
