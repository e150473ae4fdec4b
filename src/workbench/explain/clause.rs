//! The clauses of a flow, one by one and in the order in which they are asked, and the flow with some of them lifted.

use std::fmt;

use serde::{Serialize, Serializer};

use crate::columns::Span;
use crate::lang::{Count, Flow, Predicate, RoleId, Shape, StepId};
use crate::plan::{self, Kernel, Plan};

/// One thing that a flow asks of an instance. Predicates count by the parts between their ANDs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Clause {
    /// A part of the rule's `where`.
    Where(usize),
    /// A part of a step's `where`.
    StepWhere(StepId, usize),
    /// The role does not name `kind`, and so takes no account that stands for the outside.
    Outside(RoleId),
    /// A part of a role's predicate.
    Role(RoleId, usize),
    /// The same as `Outside` for the accounts between hops.
    OutsideBetween(StepId),
    /// A part of `via`.
    Via(StepId, usize),
    /// Different roles are different accounts.
    Distinct,
    /// The lower end of `hops`.
    FewestHops(StepId),
    /// The upper end of `hops`.
    MostHops(StepId),
    /// The lower end of a delay; money goes on only after it has come.
    LeastDelay(StepId),
    /// The upper end of a delay.
    MostDelay(StepId),
    /// Each transfer refers to one of another step.
    Undoes(StepId),
    /// The lower end of `each`.
    Each(StepId),
    /// The lower end of `fan`.
    Fan(StepId),
    /// The share that goes on.
    PassThrough(StepId),
    /// The longest span.
    Within,
    /// The lower end of `transfers`.
    Transfers(StepId),
    /// The lower end of a role's accounts.
    Members(RoleId),
    /// A part of `having`.
    Having(usize),
    /// The upper end of a role's accounts, asked of the finished match as everything below.
    MostMembers(RoleId),
    /// The upper end of `transfers`.
    MostTransfers(StepId),
    /// The upper end of `each`.
    MostEach(StepId),
    /// The upper end of `fan`.
    MostFan(StepId),
    /// An item of `without`.
    Without(usize),
    /// An item of `expected`.
    Expected(usize),
    /// The rule's `unless`.
    Unless,
    /// No other match of the rule holds all its transfers.
    Subset,
}

/// The most hops of a path.
const MOST_HOPS: u32 = 25;

/// Every clause of a flow, in the order in which they are asked.
pub(super) fn all(flow: &Flow) -> Vec<Clause> {
    let parts = |predicate: &Option<Predicate>| 0..predicate.as_ref().map_or(0, |all| all.conjuncts().len());
    let mut clauses: Vec<Clause> = parts(&flow.filter).map(Clause::Where).collect();
    for (step, part) in flow.steps.iter().enumerate() {
        clauses.extend(parts(&part.filter).map(|at| Clause::StepWhere(step, at)));
    }
    for (id, role) in flow.roles.iter().enumerate() {
        clauses.extend((!role.takes_outside()).then_some(Clause::Outside(id)));
        clauses.extend(parts(&role.predicate).map(|at| Clause::Role(id, at)));
    }
    for (step, part) in flow.steps.iter().enumerate() {
        if let Shape::Path { via, .. } | Shape::Tree { via, .. } = &part.shape {
            clauses.extend((!crate::lang::names_kind(via.as_ref())).then_some(Clause::OutsideBetween(step)));
            clauses.extend(parts(via).map(|at| Clause::Via(step, at)));
        }
    }
    clauses.extend(flow.distinct.then_some(Clause::Distinct));
    for step in 0..flow.steps.len() {
        clauses.extend(of_step(flow, step));
    }
    clauses.push(Clause::Within);
    for (step, part) in flow.steps.iter().enumerate() {
        let counts = matches!(part.shape, Shape::Set { transfers, .. } if transfers.least > 1);
        clauses.extend(counts.then_some(Clause::Transfers(step)));
    }
    for (id, role) in flow.roles.iter().enumerate() {
        clauses.extend(role.members.filter(|members| members.least > 1).map(|_| Clause::Members(id)));
    }
    clauses.extend(parts(&flow.having).map(Clause::Having));
    clauses
}

