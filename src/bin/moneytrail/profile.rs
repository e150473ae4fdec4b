//! Where time and memory went: what the process had used at each moment that a run tells of, and the table of it.
//!
//! The clock is read everywhere. Processor time and memory are asked of Linux (`/proc`), and not known elsewhere.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use moneytrail::engine::Analysis;
use serde_json::{Map, Value, json};

use crate::failure::Failure;
use crate::progress::{RuleSpent, Timings};
use crate::terminal;

/// What the process had used at one moment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment {
    clock: Instant,
    processor: Option<Duration>,
    peak: Option<u64>,
}

/// What was used between two moments.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Spent {
    /// By the clock.
    pub(crate) clock: Duration,
    /// Of all threads, in user code and in the system.
    pub(crate) processor: Option<Duration>,
    /// The most memory that was resident up to the end of it, in bytes.
    pub(crate) peak: Option<u64>,
}

impl Moment {
    /// Now; beside the clock only where `metered`, since asking the system takes time of its own.
    pub(crate) fn now(metered: bool) -> Self {
        let (processor, peak) = if metered { (processor(), peak()) } else { (None, None) };
        Self { clock: Instant::now(), processor, peak }
    }

    /// What was used since an earlier moment.
    pub(crate) fn since(&self, earlier: &Self) -> Spent {
        let processor = self.processor.zip(earlier.processor).map(|(now, then)| now.saturating_sub(then));
        Spent { clock: self.clock.saturating_duration_since(earlier.clock), processor, peak: self.peak }
    }
}

impl Spent {
    /// Adds what was used later for the same thing.
    pub(crate) fn add(&mut self, later: Self) {
        let first = self.clock.is_zero() && self.processor.is_none();
        self.clock += later.clock;
        self.processor = if first { later.processor } else { self.processor.zip(later.processor).map(|(a, b)| a + b) };
        self.peak = self.peak.max(later.peak);
    }
}

/// Ticks of processor time a second, as Linux counts for programs on every machine this is built for.
const TICKS: u64 = 100;

/// Processor time of this process: fields 14 and 15 of `/proc/self/stat`, whose second is a name in parentheses.
fn processor() -> Option<Duration> {
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    let fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11).take(2);
    let ticks: Vec<u64> = fields.filter_map(|field| field.parse().ok()).collect();
    let [user, system] = ticks.as_slice() else { return None };
    Some(Duration::from_millis((user + system) * (1_000 / TICKS)))
}

/// The most memory that was ever resident, in bytes.
fn peak() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()? * 1_024)
}

/// Tells a person what a run took: each stage, and within the search each rule, the dearest first.
pub(crate) fn tell(timings: &Timings, analysis: &Analysis) {
    let headings = ["part", "seconds", "processor s", "scan s", "walk s", "instances", "matches", "kB", "peak MiB"];
    let numbers: Vec<usize> = (1..headings.len()).collect();
    let mut table = terminal::table(&headings, &numbers, &[]);
    for (stage, spent) in &timings.stages {
        table.add_row(row(stage, spent, ["", "", "", ""].map(str::to_owned), stage_bytes(stage, timings)));
        let mut rules: Vec<_> = timings.rules.iter().filter(|_| *stage == "search").collect();
        rules.sort_by_key(|(id, rule)| (std::cmp::Reverse(rule.all.clock), *id));
        for (id, rule) in rules {
            let seconds = |spent: &Spent| format!("{:.3}", spent.clock.as_secs_f64());
            let found = [Some(rule.instances), matches(analysis, id)];
            let found = found.map(|count| count.map_or_else(String::new, terminal::grouped));
            let [instances, matches] = found;
            let cells = [seconds(&rule.scan), seconds(&rule.walk), instances, matches];
            table.add_row(row(&format!("  {id}"), &rule.all, cells, Some(rule.bytes)));
        }
    }
    table.add_row(row("all", &timings.all, ["", "", "", ""].map(str::to_owned), None));
    terminal::complain(&table.to_string());
}

