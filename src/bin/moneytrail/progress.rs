//! What a person sees while a run goes on, and what each stage and each rule took.

use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use moneytrail::engine::{Event, Observer};

use crate::profile::{Moment, Spent};
use crate::{interrupt, terminal};

/// Steps of the bar beside those of the rules: reading, sifting and statistics.
const STAGES: u64 = 3;

/// Watches a run: a bar on a terminal, silence in a pipe, and clocks in both.
#[derive(Debug)]
pub(crate) struct Progress {
    bar: ProgressBar,
    clocks: Mutex<Clocks>,
}

/// What everything took.
#[derive(Debug, Default)]
pub(crate) struct Timings {
    /// Each stage, in order.
    pub(crate) stages: Vec<(&'static str, Spent)>,
    /// The search for each rule, by id.
    pub(crate) rules: BTreeMap<String, RuleSpent>,
    /// Bytes of the lists that all rules share.
    pub(crate) lists: usize,
    /// From the first stage to the last.
    pub(crate) all: Spent,
}

/// What the search for one rule took.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct RuleSpent {
    /// All of it.
    pub(crate) all: Spent,
    /// To find the transfers that it can use, and to make lists of them.
    pub(crate) scan: Spent,
    /// To walk these.
    pub(crate) walk: Spent,
    /// Instances found.
    pub(crate) instances: u64,
    /// Bytes of the masks and lists made for it.
    pub(crate) bytes: usize,
}

#[derive(Debug)]
struct Clocks {
    /// Whether more than the clock is read.
    metered: bool,
    stage: Option<(&'static str, Moment)>,
    rule: Option<Rule>,
    transfers: usize,
    timings: Timings,
}

/// The search that is going on: when it began, and its latest part.
#[derive(Debug)]
struct Rule {
    began: Moment,
    latest: Moment,
    scanning: bool,
    spent: RuleSpent,
}

impl Progress {
    /// A bar on standard error, if somebody is there to see it; `metered` also asks for processor time and memory.
    pub(crate) fn new(metered: bool) -> Self {
        let stderr = std::io::stderr().is_terminal();
        let target = if stderr { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(Some(STAGES), target);
        let style = ProgressStyle::with_template("{bar:20} {pos}/{len}  {elapsed} (left {eta})  {wide_msg}");
        bar.set_style(style.expect("the template is right"));
        // A thread of its own, for nobody where it is hidden.
        if stderr {
            bar.enable_steady_tick(Duration::from_millis(200));
        }
        let stage = Some(("rules", Moment::now(metered)));
        let (rule, transfers, timings) = (None, 0, Timings::default());
        Self { bar, clocks: Mutex::new(Clocks { metered, stage, rule, transfers, timings }) }
    }

    /// Starts the clock of a stage, and stops that of the stage before it.
    pub(crate) fn enter(&self, stage: &'static str, message: &str) {
        self.clocks().enter(stage);
        self.bar.set_message(message.to_owned());
    }

    fn clocks(&self) -> MutexGuard<'_, Clocks> {
        self.clocks.lock().expect("no holder panics")
    }

    /// Takes the bar away.
    pub(crate) fn finish(self) -> Timings {
        self.bar.finish_and_clear();
        let mut clocks = self.clocks.into_inner().expect("no holder panics");
        clocks.leave();
        clocks.timings
    }
}

impl Clocks {
    fn now(&self) -> Moment {
        Moment::now(self.metered)
    }

    fn enter(&mut self, stage: &'static str) {
        self.leave();
        self.stage = Some((stage, self.now()));
    }

    fn leave(&mut self) {
        let Some((stage, since)) = self.stage.take() else { return };
        let spent = self.now().since(&since);
        self.timings.all.add(spent);
        match self.timings.stages.iter_mut().find(|(known, _)| *known == stage) {
            Some((_, sum)) => sum.add(spent),
            None => self.timings.stages.push((stage, spent)),
        }
    }

    fn begin_rule(&mut self) {
        let now = self.now();
        self.rule = Some(Rule { began: now, latest: now, scanning: false, spent: RuleSpent::default() });
    }

    /// A part of a rule's search is over, and another begins.
    fn turn(&mut self, scanning: bool, made: usize) {
        let now = self.now();
        if let Some(rule) = &mut self.rule {
            let part = if rule.scanning { &mut rule.spent.scan } else { &mut rule.spent.walk };
            part.add(now.since(&rule.latest));
            rule.spent.bytes += made;
            (rule.latest, rule.scanning) = (now, scanning);
        }
    }

    /// The search for a rule is over; says how long it took.
    fn end_rule(&mut self, id: &str, instances: u64) -> Duration {
        self.turn(false, 0);
        let Some(Rule { began, latest, mut spent, .. }) = self.rule.take() else { return Duration::ZERO };
        let took = latest.since(&began);
        spent.all.add(took);
        spent.instances = instances;
        self.timings.rules.entry(id.to_owned()).or_default().add(spent);
        took.clock
    }
}

impl RuleSpent {
    fn add(&mut self, later: Self) {
        self.all.add(later.all);
        self.scan.add(later.scan);
        self.walk.add(later.walk);
        self.instances += later.instances;
        self.bytes = self.bytes.max(later.bytes);
    }
}

impl Observer for Progress {
    fn hear(&self, event: Event<'_>) {
        match event {
            Event::Reading => {
                interrupt::may_end_anywhere(true);
                self.enter("read", "reading");
            }
            Event::Read(summary) => {
                interrupt::may_end_anywhere(false);
                self.clocks().transfers = summary.transfers;
                self.enter("plan", &format!("{} transfers", terminal::grouped(summary.transfers as u64)));
                self.bar.inc(1);
            }
            Event::Listing => self.clocks().enter("lists"),
            Event::Listed(bytes) => {
                let mut clocks = self.clocks();
                clocks.timings.lists = clocks.timings.lists.max(bytes);
                clocks.enter("search");
            }
            Event::Searching(rule, position, rules) => {
                self.clocks().begin_rule();
                self.bar.set_length(STAGES + rules as u64);
                self.bar.set_position(1 + position as u64);
                self.bar.set_message(rule.to_owned());
            }
            Event::Narrowing(_) => self.clocks().turn(true, 0),
            Event::Walking(_, bytes) => self.clocks().turn(false, bytes),
            Event::Searched(rule, instances) => {
                let mut clocks = self.clocks();
                let elapsed = clocks.end_rule(rule, instances);
                self.bar.inc(1);
                self.bar.set_message(format!("{rule}: {}", rate(clocks.transfers, elapsed)));
            }
            Event::Scanning(..) => {}
            Event::Sifting => self.enter("sift", "putting matches together"),
            Event::Assessing => {
                self.enter("statistics", "statistics");
                self.bar.inc(1);
            }
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "only for display")]
fn rate(transfers: usize, elapsed: Duration) -> String {
    let seconds = elapsed.as_secs_f64().max(1e-6);
    format!("{:.1} million transfers a second", transfers as f64 / seconds / 1e6)
}
