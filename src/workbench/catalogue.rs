//! The catalogue of rules as a page: what each finds, on what numbers, from what columns, and what it turns away.
//!
//! The page is made from the checked rules, so that it cannot say anything else than they do.

use std::fmt::Write as _;

use crate::lang::{
    Absence, Count, Delay, Direction, During, Expectation, Flow, Parameter, Party, Predicate, RatioRange, Role,
    Severity, Shape, Stage, Status, Step, Typology, TypologySet,
};
use crate::plan;

/// What stands above the rules: written by hand, since no rule says it.
const HEAD: &str = include_str!("../../docs/typologies.head.md");

/// The families in the order of the page, and what their rules have in common.
pub const FAMILIES: [(&str, &str); 7] = [
    ("shapes", "Forms that the flow of money takes. They need nothing but transfers, and need other evidence."),
    ("mules", "Accounts that lend themselves to others, and accounts that change what they do."),
    ("placement", "Cash and small sums that enter the system below a threshold."),
    ("layering", "Movements whose purpose is to blur where the money comes from."),
    ("processors", "Payment processors, and merchants behind them."),
    ("fraud", "How the money of victims comes in."),
    ("instruments", "Prepaid cards, wallets, gambling and crypto-assets."),
];

/// The page, in Markdown: the head, an overview of each family, and a section for each rule.
#[must_use]
pub fn markdown(set: &TypologySet) -> String {
    let mut page = HEAD.trim_end().to_owned();
    for (family, about) in families(set) {
        let rules: Vec<&Typology> = set.typologies.iter().filter(|rule| rule.family == family).collect();
        let title = if family.is_empty() { "Without a family".to_owned() } else { capital(family) };
        write!(page, "\n\n## {title}\n").expect("memory takes all");
        if !about.is_empty() {
            write!(page, "\n{about}\n").expect("memory takes all");
        }
        page += "\n| rule | finds | severity | status | tests |\n|---|---|---|---|---|\n";
        for rule in &rules {
            let Typology { id, title, severity, status, tests, .. } = rule;
            let (severity, status) = (severity_word(*severity), status_word(*status));
            writeln!(page, "| [`{id}`](#{id}) | {} | {severity} | {status} | {} |", cell(title), tests.len())
                .expect("memory takes all");
        }
        for rule in rules {
            page += "\n";
            page += &section(rule);
        }
        page.truncate(page.trim_end().len());
    }
    page + "\n"
}

/// The families that have rules: the known ones in their order, then others by name.
fn families(set: &TypologySet) -> Vec<(&str, &str)> {
    let mut others: Vec<&str> = set.typologies.iter().map(|rule| rule.family.as_str()).collect();
    others.sort_unstable();
    others.dedup();
    let mut families: Vec<(&str, &str)> = FAMILIES.into_iter().filter(|(name, _)| others.contains(name)).collect();
    others.retain(|other| FAMILIES.iter().all(|(name, _)| name != other));
    families.extend(others.into_iter().map(|name| (name, "")));
    families
}

fn section(rule: &Typology) -> String {
    let mut text = format!("### {}\n\n**{}.** {}\n\n", rule.id, rule.title.trim_end_matches('.'), rule.summary);
    let mut line = |words: String| writeln!(text, "- {words}").expect("memory takes all");
    line(format!(
        "{} severity, {}, {}, version {}, {}",
        severity_word(rule.severity),
        stage_word(rule.stage),
        status_word(rule.status),
        rule.version,
        counted(rule.tests.len(), "test")
    ));
    line(needs(rule));
    if !rule.specialises.is_empty() {
        line(format!("Explains matches of {}.", names(&rule.specialises)));
    }
    let used: Vec<String> = rule.flow.uses().map(str::to_owned).collect();
    if !used.is_empty() {
        line(format!("Uses matches of {}, and needs what they need.", names(&used)));
    }
    text += "\n";
    text += &flow(rule);
    if !rule.parameters.is_empty() {
        text += "\n| parameter | default | range | meaning |\n|---|---|---|---|\n";
        for parameter in &rule.parameters {
            text += &parameter_row(parameter);
        }
    }
    for (title, items) in [("Lookalikes", &rule.false_positives), ("Sources", &rule.references)] {
        if !items.is_empty() {
            write!(text, "\n{title}:\n\n").expect("memory takes all");
            text.extend(items.iter().map(|item| format!("- {}\n", item.trim())));
        }
    }
    text
}

