//! Which columns a predicate may read at its place, and of what kind they are.

use crate::columns::{History, Past, Span, schema};

use super::kinds::Kind;
use super::truth::Range;
use super::{Count, Role, Shape, Step};

/// Columns of an account that are worked out from the ledger.
pub(super) const COUNTED: [&str; 5] = ["age_days", "payers", "payees", "transfers_in", "transfers_out"];

/// Sums and counts of an instance.
const OUTCOME: [(&str, Kind); 10] = [
    ("amount_in", Kind::Number),
    ("amount_out", Kind::Number),
    ("amount_total", Kind::Number),
    ("transfers", Kind::Count),
    ("hops", Kind::Count),
    ("currencies", Kind::Count),
    ("channels", Kind::Count),
    ("duration", Kind::Duration),
    ("started", Kind::Time),
    ("ended", Kind::Time),
];

/// Where a predicate stands.
#[derive(Clone, Copy, Debug)]
pub(super) enum Place<'f> {
    /// `where`: one transfer.
    Transfer,
    /// `roles`, `via`: one account.
    Account,
    /// `having`, `unless`: one instance or match.
    Outcome(Outcome<'f>),
    /// `having`, `unless` of a flow that cannot be read: any column may exist.
    Anything,
}

/// What an instance or a match is made of.
#[derive(Clone, Copy, Debug)]
pub(super) struct Outcome<'f> {
    pub(super) roles: &'f [Role],
    /// The steps with each choice of alternatives; the names are the same everywhere.
    pub(super) ways: &'f [Vec<Step>],
    /// The longest that it can last: `within` for an instance, nothing for a match.
    pub(super) longest: Option<Span>,
}

/// What a place says of a column.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Column {
    /// It exists, with this kind of value.
    Known(Kind),
    /// The ledger decides.
    Open,
    /// It is for evaluation alone.
    Label,
    /// It may belong to the input, and is almost the name of one of ours.
    Similar(String),
    /// It does not exist, for a reason and with names that do.
    Unknown(String, Vec<String>),
}

impl Place<'_> {
    pub(super) fn column(self, name: &str) -> Column {
        // A step may be called `label`; then `label_amount` is its sum.
        let own = matches!(self, Self::Outcome(_)) && !name.contains('.');
        let last = name.rsplit('.').next().unwrap_or(name);
        if !own && (last == "label" || last.starts_with("label_")) {
            return Column::Label;
        }
        if name.contains('@') && !matches!(self, Self::Transfer) {
            let reason = "a list is read as of a transfer's time, so it stands in `where`".to_owned();
            return Column::Unknown(reason, Vec::new());
        }
        match self {
            Self::Transfer => transfer(name),
            Self::Account => account(name),
            Self::Outcome(outcome) => outcome.column(name),
            Self::Anything => Column::Open,
        }
    }

    /// The numbers that a column can have, where something is known of them; lengths of time in seconds.
    pub(super) fn range(self, name: &str) -> Option<Range> {
        match self {
            Self::Transfer if ["amount", "original_amount"].contains(&name) => Some(Range::above(0.0)),
            Self::Transfer => name.parse::<History>().ok().map(|_| Range::from(0.0)),
            Self::Account => {
                ["payers", "payees", "transfers_in", "transfers_out"].contains(&name).then_some(Range::from(0.0))
            }
            Self::Outcome(outcome) => outcome.range(name),
            Self::Anything => None,
        }
    }
}

fn kind(kind: schema::Kind) -> Kind {
    match kind {
        schema::Kind::Text => Kind::Text,
        schema::Kind::Number => Kind::Number,
        schema::Kind::Time => Kind::Time,
    }
}

fn kind_of(history: &History) -> Kind {
    match history {
        History::PairPrior | History::Of(_, Past::Prior | Past::Count(_)) => Kind::Count,
        History::Of(_, Past::Idle) => Kind::Duration,
        History::Of(..) => Kind::Number,
    }
}

