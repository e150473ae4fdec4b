//! Why labelled instances were missed: the nearest miss of each of their own rules, clause and distance.

use std::sync::atomic::AtomicBool;

use crate::columns::{Ledger, RowId};
use crate::lang::{Override, Source, TypologySet};
use crate::search::{Levels, Limits, SearchError, Searcher};
use crate::workbench::explain::{Inquiry, nearest_miss};

use super::outcome::Verdict;
use super::report::Evaluation;
use super::truth::Truth;

/// What is asked why it found so little.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// The ledger.
    pub ledger: &'a Ledger,
    /// The rules, with all that they use.
    pub set: &'a TypologySet,
    /// The texts that the rules were compiled from, so that an answer can name the parameter to move.
    pub sources: &'a [Source],
    /// The parameters that were set.
    pub overrides: &'a [Override],
    /// Budgets of the search.
    pub limits: Limits,
    /// Set by whoever wants to stop.
    pub stop: &'a AtomicBool,
}

/// Fills in what kept each instance from being found by its own rules.
///
/// # Errors
///
/// Where `stop` was set.
pub fn explain(evaluation: &mut Evaluation, truth: &Truth, asked: &Asked<'_>) -> Result<(), SearchError> {
    let levels = Levels::new(asked.ledger, asked.set.typologies.iter().map(|typology| &typology.flow));
    let searcher = Searcher::new(asked.ledger).with_levels(&levels);
    for (rule, typology) in asked.set.typologies.iter().enumerate() {
        let missed = missed(evaluation, truth, &typology.id);
        if missed.is_empty() {
            continue;
        }
        let inquiry = match Inquiry::new(&searcher, asked.set, rule, &asked.limits, asked.stop) {
            Err(SearchError::Interrupted) => return Err(SearchError::Interrupted),
            inquiry => inquiry.map(|inquiry| inquiry.with_texts(asked.sources, asked.overrides)),
        };
        for (place, rows) in missed {
            let answer = match inquiry.as_ref().map(|inquiry| nearest_miss(inquiry, &rows)) {
                Ok(Ok(miss)) if miss.is_match() => format!("{miss}, which has {} transfers", miss.transfers),
                Ok(Ok(miss)) => miss.to_string(),
                Ok(Err(SearchError::Interrupted)) => return Err(SearchError::Interrupted),
                Ok(Err(error)) => error.to_string(),
                Err(error) => error.to_string(),
            };
            evaluation.instances[place].why.push(format!("{}: {answer}", typology.id));
        }
    }
    Ok(())
}

/// The instances that are the business of a rule and were found by none of their own rules: place and transfers.
fn missed(evaluation: &Evaluation, truth: &Truth, rule: &str) -> Vec<(usize, Vec<RowId>)> {
    if evaluation.rules.iter().all(|of| of.rule != rule) {
        return Vec::new(); // it did not run
    }
    let places = evaluation.instances.iter().enumerate();
    let missed = places.filter(|(_, one)| one.verdict != Verdict::FoundByItsOwnRule);
    let known = missed.filter_map(|(place, one)| {
        let mut instances = truth.instances.iter().filter(|labelled| labelled.is_sound());
        let labelled = instances.find(|known| known.typology == one.typology && known.name == one.instance)?;
        let is_its = labelled.rules.iter().any(|id| id == rule);
        is_its.then(|| (place, labelled.rows.clone()))
    });
    known.collect()
}
