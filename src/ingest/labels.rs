//! Ground truth: which transfers belong to a scheme, from columns of the transfers or from a table beside them.
//!
//! Labels never enter the ledger, so that no rule can see them.

use std::collections::BTreeMap;
use std::hash::Hash;

use rustc_hash::FxHashMap;

use super::layout::{TextFrom, Wanted};
use super::mapping::{LabelColumns, Mapping, Text, Values};
use super::patterns::ByContent;
use super::table::{Table, position};
use super::transfers::OwnLabels;
use super::{IngestError, InputFile, Labels};
use crate::columns::Ledger;

/// Typology and instance of a labelled transfer, as far as they are known.
pub(super) type Truth = (Option<String>, Option<String>);

/// What files of labels beside the transfers say.
#[derive(Default)]
pub(super) struct Beside {
    by_id: Marks<String>,
    /// What files of attempts say, by content.
    pub(super) by_content: ByContent,
}

/// Labels by what tells a transfer; one may have several.
pub(super) struct Marks<K> {
    index: FxHashMap<K, usize>,
    entries: Vec<Entry>,
}

struct Entry {
    /// File and line of its first label.
    place: (String, u64),
    truths: Vec<Truth>,
}

impl<K> Default for Marks<K> {
    fn default() -> Self {
        Self { index: FxHashMap::default(), entries: Vec::new() }
    }
}

impl<K: Hash + Eq> Marks<K> {
    /// Adds a label, unless it is there.
    pub(super) fn add(&mut self, key: K, file: &str, line: u64, truth: Truth) {
        let place = *self.index.entry(key).or_insert(self.entries.len());
        if place == self.entries.len() {
            self.entries.push(Entry { place: (file.to_owned(), line), truths: Vec::new() });
        }
        let truths = &mut self.entries[place].truths;
        if !truths.contains(&truth) {
            truths.push(truth);
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Where the labels of a transfer are, if it has any.
    pub(super) fn find(&self, key: &K) -> Option<usize> {
        self.index.get(key).copied()
    }

    /// The labels at a place that was found.
    pub(super) fn truths(&self, place: usize) -> &[Truth] {
        &self.entries[place].truths
    }

    /// Says how many labels found no transfer, where some did not; `used` are the places that were found.
    fn unused(&self, mut used: Vec<usize>) -> Option<String> {
        used.sort_unstable();
        used.dedup();
        let lost = self.entries.len() - used.len();
        let first = self.entries.iter().enumerate().find(|(place, _)| used.binary_search(place).is_err());
        first.map(|(_, Entry { place: (file, line), .. })| {
            format!("{lost} labelled transfers are not in the ledger, or were set aside; the first is {file}:{line}")
        })
    }
}

/// A transfer's label, typology and instance; `label` is `None` where there is no such column.
fn truth(label: Option<&str>, typology: Option<&str>, instance: Option<&str>) -> Option<Truth> {
    let some = |text: Option<&str>| text.filter(|text| !text.is_empty()).map(str::to_owned);
    let truth = (some(typology), some(instance));
    let labelled = match label {
        Some(label) => !NO.contains(&label.to_ascii_lowercase().as_str()),
        None => truth.0.is_some() || truth.1.is_some(),
    };
    labelled.then_some(truth)
}

/// What a column of labels calls a transfer that is none.
const NO: [&str; 6] = ["", "0", "false", "no", "n", "f"];

/// What it calls one that is, where it says no more.
const YES: [&str; 5] = ["1", "true", "yes", "y", "t"];

/// The columns of a table of labels: those of the mapping as far as they are there, else those of the usual names.
///
/// # Errors
///
/// The columns that would do, in words, where the table has neither.
fn columns(header: &[String], mapping: &Mapping) -> Result<LabelColumns, &'static str> {
    let has = |text: &&Text| text.columns().all(|column| position(header, column).is_some());
    let mapped = mapping.labels.as_ref();
    let find = |mapped: Option<&Text>, names: &[&str]| {
        let usual: Vec<Text> = names.iter().map(|name| Text::column(name)).collect();
        mapped.into_iter().chain(&usual).find(has).cloned()
    };
    let tx_id = find(mapped.map(|mapped| &mapped.tx_id), &["tx_id"]);
    let label = find(mapped.and_then(|mapped| mapped.label.as_ref()), &["label"]);
    let typology = mapped.and_then(|mapped| mapped.label_typology.as_ref());
    let label_typology = find(typology, &["label_typology", "typology"]);
    let instance = mapped.and_then(|mapped| mapped.label_instance.as_ref());
    let label_instance = find(instance, &["label_instance", "instance"]);
    let says = label.is_some() || label_typology.is_some() || label_instance.is_some();
    match tx_id.filter(|_| says) {
        Some(tx_id) => Ok(LabelColumns { tx_id, label, label_typology, label_instance }),
        None => Err("`tx_id`, and one of `label`, `label_typology` and `label_instance`"),
    }
}

impl Beside {
    /// Reads a table of labels.
    ///
    /// # Errors
    ///
    /// Where it cannot be read, or a row names no transfer.
    pub(super) fn add(&mut self, table: Table, mapping: &Mapping) -> Result<InputFile, IngestError> {
        let columns = columns(&table.header, mapping).map_err(|needed| IngestError::Header {
            file: table.name.clone(),
            problem: format!("a table of labels needs the columns {needed}"),
            columns: table.header.join(", "),
            help: "name the columns so, or name them under [labels] in the mapping".to_owned(),
        })?;
        let mut wanted = Wanted::default();
        let id = TextFrom::find(&columns.tx_id, &table.header, &mut wanted).expect("the column is there");
        let mut find = |name: &str, text: Option<&Text>| {
            let from = TextFrom::find(text?, &table.header, &mut wanted).ok()?;
            Some((from, mapping.values(name)))
        };
        let label = find("label", columns.label.as_ref());
        let typology = find("label_typology", columns.label_typology.as_ref());
        let instance = find("label_instance", columns.label_instance.as_ref());
        let name = table.name.clone();
        let positions = wanted.positions.clone();
        let mut scratch = Vec::new();
        let read = table.read(&positions, &mut |spot, row| {
            let wrong = |column: &str, reason: &str| {
                let place = if column.is_empty() { String::new() } else { format!("column `{column}`: ") };
                let help = "mend the row: a label must not be lost in silence";
                IngestError::malformed(&name, spot.line, format!("{place}{reason}"), help)
            };
            let row = row.map_err(|fault| wrong(&fault.column, fault.reason))?;
            let mut text = |from: &TextFrom| {
                let read = from.read(&wanted, &row, &mut scratch).map(str::to_owned);
                read.map_err(|fault| wrong(&fault.column, fault.reason))
            };
            let key = text(&id)?;
            if key.is_empty() {
                return Err(wrong(&id.names(&wanted), "the label names no transfer"));
            }
            let mut optional = |from: &Option<(TextFrom, Option<&Values>)>| {
                from.as_ref()
                    .map(|(from, values)| {
                        let text = text(from)?;
                        Ok(values.and_then(|values| values.get(&text)).cloned().unwrap_or(text))
                    })
                    .transpose()
            };
            let (label, mut kind, instance) = (optional(&label)?, optional(&typology)?, optional(&instance)?);
            // A lone column of labels may hold the typology itself.
            let word = label.clone().filter(|label| !YES.contains(&label.to_ascii_lowercase().as_str()));
            kind = kind.or(word);
            if let Some(truth) = truth(label.as_deref(), kind.as_deref(), instance.as_deref()) {
                self.by_id.add(key, &name, spot.line, truth);
            }
            Ok(())
        })?;
        Ok(InputFile::new(&name, "labels", read))
    }

