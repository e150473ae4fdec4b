//! The house keeps its order: who may import whom, where each crate lives, and what no stage ever does.
//!
//! [`faults`] reads one file as words and says what it breaks. It is asked about every file of the project, and, so
//! that it cannot be blind, about made-up files that break one rule each.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// The stages in the data's way, then what runs them. Each imports only what stands before it.
const ORDER: [&str; 10] =
    ["columns", "ingest", "lang", "plan", "search", "sift", "stats", "write", "engine", "workbench"];

const SRC: [&str; 13] = [
    "bin",
    "columns",
    "engine",
    "engine.rs",
    "ingest",
    "lang",
    "lib.rs",
    "plan",
    "search",
    "sift",
    "stats",
    "workbench",
    "write",
];

const TOP: [&str; 13] = [
    "CHANGELOG.md",
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE",
    "README.md",
    "benches",
    "docs",
    "fuzz",
    "lists",
    "sample_data",
    "src",
    "tests",
    "typologies",
];

const ANYWHERE: &[&str] = &["."];

/// Every dependency and the parts of `src` that may name it.
const HOMES: &[(&[&str], &[&str])] = &[
    (&["polars"], &["lang/parts.rs", "lang/predicate.rs", "lang/typology.rs", "search/judge.rs", "search/select.rs"]),
    (&["sqlparser", "annotate_snippets", "serde_saphyr"], &["lang"]),
    (&["arrow", "parquet", "csv"], &["ingest", "write"]),
    (&["flate2", "memchr", "zstd"], &["ingest"]),
    (&["glob", "toml"], &["ingest", "bin"]),
    (&["tempfile"], &["ingest", "write", "bin"]),
    (&["rustix"], &["write"]),
    (&["rayon"], &["columns", "ingest", "search", "sift", "stats", "engine.rs", "engine"]),
    (&["hashbrown"], &["search"]),
    (&["statrs"], &["stats"]),
    (&["plotters", "pretty_yaml", "quick_xml", "rand", "rand_chacha", "similar", "yaml_parser"], &["workbench"]),
    (&["clap", "clap_complete", "indicatif", "comfy_table", "ctrlc", "notify", "terminal_size"], &["bin"]),
    (&["serde", "serde_json"], &["ingest", "lang", "stats", "write", "workbench", "bin"]),
    (&["jiff", "rustc_hash", "sha2", "thiserror"], ANYWHERE),
    (&["either", "once_cell"], &[]), // only for their features, see Cargo.toml
];

/// Words that stand for something a part of `src` must not do, and the parts that may.
const DEEDS: &[(&str, &[&str], &[&str])] = &[
    ("touches the file system", &["std :: fs", "fs ::", "File ::", "OpenOptions ::"], &["ingest", "write", "bin"]),
    ("reads a clock", &["Instant :: now", "SystemTime :: now", "Timestamp :: now", "Zoned :: now"], &["bin"]),
    ("prints", &["println !", "eprintln !", "print !", "eprint !", "dbg !", "stdout (", "stderr ("], &["bin"]),
    ("reads the environment", &["env :: var", "env :: vars", "env :: args"], &["bin"]),
    ("draws unseeded randomness", &["rand :: rng", "rand :: random", "RandomState", "SysRng", "from_os_rng"], &[]),
    (
        "opens the door of another stage",
        &["ingest :: read", "lang :: compile", "plan :: build", "sift :: consolidate", "stats :: assess"],
        &["engine", "engine.rs", "workbench", "bin"],
    ),
    ("takes in a file that the order does not see", &["# [ path", "include !"], &[]),
];

