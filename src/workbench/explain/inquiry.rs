//! One rule asked of one ledger, searched once, ready to be asked why and why not.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::AtomicBool;

use crate::columns::{Ledger, RowId};
use crate::lang::{Override, Source, Typology, TypologySet};
use crate::plan::{self, NotEvaluable, Plan};
use crate::search::{Cut, Limits, SearchError, Searcher, StandIn};
use crate::sift::{self, Fate, Fates, Found, Match};

/// A rule and what a whole run of it finds.
#[derive(Debug)]
pub struct Inquiry<'s> {
    pub(super) searcher: &'s Searcher<'s>,
    pub(super) set: &'s TypologySet,
    pub(super) rule: usize,
    /// One for each flow of the rule.
    pub(super) plans: Vec<Plan>,
    /// Matches of the rules that it uses.
    pub(super) standins: Vec<StandIn>,
    /// What became of the finished matches of each flow.
    pub(super) fates: Vec<Fates>,
    /// Where a budget ended the search.
    pub cuts: Vec<Cut>,
    pub(super) texts: Option<Texts<'s>>,
    pub(super) limits: Limits,
}

/// The texts of the rules, for trying other values of a parameter.
#[derive(Clone, Copy, Debug)]
pub(super) struct Texts<'s> {
    pub(super) sources: &'s [Source],
    pub(super) overrides: &'s [Override],
}

impl<'s> Inquiry<'s> {
    /// Searches the ledger for one rule of a set that holds all rules which it uses.
    ///
    /// The searcher has the levels of these rules and is not narrowed to other plans.
    ///
    /// # Errors
    ///
    /// Where the ledger cannot answer the rule, or `stop` was set.
    pub fn new(
        searcher: &'s Searcher<'s>,
        set: &'s TypologySet,
        rule: usize,
        limits: &Limits,
        stop: &AtomicBool,
    ) -> Result<Self, SearchError> {
        let mut plans = plans(searcher, set, rule)?;
        let (standins, mut cuts) = standins(searcher, set, rule, &plans, limits, stop)?;
        let plans = plans.remove(&rule).unwrap_or_default();
        let run = |plan| {
            let instances = searcher.run_using(plan, &standins, limits, stop)?;
            Ok(Found { rule, plan, instances })
        };
        let found = plans.iter().map(run).collect::<Result<Vec<_>, SearchError>>()?;
        cuts.extend(found.iter().flat_map(|found| &found.instances.cuts).cloned());
        let fates = sift::fates(&found, searcher)?;
        drop(found);
        Ok(Self { searcher, set, rule, plans, standins, fates, cuts, texts: None, limits: *limits })
    }

    /// The same with the texts that the set was compiled from, so that answers can name the parameter to move.
    #[must_use]
    pub fn with_texts(mut self, sources: &'s [Source], overrides: &'s [Override]) -> Self {
        self.texts = Some(Texts { sources, overrides });
        self
    }

    /// The rule.
    #[must_use]
    pub fn typology(&self) -> &'s Typology {
        &self.set.typologies[self.rule]
    }

    /// What it is searched with.
    #[must_use]
    pub fn searcher(&self) -> &'s Searcher<'s> {
        self.searcher
    }

    /// The ledger between accounts.
    #[must_use]
    pub fn ledger(&self) -> &'s Ledger {
        self.searcher.ledger()
    }

    /// The matches that a run reports, flow by flow.
    pub fn matches(&self) -> impl Iterator<Item = &Match> {
        self.fates.iter().flat_map(|flow| &flow.fates).filter_map(|fate| match fate {
            Fate::Reported(own) => Some(&**own),
            _ => None,
        })
    }

    /// The matches of the rules that it uses, each as the one transfer that it is here.
    #[must_use]
    pub fn standins(&self) -> &[StandIn] {
        &self.standins
    }

    /// The reported match that holds all of these transfers and least else.
    #[must_use]
    pub fn holder(&self, rows: &[RowId]) -> Option<&Match> {
        let holds = |found: &&Match| rows.iter().all(|row| found.transfers.binary_search(row).is_ok());
        self.matches().filter(holds).min_by_key(|found| found.transfers.len())
    }
}

/// The plans of a rule and of all rules that it uses.
fn plans(searcher: &Searcher<'_>, set: &TypologySet, rule: usize) -> Result<BTreeMap<usize, Vec<Plan>>, SearchError> {
    let summary = searcher.ledger().summary();
    let unfit = |missing: NotEvaluable| SearchError::NotEvaluable(missing.reason);
    let plan = |rule: usize| Ok((rule, plan::build(&set.typologies[rule], &summary).map_err(unfit)?));
    set.with_used([rule]).into_iter().map(plan).collect()
}

/// The matches of the rules that a rule uses, each after those that it uses itself.
fn standins(
    searcher: &Searcher<'_>,
    set: &TypologySet,
    rule: usize,
    plans: &BTreeMap<usize, Vec<Plan>>,
    limits: &Limits,
    stop: &AtomicBool,
) -> Result<(Vec<StandIn>, Vec<Cut>), SearchError> {
    let used: BTreeSet<usize> = set.typologies[rule].flow.uses().filter_map(|id| set.position(id)).collect();
    let (mut all, mut cuts) = (Vec::new(), Vec::new());
    for used in used {
        let (own, further) = standins(searcher, set, used, plans, limits, stop)?;
        cuts.extend(further);
        let run = |plan| {
            let instances = searcher.run_using(plan, &own, limits, stop)?;
            Ok(Found { rule: used, plan, instances })
        };
        let found = plans[&used].iter().map(run).collect::<Result<Vec<_>, SearchError>>()?;
        cuts.extend(found.iter().flat_map(|found| &found.instances.cuts).cloned());
        all.extend(sift::stand_ins(&found, searcher)?);
    }
    Ok((all, cuts))
}
