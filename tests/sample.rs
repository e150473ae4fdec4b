//! The shipped rules and the sample ledger: the rules compile without a word, and the sample shows what they find.
//!
//! The sample is made by the project's own generator; what must be found in it is written beside it.

use moneytrail::lang::{self, Checked, Source};

fn rules() -> Checked {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/typologies");
    let mut paths: Vec<_> =
        std::fs::read_dir(folder).expect("the rules folder").map(|entry| entry.expect("an entry").path()).collect();
    paths.sort();
    let sources: Vec<Source> = paths
        .iter()
        .map(|path| Source {
            path: path.display().to_string(),
            text: std::fs::read_to_string(path).expect("a readable rule"),
        })
        .collect();
    lang::compile(&sources, &[])
}

#[test]
fn every_shipped_rule_compiles_without_error_or_warning() {
    let checked = rules();
    let told: Vec<String> = checked
        .diagnostics
        .iter()
        .map(|d| format!("{}:{}:{}: {}: {} ({}; {})", d.path, d.line, d.column, d.code, d.message, d.label, d.help))
        .collect();
    assert_eq!(told, Vec::<String>::new());
    assert_eq!(checked.set.expect("checked rules").typologies.len(), 16);
}