fn parameter_row(parameter: &Parameter) -> String {
    let range = parameter.range.as_ref().map_or_else(String::new, |(least, most)| format!("{least}..{most}"));
    let default = cell(&parameter.default.to_string());
    format!("| `{}` | {default} | {range} | {} |\n", parameter.name, cell(&parameter.help))
}

/// The columns that a ledger must have for the rule to be asked.
fn needs(rule: &Typology) -> String {
    let needs = plan::columns(rule);
    let list = |columns: &std::collections::BTreeSet<String>, of: &str| {
        let columns: Vec<String> = columns.iter().cloned().collect();
        (!columns.is_empty()).then(|| format!("{} of {of}", names(&columns)))
    };
    let parts = [list(&needs.transfers, "transfers"), list(&needs.accounts, "accounts")];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    if parts.is_empty() { "Needs transfers only.".to_owned() } else { format!("Needs {}.", parts.join(", and ")) }
}

/// The flow as numbered sentences, and what holds for all of it.
fn flow(rule: &Typology) -> String {
    let Flow { within, level, distinct, filter, roles, steps, having, unless, without, expected, repeat_within } =
        &rule.flow;
    let mut text = String::new();
    for (position, step) in steps.iter().enumerate() {
        let fed =
            position > 0 && step.direction == Direction::Forward && steps[position - 1].direction == Direction::Forward;
        let mut ways: Vec<String> = Vec::new();
        for way in rule.flows().map(|flow| sentence(roles, &flow.steps[position], fed)) {
            if !ways.contains(&way) {
                ways.push(way);
            }
        }
        writeln!(text, "{}. {}", position + 1, ways.join(" *Or:* ")).expect("memory takes all");
    }
    write!(text, "\nAll within {within}").expect("memory takes all");
    for (words, predicate) in [("where", filter), ("having", having), ("unless", unless)].into_iter().filter_map(both) {
        write!(text, "; {words} {}", code(predicate)).expect("memory takes all");
    }
    if let Some(span) = repeat_within {
        write!(text, " (`repeats` counts within {span})").expect("memory takes all");
    }
    if let Some(column) = level.column() {
        write!(text, "; accounts with one `{column}` are one").expect("memory takes all");
    }
    if !distinct {
        text += "; one account may hold several roles";
    }
    text += ".\n";
    let around: Vec<String> =
        without.iter().map(|absence| absent(roles, absence)).chain(expected.iter().map(|e| missed(roles, e))).collect();
    if !around.is_empty() {
        write!(text, "\n{}\n", around.join("\n")).expect("memory takes all");
    }
    let asked: Vec<String> =
        roles.iter().filter_map(|role| role.predicate.as_ref().map(|p| (role, p))).map(asked).collect();
    if !asked.is_empty() {
        write!(text, "\n{}\n", asked.join("\n")).expect("memory takes all");
    }
    text
}

fn absent(roles: &[Role], absence: &Absence) -> String {
    let when = match absence.during {
        During::Before(span) => format!("in the {span} before"),
        During::EverBefore => "ever before".to_owned(),
        During::Match => "meanwhile".to_owned(),
        During::After(span) => format!("in the {span} after"),
    };
    format!(
        "- no transfer from {}{} {when}",
        between(roles, absence.payer, absence.payee),
        met(absence.filter.as_ref())
    )
}

fn missed(roles: &[Role], expected: &Expectation) -> String {
    let between = between(roles, expected.payer, expected.payee);
    format!(
        "- a payment from {between}{}, made {} times or more before, failed to come",
        met(expected.filter.as_ref()),
        expected.times
    )
}

fn between(roles: &[Role], payer: Party, payee: Party) -> String {
    let name = |party: Party| match party {
        Party::Anyone => "anybody".to_owned(),
        Party::Role(role) => format!("`{}`", roles[role].name),
    };
    format!("{} to {}", name(payer), name(payee))
}

fn met(filter: Option<&Predicate>) -> String {
    filter.map_or_else(String::new, |filter| format!(" where {}", code(filter)))
}

fn both<'p>((words, predicate): (&'static str, &'p Option<Predicate>)) -> Option<(&'static str, &'p Predicate)> {
    predicate.as_ref().map(|predicate| (words, predicate))
}

fn asked((role, predicate): (&Role, &Predicate)) -> String {
    format!("- `{}`: {}", role.name, code(predicate))
}

