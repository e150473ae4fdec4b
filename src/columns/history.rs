//! Names of the columns that look back over the ledger from one transfer: `sender_idle`, `receiver_median(90d)`.
//!
//! Rules write them, plans ask what they need, and the search works them out; all three read names here.

use std::fmt;
use std::str::FromStr;

use super::Span;

/// A column that is worked out from what came before a transfer.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum History {
    /// Earlier transfers of the same sender to the same receiver.
    PairPrior,
    /// What one of the transfer's two accounts did before.
    Of(End, Past),
}

/// One of the two accounts of a transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum End {
    /// The account that pays; its amounts are those it sent.
    Sender,
    /// The account that is paid; its amounts are those it got.
    Receiver,
}

/// What is asked of an account's past.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Past {
    /// Time since it last sent or got anything.
    Idle,
    /// How many transfers it sent (or got) before.
    Prior,
    /// Mean of their amounts.
    Mean,
    /// Sample standard deviation of their amounts.
    Deviation,
    /// How many transfers in the time before.
    Count(Span),
    /// Sum of their amounts.
    Sum(Span),
    /// Median of their amounts.
    Median(Span),
    /// Share of the counterparties in the time before that the account had never dealt with until then.
    NewShare(Span),
    /// Share of all earlier transfers of accounts alike (same value of this account column) that are not larger.
    Percentile(String),
}

impl History {
    /// Every name without an argument, for suggestions.
    pub const NAMES: [&str; 9] = [
        "sender_idle",
        "receiver_idle",
        "sender_prior",
        "receiver_prior",
        "pair_prior",
        "sender_mean",
        "sender_sd",
        "receiver_mean",
        "receiver_sd",
    ];

    /// Every name that takes an argument in parentheses: a length of time, or an account column for `_percentile`.
    pub const CALLS: [&str; 10] = [
        "sender_count",
        "receiver_count",
        "sender_sum",
        "receiver_sum",
        "sender_median",
        "receiver_median",
        "sender_new_share",
        "receiver_new_share",
        "sender_percentile",
        "receiver_percentile",
    ];

    /// The account column that it reads.
    #[must_use]
    pub fn account_column(&self) -> Option<&str> {
        match self {
            Self::Of(_, Past::Percentile(column)) => Some(column),
            _ => None,
        }
    }
}

impl fmt::Display for History {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self::Of(end, past) = self else { return write!(f, "pair_prior") };
        let end = match end {
            End::Sender => "sender",
            End::Receiver => "receiver",
        };
        match past {
            Past::Idle => write!(f, "{end}_idle"),
            Past::Prior => write!(f, "{end}_prior"),
            Past::Mean => write!(f, "{end}_mean"),
            Past::Deviation => write!(f, "{end}_sd"),
            Past::Count(span) => write!(f, "{end}_count({span})"),
            Past::Sum(span) => write!(f, "{end}_sum({span})"),
            Past::Median(span) => write!(f, "{end}_median({span})"),
            Past::NewShare(span) => write!(f, "{end}_new_share({span})"),
            Past::Percentile(column) => write!(f, "{end}_percentile({column})"),
        }
    }
}

/// The text is no history column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a history column")]
pub struct NoHistory;

impl FromStr for History {
    type Err = NoHistory;

    fn from_str(text: &str) -> Result<Self, NoHistory> {
        if text == "pair_prior" {
            return Ok(Self::PairPrior);
        }
        let (end, past) = text.split_once('_').ok_or(NoHistory)?;
        let end = match end {
            "sender" => End::Sender,
            "receiver" => End::Receiver,
            _ => return Err(NoHistory),
        };
        let call = past.split_once('(').and_then(|(name, rest)| Some((name, rest.strip_suffix(')')?)));
        let span = |text: &str| text.parse::<Span>().ok().filter(|&span| span > Span::ZERO).ok_or(NoHistory);
        let past = match (past, call) {
            ("idle", _) => Past::Idle,
            ("prior", _) => Past::Prior,
            ("mean", _) => Past::Mean,
            ("sd", _) => Past::Deviation,
            (_, Some(("count", argument))) => Past::Count(span(argument)?),
            (_, Some(("sum", argument))) => Past::Sum(span(argument)?),
            (_, Some(("median", argument))) => Past::Median(span(argument)?),
            (_, Some(("new_share", argument))) => Past::NewShare(span(argument)?),
            (_, Some(("percentile", column))) if !column.is_empty() => Past::Percentile(column.to_owned()),
            _ => return Err(NoHistory),
        };
        Ok(Self::Of(end, past))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_reads_back_as_it_is_written() {
        let calls = History::CALLS.map(|name| {
            let argument = if name.ends_with("percentile") { "kind" } else { "36h" };
            format!("{name}({argument})")
        });
        for name in History::NAMES.into_iter().chain(calls.iter().map(String::as_str)) {
            assert_eq!(name.parse::<History>().map(|history| history.to_string()).as_deref(), Ok(name));
        }
        for wrong in ["sender_idle(3d)", "sender_median", "sender_median(0d)", "sender_median(x)", "payer_idle", "x"] {
            assert_eq!(wrong.parse::<History>(), Err(NoHistory), "{wrong}");
        }
    }
}
