//! Opens each file and tells by its header what it holds and which mapping fits it.

use std::path::Path;

use super::find::Found;
use super::layout;
use super::mapping::{Mapping, Text};
use super::patterns;
use super::presets;
use super::source::{Place, sha256};
use super::table::{Table, position};
use super::{IngestError, InputFile};

/// The mappings that may be used: those asked for, or all presets.
pub(super) struct Mappings {
    candidates: Vec<(String, Mapping)>,
    /// Whether somebody asked for them, rather than leaving it to the header.
    named: bool,
    /// The mapping file, if it is one.
    pub(super) file: Option<InputFile>,
    /// Whether the tables that they describe are hashed.
    hashed: bool,
}

/// What a file holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Role {
    Transfers,
    Accounts,
    Labels,
    Patterns,
}

/// A file with its role and the number of its mapping.
pub(super) struct Chosen {
    pub(super) place: Place,
    pub(super) role: Role,
    pub(super) mapping: usize,
    /// The names of its columns.
    pub(super) header: Vec<String>,
    /// Whether its bytes are hashed.
    hashed: bool,
    /// The opened table, where it cannot be opened again or need not be.
    table: Option<Table>,
}

impl Chosen {
    /// The table, from its first record on.
    ///
    /// # Errors
    ///
    /// Where it cannot be opened.
    pub(super) fn open(&mut self) -> Result<Table, IngestError> {
        self.table.take().map_or_else(|| Table::open(&self.place, self.hashed), Ok)
    }
}

impl Mappings {
    /// The mappings that a request allows: a preset by name, a mapping file, or all presets.
    ///
    /// # Errors
    ///
    /// Where the name stands for nothing or the file is wrong.
    pub(super) fn new(asked: Option<&str>, hashed: bool) -> Result<Self, IngestError> {
        let owned = |(name, mapping): (&str, &Mapping)| (name.to_owned(), mapping.clone());
        let Some(asked) = asked else {
            return Ok(Self { candidates: presets::all().map(owned).collect(), named: false, file: None, hashed });
        };
        let candidates: Vec<(String, Mapping)> = presets::named(asked).into_iter().map(owned).collect();
        if !candidates.is_empty() {
            return Ok(Self { candidates, named: true, file: None, hashed });
        }
        let (mapping, file) = read_file(asked)?;
        Ok(Self { candidates: vec![(asked.to_owned(), mapping)], named: true, file: Some(file), hashed })
    }

    /// The mapping of a number.
    pub(super) fn mapping(&self, number: usize) -> &Mapping {
        &self.candidates[number].1
    }

    /// Says which mappings were used, and why.
    pub(super) fn describe(&self, used: &[usize]) -> String {
        let names = self.candidates.iter().enumerate().filter(|(number, _)| used.contains(number));
        let names: Vec<&str> = names.map(|(_, (name, _))| name.as_str()).collect();
        let names = names.join(", ");
        match (&self.file, self.named) {
            (Some(_), _) => format!("mapping file {names}"),
            (None, true) => format!("preset {names}, as asked for"),
            (None, false) => format!("preset {names}, recognised by the header"),
        }
    }

    /// Opens a file and tells what it holds; it stays open if `keep` says so. `Ok(Err(why))` is a file of a folder that holds nothing of use.
    ///
    /// # Errors
    ///
    /// Where it cannot be opened, or was asked for and is of no use.
    pub(super) fn choose(&self, found: Found, keep: bool) -> Result<Result<Chosen, String>, IngestError> {
        let (hashed, keep) = (self.hashed, keep || !found.place.is_lasting());
        let table = match Table::open(&found.place, hashed) {
            Ok(table) => table,
            Err(IngestError::Malformed { file, problem, .. }) if !found.asked => {
                return Ok(Err(format!("{file} is left out: {problem}")));
            }
            Err(error) => return Err(error),
        };
        let header = table.header.clone();
        if patterns::begin(&header) {
            return Ok(Ok(Chosen {
                place: found.place,
                role: Role::Patterns,
                mapping: 0,
                header,
                hashed,
                table: None,
            }));
        }
        let Some((mapping, role)) = self.role(&header, found.asked) else {
            if found.asked {
                return Err(self.unknown(&table.name, &header));
            }
            return Ok(Err(format!("{} is left out: its columns are not those of transfers or accounts", table.name)));
        };
        let table = keep.then_some(table);
        Ok(Ok(Chosen { place: found.place, role, mapping, header, hashed, table }))
    }

    /// Opens the account table that was named.
    ///
    /// # Errors
    ///
    /// Where it cannot be opened or no mapping fits it.
    pub(super) fn choose_accounts(&self, path: &Path) -> Result<Chosen, IngestError> {
        let place = Place::File(path.to_owned());
        let table = Table::open(&place, self.hashed)?;
        let has_key = |mapping: &Mapping| {
            let key = mapping.accounts.as_ref().map(|accounts| &accounts.account);
            key.is_some_and(|key| key.columns().all(|column| table.position(column).is_some()))
        };
        let fits = |(number, (_, mapping)): &(usize, &(String, Mapping))| {
            self.role_of(*number, &table.header, false) == Some(Role::Accounts) || (self.named && has_key(mapping))
        };
        let found = self
            .candidates
            .iter()
            .enumerate()
            .find(fits)
            .or_else(|| self.candidates.iter().enumerate().find(|(_, (_, mapping))| has_key(mapping)));
        let Some((mapping, _)) = found else {
            return Err(IngestError::Header {
                file: table.name.clone(),
                problem: "no mapping fits this account table".to_owned(),
                columns: table.header.join(", "),
                help: "name the account's column `account`, or map it under [accounts]".to_owned(),
            });
        };
        let (header, table) = (table.header.clone(), Some(table));
        Ok(Chosen { place, role: Role::Accounts, mapping, header, hashed: self.hashed, table })
    }

