//! Every mistake in a rule file as its author sees it: one pair `CODE.yaml` and `CODE.out` for each diagnostic.
//!
//! A case holds one rule file or more, or expectation files, each behind a line `### FILE name.yaml`; a line `### SET rule.parameter=value`
//! sets a parameter as the command line does, and a line `### POLICY key=value` sets a key of `[check]`. `MONEYTRAIL_UPDATE=1` writes the
//! expected outputs anew; read the difference before you commit it.

use std::path::{Path, PathBuf};

use moneytrail::lang::{self, Checked, Level, Override, Policy, Severity, Source, codes};
use proptest::prelude::*;

/// What a case gives to the compiler.
struct Case {
    sources: Vec<Source>,
    overrides: Vec<Override>,
    policy: Policy,
}

impl Case {
    fn read(text: &str) -> Self {
        let mut case = Self { sources: Vec::new(), overrides: Vec::new(), policy: Policy::default() };
        for line in text.split_inclusive('\n') {
            if let Some(path) = line.strip_prefix("### FILE ") {
                case.sources.push(Source { path: path.trim().to_owned(), text: String::new() });
            } else if let Some(set) = line.strip_prefix("### SET ") {
                let (name, value) = set.trim().split_once('=').expect("rule.parameter=value");
                let (rule, parameter) = name.split_once('.').expect("rule.parameter");
                case.overrides.push(Override {
                    rule: rule.to_owned(),
                    parameter: parameter.to_owned(),
                    value: value.to_owned(),
                });
            } else if let Some(asked) = line.strip_prefix("### POLICY ") {
                let (key, values) = asked.trim().split_once('=').expect("key=value,value");
                let values = || values.split(',').map(str::to_owned).collect();
                match key {
                    "required" => case.policy.required = values(),
                    "tags" => case.policy.tags = Some(values()),
                    "max-severity" => case.policy.max_severity = Some(Severity::Medium),
                    "deny" => case.policy.deny = values(),
                    "allow" => case.policy.allow = values(),
                    _ => panic!("no policy has `{key}`"),
                }
            } else {
                case.sources.last_mut().expect("a case begins with `### FILE`").text.push_str(line);
            }
        }
        case
    }

    /// What compiling the rules says, and then what reading the expectation files says, if there are any.
    fn check(&self) -> Checked {
        let (files, rules): (Vec<Source>, Vec<Source>) =
            self.sources.iter().cloned().partition(|source| source.path.ends_with(".expect.yaml"));
        let mut checked = lang::check(&rules, &self.overrides, &self.policy, &[]);
        for file in &files {
            if let Err(found) = lang::expectations(file, checked.set.as_ref()) {
                checked.diagnostics.extend(found);
            }
        }
        checked.set = checked.set.filter(|_| checked.diagnostics.iter().all(|found| found.level == Level::Warning));
        checked
    }

    /// The diagnostics as a terminal shows them.
    fn shown(&self, checked: &Checked) -> String {
        let text_of = |path: &str| {
            let source = self.sources.iter().find(|source| source.path == path).map(|source| source.text.as_str());
            source
                .or_else(|| path.strip_prefix("--set "))
                .expect("a diagnostic is about a file or a setting")
                .to_owned()
        };
        let shown = checked.diagnostics.iter().map(|found| found.render(&text_of(&found.path), false) + "\n");
        shown.collect::<Vec<_>>().join("\n")
    }
}

fn cases() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/diagnostics");
    let entries = folder.read_dir().expect("the cases are there");
    let paths = entries.map(|entry| entry.expect("the folder can be read").path());
    let mut cases: Vec<PathBuf> = paths.filter(|path| path.extension().is_some_and(|end| end == "yaml")).collect();
    cases.sort();
    cases
}

fn stem(path: &Path) -> &str {
    path.file_stem().and_then(|stem| stem.to_str()).expect("names of cases are plain")
}

#[test]
fn every_diagnostic_has_a_case() {
    let cases = cases();
    let missing: Vec<&str> = codes::ALL
        .iter()
        .map(|code| code.name)
        .filter(|name| !cases.iter().any(|case| stem(case) == *name && case.with_extension("out").exists()))
        .collect();
    assert!(missing.is_empty(), "no pair in tests/diagnostics for {missing:?}");
}

