//! The line of roles and steps: read, joined, and each option held against what its step can have.

use super::codes;
use super::diagnostic::{Help, Span, nearest};
use super::keys;
use super::reader::{Reader, get, is_name, quoted};
use super::scope::Place;
use super::tree::{self, Entry, Kind, Node};
use super::{Count, Delay, Direction, Predicate, RatioRange, Role, RoleId, Shape, Step, StepId, Value};
use crate::columns::{Ratio, Span as Duration};

/// The roles that a step joins, left and right.
type Ends = (RoleId, RoleId);

/// The keys that a step which uses another rule may have.
const BESIDE_USES: [&str; 5] = ["step", "uses", "name", "delay", "pass_through"];

/// AMLworld's longest chains have 16 transfers; beyond this a path says nothing that a shorter one does not.
const MOST_HOPS: u32 = 25;

/// One step as written: its two roles and the options beside them.
struct Line<'n> {
    entries: &'n [Entry],
    span: Span,
    left: Named,
    right: Named,
    direction: Direction,
    is_last: bool,
}

fn has_hops(line: &Line<'_>) -> bool {
    get(line.entries, "hops").is_some()
}

fn has_uses(line: &Line<'_>) -> bool {
    get(line.entries, "uses").is_some()
}

/// A role as a step names it.
struct Named {
    name: String,
    place: Span,
    /// What stands in brackets, and where.
    brackets: Option<(String, Span)>,
}

/// The roles and steps of a flow, before predicates over accounts are known.
pub(super) struct Skeleton {
    pub(super) roles: Vec<Role>,
    /// The steps with each choice of alternatives, in order.
    pub(super) ways: Vec<Vec<Step>>,
}

impl Reader<'_, '_> {
    /// Reads the steps of `flow`; `None` where they do not make a line.
    pub(super) fn flow(&mut self, node: &Node, flow_key: &Span, within: Duration) -> Option<Skeleton> {
        let items = self.list(node, "flow");
        if items.is_empty() {
            self.error(
                codes::R004,
                flow_key,
                "the flow has no step",
                "nothing to match",
                "add steps such as `- step: payers[5..] -> collector`",
            );
            return None;
        }
        let choices = self.choices(items);
        let ways: Vec<Option<(Vec<Role>, Vec<Step>)>> =
            choices.iter().map(|items| self.way(items, flow_key, within)).collect();
        let (roles, ways): (Vec<_>, Vec<_>) = ways.into_iter().collect::<Option<Vec<_>>>()?.into_iter().unzip();
        Some(Skeleton { roles: roles.into_iter().next()?, ways })
    }

    /// Reads the roles and the steps of one choice of alternatives.
    fn way(&mut self, items: &[Node], flow_key: &Span, within: Duration) -> Option<(Vec<Role>, Vec<Step>)> {
        let mut read: Vec<Option<Line<'_>>> = items.iter().map(|item| self.line(item)).collect();
        if let Some(Some(last)) = read.last_mut() {
            last.is_last = true;
        }
        let lines: Option<Vec<Line<'_>>> = read.into_iter().collect();
        let joined = lines.and_then(|lines| self.join(&lines, flow_key).map(|joined| (lines, joined)));
        let Some((lines, (roles, ends))) = joined else {
            for item in items {
                self.options_alone(item, within);
            }
            return None;
        };
        let mut steps: Vec<Step> = Vec::new();
        for (line, (left, right)) in lines.iter().zip(ends) {
            let step = self.step(line, left, right, &roles, steps.last(), within);
            steps.push(step);
        }
        for (position, step) in steps.iter_mut().enumerate() {
            step.undoes = self.undone(position, &lines);
        }
        self.check_names(&lines, &roles);
        Some((roles, steps))
    }

    /// Checks the options of a step whose roles cannot be told, so that its other mistakes are found in the same go.
    fn options_alone(&mut self, item: &Node, within: Duration) {
        let Kind::Map(entries) = &item.kind else { return };
        for entry in entries {
            match entry.key.as_str() {
                "where" => drop(self.predicate(&entry.value, "where", Place::Transfer)),
                "via" => drop(self.predicate(&entry.value, "via", Place::Account)),
                "transfers" | "hops" | "each" | "fan" => drop(self.counted(&entry.value, &entry.key)),
                "pass_through" => drop(self.ratio(&entry.value)),
                _ => {}
            }
        }
        self.delay(entries, within);
    }

