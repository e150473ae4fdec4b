//! Which transfer undoes which: every `refers_to` resolved to the transfer that it names, once for a ledger.

use rustc_hash::FxHashMap;

use crate::columns::{Column, Ledger, RowId, TextColumn};

/// For each transfer, the one that its `refers_to` names.
#[derive(Debug)]
pub(super) struct Refers(Vec<Option<RowId>>);

impl Refers {
    /// Resolves the column; `None` where the ledger has none.
    pub(super) fn new(ledger: &Ledger) -> Option<Self> {
        let written = match ledger.column("refers_to")? {
            Column::Text(texts) => texts.clone(),
            other => {
                let texts: Vec<Option<String>> = (0..other.len()).map(|row| other.text(row)).collect();
                TextColumn::from_texts(texts.iter().map(Option::as_deref))
            }
        };
        let ids: FxHashMap<&str, usize> =
            written.values.iter().enumerate().map(|(code, id)| (id.as_str(), code)).collect();
        let mut named: Vec<Option<RowId>> = vec![None; written.values.len()];
        for row in ledger.rows() {
            if let Some(&code) = ids.get(ledger.tx_id(row).as_str()) {
                named[code] = Some(row);
            }
        }
        let of = |&code: &u32| if code == TextColumn::NONE { None } else { named[code as usize] };
        Some(Self(written.codes.iter().map(of).collect()))
    }

    /// The transfer that a transfer undoes, if it names one of the ledger.
    #[inline]
    pub(super) fn of(&self, row: RowId) -> Option<RowId> {
        self.0[row.index()]
    }
}
