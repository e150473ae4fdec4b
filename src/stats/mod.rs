//! Matches → aggregate statistics: how much was found, how long it took, how much of the ledger it touches.
//!
//! The door is [`assess`]. Each statistic is a file with its formula, its reference and a test against a published
//! value; `docs/statistics.md` tells a reader what each number means and what it does not. Floats begin here: money
//! stays exact and is shown as decimal text.

mod breakdown;
mod cases;
mod completeness;
mod decimal;
mod delay;
mod interval;
mod overlap;
mod quantile;
mod rate;
mod share;
mod touched;
mod whole;

pub use breakdown::Bucket;
pub use cases::{CaseStatistics, LargestCase};
pub use completeness::{CompletenessFacts, CutFacts, NotEvaluatedFacts};
pub use decimal::Decimal;
pub use interval::Interval;
pub use overlap::{Overlap, overlaps};
pub use quantile::Quantiles;
pub use rate::{Rate, chance};
pub use share::{AccountShare, ValueShare};
pub use whole::{Counting, Whole};

use std::collections::BTreeMap;

use rayon::prelude::*;
use serde::Serialize;

use crate::ingest::Intake;
use crate::lang::{Severity, TypologySet};
use crate::sift::{Match, Sifted, Tally};

use breakdown::Breakdowns;
use touched::Touched;

/// What statistics are made of.
#[derive(Clone, Copy, Debug)]
pub struct Evidence<'a> {
    /// What was read.
    pub intake: &'a Intake,
    /// The rules that ran.
    pub set: &'a TypologySet,
    /// What was found.
    pub sifted: &'a Sifted,
    /// Numbers about the whole ledger.
    pub whole: &'a Whole,
}

/// The aggregate statistics of a run; `statistics.json` is this, field by field.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Statistics {
    /// The currency of all amounts.
    pub base_currency: String,
    /// The whole ledger, matched or not.
    pub ledger: LedgerFacts,
    /// The rows read.
    pub rows: RowFacts,
    /// Whether everything was found.
    pub completeness: CompletenessFacts,
    /// All rules together; a transfer that two rules match counts once in the distinct numbers.
    pub overall: Summary,
    /// Each rule of the run, in id order, also those without a match.
    pub rules: Vec<RuleStatistics>,
    /// Pairs of rules that share transfers.
    pub overlap: Vec<Overlap>,
    /// The cases.
    pub cases: CaseStatistics,
}

/// Numbers about the whole ledger.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LedgerFacts {
    /// Accepted transfers.
    pub transfers: usize,
    /// Accounts that they name.
    pub accounts: usize,
    /// Time of the first transfer, RFC 3339.
    pub first: Option<String>,
    /// Time of the last transfer.
    pub last: Option<String>,
    /// Sum of all transfers that can be weighed.
    pub value: Decimal,
    /// Transfers without an amount in the base currency.
    pub unweighed: usize,
    /// Transfers from an account to itself: accepted, never matched.
    pub self_transfers: usize,
    /// Transfers by booked currency, in code order.
    pub currencies: Vec<CurrencyFacts>,
}

/// Numbers about one currency.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CurrencyFacts {
    /// ISO 4217 code.
    pub currency: String,
    /// Transfers booked in it.
    pub transfers: usize,
    /// Of these, how many have no amount in the base currency.
    pub unweighed: usize,
}

/// Where the rows of the input went.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RowFacts {
    /// Rows read; the sum of the next two.
    pub read: u64,
    /// Rows that became transfers.
    pub accepted: u64,
    /// Rows set aside.
    pub rejected: u64,
    /// Rows set aside by reason, in reason order.
    pub rejected_by_reason: BTreeMap<String, u64>,
}

/// The statistics of one rule.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RuleStatistics {
    /// Rule id.
    pub rule: String,
    /// Its version.
    pub version: u32,
    /// Its severity.
    pub severity: Severity,
    /// Whether the ledger's data could answer it; if not, `completeness` says why.
    pub evaluated: bool,
    /// Finished matches that are not reported.
    pub dropped: Dropped,
    /// What its matches amount to.
    #[serde(flatten)]
    pub summary: Summary,
}

