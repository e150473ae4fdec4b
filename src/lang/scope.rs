//! Which columns a predicate may read at its place, and of what kind they are.

use polars::prelude::DataType;

use crate::columns::schema::{self, Kind};

use super::predicate::{datetime, duration};
use super::{Role, Step};

/// Columns that look back over the ledger: part of the language, not yet of the engine.
pub(super) const HISTORY: [&str; 9] = [
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

/// Columns of an account that are worked out from the ledger.
pub(super) const COUNTED: [&str; 5] = ["age_days", "payers", "payees", "transfers_in", "transfers_out"];

/// Sums and counts of an instance.
const OUTCOME: [(&str, Outcome); 10] = [
    ("amount_in", Outcome::Money),
    ("amount_out", Outcome::Money),
    ("amount_total", Outcome::Money),
    ("transfers", Outcome::Number),
    ("hops", Outcome::Number),
    ("currencies", Outcome::Number),
    ("channels", Outcome::Number),
    ("duration", Outcome::Duration),
    ("started", Outcome::Time),
    ("ended", Outcome::Time),
];

#[derive(Clone, Copy)]
enum Outcome {
    Money,
    Number,
    Duration,
    Time,
}

/// Where a predicate stands.
#[derive(Clone, Copy, Debug)]
pub(super) enum Place<'f> {
    /// `where`: one transfer.
    Transfer,
    /// `roles`, `via`: one account.
    Account,
    /// `having`, `unless`: one instance or match of these roles and steps.
    Outcome(&'f [Role], &'f [Step]),
}

/// What a place says of a column.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Column {
    /// It exists, with this kind of value.
    Known(DataType),
    /// The ledger decides.
    Open,
    /// It is for evaluation alone.
    Label,
    /// It looks back over the ledger.
    History,
    /// It counts earlier matches.
    Repeats,
    /// It does not exist, for a reason and with names that do.
    Unknown(String, Vec<String>),
}

impl Place<'_> {
    pub(super) fn column(self, name: &str) -> Column {
        match self {
            Self::Transfer => transfer(name),
            Self::Account => account(name),
            Self::Outcome(roles, steps) => outcome(name, roles, steps),
        }
    }

    /// The least value that a column can have, and whether it can have it.
    pub(super) fn least(self, name: &str) -> Option<(f64, bool)> {
        match self {
            Self::Transfer => ["amount", "original_amount"].contains(&name).then_some((0.0, false)),
            Self::Account => {
                ["payers", "payees", "transfers_in", "transfers_out"].contains(&name).then_some((0.0, true))
            }
            Self::Outcome(..) => {
                let ends = |suffixes: &[&str]| suffixes.iter().any(|suffix| name.ends_with(suffix));
                if name.starts_with("amount_") || ends(&["_amount", "_min", "_max"]) {
                    Some((0.0, false))
                } else if ["transfers", "hops", "currencies"].contains(&name) || ends(&["_count", "_transfers"]) {
                    Some((1.0, true))
                } else {
                    (name == "duration").then_some((0.0, true))
                }
            }
        }
    }
}

fn kind(kind: Kind) -> DataType {
    match kind {
        Kind::Text => DataType::String,
        Kind::Number => DataType::Float64,
        Kind::Time => datetime(),
    }
}

fn transfer(name: &str) -> Column {
    if HISTORY.contains(&name) {
        return Column::History;
    }
    if let Some((end, column)) = name.split_once('.') {
        return match end {
            "sender" | "receiver" if COUNTED.contains(&column) => {
                let reason = format!("`{column}` is worked out for roles, not for transfers");
                Column::Unknown(reason, Vec::new())
            }
            "sender" | "receiver" => account(column),
            _ => Column::Unknown(
                "a dotted name begins with `sender.` or `receiver.` here".to_owned(),
                vec![format!("sender.{column}"), format!("receiver.{column}")],
            ),
        };
    }
    if name == "original_amount" {
        return Column::Known(DataType::Float64);
    }
    match schema::transfer(name) {
        Some(column) if !column.visible => Column::Label,
        Some(column) => Column::Known(kind(column.kind)),
        None => open(name, schema::TRANSFER.iter().filter(|column| column.visible).map(|column| column.name)),
    }
}

fn account(name: &str) -> Column {
    if COUNTED.contains(&name) {
        return Column::Known(DataType::Int64);
    }
    if name.contains('.') {
        return Column::Unknown("a role's predicate is about its own account".to_owned(), Vec::new());
    }
    match schema::account(name) {
        Some(column) => Column::Known(kind(column.kind)),
        None => open(name, schema::ACCOUNT.iter().map(|column| column.name).chain(COUNTED)),
    }
}

/// A name that is not ours belongs to the input, unless it looks like a slip of the finger.
fn open<'n>(name: &str, known: impl Iterator<Item = &'n str>) -> Column {
    match super::diagnostic::nearest(name, known) {
        Some(near) => {
            Column::Unknown("no column of this name, and one that is almost the same".to_owned(), vec![near.to_owned()])
        }
        None => Column::Open,
    }
}

fn outcome(name: &str, roles: &[Role], steps: &[Step]) -> Column {
    if name == "repeats" {
        return Column::Repeats;
    }
    if let Some((_, outcome)) = OUTCOME.iter().find(|(known, _)| *known == name) {
        return Column::Known(match outcome {
            Outcome::Money => DataType::Float64,
            Outcome::Number => DataType::Int64,
            Outcome::Duration => duration(),
            Outcome::Time => datetime(),
        });
    }
    if let Some((role, column)) = name.split_once('.') {
        return match roles.iter().find(|known| known.name == role) {
            Some(role) if !role.is_single() => {
                Column::Unknown(format!("`{}` is a set: only a single role has columns", role.name), Vec::new())
            }
            Some(_) if COUNTED.contains(&column) => {
                Column::Unknown(format!("`{column}` is for predicates under `roles`"), Vec::new())
            }
            Some(_) => account(column),
            None => {
                let singles = roles.iter().filter(|role| role.is_single());
                Column::Unknown(
                    format!("the flow has no role `{role}`"),
                    singles.map(|role| format!("{}.{column}", role.name)).collect(),
                )
            }
        };
    }
    if name.strip_suffix("_count").is_some_and(|role| roles.iter().any(|known| known.name == role)) {
        return Column::Known(DataType::Int64);
    }
    if let Some((step, what)) = name.rsplit_once('_')
        && steps.iter().any(|known| known.name.as_deref() == Some(step))
    {
        match what {
            "amount" | "min" | "max" => return Column::Known(DataType::Float64),
            "transfers" => return Column::Known(DataType::Int64),
            _ => {}
        }
    }
    let mut known: Vec<String> = OUTCOME.iter().map(|(name, _)| (*name).to_owned()).collect();
    known.extend(roles.iter().map(|role| format!("{}_count", role.name)));
    for step in steps.iter().filter_map(|step| step.name.as_ref()) {
        known.extend(["amount", "transfers", "min", "max"].map(|what| format!("{step}_{what}")));
    }
    Column::Unknown("an instance has no column of this name".to_owned(), known)
}
