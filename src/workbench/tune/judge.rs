//! Collects what settings find, and holds it against labels.

use std::collections::{BTreeMap, BTreeSet};

use crate::columns::{Ledger, Time};
use crate::lang::Value;
use crate::sift::{Match, Sifted};
use crate::workbench::evaluate::{Aim, Figures, Truth, score, seeks, shared};

use super::folds::{Given, Suggestion, TooFew, suggest};
use super::front::{Point, front};
use super::{Asked, Axis, Objective, Seen, Setting};

/// What labels say of a tuning.
#[derive(Clone, Debug)]
pub struct Judged {
    /// Labelled instances that are the rule's business.
    pub instances: usize,
    /// By what settings are compared.
    pub objective: Objective,
    /// The best setting and what the choice of it is worth; or why none is suggested.
    pub suggestion: Result<Suggestion, TooFew>,
}

/// A match by its beginning and its id.
type Key = (Time, String);

/// What is known of one match.
#[derive(Debug)]
struct Known {
    position: usize,
    transfers: usize,
    /// The sought instances that it finds, by their position among these.
    finds: Vec<usize>,
    /// Whether it is wrong; false also where nobody can say.
    is_wrong: bool,
}

/// What one setting finds.
#[derive(Debug)]
struct Gathered {
    position: usize,
    cases: usize,
    cut: Option<&'static str>,
    keys: Vec<Key>,
    figures: Option<Figures>,
}

/// Collects what settings find.
#[derive(Debug)]
pub(super) struct Tally<'a> {
    ledger: &'a Ledger,
    truth: Option<&'a Truth>,
    aim: Aim<'a>,
    /// Positions in [`Truth::instances`] of what is sought.
    sought: Vec<usize>,
    seen: BTreeMap<Key, Known>,
    found: Vec<Gathered>,
}

impl<'a> Tally<'a> {
    pub(super) fn new(ledger: &'a Ledger, truth: Option<&'a Truth>, aim: Aim<'a>) -> Self {
        let instances = truth.into_iter().flat_map(|truth| truth.instances.iter().enumerate());
        let sought: Vec<usize> = instances.filter(|(_, one)| seeks(&aim, one)).map(|(position, _)| position).collect();
        // Without anything to find there is nothing to be said of a setting.
        let truth = truth.filter(|_| !sought.is_empty());
        Self { ledger, truth, aim, sought, seen: BTreeMap::new(), found: Vec::new() }
    }

    pub(super) fn add(&mut self, position: usize, sifted: &Sifted) {
        let key = |found: &Match| (found.started, found.id.clone());
        for found in &sifted.matches.list {
            if !self.seen.contains_key(&key(found)) {
                self.seen.insert(key(found), self.known(found));
            }
        }
        let keys = sifted.matches.list.iter().map(key).collect();
        let cut = sifted.completeness.cuts.first().map(|cut| cut.budget);
        let figures = self.truth.map(|truth| score(truth, self.ledger, &sifted.matches.list, &self.aim));
        self.found.push(Gathered { position, cases: sifted.cases.list.len(), cut, keys, figures });
    }

    fn known(&self, found: &Match) -> Known {
        let Some(truth) = self.truth else {
            return Known { position: 0, transfers: found.transfers.len(), finds: Vec::new(), is_wrong: false };
        };
        let hits = shared(truth, found).into_iter().filter(|shared| shared.jaccard >= self.aim.overlap);
        let finds = hits.filter_map(|shared| self.sought.binary_search(&shared.instance).ok()).collect();
        let is_wrong = score(truth, self.ledger, [found], &self.aim).matches.wrong() > 0;
        Known { position: 0, transfers: found.transfers.len(), finds, is_wrong }
    }

