//! What the best setting is: the objective by which settings are compared.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use crate::workbench::evaluate::Grain;

/// What is sought in a setting, at the grain of instances.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Objective {
    /// The greatest F1.
    #[default]
    F1,
    /// The greatest recall of those with at least so much precision.
    Recall {
        /// The least precision.
        precision: f64,
    },
    /// The greatest precision of those with at least so much recall.
    Precision {
        /// The least recall.
        recall: f64,
    },
}

impl Objective {
    /// Whether figures meet what is asked of them, and how good they are by what is sought, then by the other.
    fn worth(self, grain: &Grain) -> (bool, f64, f64) {
        let value = |rate: Option<crate::stats::Rate>| rate.map_or(0.0, |rate| rate.value);
        let (precision, recall) = (value(grain.precision), value(grain.recall));
        match self {
            Self::F1 => (true, value(grain.f1), recall),
            // Of settings that all miss the line the nearest to it is the best.
            Self::Recall { precision: least } if precision < least => (false, precision, recall),
            Self::Recall { .. } => (true, recall, precision),
            Self::Precision { recall: least } if recall < least => (false, recall, precision),
            Self::Precision { .. } => (true, precision, recall),
        }
    }

    /// Whether figures meet the line that the objective draws.
    #[must_use]
    pub fn is_met(self, grain: &Grain) -> bool {
        self.worth(grain).0
    }

    /// The order of two settings, the better one greater.
    #[must_use]
    pub fn compare(self, a: &Grain, b: &Grain) -> Ordering {
        let (a, b) = (self.worth(a), self.worth(b));
        a.0.cmp(&b.0).then_with(|| a.1.total_cmp(&b.1)).then_with(|| a.2.total_cmp(&b.2))
    }
}

impl fmt::Display for Objective {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::F1 => write!(f, "f1"),
            Self::Recall { precision } => write!(f, "recall@precision={precision}"),
            Self::Precision { recall } => write!(f, "precision@recall={recall}"),
        }
    }
}

impl FromStr for Objective {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let share = |text: &str| text.parse::<f64>().ok().filter(|share| (0.0..=1.0).contains(share));
        let found = if text == "f1" {
            Some(Self::F1)
        } else if let Some(line) = text.strip_prefix("recall@precision=") {
            share(line).map(|precision| Self::Recall { precision })
        } else {
            text.strip_prefix("precision@recall=").and_then(share).map(|recall| Self::Precision { recall })
        };
        let help = "write `f1`, `recall@precision=0.8` or `precision@recall=0.9`";
        found.ok_or_else(|| format!("`{text}` is no objective: {help}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grain(tp: usize, fp: usize, missed: usize) -> Grain {
        Grain::new(tp, fp, missed, None)
    }

    #[test]
    fn what_misses_the_line_is_worse_than_anything_that_meets_it() {
        let objective: Objective = "recall@precision=0.5".parse().expect("an objective");
        assert_eq!(objective.to_string(), "recall@precision=0.5");
        let (meets, misses) = (grain(1, 1, 9), grain(10, 11, 0));
        assert_eq!(objective.compare(&meets, &misses), Ordering::Greater);
        assert_eq!(objective.compare(&grain(2, 2, 8), &meets), Ordering::Greater, "more recall at the same precision");
        assert!(!objective.is_met(&misses) && objective.is_met(&meets));
        assert_eq!(Objective::F1.compare(&misses, &meets), Ordering::Greater);
    }

    #[test]
    fn an_objective_that_nobody_knows_is_refused_with_a_way_out() {
        for text in ["f2", "recall@precision=2", "recall", ""] {
            assert!(text.parse::<Objective>().is_err_and(|error| error.contains("recall@precision=0.8")), "{text}");
        }
    }
}
