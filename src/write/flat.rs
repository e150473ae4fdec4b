//! CSV: the matches for a spreadsheet, and the rows set aside.

use std::borrow::Cow;
use std::io::Write;

use crate::ingest::Rejects;
use crate::sift::Match;
use crate::stats::Decimal;

use super::Report;
use super::matches::word;

const HEADINGS: [&str; 19] = [
    "id",
    "rule",
    "version",
    "severity",
    "status",
    "started",
    "ended",
    "duration",
    "hops",
    "transfers",
    "instances",
    "amount_in",
    "amount_out",
    "amount_total",
    "roles",
    "near_start",
    "near_end",
    "covered_by",
    "case",
];

/// Writes one row a match; roles read `role: account, account; role: account`, with a backslash before a comma,
/// semicolon or backslash that belongs to an account.
pub(super) fn matches<W: Write>(report: Report<'_>, out: W) -> csv::Result<W> {
    let mut writer = csv::Writer::from_writer(out);
    writer.write_record(HEADINGS)?;
    for found in &report.sifted.matches.list {
        writer.write_record(record(report, found))?;
    }
    writer.into_inner().map_err(|error| error.into_error().into())
}

fn record(report: Report<'_>, found: &Match) -> [String; 19] {
    let (ledger, typology) = (report.ledger(), &report.set.typologies[found.rule]);
    let sum = |minor: Option<i128>| {
        minor.map_or_else(String::new, |minor| Decimal::new(minor, ledger.base().digits).to_string())
    };
    let role = |(role, members): (&crate::lang::Role, &Vec<crate::columns::AccountId>)| {
        let accounts: Vec<_> = members.iter().map(|&account| escaped(ledger.accounts().key(account))).collect();
        format!("{}: {}", role.name, accounts.join(", "))
    };
    let roles: Vec<String> = typology.flow.roles.iter().zip(&found.roles).map(role).collect();
    let micros = (found.ended - found.started).0;
    let seconds = if micros % 1_000_000 == 0 {
        (micros / 1_000_000).to_string()
    } else {
        format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000)
    };
    [
        found.id.clone(),
        typology.id.clone(),
        typology.version.to_string(),
        word(typology.severity),
        word(typology.status),
        found.started.to_string(),
        found.ended.to_string(),
        seconds,
        found.hops.to_string(),
        found.transfers.len().to_string(),
        found.instances.to_string(),
        sum(found.amount_in),
        sum(found.amount_out),
        sum(found.amount_total),
        roles.join("; "),
        found.near_start.to_string(),
        found.near_end.to_string(),
        found.covered_by.join(" "),
        report.sifted.cases.list[found.case].id.clone(),
    ]
}

/// An account key that can be told from the commas and semicolons around it.
fn escaped(key: &str) -> Cow<'_, str> {
    if !key.contains([',', ';', '\\']) {
        return Cow::Borrowed(key);
    }
    let mark = |letter| matches!(letter, ',' | ';' | '\\').then_some('\\').into_iter().chain([letter]);
    Cow::Owned(key.chars().flat_map(mark).collect())
}

/// Writes one row a rejected row.
pub(super) fn rejects<W: Write>(rejects: &Rejects, out: W) -> csv::Result<W> {
    let mut writer = csv::Writer::from_writer(out);
    writer.write_record(["file", "line", "column", "value", "reason"])?;
    for row in &rejects.rows {
        writer.write_record([&row.file, &row.line.to_string(), &row.column, &row.value, &row.reason])?;
    }
    writer.into_inner().map_err(|error| error.into_error().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_with_a_comma_in_its_key_is_still_one_account() {
        assert_eq!(escaped(r"a,b;c\d"), r"a\,b\;c\\d");
        assert_eq!(escaped("plain 1"), "plain 1");
    }
}
