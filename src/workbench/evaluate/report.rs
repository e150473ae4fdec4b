//! Everything that an evaluation says, as one value: for tables, for programs, for the record.

use std::collections::BTreeMap;

use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::columns::hex;
use crate::engine::Analysis;
use crate::lang::{Severity, Typology};
use crate::sift::Match;
use crate::stats::Rate;

use super::alerts::{Queue, Unit};
use super::names::PublicLabels;
use super::operating::{Point, Questions, points};
use super::outcome::{Mistaken, Outcome, mistaken, outcomes, touches};
use super::score::{Aim, Figures, Grain, Sought, score};
use super::truth::{Standing, Truth};

/// How to judge.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Settings {
    /// Least Jaccard index of an instance and a match that hits it, above 0 and at most 1.
    pub overlap: f64,
    /// What one alert is.
    pub unit: Unit,
    /// What is asked of the alerts.
    #[serde(flatten)]
    pub questions: Questions,
}

/// An evaluation; the JSON form is this, field by field.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Evaluation {
    /// How it was judged.
    pub settings: Settings,
    /// What was judged.
    pub subject: Subject,
    /// All rules together.
    pub library: Figures,
    /// Each rule of the run, in id order.
    pub rules: Vec<OfRule>,
    /// Each labelled typology, in order.
    pub typologies: Vec<OfTypology>,
    /// Instances that are not what their labels say.
    pub set_aside: Vec<Outcome>,
    /// Legitimate flows that matches take for laundering.
    pub lookalikes: Vec<Mistaken>,
    /// What the alerts are worth that can be read.
    pub operating: Vec<Point>,
    /// What became of each labelled instance.
    pub instances: Vec<Outcome>,
}

/// What was judged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Subject {
    /// Transfers of the ledger.
    pub transfers: usize,
    /// Its accounts.
    pub accounts: usize,
    /// Weeks that it covers, begun ones too.
    pub weeks: usize,
    /// Transfers that are labelled as laundering.
    pub labelled: usize,
    /// Labelled instances that have the shape that their label names.
    pub instances: usize,
    /// Labelled instances that have not.
    pub set_aside: usize,
    /// Labelled legitimate flows.
    pub lookalikes: usize,
    /// Matches.
    pub matches: usize,
    /// SHA-256 of the matches' ids in order: the same labels or others, the same hash.
    pub matches_sha256: String,
    /// Whether no budget cut the search.
    pub is_exhaustive: bool,
}

/// What a rule is worth.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct OfRule {
    /// Rule id.
    pub rule: String,
    /// Its severity.
    pub severity: Severity,
    /// Whether the ledger can answer it.
    pub is_evaluated: bool,
    /// The labelled typologies of this ledger that are its business.
    pub typologies: Vec<String>,
    /// Whether public data sets have labels for it.
    pub public_labels: PublicLabels,
    /// Its matches, held against the labels that are its business.
    pub figures: Figures,
}

/// How well a labelled typology is found.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct OfTypology {
    /// The name as labelled.
    pub typology: String,
    /// The rules of the run whose business it is.
    pub rules: Vec<String>,
    /// Found by them.
    pub own: Figures,
    /// Found by any rule of the run; what other typologies' rules find wrongly is not counted here.
    pub any: Found,
}

/// What was found of what is labelled.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Found {
    /// Transfers.
    pub transfer: Recall,
    /// Accounts.
    pub account: Recall,
    /// Labelled instances, by overlap.
    pub instance: Recall,
    /// Labelled instances, by a shared transfer.
    pub touched: Recall,
}

/// Found, of so many labelled.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Recall {
    /// Those that are found.
    pub found: usize,
    /// All that are labelled.
    pub labelled: usize,
    /// The quotient.
    pub recall: Option<Rate>,
}

impl From<Grain> for Recall {
    fn from(grain: Grain) -> Self {
        Self { found: grain.tp, labelled: grain.tp + grain.missed, recall: grain.recall }
    }
}

