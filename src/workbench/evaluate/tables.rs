//! An evaluation as tables: for Markdown here, for a terminal in the command line.

use std::fmt::Write as _;

use crate::stats::Rate;

use super::names::normal;
use super::operating::Point;
use super::outcome::{Fit, Mistaken, Outcome};
use super::report::{Evaluation, OfRule, OfTypology, Recall};
use super::score::{Figures, Grain};

/// A table with what a reader must know of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sheet {
    /// What it is about.
    pub title: String,
    /// How to read it, in a sentence or two.
    pub note: String,
    /// The names of its columns.
    pub headings: Vec<&'static str>,
    /// Positions of the columns that hold numbers.
    pub numbers: Vec<usize>,
    /// Its rows, from top to bottom.
    pub rows: Vec<Vec<String>>,
}

/// The tables of an evaluation; those of single instances where they are wanted. A table without a row is left out.
#[must_use]
pub fn sheets(evaluation: &Evaluation, with_instances: bool) -> Vec<Sheet> {
    let mut sheets = vec![library(evaluation), rules(evaluation), typologies(evaluation), operating(evaluation)];
    sheets.extend([unlabelled(evaluation), set_aside(evaluation), lookalikes(evaluation)]);
    if with_instances {
        sheets.push(instances(evaluation));
    }
    sheets.retain(|sheet| !sheet.rows.is_empty());
    sheets
}

/// Tables as Markdown, each under its title.
#[must_use]
pub fn markdown(sheets: &[Sheet]) -> String {
    let mut text = String::new();
    for Sheet { title, note, headings, numbers, rows } in sheets {
        let rule = (0..headings.len()).map(|place| if numbers.contains(&place) { "--:" } else { "---" });
        let rule: Vec<&str> = rule.collect();
        let between = if text.is_empty() { "" } else { "\n" };
        let parts = (headings.join(" | "), rule.join("|"));
        write!(text, "{between}### {title}\n\n{note}\n\n| {} |\n|{}|\n", parts.0, parts.1).expect("memory takes all");
        for row in rows {
            let cells: Vec<String> = row.iter().map(|cell| cell.replace('|', "\\|")).collect();
            writeln!(text, "| {} |", cells.join(" | ")).expect("memory takes all");
        }
    }
    text
}

/// What is judged, in a sentence.
#[must_use]
pub fn summary(evaluation: &Evaluation) -> String {
    let subject = &evaluation.subject;
    let complete = if subject.is_exhaustive { "exhaustive" } else { "cut by a budget" };
    format!(
        "{} transfers, {} accounts, {} weeks; {} transfers labelled as laundering, {} sound instances, {} set aside, {} \
         lookalikes; {} matches ({complete}, sha256 {}).",
        subject.transfers,
        subject.accounts,
        subject.weeks,
        subject.labelled,
        subject.instances,
        subject.set_aside,
        subject.lookalikes,
        subject.matches,
        &subject.matches_sha256[..16],
    )
}

const GRAINS: [&str; 9] = ["of", "grain", "right", "wrong", "missed", "precision", "recall", "F1", "lift"];

fn library(evaluation: &Evaluation) -> Sheet {
    let overlap = evaluation.settings.overlap;
    Sheet {
        title: "All rules together".to_owned(),
        note: format!(
            "Each share stands with its exact 95 % interval. An instance is right if a match overlaps it by {overlap} or \
             more (Jaccard), and `touched` if a match shares a transfer with it; wrong are the matches that hit none."
        ),
        headings: GRAINS.to_vec(),
        numbers: (2..9).collect(),
        rows: grains("all rules", &evaluation.library),
    }
}

/// One row a grain, the name on the first.
fn grains(name: &str, figures: &Figures) -> Vec<Vec<String>> {
    let row = |(grain, counts): (&str, &Grain)| {
        let of = if grain == "transfer" { name.to_owned() } else { String::new() };
        let numbers = [counts.tp, counts.fp, counts.missed].map(|count| count.to_string());
        let rates = [counts.precision, counts.recall, counts.f1].map(rate);
        let lift = counts.lift.map_or_else(nothing, |lift| format!("{lift:.1}"));
        [vec![of, grain.to_owned()], numbers.to_vec(), rates.to_vec(), vec![lift]].concat()
    };
    let Figures { transfer, account, instance, touched, .. } = figures;
    [("transfer", transfer), ("account", account), ("instance", instance), ("touched", touched)].map(row).to_vec()
}