/// What one file breaks. `path` starts at the project's folder, as in `src/plan/mod.rs`.
fn faults(path: &str, text: &str) -> Vec<String> {
    let mut faults = Vec::new();
    if !text.starts_with("//! ") {
        faults.push(format!("{path} does not open with a `//!` sentence"));
    }
    let words = words(text);
    let said = |phrase: &str| says(&words, phrase);
    if said("# [ allow") || said("# ! [ allow") {
        faults.push(format!("{path} allows a lint; `#[expect(…, reason = …)]` is checked, `allow` is not"));
    }
    let Some(inside) = path.strip_prefix("src/") else { return faults };
    let lives_in = |homes: &[&str]| homes.iter().any(|home| *home == "." || Path::new(inside).starts_with(home));
    for (crates, homes) in HOMES {
        for name in crates.iter().filter(|name| names_crate(&words, name) && !lives_in(homes)) {
            faults.push(format!("{path} names {name}, which lives in {}", homes.join(", ")));
        }
    }
    let stage = inside.split(['/', '.']).next().expect("split gives at least one part");
    let tests = words.windows(3).position(|window| window == ["mod", "tests", "{"]).unwrap_or(words.len());
    for (deed, phrases, _) in DEEDS.iter().filter(|(_, _, homes)| !lives_in(homes)) {
        let foreign = phrases.iter().filter(|phrase| phrase.split(' ').next() != Some(stage));
        if let Some(phrase) = foreign.copied().find(|phrase| says(&words[..tests], phrase)) {
            faults.push(format!("{path} {deed}: {}", phrase.replace(' ', "")));
        }
    }
    if let Some(place) = ORDER.iter().position(|name| *name == stage) {
        for name in imports(&words).into_iter().filter(|name| !ORDER[..=place].contains(&name.as_str())) {
            faults.push(format!("{path} imports crate::{name}, which is not an earlier stage"));
        }
        if leaves_its_stage(inside, &words) {
            faults.push(format!("{path} leaves its stage by `super::`; `crate::` shows what is imported"));
        }
    }
    faults
}

/// The words and signs of a file, without comments and without what stands in quotes. `::` is one sign.
fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |end| end + 2)
        } else if let Some(length) = quoted(rest) {
            length
        } else if first.is_whitespace() {
            first.len_utf8()
        } else {
            let word = rest.find(|sign: char| !sign.is_alphanumeric() && sign != '_').unwrap_or(rest.len());
            let length = if rest.starts_with("::") { 2 } else { word.max(first.len_utf8()) };
            words.push(rest[..length].to_owned());
            length
        };
        rest = &rest[length..];
    }
    words
}

/// The length of the string or character that a text opens with, if it does.
fn quoted(text: &str) -> Option<usize> {
    let marked = text.trim_start_matches(['b', 'c']);
    let prefix = text.len() - marked.len();
    if let Some(raw) = marked.strip_prefix('r') {
        let opening = raw.trim_start_matches('#');
        let close = format!("\"{}", "#".repeat(raw.len() - opening.len()));
        let body = opening.strip_prefix('"')?;
        return body.find(&close).map(|end| text.len() - body.len() + end + close.len());
    }
    let quote = marked.chars().next().filter(|sign| ['"', '\''].contains(sign))?;
    let mut escaped = false;
    let end = marked.char_indices().skip(1).find(|&(_, sign)| {
        let closes = sign == quote && !escaped;
        escaped = sign == '\\' && !escaped;
        closes
    });
    let length = end?.0 + 1;
    let is_lifetime = quote == '\'' && !marked.starts_with("'\\") && marked[..length].chars().count() != 3;
    (!is_lifetime).then_some(prefix + length)
}

/// Whether the words of a phrase stand in a file, one after another.
fn says(words: &[String], phrase: &str) -> bool {
    let phrase: Vec<&str> = phrase.split(' ').collect();
    words.windows(phrase.len()).any(|window| window.iter().zip(&phrase).all(|(word, sought)| word == sought))
}

fn names_crate(words: &[String], name: &str) -> bool {
    let follows = |place: usize, sign: &str| words.get(place + 1).is_some_and(|word| word == sign);
    let before = |place: usize| if place == 0 { "" } else { words[place - 1].as_str() };
    let mut places = words.iter().enumerate().filter(|(_, word)| *word == name).map(|(place, _)| place);
    places.any(|place| (follows(place, "::") && before(place) != "::") || ["use", "crate"].contains(&before(place)))
}

/// The first names after `crate::`, those in braces too.
fn imports(words: &[String]) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for place in (2..words.len()).filter(|&place| words[place - 2] == "crate" && words[place - 1] == "::") {
        let mut depth = 0;
        for pair in words[place - 1..].windows(2) {
            let opens = pair[0] == "{" || pair[0] == "," || pair[0] == "::" && depth == 0;
            depth += i32::from(pair[1] == "{") - i32::from(pair[1] == "}");
            if opens && depth < 2 && pair[1].chars().all(|sign| sign.is_alphanumeric() || "_*".contains(sign)) {
                names.insert(pair[1].clone());
            }
            if depth == 0 {
                break;
            }
        }
    }
    names
}

