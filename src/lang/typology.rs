//! A checked rule: names resolved to numbers, units known, bounds finite.
//!
//! Nothing after `lang` looks at rule text again. Roles and steps are positions in their lists; a predicate is a
//! polars expression that names the columns it reads.

use std::collections::{BTreeMap, BTreeSet};

use polars::prelude::Expr;

use crate::columns::{Ratio, Span};

/// All rules of a run, in id order.
#[derive(Clone, Debug)]
pub struct TypologySet {
    /// The rules, sorted by id, no two alike.
    pub typologies: Vec<Typology>,
}

/// One checked rule.
#[derive(Clone, Debug)]
pub struct Typology {
    /// Kebab-case id, equal to the stem of its file.
    pub id: String,
    /// Version, from 1.
    pub version: u32,
    /// Title for people.
    pub title: String,
    /// What it finds, in a sentence or two.
    pub summary: String,
    /// The family of methods it belongs to, a kebab-case word; empty where the rule names none.
    pub family: String,
    /// Where in the laundering process it belongs.
    pub stage: Stage,
    /// How grave a match is.
    pub severity: Severity,
    /// Whether it is ready for use.
    pub status: Status,
    /// Sources.
    pub references: Vec<String>,
    /// Free tags.
    pub tags: Vec<String>,
    /// Legitimate lookalikes, in words.
    pub false_positives: Vec<String>,
    /// Rules whose matches this one explains.
    pub specialises: Vec<String>,
    /// The parameters in the order of the file.
    pub parameters: Vec<Parameter>,
    /// What is matched; where steps have alternatives, with the first of each.
    pub flow: Flow,
    /// The flows with other alternatives: the same but for the options of those steps.
    pub others: Vec<Flow>,
    /// Its own tests.
    pub tests: Vec<RuleTest>,
    /// Path of its file, as given.
    pub path: String,
    /// SHA-256 of its file, in hex.
    pub sha256: String,
}

impl Typology {
    /// A rule that says nothing but its id and its flow: version 1, layering, low, stable.
    #[must_use]
    pub fn of(id: &str, flow: Flow) -> Self {
        Self {
            id: id.to_owned(),
            version: 1,
            title: String::new(),
            summary: String::new(),
            family: String::new(),
            stage: Stage::Layering,
            severity: Severity::Low,
            status: Status::Stable,
            references: Vec::new(),
            tags: Vec::new(),
            false_positives: Vec::new(),
            specialises: Vec::new(),
            parameters: Vec::new(),
            flow,
            others: Vec::new(),
            tests: Vec::new(),
            path: format!("{id}.yaml"),
            sha256: String::new(),
        }
    }

    /// All flows in the order of their alternatives; the rule finds what any of them finds.
    pub fn flows(&self) -> impl Iterator<Item = &Flow> + Clone {
        std::iter::once(&self.flow).chain(&self.others)
    }

    /// The flow at a position of [`Typology::flows`].
    #[must_use]
    pub fn flow_at(&self, position: usize) -> &Flow {
        position.checked_sub(1).map_or(&self.flow, |other| &self.others[other])
    }
}

/// Where in the laundering process a typology belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    /// Criminal money enters the system.
    Placement,
    /// Its trail is blurred.
    Layering,
    /// It comes back as clean.
    Integration,
}

/// How grave a match is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// A building block that needs other evidence.
    Low,
    /// Worth a look.
    Medium,
    /// Worth a case.
    High,
    /// Worth a call.
    Critical,
}

/// Whether a rule is ready for use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Shown to work on labelled data.
    #[default]
    Stable,
    /// Not yet shown to work.
    Experimental,
    /// Kept for old runs.
    Deprecated,
}

/// A number that an analyst may move.
#[derive(Clone, Debug)]
pub struct Parameter {
    /// Its name, without the dollar sign.
    pub name: String,
    /// The value in force: the default, or what the run set.
    pub value: Value,
    /// The value in the file.
    pub default: Value,
    /// The least and the greatest value allowed.
    pub range: Option<(Value, Value)>,
    /// What it means.
    pub help: String,
}

