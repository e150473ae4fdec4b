//! A run over a ledger that is larger than memory: slice by slice, with the result of a run in one piece.
//!
//! A slice is a page of the ledger and the time behind it in which its windows end. What rules ask of the whole ledger is
//! worked out before ([`known`]); what is asked of finished matches is asked of the few transfers that this needs
//! ([`few`]).

mod few;
mod kept;
mod known;
mod moves;
mod needed;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::atomic::AtomicBool;

use crate::columns::{Ledger, Span, Time};
use crate::ingest::{FOUND, Intake, Parts, Portion, Shelf};
use crate::lang::{Flow, MatchLevel, Typology, TypologySet};
use crate::plan::{self, NotEvaluable, Plan};
use crate::search::{Cut, Instances, Levels, SearchError, Searcher, Slice, StandIn, Stretch};
use crate::sift::{self, Found};
use crate::stats::{self, Counting, Whole};
use crate::write::Sliced;

use super::{Analysis, Compiled, Event, Observer, Request, RunError, ensure_wanted};
use few::Few;
use known::Known;
use needed::Needed;

/// How much of a ledger is held at a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cutting {
    /// Transfers that are collected before they are written away, and those of a page; a slice begins with a page.
    pub portion: Portion,
    /// Transfers with all their columns that are held at a time, where a single page does not have more.
    pub loaded: usize,
    /// Transfers of a slice and of the time behind it, at most, where it is known which of them each step can use.
    pub searched: usize,
    /// Folder for what is written away; it holds nothing else.
    pub folder: PathBuf,
    /// Whether slices that an earlier run of the same request finished there are not searched again.
    pub resume: bool,
}

/// Bytes that a transfer takes while it is collected, sorted and written away.
const COLLECTED: u64 = 200;

/// Bytes that a transfer takes with all its columns, and the lists, columns and masks of a whole library.
const LOADED: u64 = 900;

/// Bytes that a transfer takes where scans are known, with the lists of a whole library.
const SEARCHED: u64 = 400;

/// So many transfers that are looked back over take what one of a slice takes.
const LOADED_MOVES: usize = 5;

/// Bytes that the program takes whatever the ledger.
const PROGRAM: u64 = 96 << 20;

impl Cutting {
    /// What fits into so many bytes of memory.
    #[must_use]
    pub fn within(bytes: u64, folder: PathBuf) -> Self {
        let rows = |bytes: u64| usize::try_from(bytes).unwrap_or(usize::MAX).max(1);
        let bytes = bytes - PROGRAM.min(bytes / 4);
        let [loaded, searched] = [LOADED, SEARCHED].map(|each| rows(bytes / 10 * 7 / each));
        let portion = Portion { collected: rows(bytes / 3 / COLLECTED), page: loaded.div_ceil(8) };
        Self { portion, loaded, searched, folder, resume: false }
    }
}

/// What runs in slices.
struct Run<'r> {
    request: &'r Request,
    /// The rules that are searched.
    set: &'r TypologySet,
    parts: Parts,
    shelf: Shelf,
    cutting: &'r Cutting,
    observer: &'r dyn Observer,
    stop: &'r AtomicBool,
}

/// What each plan finds, in the numbers of the whole ledger, and why the others cannot be asked.
#[derive(Default)]
struct Searches<'p> {
    found: BTreeMap<usize, Vec<Found<'p>>>,
    lacking: BTreeMap<usize, String>,
    slices: usize,
}

/// The matches that a rule uses, and where a budget cut the search for them.
type Used = (Vec<StandIn>, Vec<Cut>);

/// Rules that are searched together: the plans of each, and what it uses.
type Asked<'p> = BTreeMap<usize, (&'p [Plan], Rc<Used>)>;

/// Groups of rules that are searched together, each with the transfers that it needs where it does not need all; and the
/// rules that cannot be asked, and why.
type Grouped<'p> = (Vec<(Asked<'p>, Option<Needed>)>, BTreeMap<usize, String>);