#[test]
fn every_case_shows_what_it_says() {
    let mut differing = Vec::new();
    for path in cases() {
        let case = Case::read(&std::fs::read_to_string(&path).expect("a case is text"));
        let checked = case.check();
        let shown = case.shown(&checked);
        let expected = path.with_extension("out");
        if std::env::var_os("MONEYTRAIL_UPDATE").is_some() {
            std::fs::write(&expected, &shown).expect("the expected output can be written");
        }
        let name = stem(&path);
        if let Some(code) = codes::find(name) {
            assert!(checked.diagnostics.iter().any(|found| found.code == name), "{name} is not found:\n{shown}");
            assert_eq!(
                checked.set.is_none(),
                code.level == Level::Error,
                "{name}: errors and nothing else stop a rule"
            );
        }
        if std::fs::read_to_string(&expected).ok().as_ref() != Some(&shown) {
            differing.push(format!("{}:\n{shown}", path.display()));
        }
    }
    assert!(differing.is_empty(), "not as expected (MONEYTRAIL_UPDATE=1 accepts it):\n{}", differing.join("\n"));
}

#[test]
fn every_mistake_of_every_file_is_said_in_one_go() {
    let text = "typology: many\nversion: 0\ntitle: Many\nsummary: x\nstage: lyering\nseverity: high\nwithin: soon\nflow:\n  - step: a -> b\n  - step: c -> d\n    delay: 3h..1h\nwhare: amount > 1\ntests: []\n";
    let second = "typology: second\n  title: [\n";
    let source = |path: &str, text: &str| Source { path: path.to_owned(), text: text.to_owned() };
    let checked = lang::compile(&[source("many.yaml", text), source("second.yaml", second)], &[]);
    let found: Vec<String> = checked
        .diagnostics
        .iter()
        .map(|found| format!("{}:{}:{} {}", found.path, found.line, found.column, found.code))
        .collect();
    for wanted in [
        "many.yaml:2:10 R010",
        "many.yaml:5:8 R009",
        "many.yaml:7:9 R005",
        "many.yaml:10:11 R021",
        "many.yaml:11:12 R013",
        "many.yaml:12:1 R003",
        "many.yaml:13:1 R040",
    ] {
        assert!(found.iter().any(|found| found == wanted), "{wanted} is not in {found:?}");
    }
    assert!(found.iter().any(|found| found.starts_with("second.yaml:") && found.ends_with("R001")), "{found:?}");
}

#[test]
fn every_place_lies_inside_its_file() {
    for path in cases() {
        let case = Case::read(&std::fs::read_to_string(&path).expect("a case is text"));
        for found in case.check().diagnostics {
            let Some(source) = case.sources.iter().find(|source| source.path == found.path) else { continue };
            assert!(source.text.get(found.span.clone()).is_some(), "{}: {found:?}", path.display());
            let before = &source.text[..found.span.start];
            assert_eq!(found.line, before.matches('\n').count() + 1, "{}: {found:?}", path.display());
            assert!(!found.help.is_empty() && !found.label.is_empty(), "{}: {found:?}", path.display());
        }
    }
}

#[test]
fn what_is_proposed_for_a_place_mends_its_mistake() {
    let mut codes = std::collections::BTreeSet::new();
    for path in cases() {
        let case = Case::read(&std::fs::read_to_string(&path).expect("a case is text"));
        for found in case.check().diagnostics {
            let Some(replacement) = &found.replacement else { continue };
            assert_eq!(found.help, format!("write `{replacement}`"), "{}", path.display());
            let mut mended = case.sources.clone();
            let source = mended.iter_mut().find(|source| source.path == found.path).expect("a file");
            source.text.replace_range(found.span.clone(), replacement);
            let left = lang::check(&mended, &case.overrides, &case.policy, &[]).diagnostics;
            let same = |other: &&lang::Diagnostic| (other.code, &other.message) == (found.code, &found.message);
            let count = |all: &[lang::Diagnostic]| all.iter().filter(same).count();
            let before = count(&case.check().diagnostics);
            assert!(count(&left) < before, "{}: {found:?} stays", path.display());
            codes.insert(found.code);
        }
    }
    let wanted = ["R003", "R009", "R014", "R031", "R037", "R038", "R043", "R055"];
    let missing: Vec<&&str> = wanted.iter().filter(|code| !codes.contains(**code)).collect();
    assert!(missing.is_empty(), "no case proposes anything for {missing:?}, only for {codes:?}");
}

