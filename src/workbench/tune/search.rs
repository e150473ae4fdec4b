//! Many settings of one rule over one ledger: one search with the loosest of them, then each setting by the engine's own
//! stages among the transfers that it left.
//!
//! What a setting gives is what a run of its own gives. Settings that ask the same of instances share one search.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};

use crate::columns::{LedgerSummary, RowId};
use crate::lang::{Flow, Typology, TypologySet};
use crate::plan::{self, Plan};
use crate::search::{Among, Cut, Instances, Limits, SearchError, Searcher, StandIn};
use crate::sift::{self, Found, Sifted};

use super::loosest::{Loosest, key, loosest};

/// What is searched, and with what.
#[derive(Clone, Copy, Debug)]
pub struct Ground<'a> {
    /// The ledger, with the owners that the rule is matched between ([`crate::search::Levels`]).
    pub searcher: &'a Searcher<'a>,
    /// The rule as it is, and the rules that it uses.
    pub set: &'a TypologySet,
    /// Budgets of each search.
    pub limits: &'a Limits,
    /// Ends everything when it is set.
    pub stop: &'a AtomicBool,
}

/// What the one search was, and what it left to the settings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pass {
    /// Transfers of the ledger.
    pub ledger: usize,
    /// Transfers that the settings were searched among; those of the ledger where `whole` says why.
    pub among: usize,
    /// Instances of the loosest search.
    pub instances: u64,
    /// Clauses that the loosest search did not ask.
    pub lifted: BTreeSet<String>,
    /// How many of the settings ask different things of instances, and were searched.
    pub searched: usize,
    /// Why each setting was searched in the whole ledger, where that was so.
    pub whole: Option<Whole>,
}

/// Why there was no search with the loosest setting, or none that could be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Whole {
    /// All settings ask the same of instances, so that the first search is the only one.
    OneSearch,
    /// A budget cut it; the option that raises the budget.
    Cut(&'static str),
}

/// Searches the settings of a rule, and hands over what each gives, in order.
///
/// The settings are the rule with other values of its parameters.
///
/// # Errors
///
/// Where the ledger cannot answer the rule, or `stop` was set.
pub fn each_setting(
    ground: &Ground<'_>,
    settings: &[&Typology],
    hear: &mut dyn FnMut(usize, Sifted),
) -> Result<Pass, SearchError> {
    let ledger = ground.searcher.ledger();
    let summary = ledger.summary();
    let Some(first) = settings.first() else { return Ok(Pass { ledger: ledger.len(), ..Pass::default() }) };
    let (standins, cuts) = standins(ground, first, &summary)?;
    let mut groups = BTreeMap::<Vec<String>, Vec<usize>>::new();
    for (position, setting) in settings.iter().enumerate() {
        groups.entry(setting.flows().map(key).collect()).or_default().push(position);
    }
    let walk = Walk { ground, summary: &summary, standins: &standins, cuts: &cuts };
    let mut pass = Pass { ledger: ledger.len(), among: ledger.len(), searched: groups.len(), ..Pass::default() };
    let among = if groups.len() == 1 {
        pass.whole = Some(Whole::OneSearch);
        None
    } else {
        walk.loosest(settings, &mut pass)?
    };
    let mut order: Vec<&Vec<usize>> = groups.values().collect();
    order.sort();
    for group in order {
        let found = walk.instances(settings[group[0]], among.as_ref())?;
        if pass.whole == Some(Whole::OneSearch) {
            pass.instances = found.iter().map(Instances::total).sum();
        }
        for &position in group {
            hear(position, walk.sifted(settings[position], &found)?);
        }
    }
    Ok(pass)
}