    fn line<'n>(&mut self, node: &'n Node) -> Option<Line<'n>> {
        let entries = self.map(node, "a step");
        self.known_keys(entries, keys::STEP, "a step");
        let Some(text) = get(entries, "step") else {
            self.error(
                codes::R004,
                &node.span,
                "this item of the flow has no `step`",
                "an item of the flow",
                "add `step: a -> b`",
            );
            return None;
        };
        let written = self.scalar(text, "step")?.to_owned();
        self.arrow(&written, &text.span).map(|(left, direction, right)| Line {
            entries,
            span: text.span.clone(),
            left,
            right,
            direction,
            is_last: false,
        })
    }

    /// Reads `left -> right`.
    fn arrow(&mut self, text: &str, span: &Span) -> Option<(Named, Direction, Named)> {
        let found = [("->", Direction::Forward), ("<-", Direction::Reverse)]
            .into_iter()
            .find_map(|(sign, direction)| text.find(sign).map(|at| (at, direction)));
        let Some((at, direction)) = found else {
            self.error(
                codes::R020,
                span,
                "a step that cannot be read",
                "there is no arrow",
                "write `a -> b`, or `b <- a` where the money comes the other way",
            );
            return None;
        };
        let left = self.named(text, 0..at, span);
        let right = self.named(text, at + 2..text.len(), span);
        Some((left?, direction, right?))
    }

    /// Reads `name` or `name[range]` from a piece of a step.
    fn named(&mut self, text: &str, piece: Span, span: &Span) -> Option<Named> {
        let part = &text[piece.clone()];
        let start = piece.start + (part.len() - part.trim_start().len());
        let part = part.trim();
        let source = self.report.text();
        let place = |from: usize, to: usize| tree::place(source, span, text, &(start + from..start + to));
        let length = part.find('[').unwrap_or(part.len());
        let name = part[..length].trim_end();
        if !is_name(name) {
            let message =
                if name.is_empty() { "a role is missing".to_owned() } else { format!("`{name}` is not a role name") };
            let at = if part.is_empty() { span.clone() } else { place(0, part.len()) };
            self.error(
                codes::R020,
                &at,
                "a step that cannot be read",
                message,
                "a role is letters, digits and underscores: `first_mule`, `payers[5..]`",
            );
            return None;
        }
        let brackets = match part[length..].strip_prefix('[') {
            None => None,
            Some(rest) => {
                let Some(range) = rest.strip_suffix(']') else {
                    self.error(
                        codes::R020,
                        &place(length, part.len()),
                        "a step that cannot be read",
                        "the bracket does not close at the end",
                        "write `payers[5..]`",
                    );
                    return None;
                };
                Some((range.to_owned(), place(length + 1, length + 1 + range.len())))
            }
        };
        Some(Named { name: name.to_owned(), place: place(0, name.len()), brackets })
    }

    /// Joins the steps to a line: the roles, and the two roles of each step.
    fn join(&mut self, lines: &[Line<'_>], flow: &Span) -> Option<(Vec<Role>, Vec<Ends>)> {
        let mut roles: Vec<Role> = Vec::new();
        let mut ends: Vec<Ends> = Vec::new();
        let mut whole = true;
        for (position, line) in lines.iter().enumerate() {
            if let Some(before) = position.checked_sub(1).map(|before| &lines[before])
                && line.left.name != before.right.name
            {
                let message = format!("this step does not begin at `{}`", before.right.name);
                let help =
                    format!("a flow is a line: begin with `{}`, or put the steps in another order", before.right.name);
                self.error(codes::R021, &line.left.place, message, "the step before ends elsewhere", help);
                whole = false;
            }
            let left = self.role(&mut roles, &line.left, true);
            let right = self.role(&mut roles, &line.right, false);
            match left.zip(right) {
                Some((left, right)) => ends.push((left, right)),
                None => whole = false,
            }
        }
        if whole && !roles.iter().any(Role::is_single) {
            self.error(
                codes::R022,
                flow,
                "no role of this flow is a single account",
                "every role is a set",
                "take the brackets off the role that the flow is about",
            );
            whole = false;
        }
        whole.then_some((roles, ends))
    }

    /// The role that a step names, added at its first naming.
    fn role(&mut self, roles: &mut Vec<Role>, named: &Named, joins: bool) -> Option<RoleId> {
        if let Some(known) = roles.iter().position(|role| role.name == named.name) {
            let help = "brackets stand at the first naming only; only a single role is named again";
            if named.brackets.is_some() {
                self.error(
                    codes::R023,
                    &named.place,
                    format!("`{}` has brackets a second time", named.name),
                    "named before",
                    help,
                );
                return None;
            }
            if !joins && !roles[known].is_single() {
                self.error(
                    codes::R023,
                    &named.place,
                    format!("the set `{}` is named again", named.name),
                    "a set is where one step ends and the next begins",
                    help,
                );
                return None;
            }
            return Some(known);
        }
        let members = match &named.brackets {
            None => None,
            Some((range, place)) => Some(self.count(range, place)?),
        };
        roles.push(Role { name: named.name.clone(), members, predicate: None });
        Some(roles.len() - 1)
    }

    fn step(
        &mut self,
        line: &Line<'_>,
        left: RoleId,
        right: RoleId,
        roles: &[Role],
        before: Option<&Step>,
        within: Duration,
    ) -> Step {
        let option = |key: &str| line.entries.iter().find(|entry| entry.key == key);
        let singles = roles[left].is_single() && roles[right].is_single();
        let sets = !roles[left].is_single() && !roles[right].is_single();
        let hops = option("hops");
        let fed = hops.is_some()
            || before
                .is_some_and(|before| before.direction == Direction::Forward && line.direction == Direction::Forward);
        let tree = line.is_last && roles[left].is_single() && !singles;
        self.check_options(line, singles || tree, sets, fed);
        self.check_uses(line, singles);
        if left == right && hops.is_none() {
            self.error(
                codes::R027,
                &line.span,
                "a step from an account to itself",
                "self-transfers are never matched",
                "add `hops: 3..8` for a round trip",
            );
        }
        let count = |reader: &mut Self, key: &str| {
            option(key).and_then(|entry| reader.counted(&entry.value, key)).unwrap_or(Count::ANY)
        };
        let shape = if hops.is_some() {
            let (hops, via) = self.hops(line);
            if roles[right].is_single() { Shape::Path { hops, via } } else { Shape::Tree { hops, via } }
        } else if singles && option("transfers").is_none() {
            Shape::One
        } else {
            Shape::Set { transfers: count(self, "transfers"), each: count(self, "each"), fan: count(self, "fan") }
        };
        Step {
            name: option("name").and_then(|entry| self.scalar(&entry.value, "name").map(str::to_owned)),
            left,
            right,
            direction: line.direction,
            shape,
            filter: option("where").and_then(|entry| self.predicate(&entry.value, "where", Place::Transfer)),
            delay: self.delay(line.entries, within),
            pass_through: option("pass_through").and_then(|entry| self.ratio(&entry.value)),
            undoes: None,
            uses: option("uses").and_then(|entry| self.scalar(&entry.value, "uses").map(str::to_owned)),
        }
    }

    /// The step that a step undoes, where it says so: an earlier one by its name.
    fn undone(&mut self, position: StepId, lines: &[Line<'_>]) -> Option<StepId> {
        let node = get(lines[position].entries, "undoes")?;
        let wanted = self.scalar(node, "undoes")?.to_owned();
        let name = |line: &Line<'_>| match get(line.entries, "name").map(|node| &node.kind) {
            Some(Kind::Scalar(name)) => Some(name.clone()),
            _ => None,
        };
        let undoable: Vec<String> =
            lines[..position].iter().filter(|line| !has_hops(line) && !has_uses(line)).filter_map(name).collect();
        let undoable: Vec<&str> = undoable.iter().map(String::as_str).collect();
        let found = lines.iter().position(|line| name(line).as_ref() == Some(&wanted));
        let fault = match found {
            Some(step) if step > position => "it comes later",
            Some(step) if step == position => "it is this step",
            Some(step) if has_hops(&lines[step]) => "it has `hops`",
            Some(step) if has_uses(&lines[step]) => "it is another rule's match",
            Some(step) => return Some(step),
            None => "no step has this name",
        };
        let help = match nearest(&wanted, undoable.iter().copied()) {
            Some(near) if found.is_none() => Help::write(near),
            _ if undoable.is_empty() => {
                "give an earlier step without `hops` a name: `name: sale`, and write it here".into()
            }
            _ => format!("earlier steps with a name and without `hops`: {}", quoted(&undoable)).into(),
        };
        self.error(codes::R050, &node.span, format!("this step cannot undo `{wanted}`"), fault, help);
        None
    }

    /// Reports what a step that uses another rule cannot have.
    fn check_uses(&mut self, line: &Line<'_>, singles: bool) {
        let Some(uses) = line.entries.iter().find(|entry| entry.key == "uses") else { return };
        for entry in line.entries.iter().filter(|entry| !BESIDE_USES.contains(&entry.key.as_str())) {
            let message = format!("this step cannot have `{}`", entry.key);
            let help = format!("remove `{}`, or ask it in the rule that is used", entry.key);
            self.error(codes::R024, &entry.key_span, message, "the step is another rule's match", help);
        }
        if !singles || line.direction == Direction::Reverse {
            let label = "it leads from a single role to a single role, with `->`";
            let help = "remove `uses`, or change the step";
            self.error(codes::R024, &uses.key_span, "this step cannot have `uses`", label, help);
        }
    }

    /// Reports options that this step cannot have.
    fn check_options(&mut self, line: &Line<'_>, hops: bool, sets: bool, fed: bool) {
        let has = |key: &str| line.entries.iter().any(|entry| entry.key == key);
        for entry in line.entries {
            let fault = match entry.key.as_str() {
                "hops" if has("transfers") => Some("`hops` and `transfers` exclude each other"),
                "hops" if line.direction == Direction::Reverse => Some("`hops` goes with `->`"),
                "hops" if !hops => {
                    self.error(
                        codes::R907,
                        &entry.key_span,
                        "`hops` from a set, or to a set before the last step, is not supported yet",
                        "joins a set",
                        "make both roles single, or end the flow with a tree: `source -> exits[4..]`",
                    );
                    None
                }
                "via" if !has("hops") => Some("`via` goes with `hops`"),
                "undoes" if has("hops") => Some("`undoes` and `hops` exclude each other"),
                "each" | "fan" if !sets => Some("it stands between two sets"),
                "delay" | "pass_through" if !fed => Some("nothing feeds this step"),
                _ => None,
            };
            if let Some(fault) = fault {
                let message = format!("this step cannot have `{}`", entry.key);
                self.error(
                    codes::R024,
                    &entry.key_span,
                    message,
                    fault,
                    format!("remove `{}`, or change the step", entry.key),
                );
            }
        }
    }

    fn counted(&mut self, node: &Node, what: &str) -> Option<Count> {
        let text = self.scalar(node, what)?.to_owned();
        self.count(&text, &node.span)
    }

    fn hops(&mut self, line: &Line<'_>) -> (Count, Option<Predicate>) {
        let entry = line.entries.iter().find(|entry| entry.key == "hops").expect("the step has hops");
        let hops = self.counted(&entry.value, "hops").unwrap_or(Count { least: 1, most: Some(1) });
        if hops.most.is_none_or(|most| most > MOST_HOPS) {
            let label = if hops.most.is_none() {
                "the longest length is open".to_owned()
            } else {
                format!("at most {MOST_HOPS} transfers")
            };
            self.error(
                codes::R026,
                &entry.value.span,
                "a path needs a longest length",
                label,
                format!("write `{}..{}`", hops.least.min(MOST_HOPS), (hops.least + 3).min(MOST_HOPS)),
            );
        }
        let via = get(line.entries, "via").and_then(|node| self.predicate(node, "via", Place::Account));
        (hops, via)
    }

    fn delay(&mut self, entries: &[Entry], window: Duration) -> Delay {
        let whole = Delay { least: Duration::ZERO, most: window };
        let Some(node) = get(entries, "delay") else { return whole };
        let Some(text) = self.scalar(node, "delay").map(str::to_owned) else { return whole };
        let before = self.report.len();
        let (low, high) = self.range(&text, &node.span);
        let mut span = |value: Option<Value>, default: Duration| match value {
            None => default,
            Some(Value::Duration(span)) if span >= Duration::ZERO => span,
            Some(other) => {
                self.error(
                    codes::R025,
                    &node.span,
                    format!("`{other}` is not a delay"),
                    "a duration of zero or more is needed",
                    "write a range such as `0h..72h`",
                );
                default
            }
        };
        let delay = Delay { least: span(low, Duration::ZERO), most: span(high, window) };
        if self.report.len() > before {
            return whole;
        }
        let longest = delay.least.max(delay.most);
        if longest > window {
            self.error(
                codes::R012,
                &node.span,
                "the delay is longer than the window",
                format!("the rule's `within` is {window}"),
                format!("write an upper end of `{window}`, or raise `within`"),
            );
            return whole;
        }
        if delay.least > delay.most {
            self.upside_down(&node.span);
            return whole;
        }
        delay
    }

    fn ratio(&mut self, node: &Node) -> Option<RatioRange> {
        let text = self.scalar(node, "pass_through")?.to_owned();
        let (low, high) = self.range(&text, &node.span);
        let mut end = |value: Option<Value>| -> Option<Ratio> {
            match value? {
                Value::Number(ratio) if ratio.numerator() >= 0 => Some(ratio),
                other => {
                    self.error(
                        codes::R025,
                        &node.span,
                        format!("`{other}` is not a share"),
                        "a number of zero or more is needed",
                        "write a range such as `0.8..1.0`",
                    );
                    None
                }
            }
        };
        let range = RatioRange { least: end(low), most: end(high) };
        if range.least.zip(range.most).is_some_and(|(least, most)| least > most) {
            self.upside_down(&node.span);
        }
        Some(range)
    }

    fn check_names(&mut self, lines: &[Line<'_>], roles: &[Role]) {
        let mut taken: Vec<&str> = roles.iter().map(|role| role.name.as_str()).collect();
        for line in lines {
            let Some(node) = get(line.entries, "name") else { continue };
            let Kind::Scalar(name) = &node.kind else { continue };
            if !is_name(name) {
                self.unnameable(&node.span, name);
            }
            if taken.contains(&name.as_str()) {
                self.error(
                    codes::R028,
                    &node.span,
                    format!("the name `{name}` is taken"),
                    "a role or another step has it",
                    "choose another name",
                );
            }
            taken.push(name);
        }
    }

    /// Reads the predicates of `roles` into the flow's roles.
    pub(super) fn role_predicates(&mut self, node: Option<&Node>, skeleton: Option<&mut Skeleton>) {
        let Some(node) = node else { return };
        let entries = self.map(node, "roles");
        let mut roles = skeleton.map(|skeleton| &mut skeleton.roles);
        for entry in entries {
            let predicate = self.predicate(&entry.value, &entry.key, Place::Account);
            let Some(roles) = roles.as_deref_mut() else { continue };
            if let Some(role) = roles.iter_mut().find(|role| role.name == entry.key) {
                role.predicate = predicate;
                continue;
            }
            let known: Vec<&str> = roles.iter().map(|role| role.name.as_str()).collect();
            let help = nearest(&entry.key, known.iter().copied())
                .map_or_else(|| format!("the roles are {}", quoted(&known)).into(), Help::write);
            self.error(
                codes::R037,
                &entry.key_span,
                format!("the flow has no role `{}`", entry.key),
                "not a role",
                help,
            );
        }
    }
}