/// Whether a run of `super::` reaches beyond the stage's own folder.
fn leaves_its_stage(inside: &str, words: &[String]) -> bool {
    let file = inside.trim_end_matches("/mod.rs").trim_end_matches(".rs");
    let mut braces: Vec<bool> = Vec::new(); // whether each open brace is that of a module
    let mut run = 0;
    for (place, word) in words.iter().enumerate() {
        match word.as_str() {
            "{" => braces.push(place >= 2 && words[place - 2] == "mod"),
            "}" => drop(braces.pop()),
            _ => {}
        }
        run = match word.as_str() {
            "super" => run + 1,
            "::" => run,
            _ => 0,
        };
        let depth = file.split('/').count() + braces.iter().filter(|&&module| module).count();
        if run >= depth {
            return true;
        }
    }
    false
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn names_in(folder: &Path) -> Vec<String> {
    let entries = folder.read_dir().expect("the folder is there");
    let mut names: Vec<String> = entries
        .map(|entry| entry.expect("the folder can be read").file_name().into_string().expect("names are UTF-8"))
        .collect();
    names.sort();
    names
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let paths = names_in(folder).into_iter().map(|name| folder.join(name));
    paths
        .flat_map(|path| if path.is_dir() { rust_files(&path) } else { vec![path] })
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .collect()
}

/// Holds the entries of a folder against those it must have.
fn check_entries(folder: &str, found: &[String], expected: &[&str]) {
    let more: Vec<_> = found.iter().filter(|name| !expected.contains(&name.as_str())).collect();
    assert!(more.is_empty(), "{folder} also holds {more:?}");
    let less: Vec<_> = expected.iter().filter(|name| !found.iter().any(|found| found == *name)).collect();
    assert!(less.is_empty(), "{folder} lacks {less:?}");
}

#[test]
fn every_file_keeps_to_the_order_of_the_house() {
    let files: Vec<PathBuf> =
        ["src", "tests", "benches"].iter().flat_map(|name| rust_files(&root().join(name))).collect();
    assert!(files.len() > 40, "only {} files were looked at", files.len());
    let found: Vec<String> = files
        .iter()
        .flat_map(|file| {
            let text = std::fs::read_to_string(file).expect("source files are UTF-8");
            let path = file.strip_prefix(root()).expect("the file lies in the project");
            faults(&path.to_string_lossy().replace('\\', "/"), &text)
        })
        .collect();
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

#[test]
fn the_folders_hold_exactly_what_the_house_is_made_of() {
    check_entries("src", &names_in(&root().join("src")), &SRC);
    let ignored = std::fs::read_to_string(root().join(".gitignore")).expect("git's list of products is there");
    let products: Vec<&str> = ignored.lines().filter_map(|line| line.strip_prefix('/')).collect();
    let mut top = names_in(root());
    top.retain(|name| !name.starts_with('.') && !products.contains(&name.as_str()));
    check_entries("the project", &top, &TOP);
}

#[test]
fn the_front_page_lists_the_stages_in_the_order_of_the_data() {
    let text = std::fs::read_to_string(root().join("src/lib.rs")).expect("the front page is there");
    let listed: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';')).collect();
    assert_eq!(listed, ORDER);
}

#[test]
fn every_dependency_has_a_home() {
    let text = std::fs::read_to_string(root().join("Cargo.toml")).expect("the manifest is there");
    let manifest: toml::Table = text.parse().expect("the manifest is TOML");
    let mut tables = vec![&manifest];
    let targets = manifest.get("target").and_then(toml::Value::as_table);
    tables.extend(targets.iter().flat_map(|targets| targets.values().filter_map(toml::Value::as_table)));
    let listed = tables.iter().filter_map(|table| table.get("dependencies")?.as_table());
    let named: BTreeSet<String> = listed.flat_map(toml::Table::keys).map(|name| name.replace('-', "_")).collect();
    let housed: BTreeSet<String> =
        HOMES.iter().flat_map(|(crates, _)| crates.iter().map(|&name| name.into())).collect();
    assert_eq!(named, housed);
}

