//! What a person sees while a run goes on, and how long each rule took.

use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use moneytrail::engine::{Event, Observer};

/// Watches a run: a bar on a terminal, silence in a pipe, and a clock in both.
#[derive(Debug)]
pub(crate) struct Progress {
    bar: ProgressBar,
    clock: Mutex<Clock>,
}

#[derive(Debug, Default)]
struct Clock {
    since: Option<Instant>,
    stage: &'static str,
    stages: Vec<(&'static str, Duration)>,
    rules: BTreeMap<String, Duration>,
    transfers: u64,
}

impl Progress {
    /// A bar for so many rules.
    pub(crate) fn new(rules: usize) -> Self {
        let target =
            if std::io::stderr().is_terminal() { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(Some(rules as u64 + 3), target);
        let style = ProgressStyle::with_template("{bar:30} {pos}/{len} {elapsed} (left {eta}) {msg}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        bar.enable_steady_tick(Duration::from_millis(200));
        Self { bar, clock: Mutex::default() }
    }

    /// Takes the bar away and gives the time of each stage and of each rule.
    pub(crate) fn finish(&self) -> (Vec<(&'static str, Duration)>, BTreeMap<String, Duration>) {
        self.bar.finish_and_clear();
        let mut clock = self.clock.lock().expect("no holder panics");
        clock.close();
        (std::mem::take(&mut clock.stages), std::mem::take(&mut clock.rules))
    }
}

impl Clock {
    fn close(&mut self) -> Duration {
        let elapsed = self.since.take().map_or(Duration::ZERO, |since| since.elapsed());
        if !self.stage.is_empty() {
            self.stages.push((self.stage, elapsed));
        }
        self.stage = "";
        elapsed
    }

    fn open(&mut self, stage: &'static str) {
        self.close();
        self.stage = stage;
        self.since = Some(Instant::now());
    }
}

impl Observer for Progress {
    fn hear(&self, event: Event<'_>) {
        let mut clock = self.clock.lock().expect("no holder panics");
        match event {
            Event::Reading => {
                clock.open("read");
                self.bar.set_message("reading");
            }
            Event::Read(summary) => {
                let elapsed = clock.close();
                clock.transfers = summary.transfers as u64;
                self.bar.inc(1);
                self.bar.set_message(format!("{} transfers, {}", summary.transfers, rate(clock.transfers, elapsed)));
            }
            Event::Searching(rule, ..) => {
                clock.close();
                clock.since = Some(Instant::now());
                self.bar.set_message(rule.to_owned());
            }
            Event::Searched(rule, _) => {
                let elapsed = clock.close();
                self.bar.inc(1);
                self.bar.set_message(format!("{rule}: {}", rate(clock.transfers, elapsed)));
                clock.rules.insert(rule.to_owned(), elapsed);
            }
            Event::Sifting => {
                clock.open("sift");
                self.bar.inc(1);
                self.bar.set_message("sifting");
            }
            Event::Assessing => {
                clock.open("assess");
                self.bar.inc(1);
                self.bar.set_message("statistics");
            }
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "only for display")]
fn rate(transfers: u64, elapsed: Duration) -> String {
    let seconds = elapsed.as_secs_f64().max(1e-6);
    format!("{:.1} million transfers a second", transfers as f64 / seconds / 1e6)
}
