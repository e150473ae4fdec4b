//! `run`: rules over ledgers; matches, cases and statistics out.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use moneytrail::columns::{Span, Time};
use moneytrail::engine::{self, RunError};
use moneytrail::write::{self, RunFacts};

use super::count;
use crate::args::Run;
use crate::failure::{FOUND, Failure};
use crate::progress::Progress;
use crate::settings::{Settings, Settled};
use crate::workshop::Workshop;
use crate::{closing, interrupt, library, profile};

pub(crate) fn run(arguments: Run) -> Result<u8, Failure> {
    let mut settled = Settled::new(arguments, Settings::load()?)?;
    if let Some(form) = settled.count {
        return count::run(&settled, form);
    }
    let stop = interrupt::listen()?;
    if let Some(out) = &settled.out {
        write::check_target(out).map_err(Failure::output)?;
    }
    let workshop = settled.memory.map(|bytes| Workshop::new(bytes, &mut settled)).transpose()?;
    let (started, clock) = (now(), Instant::now());
    if let Some(budget) = settled.time_budget {
        watch_the_clock(budget, Arc::clone(&settled.request.late));
    }
    let progress = Progress::new(settled.profile.is_some());
    let analysis = match engine::run(&settled.request, &progress, stop) {
        Ok(analysis) => analysis,
        Err(error) => {
            progress.finish();
            if let (Some(workshop), RunError::Interrupted | RunError::Foreign(_)) = (workshop, &error) {
                workshop.leave();
            }
            return Err(library::fail(error, &settled.request));
        }
    };
    library::show(&analysis.warnings, &settled.request.sources);
    let facts = facts(&settled, started);
    let report = analysis.report(&facts);
    if let Some(out) = &settled.out {
        progress.enter("write", "writing");
        write::folder(&report, out, &settled.forms).map_err(Failure::output)?;
    }
    drop(workshop);
    let timings = progress.finish();
    closing::say_what_was_read(&analysis.intake, analysis.statistics.ledger.self_transfers);
    closing::print_results(&settled, &analysis, &report, &timings)?;
    closing::say_how_it_ended(&settled, &analysis, &timings, clock.elapsed());
    match &settled.profile {
        Some(path) if path.as_os_str() == "-" => profile::tell(&timings, &analysis),
        Some(path) => profile::write(path, &timings, &analysis)?,
        None => {}
    }
    let matched = !analysis.sifted.matches.list.is_empty();
    Ok(if settled.fail_on_match && matched { FOUND } else { 0 })
}

/// Sets a flag when a time budget is used up.
#[expect(clippy::disallowed_methods, reason = "it works on nothing: it waits, and sets a flag")]
pub(crate) fn watch_the_clock(budget: Span, late: Arc<AtomicBool>) {
    let budget = Duration::from_micros(u64::try_from(budget.0).unwrap_or_default());
    std::thread::spawn(move || {
        std::thread::sleep(budget);
        late.store(true, Ordering::Relaxed);
    });
}

fn facts(settled: &Settled, started: Time) -> RunFacts {
    RunFacts {
        command: std::env::args().collect(),
        started,
        finished: now(),
        identifiable: settled.request.intake.identifiable,
        limits: settled.request.limits,
        time_budget: settled.time_budget,
        overrides: settled.request.overrides.clone(),
    }
}

fn now() -> Time {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    Time(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}