/// Made-up files and what each breaks; an empty fault means that it breaks nothing.
const MADE_UP: &[(&str, &str, &str)] = &[
    ("src/plan/a.rs", "use crate::search::Graph;", "imports crate::search"),
    ("src/plan/a.rs", "use crate::{columns::{Ledger, Time}, lang, sift::Match};", "imports crate::sift"),
    ("src/plan/a.rs", "fn f() -> crate::engine::Analysis { todo!() }", "imports crate::engine"),
    ("src/plan/a.rs", "use crate::Analysis;", "imports crate::Analysis"),
    ("src/plan/a.rs", "use crate::*;", "imports crate::*"),
    ("src/engine.rs", "use crate::workbench;", "imports crate::workbench"),
    ("src/plan/mod.rs", "use super::search;", "leaves its stage"),
    ("src/search/kernel/a.rs", "use super::super::super::write;", "leaves its stage"),
    ("src/plan/a.rs", "mod inner { use super::super::super::write; }", "leaves its stage"),
    ("src/plan/a.rs", "use polars::prelude::Expr;", "names polars"),
    ("src/search/task.rs", "fn f(frame: polars::prelude::DataFrame) {}", "names polars"),
    ("src/plan/a.rs", "use rayon as r;", "names rayon"),
    ("src/sift/a.rs", "extern crate csv;", "names csv"),
    ("src/stats/a.rs", "#[derive(clap::Args)] struct Flags;", "names clap"),
    ("src/sift/a.rs", "let text = std::fs::read_to_string(path);", "touches the file system"),
    ("src/lang/a.rs", "use std::fs;", "touches the file system"),
    ("src/engine.rs", "let file = File::open(path);", "touches the file system"),
    ("src/search/a.rs", "let start = Instant::now();", "reads a clock"),
    ("src/write/a.rs", "let start = std::time::SystemTime::now();", "reads a clock"),
    ("src/engine.rs", "println!(\"{done}\");", "prints"),
    ("src/search/a.rs", "let quoted = \"// no comment\"; eprintln!();", "prints"),
    ("src/search/a.rs", "let quoted = r#\"a \"quote\" \"#; dbg!(quoted);", "prints"),
    ("src/search/a.rs", "let quote = '\"'; eprint!(\"\");", "prints"),
    ("src/search/a.rs", "fn f<'a>(text: &'a str) { println!(\"{text}\") }", "prints"),
    ("src/ingest/a.rs", "let home = std::env::var(\"HOME\");", "reads the environment"),
    ("src/workbench/a.rs", "let mut random = rand::rng();", "draws unseeded randomness"),
    ("src/stats/a.rs", "let set = lang::compile(&sources, &[]);", "opens the door"),
    ("src/plan/a.rs", "#[path = \"../search/graph.rs\"] mod graph;", "takes in a file"),
    ("src/plan/a.rs", "#[allow(dead_code)] fn f() {}", "allows a lint"),
    ("tests/a.rs", "#![allow(dead_code)]", "allows a lint"),
    ("src/search/kernel/a.rs", "use super::super::task; use crate::{columns, plan::{Plan, Kernel}};", ""),
    ("src/plan/mod.rs", "mod tests { use super::*; fn f() { crate::lang::compile(&[], &[]); } }", ""),
    ("src/lang/a.rs", "fn f() { lang::compile(&[], &[]); }", ""),
    ("src/search/select.rs", "use polars::prelude::Expr; // not std::fs::read", ""),
    ("src/plan/a.rs", "/// Not [`crate::search`].\nfn polars(text: &str) -> &str { \"rayon::join\" }", ""),
    ("src/write/csv.rs", "use std::fs::File; use csv::Writer;", ""),
    ("src/bin/moneytrail/main.rs", "mod progress; use crate::progress::Bar; fn main() { println!() }", ""),
];

#[test]
fn the_check_sees_a_fault_of_each_kind_and_nothing_else() {
    for (path, text, fault) in MADE_UP {
        let found = faults(path, &format!("//! A made-up file.\n\n{text}\n"));
        let seen = if fault.is_empty() { found.is_empty() } else { found.len() == 1 && found[0].contains(fault) };
        assert!(seen, "{path}: {text}\nexpected: {fault}\nfound: {found:#?}");
    }
    assert_eq!(faults("src/plan/a.rs", "fn f() {}").len(), 1, "a file without its opening sentence");
}