/// Judges an analysis by the labels of its ledger.
#[must_use]
pub fn evaluate(analysis: &Analysis, truth: &Truth, settings: &Settings) -> Evaluation {
    let queue = Queue::new(analysis, truth, settings.unit);
    let touches = touches(analysis, truth);
    let mut instances = outcomes(analysis, truth, &touches, settings.overlap);
    let set_aside = instances.extract_if(.., |outcome| outcome.reason.is_some()).collect();
    Evaluation {
        settings: *settings,
        subject: subject(analysis, truth, queue.weeks),
        library: of_matches(analysis, truth, settings, Sought::All, |_| true),
        rules: analysis.set.typologies.iter().map(|rule| of_rule(analysis, truth, settings, rule)).collect(),
        typologies: typologies(truth).into_iter().map(|one| of_typology(analysis, truth, settings, one)).collect(),
        set_aside,
        lookalikes: mistaken(analysis, truth, &touches),
        operating: points(&queue, truth, &settings.questions),
        instances,
    }
}

fn of_matches(
    analysis: &Analysis,
    truth: &Truth,
    settings: &Settings,
    sought: Sought<'_>,
    counts: impl Fn(&str) -> bool,
) -> Figures {
    let is_meant = |found: &&Match| counts(&analysis.set.typologies[found.rule].id);
    let matches = analysis.sifted.matches.list.iter().filter(is_meant);
    score(truth, &analysis.intake.ledger, matches, &Aim { sought, overlap: settings.overlap })
}

fn subject(analysis: &Analysis, truth: &Truth, weeks: usize) -> Subject {
    let ledger = &analysis.intake.ledger;
    let matches = &analysis.sifted.matches.list;
    let mut hash = Sha256::new();
    for found in matches {
        hash.update(found.id.as_bytes());
    }
    let lookalikes = truth.instances.iter().filter(|one| one.standing == Standing::Lookalike).count();
    let sound = truth.instances.iter().filter(|one| one.is_sound()).count();
    let laundering = truth.instances.iter().filter(|one| one.standing != Standing::Lookalike);
    let mut labelled: Vec<_> = laundering.flat_map(|one| one.rows.iter().copied()).collect();
    labelled.extend(truth.loose.iter().map(|loose| loose.0));
    labelled.sort_unstable();
    labelled.dedup();
    Subject {
        transfers: ledger.len(),
        accounts: ledger.accounts().len(),
        weeks,
        labelled: labelled.len(),
        instances: sound,
        set_aside: truth.instances.len() - sound - lookalikes,
        lookalikes,
        matches: matches.len(),
        matches_sha256: hex(&hash.finalize()),
        is_exhaustive: analysis.sifted.completeness.is_exhaustive(),
    }
}

fn of_rule(analysis: &Analysis, truth: &Truth, settings: &Settings, rule: &Typology) -> OfRule {
    let id = &rule.id;
    let lacking = &analysis.sifted.completeness.not_evaluated;
    let its = typologies(truth).into_iter().filter(|(_, rules)| rules.contains(id));
    OfRule {
        rule: id.clone(),
        severity: rule.severity,
        is_evaluated: lacking.iter().all(|missing| analysis.set.typologies[missing.rule].id != *id),
        typologies: its.map(|(name, _)| name.to_owned()).collect(),
        public_labels: PublicLabels::of(id),
        figures: of_matches(analysis, truth, settings, Sought::Rule(id), |rule| rule == id),
    }
}

/// The labelled typologies and the rules whose business they are, in order; lookalikes label none.
fn typologies(truth: &Truth) -> BTreeMap<&str, &[String]> {
    let meant = truth.instances.iter().filter(|one| one.standing != Standing::Lookalike);
    let of_instances = meant.map(|one| (one.typology.as_str(), one.rules.as_slice()));
    of_instances.chain(truth.loose_rules.iter().map(|(name, rules)| (name.as_str(), rules.as_slice()))).collect()
}

fn of_typology(
    analysis: &Analysis,
    truth: &Truth,
    settings: &Settings,
    (name, rules): (&str, &[String]),
) -> OfTypology {
    let is_its = |rule: &str| rules.iter().any(|id| id == rule);
    let any = of_matches(analysis, truth, settings, Sought::Typology(name), |_| true);
    OfTypology {
        typology: name.to_owned(),
        rules: rules.iter().filter(|rule| analysis.set.position(rule).is_some()).cloned().collect(),
        own: of_matches(analysis, truth, settings, Sought::Typology(name), is_its),
        any: Found {
            transfer: any.transfer.into(),
            account: any.account.into(),
            instance: any.instance.into(),
            touched: any.touched.into(),
        },
    }
}