/// One step as a sentence.
fn sentence(roles: &[Role], step: &Step, fed: bool) -> String {
    let Step { name: _, left, right, direction, shape, filter, delay, pass_through, undoes, uses } = step;
    let several = roles[*left].members.is_some();
    let (left, right) = (who(&roles[*left]), who(&roles[*right]));
    let (pay, are) = if several { ("pay", "are") } else { ("pays", "is") };
    let mut text = match (direction, shape) {
        (Direction::Forward, Shape::One) => match uses {
            Some(rule) => format!("the money of {left} reaches {right} as a match of `{rule}`"),
            None => format!("{left} {pay} {right} once"),
        },
        (Direction::Forward, Shape::Path { hops, .. }) => {
            format!("{left} reaches {right} over {} transfers through other accounts", range(*hops))
        }
        (Direction::Forward, Shape::Tree { hops, .. }) => {
            format!("the money of {left} spreads and comes to rest at {right}, {} transfers on", range(*hops))
        }
        (Direction::Forward, Shape::Set { .. }) => format!("{left} {pay} {right}"),
        (Direction::Reverse, Shape::One) => format!("{left} {are} paid by {right} once"),
        (Direction::Reverse, _) => format!("{left} {are} paid by {right}"),
    };
    match shape {
        Shape::One | Shape::Path { via: None, .. } | Shape::Tree { via: None, .. } => {}
        Shape::Path { via: Some(via), .. } => write!(text, ", each {}", code(via)).expect("memory takes all"),
        Shape::Tree { via: Some(via), .. } => {
            write!(text, ", passed on by accounts with {}", code(via)).expect("memory takes all");
        }
        Shape::Set { transfers, each, fan } => {
            let counts = [
                (transfers, "transfers in all"),
                (each, "payers for each of those paid"),
                (fan, "payees for each of those paying"),
            ];
            for (count, what) in counts.into_iter().filter(|(count, _)| **count != Count::ANY) {
                write!(text, ", {} {what}", range(*count)).expect("memory takes all");
            }
        }
    }
    let path = matches!(shape, Shape::Path { .. });
    if fed || path || matches!(shape, Shape::Tree { .. }) {
        text += &waits(*delay, path);
    }
    if let Some(share) = pass_through {
        text += &passes(*share, path);
    }
    if undoes.is_some() {
        text += ", undoing a transfer of an earlier step";
    }
    if let Some(filter) = filter {
        write!(text, "; where {}", code(filter)).expect("memory takes all");
    }
    capital(&text) + "."
}

fn waits(delay: Delay, path: bool) -> String {
    let after = if path { "the transfer before" } else { "money came in" };
    if delay.least.0 == 0 {
        format!(", at most {} after {after}", delay.most)
    } else {
        format!(", {} to {} after {after}", delay.least, delay.most)
    }
}

fn passes(share: RatioRange, path: bool) -> String {
    let of = if path { "of what the transfer before brought" } else { "of what came in" };
    match (share.least, share.most) {
        (Some(least), Some(most)) => format!(", {least} to {most} {of}"),
        (Some(least), None) => format!(", at least {least} {of}"),
        (None, Some(most)) => format!(", at most {most} {of}"),
        (None, None) => String::new(),
    }
}

/// A role as the subject or object of a sentence.
fn who(role: &Role) -> String {
    role.members.map_or_else(|| format!("`{}`", role.name), |count| format!("{} `{}`", range(count), role.name))
}

fn range(count: Count) -> String {
    match count.most {
        Some(most) if most == count.least => most.to_string(),
        Some(most) => format!("{} to {most}", count.least),
        None => format!("{} or more", count.least),
    }
}

/// A predicate as one line of code.
fn code(predicate: &Predicate) -> String {
    format!("`{}`", cell(&predicate.sql.replace('"', "")))
}

/// A text as a cell of a table: one line, its bars escaped.
fn cell(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "\\|")
}

fn names(names: &[String]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

fn counted(number: usize, what: &str) -> String {
    if number == 1 { format!("{number} {what}") } else { format!("{number} {what}s") }
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

fn severity_word(severity: Severity) -> &'static str {
    match severity {
        Severity::Low => "low",
        Severity::Medium => "medium",
        Severity::High => "high",
        Severity::Critical => "critical",
    }
}

fn stage_word(stage: Stage) -> &'static str {
    match stage {
        Stage::Placement => "placement",
        Stage::Layering => "layering",
        Stage::Integration => "integration",
    }
}

fn status_word(status: Status) -> &'static str {
    match status {
        Status::Stable => "stable",
        Status::Experimental => "experimental",
        Status::Deprecated => "deprecated",
    }
}
