//! What becomes of each finished match of a rule, one by one: for explanations.
//!
//! The same questions in the same order as in a run.

use crate::search::{Instances, SearchError, Searcher};

use super::{Found, Match, episode, report, subset, upper};

/// What becomes of a finished match.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is reported.
    Reported(Box<Match>),
    /// It lies above an upper end.
    AboveUpperEnd,
    /// A transfer stands beside it that `without` forbids.
    Forbidden,
    /// A payment that `expected` wants missing is not.
    NotMissing,
    /// `unless` drops it.
    Unless,
    /// This match of the rule holds all its transfers.
    Contained(Box<Match>),
}

/// The finished matches of one flow of a rule and what becomes of each.
#[derive(Clone, Debug)]
pub struct Fates {
    /// The matches, before any is dropped.
    pub finished: Instances,
    /// What becomes of each.
    pub fates: Vec<Fate>,
    /// Of those that upper ends, `without` and `expected` leave: what `unless` looks at.
    pub left: Instances,
}

/// What becomes of the finished matches of all flows of one rule.
///
/// # Errors
///
/// Where a predicate does not fit the ledger's columns.
pub fn fates(flows: &[Found<'_>], searcher: &Searcher<'_>) -> Result<Vec<Fates>, SearchError> {
    let mut marked = flows.iter().map(|found| Marked::alone(found, searcher)).collect::<Result<Vec<_>, _>>()?;
    let left: Vec<Instances> = marked.iter().map(Marked::kept).collect();
    for ((found, marked), left_here) in flows.iter().zip(&mut marked).zip(&left) {
        if let Some(unless) = &found.plan.flow.unless {
            marked.mark(&searcher.judge(found.plan, unless, left_here, &left)?, &Fate::Unless);
        }
    }
    let kept: Vec<Instances> = marked.iter().map(Marked::kept).collect();
    let contained = subset::contained(&kept);
    let mut told: Vec<Vec<(Box<Match>, bool)>> = Vec::new();
    for ((found, kept), contained) in flows.iter().zip(&kept).zip(contained) {
        let ledger = searcher.ledger_of(&found.plan.flow)?;
        let tell = |(episode, inside)| (Box::new(report(found, &found.plan.typology, ledger, episode)), inside);
        told.push(kept.iter().zip(contained).map(tell).collect());
    }
    let reported: Vec<Box<Match>> =
        told.iter().flatten().filter(|(_, inside)| !inside).map(|(own, _)| own.clone()).collect();
    let holder = |own: Box<Match>| {
        let holds = |other: &Match| own.transfers.iter().all(|row| other.transfers.binary_search(row).is_ok());
        let larger = reported.iter().find(|other| holds(other)).expect("a reported match holds what is contained");
        Fate::Contained(larger.clone())
    };
    let fate = |(own, inside)| if inside { holder(own) } else { Fate::Reported(own) };
    let flows = marked.into_iter().zip(left).zip(told);
    Ok(flows.map(|((marked, left), told)| marked.finish(left, told.into_iter().map(fate))).collect())
}

/// Finished matches, each with its fate once that is known.
struct Marked {
    finished: Instances,
    fates: Vec<Option<Fate>>,
}

impl Marked {
    /// What can be said without the other flows of the rule.
    fn alone(found: &Found<'_>, searcher: &Searcher<'_>) -> Result<Self, SearchError> {
        let flow = &found.plan.flow;
        let finished = episode::put_together(&found.instances);
        let mut marked = Self { fates: vec![None; finished.len()], finished };
        let exceeded = upper::exceeded(flow, searcher.ledger_of(flow)?, &marked.finished);
        marked.mark(&exceeded, &Fate::AboveUpperEnd);
        if !flow.without.is_empty() {
            let forbidden = searcher.forbidden(found.plan, &marked.kept())?;
            marked.mark(&forbidden, &Fate::Forbidden);
        }
        if !flow.expected.is_empty() {
            let came = searcher.not_missing(found.plan, &marked.kept())?;
            marked.mark(&came, &Fate::NotMissing);
        }
        Ok(marked)
    }

    /// Those without a fate so far.
    fn kept(&self) -> Instances {
        let keep: Vec<bool> = self.fates.iter().map(Option::is_none).collect();
        self.finished.filtered(&keep)
    }

    /// Gives a fate to the flagged ones of those that have none.
    fn mark(&mut self, flags: &[bool], fate: &Fate) {
        let open = self.fates.iter_mut().filter(|fate| fate.is_none());
        for (place, _) in open.zip(flags).filter(|(_, flag)| **flag) {
            *place = Some(fate.clone());
        }
    }

    fn finish(self, left: Instances, mut last: impl Iterator<Item = Fate>) -> Fates {
        let fate = |fate: Option<Fate>| fate.unwrap_or_else(|| last.next().expect("a fate for each that is kept"));
        Fates { finished: self.finished, fates: self.fates.into_iter().map(fate).collect(), left }
    }
}
