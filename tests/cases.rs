//! The case corpus: what a match is, told case by case in `tests/cases/*.md`, on every kernel.
//!
//! Each file explains one point of the language and holds rules that show it (blocks marked `yaml rule`). Their
//! inline tests run on the planned kernel and on the exhaustive one.

use moneytrail::lang::{self, Source};
use moneytrail::workbench::test;

/// The rules in a Markdown text, each under a path made of its id.
fn rules(text: &str) -> Vec<Source> {
    let blocks = text.split("```yaml rule\n").skip(1).filter_map(|rest| rest.split("```").next());
    blocks
        .map(|rule| {
            let id = rule.lines().find_map(|line| line.strip_prefix("typology: ")).expect("a rule begins with its id");
            Source { path: format!("{}.yaml", id.trim()), text: rule.to_owned() }
        })
        .collect()
}

#[test]
fn every_case_finds_what_it_says() {
    let mut cases: Vec<_> =
        std::fs::read_dir("tests/cases").expect("the corpus").map(|entry| entry.expect("an entry").path()).collect();
    cases.sort();
    let mut tests = 0;
    for case in &cases {
        let sources = rules(&std::fs::read_to_string(case).expect("a text"));
        assert!(!sources.is_empty(), "{} holds no rule", case.display());
        for source in sources {
            let checked = lang::compile(std::slice::from_ref(&source), &[]);
            let shown: Vec<String> = checked
                .diagnostics
                .iter()
                .filter(|found| found.level == lang::Level::Error)
                .map(|found| found.render(&source.text, false))
                .collect();
            let set = checked.set.unwrap_or_else(|| panic!("{}:\n{}", case.display(), shown.join("\n")));
            for outcome in test::run(&set) {
                tests += 1;
                if let Some(failure) = outcome.failure {
                    panic!("{}: {} / {}\n{failure}", case.display(), outcome.rule, outcome.test);
                }
            }
        }
    }
    assert!(cases.len() >= 10 && tests >= 25, "{} cases with {tests} tests: the corpus has shrunk", cases.len());
}
