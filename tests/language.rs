//! Every example in `docs/language.md` compiles and finds what it says, on the planned kernel and on the exhaustive one.
//!
//! Blocks marked `yaml rule` are whole rules. Blocks marked `yaml example` leave out what does not matter there, and get
//! a head and a test that must not match from here.

use moneytrail::lang::{self, Level, Source};
use moneytrail::workbench::test;

use crate::cases::compiled;

/// Head and last test of the short examples.
fn whole(example: &str) -> String {
    format!(
        "typology: example\nversion: 1\ntitle: Example\nsummary: An example.\nstage: layering\nseverity: low\n\
         {example}  - name: nothing\n    transfers: |\n      # when from to amount\n    matches: []\n"
    )
}

/// The short examples of the reference, each as a page that holds one whole rule.
pub(crate) fn examples(page: &str) -> Vec<String> {
    let blocks = page.split("```yaml example\n").skip(1).filter_map(|rest| rest.split("```").next());
    blocks.map(|example| format!("```yaml rule\n{}```\n", whole(example))).collect()
}

fn reference() -> String {
    std::fs::read_to_string("docs/language.md").expect("the reference")
}

#[test]
fn the_rules_in_the_language_reference_do_what_it_says() {
    let page = reference();
    let examples = examples(&page);
    assert!(examples.len() >= 12, "the reference shows an example of each construct, not {}", examples.len());
    for text in examples.iter().chain([&page]) {
        for outcome in compiled("docs/language.md", text).iter().flat_map(test::run) {
            assert_eq!(outcome.failure, None, "{} / {}\n{text}", outcome.rule, outcome.test);
        }
    }
}

#[test]
fn each_thing_that_can_be_said_is_shown_somewhere() {
    let page = reference();
    let rows: Vec<Vec<&str>> =
        page.lines().filter(|line| line.starts_with("| P")).map(|line| line.split(" | ").collect()).collect();
    let numbers: Vec<String> = rows.iter().map(|row| row[0].trim_start_matches("| ").to_owned()).collect();
    assert_eq!(numbers, (1..=36).map(|number| format!("P{number}")).collect::<Vec<_>>());
    for row in rows {
        let links: Vec<&str> =
            row[3].split("](").skip(1).map(|rest| rest.split(')').next().expect("a link ends")).collect();
        assert!(!links.is_empty(), "{} is shown nowhere", row[0]);
        for link in links {
            let there = match link.strip_prefix('#') {
                Some(anchor) => page.contains(&format!("](#{anchor})")),
                None => std::path::Path::new("docs").join(link).exists(),
            };
            assert!(there, "{}: {link} leads nowhere", row[0]);
        }
    }
}

#[test]
fn the_example_of_a_diagnostic_is_what_is_printed() {
    let page = reference();
    let shown = page.split("```\nerror[R012]").nth(1).and_then(|rest| rest.split("\n```").next());
    let case = std::fs::read_to_string("tests/diagnostics/R012.out").expect("the case");
    assert_eq!(format!("error[R012]{}", shown.expect("the example")), case.trim_end());
}

/// The predicates of the reference that stand for themselves in its text, with the place where they may stand.
#[test]
fn what_the_reference_says_may_be_written_may_be_written() {
    let wheres = [
        "sender.country <> receiver.country",
        "\"Payment Format\" = 'Wire'",
        "timestamp >= DATE '2024-01-31' AND timestamp < TIMESTAMP '2024-01-31 12:00:00'",
        "kind = 'it''s' OR channel ILIKE 'w%' OR purpose ~ '^SAL' OR purpose !~* 'x'",
        "refers_to <> tx_id AND (kind = 'fee') IS NOT TRUE",
        "timestamp - sender.opened < 30d AND timestamp < receiver.closed - 7d",
        "EXTRACT(hour FROM timestamp) < 6 OR date_part('isodow', timestamp) > 5",
        "SUBSTR(purpose, 1, 4) = 'SALA' AND TRIM(currency) || '' = 'EUR'",
        "EXTRACT(year FROM timestamp) > 2000 AND EXTRACT(month FROM timestamp) > 1 AND EXTRACT(day FROM timestamp) > 1",
        "EXTRACT(minute FROM timestamp) > 1 AND EXTRACT(second FROM timestamp) > 1 AND EXTRACT(doy FROM timestamp) > 1",
        "EXTRACT(week FROM timestamp) > 1",
    ];
    for condition in wheres {
        let example = format!(
            "within: 1d\nwhere: |\n  {condition}\nflow:\n  - step: a -> b\ntests:\n  - name: none\n    transfers: |\n      \
             # when from to amount\n    matches: []\n"
        );
        let source = Source { path: "example.yaml".to_owned(), text: whole(&example) };
        let found = lang::compile(std::slice::from_ref(&source), &[]).diagnostics;
        let errors: Vec<String> = found
            .iter()
            .filter(|found| found.level == Level::Error)
            .map(|found| found.render(&source.text, false))
            .collect();
        assert!(errors.is_empty(), "{}", errors.join("\n"));
    }
}
