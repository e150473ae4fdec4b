//! The shipped rules as files: each lies in the folder of its family, and each is part of the program.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use moneytrail::lang::{self, Source};
use moneytrail::workbench::catalogue::{self, FAMILIES};
use serde_json::{Value, json};

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
    let text = |line: &Value, key: &str| line[key].as_str().expect("text").to_owned();
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
    for rule in &set.typologies {
        let (_, section) = page.split_once(&format!("\n### {}\n", rule.id)).expect("a section for each rule");
        let section = section.split("\n### ").next().expect("some text");
        let told = |text: &str| assert!(section.contains(text), "{}: {text}", rule.id);
        for parameter in &rule.parameters {
            let default = parameter.default.to_string().replace('|', "\\|");
            told(&format!("| `{}` | {default} |", parameter.name));
        }
        rule.references.iter().chain(&rule.false_positives).for_each(|text| told(text.trim()));
    }
    hold("typologies.md", &page);
}

#[test]
fn every_shipped_rule_names_the_schema_and_is_as_it_says() {
    let schema: Value = serde_json::from_str(&lang::schema()).expect("the schema is JSON");
    hold("rule.schema.json", &lang::schema());
    for source in sources() {
        let first = "# yaml-language-server: $schema=../../docs/rule.schema.json\n";
        assert!(source.text.starts_with(first), "{}: the first line must be\n{first}", source.path);
        let rule: Value = serde_saphyr::from_str(&source.text).expect("YAML");
        assert_eq!(faults(&rule, &schema, "the rule"), Vec::<String>::new(), "{}", source.path);
    }
}

#[test]
fn the_schema_refuses_what_is_not_in_the_language() {
    let schema: Value = serde_json::from_str(&lang::schema()).expect("the schema is JSON");
    let source = sources().swap_remove(0);
    let whole: Value = serde_saphyr::from_str(&source.text).expect("YAML");
    let refused: [(&str, Value, &str); 6] = [
        ("/witihn", json!("7d"), "the rule.witihn is unknown"),
        ("/stage", json!("laundry"), "the rule.stage is none of"),
        ("/version", json!(0), "the rule.version is below 1"),
        ("/typology", json!("Fan_In"), "the rule.typology is not kebab-case"),
        ("/flow", json!([]), "the rule.flow has fewer than 1"),
        ("/flow/0", json!({ "step": "a -> b", "hop": 3 }), "the rule.flow[0].hop is unknown"),
    ];
    for (place, value, fault) in refused {
        let mut rule = whole.clone();
        match rule.pointer_mut(place) {
            Some(old) => *old = value,
            None => rule[&place[1..]] = value,
        }
        let found = faults(&rule, &schema, "the rule");
        assert!(found.iter().any(|found| found.starts_with(fault)), "{fault}: {found:?}");
    }
    let mut rule = whole;
    rule.as_object_mut().expect("a mapping").remove("within");
    assert_eq!(faults(&rule, &schema, "the rule"), ["the rule.within is missing"]);
}

/// The words of a schema that are for people, or that are checked and say nothing of a value of another type.
const CHECKED: &[&str] = &[
    "$schema",
    "title",
    "description",
    "enum",
    "pattern",
    "minimum",
    "minItems",
    "items",
    "required",
    "properties",
    "additionalProperties",
];

/// What of a value breaks a schema, for the part of JSON Schema that the project's schema uses.
fn faults(value: &Value, schema: &Value, at: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (word, wanted) in schema.as_object().expect("a schema") {
        match (word.as_str(), value) {
            ("type", _) => {
                let kinds = wanted.as_array().map_or(std::slice::from_ref(wanted), Vec::as_slice);
                if !kinds.iter().any(|kind| is_of(value, kind.as_str().expect("a word"))) {
                    found.push(format!("{at} is not of type {wanted}"));
                }
            }
            ("enum", _) if !wanted.as_array().expect("words").contains(value) => {
                found.push(format!("{at} is none of {wanted}"));
            }
            ("pattern", Value::String(text)) => {
                assert_eq!(wanted, "^[a-z0-9]+(-[a-z0-9]+)*$", "the only pattern that is checked here");
                let lower = |part: &str| part.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
                if !text.split('-').all(|part| !part.is_empty() && lower(part)) {
                    found.push(format!("{at} is not kebab-case"));
                }
            }
            ("minimum", Value::Number(number)) if number.as_i64() < wanted.as_i64() => {
                found.push(format!("{at} is below {wanted}"));
            }
            ("minItems", Value::Array(items)) if (items.len() as u64) < wanted.as_u64().expect("a count") => {
                found.push(format!("{at} has fewer than {wanted} items"));
            }
            ("items", Value::Array(items)) => {
                let of = |(place, item)| faults(item, wanted, &format!("{at}[{place}]"));
                found.extend(items.iter().enumerate().flat_map(of));
            }
            ("anyOf", _) => {
                let fits = |schema: &Value| faults(value, schema, at).is_empty();
                if !wanted.as_array().expect("schemas").iter().any(fits) {
                    found.push(format!("{at} fits none of its forms"));
                }
            }
            ("required", Value::Object(entries)) => {
                let names = wanted.as_array().expect("names").iter().map(|name| name.as_str().expect("a name"));
                found.extend(
                    names.filter(|name| !entries.contains_key(*name)).map(|name| format!("{at}.{name} is missing")),
                );
            }
            ("properties", Value::Object(entries)) => {
                let known = wanted.as_object().expect("schemas");
                let both =
                    entries.iter().filter_map(|(name, value)| known.get(name).map(|schema| (name, value, schema)));
                found.extend(both.flat_map(|(name, value, schema)| faults(value, schema, &format!("{at}.{name}"))));
            }
            ("additionalProperties", Value::Object(entries)) => {
                let known = schema.get("properties").and_then(Value::as_object);
                for (name, value) in
                    entries.iter().filter(|(name, _)| known.is_none_or(|known| !known.contains_key(*name)))
                {
                    match wanted {
                        Value::Bool(false) => found.push(format!("{at}.{name} is unknown")),
                        schema => found.extend(faults(value, schema, &format!("{at}.{name}"))),
                    }
                }
            }
            (word, _) => assert!(CHECKED.contains(&word), "`{word}` is not checked here"),
        }
    }
    found
}

fn is_of(value: &Value, kind: &str) -> bool {
    match kind {
        "string" => value.is_string(),
        "number" => value.is_number(),
        "integer" => value.is_i64() || value.is_u64(),
        "boolean" => value.is_boolean(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("`{other}` is not checked here"),
    }
}

#[test]
fn the_tables_of_the_page_have_as_many_cells_in_each_row() {
    let checked = lang::compile(&sources(), &[]);
    let page = catalogue::markdown(&checked.set.expect("the shipped rules compile"));
    let bars = |line: &str| line.replace("\\|", "").matches('|').count();
    let lines: Vec<&str> = page.lines().collect();
    let torn = |pair: &&[&str]| pair.iter().all(|line| line.starts_with('|')) && bars(pair[0]) != bars(pair[1]);
    assert_eq!(lines.windows(2).find(torn), None);
}
