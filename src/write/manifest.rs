//! `manifest.json`: what was run on what, by which rules, with the hash of everything that went in and came out.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::ingest::{InputFile, RateUsed};
use crate::lang::{Typology, Value};
use crate::plan::Plan;
use crate::stats::CompletenessFacts;

use super::{Report, Sliced};

/// Who writes these manifests; by it a folder of ours is known again.
pub(super) const PROGRAM: &str = "moneytrail";

#[derive(Serialize)]
pub(super) struct Manifest<'a> {
    program: &'static str,
    version: &'static str,
    command: &'a [String],
    started: String,
    finished: String,
    read: u64,
    accepted: u64,
    rejected: u64,
    completeness: &'a CompletenessFacts,
    /// Nothing of a run is drawn by chance.
    seed: Option<u64>,
    base_currency: &'a str,
    mapping: &'a str,
    rates: &'a [RateUsed],
    identifiable: bool,
    limits: BTreeMap<&'static str, u64>,
    time_budget: Option<String>,
    /// How the ledger was cut, if it was.
    sliced: Option<Sliced>,
    set: Vec<String>,
    notes: &'a [String],
    inputs: &'a [InputFile],
    rules: Vec<Rule<'a>>,
    outputs: Vec<Output>,
}

/// One rule that ran.
#[derive(Serialize)]
struct Rule<'a> {
    #[serde(rename = "rule")]
    id: &'a str,
    version: u32,
    path: &'a str,
    sha256: &'a str,
    kernel: Option<String>,
    parameters: BTreeMap<&'a str, String>,
}

/// One file of the folder.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Output {
    pub(super) file: String,
    pub(super) bytes: u64,
    pub(super) sha256: String,
}

pub(super) fn manifest(report: Report<'_>, outputs: Vec<Output>) -> Manifest<'_> {
    let (intake, facts) = (report.intake, report.facts);
    let rejected = intake.rejects.rows.len() as u64;
    let kernels = report.plans.iter().map(|plans| plans.as_deref().map(kernels));
    Manifest {
        program: PROGRAM,
        version: env!("CARGO_PKG_VERSION"),
        command: &facts.command,
        started: facts.started.to_string(),
        finished: facts.finished.to_string(),
        read: intake.read,
        accepted: report.statistics.rows.accepted,
        rejected,
        completeness: &report.statistics.completeness,
        seed: None,
        base_currency: &intake.ledger.base().code,
        mapping: &intake.mapping,
        rates: &intake.rates,
        identifiable: facts.identifiable,
        limits: BTreeMap::from([
            ("max_instances_per_anchor", facts.limits.instances_per_anchor),
            ("max_matches_per_rule", facts.limits.matches_per_rule),
        ]),
        time_budget: facts.time_budget.map(|budget| budget.to_string()),
        sliced: report.slices,
        set: facts.overrides.iter().map(|set| format!("{}.{}={}", set.rule, set.parameter, set.value)).collect(),
        notes: &intake.notes,
        inputs: &intake.files,
        rules: report.set.typologies.iter().zip(kernels).map(|(typology, kernel)| rule(typology, kernel)).collect(),
        outputs,
    }
}

/// The matchers of a rule's flows, each once.
fn kernels(plans: &[Plan]) -> String {
    let mut names: Vec<&str> = plans.iter().map(|plan| plan.kernel.name()).collect();
    names.sort_unstable();
    names.dedup();
    names.join(", ")
}

fn rule(typology: &Typology, kernel: Option<String>) -> Rule<'_> {
    let value = |value: &Value| value.to_string();
    Rule {
        id: &typology.id,
        version: typology.version,
        path: &typology.path,
        sha256: &typology.sha256,
        kernel,
        parameters: typology
            .parameters
            .iter()
            .map(|parameter| (parameter.name.as_str(), value(&parameter.value)))
            .collect(),
    }
}
