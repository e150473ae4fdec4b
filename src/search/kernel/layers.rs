//! Finds any line of sets and single transfers: gather-scatter, scatter-gather, stacked layers, bipartite blocks.
//!
//! The search starts at each account of the first single role. Sets to its left and right are filled with every
//! transfer that could belong to some window; where the line reaches another single role, the candidates are
//! divided by account. What is left of a binding is then looked at window by window.

use std::ops::ControlFlow;

use crate::columns::{AccountId, RowId, Span, Time};
use crate::lang::{Count, RoleId, Shape, StepId};

use super::super::pool::Pool;
use super::super::reach::Index;
use super::super::task::{Task, link};
use super::Sink;
use super::family::{counts_hold, settle, support, undoes};
use super::hub::{Hub, Window};
use super::slot::{Slot, distinct, members};
use super::tree::Tree;

/// All instances of any flow around a given account.
pub(super) fn around<'t>(task: &'t Task<'t>) -> impl Fn(AccountId, &mut Sink<'_>) -> ControlFlow<()> + Sync + 't {
    let steps = &task.flow.steps;
    let middle = steps.iter().position(|step| step.left == task.plan.anchor).unwrap_or(steps.len());
    let pool = Pool::default();
    move |anchor, sink| {
        let mut line = Line {
            task,
            pool: &pool,
            singles: vec![None; task.flow.roles.len()],
            between: Vec::new(),
            slots: Vec::new(),
            earliest: Time(i64::MIN),
            latest: Time(i64::MAX),
        };
        line.singles[task.plan.anchor] = Some(anchor);
        if line.fill_left(middle, anchor) { line.step(middle, sink) } else { ControlFlow::Continue(()) }
    }
}

/// A binding under way, with everything that its slots may hold.
#[derive(Clone, Debug)]
struct Line<'t, 'p> {
    task: &'t Task<'t>,
    pool: &'p Pool<Meetings>,
    singles: Vec<Option<AccountId>>,
    between: Vec<AccountId>,
    slots: Vec<Slot>,
    /// Where transfers can lie so that they share a window with every chosen one.
    earliest: Time,
    latest: Time,
}

impl Line<'_, '_> {
    /// Fills the sets to the left of the anchor, nearest first; says whether each holds enough.
    fn fill_left(&mut self, middle: StepId, anchor: AccountId) -> bool {
        let task = self.task;
        for step in (0..middle).rev() {
            let mut rows = Vec::new();
            match self.slots.first() {
                None => {
                    rows.extend(task.left_of(step, anchor).iter().copied().filter(|&row| task.is_admitted(step, row)));
                }
                Some(next) => {
                    let link = link(task, step, next.step);
                    let times = next.rows.iter().map(|&row| (task.left(next.step, row), task.ledger.time(row)));
                    let index = Index::new(times);
                    for account in members(next.rows.iter().map(|&row| task.left(next.step, row))) {
                        let feeds = |row: RowId| {
                            let time = task.ledger.time(row);
                            index.any(account, time + link.least, time + link.most)
                        };
                        let list = task.left_of(step, account).iter().copied();
                        rows.extend(list.filter(|&row| task.is_admitted(step, row) && feeds(row)));
                    }
                    rows.sort_unstable();
                    rows.dedup();
                }
            }
            rows.retain(|&row| self.is_free(task.flow.steps[step].left, task.left(step, row)));
            if !self.is_enough(task.flow.steps[step].left, rows.iter().map(|&row| task.left(step, row))) {
                return false;
            }
            self.slots.insert(0, Slot { step, chosen: false, rows });
        }
        true
    }

    /// Whether there are as many distinct accounts as a set role needs.
    fn is_enough(&self, role: RoleId, accounts: impl Iterator<Item = AccountId>) -> bool {
        self.task.flow.roles[role].members.is_none_or(|members| distinct(accounts) >= members.least as usize)
    }