fn of_step(flow: &Flow, step: StepId) -> Vec<Clause> {
    let part = &flow.steps[step];
    let mut clauses = Vec::new();
    let hops = hops(flow, step);
    if let Some(hops) = hops {
        clauses.extend((hops.least > 1).then_some(Clause::FewestHops(step)));
        clauses.push(Clause::MostHops(step));
    }
    if hops.is_some() || is_fed(flow, step) {
        clauses.push(Clause::LeastDelay(step));
        // A delay that ends with the window is no clause of its own.
        clauses.extend((part.delay.most < flow.within).then_some(Clause::MostDelay(step)));
    }
    clauses.extend(part.undoes.map(|_| Clause::Undoes(step)));
    if let Shape::Set { each, fan, .. } = part.shape {
        clauses.extend((each.least > 1).then_some(Clause::Each(step)));
        clauses.extend((fan.least > 1).then_some(Clause::Fan(step)));
    }
    clauses.extend(part.pass_through.map(|_| Clause::PassThrough(step)));
    clauses
}

/// What is asked of the finished match, in the order in which it is asked.
pub(super) fn of_match(flow: &Flow) -> Vec<Clause> {
    let bounded = |count: Count| count.most.is_some();
    let roles = flow.roles.iter().enumerate();
    let roles = roles.filter(|(_, role)| role.members.is_some_and(bounded)).map(|(id, _)| Clause::MostMembers(id));
    let mut clauses: Vec<Clause> = roles.collect();
    for (step, part) in flow.steps.iter().enumerate() {
        let Shape::Set { transfers, each, fan } = part.shape else { continue };
        clauses.extend(bounded(transfers).then_some(Clause::MostTransfers(step)));
        clauses.extend(bounded(each).then_some(Clause::MostEach(step)));
        clauses.extend(bounded(fan).then_some(Clause::MostFan(step)));
    }
    clauses.extend((0..flow.without.len()).map(Clause::Without));
    clauses.extend((0..flow.expected.len()).map(Clause::Expected));
    clauses.extend(flow.unless.as_ref().map(|_| Clause::Unless));
    clauses
}

/// How many hops a step may have, if it has any.
pub(super) fn hops(flow: &Flow, step: StepId) -> Option<Count> {
    match flow.steps[step].shape {
        Shape::Path { hops, .. } | Shape::Tree { hops, .. } => Some(hops),
        Shape::One | Shape::Set { .. } => None,
    }
}

/// Whether a step is fed by the one before it.
pub(super) fn is_fed(flow: &Flow, step: StepId) -> bool {
    use crate::lang::Direction::Forward;
    step > 0 && flow.steps[step].direction == Forward && flow.steps[step - 1].direction == Forward
}

/// The part of a predicate that a clause is about.
pub(super) fn part_of(flow: &Flow, clause: Clause) -> Option<Predicate> {
    let (whole, at) = match clause {
        Clause::Where(at) => (flow.filter.as_ref(), at),
        Clause::StepWhere(step, at) => (flow.steps[step].filter.as_ref(), at),
        Clause::Role(role, at) => (flow.roles[role].predicate.as_ref(), at),
        Clause::Via(step, at) => (via(flow, step), at),
        Clause::Having(at) => (flow.having.as_ref(), at),
        _ => return None,
    };
    whole?.conjuncts().into_iter().nth(at)
}

/// What the accounts between the hops of a step meet.
pub(super) fn via(flow: &Flow, step: StepId) -> Option<&Predicate> {
    match &flow.steps[step].shape {
        Shape::Path { via, .. } | Shape::Tree { via, .. } => via.as_ref(),
        Shape::One | Shape::Set { .. } => None,
    }
}