/// Runs rules over a ledger in slices.
pub(super) fn run(
    request: &Request,
    (set, searched, warnings): Compiled,
    (intake, parts): (Intake, Parts),
    cutting: &Cutting,
    observer: &dyn Observer,
    stop: &AtomicBool,
) -> Result<Analysis, RunError> {
    let searched = &searched;
    let parts = parts.with_owners(super::owners(searched));
    let shelf = if parts.is_spilled() { Shelf::at(&cutting.folder) } else { Shelf::default() };
    let run = Run { request, set: searched, parts, shelf, cutting, observer, stop };
    kept::begin(&run, &kept::fingerprint(&run, searched, &intake, cutting))?;
    let whole = run.count()?;
    observer.hear(Event::Read(whole.summary()));
    let planned = plan::together(searched, Some(whole.summary()));
    let known = Known::look_back(&run, whole.summary())?;
    let searches = run.search(&planned, &known)?;
    let slices = searches.slices;
    let place = |rule: usize| set.position(&searched.typologies[rule].id);
    let found = searches.found.into_iter().filter_map(|(rule, flows)| Some((place(rule)?, flows)));
    let found: Vec<Found<'_>> =
        found.flat_map(|(rule, flows)| flows.into_iter().map(move |found| Found { rule, ..found })).collect();
    observer.hear(Event::Sifting);
    let few = Few::around(&run, &known, &found.iter().collect::<Vec<_>>())?;
    let levels = few.levels(&run);
    let searcher = few.searcher(&levels);
    let mut sifted = sift::consolidate(few.translated(found), &searcher, &set).map_err(|_| RunError::Interrupted)?;
    drop(searcher);
    for (rule, reason) in searches.lacking.into_iter().filter_map(|(rule, reason)| Some((place(rule)?, reason))) {
        sifted.completeness.add_not_evaluated(rule, reason);
    }
    observer.hear(Event::Assessing);
    let slices = Some(Sliced { slices, spilled: run.parts.is_spilled() });
    let intake = Intake { ledger: few.ledger, ..intake };
    let statistics = stats::assess(&stats::Evidence { intake: &intake, set: &set, sifted: &sifted, whole: &whole });
    let plans = planned.into_iter().enumerate().filter(|(rule, _)| place(*rule).is_some());
    let plans = plans.map(|(_, plans)| plans.ok()).collect();
    ensure_wanted(stop)?;
    Ok(Analysis { set, warnings, plans, intake, sifted, statistics, slices })
}

impl Searches<'_> {
    /// Adds what a slice found.
    fn add(&mut self, slices: kept::Slices) {
        for (rule, found) in slices {
            match (found, self.found.get_mut(&rule)) {
                (Ok(flows), Some(known)) => {
                    known.iter_mut().zip(flows).for_each(|(known, more)| known.instances.append(&more));
                }
                (Err(reason), Some(_)) => {
                    self.found.remove(&rule);
                    self.lacking.insert(rule, reason);
                }
                (_, None) => {}
            }
        }
    }
}