    /// Whether an account may (still) be a member of a set role, or become the account of a single one.
    fn is_free(&self, role: RoleId, account: AccountId) -> bool {
        let taken = self.task.flow.distinct && self.singles.contains(&Some(account));
        let single = self.task.flow.roles[role].is_single();
        !(taken || single && self.between.contains(&account))
    }

    /// Tries everything for the steps from `step` on.
    fn step(&mut self, step: StepId, sink: &mut Sink<'_>) -> ControlFlow<()> {
        let Some(part) = self.task.flow.steps.get(step) else { return self.windows(sink) };
        match &part.shape {
            Shape::One => self.choose(step, Count { least: 1, most: Some(1) }, 1, self.bound(part.left), sink),
            Shape::Path { hops, .. } => self.choose(step, *hops, 1, self.bound(part.left), sink),
            Shape::Tree { .. } => self.plant(step, sink),
            Shape::Set { .. } => self.fill(step, sink),
        }
    }

    fn bound(&self, role: RoleId) -> AccountId {
        self.singles[role].expect("the line has come to this single role")
    }

    /// Tries every transfer as hop number `hop` of a step that has come to `from`.
    fn choose(&mut self, step: StepId, hops: Count, hop: u32, from: AccountId, sink: &mut Sink<'_>) -> ControlFlow<()> {
        let rows = self.task.between(self.task.right_of(step, from), self.earliest, self.latest);
        sink.each(0..rows.len(), self, &|line, place, sink| line.take(step, hops, hop, rows[place], sink))
    }

    /// Takes a transfer as such a hop, if it may be one, and goes on from where it leads.
    fn take(&mut self, step: StepId, hops: Count, hop: u32, row: RowId, sink: &mut Sink<'_>) -> ControlFlow<()> {
        let task = self.task;
        sink.go_on()?;
        let again = self.slots.iter().any(|slot| slot.chosen && slot.rows[0] == row);
        if again || !task.is_admitted(step, row) || !self.follows(step, row) || !undoes(task, &self.slots, step, row) {
            return ControlFlow::Continue(());
        }
        let (time, to, role) = (task.ledger.time(row), task.right(step, row), task.flow.steps[step].right);
        let (earliest, latest) = (self.earliest, self.latest);
        self.earliest = earliest.max(time - task.flow.within);
        self.latest = latest.min(time + task.flow.within);
        self.slots.push(Slot { step, chosen: true, rows: vec![row] });
        let bound = self.singles[role];
        if hop >= hops.least && bound.map_or_else(|| self.is_free(role, to), |account| account == to) {
            self.singles[role] = Some(to);
            self.step(step + 1, sink)?;
            self.singles[role] = bound;
        }
        let passes = !self.singles.contains(&Some(to)) && !self.between.contains(&to);
        if hops.most.is_none_or(|most| hop < most) && passes {
            self.between.push(to);
            self.choose(step, hops, hop + 1, to, sink)?;
            self.between.pop();
        }
        self.slots.pop();
        (self.earliest, self.latest) = (earliest, latest);
        ControlFlow::Continue(())
    }

    /// Whether a transfer goes with what the slot before it may hold.
    fn follows(&self, step: StepId, row: RowId) -> bool {
        let task = self.task;
        let Some(before) = self.slots.last() else { return true };
        let link = link(task, before.step, step);
        let (account, time) = (task.left(step, row), task.ledger.time(row));
        let fits = |&other: &RowId| {
            let gap = task.ledger.time(row) - task.ledger.time(other);
            task.right(before.step, other) == account && link.least <= gap && gap <= link.most
        };
        let from = before.rows.partition_point(|&other| task.ledger.time(other) < time - link.most);
        before.rows[from..].iter().take_while(|&&other| task.ledger.time(other) <= time - link.least).any(fits)
    }

