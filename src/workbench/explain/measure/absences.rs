//! Clauses about what must not stand beside a finished match, and what must have failed to come.

use crate::lang::{During, Party};
use crate::search::SearchError;

use super::super::clause::Clause;
use super::super::words::{count, span};
use super::{Check, Measured};

impl Measured<'_, '_> {
    pub(super) fn without(&self, item: usize) -> Result<Option<Check>, SearchError> {
        let rows = self.searcher.ask_without(self.flow, self.instance)?.swap_remove(item);
        let absence = &self.flow.without[item];
        let when = match absence.during {
            During::Before(time) => format!("in the {} before", span(time)),
            During::EverBefore => "ever before".to_owned(),
            During::Match => "during the match".to_owned(),
            During::After(time) => format!("in the {} after", span(time)),
        };
        let between = self.between_parties(absence.payer, absence.payee);
        let filter = absence.filter.as_ref().map_or_else(String::new, |filter| format!(" where {}", filter.sql));
        let found = match rows.first() {
            None => "none".to_owned(),
            Some(&row) => format!("{}, {} the first", count(rows.len(), "transfer"), self.ledger.tx_id(row)),
        };
        let asked = format!("no transfer {between}{filter} {when}");
        let mut check = self.new_check(Clause::Without(item), rows.is_empty(), asked, found);
        check.rows = rows;
        Ok(Some(check))
    }

    pub(super) fn expected(&self, item: usize) -> Result<Option<Check>, SearchError> {
        let missed = self.searcher.ask_expected(self.flow, self.instance)?[item];
        let expected = &self.flow.expected[item];
        let between = self.between_parties(expected.payer, expected.payee);
        let asked = format!("a payment {between} that came {} times or more fails to come", expected.times);
        let found = if missed { "one failed to come" } else { "none was due and failed to come" };
        Ok(Some(self.new_check(Clause::Expected(item), missed, asked, found.to_owned())))
    }

    fn between_parties(&self, payer: Party, payee: Party) -> String {
        let name = |party: Party| match party {
            Party::Anyone => "*".to_owned(),
            Party::Role(role) => self.flow.roles[role].name.clone(),
        };
        format!("{} -> {}", name(payer), name(payee))
    }
}
