//! Counting: how many instances each rule has, without listing them.

use std::collections::BTreeMap;
use std::sync::atomic::AtomicBool;

use super::{Event, Observer, Request, RunError, compile, ensure_wanted, pool, read, search, used};
use crate::ingest::{self, Intake};
use crate::lang::TypologySet;
use crate::plan::{self, NotEvaluable, Plan};
use crate::search::{Counts, Levels, SearchError, Searcher};
use crate::sift::Found;

/// How many instances each rule has, on what ledger.
#[derive(Clone, Debug)]
pub struct Counted {
    /// What was read.
    pub intake: Intake,
    /// Each rule's id and counts, or why the ledger cannot answer it; in id order.
    pub rules: Vec<(String, Result<Counts, NotEvaluable>)>,
}

/// Counts the instances of rules without listing them; matches are made only of rules that others use.
///
/// # Errors
///
/// As [`super::run`].
pub fn count(request: &Request, observer: &dyn Observer, stop: &AtomicBool) -> Result<Counted, RunError> {
    let (set, searched, _) = compile(request)?;
    pool(request)?.install(|| {
        observer.hear(Event::Reading);
        // Counts name no file.
        let unhashed = ingest::Request { without_hashes: true, ..request.intake.clone() };
        let intake = read(&unhashed, &searched, &[])?;
        let summary = intake.ledger.summary();
        observer.hear(Event::Read(&summary));
        let planned = plan::together(&searched, Some(&summary));
        let levels = Levels::new(&intake.ledger, searched.typologies.iter().map(|typology| &typology.flow));
        let plans: Vec<&Plan> = planned.iter().flatten().flatten().collect();
        let searcher = Searcher::new(&intake.ledger).with_levels(&levels).until(&request.late).narrowed(&plans);
        let lent = lent(&searched, &planned);
        let (found, lacking) = search(&searched, &lent, &searcher, request, &(), stop)?;
        let mut by_rule = BTreeMap::<usize, Vec<Found<'_>>>::new();
        for found in found {
            by_rule.entry(found.rule).or_default().push(found);
        }
        let unfit = |error: SearchError| NotEvaluable { reason: error.to_string() };
        let count = |id: &str| {
            let rule = searched.position(id).expect("what is asked for is searched");
            let plans = planned[rule].as_ref().map_err(Clone::clone)?;
            observer.hear(Event::Searching(id, rule, planned.len()));
            let (standins, cuts) = used(&searched, rule, &by_rule, &lacking, &searcher).map_err(unfit)?;
            let mut counts = Counts { cuts, ..Counts::default() };
            for plan in plans {
                counts.add(&searcher.count(plan, &standins, stop).map_err(unfit)?);
            }
            observer.hear(Event::Searched(id, u64::try_from(counts.instances).unwrap_or(u64::MAX)));
            Ok(counts)
        };
        let rules = set.typologies.iter().map(|typology| (typology.id.clone(), count(&typology.id))).collect();
        ensure_wanted(stop)?;
        drop(searcher);
        Ok(Counted { intake, rules })
    })
}

/// The plans of rules that others use: these are searched, whether they are asked for or not.
fn lent(set: &TypologySet, planned: &[Result<Vec<Plan>, NotEvaluable>]) -> Vec<Result<Vec<Plan>, NotEvaluable>> {
    let uses = set.typologies.iter().flat_map(|typology| typology.flow.uses());
    let lent = set.with_used(uses.map(|id| set.position(id).expect("a checked rule uses rules of its set")));
    let plans = planned.iter().enumerate().map(|(rule, plans)| match plans {
        Ok(_) if !lent.contains(&rule) => Err(NotEvaluable { reason: "no other rule uses it".to_owned() }),
        plans => plans.clone(),
    });
    plans.collect()
}