/// The value of a parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// A decimal, exactly.
    Number(Ratio),
    /// A length of time.
    Duration(Span),
    /// A text.
    Text(String),
}

impl std::fmt::Display for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Number(number) => write!(f, "{number}"),
            Self::Duration(span) => write!(f, "{span}"),
            Self::Text(text) => write!(f, "{text}"),
        }
    }
}

/// What is matched: a line of roles, joined by steps, inside a window.
#[derive(Clone, Debug)]
pub struct Flow {
    /// No instance spans longer.
    pub within: Span,
    /// What a role stands for.
    pub level: MatchLevel,
    /// Whether different roles are different accounts.
    pub distinct: bool,
    /// Met by every transfer of the match.
    pub filter: Option<Predicate>,
    /// The roles, in the order in which the flow names them.
    pub roles: Vec<Role>,
    /// The steps, in order.
    pub steps: Vec<Step>,
    /// Met by every instance.
    pub having: Option<Predicate>,
    /// Drops a finished match.
    pub unless: Option<Predicate>,
    /// Transfers whose presence drops a finished match.
    pub without: Vec<Absence>,
    /// Periodic payments that must have failed to come.
    pub expected: Vec<Expectation>,
    /// How near another match of the same accounts is for `repeats` to count it.
    pub repeat_within: Option<Span>,
}

impl Flow {
    /// A flow that asks nothing but its steps; different roles are different accounts.
    #[must_use]
    pub fn of(within: Span, roles: Vec<Role>, steps: Vec<Step>) -> Self {
        Self {
            within,
            level: MatchLevel::Account,
            distinct: true,
            filter: None,
            roles,
            steps,
            having: None,
            unless: None,
            without: Vec::new(),
            expected: Vec::new(),
            repeat_within: None,
        }
    }

    /// Every predicate over transfers: the rule's own, those of its steps, and those of what stands around a match.
    pub fn transfer_predicates(&self) -> impl Iterator<Item = &Predicate> {
        let steps = self.steps.iter().filter_map(|step| step.filter.as_ref());
        let without = self.without.iter().filter_map(|absence| absence.filter.as_ref());
        let expected = self.expected.iter().filter_map(|expected| expected.filter.as_ref());
        self.filter.iter().chain(steps).chain(without).chain(expected)
    }
}

impl Flow {
    /// The ids of the rules that its steps use, step by step.
    pub fn uses(&self) -> impl Iterator<Item = &str> {
        self.steps.iter().filter_map(|step| step.uses.as_deref())
    }
}

impl TypologySet {
    /// The position of a rule.
    #[must_use]
    pub fn position(&self, id: &str) -> Option<usize> {
        self.typologies.binary_search_by(|typology| typology.id.as_str().cmp(id)).ok()
    }

    /// The positions of some rules and of all that they use, at any remove; each stands behind those that it uses.
    #[must_use]
    pub fn with_used(&self, rules: impl IntoIterator<Item = usize>) -> Vec<usize> {
        let mut order = Vec::new();
        for rule in rules {
            self.add_used(rule, &mut order);
        }
        order
    }

    fn add_used(&self, rule: usize, order: &mut Vec<usize>) {
        if order.contains(&rule) {
            return;
        }
        for used in self.typologies[rule].flow.uses().filter_map(|id| self.position(id)) {
            self.add_used(used, order);
        }
        order.push(rule);
    }
}

/// What a role of a flow stands for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum MatchLevel {
    /// An account.
    #[default]
    Account,
    /// An owner: all accounts with one `entity`.
    Entity,
    /// An institution: all accounts with one `bank`.
    Bank,
}