#[test]
fn an_allow_answers_warnings_where_it_stands_and_nowhere_else() {
    let rule = "typology: pair\nversion: 1\ntitle: A pair\nsummary: One pays another.\nstage: layering\nseverity: low\n\
                references: [x]\nfalse_positives: [y]\nparameters:\n  first: { default: 1 }\n  second: { default: 2 }\n\
                within: 1d\nwhere: amount >= $first + $second\nflow:\n  - step: a -> b\n\
                tests:\n  - name: none\n    transfers: |\n      # when from to amount\n      0h a b 1\n    matches: []\n";
    let found = |text: String| {
        let checked = lang::check(&[Source { path: "pair.yaml".to_owned(), text }], &[], &Policy::default(), &[]);
        let codes = |found: &mut dyn Iterator<Item = &lang::Diagnostic>| -> Vec<String> {
            found
                .filter(|found| found.code != "W003")
                .map(|found| format!("{} {}", found.code, found.message))
                .collect()
        };
        (codes(&mut checked.diagnostics.iter()), codes(&mut checked.allowed.iter().map(|allowed| &allowed.diagnostic)))
    };
    let [first, second] = ["first", "second"].map(|name| format!("W002 the parameter `{name}` has no range"));
    let comment = "# moneytrail: allow W002 set by the bank\n";
    assert_eq!(found(rule.to_owned()), (vec![first.clone(), second.clone()], vec![]));
    assert_eq!(found(format!("{comment}{rule}")), (vec![], vec![first.clone(), second.clone()]));
    let above = |key: &str| rule.replacen(&format!("  {key}: {{"), &format!("  {comment}  {key}: {{"), 1);
    assert_eq!(found(above("first")), (vec![second.clone()], vec![first.clone()]));
    assert_eq!(found(above("second")), (vec![first.clone()], vec![second.clone()]));
    let all = rule.replacen("parameters:", &format!("{comment}parameters:"), 1);
    assert_eq!(found(all), (vec![], vec![first.clone(), second.clone()]));
    let elsewhere = rule.replacen("flow:", &format!("{comment}flow:"), 1);
    let told = found(elsewhere).0;
    assert_eq!(told, [first, second, "W021 there is no W002 here to allow".to_owned()]);
    let inside = rule.replacen("# when", "# moneytrail: allow W002 in a table\n      # when", 1);
    assert!(found(inside).1.is_empty(), "a line of a table is no comment");
}

/// A rule with holes for what is tried.
fn rule(filter: &str, having: &str, step: &str, delay: &str) -> Source {
    let quoted = |text: &str| format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""));
    let text = format!(
        "typology: tried\nversion: 1\ntitle: Tried\nsummary: Tried.\nstage: layering\nseverity: low\n\
         parameters: {{ limit: {{ default: 0.8, range: 0..1, help: x }} }}\nwithin: 1d\nwhere: {}\nflow:\n  \
         - step: a -> b\n    name: first\n  - step: {}\n    delay: {}\nhaving: {}\ntests:\n  - name: none\n    \
         transfers: |\n      # when from to amount\n    matches: []\n",
        quoted(filter),
        quoted(step),
        quoted(delay),
        quoted(having),
    );
    Source { path: "tried.yaml".to_owned(), text }
}

/// Texts made of the words of predicates, in no sensible order.
fn words() -> impl Strategy<Value = String> {
    const WORDS: [&str; 61] = [
        "amount",
        "timestamp",
        "channel",
        "kind",
        "sender.kind",
        "receiver.opened",
        "extra",
        "duration",
        "transfers",
        "a.country",
        "b_count",
        "first_amount",
        "1",
        "0",
        "0.8",
        "1e9",
        ".5",
        "99999999999999999999",
        "'x'",
        "''",
        "'[('",
        "7d",
        "0s",
        "99999d",
        "$limit",
        "$nobody",
        "@list",
        "+",
        "-",
        "*",
        "/",
        "%",
        "=",
        "<>",
        "<",
        ">=",
        "~",
        "||",
        "(",
        ")",
        ",",
        "AND",
        "OR",
        "NOT",
        "IN",
        "BETWEEN",
        "LIKE",
        "IS NULL",
        "NULL",
        "TRUE",
        "CASE",
        "WHEN",
        "THEN",
        "END",
        "EXTRACT(hour FROM",
        "abs(",
        "round(",
        "left(",
        "coalesce(",
        "INTERVAL '1 days'",
        "TIMESTAMP '2024-01-01 00:00:00'",
    ];
    let word = prop_oneof![6 => prop::sample::select(WORDS.to_vec()).prop_map(str::to_owned), 1 => ".{0,3}"];
    prop::collection::vec(word, 1..12).prop_map(|words| words.join(" "))
}