    /// Fills a set step and, where it ends at a single role that has no account yet, tries every account.
    fn fill(&mut self, step: StepId, sink: &mut Sink<'_>) -> ControlFlow<()> {
        let task = self.task;
        let part = &task.flow.steps[step];
        sink.go_on()?;
        let mut rows = self.candidates(step);
        let right = |row: RowId| task.right(step, row);
        if !task.flow.roles[part.right].is_single() {
            rows.retain(|&row| self.is_free(part.right, right(row)));
            return self.with(step, rows, sink);
        }
        if let Some(account) = self.singles[part.right] {
            rows.retain(|&row| right(row) == account);
            return self.with(step, rows, sink);
        }
        if task.flow.roles[part.left].members.is_some_and(|members| members.least > 1) {
            self.keep_met(step, &mut rows);
        }
        rows.sort_unstable_by_key(|&row| (right(row), row));
        let groups: Vec<&[RowId]> = rows.chunk_by(|&a, &b| right(a) == right(b)).collect();
        sink.each(0..groups.len(), self, &|line, place, sink| {
            let group = groups[place];
            let account = right(group[0]);
            if line.is_free(part.right, account) {
                line.singles[part.right] = Some(account);
                line.with(step, group.to_vec(), sink)?;
                line.singles[part.right] = None;
            }
            ControlFlow::Continue(())
        })
    }

    /// Keeps the transfers to accounts that enough distinct members of the step's left role pay, before they are sorted:
    /// most accounts that money reaches in two transfers are reached from one member alone.
    fn keep_met(&self, step: StepId, rows: &mut Vec<RowId>) {
        let task = self.task;
        let role = task.flow.steps[step].left;
        let enough = task.flow.roles[role].members.map_or(1, |members| members.least);
        self.pool.with(
            || Meetings::new(task.ledger.accounts().len()),
            |meetings| {
                // The transfers of one member lie together, so that it is counted once.
                for &row in &*rows {
                    meetings.meet(task.right(step, row), task.left(step, row));
                }
                let counts = &meetings.counts;
                let kept: Vec<bool> = rows.iter().map(|&row| counts[task.right(step, row).index()] >= enough).collect();
                meetings.leave(rows.iter().map(|&row| task.right(step, row)));
                let mut kept = kept.iter();
                rows.retain(|_| *kept.next().expect("a mark for each transfer"));
            },
        );
    }

    /// Fills a tree step with what leaves its source; the rest grows window by window.
    fn plant(&mut self, step: StepId, sink: &mut Sink<'_>) -> ControlFlow<()> {
        let mut rows = self.candidates(step);
        rows.retain(|&row| self.is_free(self.task.flow.steps[step].right, self.task.right(step, row)));
        if rows.is_empty() {
            return ControlFlow::Continue(());
        }
        self.slots.push(Slot { step, chosen: false, rows });
        self.step(step + 1, sink)?;
        self.slots.pop();
        ControlFlow::Continue(())
    }

    /// Goes on with a set step that holds these transfers.
    fn with(&mut self, step: StepId, rows: Vec<RowId>, sink: &mut Sink<'_>) -> ControlFlow<()> {
        let task = self.task;
        let part = &task.flow.steps[step];
        let enough = self.is_enough(part.left, rows.iter().map(|&row| task.left(step, row)))
            && self.is_enough(part.right, rows.iter().map(|&row| task.right(step, row)));
        if rows.is_empty() || !enough {
            return ControlFlow::Continue(());
        }
        self.slots.push(Slot { step, chosen: false, rows });
        self.step(step + 1, sink)?;
        self.slots.pop();
        ControlFlow::Continue(())
    }