fn row(part: &str, spent: &Spent, [scan, walk, instances, matches]: [String; 4], bytes: Option<usize>) -> [String; 9] {
    let bytes = bytes.map_or_else(String::new, |bytes| terminal::grouped(bytes.div_ceil(1_000) as u64));
    let [seconds, processor, peak] = cells(spent, 3);
    [part.to_owned(), seconds, processor, scan, walk, instances, matches, bytes, peak]
}

/// Seconds by the clock with so many digits, processor seconds, and MiB of memory, as a person reads them.
pub(crate) fn cells(spent: &Spent, digits: usize) -> [String; 3] {
    let unknown = || "not known".to_owned();
    [
        format!("{:.digits$}", spent.clock.as_secs_f64()),
        spent.processor.map_or_else(unknown, |time| format!("{:.2}", time.as_secs_f64())),
        spent.peak.map_or_else(unknown, |bytes| terminal::grouped(bytes >> 20)),
    ]
}

fn stage_bytes(stage: &str, timings: &Timings) -> Option<usize> {
    (stage == "lists").then_some(timings.lists)
}

/// Matches of a rule; none where it ran only because another one uses it.
fn matches(analysis: &Analysis, id: &str) -> Option<u64> {
    let known = analysis.statistics.rules.iter().find(|known| known.rule == id)?;
    Some(known.summary.matches as u64)
}

/// Writes the same as JSON.
pub(crate) fn write(path: &Path, timings: &Timings, analysis: &Analysis) -> Result<(), Failure> {
    let mut text = serde_json::to_string_pretty(&object(timings, analysis))?;
    text.push('\n');
    fs::write(path, text).map_err(|error| Failure::output(format!("{}: {error}", path.display())))
}

fn object(timings: &Timings, analysis: &Analysis) -> Value {
    let stages = timings.stages.iter().map(|(stage, spent)| {
        let mut part = Map::from_iter([("stage".to_owned(), json!(stage))]);
        part.extend(used(spent));
        part.extend(stage_bytes(stage, timings).map(|bytes| ("bytes".to_owned(), json!(bytes))));
        Value::Object(part)
    });
    let rules = timings.rules.iter().map(|(id, rule)| {
        let RuleSpent { all, scan, walk, instances, bytes } = rule;
        let mut part = Map::from_iter([("rule".to_owned(), json!(id))]);
        part.extend(used(all));
        part.extend([
            ("scan_seconds".to_owned(), json!(scan.clock.as_secs_f64())),
            ("walk_seconds".to_owned(), json!(walk.clock.as_secs_f64())),
            ("instances".to_owned(), json!(instances)),
            ("matches".to_owned(), json!(matches(analysis, id))),
            ("bytes".to_owned(), json!(bytes)),
        ]);
        Value::Object(part)
    });
    json!({ "stages": stages.collect::<Vec<_>>(), "rules": rules.collect::<Vec<_>>(), "all": used(&timings.all) })
}

/// What was used, by name; what is not known is null.
fn used(spent: &Spent) -> Map<String, Value> {
    Map::from_iter([
        ("seconds".to_owned(), json!(spent.clock.as_secs_f64())),
        ("processor_seconds".to_owned(), json!(spent.processor.map(|time| time.as_secs_f64()))),
        ("peak_bytes".to_owned(), json!(spent.peak)),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_used_later_is_added_and_what_is_not_known_stays_so() {
        let second = Duration::from_secs(1);
        let spent = |processor, peak| Spent { clock: second, processor, peak };
        let mut sum = Spent::default();
        sum.add(spent(Some(second), Some(5)));
        sum.add(spent(Some(second), Some(3)));
        assert_eq!((sum.clock, sum.processor, sum.peak), (2 * second, Some(2 * second), Some(5)));
        sum.add(spent(None, None));
        assert_eq!((sum.clock, sum.processor, sum.peak), (3 * second, None, Some(5)));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn linux_tells_processor_time_and_peak_memory() {
        let moment = Moment::now(true);
        assert!(moment.processor.is_some() && moment.peak.is_some_and(|bytes| bytes > 1 << 20), "{moment:?}");
        let plain = Moment::now(false);
        assert!(plain.processor.is_none() && plain.since(&moment).processor.is_none());
    }
}
