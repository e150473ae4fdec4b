//! A whole run, from rule texts and input files to one immutable [`Analysis`].
//!
//! This is the only place where the stages meet. Each is called once, in the order of the data: rules are compiled
//! before a byte of the ledger is read, and only columns that rules or statistics name are decoded.

mod count;
mod slices;

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::columns::LedgerSummary;
use crate::ingest::{self, IngestError, Intake, Parts, Shelf};
use crate::lang::{self, Diagnostic, Override, Source, StepId, TypologySet};
use crate::plan::{self, NotEvaluable, Plan};
use crate::search::{Cut, Instances, Levels, Limits, Narrowed, Scanned, SearchError, Searcher, StandIn};
use crate::sift::{self, Found, Sifted};
use crate::stats::{self, Statistics, Whole};
use crate::write::{Report, RunFacts, Sliced};

pub use count::{Counted, count};
pub use slices::Cutting;

/// What to run.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// The rule texts.
    pub sources: Vec<Source>,
    /// Parameters that the run sets.
    pub overrides: Vec<Override>,
    /// Only these rules, by id; all of them where none is named.
    pub only: Vec<String>,
    /// What to read; the columns that rules and statistics need are added.
    pub intake: ingest::Request,
    /// Budgets of the search.
    pub limits: Limits,
    /// Set by whoever watches the clock when the time budget is used up: what has not been searched by then is cut, and
    /// the run says what. The result of such a run depends on how fast it went.
    pub late: Arc<AtomicBool>,
    /// Threads of the search; one a core where none is given. The result does not depend on it.
    pub threads: Option<NonZeroUsize>,
    /// How the ledger is cut where it is larger than memory. The result does not depend on it.
    pub slices: Option<Cutting>,
}

/// A whole run as one value; nothing changes it afterwards.
#[derive(Clone, Debug)]
pub struct Analysis {
    /// The rules that ran, in id order.
    pub set: TypologySet,
    /// Warnings about them.
    pub warnings: Vec<Diagnostic>,
    /// The plans of each rule, one for each of its flows; `None` where the ledger cannot answer it
    /// (`sifted.completeness` says why).
    pub plans: Vec<Option<Vec<Plan>>>,
    /// What was read.
    pub intake: Intake,
    /// Matches, cases and completeness.
    pub sifted: Sifted,
    /// Aggregate statistics.
    pub statistics: Statistics,
    /// What was done in slices, if it was; the ledger of `intake` then holds what was found, and not the whole.
    pub slices: Option<Sliced>,
}

impl Analysis {
    /// What there is to write of the run; `facts` are those that only its caller knows.
    #[must_use]
    pub fn report<'a>(&'a self, facts: &'a RunFacts) -> Report<'a> {
        let Self { set, plans, intake, sifted, statistics, slices, .. } = self;
        Report { intake, set, plans, sifted, statistics, slices: *slices, facts }
    }
}

