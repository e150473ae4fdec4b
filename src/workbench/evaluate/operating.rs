//! Operating points: how good the alerts are that somebody can or wants to read.
//!
//! Three questions are asked of one ranked list of alerts. With so many read each week, what is found? How far down may
//! one read until the false-positive rate is too high? How far down must one read until enough is found?

use std::collections::BTreeSet;

use serde::Serialize;

use crate::columns::RowId;
use crate::stats::Rate;

use super::alerts::{Alert, Queue, Verdict};
use super::truth::Truth;

/// What is asked of the ranked alerts.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Questions {
    /// How many alerts an analyst reads in a week.
    pub per_week: usize,
    /// The highest false-positive rate, from 0 to 1.
    pub max_fpr: f64,
    /// The least recall, from 0 to 1.
    pub min_recall: f64,
}

/// What is true of the alerts that are read.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Point {
    /// Which alerts are read, in words.
    pub read: String,
    /// Whether the question has an answer: the recall may be out of reach.
    pub is_reached: bool,
    /// How many are read.
    pub alerts: usize,
    /// Those that hold labelled laundering.
    pub right: usize,
    /// Those that hold nothing labelled, or lookalikes.
    pub wrong: usize,
    /// right / (right + wrong).
    pub precision: Option<Rate>,
    /// Of the labelled instances the share that an alert read shares a transfer with; of the labelled transfers where
    /// there are no instances.
    pub recall: Option<Rate>,
    /// What recall counts: `instances` or `transfers`.
    pub recall_of: &'static str,
    /// Wrong alerts over all that could be wrong alerts; of cases, their unlabelled transfers over all of these.
    pub false_positive_rate: Option<f64>,
    /// Precision over that of a blind pick.
    pub lift: Option<f64>,
}

/// The operating points of a run's alerts.
pub(super) fn points(queue: &Queue, truth: &Truth, questions: &Questions) -> Vec<Point> {
    let Questions { per_week, max_fpr, min_recall } = *questions;
    let mut read = vec![0; queue.weeks];
    let top = queue.alerts.iter().filter(|alert| {
        read[alert.week] += 1;
        read[alert.week] <= per_week
    });
    let top: Vec<&Alert> = top.collect();
    let mut tally = Tally::new(queue, truth);
    let (mut until_fpr, mut until_recall) = (0, None);
    for place in 0..=queue.alerts.len() {
        if let Some(before) = place.checked_sub(1) {
            tally.add(&queue.alerts[before]);
        }
        let point = tally.rates();
        if point.0.is_none_or(|fpr| fpr <= max_fpr) {
            until_fpr = place;
        }
        if until_recall.is_none() && point.1 >= min_recall {
            until_recall = Some(place);
        }
    }
    let all: Vec<&Alert> = queue.alerts.iter().collect();
    let point = |read: String, alerts: &[&Alert]| {
        let mut tally = Tally::new(queue, truth);
        for alert in alerts {
            tally.add(alert);
        }
        tally.point(read)
    };
    let recall = point(format!("until recall is {min_recall} or more"), &all[..until_recall.unwrap_or(all.len())]);
    vec![
        point("all".to_owned(), &all),
        point(format!("the first {per_week} of each week"), &top),
        point(format!("while the false-positive rate is {max_fpr} or less"), &all[..until_fpr]),
        Point { is_reached: until_recall.is_some(), ..recall },
    ]
}

/// What is known of the alerts read so far.
struct Tally<'a> {
    queue: &'a Queue,
    truth: &'a Truth,
    counts: [usize; 3],
    wrong_transfers: BTreeSet<RowId>,
    touched: BTreeSet<usize>,
    labelled: BTreeSet<RowId>,
    instances: usize,
}

impl<'a> Tally<'a> {
    fn new(queue: &'a Queue, truth: &'a Truth) -> Self {
        Self {
            queue,
            truth,
            counts: [0; 3],
            wrong_transfers: BTreeSet::new(),
            touched: BTreeSet::new(),
            labelled: BTreeSet::new(),
            instances: truth.instances.iter().filter(|one| one.is_sound()).count(),
        }
    }

    fn add(&mut self, alert: &Alert) {
        self.counts[match alert.verdict {
            Verdict::Right => 0,
            Verdict::Wrong => 1,
            Verdict::Excused => 2,
        }] += 1;
        self.wrong_transfers.extend(self.queue.wrong_of(alert));
        for &row in &alert.rows {
            if self.queue.sought().contains(&row) {
                self.labelled.insert(row);
            }
            self.touched.extend(self.truth.holders(row).filter(|&one| self.truth.instances[one].is_sound()));
        }
    }

    /// Part and whole of recall, and what they count.
    fn recall(&self) -> (usize, usize, &'static str) {
        if self.instances > 0 {
            (self.touched.len(), self.instances, "instances")
        } else {
            (self.labelled.len(), self.queue.sought().len(), "transfers")
        }
    }

    /// False-positive rate and recall.
    #[expect(clippy::cast_precision_loss, reason = "a count of transfers is far below 2^53")]
    fn rates(&self) -> (Option<f64>, f64) {
        let wrong = if self.queue.counts_transfers() { self.wrong_transfers.len() } else { self.counts[1] };
        let fpr = (self.queue.negatives > 0).then(|| wrong as f64 / self.queue.negatives as f64);
        let (part, whole, _) = self.recall();
        (fpr, if whole == 0 { 0.0 } else { part as f64 / whole as f64 })
    }

    fn point(&self, read: String) -> Point {
        let [right, wrong, excused] = self.counts;
        let precision = Rate::of(right, right + wrong);
        let (part, whole, recall_of) = self.recall();
        let lift = precision.zip(self.queue.chance.filter(|&chance| chance > 0.0));
        Point {
            read,
            is_reached: true,
            alerts: right + wrong + excused,
            right,
            wrong,
            precision,
            recall: Rate::of(part, whole),
            recall_of,
            false_positive_rate: self.rates().0,
            lift: lift.map(|(precision, chance)| precision.value / chance),
        }
    }
}