fn rules(evaluation: &Evaluation) -> Sheet {
    let shown = evaluation.rules.iter().filter(|rule| is_labelled(rule));
    Sheet {
        title: "Rules with labels".to_owned(),
        note: "Right and missed are what is labelled as the rule's business. Laundering under another name is neither \
               right nor wrong."
            .to_owned(),
        headings: GRAINS.to_vec(),
        numbers: (2..9).collect(),
        rows: shown.flat_map(|rule| grains(&named(rule), &rule.figures)).collect(),
    }
}

fn is_labelled(rule: &OfRule) -> bool {
    !rule.typologies.is_empty()
}

fn named(rule: &OfRule) -> String {
    let evaluated = if rule.is_evaluated { "" } else { " (not evaluable)" };
    let own = rule.typologies.iter().all(|typology| normal(typology) == rule.rule);
    let labels = if own { String::new() } else { format!(" ({})", rule.typologies.join(", ")) };
    format!("{}{labels}{evaluated}", rule.rule)
}

fn unlabelled(evaluation: &Evaluation) -> Sheet {
    let shown = evaluation.rules.iter().filter(|rule| !is_labelled(rule) && rule.figures.matches.total() > 0);
    let row = |rule: &OfRule| {
        let hits = rule.figures.matches;
        let counts =
            [hits.total(), hits.other, hits.set_aside, hits.lookalike, hits.nothing].map(|count| count.to_string());
        let public = rule.public_labels.name();
        [vec![rule.rule.clone(), public.to_owned()], counts.to_vec()].concat()
    };
    Sheet {
        title: "Rules without labels here".to_owned(),
        note: "Nothing here is labelled as their business, so that no recall can be given. Their matches by what they hit. \
               21 typologies of the library have public labels nowhere, others in part: the columns, and no label of \
               their name."
            .to_owned(),
        headings: vec!["rule", "public labels", "matches", "on laundering", "on set aside", "on lookalikes", "on nothing"],
        numbers: (2..7).collect(),
        rows: shown.map(row).collect(),
    }
}

fn typologies(evaluation: &Evaluation) -> Sheet {
    let rows = |one: &OfTypology| -> Vec<Vec<String>> {
        let own = if one.rules.is_empty() { "no rule".to_owned() } else { one.rules.join(", ") };
        let grains = [
            ("transfer", one.own.transfer, one.any.transfer),
            ("account", one.own.account, one.any.account),
            ("instance", one.own.instance, one.any.instance),
            ("touched", one.own.touched, one.any.touched),
        ];
        let row = |(grain, own_grain, any): (&str, Grain, Recall)| {
            let name = if grain == "transfer" { one.typology.clone() } else { String::new() };
            let rules = if grain == "transfer" { own.clone() } else { String::new() };
            let found = |found: usize, recall| format!("{found}: {}", rate(recall));
            vec![
                name,
                rules,
                grain.to_owned(),
                any.labelled.to_string(),
                found(own_grain.tp, own_grain.recall),
                found(any.found, any.recall),
                rate(own_grain.precision),
            ]
        };
        grains.map(row).to_vec()
    };
    let (shown, hidden): (Vec<_>, Vec<_>) =
        evaluation.typologies.iter().partition(|one| !one.rules.is_empty() || one.any.touched.found > 0);
    let left_out = match hidden.len() {
        0 => String::new(),
        count => format!(" Left out: {count} that no rule of the run is for, and that no match touches."),
    };
    Sheet {
        title: "Labelled typologies".to_owned(),
        note: format!(
            "What is found by the typology's own rules, and by any rule of the run; precision is that of its own \
             rules.{left_out}"
        ),
        headings: vec![
            "labelled as",
            "own rules",
            "grain",
            "labelled",
            "found by own: recall",
            "found by any: recall",
            "precision",
        ],
        numbers: (3..7).collect(),
        rows: shown.into_iter().flat_map(rows).collect(),
    }
}