    /// Opens a table of labels that was named; its columns are those of a mapping, or have the usual names.
    ///
    /// # Errors
    ///
    /// Where it cannot be opened.
    pub(super) fn choose_labels(&self, path: &Path) -> Result<Chosen, IngestError> {
        let place = Place::File(path.to_owned());
        let header = Table::open(&place, self.hashed)?.header;
        let role = if patterns::begin(&header) { Role::Patterns } else { Role::Labels };
        let has_key = |mapping: &Mapping| {
            let key = mapping.labels.as_ref().map(|labels| &labels.tx_id);
            key.is_some_and(|key| key.columns().all(|column| position(&header, column).is_some()))
        };
        let mapping = self.candidates.iter().position(|(_, mapping)| has_key(mapping)).unwrap_or(0);
        Ok(Chosen { place, role, mapping, header, hashed: self.hashed, table: None })
    }

    /// The mapping that fits a header best, which is the one that asks most of it, and the role it gives the file.
    fn role(&self, header: &[String], asked: bool) -> Option<(usize, Role)> {
        let fitting = (0..self.candidates.len()).filter_map(|number| {
            let role = self.role_of(number, header, asked)?;
            let recognise = &self.candidates[number].1.recognise;
            let demands = match role {
                Role::Transfers => recognise.transfers.len(),
                Role::Accounts => recognise.accounts.len(),
                Role::Labels | Role::Patterns => recognise.labels.len(),
            };
            Some((number, role, demands))
        });
        let best = fitting.max_by_key(|&(number, _, demands)| (demands, usize::MAX - number));
        best.map(|(number, role, _)| (number, role))
    }

    fn role_of(&self, number: usize, header: &[String], asked: bool) -> Option<Role> {
        let mapping = &self.candidates[number].1;
        let recognise = &mapping.recognise;
        let has = |column: &str| position(header, column).is_some();
        let all = |columns: &[String]| !columns.is_empty() && columns.iter().all(|column| has(column));
        let barred = recognise.not.iter().any(|column| has(column));
        if all(&recognise.transfers) && !barred {
            return Some(Role::Transfers);
        }
        if all(&recognise.labels) && mapping.labels.is_some() {
            return Some(Role::Labels);
        }
        if all(&recognise.accounts) && mapping.accounts.is_some() {
            return Some(Role::Accounts);
        }
        if !self.named {
            return None;
        }
        // A mapping that was asked for need not say how to recognise its files: what it names must be there.
        let needed = if asked { layout::needed(mapping).all(has) } else { layout::named(mapping).all(has) };
        let told_apart = !recognise.transfers.is_empty() && !asked;
        if needed && !barred && !told_apart {
            return Some(Role::Transfers);
        }
        let accounts = mapping.accounts.as_ref().filter(|_| recognise.accounts.is_empty())?;
        accounts.named().all(has).then_some(Role::Accounts)
    }

    fn unknown(&self, file: &str, header: &[String]) -> IngestError {
        let columns = header.join(", ");
        let (problem, help) = match (self.named, self.candidates.as_slice()) {
            (true, [(name, mapping), ..]) => {
                let lacking: Vec<&str> =
                    layout::needed(mapping).filter(|column| position(header, column).is_none()).collect();
                let problem = format!("mapping `{name}` needs the columns {}, which are not there", lacking.join(", "));
                (problem, "check the mapping and the header; `moneytrail presets --show NAME` prints an example")
            }
            _ => (
                "no preset fits this header".to_owned(),
                "give --mapping with a mapping file; `moneytrail presets --show canonical` prints one to start from",
            ),
        };
        IngestError::Header { file: file.to_owned(), problem, columns, help: help.to_owned() }
    }
}

fn read_file(asked: &str) -> Result<(Mapping, InputFile), IngestError> {
    let bytes = std::fs::read(asked).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => {
            let names: Vec<&str> = presets::presets().iter().map(|preset| preset.name).collect();
            IngestError::Mapping {
                file: asked.to_owned(),
                line: 0,
                column: 0,
                problem: "there is neither a preset nor a file of this name".to_owned(),
                help: format!("the presets are {}", names.join(", ")),
            }
        }
        _ => IngestError::io(asked, &error),
    })?;
    let text = std::str::from_utf8(&bytes).map_err(|_| IngestError::Mapping {
        file: asked.to_owned(),
        line: 0,
        column: 0,
        problem: "the file is not UTF-8 text".to_owned(),
        help: "a mapping is a TOML file".to_owned(),
    })?;
    let mapping = Mapping::parse(asked, text)?;
    let file = InputFile {
        path: asked.to_owned(),
        role: "mapping".to_owned(),
        format: "toml".to_owned(),
        bytes: bytes.len() as u64,
        rows: 0,
        sha256: Some(sha256(&bytes)),
    };
    Ok((mapping, file))
}

impl super::mapping::AccountColumns {
    /// Every source column that is named for accounts.
    fn named(&self) -> impl Iterator<Item = &str> {
        let texts = [&self.entity, &self.bank, &self.kind, &self.country, &self.turnover];
        let texts = texts.into_iter().flatten().chain(self.other.values()).chain(std::iter::once(&self.account));
        let times = self.opened.iter().chain(&self.closed);
        texts.flat_map(Text::columns).chain(times.flat_map(|when| when.columns()))
    }
}
