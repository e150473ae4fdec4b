//! Reference lists: CSV files that a run names, and those that the program brings along.

use std::collections::BTreeMap;
use std::path::Path;

use sha2::{Digest, Sha256};

use super::{IngestError, InputFile, moment};
use crate::columns::{ListEntry, ReferenceList, Span, Time, hex};

/// The lists that the program brings along: name and text.
const SHIPPED: [(&str, &str); 2] = [
    ("high_risk", include_str!("../../lists/high_risk.csv")),
    ("threshold", include_str!("../../lists/threshold.csv")),
];

const HELP: &str = "a list has the column `value` or `amount`, and perhaps `valid_from`, `valid_to`, `country`, `currency`, \
                    `channel`; dates are such as 2024-01-31";

/// The lists that the program brings along.
///
/// # Panics
///
/// Never: a test reads them.
#[must_use]
pub fn shipped() -> BTreeMap<String, ReferenceList> {
    let read = |(name, text): (&str, &str)| (name.to_owned(), parse(name, text).expect("a shipped list is a list").0);
    SHIPPED.into_iter().map(read).collect()
}

/// The lists of these names, from the files given or else from the program; names that neither knows are left out.
pub(super) fn read<'n>(
    wanted: impl IntoIterator<Item = &'n String>,
    given: &BTreeMap<String, std::path::PathBuf>,
    files: &mut Vec<InputFile>,
) -> Result<BTreeMap<String, ReferenceList>, IngestError> {
    let mut lists = BTreeMap::new();
    for name in wanted {
        let (path, text) = match (given.get(name), SHIPPED.iter().find(|(shipped, _)| shipped == name)) {
            (Some(path), _) => (path.display().to_string(), text_of(path)?),
            (None, Some((_, text))) => (format!("built in: lists/{name}.csv"), (*text).to_owned()),
            (None, None) => continue,
        };
        let (list, rows) = parse(&path, &text)?;
        files.push(InputFile {
            path,
            role: "list".to_owned(),
            format: "csv".to_owned(),
            bytes: text.len() as u64,
            rows,
            sha256: Some(hex(&Sha256::digest(text.as_bytes()))),
        });
        lists.insert(name.clone(), list);
    }
    Ok(lists)
}

fn text_of(path: &Path) -> Result<String, IngestError> {
    let name = path.display().to_string();
    let bytes = std::fs::read(path).map_err(|error| IngestError::io(&name, &error))?;
    String::from_utf8(bytes).map_err(|_| IngestError::malformed(&name, 1, "the file is not UTF-8 text", HELP))
}

/// Reads the text of a list; gives how many rows it has, too.
fn parse(name: &str, text: &str) -> Result<(ReferenceList, u64), IngestError> {
    let mut reader = csv::ReaderBuilder::new().comment(Some(b'#')).trim(csv::Trim::All).from_reader(text.as_bytes());
    let wrong = |line: u64, problem: &str| IngestError::malformed(name, line, problem, HELP);
    let header = reader.headers().map_err(|error| wrong(1, &error.to_string()))?.clone();
    let position = |column: &str| header.iter().position(|known| known == column);
    if position("value").is_some() == position("amount").is_some() {
        let problem = "a list has a column `value`, or a column `amount`".to_owned();
        let columns = header.iter().collect::<Vec<_>>().join(", ");
        return Err(IngestError::Header { file: name.to_owned(), problem, columns, help: HELP.to_owned() });
    }
    let mut entries = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| {
            wrong(
                error.position().map_or(1, csv::Position::line),
                "the row has another number of cells than the header",
            )
        })?;
        let line = record.position().map_or(1, csv::Position::line);
        let cell = |column: &str| position(column).and_then(|at| record.get(at)).filter(|cell| !cell.is_empty());
        let entry = entry(&cell).map_err(|problem| wrong(line, &problem))?;
        entries.push(entry);
    }
    let rows = entries.len() as u64;
    Ok((ReferenceList::new(entries), rows))
}

fn entry<'c>(cell: &dyn Fn(&str) -> Option<&'c str>) -> Result<ListEntry, String> {
    let text = |column: &str| cell(column).map(str::to_owned);
    let amount = match cell("amount") {
        None => None,
        Some(amount) => {
            let number = amount.parse::<f64>().ok().filter(|number| number.is_finite() && *number > 0.0);
            Some(number.ok_or_else(|| format!("`{amount}` is not an amount above zero"))?)
        }
    };
    if cell("value").is_none() && amount.is_none() {
        return Err("the row has neither a value nor an amount".to_owned());
    }
    let time = |column: &str| -> Result<Option<Time>, String> {
        let Some(written) = cell(column) else { return Ok(None) };
        let moment = moment::written(written.as_bytes()).map_err(|_| format!("`{written}` is not a date"))?;
        // A date as last day means the whole day.
        let whole_day = column == "valid_to" && !written.contains(':');
        Ok(Some(if whole_day { moment + Span(Span::DAY.0 - 1) } else { moment }))
    };
    let (from, to) = (time("valid_from")?.unwrap_or(Time(i64::MIN)), time("valid_to")?.unwrap_or(Time(i64::MAX)));
    if from > to {
        return Err("`valid_from` lies after `valid_to`".to_owned());
    }
    let (country, currency, channel) = (text("country"), text("currency"), text("channel"));
    Ok(ListEntry { value: text("value"), amount, country, currency, channel, from, to })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_lists_are_lists() {
        let lists = shipped();
        let day = |text: &str| moment::written(text.as_bytes()).expect("a date");
        assert!(lists["high_risk"].holds("PK", day("2022-10-20") + Span::HOUR));
        assert!(!lists["high_risk"].holds("PK", day("2022-10-21")));
        assert!(
            lists["high_risk"].holds("NG", day("2023-02-24")) && !lists["high_risk"].holds("MA", day("2023-02-24"))
        );
        let line = lists["threshold"].amount(None, "EUR", None, day("2024-01-01"));
        assert_eq!(line.and_then(|entry| entry.amount), Some(10_000.0));
    }

    #[test]
    fn a_list_that_is_none_says_where_and_why() {
        let told = |text: &str| parse("x.csv", text).map(|_| ()).expect_err(text).to_string();
        assert!(told("country,from\nXX,1\n").contains("a column `value`"));
        assert!(
            told("value,valid_from\nXX,yesterday\n").contains("x.csv:2")
                || told("value,valid_from\nXX,yesterday\n").contains("line 2")
        );
        assert!(told("amount\n-3\n").contains("above zero"));
        assert!(told("value,valid_from,valid_to\nXX,2024-02-01,2024-01-01\n").contains("lies after"));
        assert!(told("value,valid_from\nXX\n").contains("number of cells"));
    }
}
