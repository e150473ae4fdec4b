//! The case corpus: what a match is, told case by case in `tests/cases/*.md`, on every kernel.
//!
//! Each file explains one point of the language and holds rules that show it (blocks marked `yaml rule`). Their
//! inline tests run on the planned kernel and on the exhaustive one.

use moneytrail::lang::{self, Source, TypologySet};
use moneytrail::workbench::test;

/// The rules in a Markdown text, each compiled alone or with the rules that it uses: those of the same text, or shipped
/// ones. `place` is for messages.
pub(crate) fn compiled(place: &str, text: &str) -> Vec<TypologySet> {
    sources(place, text).iter().map(|sources| compile(place, sources)).collect()
}

/// The texts of these rules, each before those of the rules that it uses.
pub(crate) fn sources(place: &str, text: &str) -> Vec<Vec<Source>> {
    let blocks = text.split("```yaml rule\n").skip(1).filter_map(|rest| rest.split("```").next());
    let sources: Vec<Source> = blocks.map(source).collect();
    sources.iter().map(|source| with_used(place, source, &sources)).collect()
}

fn source(rule: &str) -> Source {
    let id = rule.lines().find_map(|line| line.strip_prefix("typology: ")).expect("a rule begins with its id");
    Source { path: format!("{}.yaml", id.trim()), text: rule.to_owned() }
}

fn with_used(place: &str, rule: &Source, others: &[Source]) -> Vec<Source> {
    let mut sources = vec![rule.clone()];
    while let Some(id) = lang::lacking(&sources).first() {
        let is_it = |source: &&Source| std::path::Path::new(&source.path).file_stem().is_some_and(|stem| *stem == **id);
        let known = others.iter().find(is_it).cloned();
        let known = known.or_else(|| crate::shipped::sources().iter().find(is_it).cloned());
        sources.push(known.unwrap_or_else(|| panic!("{place}: there is no rule {id}")));
    }
    sources
}

fn compile(place: &str, sources: &[Source]) -> TypologySet {
    let rule = &sources[0];
    let checked = lang::compile(sources, &[]);
    let errors = checked.diagnostics.iter().filter(|found| found.level == lang::Level::Error);
    let shown: Vec<String> = errors.map(|found| found.render(&rule.text, false)).collect();
    let mut set = checked.set.unwrap_or_else(|| panic!("{place}:\n{}", shown.join("\n")));
    for used in set.typologies.iter_mut().filter(|used| used.path != rule.path) {
        used.tests.clear();
    }
    set
}

#[test]
fn every_case_finds_what_it_says() {
    let mut cases: Vec<_> =
        std::fs::read_dir("tests/cases").expect("the corpus").map(|entry| entry.expect("an entry").path()).collect();
    cases.sort();
    let mut tests = 0;
    for case in &cases {
        let place = case.display().to_string();
        let sets = compiled(&place, &std::fs::read_to_string(case).expect("a text"));
        assert!(!sets.is_empty(), "{place} holds no rule");
        for outcome in sets.iter().flat_map(test::run) {
            tests += 1;
            if let Some(failure) = outcome.failure {
                panic!("{place}: {} / {}\n{failure}", outcome.rule, outcome.test);
            }
        }
    }
    assert!(cases.len() >= 10 && tests >= 25, "{} cases with {tests} tests: the corpus has shrunk", cases.len());
}