impl<'r> Run<'r> {
    fn flows(&self) -> impl Iterator<Item = &'r Flow> {
        self.set.typologies.iter().flat_map(Typology::flows)
    }

    /// Counts what the whole ledger holds.
    fn count(&self) -> Result<Whole, RunError> {
        let mut counting = Counting::new(self.parts.tables(), self.parts.len());
        for page in 0..self.parts.pages().len() {
            ensure_wanted(self.stop)?;
            counting.add(&self.parts.load(page..page + 1, None)?);
        }
        Ok(counting.finish(self.parts.tables()))
    }

    /// Searches all rules in all slices, each after those that it uses.
    fn search<'p>(
        &self,
        planned: &'p [Result<Vec<Plan>, NotEvaluable>],
        known: &Known,
    ) -> Result<Searches<'p>, RunError> {
        let (mut searches, mut slices) = (Searches::default(), 0);
        for (number, stage) in self.stages().into_iter().enumerate() {
            let mut asked = Asked::new();
            for rule in stage {
                let used = self.used(rule, &searches, known)?;
                match planned[rule]
                    .as_ref()
                    .map_err(|missing| missing.reason.clone())
                    .and_then(|plans| Ok((plans, used?)))
                {
                    Ok((plans, used)) => drop(asked.insert(rule, (plans.as_slice(), Rc::new(used)))),
                    Err(reason) => drop(searches.lacking.insert(rule, reason)),
                }
            }
            for (&rule, (plans, used)) in &asked {
                let cuts = &used.1;
                let none = |plan: &'p Plan| {
                    let mut found = Found { rule, plan, instances: Instances::default() };
                    found.instances.cuts.clone_from(cuts);
                    found
                };
                searches.found.insert(rule, plans.iter().map(none).collect());
            }
            let (groups, unfit) = self.grouped(&asked, known, number)?;
            for (rule, reason) in unfit {
                searches.found.remove(&rule);
                searches.lacking.insert(rule, reason);
            }
            for (alike, needed) in groups {
                for pages in self.slices(within(&alike), needed.as_ref()) {
                    let name = format!("{FOUND}{slices}");
                    let found = match kept::find(self, &name)? {
                        Some(found) => found,
                        None => self.search_slice(&pages, &alike, (known, needed.as_ref()), planned.len(), &name)?,
                    };
                    searches.add(found);
                    slices += 1;
                }
            }
            for found in searches.found.values_mut().flatten() {
                found.instances = found.instances.coalesce();
            }
        }
        searches.slices = slices;
        Ok(searches)
    }

    /// Searches one slice, and keeps what is found.
    fn search_slice(
        &self,
        pages: &Range<usize>,
        asked: &Asked<'_>,
        (known, needed): (&Known, Option<&Needed>),
        rules: usize,
        name: &str,
    ) -> Result<kept::Slices, RunError> {
        ensure_wanted(self.stop)?;
        let plans = || asked.values().flat_map(|(plans, _)| plans.iter());
        let stretch = self.stretch(pages);
        let reach = stretch.until.map(|until| last_of(until, within(asked)));
        let columns = plans().flat_map(Plan::reads).collect();
        let picked = needed.map(|needed| needed.pick(self, pages, reach, &columns)).transpose()?;
        let ledger = match &picked {
            Some(picked) => Cow::Borrowed(&picked.ledger),
            None => Cow::Owned(self.parts.load(pages.clone(), reach)?),
        };
        let ledger: &Ledger = &ledger;
        self.observer.hear(Event::Listing);
        let flows = || plans().map(|plan| &plan.flow);
        let levels = Levels::new(ledger, flows());
        let slice = match &picked {
            Some(picked) => Slice { scans: picked.scans.clone(), ..Slice::new(stretch.here(), known.base()) },
            None => Slice::new(stretch, known.wide(self, pages.start, ledger.len(), flows())?),
        };
        let searcher = Searcher::of_slice(ledger, &levels, &slice);
        let searcher = searcher.until(&self.request.late).narrowed(&plans().collect::<Vec<_>>());
        self.observer.hear(Event::Listed(searcher.bytes()));
        let mut slices = kept::Slices::new();
        for (&rule, (plans, used)) in asked {
            ensure_wanted(self.stop)?;
            self.observer.hear(Event::Searching(&plans[0].typology, rule, rules));
            let walk = |plan| super::walk(plan, &used.0, &searcher, self.request, self.observer, self.stop);
            let whole = |flow: Instances| match &picked {
                Some(picked) => flow.among(&picked.rows),
                None => flow,
            };
            let found = match plans.iter().map(walk).collect::<Result<Vec<_>, _>>() {
                Ok(flows) => Ok(flows.into_iter().map(whole).collect::<Vec<_>>()),
                Err(SearchError::NotEvaluable(reason)) => Err(reason),
                Err(SearchError::Interrupted) => return Err(RunError::Interrupted),
            };
            let total = found.iter().flatten().map(Instances::total).sum();
            slices.insert(rule, found);
            self.observer.hear(Event::Searched(&plans[0].typology, total));
        }
        // What the clock cut is not finished.
        if !self.request.late.load(std::sync::atomic::Ordering::Relaxed) {
            kept::keep(self, name, &slices)?;
        }
        Ok(slices)
    }

    /// Where the slice of some pages lies.
    fn stretch(&self, slice: &Range<usize>) -> Stretch {
        let pages = self.parts.pages();
        let from = if slice.start == 0 { Time(i64::MIN) } else { pages[slice.start].from };
        Stretch { first: pages[slice.start].first, from, until: pages.get(slice.end).map(|next| next.from) }
    }

    /// Whether the whole ledger can be searched at once.
    fn fits(&self) -> bool {
        self.parts.len() <= self.cutting.loaded
    }

    /// Slices of pages: each as many as fit with the time behind them in which windows of this length end, where only what
    /// is needed counts.
    fn slices(&self, within: Span, needed: Option<&Needed>) -> Vec<Range<usize>> {
        let pages = self.parts.pages();
        let before = |page: usize| needed.map_or_else(|| self.parts.before(page), |needed| needed.before(page));
        let most = if needed.is_some() { self.cutting.searched } else { self.cutting.loaded };
        let (mut slices, mut start) = (Vec::new(), 0);
        while start < pages.len() {
            let takes = |end: usize| {
                let reach = pages.get(end).map(|next| last_of(next.from, within));
                let last = reach.map_or(pages.len(), |reach| pages.partition_point(|page| page.from <= reach));
                before(last) - before(start)
            };
            // Where the time behind a page is more than fits, a tenth more of it saves most of the slices.
            let most = most.max(takes(start + 1) / 10 * 11);
            let end = (start + 2..=pages.len()).take_while(|&end| takes(end) <= most).last().unwrap_or(start + 1);
            slices.push(start..end);
            start = end;
        }
        slices
    }

    /// The rules in groups that are searched together, each with the transfers that it needs, where it does not need all.
    ///
    /// A slice holds what the longest window of its group looks at behind it. So groups have windows of like length; but
    /// those of which all that they need fits at once are one group.
    fn grouped<'p>(&self, asked: &Asked<'p>, known: &Known, stage: usize) -> Result<Grouped<'p>, RunError> {
        let groups = self.of_like_reach(asked);
        // What fits as a whole need not be looked through before.
        if self.fits() {
            return Ok((groups.into_iter().map(|group| (group, None)).collect(), BTreeMap::new()));
        }
        let plans = |group: &Asked<'p>| group.values().flat_map(|(plans, _)| plans.iter()).collect::<Vec<_>>();
        let (needed, unfit) = Needed::by(self, known, &groups.iter().map(plans).collect::<Vec<_>>(), stage)?;
        let unfit: BTreeMap<usize, String> =
            unfit.into_iter().filter_map(|(id, reason)| Some((self.set.position(&id)?, reason))).collect();
        let mut groups: Vec<(Asked<'p>, Option<Needed>)> = groups.into_iter().zip(needed).collect();
        for (group, _) in &mut groups {
            group.retain(|rule, _| !unfit.contains_key(rule));
        }
        groups.sort_by_key(|(_, needed)| needed.as_ref().map_or(usize::MAX, Needed::len));
        let mut merged: Vec<(Asked<'p>, Option<Needed>)> = Vec::new();
        for (group, needed) in groups.into_iter().filter(|(group, _)| !group.is_empty()) {
            let both = merged.first().and_then(|(_, small)| Some(small.as_ref()?.or(needed.as_ref()?)));
            match both.filter(|both| both.len() <= self.cutting.searched) {
                Some(both) => {
                    merged[0].0.extend(group);
                    merged[0].1 = Some(both);
                }
                None => merged.push((group, needed)),
            }
        }
        Ok((merged, unfit))
    }

    /// The rules in groups with windows of like length; those that need all transfers apart from the others. They stay
    /// together where all fits at once.
    fn of_like_reach<'p>(&self, asked: &Asked<'p>) -> Vec<Asked<'p>> {
        let of_rule = |(&rule, (plans, _)): (&usize, &(&[Plan], Rc<Used>))| {
            (!plans.iter().all(Plan::looks_at_scans_alone), longest(plans), rule)
        };
        let mut order: Vec<(bool, Span, usize)> = asked.iter().map(of_rule).collect();
        order.sort_unstable();
        let together = self.fits();
        let mut groups: Vec<(bool, Span, Asked<'p>)> = Vec::new();
        for (all, within, rule) in order {
            let alike =
                |group: &&mut (bool, Span, Asked<'p>)| together || (group.0 == all && within.0 <= ALIKE * group.1.0);
            match groups.last_mut().filter(alike) {
                Some((.., group)) => drop(group.insert(rule, asked[&rule].clone())),
                None => groups.push((all, within, [(rule, asked[&rule].clone())].into())),
            }
        }
        groups.into_iter().map(|(.., group)| group).collect()
    }

    /// The rules by how many others must be searched before them.
    fn stages(&self) -> Vec<Vec<usize>> {
        let mut depths = BTreeMap::<usize, usize>::new();
        for rule in self.set.with_used(0..self.set.typologies.len()) {
            let used = self.set.typologies[rule].flow.uses().filter_map(|id| self.set.position(id));
            let depth = used.map(|used| depths[&used] + 1).max().unwrap_or(0);
            depths.insert(rule, depth);
        }
        let deepest = depths.values().copied().max().unwrap_or(0);
        let at = |depth| depths.iter().filter(move |(_, own)| **own == depth).map(|(&rule, _)| rule).collect();
        (0..=deepest).map(at).collect()
    }

    /// The matches that a rule uses, or why they are not known.
    fn used(&self, rule: usize, searches: &Searches<'_>, known: &Known) -> Result<Result<Used, String>, RunError> {
        let (mut standins, mut cuts) = (Vec::new(), Vec::new());
        let ids: BTreeSet<&str> = self.set.typologies[rule].flow.uses().collect();
        for id in ids {
            let used = self.set.position(id).expect("a checked rule uses rules of its set");
            let Some(flows) = searches.found.get(&used) else {
                return Ok(Err(format!("the rule uses `{id}`: {}", searches.lacking[&used])));
            };
            let few = Few::around(self, known, &flows.iter().collect::<Vec<_>>())?;
            let levels = few.levels(self);
            match sift::stand_ins(&few.translated(flows.clone()), &few.searcher(&levels)) {
                Ok(more) => standins.extend(more.into_iter().map(|standin| few.whole(standin))),
                Err(SearchError::NotEvaluable(reason)) => return Ok(Err(reason)),
                Err(SearchError::Interrupted) => return Err(RunError::Interrupted),
            }
            cuts.extend(flows.iter().flat_map(|flow| &flow.instances.cuts).cloned());
        }
        Ok(Ok((standins, cuts)))
    }

    /// Transfers of a range of accounts that are looked back over at a time.
    fn most_moves(&self) -> usize {
        self.cutting.loaded.saturating_mul(LOADED_MOVES)
    }

    /// The ledger's accounts at a level, without transfers.
    fn tables_at(&self, level: MatchLevel) -> Option<Cow<'_, Ledger>> {
        at(level, self.parts.tables())
    }
}