/// The finished matches of the rules that a rule uses, and where a budget cut the search for them.
fn standins(
    ground: &Ground<'_>,
    rule: &Typology,
    summary: &LedgerSummary,
) -> Result<(Vec<StandIn>, Vec<Cut>), SearchError> {
    let ids: BTreeSet<&str> = rule.flow.uses().collect();
    let (mut all, mut cuts) = (Vec::new(), Vec::new());
    for id in ids {
        let position = ground.set.position(id).expect("a checked rule uses rules of its set");
        let used = &ground.set.typologies[position];
        let (inner, inner_cuts) = standins(ground, used, summary)?;
        let plans = planned(used, summary)?;
        let run = |plan| {
            let mut instances = ground.searcher.run_using(plan, &inner, ground.limits, ground.stop)?;
            instances.cuts.extend_from_slice(&inner_cuts);
            Ok(Found { rule: position, plan, instances })
        };
        let found = plans.iter().map(run).collect::<Result<Vec<_>, SearchError>>()?;
        all.extend(sift::stand_ins(&found, ground.searcher)?);
        cuts.extend(found.iter().flat_map(|found| &found.instances.cuts).cloned());
    }
    Ok((all, cuts))
}

fn planned(rule: &Typology, summary: &LedgerSummary) -> Result<Vec<Plan>, SearchError> {
    plan::build(rule, summary).map_err(|missing| SearchError::NotEvaluable(missing.reason))
}

/// What all searches of a pass share.
#[derive(Clone, Copy, Debug)]
struct Walk<'a> {
    ground: &'a Ground<'a>,
    summary: &'a LedgerSummary,
    standins: &'a [StandIn],
    /// Cuts of the rules that are used: they hold for every setting.
    cuts: &'a [Cut],
}

impl Walk<'_> {
    /// The transfers that some setting can use; nothing where a budget cut the search for them.
    fn loosest(&self, settings: &[&Typology], pass: &mut Pass) -> Result<Option<Among<'_>>, SearchError> {
        let flows: Vec<Vec<&Flow>> = settings.iter().map(|setting| setting.flows().collect()).collect();
        let of_flow = |flow: usize| loosest(&flows.iter().map(|flows| flows[flow]).collect::<Vec<_>>());
        let loosest: Vec<Loosest> = (0..flows[0].len()).map(of_flow).collect();
        pass.lifted = loosest.iter().flat_map(|loosest| loosest.lifted.clone()).collect();
        let mut all = loosest.into_iter().map(|loosest| loosest.flow);
        let rule =
            Typology { flow: all.next().expect("a rule has a flow"), others: all.collect(), ..settings[0].clone() };
        let found = self.instances(&rule, None)?;
        pass.instances = found.iter().map(Instances::total).sum();
        if let Some(cut) = found.iter().flat_map(|found| &found.cuts).next() {
            pass.whole = Some(Whole::Cut(cut.budget));
            return Ok(None);
        }
        let rows: BTreeSet<RowId> =
            found.iter().flat_map(|found| found.iter().flat_map(|instance| instance.rows().iter().copied())).collect();
        let among = self.ground.searcher.among(&rule.flow, rows.into_iter().collect())?;
        pass.among = among.len();
        Ok(Some(among))
    }

    /// The instances of each flow of a setting.
    fn instances(&self, setting: &Typology, among: Option<&Among<'_>>) -> Result<Vec<Instances>, SearchError> {
        let Ground { searcher, limits, stop, .. } = self.ground;
        let run = |plan: &Plan| match among {
            Some(among) => searcher.run_among(plan, self.standins, among, limits, stop),
            None => searcher.run_using(plan, self.standins, limits, stop),
        };
        planned(setting, self.summary)?.iter().map(run).collect()
    }

    /// What becomes of the instances of a setting.
    fn sifted(&self, setting: &Typology, found: &[Instances]) -> Result<Sifted, SearchError> {
        if self.ground.stop.load(Ordering::Relaxed) {
            return Err(SearchError::Interrupted);
        }
        let plans = planned(setting, self.summary)?;
        let found = plans.iter().zip(found).map(|(plan, instances)| {
            let mut instances = instances.clone();
            instances.cuts.extend_from_slice(self.cuts);
            Found { rule: 0, plan, instances }
        });
        let alone = TypologySet { typologies: vec![setting.clone()] };
        let sifted = sift::consolidate(found.collect(), self.ground.searcher, &alone)?;
        match sifted.completeness.not_evaluated.first() {
            Some(missing) => Err(SearchError::NotEvaluable(missing.reason.clone())),
            None => Ok(sifted),
        }
    }
}