    /// The settings, which have these values, and everything that they find.
    pub(super) fn finish(
        mut self,
        axes: &[Axis],
        values: impl Iterator<Item = Vec<Value>>,
        asked: &Asked,
    ) -> (Vec<Setting>, Vec<Seen>, Option<Judged>) {
        for (position, known) in self.seen.values_mut().enumerate() {
            known.position = position;
        }
        self.found.sort_by_key(|gathered| gathered.position);
        let settings = self.settings(axes, values);
        let judged = self.truth.map(|truth| self.judged(truth, axes, &settings, asked));
        let mut seen: Vec<Seen> = self.seen.into_iter().map(|(key, known)| known.seen(key, axes.len())).collect();
        for setting in &settings {
            for &position in &setting.found {
                hold(&mut seen[position].held, axes, &setting.values);
            }
        }
        (settings, seen, judged)
    }

    fn settings(&self, axes: &[Axis], values: impl Iterator<Item = Vec<Value>>) -> Vec<Setting> {
        let setting = |(values, gathered): (Vec<Value>, &Gathered)| {
            let found: Vec<usize> = gathered.keys.iter().map(|key| self.seen[key].position).collect();
            let &Gathered { cases, cut, figures, .. } = gathered;
            Setting { values, matches: found.len(), cases, cut, found, figures, front: false }
        };
        let mut settings: Vec<Setting> = values.zip(&self.found).map(setting).collect();
        let points: Vec<_> = settings.iter().map(|setting| (point(setting), moved(axes, &setting.values))).collect();
        for (setting, front) in settings.iter_mut().zip(front(&points)) {
            setting.front = front;
        }
        settings
    }

    fn judged(&self, truth: &Truth, axes: &[Axis], settings: &[Setting], asked: &Asked) -> Judged {
        let begins: Vec<Time> =
            self.sought.iter().map(|&instance| self.ledger.time(truth.instances[instance].rows[0])).collect();
        let known: Vec<(&Key, &Known)> = self.seen.iter().collect();
        let whole = settings.iter().enumerate().filter(|(_, setting)| setting.cut.is_none());
        let given: Vec<(usize, Given)> = whole
            .map(|(position, setting)| {
                let matches = || setting.found.iter().map(|&at| known[at]);
                let found: BTreeSet<usize> = matches().flat_map(|(_, known)| known.finds.iter().copied()).collect();
                let wrong = matches().filter(|(_, known)| known.is_wrong).map(|(key, _)| key.0).collect();
                let (found, moved) = (found.into_iter().collect(), moved(axes, &setting.values));
                (position, Given { found, wrong, matches: setting.matches, moved })
            })
            .collect();
        let first = self.ledger.times().first().copied().unwrap_or(Time(0));
        let suggestion = suggest(&given, &begins, first, asked.blocks, asked.objective);
        Judged { instances: self.sought.len(), objective: asked.objective, suggestion }
    }
}

impl Known {
    fn seen(self, (started, id): Key, axes: usize) -> Seen {
        let Self { transfers, finds, is_wrong, .. } = self;
        Seen { id, started, transfers, finds: !finds.is_empty(), is_wrong, held: vec![None; axes] }
    }
}

/// How many parameters are not at the rule's own value.
fn moved(axes: &[Axis], values: &[Value]) -> usize {
    axes.iter().zip(values).filter(|(axis, value)| axis.own != **value).count()
}

/// What counts of a setting, where labels say it and no budget cut it.
fn point(setting: &Setting) -> Option<Point> {
    let instance = setting.figures.filter(|_| setting.cut.is_none())?.instance;
    let (recall, precision) = (instance.recall?.value, instance.precision?.value);
    Some(Point { recall, precision, matches: setting.matches })
}

/// Widens what is known of where a match is found by one setting that finds it.
fn hold(held: &mut [Option<(usize, usize)>], axes: &[Axis], values: &[Value]) {
    for ((axis, value), held) in axes.iter().zip(values).zip(held) {
        if let Some(at) = axis.values.iter().position(|other| other == value) {
            *held = Some(held.map_or((at, at), |(from, to)| (from.min(at), to.max(at))));
        }
    }
}