    /// Every transfer that a set step could hold, in row order, whatever account stands on its right.
    fn candidates(&self, step: StepId) -> Vec<RowId> {
        let task = self.task;
        let fits = |row: &RowId| task.is_admitted(step, *row) && undoes(task, &self.slots, step, *row);
        let clipped = |account| task.between(task.right_of(step, account), self.earliest, self.latest).iter().copied();
        let Some(before) = self.slots.last() else {
            return clipped(self.bound(task.flow.steps[step].left)).filter(fits).collect();
        };
        let link = link(task, before.step, step);
        let mut supports: Vec<(AccountId, Time)> =
            before.rows.iter().map(|&row| (task.right(before.step, row), task.ledger.time(row))).collect();
        supports.sort_unstable();
        let mut rows = Vec::new();
        for times in supports.chunk_by(|a, b| a.0 == b.0) {
            let list = task.list_right_of(step, times[0].0);
            let clip = list.within(self.earliest, self.latest);
            let mut next = clip.start;
            for &(_, time) in times {
                let span = list.within(time + link.least, time + link.most);
                let span = span.start.max(next)..span.end.min(clip.end);
                next = next.max(span.end);
                rows.extend(list.rows.get(span).unwrap_or_default().iter().copied().filter(|row| fits(row)));
            }
        }
        if task.flow.roles[task.flow.steps[step].right].is_single()
            && self.singles[task.flow.steps[step].right].is_none()
        {
            return rows; // they are sorted by account
        }
        rows.sort_unstable();
        rows
    }

    /// Looks at every window of a complete binding.
    fn windows(&mut self, sink: &mut Sink<'_>) -> ControlFlow<()> {
        let task = self.task;
        let mut slots = self.slots.clone();
        for slot in slots.iter_mut().filter(|slot| !slot.chosen) {
            keep_members(task, slot, |role, account| self.is_free(role, account));
            slot.rows.retain(|&row| (self.earliest..=self.latest).contains(&task.ledger.time(row)));
        }
        if !support(task, &mut slots, None) || !counts_hold(task, &slots) {
            return ControlFlow::Continue(());
        }
        if let Some(hub) = Hub::of(task, &slots) {
            return self.slide(&hub, sink);
        }
        let mut starts: Vec<Time> =
            slots.iter().flat_map(|slot| &slot.rows).map(|&row| task.ledger.time(row)).collect();
        let last = task.flow.steps.len() - 1;
        let part = &task.flow.steps[last];
        if matches!(part.shape, Shape::Tree { .. }) && part.delay.least < Span::ZERO {
            // A tree may begin with what has not grown yet, where money goes on before it has come.
            starts.extend(task.admitted(last).positions().map(|row| task.ledger.times()[row]));
        }
        starts.sort_unstable();
        starts.dedup();
        starts.retain(|&start| task.owns(start));
        let binding = self.binding();
        sink.each(0..starts.len(), self, &|line, place, sink| {
            sink.go_on()?;
            let Some(window) = line.window(&slots, starts[place]) else { return ControlFlow::Continue(()) };
            sink.push(&binding, window.iter().map(|slot| (slot.step, slot.rows.as_slice())), 1)
        })
    }

    fn binding(&self) -> Vec<AccountId> {
        self.singles.iter().flatten().chain(&self.between).copied().collect()
    }