/// The flow without some of its clauses: it finds whatever the flow finds that asks all else.
///
/// `span` is how long an instance may be where `within` is lifted, and `places` how many hops a path may have then;
/// `has_kind` says whether accounts have a kind at all.
pub(super) fn lifted(flow: &Flow, clauses: &[Clause], room: Room) -> Flow {
    let is = |clause: Clause| clauses.contains(&clause);
    let mut wide = flow.clone();
    wide.filter = without(flow.filter.as_ref(), |at| is(Clause::Where(at)));
    wide.having = without(flow.having.as_ref(), |at| is(Clause::Having(at)));
    wide.distinct = flow.distinct && !is(Clause::Distinct);
    for (id, role) in wide.roles.iter_mut().enumerate() {
        role.predicate = without(flow.roles[id].predicate.as_ref(), |at| is(Clause::Role(id, at)));
        let any = !flow.roles[id].takes_outside() && !is(Clause::Outside(id));
        role.predicate = opened(role.predicate.take(), !any && room.has_kind);
        role.members = role.members.map(|members| from_one(members, is(Clause::Members(id))));
    }
    if is(Clause::Within) {
        wide.within = wide.within.max(room.span);
    }
    for step in 0..wide.steps.len() {
        lift_step(&mut wide, flow, step, &is, room);
    }
    wide
}

/// How far a flow is opened where a clause with a number is lifted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Room {
    /// The longest span of an instance.
    pub(super) span: Span,
    /// The most transfers of a path.
    pub(super) hops: u32,
    /// Whether accounts have a kind.
    pub(super) has_kind: bool,
}

fn lift_step(wide: &mut Flow, flow: &Flow, step: StepId, is: &dyn Fn(Clause) -> bool, room: Room) {
    let within = wide.within;
    let part = &mut wide.steps[step];
    part.filter = without(flow.steps[step].filter.as_ref(), |at| is(Clause::StepWhere(step, at)));
    // A delay that nobody wrote ends with the window.
    if part.delay.most == flow.within || is(Clause::MostDelay(step)) {
        part.delay.most = within;
    }
    if is(Clause::LeastDelay(step)) {
        part.delay.least = Span(-within.0);
    }
    if is(Clause::Undoes(step)) {
        part.undoes = None;
    }
    if is(Clause::PassThrough(step)) {
        part.pass_through = None;
    }
    match &mut part.shape {
        Shape::One => {}
        Shape::Path { hops, via } | Shape::Tree { hops, via } => {
            let any = !crate::lang::names_kind(via.as_ref()) && !is(Clause::OutsideBetween(step));
            *via = opened(without(via.as_ref(), |at| is(Clause::Via(step, at))), !any && room.has_kind);
            *hops = from_one(*hops, is(Clause::FewestHops(step)));
            if is(Clause::MostHops(step)) {
                hops.most = hops.most.map(|most| most.max(room.hops.min(MOST_HOPS)));
            }
        }
        Shape::Set { transfers, each, fan } => {
            *transfers = from_one(*transfers, is(Clause::Transfers(step)));
            *each = from_one(*each, is(Clause::Each(step)));
            *fan = from_one(*fan, is(Clause::Fan(step)));
        }
    }
}

fn from_one(count: Count, lifted: bool) -> Count {
    if lifted { Count { least: 1, ..count } } else { count }
}

/// A predicate without some of its parts.
fn without(predicate: Option<&Predicate>, lifted: impl Fn(usize) -> bool) -> Option<Predicate> {
    let parts = predicate?.conjuncts();
    if !(0..parts.len()).any(&lifted) {
        return predicate.cloned();
    }
    let left: Vec<Predicate> =
        parts.into_iter().enumerate().filter(|(at, _)| !lifted(*at)).map(|(_, part)| part).collect();
    (!left.is_empty()).then(|| Predicate::all(&left))
}

/// The same predicate, and one that names `kind` where accounts of the outside are to be let in.
fn opened(predicate: Option<Predicate>, open: bool) -> Option<Predicate> {
    if !open || crate::lang::names_kind(predicate.as_ref()) {
        return predicate;
    }
    let parts: Vec<Predicate> = predicate.into_iter().chain([Predicate::any_kind()]).collect();
    Some(Predicate::all(&parts))
}

