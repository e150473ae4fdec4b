//! The shipped rules as files: each lies in the folder of its family, and each is part of the program.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use moneytrail::lang::{self, Source};
use moneytrail::workbench::catalogue::{self, FAMILIES};

/// The paths of the shipped rules, in path order.
pub(crate) fn paths() -> Vec<PathBuf> {
    let rules = Path::new(env!("CARGO_MANIFEST_DIR")).join("typologies");
    let mut paths: Vec<PathBuf> = list(&rules).iter().flat_map(|family| list(family)).collect();
    paths.sort();
    paths
}

/// The shipped rules, in path order.
pub(crate) fn sources() -> Vec<Source> {
    let read = |path: &PathBuf| std::fs::read_to_string(path).expect("a readable rule");
    paths().iter().map(|path| Source { path: path.display().to_string(), text: read(path) }).collect()
}

fn list(folder: &Path) -> Vec<PathBuf> {
    let entries = folder.read_dir().expect("a folder");
    entries.map(|entry| entry.expect("an entry").path()).collect()
}

/// The family that a path says, and the id.
fn named(path: &Path) -> (String, String) {
    let name = |part: Option<&std::ffi::OsStr>| part.expect("a name").to_string_lossy().into_owned();
    (name(path.parent().and_then(Path::file_name)), name(path.file_stem()))
}

/// What `library.rs` must say of these rules.
fn listing(rules: &BTreeSet<(String, String)>) -> String {
    let line = |family: &str| {
        let ids = rules.iter().filter(|(of, _)| of == family).map(|(_, id)| format!("\n        \"{id}\""));
        format!("    {family}:{};\n", ids.collect::<String>())
    };
    FAMILIES.iter().map(|(family, _)| line(family)).collect()
}

#[test]
fn every_shipped_rule_lies_in_the_folder_of_its_family() {
    let checked = lang::compile(&sources(), &[]);
    let rules = checked.set.expect("the shipped rules compile").typologies;
    assert_eq!(rules.len(), paths().len());
    for rule in rules {
        let (folder, _) = named(Path::new(&rule.path));
        assert!(FAMILIES.iter().any(|(family, _)| *family == folder), "`{folder}` is no family: {FAMILIES:?}");
        assert_eq!(rule.family, folder, "{}: write `family: {folder}`, or move the file", rule.path);
    }
}

#[test]
fn every_rule_of_the_folders_is_part_of_the_program() {
    let output = Command::new(env!("CARGO_BIN_EXE_moneytrail")).arg("rules").output().expect("the program starts");
    let lines = String::from_utf8(output.stdout).expect("text");
    let text = |line: &serde_json::Value, key: &str| line[key].as_str().expect("text").to_owned();
    let inside: BTreeSet<(String, String)> = lines
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON Lines"))
        .map(|line| (text(&line, "family"), text(&line, "rule")))
        .collect();
    let outside: BTreeSet<(String, String)> = paths().iter().map(|path| named(path)).collect();
    let missing: Vec<_> = outside.difference(&inside).collect();
    let wanted = listing(&outside);
    assert!(missing.is_empty(), "{missing:?} are missing in src/bin/moneytrail/library.rs, which must say:\n{wanted}");
    assert_eq!(inside, outside);
}

/// Compares a page that is made from the rules with what it should hold; `MONEYTRAIL_UPDATE=1` writes it anew.
fn hold(name: &str, wanted: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs").join(name);
    if std::env::var_os("MONEYTRAIL_UPDATE").is_some() {
        std::fs::write(&path, wanted).expect("a writable page");
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(found == wanted, "docs/{name} is stale: MONEYTRAIL_UPDATE=1 cargo test --release shipped");
}

#[test]
fn the_page_of_typologies_says_what_the_rules_say() {
    let set = lang::compile(&sources(), &[]).set.expect("the shipped rules compile");
    let page = catalogue::markdown(&set);
    let (head, _) = page.split_once("\n## Shapes").expect("a head");
    let unwritten: Vec<&str> = head.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next()).collect();
    assert!(unwritten.contains(&"peel-chain") || unwritten.is_empty(), "{unwritten:?}");
    for rule in &set.typologies {
        let (_, section) = page.split_once(&format!("\n### {}\n", rule.id)).expect("a section for each rule");
        let section = section.split("\n### ").next().expect("some text");
        let told = |text: &str| assert!(section.contains(text), "{}: {text}", rule.id);
        assert!(!unwritten.contains(&rule.id.as_str()), "{} is written", rule.id);
        rule.parameters.iter().for_each(|parameter| told(&format!("| `{}` | {} |", parameter.name, parameter.default)));
        rule.references.iter().chain(&rule.false_positives).for_each(|text| told(text.trim()));
    }
    hold("typologies.md", &page);
}