/// Finished matches of a rule that are not reported, by reason.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Dropped {
    /// Above an upper end of the rule.
    pub above_upper_end: usize,
    /// A transfer is there that the rule's `without` forbids.
    pub without: usize,
    /// A payment came that the rule's `expected` wants missing.
    pub expected: usize,
    /// The rule's `unless` holds.
    pub unless: usize,
    /// Another match of the rule holds all their transfers.
    pub contained: usize,
}

/// What a set of matches amounts to.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Summary {
    /// Matches.
    pub matches: usize,
    /// Instances that they unite.
    pub instances: u64,
    /// Matches that a more specific rule explains.
    pub covered: usize,
    /// Distinct transfers.
    pub transfers: usize,
    /// Distinct accounts that pay or are paid in them.
    pub accounts: usize,
    /// Their money.
    pub value: Value,
    /// From first to last transfer, in seconds.
    pub duration_seconds: Option<Quantiles>,
    /// Length of the line.
    pub hops: Option<Quantiles>,
    /// How long money rests: from the latest transfer that feeds a transfer to that transfer, in seconds.
    pub delay_seconds: Option<Quantiles>,
    /// Share of the ledger's accounts that they touch.
    pub account_share: AccountShare,
    /// Share of the ledger's value that they touch.
    pub value_share: ValueShare,
    /// By month of booking, UTC.
    pub by_month: Vec<Bucket>,
    /// By channel; null where the ledger has no such column.
    pub by_channel: Option<Vec<Bucket>>,
    /// By booked currency.
    pub by_currency: Vec<Bucket>,
    /// By country of payer and payee; null where the account table has no such column.
    pub by_corridor: Option<Vec<Bucket>>,
}

/// The money of a set of matches, in the base currency.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Value {
    /// The sum over matches: a transfer counts once in each match that holds it.
    pub gross: Decimal,
    /// The sum over distinct transfers.
    pub net: Decimal,
    /// Distinct transfers that cannot be weighed, left out of both sums.
    pub unweighed: usize,
}

/// The statistics of a run.
#[must_use]
pub fn assess(evidence: &Evidence<'_>) -> Statistics {
    let Evidence { intake, set, sifted, whole } = *evidence;
    let breakdowns = Breakdowns::new(&intake.ledger, &whole.buckets);
    let total = whole.value;
    let all: Vec<&Match> = sifted.matches.list.iter().collect();
    let rules: Vec<(RuleStatistics, Touched)> =
        (0..set.typologies.len()).into_par_iter().map(|rule| assess_rule(evidence, &breakdowns, total, rule)).collect();
    let touched: Vec<&Touched> = rules.iter().map(|(_, touched)| touched).collect();
    Statistics {
        base_currency: intake.ledger.base().code.clone(),
        ledger: ledger_facts(evidence, total),
        rows: row_facts(evidence),
        completeness: CompletenessFacts::new(&sifted.completeness, &intake.ledger, set),
        overall: summarise(evidence, &breakdowns, total, &all, &Touched::by(&all, &intake.ledger)),
        overlap: overlap::between(&touched, set),
        cases: CaseStatistics::new(&sifted.cases),
        rules: rules.into_iter().map(|(rule, _)| rule).collect(),
    }
}

fn assess_rule(
    evidence: &Evidence<'_>,
    breakdowns: &Breakdowns<'_>,
    total: i128,
    rule: usize,
) -> (RuleStatistics, Touched) {
    let typology = &evidence.set.typologies[rule];
    let of_rule = |matched: &&Match| matched.rule == rule;
    let matches: Vec<&Match> = evidence.sifted.matches.list.iter().filter(of_rule).collect();
    let touched = Touched::by(&matches, &evidence.intake.ledger);
    let tally = evidence.sifted.tallies.iter().find(|tally| tally.rule == rule).copied().unwrap_or_default();
    let not_evaluated = &evidence.sifted.completeness.not_evaluated;
    let statistics = RuleStatistics {
        rule: typology.id.clone(),
        version: typology.version,
        severity: typology.severity,
        evaluated: not_evaluated.iter().all(|missing| missing.rule != rule),
        dropped: dropped(tally),
        summary: summarise(evidence, breakdowns, total, &matches, &touched),
    };
    (statistics, touched)
}