fn transfer(name: &str) -> Column {
    if let Ok(history) = name.parse::<History>() {
        return match history.account_column().map(|column| Place::Account.column(column)) {
            Some(other @ (Column::Similar(_) | Column::Unknown(..) | Column::Label)) => other,
            _ => Column::Known(kind_of(&history)),
        };
    }
    if let Some(list) = name.strip_prefix('@') {
        return if super::reader::is_name(list) {
            Column::Known(Kind::Number)
        } else {
            Column::Unknown("a list has a name of letters, digits and underscores".to_owned(), Vec::new())
        };
    }
    if let Some((column, _)) = name.split_once(" IN @") {
        return match Place::Transfer.column(column) {
            Column::Known(Kind::Text) | Column::Open => Column::Known(Kind::Truth),
            Column::Known(_) => Column::Unknown(format!("`{column}` is no text, and lists hold texts"), Vec::new()),
            other => other,
        };
    }
    if let Some((call, _)) = name.split_once('(').filter(|(call, _)| History::CALLS.contains(call)) {
        let argument = if call.ends_with("percentile") { "an account column" } else { "a length of time above zero" };
        return Column::Unknown(format!("`{call}` takes {argument}"), Vec::new());
    }
    if let Some((end, column)) = name.split_once('.') {
        return match end {
            "sender" | "receiver" if COUNTED.contains(&column) => {
                let reason = format!("`{column}` is worked out for roles, not for transfers");
                Column::Unknown(reason, Vec::new())
            }
            "sender" | "receiver" => dotted(end, account(column)),
            _ => Column::Unknown(
                "a dotted name begins with `sender.` or `receiver.` here".to_owned(),
                vec![format!("sender.{column}"), format!("receiver.{column}")],
            ),
        };
    }
    if name == "original_amount" {
        return Column::Known(Kind::Number);
    }
    if let Some(column) = schema::transfer(name) {
        return Column::Known(kind(column.kind));
    }
    let visible = schema::TRANSFER.iter().filter(|column| column.visible).map(|column| column.name);
    open(name, visible.chain(["original_amount"]).chain(History::NAMES))
}

fn account(name: &str) -> Column {
    if COUNTED.contains(&name) {
        return Column::Known(Kind::Count);
    }
    if name.contains('.') {
        return Column::Unknown("a role's predicate is about its own account".to_owned(), Vec::new());
    }
    match schema::account(name) {
        Some(column) => Column::Known(kind(column.kind)),
        None => open(name, schema::ACCOUNT.iter().map(|column| column.name).chain(COUNTED)),
    }
}

/// What is said of the account column behind a dot.
fn dotted(before: &str, column: Column) -> Column {
    match column {
        Column::Similar(near) => Column::Similar(format!("{before}.{near}")),
        other => other,
    }
}

/// A name that is not ours belongs to the input, unless it looks like a slip of the finger.
fn open<'n>(name: &str, known: impl Iterator<Item = &'n str>) -> Column {
    super::diagnostic::nearest(name, known).map_or(Column::Open, |near| Column::Similar(near.to_owned()))
}