impl MatchLevel {
    /// The column of the account table by which accounts are put together.
    #[must_use]
    pub fn column(self) -> Option<&'static str> {
        match self {
            Self::Account => None,
            Self::Entity => Some("entity"),
            Self::Bank => Some("bank"),
        }
    }
}

/// Transfers that must not be there, seen from a finished match.
#[derive(Clone, Debug)]
pub struct Absence {
    /// Who would pay.
    pub payer: Party,
    /// Who would be paid.
    pub payee: Party,
    /// Met by the transfers that are looked for.
    pub filter: Option<Predicate>,
    /// When they would be.
    pub during: During,
}

/// One side of a transfer that `without` or `expected` looks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Party {
    /// `*`: any account.
    Anyone,
    /// The account, or any member, of a role.
    Role(RoleId),
}

/// When an absent transfer would be, seen from a match's first and last transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum During {
    /// Before the first transfer, no longer ago than this.
    Before(Span),
    /// Any time before the first transfer.
    EverBefore,
    /// From the first transfer to the last.
    Match,
    /// After the last transfer, no later than this.
    After(Span),
}

/// A payment with a rhythm that fails to come when the match begins.
#[derive(Clone, Debug)]
pub struct Expectation {
    /// Who used to pay.
    pub payer: Party,
    /// Who used to be paid.
    pub payee: Party,
    /// Met by the payments.
    pub filter: Option<Predicate>,
    /// At how many different times it was made before the match, at least.
    pub times: u32,
    /// How late it may be, as a share of its rhythm.
    pub tolerance: Ratio,
}

/// Position of a role in [`Flow::roles`].
pub type RoleId = usize;

/// Position of a step in [`Flow::steps`].
pub type StepId = usize;

/// An account, or a set of accounts, in the flow.
#[derive(Clone, Debug)]
pub struct Role {
    /// Its name.
    pub name: String,
    /// How many accounts: `None` for a single role.
    pub members: Option<Count>,
    /// Met by its account, or by every member.
    pub predicate: Option<Predicate>,
}

impl Role {
    /// Whether the role is one account.
    #[must_use]
    pub fn is_single(&self) -> bool {
        self.members.is_none()
    }

    /// Whether accounts that stand for the outside may be bound: only where the predicate names `kind`.
    #[must_use]
    pub fn takes_outside(&self) -> bool {
        names_kind(self.predicate.as_ref())
    }
}

/// Whether a predicate over accounts reads their `kind`.
#[must_use]
pub fn names_kind(predicate: Option<&Predicate>) -> bool {
    predicate.is_some_and(|predicate| predicate.columns.contains("kind"))
}

/// A range of whole numbers; the upper end may be open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Count {
    /// The least number.
    pub least: u32,
    /// The greatest number, asked of the finished match.
    pub most: Option<u32>,
}

impl Count {
    /// Any number from one up.
    pub const ANY: Self = Self { least: 1, most: None };

    /// Whether a number lies in the range.
    #[must_use]
    pub fn holds(self, number: usize) -> bool {
        number >= self.least as usize && self.most.is_none_or(|most| number <= most as usize)
    }
}

/// A closed range of delays; `most` never exceeds `within`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Delay {
    /// The least delay, zero or more.
    pub least: Span,
    /// The greatest delay.
    pub most: Span,
}

impl Delay {
    /// Whether a delay lies in the range, ends included.
    #[must_use]
    pub fn holds(self, delay: Span) -> bool {
        self.least <= delay && delay <= self.most
    }
}

/// A closed range of exact ratios; either end may be open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RatioRange {
    /// The least ratio.
    pub least: Option<Ratio>,
    /// The greatest ratio.
    pub most: Option<Ratio>,
}

impl RatioRange {
    /// Whether `part / whole` lies in the range, ends included; never where `whole` is zero.
    #[must_use]
    pub fn holds(self, part: i128, whole: i128) -> bool {
        whole > 0
            && self.least.is_none_or(|least| least.compare(part, whole).is_ge())
            && self.most.is_none_or(|most| most.compare(part, whole).is_le())
    }
}