    /// Puts the labels of the transfers' own columns and of the tables together, in row order; with them, what a reader
    /// should know of labels that were lost.
    pub(super) fn settle(self, ledger: &Ledger, columns: Option<&OwnLabels>) -> (Labels, Vec<String>) {
        let own: BTreeMap<(u32, u64), Truth> = columns
            .into_iter()
            .flat_map(OwnLabels::rows)
            .filter_map(|(source, [label, typology, instance])| {
                Some(((source.file, source.record), truth(label, typology, instance)?))
            })
            .collect();
        let (mut rows, mut by_id, mut by_content) = (Vec::new(), Vec::new(), Vec::new());
        for row in ledger.rows() {
            let source = ledger.source(row);
            let own = own.get(&(source.file, source.record));
            let at = if self.by_id.is_empty() { None } else { self.by_id.find(&ledger.tx_id(row)) };
            by_id.extend(at);
            let alike = self.by_content.find(ledger, row);
            by_content.extend(alike);
            let beside = at.map(|at| self.by_id.truths(at)).into_iter();
            let beside = beside.chain(alike.map(|at| self.by_content.truths(at))).flatten();
            rows.extend(together(own, beside).into_iter().map(|(typology, instance)| (row, typology, instance)));
        }
        let notes = [self.by_id.unused(by_id), self.by_content.marks().unused(by_content)];
        (Labels { rows }, notes.into_iter().flatten().collect())
    }
}

/// All that is known of one transfer: what its own columns leave open, a table fills in.
fn together<'t>(own: Option<&Truth>, beside: impl Iterator<Item = &'t Truth>) -> Vec<Truth> {
    let filled = |beside: &Truth| match own {
        None => beside.clone(),
        Some(own) => (own.0.clone().or_else(|| beside.0.clone()), own.1.clone().or_else(|| beside.1.clone())),
    };
    let mut all: Vec<Truth> = beside.map(filled).collect();
    if all.is_empty() {
        all.extend(own.cloned());
    }
    all.sort();
    all.dedup();
    all
}