/// A plan for a flow that may be lifted.
pub(super) fn plan_of(rule: &str, flow: Flow) -> Plan {
    let backward = flow.steps.iter().any(|step| step.delay.least < Span::ZERO);
    let mut plan = plan::of_flow(rule, flow);
    // Places are swept forward in time, which is of no use where money may go on before it comes.
    if backward && plan.kernel == Kernel::Path {
        plan.program.reach = false;
    }
    plan
}

impl Clause {
    /// The step that it is about.
    #[must_use]
    pub fn step(self) -> Option<StepId> {
        match self {
            Self::StepWhere(step, _)
            | Self::OutsideBetween(step)
            | Self::Via(step, _)
            | Self::FewestHops(step)
            | Self::MostHops(step)
            | Self::LeastDelay(step)
            | Self::MostDelay(step)
            | Self::Undoes(step)
            | Self::Each(step)
            | Self::Fan(step)
            | Self::PassThrough(step)
            | Self::Transfers(step)
            | Self::MostTransfers(step)
            | Self::MostEach(step)
            | Self::MostFan(step) => Some(step),
            _ => None,
        }
    }

    /// What it is called for a reader of the rule: `delay of step 2`, `role hub`.
    #[must_use]
    pub fn name(self, flow: &Flow) -> String {
        let step = |word: &str, step: StepId| format!("{word} of step {}", step + 1);
        let role = |role: RoleId| format!("role {}", flow.roles[role].name);
        match self {
            Self::Where(_) => "where".to_owned(),
            Self::StepWhere(at, _) => step("where", at),
            Self::Outside(id) => format!("kind of {}", role(id)),
            Self::Role(id, _) => role(id),
            Self::OutsideBetween(at) => step("kind of accounts between the hops", at),
            Self::Via(at, _) => step("via", at),
            Self::Distinct => "distinct".to_owned(),
            Self::FewestHops(at) | Self::MostHops(at) => step("hops", at),
            Self::LeastDelay(at) | Self::MostDelay(at) => step("delay", at),
            Self::Undoes(at) => step("undoes", at),
            Self::Each(at) | Self::MostEach(at) => step("each", at),
            Self::Fan(at) | Self::MostFan(at) => step("fan", at),
            Self::PassThrough(at) => step("pass_through", at),
            Self::Within => "within".to_owned(),
            Self::Transfers(at) | Self::MostTransfers(at) => step("transfers", at),
            Self::Members(id) | Self::MostMembers(id) => format!("members of {}", role(id)),
            Self::Having(_) => "having".to_owned(),
            Self::Without(at) => format!("without, item {}", at + 1),
            Self::Expected(at) => format!("expected, item {}", at + 1),
            Self::Unless => "unless".to_owned(),
            Self::Subset => "subset".to_owned(),
        }
    }

    /// The kind of clause, one word for programs.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Where(_) | Self::StepWhere(..) => "where",
            Self::Outside(_) | Self::OutsideBetween(_) => "kind",
            Self::Role(..) => "role",
            Self::Via(..) => "via",
            Self::Distinct => "distinct",
            Self::FewestHops(_) | Self::MostHops(_) => "hops",
            Self::LeastDelay(_) | Self::MostDelay(_) => "delay",
            Self::Undoes(_) => "undoes",
            Self::Each(_) | Self::MostEach(_) => "each",
            Self::Fan(_) | Self::MostFan(_) => "fan",
            Self::PassThrough(_) => "pass_through",
            Self::Within => "within",
            Self::Transfers(_) | Self::MostTransfers(_) => "transfers",
            Self::Members(_) | Self::MostMembers(_) => "members",
            Self::Having(_) => "having",
            Self::Without(_) => "without",
            Self::Expected(_) => "expected",
            Self::Unless => "unless",
            Self::Subset => "subset",
        }
    }
}

impl Serialize for Clause {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.word())
    }
}

impl fmt::Display for Clause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}