fn dropped(tally: Tally) -> Dropped {
    Dropped {
        above_upper_end: tally.above_upper_end,
        without: tally.without,
        expected: tally.expected,
        unless: tally.unless,
        contained: tally.contained,
    }
}

/// What some matches, and the transfers that they touch, amount to.
fn summarise(
    evidence: &Evidence<'_>,
    breakdowns: &Breakdowns<'_>,
    total: i128,
    matches: &[&Match],
    touched: &Touched,
) -> Summary {
    let ledger = &evidence.intake.ledger;
    let digits = ledger.base().digits;
    let durations = matches.iter().map(|matched| seconds(matched.ended - matched.started));
    #[expect(clippy::cast_precision_loss, reason = "a line has few hops")]
    let hops = matches.iter().map(|matched| matched.hops as f64);
    Summary {
        matches: matches.len(),
        instances: matches.iter().map(|matched| matched.instances).sum(),
        covered: matches.iter().filter(|matched| !matched.covered_by.is_empty()).count(),
        transfers: touched.transfers.len(),
        accounts: touched.accounts,
        value: Value {
            gross: Decimal::new(
                matches.iter().map(|matched| touched::weighed(ledger, &matched.transfers)).sum(),
                digits,
            ),
            net: Decimal::new(touched.value, digits),
            unweighed: touched.unweighed,
        },
        duration_seconds: Quantiles::of(durations.collect()),
        hops: Quantiles::of(hops.collect()),
        delay_seconds: Quantiles::of(delay::delays(matches, ledger, evidence.set)),
        account_share: AccountShare::new(touched.accounts, ledger.accounts().len()),
        value_share: ValueShare::new(touched.value, total, digits),
        by_month: breakdowns.by_month(matches, &touched.transfers),
        by_channel: breakdowns.by_channel(matches, &touched.transfers),
        by_currency: breakdowns.by_currency(matches, &touched.transfers),
        by_corridor: breakdowns.by_corridor(matches, &touched.transfers),
    }
}

fn ledger_facts(evidence: &Evidence<'_>, total: i128) -> LedgerFacts {
    let ledger = &evidence.intake.ledger;
    let summary = evidence.whole.summary.clone();
    let currencies = summary.currencies.into_iter().map(|currency| CurrencyFacts {
        currency: currency.code,
        transfers: currency.transfers,
        unweighed: currency.unweighed,
    });
    LedgerFacts {
        transfers: summary.transfers,
        accounts: summary.accounts,
        first: summary.first.map(|time| time.to_string()),
        last: summary.last.map(|time| time.to_string()),
        value: Decimal::new(total, ledger.base().digits),
        unweighed: summary.unweighed,
        self_transfers: summary.self_transfers,
        currencies: currencies.collect(),
    }
}

fn row_facts(evidence: &Evidence<'_>) -> RowFacts {
    let intake = evidence.intake;
    let mut rejected_by_reason = BTreeMap::new();
    for reject in &intake.rejects.rows {
        *rejected_by_reason.entry(reject.reason.clone()).or_default() += 1;
    }
    RowFacts {
        read: intake.read,
        accepted: evidence.whole.summary.transfers as u64,
        rejected: intake.rejects.rows.len() as u64,
        rejected_by_reason,
    }
}

/// A length of time in seconds, for quantiles.
#[expect(clippy::cast_precision_loss, reason = "exact below 2^53 microseconds, which is 285 years")]
fn seconds(span: crate::columns::Span) -> f64 {
    span.0 as f64 / crate::columns::Span::SECOND.0 as f64
}