    /// The same for two sets that meet at one account. Windows that share transfers are reported as one, after `having` has
    /// been asked of each.
    fn slide(&self, hub: &Hub<'_>, sink: &mut Sink<'_>) -> ControlFlow<()> {
        let (task, binding) = (self.task, self.binding());
        let steps = [self.slots[0].step, self.slots[1].step];
        let report = |sink: &mut Sink<'_>, window: &Window, count: u64| {
            sink.push(&binding, steps.into_iter().zip(hub.rows(window)), count)
        };
        if task.flow.having.is_some() || task.probe.apart {
            return hub.each_window(sink, |sink, window| report(sink, &window, 1));
        }
        let mut whole: Option<(Window, u64)> = None;
        hub.each_window(sink, |sink, next| {
            if let Some((window, count)) = &mut whole {
                if window.iter().zip(&next).any(|(run, next)| next.start < run.end) {
                    window.iter_mut().zip(&next).for_each(|(run, next)| run.end = run.end.max(next.end));
                    *count += 1;
                    return ControlFlow::Continue(());
                }
                report(sink, window, *count)?;
            }
            whole = Some((next, 1));
            ControlFlow::Continue(())
        })?;
        whole.map_or(ControlFlow::Continue(()), |(window, count)| report(sink, &window, count))
    }

    /// The instance whose first transfer is at `start`, if there is one.
    fn window(&self, slots: &[Slot], start: Time) -> Option<Vec<Slot>> {
        let task = self.task;
        let inside = |slot: &Slot| {
            let rows = task.between(&slot.rows, start, start + task.flow.within);
            (!rows.is_empty()).then(|| Slot { step: slot.step, chosen: slot.chosen, rows: rows.to_vec() })
        };
        let mut window: Vec<Slot> = slots.iter().map(inside).collect::<Option<_>>()?;
        if !counts_hold(task, &window) || !self.admits(&mut window, start) {
            return None;
        }
        let tree = Tree::new(task, &self.singles, start);
        if let (Some(tree), Some(last)) = (&tree, window.last_mut()) {
            tree.grow(&mut last.rows);
        }
        if !settle(task, &mut window, tree.as_ref()) {
            return None;
        }
        let begins = window.iter().any(|slot| task.ledger.time(slot.rows[0]) == start);
        let ends = tree.is_none_or(|tree| tree.is_enough(&window[window.len() - 1].rows));
        (begins && ends && counts_hold(task, &window)).then_some(window)
    }

    /// Deletes members that a role does not admit at this start; says whether the single accounts are admitted.
    fn admits(&self, window: &mut [Slot], start: Time) -> bool {
        let task = self.task;
        let aged = |slot: &Slot| {
            let part = &task.flow.steps[slot.step];
            let is_tree = matches!(part.shape, Shape::Tree { .. });
            !is_tree && (task.depends_on_age(part.left) || task.depends_on_age(part.right))
        };
        for slot in window.iter_mut().filter(|slot| !slot.chosen && aged(slot)) {
            keep_members(task, slot, |role, account| !task.depends_on_age(role) || task.admits(role, account, start));
        }
        let singles = (0..self.singles.len())
            .all(|role| self.singles[role].is_none_or(|account| task.admits(role, account, start)));
        singles && self.between_admitted(start)
    }

    /// Whether every unnamed account may stand where it stands.
    fn between_admitted(&self, start: Time) -> bool {
        let task = self.task;
        let passed = self.slots.windows(2).filter(|pair| pair[0].step == pair[1].step);
        passed
            .into_iter()
            .all(|pair| task.admits_between(pair[0].step, task.right(pair[0].step, pair[0].rows[0]), start))
    }
}

/// How many accounts are met from how many others.
#[derive(Debug)]
struct Meetings {
    counts: Vec<u32>,
    /// The last account that each was met from.
    from: Vec<AccountId>,
}

impl Meetings {
    fn new(accounts: usize) -> Self {
        Self { counts: vec![0; accounts], from: vec![AccountId(u32::MAX); accounts] }
    }

    #[inline]
    fn meet(&mut self, account: AccountId, from: AccountId) {
        let last = &mut self.from[account.index()];
        if *last != from {
            *last = from;
            self.counts[account.index()] += 1;
        }
    }

    fn leave(&mut self, accounts: impl Iterator<Item = AccountId>) {
        for account in accounts {
            self.counts[account.index()] = 0;
            self.from[account.index()] = AccountId(u32::MAX);
        }
    }
}

/// Keeps the transfers of a slot whose accounts in set roles pass.
fn keep_members(task: &Task<'_>, slot: &mut Slot, pass: impl Fn(RoleId, AccountId) -> bool) {
    let part = &task.flow.steps[slot.step];
    let passes = |role: RoleId, account| task.flow.roles[role].is_single() || pass(role, account);
    slot.rows
        .retain(|&row| passes(part.left, task.left(slot.step, row)) && passes(part.right, task.right(slot.step, row)));
}
