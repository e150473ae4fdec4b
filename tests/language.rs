//! The rules shown in `docs/language.md` compile and pass their own tests.

use moneytrail::workbench::test;

use crate::cases::compiled;

#[test]
fn the_rules_in_the_language_reference_do_what_it_says() {
    let page = std::fs::read_to_string("docs/language.md").expect("the reference");
    let sets = compiled("docs/language.md", &page);
    assert!(sets.len() >= 2, "the reference shows whole rules");
    for outcome in sets.iter().flat_map(test::run) {
        assert_eq!(outcome.failure, None, "{} / {}", outcome.rule, outcome.test);
    }
}
