//! What goes where: data on stdout, talk on stderr.
//!
//! A table is for a terminal; whatever else reads stdout gets JSON unless it asked for something. Nothing here is coloured,
//! so NO_COLOR holds by itself. A reader that goes away (`| head`) is no error. Text of others is shown without its control
//! characters: a poster name must not steer the terminal.

use std::io::{IsTerminal as _, Write as _};

use clap::ValueEnum;
use comfy_table::{CellAlignment, LineStyle, Table, TableStyle};

/// The longest cell of a table, in characters; the other formats never shorten.
const MAX_CELL_CHARS: usize = 60;

/// How a verb that answers with one summary prints it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SummaryOutput {
    /// Lines for people; the default on a terminal.
    Table,
    /// One JSON object; the default elsewhere.
    Json,
}

/// How a verb that answers with rows prints them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum RowsOutput {
    /// A table for people; the default on a terminal.
    Table,
    /// The JSON answer as the server gave it, on one line; the default elsewhere.
    Json,
    /// Comma-separated values with a header.
    Csv,
}

impl SummaryOutput {
    /// The one asked for, else what suits where stdout leads.
    #[must_use]
    pub fn or_suitable(asked: Option<Self>) -> Self {
        asked.unwrap_or(if stdout_is_terminal() { Self::Table } else { Self::Json })
    }
}

impl RowsOutput {
    /// The one asked for, else what suits where stdout leads.
    #[must_use]
    pub fn or_suitable(asked: Option<Self>) -> Self {
        asked.unwrap_or(if stdout_is_terminal() { Self::Table } else { Self::Json })
    }
}

/// Whether a person is likely to read stdout.
#[must_use]
pub fn stdout_is_terminal() -> bool {
    std::io::stdout().is_terminal()
}

/// Whether a person is likely to read stderr: the condition for progress bars.
#[must_use]
pub fn stderr_is_terminal() -> bool {
    std::io::stderr().is_terminal()
}

/// Writes data to stdout, with one line break at its end.
pub fn data(text: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{}", text.trim_end_matches('\n')).and_then(|()| out.flush()).ok();
}

/// Says something to the person at the terminal, on stderr.
pub fn talk(text: &str) {
    writeln!(std::io::stderr().lock(), "{}", printable(text)).ok();
}

/// The text with control characters replaced.
#[must_use]
pub fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{FFFD}' } else { c }).collect()
}

/// Rows as a plain table. `numeric` says which columns are numbers and therefore stand to the right.
#[must_use]
pub fn table(header: &[String], rows: &[Vec<String>], numeric: &[bool]) -> String {
    let mut table = Table::new();
    table.load_style(TableStyle::new().header_separator(LineStyle::none().fill('─').junction('─')));
    table.set_header(header.iter().map(|name| cell(name)));
    for row in rows {
        table.add_row(row.iter().map(|text| cell(text)));
    }
    for (index, _) in numeric.iter().enumerate().filter(|(_, numeric)| **numeric) {
        if let Some(column) = table.column_mut(index) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table.trim_fmt()
}

fn cell(text: &str) -> String {
    let shown = printable(text);
    if shown.chars().count() <= MAX_CELL_CHARS {
        return shown;
    }
    shown.chars().take(MAX_CELL_CHARS - 1).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_never_reach_the_terminal() {
        let shown = table(&["key".to_owned()], &[vec!["a\u{1b}[2Jb".to_owned()]], &[false]);
        assert!(!shown.contains('\u{1b}'), "{shown:?}");
    }

    #[test]
    fn a_long_key_is_cut_in_a_table() {
        let shown = table(&["key".to_owned()], &[vec!["ä".repeat(300)]], &[false]);
        assert!(shown.lines().all(|line| line.chars().count() < 80), "{shown}");
        assert!(shown.contains('…'));
    }
}
