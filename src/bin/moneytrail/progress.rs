//! What a person sees while a run goes on, and how long each stage and each rule took.

use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use moneytrail::engine::{Event, Observer};

use crate::{interrupt, terminal};

/// Steps of the bar beside those of the rules: reading, sifting and statistics.
const STAGES: u64 = 3;

/// Watches a run: a bar on a terminal, silence in a pipe, and clocks in both.
#[derive(Debug)]
pub(crate) struct Progress {
    bar: ProgressBar,
    clocks: Mutex<Clocks>,
}

/// How long everything took.
#[derive(Debug, Default)]
pub(crate) struct Timings {
    /// Each stage, in order.
    pub(crate) stages: Vec<(&'static str, Duration)>,
    /// The search for each rule, by id.
    pub(crate) rules: BTreeMap<String, Duration>,
}

#[derive(Debug, Default)]
struct Clocks {
    stage: Option<(&'static str, Instant)>,
    rule: Option<Instant>,
    transfers: usize,
    timings: Timings,
}

impl Progress {
    /// A bar on standard error, if somebody is there to see it.
    pub(crate) fn new() -> Self {
        let stderr = std::io::stderr().is_terminal();
        let target = if stderr { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(Some(STAGES), target);
        let style = ProgressStyle::with_template("{bar:20} {pos}/{len}  {elapsed} (left {eta})  {wide_msg}");
        bar.set_style(style.expect("the template is right"));
        bar.enable_steady_tick(Duration::from_millis(200));
        Self { bar, clocks: Mutex::default() }
    }

    /// Starts the clock of a stage, and stops that of the stage before it.
    pub(crate) fn enter(&self, stage: &'static str, message: &str) {
        self.clocks.lock().expect("no holder panics").enter(stage);
        self.bar.set_message(message.to_owned());
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
    fn enter(&mut self, stage: &'static str) {
        self.leave();
        self.stage = Some((stage, Instant::now()));
    }

    fn leave(&mut self) {
        if let Some((stage, since)) = self.stage.take() {
            self.timings.stages.push((stage, since.elapsed()));
        }
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
                self.clocks.lock().expect("no holder panics").transfers = summary.transfers;
                self.enter("search", &format!("{} transfers", terminal::grouped(summary.transfers as u64)));
                self.bar.inc(1);
            }
            Event::Searching(rule, position, rules) => {
                self.clocks.lock().expect("no holder panics").rule = Some(Instant::now());
                self.bar.set_length(STAGES + rules as u64);
                self.bar.set_position(1 + position as u64);
                self.bar.set_message(rule.to_owned());
            }
            Event::Searched(rule, _) => {
                let mut clocks = self.clocks.lock().expect("no holder panics");
                let elapsed = clocks.rule.take().map_or(Duration::ZERO, |since| since.elapsed());
                clocks.timings.rules.insert(rule.to_owned(), elapsed);
                self.bar.inc(1);
                self.bar.set_message(format!("{rule}: {}", rate(clocks.transfers, elapsed)));
            }
            Event::Scanning(..) | Event::Narrowing(_) => {}
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
