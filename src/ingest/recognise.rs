//! Which mapping fits which file, told by the names of its columns.

use std::path::Path;

use super::layout::needed;
use super::mapping::Mapping;
use super::source::sha256;
use super::table::{Table, position};
use super::{IngestError, InputFile, presets};

/// The mappings that a run may use, and how they were chosen.
pub(super) struct Choice {
    mappings: Vec<(String, Mapping)>,
    /// The mapping file, if there is one.
    pub(super) file: Option<InputFile>,
    /// Whether somebody named the mapping, so that a file that does not fit is a mistake.
    asked: bool,
}

impl Choice {
    /// The mapping file or preset of this name; all presets where none is named.
    ///
    /// # Errors
    ///
    /// Where the file cannot be read or is no mapping.
    pub(super) fn new(name: Option<&str>) -> Result<Self, IngestError> {
        let own = |(name, mapping): (&str, &Mapping)| (format!("preset {name}"), mapping.clone());
        let Some(name) = name else {
            return Ok(Self { mappings: presets::all().map(own).collect(), file: None, asked: false });
        };
        let named: Vec<(String, Mapping)> = presets::named(name).into_iter().map(own).collect();
        if !named.is_empty() {
            return Ok(Self { mappings: named, file: None, asked: true });
        }
        let (mapping, file) = read(name)?;
        Ok(Self { mappings: vec![(format!("mapping file {name}"), mapping)], file: Some(file), asked: true })
    }

    /// How the mapping of a run is described.
    pub(super) fn describe(&self, used: &[usize]) -> String {
        let names: Vec<&str> = used.iter().map(|&mapping| self.mappings[mapping].0.as_str()).collect();
        let how = if self.asked { "as asked for" } else { "recognised by its header" };
        format!("{} ({how})", names.join(", "))
    }

    /// Every mapping there is.
    pub(super) fn all(&self) -> Vec<usize> {
        (0..self.mappings.len()).collect()
    }

    pub(super) fn mapping(&self, position: usize) -> &Mapping {
        &self.mappings[position].1
    }

    /// The mapping under which a table holds transfers: of several the one that asks for most columns.
    pub(super) fn transfers(&self, table: &Table) -> Option<usize> {
        self.best(table, |mapping| {
            let told = &mapping.recognise.transfers;
            if told.is_empty() { needed(mapping).map(str::to_owned).collect() } else { told.clone() }
        })
    }

    /// The mapping under which a table holds accounts, of those in use.
    pub(super) fn accounts(&self, table: &Table, used: &[usize]) -> Option<usize> {
        self.best_of(used, table, |mapping| {
            let told = &mapping.recognise.accounts;
            let account = mapping.accounts.iter().flat_map(|columns| columns.account.columns().map(str::to_owned));
            if told.is_empty() { account.collect() } else { told.clone() }
        })
    }

    /// The mapping under which a table holds labels, of those in use.
    pub(super) fn labels(&self, table: &Table, used: &[usize]) -> Option<usize> {
        self.best_of(used, table, |mapping| match &mapping.labels {
            Some(_) => mapping.recognise.labels.clone(),
            None => Vec::new(),
        })
    }

    fn best(&self, table: &Table, columns: impl Fn(&Mapping) -> Vec<String>) -> Option<usize> {
        let fits = |position: &usize| {
            let not = &self.mappings[*position].1.recognise.not;
            not.iter().all(|column| table.position(column).is_none())
        };
        let candidates: Vec<usize> = self.all().into_iter().filter(fits).collect();
        self.best_of(&candidates, table, columns)
    }

    fn best_of(&self, among: &[usize], table: &Table, columns: impl Fn(&Mapping) -> Vec<String>) -> Option<usize> {
        let fitting = among.iter().filter_map(|&mapping| {
            let columns = columns(&self.mappings[mapping].1);
            let all = !columns.is_empty() && columns.iter().all(|column| position(&table.header, column).is_some());
            all.then_some((columns.len(), mapping))
        });
        fitting.max_by_key(|&(columns, mapping)| (columns, std::cmp::Reverse(mapping))).map(|(_, mapping)| mapping)
    }

    /// What to say of a file that was named and fits nothing.
    pub(super) fn misfit(&self, table: &Table) -> IngestError {
        let (problem, help) = match (self.asked, self.mappings.first()) {
            (true, Some((name, mapping))) => {
                let missing = needed(mapping).find(|column| table.position(column).is_none());
                let missing = missing.map_or_else(String::new, |column| format!(": there is no column `{column}`"));
                (format!("{name} does not fit this file{missing}"), "name the right columns in the mapping")
            }
            _ => (
                "these columns are those of no ledger that is known".to_owned(),
                "describe them in a mapping file and name it with --mapping; `moneytrail presets --show canonical` prints one to start from",
            ),
        };
        IngestError::Header {
            file: table.name.clone(),
            problem,
            columns: table.header.join(", "),
            help: help.to_owned(),
        }
    }
}

fn read(name: &str) -> Result<(Mapping, InputFile), IngestError> {
    let bytes = std::fs::read(Path::new(name)).map_err(|error| {
        if error.kind() == std::io::ErrorKind::NotFound {
            let known: Vec<&str> = presets::presets().iter().map(|preset| preset.name).collect();
            return IngestError::Io {
                file: name.to_owned(),
                problem: "there is no mapping file and no preset of this name".to_owned(),
                help: format!("the presets are {}", known.join(", ")),
            };
        }
        IngestError::io(name, &error)
    })?;
    let text = std::str::from_utf8(&bytes)
        .map_err(|_| IngestError::malformed(name, 0, "the mapping is not UTF-8 text", "save it as UTF-8"))?;
    let mapping = Mapping::parse(name, text)?;
    let file = InputFile {
        path: name.to_owned(),
        role: "mapping".to_owned(),
        format: "toml".to_owned(),
        bytes: bytes.len() as u64,
        rows: 0,
        sha256: sha256(&bytes),
    };
    Ok((mapping, file))
}