impl<'f> Outcome<'f> {
    fn role(self, name: &str) -> Option<&'f Role> {
        self.roles.iter().find(|role| role.name == name)
    }

    fn step(self, name: &str) -> Option<&'f Step> {
        self.choices(name).next()
    }

    /// The step of a name with each choice of alternatives.
    fn choices(self, name: &str) -> impl Iterator<Item = &'f Step> {
        self.ways.iter().filter_map(move |steps| steps.iter().find(|step| step.name.as_deref() == Some(name)))
    }

    fn column(self, name: &str) -> Column {
        if name == "repeats" {
            let reason = || "`repeats` counts finished matches, so it stands in `unless`".to_owned();
            let finished = self.longest.is_none();
            return if finished { Column::Known(Kind::Count) } else { Column::Unknown(reason(), Vec::new()) };
        }
        if let Some((_, kind)) = OUTCOME.iter().find(|(known, _)| *known == name) {
            return Column::Known(*kind);
        }
        if let Some((step, column)) = distinct(name)
            && self.step(step).is_some()
        {
            return match Place::Transfer.column(column) {
                Column::Known(_) | Column::Open => Column::Known(Kind::Count),
                other => other,
            };
        }
        if let Some((role, column)) = name.split_once('.') {
            return self.of_role(role, column);
        }
        if name.strip_suffix("_count").is_some_and(|role| self.role(role).is_some()) {
            return Column::Known(Kind::Count);
        }
        match name.rsplit_once('_').filter(|(step, _)| self.step(step).is_some()) {
            Some((_, "amount" | "min" | "max" | "mean" | "median" | "sd")) => Column::Known(Kind::Number),
            Some((_, "transfers")) => Column::Known(Kind::Count),
            Some((_, "started" | "ended")) => Column::Known(Kind::Time),
            _ => Column::Unknown("an instance has no column of this name".to_owned(), self.names()),
        }
    }

    /// The column `column` of the account of a role.
    fn of_role(self, role: &str, column: &str) -> Column {
        match self.role(role) {
            Some(role) if !role.is_single() => {
                Column::Unknown(format!("`{}` is a set: only a single role has columns", role.name), Vec::new())
            }
            Some(_) if COUNTED.contains(&column) => {
                Column::Unknown(format!("`{column}` is for predicates under `roles`"), Vec::new())
            }
            Some(role) => dotted(&role.name, account(column)),
            None => {
                let singles = self.roles.iter().filter(|role| role.is_single());
                Column::Unknown(
                    format!("the flow has no role `{role}`"),
                    singles.map(|role| format!("{}.{column}", role.name)).collect(),
                )
            }
        }
    }

    /// Every column of this instance without a dot.
    fn names(self) -> Vec<String> {
        let mut names: Vec<String> = OUTCOME.iter().map(|(name, _)| (*name).to_owned()).collect();
        names.extend(self.roles.iter().map(|role| format!("{}_count", role.name)));
        for step in self.ways.iter().take(1).flatten().filter_map(|step| step.name.as_ref()) {
            let sums = ["amount", "transfers", "min", "max", "mean", "median", "sd", "started", "ended"];
            names.extend(sums.map(|what| format!("{step}_{what}")));
        }
        names
    }

    /// The numbers that `transfers`, or the length of the line, can have. Sets may share transfers, and a step with `uses`
    /// is many: only what is chosen one by one is sure to be there.
    fn totals(self, line: bool) -> Range {
        let least = |step: &Step| match &step.shape {
            Shape::Path { hops, .. } => hops.least,
            Shape::One => 1,
            Shape::Set { .. } | Shape::Tree { .. } => u32::from(line),
        };
        let most = |step: &Step| match &step.shape {
            Shape::Path { hops, .. } => hops.most,
            Shape::One | Shape::Set { .. } | Shape::Tree { .. } => Some(1),
        };
        let fewest = self.ways.iter().map(|steps| steps.iter().map(least).sum::<u32>()).min().unwrap_or(1).max(1);
        let longest = self.ways.iter().map(|steps| steps.iter().map(most).sum::<Option<u32>>()).max().flatten();
        let range = Range::from(fewest.into());
        longest.filter(|_| line).map_or(range, |longest| range.and(Range::to(longest.into())))
    }

    fn range(self, name: &str) -> Option<Range> {
        if name.starts_with("amount_") {
            return Some(Range::above(0.0));
        }
        if name == "repeats" {
            return Some(Range::from(0.0));
        }
        if name == "currencies" {
            return Some(Range::from(1.0));
        }
        if name == "transfers" || name == "hops" {
            return Some(self.totals(name == "hops"));
        }
        if name == "duration" {
            let least = Range::from(0.0);
            return Some(self.longest.map_or(least, |longest| least.and(Range::to(seconds(longest)))));
        }
        if let Some(role) = name.strip_suffix("_count").and_then(|role| self.role(role)) {
            return Some(role.members.map_or(Range::only(1.0), between));
        }
        let (step, what) =
            distinct(name).map_or_else(|| name.rsplit_once('_'), |(step, _)| Some((step, "distinct")))?;
        let least = |step: &Step| match &step.shape {
            Shape::Set { transfers: count, .. } | Shape::Path { hops: count, .. } => count.least,
            Shape::One | Shape::Tree { .. } => 1,
        };
        let fewest = self.choices(step).map(least).min()?;
        Some(match what {
            "transfers" => Range::from(fewest.into()),
            "distinct" | "sd" => Range::from(0.0),
            "started" | "ended" => return None,
            _ => Range::above(0.0),
        })
    }
}

/// The numbers of a range. An instance above the upper end is part of a match above it, and that is dropped.
fn between(count: Count) -> Range {
    let least = Range::from(count.least.into());
    count.most.map_or(least, |most| least.and(Range::to(most.into())))
}

/// The step and the column of `STEP_distinct(COLUMN)`.
fn distinct(name: &str) -> Option<(&str, &str)> {
    let (step, rest) = name.split_once("_distinct(")?;
    Some((step, rest.strip_suffix(')')?))
}

#[expect(clippy::cast_precision_loss, reason = "compared with what the predicate says, which is a double as well")]
pub(super) fn seconds(span: Span) -> f64 {
    span.0 as f64 / Span::SECOND.0 as f64
}
