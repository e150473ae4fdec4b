//! Reads account tables: the columns that somebody needs, for the accounts that the transfers name.

use std::collections::{BTreeMap, BTreeSet};

use super::cell::Row;
use super::dictionary::Dictionary;
use super::layout::{TextFrom, TimeFrom, Wanted};
use super::mapping::{AccountColumns, Mapping, Text, Values, When};
use super::table::Table;
use super::texts::{Words, number};
use super::{IngestError, InputFile};
use crate::columns::{Column, schema};

/// An account table that was opened, and the mapping that fits it.
pub(super) struct AccountTable<'m> {
    pub(super) table: Table,
    pub(super) mapping: &'m Mapping,
}

/// What the account tables say of the transfers' accounts.
pub(super) struct Accounts {
    pub(super) columns: BTreeMap<String, Column>,
    pub(super) files: Vec<InputFile>,
    pub(super) notes: Vec<String>,
}

/// The columns that are always read: `kind` because accounts outside the ledger are told by it, `country` for
/// corridors.
const ALWAYS: [&str; 2] = ["kind", "country"];

enum Source<'m> {
    Text(TextFrom, Option<&'m Values>),
    Time(TimeFrom<'m>),
}

/// A row of an account table: the text of each column.
type Facts = Vec<String>;

/// Reads the tables. `specials` are the kinds that the transfers' mappings give to keys.
///
/// # Errors
///
/// Where a table cannot be read or lacks the account's own column.
pub(super) fn read(
    tables: Vec<AccountTable<'_>>,
    keys: &Dictionary,
    asked: &BTreeSet<String>,
    specials: &[(String, String)],
) -> Result<Accounts, IngestError> {
    let names: Vec<String> = ALWAYS
        .into_iter()
        .map(str::to_owned)
        .chain(asked.iter().filter(|n| !ALWAYS.contains(&n.as_str())).cloned())
        .filter(|name| name != "account")
        .collect();
    let mut reader = Reader {
        names,
        seen: BTreeSet::new(),
        facts: vec![None; keys.keys().len()],
        odd: BTreeMap::new(),
        clashes: 0,
        malformed: 0,
        first: None,
    };
    let mut files = Vec::new();
    for AccountTable { table, mapping } in tables {
        if let Some(columns) = &mapping.accounts {
            files.push(reader.add(table, columns, keys)?);
        }
    }
    reader.add_specials(keys, specials);
    let notes = reader.notes(&files);
    Ok(Accounts { columns: reader.into_columns(), files, notes })
}

struct Reader {
    names: Vec<String>,
    seen: BTreeSet<usize>,
    facts: Vec<Option<Facts>>,
    /// Values that are no time or number where one is due: how many, and the first of them.
    odd: BTreeMap<String, (u64, String)>,
    clashes: u64,
    malformed: u64,
    first: Option<String>,
}

impl Reader {
    fn add(&mut self, table: Table, columns: &AccountColumns, keys: &Dictionary) -> Result<InputFile, IngestError> {
        let mut wanted = Wanted::default();
        let account =
            TextFrom::find(&columns.account, &table.header, &mut wanted).map_err(|column| IngestError::Header {
                file: table.name.clone(),
                problem: format!("there is no column `{column}`, which `account` is read from"),
                columns: table.header.join(", "),
                help: "name the right column under [accounts] in the mapping".to_owned(),
            })?;
        let sources: Vec<Option<Source<'_>>> =
            self.names.iter().map(|name| source(columns, name, &table.header, &mut wanted)).collect();
        self.seen.extend((0..sources.len()).filter(|&position| sources[position].is_some()));
        let name = table.name.clone();
        let (mut scratch, mut other) = (Vec::new(), Vec::new());
        let positions = wanted.positions.clone();
        let read = table.read(&positions, &mut |spot, row| {
            let key = row.and_then(|row| Ok((row, account.read(&wanted, &row, &mut scratch)?)));
            let Ok((row, key)) = key else {
                self.malformed += 1;
                self.first.get_or_insert_with(|| format!("{name}:{}", spot.line));
                return Ok(());
            };
            if let Some(position) = keys.find(key) {
                let facts = self.facts_of(&name, spot.line, &row, &sources, &wanted, &mut other);
                self.keep(position as usize, facts);
            }
            Ok(())
        })?;
        Ok(InputFile::new(&name, "accounts", read))
    }

    fn facts_of(
        &mut self,
        file: &str,
        line: u64,
        row: &Row<'_>,
        sources: &[Option<Source<'_>>],
        wanted: &Wanted,
        scratch: &mut Vec<u8>,
    ) -> Facts {
        let mut facts = Vec::with_capacity(sources.len());
        for (name, source) in self.names.iter().zip(sources) {
            let fact = match source {
                None => Ok(String::new()),
                Some(Source::Text(from, values)) => from
                    .read(wanted, row, scratch)
                    .map(|text| values.and_then(|values| values.get(text)).map_or(text, String::as_str).to_owned()),
                Some(Source::Time(from)) => match from.read(wanted, row, scratch) {
                    Ok(time) => Ok(time.to_string()),
                    Err(fault) if fault.value.is_empty() => Ok(String::new()),
                    Err(fault) => Err(fault),
                },
            };
            let is_number = schema::account(name).is_some_and(|column| column.kind == schema::Kind::Number);
            let usable = fact.as_ref().is_ok_and(|text| !is_number || text.is_empty() || number(text).is_some());
            if !usable {
                let odd = self.odd.entry(name.clone()).or_insert_with(|| (0, format!("{file}:{line}")));
                odd.0 += 1;
            }
            facts.push(if usable { fact.unwrap_or_default() } else { String::new() });
        }
        facts
    }

    /// Of several rows for one account the one that sorts first is kept, so that their order does not matter.
    fn keep(&mut self, position: usize, facts: Facts) {
        match &mut self.facts[position] {
            Some(known) if *known != facts => {
                self.clashes += 1;
                if facts < *known {
                    *known = facts;
                }
            }
            Some(_) => {}
            empty => *empty = Some(facts),
        }
    }

    /// Gives kinds to the accounts that the mapping names, where no table says otherwise.
    fn add_specials(&mut self, keys: &Dictionary, specials: &[(String, String)]) {
        if specials.is_empty() {
            return;
        }
        let kind = self.names.iter().position(|name| name == "kind").expect("the kind is always read");
        for (key, facts) in keys.keys().iter().zip(&mut self.facts) {
            let special = specials.iter().find(|(pattern, _)| match pattern.strip_suffix('*') {
                Some(beginning) => key.starts_with(beginning),
                None => key == pattern,
            });
            let Some((_, special)) = special else { continue };
            let facts = facts.get_or_insert_with(|| vec![String::new(); self.names.len()]);
            if facts[kind].is_empty() {
                facts[kind].clone_from(special);
            }
            self.seen.insert(kind);
        }
    }

    fn notes(&self, files: &[InputFile]) -> Vec<String> {
        let mut notes = Vec::new();
        let known = self.facts.iter().filter(|facts| facts.is_some()).count();
        if !files.is_empty() && known < self.facts.len() {
            let all = self.facts.len();
            notes.push(format!("the account table lacks {} of the {all} accounts that transfers name", all - known));
        }
        if self.clashes > 0 {
            notes
                .push(format!("{} rows of the account table contradict another row of the same account", self.clashes));
        }
        if let Some(first) = &self.first {
            notes.push(format!("{} rows of the account table cannot be used, the first at {first}", self.malformed));
        }
        for (column, (count, first)) in &self.odd {
            notes.push(format!(
                "{count} values of `{column}` in the account table cannot be used, the first at {first}"
            ));
        }
        notes
    }

    fn into_columns(self) -> BTreeMap<String, Column> {
        let mut columns = BTreeMap::new();
        for (position, name) in self.names.iter().enumerate().filter(|(position, _)| self.seen.contains(position)) {
            let mut words = Words::default();
            let facts = self.facts.iter().map(|facts| facts.as_ref().map_or("", |facts| facts[position].as_str()));
            let codes = facts.map(|text| words.code(text, None)).collect();
            let kind = schema::account(name).map(|column| column.kind);
            columns.insert(name.clone(), words.into_column(codes, kind));
        }
        columns
    }
}

/// Where an account column comes from, if the table has it.
fn source<'m>(columns: &'m AccountColumns, name: &str, header: &[String], wanted: &mut Wanted) -> Option<Source<'m>> {
    let text = |text: Option<&Text>, wanted: &mut Wanted| {
        let from = TextFrom::find(text?, header, wanted).ok()?;
        Some(Source::Text(from, columns.values.get(name)))
    };
    let time =
        |when: Option<&'m When>, wanted: &mut Wanted| TimeFrom::find(when?, header, wanted).ok().map(Source::Time);
    match name {
        "entity" => text(columns.entity.as_ref(), wanted),
        "bank" => text(columns.bank.as_ref(), wanted),
        "kind" => text(columns.kind.as_ref(), wanted),
        "country" => text(columns.country.as_ref(), wanted),
        "turnover" => text(columns.turnover.as_ref(), wanted),
        "opened" => time(columns.opened.as_ref(), wanted),
        "closed" => time(columns.closed.as_ref(), wanted),
        _ => match columns.other.get(name) {
            Some(other) => text(Some(other), wanted),
            None => text(Some(&Text::column(name)), wanted),
        },
    }
}
