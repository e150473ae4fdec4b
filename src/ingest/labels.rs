//! Ground truth: which transfers belong to a scheme, from columns of the transfers or from a table beside them.
//!
//! Labels never enter the ledger, so that no rule can see them.

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;

use super::layout::{TextFrom, Wanted};

use super::mapping::{Mapping, Text, Values};
use super::patterns::ByContent;
use super::table::Table;
use super::texts::Texts;
use super::{IngestError, InputFile, Labels};
use crate::columns::{Ledger, SourceRow};

/// Typology and instance of a labelled transfer, as far as they are known.
pub(super) type Truth = (Option<String>, Option<String>);

/// What files of labels beside the transfers say.
#[derive(Default)]
pub(super) struct Beside {
    by_id: FxHashMap<String, Truth>,
    /// What files of attempts say, by content.
    pub(super) by_content: ByContent,
}

/// A transfer's label, typology and instance; `label` is `None` where there is no such column.
fn truth(label: Option<&str>, typology: Option<&str>, instance: Option<&str>) -> Option<Truth> {
    let some = |text: Option<&str>| text.filter(|text| !text.is_empty()).map(str::to_owned);
    let truth = (some(typology), some(instance));
    let labelled = match label {
        Some(label) => !["", "0", "false", "no", "n", "f"].contains(&label.to_ascii_lowercase().as_str()),
        None => truth.0.is_some() || truth.1.is_some(),
    };
    labelled.then_some(truth)
}

impl Beside {
    /// Reads a table of labels.
    ///
    /// # Errors
    ///
    /// Where it cannot be read.
    pub(super) fn add(&mut self, table: Table, mapping: &Mapping) -> Result<InputFile, IngestError> {
        let columns = mapping.labels.as_ref().expect("a table of labels is recognised by a mapping that has them");
        let mut wanted = Wanted::default();
        let id = TextFrom::find(&columns.tx_id, &table.header, &mut wanted).map_err(|column| IngestError::Header {
            file: table.name.clone(),
            problem: format!("there is no column `{column}`, which `tx_id` is read from"),
            columns: table.header.join(", "),
            help: "name the right column under [labels] in the mapping".to_owned(),
        })?;
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
            let wrong = |reason: &str| {
                IngestError::malformed(&name, spot.line, reason, "mend the row: a label must not be lost in silence")
            };
            let row = row.map_err(|fault| wrong(fault.reason))?;
            let mut text = |from: &TextFrom| {
                from.read(&wanted, &row, &mut scratch).map(str::to_owned).map_err(|fault| wrong(fault.reason))
            };
            let id = text(&id)?;
            let mut optional = |from: &Option<(TextFrom, Option<&Values>)>| {
                from.as_ref()
                    .map(|(from, values)| {
                        let text = text(from)?;
                        Ok(values.and_then(|values| values.get(&text)).cloned().unwrap_or(text))
                    })
                    .transpose()
            };
            let (label, typology, instance) = (optional(&label)?, optional(&typology)?, optional(&instance)?);
            if let Some(truth) = truth(label.as_deref(), typology.as_deref(), instance.as_deref()) {
                self.by_id.insert(id, truth);
            }
            Ok(())
        })?;
        Ok(InputFile::new(&name, "labels", read))
    }

    /// Puts the labels of the transfers' own columns and of the tables together, in row order.
    pub(super) fn settle(self, ledger: &Ledger, sources: &[SourceRow], columns: Option<&[Texts; 3]>) -> Labels {
        let own: BTreeMap<(u32, u64), Truth> = columns
            .into_iter()
            .flat_map(|texts| (0..sources.len()).map(move |row| (row, texts)))
            .filter_map(|(row, [label, typology, instance])| {
                let label = if label.is_blank() { None } else { Some(label.get(row).unwrap_or_default()) };
                let truth = truth(label, typology.get(row), instance.get(row))?;
                Some(((sources[row].file, sources[row].record), truth))
            })
            .collect();
        let rows = ledger.rows().filter_map(|row| {
            let source = ledger.source(row);
            let own = own.get(&(source.file, source.record));
            let by_id = if self.by_id.is_empty() { None } else { self.by_id.get(&ledger.tx_id(row)) };
            let beside = by_id.or_else(|| self.by_content.get(ledger, row));
            let (typology, instance) = match (own, beside) {
                (None, None) => return None,
                (Some(truth), None) | (None, Some(truth)) => truth.clone(),
                (Some(own), Some(beside)) => {
                    (own.0.clone().or_else(|| beside.0.clone()), own.1.clone().or_else(|| beside.1.clone()))
                }
            };
            Some((row, typology, instance))
        });
        Labels { rows: rows.collect() }
    }
}