/// The transfers between two neighbouring roles.
#[derive(Clone, Debug)]
pub struct Step {
    /// Its name, where the rule gives one; `having` and `unless` see its sums under it.
    pub name: Option<String>,
    /// The role on the left of the arrow.
    pub left: RoleId,
    /// The role on the right of the arrow.
    pub right: RoleId,
    /// Which way the money goes.
    pub direction: Direction,
    /// What the step collects.
    pub shape: Shape,
    /// Met by every transfer of the step (beside the rule's own filter).
    pub filter: Option<Predicate>,
    /// How long after its feeding transfer a transfer comes. Filled in (`0s..within`) wherever a step is fed.
    pub delay: Delay,
    /// What goes on of what came in, asked of every relay account.
    pub pass_through: Option<RatioRange>,
    /// An earlier step without `hops`: each transfer of this one refers to a transfer of that one.
    pub undoes: Option<StepId>,
    /// Id of the rule whose match the step is: between single roles, with [`Shape::One`].
    pub uses: Option<String>,
}

impl Step {
    /// The role that pays.
    #[must_use]
    pub fn payer(&self) -> RoleId {
        match self.direction {
            Direction::Forward => self.left,
            Direction::Reverse => self.right,
        }
    }

    /// The role that is paid.
    #[must_use]
    pub fn payee(&self) -> RoleId {
        match self.direction {
            Direction::Forward => self.right,
            Direction::Reverse => self.left,
        }
    }
}

/// Which way the money of a step goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// `a -> b`: the left role pays the right one.
    Forward,
    /// `t <- p`: the right role pays the left one.
    Reverse,
}

/// What a step collects.
#[derive(Clone, Debug)]
pub enum Shape {
    /// `a -> b`: exactly one transfer.
    One,
    /// `a -> b` with `hops`: a path through accounts without a role.
    Path {
        /// How many transfers; `most` is always given here.
        hops: Count,
        /// Met by every account between.
        via: Option<Predicate>,
    },
    /// `a -> S[4..]` with `hops`: the tree that grows from one account, ending where the money rests.
    Tree {
        /// How many transfers lead to where the money rests; `most` is always given here.
        hops: Count,
        /// Met by every account that passes money on.
        via: Option<Predicate>,
    },
    /// Every other step: a set of transfers.
    Set {
        /// How many transfers.
        transfers: Count,
        /// By how many distinct accounts every paid member is paid.
        each: Count,
        /// How many distinct accounts every paying member pays.
        fan: Count,
    },
}

/// A checked SQL predicate.
#[derive(Clone, Debug)]
pub struct Predicate {
    /// The expression, over columns named as in `columns`; missing values make it unknown.
    pub expr: Expr,
    /// The columns it reads, as the predicate writes them: `amount`, `sender.kind`, `age_days`, `S_amount`.
    pub columns: BTreeSet<String>,
    /// The predicate with its parameters filled in, for display and for sharing equal ones.
    pub sql: String,
}

/// One inline test of a rule.
#[derive(Clone, Debug)]
pub struct RuleTest {
    /// What it shows.
    pub name: String,
    /// The transfers.
    pub transfers: TestTable,
    /// The accounts, where the test gives any.
    pub accounts: Option<TestTable>,
    /// Reference lists by name, beside those that the program brings along.
    pub lists: BTreeMap<String, TestTable>,
    /// What must be found: for each match, accounts by role name. Roles left out are not compared; the number of
    /// matches is.
    pub matches: Vec<BTreeMap<String, BTreeSet<String>>>,
    /// Line of the test in its file, from 1.
    pub line: usize,
}

/// A small table as a test writes it: a header behind `#`, one row a line, cells between blanks, `-` for nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TestTable {
    /// The column names.
    pub header: Vec<String>,
    /// The rows, each as long as the header.
    pub rows: Vec<Vec<Option<String>>>,
}