fn operating(evaluation: &Evaluation) -> Sheet {
    let row = |point: &Point| {
        let read = if point.is_reached { point.read.clone() } else { format!("{} (out of reach)", point.read) };
        let share = point.false_positive_rate.map_or_else(nothing, |rate| format!("{rate:.5}"));
        let lift = point.lift.map_or_else(nothing, |lift| format!("{lift:.1}"));
        let counts = [point.alerts, point.right, point.wrong].map(|count| count.to_string());
        [vec![read], counts.to_vec(), vec![rate(point.precision), rate(point.recall), share, lift]].concat()
    };
    let unit = evaluation.settings.unit;
    let recall_of = evaluation.operating.first().map_or("instances", |point| point.recall_of);
    Sheet {
        title: format!("Operating points: alerts are {}", unit.plural()),
        note: format!(
            "The gravest are read first: by severity, value, number of rules. An alert is right if it holds a labelled \
             transfer; recall is of labelled {recall_of} that an alert read touches."
        ),
        headings: vec!["read", "alerts", "right", "wrong", "precision", "recall", "false-positive rate", "lift"],
        numbers: (1..8).collect(),
        rows: evaluation.operating.iter().map(row).collect(),
    }
}

fn set_aside(evaluation: &Evaluation) -> Sheet {
    let row = |one: &Outcome| {
        let reason = one.reason.clone().unwrap_or_default();
        vec![one.typology.clone(), one.instance.clone(), one.transfers.to_string(), reason]
    };
    Sheet {
        title: format!("Labels that do not hold: {}", evaluation.set_aside.len()),
        note: "These instances are not what their labels say. They count for no rule and against none.".to_owned(),
        headings: vec!["labelled as", "instance", "transfers", "why it is set aside"],
        numbers: vec![2],
        rows: evaluation.set_aside.iter().map(row).collect(),
    }
}

fn lookalikes(evaluation: &Evaluation) -> Sheet {
    let row = |one: &Mistaken| {
        let fits: Vec<String> = one.matches.iter().map(fit).collect();
        vec![one.lookalike_of.clone(), one.instance.clone(), one.transfers.to_string(), fits.join("; ")]
    };
    Sheet {
        title: format!(
            "Lookalikes taken for laundering: {} of {}",
            evaluation.lookalikes.len(),
            evaluation.subject.lookalikes
        ),
        note: "Legitimate flows that a match holds a part of and that hold no laundering.".to_owned(),
        headings: vec!["lookalike of", "instance", "transfers", "matches: rule (shared of its transfers, Jaccard)"],
        numbers: vec![2],
        rows: evaluation.lookalikes.iter().map(row).collect(),
    }
}

fn instances(evaluation: &Evaluation) -> Sheet {
    let row = |one: &Outcome| {
        let best = one.best.as_ref().map_or_else(nothing, fit);
        let own = one.own.as_ref().map_or_else(nothing, fit);
        let verdict = one.verdict.name().to_owned();
        vec![
            one.typology.clone(),
            one.instance.clone(),
            one.transfers.to_string(),
            verdict,
            own,
            best,
            one.why.join("; "),
        ]
    };
    Sheet {
        title: "Labelled instances".to_owned(),
        note: "The best match of the instance's own rules, and of any: rule (shared of its transfers, Jaccard)."
            .to_owned(),
        headings: vec![
            "labelled as",
            "instance",
            "transfers",
            "verdict",
            "own rule's best",
            "best of any",
            "what kept its rule away",
        ],
        numbers: vec![2],
        rows: evaluation.instances.iter().map(row).collect(),
    }
}

fn fit(fit: &Fit) -> String {
    format!("{} ({} of {}, {:.2})", fit.rule, fit.shared, fit.transfers, fit.jaccard)
}

/// A share with its interval, to two decimals; a dash where there were no trials.
fn rate(rate: Option<Rate>) -> String {
    rate.map_or_else(nothing, |rate| format!("{:.2} ({:.2}–{:.2})", rate.value, rate.low, rate.high))
}

fn nothing() -> String {
    "-".to_owned()
}
