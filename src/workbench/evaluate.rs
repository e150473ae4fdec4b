//! Holds matches against ground truth: which labelled instances of a ledger were found, found in part, or missed.
//!
//! Labels are read beside the ledger and never reach a rule; this is the first place that sees both.

use std::collections::{BTreeMap, BTreeSet};

use crate::columns::RowId;
use crate::ingest::Labels;
use crate::lang::TypologySet;
use crate::sift::{Match, Matches};

/// What became of one labelled instance.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// The typology that the label names, `-` where it names none.
    pub typology: String,
    /// The instance that the label names.
    pub instance: String,
    /// Its labelled transfers.
    pub transfers: usize,
    /// Whether it was found.
    pub verdict: Verdict,
    /// The rules that touch it, the one that fits best first.
    pub rules: Vec<Hit>,
}

/// How well a rule's best match fits an instance.
#[derive(Clone, Debug, PartialEq)]
pub struct Hit {
    /// Rule id.
    pub rule: String,
    /// Id of the match.
    pub match_id: String,
    /// Transfers that the match and the instance share.
    pub shared: usize,
    /// Shared transfers over the transfers of either (Jaccard).
    pub overlap: f64,
}

/// Whether an instance was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// A match overlaps it by half or more (Jaccard), or holds all its transfers.
    Found,
    /// Some match shares a transfer with it.
    Part,
    /// No match touches it.
    Missed,
}

impl Verdict {
    /// The verdict in words.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Found => "found",
            Self::Part => "found in part",
            Self::Missed => "missed",
        }
    }
}

/// The outcome of every labelled instance, in (typology, instance) order. Labels without an instance are left out.
#[must_use]
pub fn evaluate(labels: &Labels, matches: &Matches, set: &TypologySet) -> Vec<Outcome> {
    let mut instances = BTreeMap::<(String, String), BTreeSet<RowId>>::new();
    for (row, typology, instance) in &labels.rows {
        if let Some(instance) = instance {
            let typology = typology.clone().unwrap_or_else(|| "-".to_owned());
            instances.entry((typology, instance.clone())).or_default().insert(*row);
        }
    }
    let mut holders = BTreeMap::<RowId, Vec<usize>>::new();
    for (position, found) in matches.list.iter().enumerate() {
        for &row in &found.transfers {
            holders.entry(row).or_default().push(position);
        }
    }
    let outcome = |((typology, instance), rows): ((String, String), BTreeSet<RowId>)| {
        let touching: BTreeSet<usize> = rows.iter().filter_map(|row| holders.get(row)).flatten().copied().collect();
        let rules = best_of_each_rule(touching.into_iter().map(|position| &matches.list[position]), &rows, set);
        let complete = rules.iter().any(|hit| hit.overlap >= 0.5 || hit.shared == rows.len());
        let verdict = match rules.is_empty() {
            true => Verdict::Missed,
            false if complete => Verdict::Found,
            false => Verdict::Part,
        };
        Outcome { typology, instance, transfers: rows.len(), verdict, rules }
    };
    instances.into_iter().map(outcome).collect()
}

fn best_of_each_rule<'m>(
    touching: impl Iterator<Item = &'m Match>,
    rows: &BTreeSet<RowId>,
    set: &TypologySet,
) -> Vec<Hit> {
    let mut best = BTreeMap::<usize, Hit>::new();
    for found in touching {
        let shared = found.transfers.iter().filter(|row| rows.contains(row)).count();
        let either = found.transfers.len() + rows.len() - shared;
        #[expect(clippy::cast_precision_loss, reason = "a share of two counts")]
        let overlap = shared as f64 / either as f64;
        let hit = Hit { rule: set.typologies[found.rule].id.clone(), match_id: found.id.clone(), shared, overlap };
        let kept = best.entry(found.rule).or_insert_with(|| hit.clone());
        if hit.overlap > kept.overlap {
            *kept = hit;
        }
    }
    let mut hits: Vec<Hit> = best.into_values().collect();
    hits.sort_by(|a, b| b.overlap.total_cmp(&a.overlap).then_with(|| a.rule.cmp(&b.rule)));
    hits
}
