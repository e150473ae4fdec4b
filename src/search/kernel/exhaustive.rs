//! The slow, obvious matcher that *is* the definition of a match (section 3 of the language reference).
//!
//! It tries every window, every binding and every choice, keeps nothing from one try to the next, and looks up
//! nothing but the ledger itself. Fast kernels are tested against it; it is never tuned.

use crate::columns::{AccountId, RowId, Time};
use crate::lang::{Count, RoleId, Shape, StepId};

use super::super::Instances;
use super::super::task::{Task, total};

/// All instances of a rule, one by one, before `having`.
pub(in crate::search) fn search(task: &Task<'_>) -> Instances {
    let mut starts: Vec<Time> = task.ledger.times().to_vec();
    starts.dedup();
    starts.retain(|&start| task.owns(start));
    let mut found = Instances::default();
    for start in starts {
        let end = start + task.flow.within;
        let window = task.ledger.rows().filter(|&row| (start..=end).contains(&task.ledger.time(row))).collect();
        let attempt =
            Attempt { task, start, window, singles: vec![None; task.flow.roles.len()], between: vec![], lines: vec![] };
        attempt.step(0, &mut found);
    }
    found
}

/// One choice of window, accounts and single transfers, made step by step.
#[derive(Clone)]
struct Attempt<'t> {
    task: &'t Task<'t>,
    start: Time,
    window: Vec<RowId>,
    /// The account of each single role, once chosen.
    singles: Vec<Option<AccountId>>,
    /// The unnamed accounts of `hops`, in flow order.
    between: Vec<AccountId>,
    /// One entry for each slot so far.
    lines: Vec<Line>,
}

/// The transfers of one slot.
#[derive(Clone)]
struct Line {
    step: StepId,
    /// Whether the slot holds one chosen transfer.
    chosen: bool,
    rows: Vec<RowId>,
}