/// Predicates that are well formed and make sense only by chance, so that they get past the parser.
fn expressions() -> impl Strategy<Value = String> {
    const LEAVES: [&str; 26] = [
        "amount",
        "timestamp",
        "channel",
        "sender.kind",
        "receiver.opened",
        "extra",
        "other",
        "1",
        "0",
        "2.5",
        "'x'",
        "''",
        "'2024-01-01'",
        "7d",
        "0s",
        "$limit",
        "NULL",
        "TRUE",
        "FALSE",
        "TIMESTAMP '2024-01-31 12:00:00'",
        "a.country",
        "b_count",
        "first_amount",
        "duration",
        "ended",
        "transfers",
    ];
    const OPERATORS: [&str; 16] =
        ["+", "-", "*", "/", "%", "=", "<>", "<", ">=", "||", "AND", "OR", "~", "LIKE", "IS DISTINCT FROM", "!~*"];
    const CALLS: [&str; 26] = [
        "abs",
        "ceil",
        "coalesce",
        "ends_with",
        "floor",
        "greatest",
        "least",
        "left",
        "length",
        "lower",
        "ltrim",
        "mod",
        "nullif",
        "replace",
        "right",
        "round",
        "rtrim",
        "starts_with",
        "upper",
        "substr",
        "trim",
        "EXTRACT",
        "date_part",
        "sum",
        "position",
        "strftime",
    ];
    let leaf = prop::sample::select(LEAVES.to_vec()).prop_map(str::to_owned);
    leaf.prop_recursive(5, 24, 3, |inner| {
        let list = prop::collection::vec(inner.clone(), 1..4).prop_map(|all| all.join(", "));
        prop_oneof![
            4 => (inner.clone(), prop::sample::select(OPERATORS.to_vec()), inner.clone())
                .prop_map(|(left, sign, right)| format!("({left} {sign} {right})")),
            2 => (prop::sample::select(CALLS.to_vec()), list.clone()).prop_map(|(name, list)| format!("{name}({list})")),
            1 => (inner.clone(), list).prop_map(|(left, list)| format!("{left} NOT IN ({list})")),
            1 => (inner.clone(), inner.clone(), inner.clone())
                .prop_map(|(value, low, high)| format!("{value} BETWEEN {low} AND {high}")),
            1 => (inner.clone(), inner.clone(), inner.clone())
                .prop_map(|(test, yes, no)| format!("CASE WHEN {test} THEN {yes} ELSE {no} END")),
            1 => (prop::sample::select(vec!["hour", "isodow", "epoch", "week", "century"]), inner.clone())
                .prop_map(|(part, value)| format!("EXTRACT({part} FROM {value})")),
            1 => inner.clone().prop_map(|value| format!("NOT {value}")),
            1 => inner.clone().prop_map(|value| format!("-{value}")),
            1 => inner.prop_map(|value| format!("({value}) IS NOT NULL")),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_predicate_and_no_step_breaks_the_compiler(
        filter in prop_oneof![words(), expressions()],
        having in prop_oneof![words(), expressions()],
        step in "(b|[a-c]{1,2}(\\[[$0-9.]{0,4}\\])?) ?(->|<-|-) ?[a-c]{1,2}(\\[[$0-9.]{0,4}\\])?|.{0,12}",
        delay in "[0-9.$a-z+*/() -]{0,12}",
    ) {
        let source = rule(&filter, &having, &step, &delay);
        for found in lang::compile(std::slice::from_ref(&source), &[]).diagnostics {
            prop_assert!(source.text.get(found.span.clone()).is_some(), "{found:?}");
            prop_assert!(found.render(&source.text, true).contains(found.code));
        }
    }

    #[test]
    fn no_text_breaks_the_compiler(text in ".{0,200}", bytes in "[-:\\[\\]{}|>&*!%#'\" \n\ta-c0-9]{0,120}") {
        for text in [text, bytes] {
            let source = Source { path: "any.yaml".to_owned(), text };
            for found in lang::compile(std::slice::from_ref(&source), &[]).diagnostics {
                prop_assert!(source.text.get(found.span.clone()).is_some(), "{found:?}");
                prop_assert!(found.render(&source.text, false).contains(found.code));
            }
        }
    }
}