/// Windows so many times longer than others still count as alike.
const ALIKE: i64 = 4;

/// The longest window of some plans.
fn longest(plans: &[Plan]) -> Span {
    plans.iter().map(|plan| plan.flow.within).max().unwrap_or(Span::ZERO)
}

fn within(asked: &Asked<'_>) -> Span {
    asked.values().map(|(plans, _)| longest(plans)).max().unwrap_or(Span::ZERO)
}

/// A ledger at a level.
fn at(level: MatchLevel, ledger: &Ledger) -> Option<Cow<'_, Ledger>> {
    match level.column() {
        None => Some(Cow::Borrowed(ledger)),
        Some(column) => ledger.between_owners(column).map(Cow::Owned),
    }
}

/// The last moment of a window that begins before a time.
fn last_of(until: Time, within: Span) -> Time {
    Time(until.0.saturating_sub(1).saturating_add(within.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_held_at_a_time_takes_no_more_than_it_may() {
        for bytes in [1 << 20, 256 << 20, 8 << 30] {
            let Cutting { portion, loaded, searched, .. } = Cutting::within(bytes, PathBuf::new());
            let takes = |rows: usize, each: u64| rows as u64 * each;
            assert!(
                takes(loaded, LOADED) <= bytes && takes(searched, SEARCHED) <= bytes,
                "{bytes}: {loaded} {searched}"
            );
            assert!(takes(portion.collected, COLLECTED) <= bytes / 3, "{bytes}: {portion:?}");
            assert!(portion.page * 8 >= loaded && portion.page >= 1 && searched > loaded, "{bytes}: {portion:?}");
        }
    }
}