impl Attempt<'_> {
    /// Tries everything for the steps from `step` on.
    fn step(&self, step: StepId, found: &mut Instances) {
        let Some(part) = self.task.flow.steps.get(step) else { return self.finish(found) };
        match &part.shape {
            Shape::One => {
                for row in self.candidates(step) {
                    let (sender, receiver) = (self.task.ledger.sender(row), self.task.ledger.receiver(row));
                    let bound = self.bind(part.payer(), sender).and_then(|next| next.bind(part.payee(), receiver));
                    if let Some(next) = bound.and_then(|next| next.choose(step, row)) {
                        next.step(step + 1, found);
                    }
                }
            }
            Shape::Path { hops, .. } => {
                for account in self.task.ledger.accounts().ids() {
                    if let Some(next) = self.bind(part.payer(), account) {
                        next.hop(step, *hops, 1, account, found);
                    }
                }
            }
            Shape::Set { .. } | Shape::Tree { .. } => {
                let unbound = [part.left, part.right]
                    .into_iter()
                    .find(|&role| self.task.flow.roles[role].is_single() && self.singles[role].is_none());
                if let Some(role) = unbound {
                    for account in self.task.ledger.accounts().ids() {
                        if let Some(next) = self.bind(role, account) {
                            next.step(step, found);
                        }
                    }
                } else {
                    let mut next = self.clone();
                    let rows = match part.shape {
                        Shape::Tree { .. } => self.candidates(step),
                        _ => self.set_candidates(step),
                    };
                    next.lines.push(Line { step, chosen: false, rows });
                    next.step(step + 1, found);
                }
            }
        }
    }

    /// Tries every transfer as hop number `hop` of a path that has come to `from`.
    fn hop(&self, step: StepId, hops: Count, hop: u32, from: AccountId, found: &mut Instances) {
        let payee = self.task.flow.steps[step].payee();
        for row in self.candidates(step).into_iter().filter(|&row| self.task.ledger.sender(row) == from) {
            let Some(next) = self.choose(step, row) else { continue };
            let to = self.task.ledger.receiver(row);
            if hop >= hops.least
                && let Some(last) = next.bind(payee, to)
            {
                last.step(step + 1, found);
            }
            if hops.most.is_none_or(|most| hop < most)
                && let Some(further) = next.pass(step, to)
            {
                further.hop(step, hops, hop + 1, to, found);
            }
        }
    }

    fn candidates(&self, step: StepId) -> Vec<RowId> {
        self.window.iter().copied().filter(|&row| self.task.is_candidate(step, row)).collect()
    }

    /// The candidates between the accounts chosen so far; members are looked at in the end.
    fn set_candidates(&self, step: StepId) -> Vec<RowId> {
        let part = &self.task.flow.steps[step];
        let fits = |role: RoleId, account| self.singles[role].is_none_or(|single| single == account);
        let mut rows = self.candidates(step);
        rows.retain(|&row| {
            fits(part.payer(), self.task.ledger.sender(row)) && fits(part.payee(), self.task.ledger.receiver(row))
        });
        rows
    }

    /// The attempt with an account in a role; `None` where that cannot be. A set role takes any account for now.
    fn bind(&self, role: RoleId, account: AccountId) -> Option<Self> {
        if let Some(single) = self.singles[role] {
            return (single == account).then(|| self.clone());
        }
        let taken = self.task.flow.distinct && self.singles.contains(&Some(account));
        if taken || self.between.contains(&account) || !self.task.admits(role, account, self.start) {
            return None;
        }
        let mut next = self.clone();
        next.singles[role] = Some(account);
        Some(next)
    }

    /// The attempt with an unnamed account between two hops.
    fn pass(&self, step: StepId, account: AccountId) -> Option<Self> {
        let taken = self.singles.contains(&Some(account)) || self.between.contains(&account);
        if taken || !self.task.admits_between(step, account, self.start) {
            return None;
        }
        let mut next = self.clone();
        next.between.push(account);
        Some(next)
    }

    /// The attempt with one more chosen transfer; no transfer is chosen twice.
    fn choose(&self, step: StepId, row: RowId) -> Option<Self> {
        if self.lines.iter().any(|line| line.chosen && line.rows == [row]) {
            return None;
        }
        let mut next = self.clone();
        next.lines.push(Line { step, chosen: true, rows: vec![row] });
        Some(next)
    }

    /// Shrinks the sets to the greatest family and keeps the attempt if it is an instance.
    fn finish(&self, found: &mut Instances) {
        let mut lines = self.lines.clone();
        loop {
            while self.delete_unsupported(&mut lines) {}
            if !self.delete_failing_relays(&mut lines) {
                break;
            }
        }
        let whole = lines.iter().all(|line| !line.rows.is_empty());
        let starts = lines.iter().flat_map(|line| &line.rows).any(|&row| self.task.ledger.time(row) == self.start);
        if whole && starts && self.counts_hold(&lines) {
            let singles = self.singles.iter().flatten();
            let binding: Vec<AccountId> = singles.chain(&self.between).copied().collect();
            found.push(&binding, lines.iter().map(|line| (line.step, line.rows.as_slice())), 1);
        }
    }

    /// Deletes every transfer that lacks support; says whether it deleted any.
    fn delete_unsupported(&self, lines: &mut [Line]) -> bool {
        let before = lines.to_vec();
        for (position, line) in lines.iter_mut().enumerate() {
            match &self.task.flow.steps[line.step].shape {
                Shape::Tree { hops, .. } => {
                    let depths = self.depths(&before, position, *hops);
                    line.rows.retain(|&row| self.is_in_tree(&before[position], &depths, *hops, row));
                }
                _ => line.rows.retain(|&row| self.is_supported(&before, position, row)),
            }
        }
        before.iter().zip(lines).any(|(before, line)| before.rows.len() != line.rows.len())
    }

    fn is_supported(&self, lines: &[Line], position: usize, row: RowId) -> bool {
        let earlier =
            position == 0 || lines[position - 1].rows.iter().any(|&other| self.linked(lines, position, other, row));
        let later = position + 1 == lines.len()
            || lines[position + 1].rows.iter().any(|&other| self.linked(lines, position + 1, row, other));
        earlier && later && self.undoes(lines, lines[position].step, row) && self.members_hold(&lines[position], row)
    }

    /// For each depth from 1, the transfers of a tree that stand at it: those that leave the source, fed by the slot
    /// before where there is one; then those that a transfer one less deep feeds. One may stand at several depths.
    fn depths(&self, lines: &[Line], position: usize, hops: Count) -> Vec<Vec<RowId>> {
        let rows = &lines[position].rows;
        let rooted = |row: RowId| {
            position == 0 || lines[position - 1].rows.iter().any(|&f| self.linked(lines, position, f, row))
        };
        let leaves = |row: RowId| self.is_source(lines[position].step, self.task.ledger.sender(row));
        let mut depths = vec![rows.iter().copied().filter(|&row| leaves(row) && rooted(row)).collect::<Vec<_>>()];
        for _ in 1..hops.most.expect("the hops of a checked rule are bounded") {
            let before = &depths[depths.len() - 1];
            let fed = |row: RowId| before.iter().any(|&feeder| self.feeds(lines[position].step, feeder, row));
            depths.push(rows.iter().copied().filter(|&row| fed(row)).collect());
        }
        depths
    }

    /// Whether a transfer stands at some depth of the tree, passes through accounts that may stand there, and feeds
    /// another transfer of the tree or rests.
    fn is_in_tree(&self, line: &Line, depths: &[Vec<RowId>], hops: Count, row: RowId) -> bool {
        let (sender, receiver) = (self.task.ledger.sender(row), self.task.ledger.receiver(row));
        let part = &self.task.flow.steps[line.step];
        let is_single = |account| self.singles.contains(&Some(account));
        let relay = !is_single(sender) && self.task.admits_between(line.step, sender, self.start);
        let leaves = self.is_source(line.step, sender) || relay;
        let reaches = !(self.task.flow.distinct && is_single(receiver));
        let stands = depths.iter().any(|rows| rows.contains(&row));
        let deep = depths[hops.least as usize - 1..].iter().any(|rows| rows.contains(&row));
        let rests = deep && self.task.admits(part.payee(), receiver, self.start);
        leaves && reaches && stands && (rests || line.rows.iter().any(|&other| self.feeds(line.step, row, other)))
    }

    fn is_source(&self, step: StepId, account: AccountId) -> bool {
        self.singles[self.task.flow.steps[step].payer()] == Some(account)
    }

    /// Whether one transfer feeds another, both of one step.
    fn feeds(&self, step: StepId, before: RowId, row: RowId) -> bool {
        let ledger = self.task.ledger;
        let delay = ledger.time(row) - ledger.time(before);
        ledger.receiver(before) == ledger.sender(row) && self.task.flow.steps[step].delay.holds(delay)
    }

    /// Whether a transfer refers to one of the step that its own step undoes, where it undoes one.
    fn undoes(&self, lines: &[Line], step: StepId, row: RowId) -> bool {
        let Some(undone) = self.task.flow.steps[step].undoes else { return true };
        let named = self.task.ledger.column("refers_to").and_then(|column| column.text(row.index()));
        let mut others = lines.iter().filter(|line| line.step == undone).flat_map(|line| &line.rows);
        others.any(|&other| named.as_ref() == Some(&self.task.ledger.tx_id(other)))
    }

    /// Whether a transfer of slot `position` goes with one of the slot before it.
    fn linked(&self, lines: &[Line], position: usize, before: RowId, row: RowId) -> bool {
        let (previous, step) = (lines[position - 1].step, lines[position].step);
        let ledger = self.task.ledger;
        if previous == step || self.task.is_fed(step) {
            let delay = ledger.time(row) - ledger.time(before);
            return ledger.receiver(before) == ledger.sender(row) && self.task.flow.steps[step].delay.holds(delay);
        }
        self.task.right(previous, before) == self.task.left(step, row)
    }

    /// Whether the members of set roles that a transfer names may be members, and pay and are paid by enough others.
    fn members_hold(&self, line: &Line, row: RowId) -> bool {
        let part = &self.task.flow.steps[line.step];
        let (sender, receiver) = (self.task.ledger.sender(row), self.task.ledger.receiver(row));
        let member = |role: RoleId, account| {
            self.task.flow.roles[role].is_single()
                || (self.task.admits(role, account, self.start)
                    && !(self.task.flow.distinct && self.singles.contains(&Some(account))))
        };
        match part.shape {
            Shape::Set { each, fan, .. } => {
                member(part.payer(), sender)
                    && member(part.payee(), receiver)
                    && self.payers_of(line, receiver) >= each.least as usize
                    && self.payees_of(line, sender) >= fan.least as usize
            }
            Shape::One | Shape::Path { .. } | Shape::Tree { .. } => true,
        }
    }

    fn payers_of(&self, line: &Line, account: AccountId) -> usize {
        let rows = line.rows.iter().filter(|&&row| self.task.ledger.receiver(row) == account);
        distinct(rows.map(|&row| self.task.ledger.sender(row)))
    }

    fn payees_of(&self, line: &Line, account: AccountId) -> usize {
        let rows = line.rows.iter().filter(|&&row| self.task.ledger.sender(row) == account);
        distinct(rows.map(|&row| self.task.ledger.receiver(row)))
    }

    /// Asks `pass_through` of every relay account at once and deletes those that fail with their transfers.
    fn delete_failing_relays(&self, lines: &mut [Line]) -> bool {
        let before = lines.to_vec();
        let mut deleted = false;
        for position in 1..before.len() {
            let (previous, step) = (before[position - 1].step, before[position].step);
            let fed = previous == step || self.task.is_fed(step);
            let Some(range) = self.task.flow.steps[step].pass_through.filter(|_| fed) else { continue };
            let ledger = self.task.ledger;
            let is_tree = matches!(self.task.flow.steps[step].shape, Shape::Tree { .. });
            for &row in &before[position].rows {
                let relay = ledger.sender(row);
                if is_tree && !self.is_source(step, relay) {
                    continue;
                }
                let into = |row: &&RowId| ledger.receiver(**row) == relay;
                let from = |row: &&RowId| ledger.sender(**row) == relay;
                let whole = total(before[position - 1].rows.iter().filter(into).map(|&row| self.task.weight(row)));
                let part = total(before[position].rows.iter().filter(from).map(|&row| self.task.weight(row)));
                if !part.zip(whole).is_some_and(|(part, whole)| range.holds(part, whole)) {
                    lines[position - 1].rows.retain(|row| ledger.receiver(*row) != relay);
                    lines[position].rows.retain(|row| ledger.sender(*row) != relay);
                    deleted = true;
                }
            }
        }
        self.cut_failing_branches(&before, lines) || deleted
    }

    /// Asks `pass_through` of every relay of a tree; where it fails, the money rests: what the relay sends is deleted.
    fn cut_failing_branches(&self, before: &[Line], lines: &mut [Line]) -> bool {
        let line = &before[before.len() - 1];
        let part = &self.task.flow.steps[line.step];
        let (Shape::Tree { .. }, Some(range)) = (&part.shape, part.pass_through) else { return false };
        let ledger = self.task.ledger;
        let sum = |end: &dyn Fn(RowId) -> bool| {
            total(line.rows.iter().copied().filter(|&row| end(row)).map(|row| self.task.weight(row)))
        };
        let mut deleted = false;
        for &row in line.rows.iter().filter(|&&row| !self.is_source(line.step, ledger.sender(row))) {
            let relay = ledger.sender(row);
            let (whole, part) = (sum(&|row| ledger.receiver(row) == relay), sum(&|row| ledger.sender(row) == relay));
            if !part.zip(whole).is_some_and(|(part, whole)| range.holds(part, whole)) {
                lines[before.len() - 1].rows.retain(|&row| ledger.sender(row) != relay);
                deleted = true;
            }
        }
        deleted
    }

    /// Whether the lower ends of all counts hold.
    fn counts_hold(&self, lines: &[Line]) -> bool {
        lines.iter().all(|line| {
            let part = &self.task.flow.steps[line.step];
            let members = |role: RoleId, accounts: usize| {
                self.task.flow.roles[role].members.is_none_or(|members| accounts >= members.least as usize)
            };
            let left = distinct(line.rows.iter().map(|&row| self.task.left(line.step, row)));
            let is_tree = matches!(part.shape, Shape::Tree { .. });
            let feeds = |row: RowId| line.rows.iter().any(|&other| self.feeds(line.step, row, other));
            let ends = line.rows.iter().filter(|&&row| !(is_tree && feeds(row)));
            let right = distinct(ends.map(|&row| self.task.right(line.step, row)));
            let enough = match part.shape {
                Shape::Set { transfers, .. } => line.rows.len() >= transfers.least as usize,
                Shape::One | Shape::Path { .. } | Shape::Tree { .. } => true,
            };
            enough && members(part.left, left) && members(part.right, right)
        })
    }
}

fn distinct(accounts: impl Iterator<Item = AccountId>) -> usize {
    let mut accounts: Vec<AccountId> = accounts.collect();
    accounts.sort_unstable();
    accounts.dedup();
    accounts.len()
}
