//! Every key of a rule file, with its form and its meaning: what the reader accepts and what the schema says.
//!
//! The reader takes its lists of known keys from here, so that the JSON Schema cannot say anything else.

use serde_json::{Map, Value, json};

use super::rule::{LEVELS, SEVERITIES, STAGES, STATUSES};

/// A key of a mapping in a rule file.
#[derive(Debug)]
pub(super) struct Key {
    pub(super) name: &'static str,
    pub(super) needed: bool,
    form: &'static Form,
    about: &'static str,
}

/// What may stand under a key.
#[derive(Debug)]
enum Form {
    /// Free text.
    Text,
    /// A kebab-case word.
    Kebab,
    /// A whole number from 1.
    Version,
    /// `true` or `false`.
    Truth,
    /// One of some words.
    Word(fn() -> Vec<&'static str>),
    /// A decimal, a duration, a text or an expression.
    Value,
    /// A duration or an expression that gives one.
    Span,
    /// `lo..hi`; either end may be left out.
    Range,
    /// An SQL condition.
    Predicate,
    /// A small table: a header behind `#`, one row a line.
    Table,
    /// A list, and how many items it has at least.
    List(&'static Form, usize),
    /// One item, or a list of them.
    OneOrMore(&'static Form),
    /// A mapping with these keys and no others.
    Keys(&'static [Key]),
    /// A mapping from names to this form.
    Named(&'static Form),
}

const fn needed(name: &'static str, form: &'static Form, about: &'static str) -> Key {
    Key { name, needed: true, form, about }
}

const fn optional(name: &'static str, form: &'static Form, about: &'static str) -> Key {
    Key { name, needed: false, form, about }
}

const STAGE: Form = Form::Word(|| words(&STAGES));
const SEVERITY: Form = Form::Word(|| words(&SEVERITIES));
const STATUS: Form = Form::Word(|| words(&STATUSES));
const LEVEL: Form = Form::Word(|| words(&LEVELS));

fn words<T>(words: &[(&'static str, T)]) -> Vec<&'static str> {
    words.iter().map(|(word, _)| *word).collect()
}

/// The keys of a rule.
pub(super) const RULE: &[Key] = &[
    needed("typology", &Form::Kebab, "The id: kebab-case, and the stem of the file's name."),
    needed("version", &Form::Version, "Raised whenever the rule finds something else."),
    needed("title", &Form::Text, "A few words for people."),
    needed("summary", &Form::Text, "What the rule finds, in a sentence or two."),
    optional("family", &Form::Kebab, "The family of methods; a shipped rule lies in the folder of this name."),
    needed("stage", &STAGE, "Where in the laundering process it belongs."),
    needed("severity", &SEVERITY, "How grave a match is."),
    optional("status", &STATUS, "Whether the rule is ready for use; `stable` where it is left out."),
    optional("references", &Form::List(&Form::Text, 0), "Sources; a rule without one gets a warning."),
    optional("tags", &Form::List(&Form::Text, 0), "Free words."),
    optional("specialises", &Form::List(&Form::Kebab, 0), "Ids of rules whose matches this one explains."),
    optional(
        "false_positives",
        &Form::List(&Form::Text, 0),
        "Legitimate lookalikes; a rule without one gets a warning.",
    ),
    optional("parameters", &Form::Named(&Form::Keys(PARAMETER)), "Values that an analyst may move, by name."),
    needed("within", &Form::Span, "No instance spans longer: `7d`, `$horizon`."),
    optional("level", &LEVEL, "What a role stands for; `account` where it is left out."),
    optional("distinct", &Form::Truth, "Whether different roles are different accounts; `true` where it is left out."),
    optional("where", &Form::Predicate, "Met by every transfer of the match."),
    optional("roles", &Form::Named(&Form::Predicate), "A predicate over accounts for each role that needs one."),
    needed("flow", &Form::List(&Form::Keys(STEP), 1), "The steps; each begins where the one before it ended."),
    optional("having", &Form::Predicate, "Met by every instance."),
    optional("repeat_within", &Form::Span, "How near another match of the same accounts is for `repeats` to count it."),
    optional("unless", &Form::Predicate, "Drops a finished match."),
    optional(
        "without",
        &Form::List(&Form::Keys(WITHOUT), 1),
        "Transfers whose presence around a finished match drops it.",
    ),
    optional(
        "expected",
        &Form::List(&Form::Keys(EXPECTED), 1),
        "Payments with a rhythm that must have failed to come when the match began.",
    ),
    needed(
        "tests",
        &Form::List(&Form::Keys(TEST), 1),
        "Small ledgers and what is found in them; one at least expects no match.",
    ),
];

/// The keys of a parameter.
pub(super) const PARAMETER: &[Key] = &[
    needed("default", &Form::Value, "The value where a run sets no other: a number, a duration or a text."),
    optional("range", &Form::Range, "The least and the greatest value allowed: `3..50`."),
    optional("help", &Form::Text, "What it means, and where the default comes from."),
];

/// The keys of a step.
pub(super) const STEP: &[Key] = &[
    needed(
        "step",
        &Form::Text,
        "The roles and the way of the money: `payers[5..] -> collector`, `targets <- peers[1..]`.",
    ),
    optional("name", &Form::Text, "A name under which `having` and `unless` see the step's sums."),
    optional("uses", &Form::Kebab, "The rule whose match the step is."),
    TRANSFERS,
    HOPS,
    VIA,
    EACH,
    FAN,
    WHERE,
    UNDOES,
    DELAY,
    PASS_THROUGH,
    optional(
        "any_of",
        &Form::List(&Form::Keys(ALTERNATIVE), 2),
        "Ways in which the step may be done: each is put onto the step's own options.",
    ),
];

/// The keys of one way in which a step may be done.
pub(super) const ALTERNATIVE: &[Key] = &[TRANSFERS, HOPS, VIA, EACH, FAN, WHERE, UNDOES, DELAY, PASS_THROUGH];

const WHERE: Key =
    optional("where", &Form::Predicate, "Met by every transfer of the step, beside the rule's own `where`.");
const TRANSFERS: Key =
    optional("transfers", &Form::Range, "How many transfers; between single accounts it makes the step a set.");
const HOPS: Key = optional(
    "hops",
    &Form::Range,
    "How many transfers a path has, or lead to where a tree's money rests; the upper end is needed.",
);
const VIA: Key = optional("via", &Form::Predicate, "Met by every unnamed account of a path.");
const EACH: Key = optional("each", &Form::Range, "By how many distinct accounts every paid member is paid.");
const FAN: Key = optional("fan", &Form::Range, "How many distinct accounts every paying member pays.");
const UNDOES: Key =
    optional("undoes", &Form::Text, "The earlier step whose transfers those of this step refer to with `refers_to`.");
const DELAY: Key = optional("delay", &Form::Range, "How long after its feeding transfer a transfer comes: `0h..72h`.");
const PASS_THROUGH: Key = optional("pass_through", &Form::Range, "The share of what came in that goes on: `0.8..1.0`.");

/// The keys of an item of `without`.
pub(super) const WITHOUT: &[Key] = &[
    needed("transfer", &Form::Text, "Who would pay whom: `collector -> *`; `*` is any account."),
    optional("where", &Form::Predicate, "Met by the transfers that are looked for."),
    needed("during", &Form::Text, "When: `90d before`, `ever before`, `match` or `7d after`."),
];

/// The keys of an item of `expected`.
pub(super) const EXPECTED: &[Key] = &[
    needed("transfer", &Form::Text, "Who used to pay whom: `firm -> *`; `*` is any account."),
    optional("where", &Form::Predicate, "Met by the payments."),
    optional("times", &Form::Value, "At how many times it was made before, at least; 3 where it is left out."),
    optional("tolerance", &Form::Value, "How late it may be, as a share of its rhythm; 0.5 where it is left out."),
];

/// The keys of a test.
pub(super) const TEST: &[Key] = &[
    needed("name", &Form::Text, "What the test shows."),
    needed("transfers", &Form::Table, "The ledger: `# when from to amount` and further columns, one transfer a line."),
    optional("accounts", &Form::Table, "The account table: `# account` and further columns, one account a line."),
    optional("lists", &Form::Named(&Form::Table), "A table for each reference list that the test brings."),
    needed(
        "matches",
        &Form::List(&Form::Named(&Form::OneOrMore(&Form::Text)), 0),
        "Accounts by role for each match; roles left out are not compared.",
    ),
];

/// The keys of an expectation file.
pub(super) const EXPECTATIONS: &[Key] = &[
    needed("ledger", &Form::OneOrMore(&Form::Text), "Files, folders or patterns of transfers, relative to this file."),
    optional("accounts", &Form::Text, "The account table; a folder that holds one beside its transfers needs none."),
    optional("rates", &Form::Text, "The table of rates into the base currency."),
    optional("lists", &Form::Named(&Form::Text), "Files of reference lists by name."),
    optional("mapping", &Form::Text, "A mapping file, or the name of a preset; else the header decides."),
    optional("base", &Form::Text, "The currency that amounts are compared in."),
    optional(
        "rules",
        &Form::OneOrMore(&Form::Text),
        "Rule files or folders; else `NAME.yaml` beside `NAME.expect.yaml`, else the shipped rules.",
    ),
    optional("set", &Form::Named(&Form::Value), "Parameters by rule and name: `fan-in.payers: 6`."),
    needed("expect", &Form::List(&Form::Keys(EXPECTATION), 1), "What each rule must find."),
];

/// The keys of one expectation.
pub(super) const EXPECTATION: &[Key] = &[
    needed("rule", &Form::Kebab, "The id of the rule."),
    optional("name", &Form::Text, "What the expectation shows."),
    optional("exactly", &Form::Value, "How many matches the rule has."),
    optional("at_least", &Form::Value, "How many matches it has at least."),
    optional("at_most", &Form::Value, "How many matches it has at most."),
    optional(
        "matches",
        &Form::List(&Form::Named(&Form::OneOrMore(&Form::Text)), 0),
        "Matches that must be there: accounts by role, or a list of transfer ids. Without a count there may be no others.",
    ),
    optional("todo", &Form::Text, "Why the expectation is known to fail; it is a failure if it holds."),
];

/// What a place of a rule file holds, for whoever lays files out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Holds {
    /// A mapping with these keys, in the order in which a rule is read best.
    Keys(Vec<&'static str>),
    /// `lo..hi`.
    Range,
    /// A small table: a header behind `#`, one row a line.
    Table,
    /// Anything else.
    Other,
}

/// What stands at a path of keys from the top of a rule file; items of lists are stepped over.
#[must_use]
pub fn holds(path: &[&str]) -> Holds {
    const WHOLE: Form = Form::Keys(RULE);
    let inside = |form: &'static Form, name: &&str| match form {
        Form::Keys(keys) => keys.iter().find(|key| key.name == *name).map(|key| key.form.item()),
        Form::Named(form) => Some(form.item()),
        _ => None,
    };
    match path.iter().try_fold(&WHOLE, inside) {
        Some(Form::Keys(keys)) => Holds::Keys(keys.iter().map(|key| key.name).collect()),
        Some(Form::Range) => Holds::Range,
        Some(Form::Table) => Holds::Table,
        _ => Holds::Other,
    }
}

/// The pattern of kebab-case words.
const KEBAB: &str = "^[a-z0-9]+(-[a-z0-9]+)*$";

/// The JSON Schema of a rule file, as text.
#[must_use]
pub fn schema() -> String {
    let mut schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Moneytrail rule",
        "description": "One way in which criminal money flows. `moneytrail help language` is the reference; `moneytrail check` finds what a schema cannot say.",
    });
    let whole = Form::Keys(RULE).schema();
    if let (Value::Object(schema), Value::Object(whole)) = (&mut schema, whole) {
        schema.extend(whole);
    }
    format!("{schema:#}\n")
}

impl Form {
    /// The form of a list's items, or the form itself.
    fn item(&'static self) -> &'static Self {
        match self {
            Self::List(item, _) | Self::OneOrMore(item) => item.item(),
            form => form,
        }
    }

    fn schema(&self) -> Value {
        match self {
            Self::Text | Self::Table => json!({ "type": ["string", "number", "boolean"] }),
            Self::Kebab => json!({ "type": "string", "pattern": KEBAB }),
            Self::Version => json!({ "type": "integer", "minimum": 1 }),
            Self::Truth => json!({ "type": "boolean" }),
            Self::Word(words) => json!({ "enum": words() }),
            Self::Value | Self::Range => json!({ "type": ["string", "number"] }),
            Self::Span => json!({ "type": "string" }),
            Self::Predicate => json!({ "type": ["string", "boolean"] }),
            Self::List(item, least) => json!({ "type": "array", "items": item.schema(), "minItems": least }),
            Self::OneOrMore(item) => json!({ "anyOf": [item.schema(), { "type": "array", "items": item.schema() }] }),
            Self::Named(form) => json!({ "type": "object", "additionalProperties": form.schema() }),
            Self::Keys(keys) => {
                let needed: Vec<&str> = keys.iter().filter(|key| key.needed).map(|key| key.name).collect();
                let properties: Map<String, Value> =
                    keys.iter().map(|key| (key.name.to_owned(), key.schema())).collect();
                json!({
                    "type": "object",
                    "properties": properties,
                    "required": needed,
                    "additionalProperties": false,
                })
            }
        }
    }
}

impl Key {
    fn schema(&self) -> Value {
        let mut schema = json!({ "description": self.about });
        if let (Value::Object(schema), Value::Object(form)) = (&mut schema, self.form.schema()) {
            schema.extend(form);
        }
        schema
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_of_keys_leads_to_what_stands_there() {
        assert!(matches!(holds(&[]), Holds::Keys(keys) if keys.first() == Some(&"typology")));
        assert_eq!(holds(&["parameters", "theft"]), Holds::Keys(vec!["default", "range", "help"]));
        assert!(matches!(holds(&["flow", "any_of"]), Holds::Keys(keys) if keys.last() == Some(&"pass_through")));
        assert_eq!(holds(&["flow", "any_of", "delay"]), Holds::Range);
        assert_eq!(holds(&["tests", "lists", "high_risk"]), Holds::Table);
        assert_eq!([holds(&["roles"]), holds(&["nothing"]), holds(&["tests", "matches"])], [const { Holds::Other }; 3]);
    }

    #[test]
    fn the_tables_of_the_reference_are_in_the_order_of_the_keys() {
        const PAGE: &str = include_str!("../../docs/language.md");
        for (heading, keys) in [("\n## 2. ", RULE), ("\n## 5. ", &STEP[1..])] {
            let (_, section) = PAGE.split_once(heading).expect("a section");
            let rows = section.lines().skip_while(|line| !line.starts_with("|---")).skip(1);
            let cells = rows.take_while(|line| line.starts_with('|')).map(|row| row.split('|').nth(1).expect("a cell"));
            let names: Vec<&str> = cells.flat_map(|cell| cell.split('`').skip(1).step_by(2)).collect();
            assert_eq!(names, keys.iter().map(|key| key.name).collect::<Vec<_>>());
        }
    }
}