/// Why a run has no result.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// A rule is wrong; the diagnostics say where and how to mend it.
    #[error("the rules have mistakes")]
    Rules(Vec<Diagnostic>),
    /// A rule is asked for that does not exist.
    #[error("there is no rule `{wanted}`; there are {}", .known.join(", "))]
    NoSuchRule {
        /// The id asked for.
        wanted: String,
        /// The ids there are.
        known: Vec<String>,
    },
    /// The threads could not be started.
    #[error("the threads could not be started: {0}")]
    Threads(#[from] rayon::ThreadPoolBuildError),
    /// Reading failed.
    #[error(transparent)]
    Ingest(#[from] IngestError),
    /// What lies where a run should go on is another run's.
    #[error("{0}: the slices there were finished by a run of other inputs, rules or settings; run without `--resume`")]
    Foreign(String),
    /// The run was interrupted.
    #[error("interrupted")]
    Interrupted,
}

/// What happens during a run, for whoever watches.
#[derive(Clone, Copy, Debug)]
pub enum Event<'a> {
    /// The rules are right; reading begins.
    Reading,
    /// The ledger is there; how each rule is searched is planned next.
    Read(&'a LedgerSummary),
    /// The lists of each account's transfers are made.
    Listing,
    /// They are there, and take so many bytes.
    Listed(usize),
    /// The scan for a step of a rule begins.
    Scanning(&'a str, StepId),
    /// The transfers that a rule can use are scanned, and the lists that its search walks are made.
    Narrowing(&'a str),
    /// They are there, and the walk for a rule begins; it has made so many bytes of lists and masks.
    Walking(&'a str, usize),
    /// The search for a rule begins: its id, its position and how many rules there are.
    Searching(&'a str, usize, usize),
    /// It is over; so many instances were found.
    Searched(&'a str, u64),
    /// Instances become matches.
    Sifting,
    /// Matches become statistics.
    Assessing,
}

/// Hears what happens during a run.
pub trait Observer: Sync {
    /// Called as things happen, from one thread at a time.
    fn hear(&self, event: Event<'_>);
}

/// Hears nothing.
impl Observer for () {
    fn hear(&self, _: Event<'_>) {}
}

/// Runs rules over ledgers.
///
/// # Errors
///
/// Where a rule is wrong, reading fails, or `stop` was set.
pub fn run(request: &Request, observer: &dyn Observer, stop: &AtomicBool) -> Result<Analysis, RunError> {
    let rules = compile(request)?;
    pool(request)?.install(|| {
        observer.hear(Event::Reading);
        let Some(cutting) = &request.slices else {
            let intake = read(&request.intake, &rules.1, STATISTICS)?;
            return at_once(request, rules, intake, observer, stop);
        };
        Shelf::prepare(&cutting.folder, cutting.resume)?;
        let read =
            ingest::read_in_parts(&wanted(&request.intake, &rules.1, STATISTICS), cutting.portion, &cutting.folder)?;
        slices::run(request, rules, read, cutting, observer, stop)
    })
}

/// Runs rules over a ledger that has been read; the inputs of the request are not looked at.
///
/// # Errors
///
/// As [`run`], but for reading.
pub fn over(
    request: &Request,
    intake: Intake,
    observer: &dyn Observer,
    stop: &AtomicBool,
) -> Result<Analysis, RunError> {
    let rules = compile(request)?;
    pool(request)?.install(|| {
        if let Some(cutting) = &request.slices {
            let parts = Parts::of(intake.ledger.clone(), cutting.portion.page);
            return slices::run(request, rules, (intake, parts), cutting, observer, stop);
        }
        let ledger = intake.ledger.with_owners(owners(&rules.1));
        at_once(request, rules, Intake { ledger, ..intake }, observer, stop)
    })
}

/// The same where the ledger is searched in one piece.
fn at_once(
    request: &Request,
    (set, searched, warnings): Compiled,
    intake: Intake,
    observer: &dyn Observer,
    stop: &AtomicBool,
) -> Result<Analysis, RunError> {
    let whole = Whole::of(&intake.ledger);
    observer.hear(Event::Read(whole.summary()));
    let planned = plan::together(&searched, Some(whole.summary()));
    observer.hear(Event::Listing);
    let levels = Levels::new(&intake.ledger, searched.typologies.iter().map(|typology| &typology.flow));
    let plans: Vec<&Plan> = planned.iter().flatten().flatten().collect();
    let searcher = Searcher::new(&intake.ledger).with_levels(&levels).until(&request.late).narrowed(&plans);
    observer.hear(Event::Listed(searcher.bytes()));
    let (found, lacking) = search(&searched, &planned, &searcher, request, observer, stop)?;
    // Rules that are only used by others have matches, and no place in the report.
    let place = |rule: usize| set.position(&searched.typologies[rule].id);
    let found = found.into_iter().filter_map(|found| Some(Found { rule: place(found.rule)?, ..found })).collect();
    let lacking = lacking.into_iter().filter_map(|(rule, reason)| Some((place(rule)?, reason)));
    observer.hear(Event::Sifting);
    let mut sifted = sift::consolidate(found, &searcher, &set).map_err(|_| RunError::Interrupted)?;
    for (rule, reason) in lacking {
        sifted.completeness.add_not_evaluated(rule, reason);
    }
    observer.hear(Event::Assessing);
    drop(searcher); // its lists are as large as the ledger, and nobody asks for them again
    let evidence = stats::Evidence { intake: &intake, set: &set, sifted: &sifted, whole: &whole };
    let statistics = stats::assess(&evidence);
    let plans = planned.into_iter().enumerate().filter(|(rule, _)| place(*rule).is_some());
    let plans = plans.map(|(_, plans)| plans.ok()).collect();
    ensure_wanted(stop)?;
    Ok(Analysis { set, warnings, plans, intake, sifted, statistics, slices: None })
}

/// The rules that a request asks for with all that they use, and the ledger with the columns that these read: what
/// is needed to search by hand.
///
/// # Errors
///
/// As [`run`], but for searching.
pub fn load(request: &Request) -> Result<(TypologySet, Intake), RunError> {
    let (_, searched, _) = compile(request)?;
    let intake = read(&request.intake, &searched, STATISTICS)?;
    Ok((searched, intake))
}

/// A plan and what the scan of each of its steps left, or why the rule cannot be asked.
pub type Explained = Result<(Plan, Vec<Scanned>), NotEvaluable>;

/// How the rules of a run would be searched on its ledger.
#[derive(Clone, Debug)]
pub struct Explanation {
    /// What the plans were made from.
    pub summary: LedgerSummary,
    /// Each flow of each rule by the rule's id, in id order.
    pub rules: Vec<(String, Explained)>,
}

/// Reads and plans as [`run`] does, and searches nothing; rules that are not asked for are planned, too, since plans
/// say what they share.
///
/// # Errors
///
/// As [`run`].
pub fn explain(request: &Request) -> Result<Explanation, RunError> {
    let found = planned(request, &(), |plan, searcher| {
        let steps = 0..plan.flow.steps.len();
        steps.map(|step| searcher.scan(&plan, step)).collect::<Result<Vec<_>, _>>().map(|scans| (plan, scans))
    })?;
    Ok(Explanation { summary: found.summary, rules: found.rules })
}

/// A plan and what its search took, or why the rule cannot be asked.
pub type Analyzed = Result<(Plan, Vec<Scanned>, Narrowed, u64), NotEvaluable>;

/// What the search of a plan took, beside what was expected; the observer hears when each part begins.
///
/// # Errors
///
/// As [`run`].
pub fn analyze(
    request: &Request,
    observer: &dyn Observer,
    stop: &AtomicBool,
) -> Result<(LedgerSummary, Vec<(String, Analyzed)>), RunError> {
    let found = planned(request, observer, |plan, searcher| {
        if plan.flow.uses().next().is_some() {
            let reason = "it uses another rule, whose matches are known only when that one has run".to_owned();
            return Err(SearchError::NotEvaluable(reason));
        }
        let id = plan.label();
        let scan = |step| {
            observer.hear(Event::Scanning(&id, step));
            searcher.scan(&plan, step)
        };
        let scans = (0..plan.flow.steps.len()).map(scan).collect::<Result<Vec<_>, _>>()?;
        observer.hear(Event::Narrowing(&id));
        let prepared = searcher.prepare(&plan, &request.limits)?;
        let narrowed = prepared.narrowed();
        observer.hear(Event::Walking(&id, narrowed.bytes));
        let instances = prepared.run(stop)?.total();
        observer.hear(Event::Searched(&id, instances));
        Ok((plan, scans, narrowed, instances))
    })?;
    ensure_wanted(stop)?;
    Ok((found.summary, found.rules))
}

/// What was worked out for each rule that a request asks for.
struct Planned<T> {
    summary: LedgerSummary,
    rules: Vec<(String, Result<T, NotEvaluable>)>,
}

fn planned<T: Send>(
    request: &Request,
    observer: &dyn Observer,
    each: impl Fn(Plan, &Searcher<'_>) -> Result<T, SearchError> + Sync,
) -> Result<Planned<T>, RunError> {
    let wanted = compile(request)?.0;
    let (all, ..) = compile(&Request { only: Vec::new(), ..request.clone() })?;
    pool(request)?.install(|| {
        observer.hear(Event::Reading);
        let intake = read(&request.intake, &all, STATISTICS)?;
        let summary = intake.ledger.summary();
        observer.hear(Event::Read(&summary));
        observer.hear(Event::Listing);
        let levels = Levels::new(&intake.ledger, all.typologies.iter().map(|typology| &typology.flow));
        let searcher = Searcher::new(&intake.ledger).with_levels(&levels).listed();
        observer.hear(Event::Listed(searcher.bytes()));
        let plans = all.typologies.iter().zip(plan::together(&all, Some(&summary)));
        let plans = plans.filter(|(typology, _)| wanted.typologies.iter().any(|wanted| wanted.id == typology.id));
        let unfit = |error: SearchError| NotEvaluable { reason: error.to_string() };
        let explain = |plan: Plan| each(plan, &searcher).map_err(unfit);
        let rules = plans.flat_map(|(typology, plans)| {
            let explained = match plans {
                Ok(plans) => plans.into_iter().map(explain).collect(),
                Err(missing) => vec![Err(missing)],
            };
            explained.into_iter().map(|explained| (typology.id.clone(), explained))
        });
        let rules = rules.collect();
        Ok(Planned { summary, rules })
    })
}

/// Bytes of each thread's stack: one that waits for a part of a search takes up another search meanwhile.
const STACK: usize = 16 << 20;

pub(crate) fn pool(request: &Request) -> Result<rayon::ThreadPool, RunError> {
    let threads = request.threads.map_or(0, NonZeroUsize::get);
    Ok(rayon::ThreadPoolBuilder::new().num_threads(threads).stack_size(STACK).build()?)
}

fn ensure_wanted(stop: &AtomicBool) -> Result<(), RunError> {
    if stop.load(Ordering::Relaxed) { Err(RunError::Interrupted) } else { Ok(()) }
}

/// The rules that are asked for, the same with all that they use, and warnings.
type Compiled = (TypologySet, TypologySet, Vec<Diagnostic>);

pub(crate) fn compile(request: &Request) -> Result<Compiled, RunError> {
    let checked = lang::compile(&request.sources, &request.overrides);
    let Some(set) = checked.set else { return Err(RunError::Rules(checked.diagnostics)) };
    let known = || set.typologies.iter().map(|typology| typology.id.clone()).collect::<Vec<_>>();
    if let Some(wanted) = request.only.iter().find(|wanted| !known().contains(wanted)) {
        return Err(RunError::NoSuchRule { wanted: wanted.clone(), known: known() });
    }
    let asked = |rule: &usize| request.only.is_empty() || request.only.contains(&set.typologies[*rule].id);
    let some = |mut rules: Vec<usize>| {
        rules.sort_unstable();
        TypologySet { typologies: rules.into_iter().map(|rule| set.typologies[rule].clone()).collect() }
    };
    let asked: Vec<usize> = (0..set.typologies.len()).filter(asked).collect();
    let searched = some(set.with_used(asked.iter().copied()));
    Ok((some(asked), searched, checked.diagnostics))
}

/// Columns of transfers that statistics need.
const STATISTICS: &[&str] = &["channel"];

/// Reads the ledger of a run, with the owners that its rules are matched between and these columns beside those of the
/// rules.
pub(crate) fn read(request: &ingest::Request, set: &TypologySet, also: &[&str]) -> Result<Intake, IngestError> {
    let mut intake = ingest::read(&wanted(request, set, also))?;
    intake.ledger = intake.ledger.with_owners(owners(set));
    Ok(intake)
}

/// The columns of owners that rules are matched between.
fn owners(set: &TypologySet) -> BTreeSet<&str> {
    set.typologies.iter().filter_map(|typology| typology.flow.level.column()).collect()
}

/// What to read, with the columns that rules name and these.
fn wanted(request: &ingest::Request, set: &TypologySet, also: &[&str]) -> ingest::Request {
    let mut request = request.clone();
    let owned = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect::<BTreeSet<_>>();
    request.columns.extend(owned(also));
    request.account_columns.extend(owned(&["kind", "country"]));
    for typology in &set.typologies {
        let needs = plan::columns(typology);
        request.list_names.extend(needs.lists);
        request.columns.extend(needs.transfers);
        request.account_columns.extend(needs.accounts);
    }
    if !request.list_names.is_empty() {
        // A threshold may hold for one channel only.
        request.columns.extend(owned(&["channel"]));
    }
    request
}

/// What each plan finds, and why the others cannot be asked.
type Searches<'p> = (Vec<Found<'p>>, BTreeMap<usize, String>);

/// Searches all rules, each after those that it uses.
fn search<'p>(
    set: &TypologySet,
    planned: &'p [Result<Vec<Plan>, NotEvaluable>],
    searcher: &Searcher<'_>,
    request: &Request,
    observer: &dyn Observer,
    stop: &AtomicBool,
) -> Result<Searches<'p>, RunError> {
    let (mut found, mut lacking) = (BTreeMap::<usize, Vec<Found<'p>>>::new(), BTreeMap::new());
    for rule in set.with_used(0..set.typologies.len()) {
        ensure_wanted(stop)?;
        let plans = match &planned[rule] {
            Ok(plans) => plans,
            Err(missing) => {
                lacking.insert(rule, missing.reason.clone());
                continue;
            }
        };
        let id = &plans[0].typology;
        observer.hear(Event::Searching(id, rule, planned.len()));
        let searched = used(set, rule, &found, &lacking, searcher).and_then(|(standins, cuts)| {
            let run = |plan| {
                let mut instances = walk(plan, &standins, searcher, request, observer, stop)?;
                instances.cuts.extend_from_slice(&cuts);
                Ok(Found { rule, plan, instances })
            };
            plans.iter().map(run).collect::<Result<Vec<_>, _>>()
        });
        match searched {
            Ok(flows) => {
                observer.hear(Event::Searched(id, flows.iter().map(|flow| flow.instances.total()).sum()));
                found.insert(rule, flows);
            }
            Err(SearchError::NotEvaluable(reason)) => drop(lacking.insert(rule, reason)),
            Err(SearchError::Interrupted) => return Err(RunError::Interrupted),
        }
    }
    Ok((found.into_values().flatten().collect(), lacking))
}

/// Searches for one flow of a rule, and tells where scanning ends and walking begins. With matches of other rules among
/// its transfers the two are not told apart.
fn walk(
    plan: &Plan,
    standins: &[StandIn],
    searcher: &Searcher<'_>,
    request: &Request,
    observer: &dyn Observer,
    stop: &AtomicBool,
) -> Result<Instances, SearchError> {
    if plan.flow.uses().next().is_some() || request.late.load(Ordering::Relaxed) {
        return searcher.run_using(plan, standins, &request.limits, stop);
    }
    observer.hear(Event::Narrowing(&plan.typology));
    let shared = searcher.bytes();
    let prepared = searcher.prepare(plan, &request.limits)?;
    let made = searcher.bytes() - shared + prepared.narrowed().bytes;
    observer.hear(Event::Walking(&plan.typology, made));
    prepared.run(stop)
}

/// The matches that a rule uses, and where a budget cut the search for them.
fn used(
    set: &TypologySet,
    rule: usize,
    found: &BTreeMap<usize, Vec<Found<'_>>>,
    lacking: &BTreeMap<usize, String>,
    searcher: &Searcher<'_>,
) -> Result<(Vec<StandIn>, Vec<Cut>), SearchError> {
    let (mut standins, mut cuts) = (Vec::new(), Vec::new());
    let ids: BTreeSet<&str> = set.typologies[rule].flow.uses().collect();
    for id in ids {
        let used = set.position(id).expect("a checked rule uses rules of its set");
        let Some(flows) = found.get(&used) else {
            return Err(SearchError::NotEvaluable(format!("the rule uses `{id}`: {}", lacking[&used])));
        };
        standins.extend(sift::stand_ins(flows, searcher)?);
        cuts.extend(flows.iter().flat_map(|flow| &flow.instances.cuts).cloned());
    }
    Ok((standins, cuts))
}
