//! One golden pair for each diagnostic: `tests/diagnostics/CODE.yaml`, and `CODE.out` with what a reader sees.
//!
//! `MONEYTRAIL_UPDATE=1` writes the `.out` files anew; read the difference before you commit it.

use std::fs;
use std::path::Path;

use moneytrail::lang::{self, Override, Source, codes};

/// What is said of a file: every diagnostic as it is shown.
fn said(code: &str, text: &str) -> String {
    let id = text.lines().find_map(|line| line.strip_prefix("typology: ")).unwrap_or("rule").trim().to_owned();
    let path = |folder: &str| match code {
        "R007" => format!("{folder}another-name.yaml"),
        _ => format!("{folder}{id}.yaml"),
    };
    let source = |folder: &str| Source { path: path(folder), text: text.to_owned() };
    let sources = if code == "R008" { vec![source("mine/"), source("yours/")] } else { vec![source("")] };
    let set = Override { rule: "nobody".to_owned(), parameter: "x".to_owned(), value: "1".to_owned() };
    let overrides = if code == "R016" { vec![set] } else { Vec::new() };
    let checked = lang::compile(&sources, &overrides);
    let shown = checked.diagnostics.iter().map(|found| {
        let text = if found.path == "--set" { "nobody.x=1" } else { text };
        found.render(text, false)
    });
    shown.collect::<Vec<_>>().join("\n\n") + "\n"
}

#[test]
fn every_code_has_a_golden_pair_that_shows_it() {
    let folder = Path::new("tests/diagnostics");
    let update = std::env::var_os("MONEYTRAIL_UPDATE").is_some();
    let mut wrong = Vec::new();
    for code in codes::ALL.iter().map(|code| code.name).chain(["R001-laughs"]) {
        let Ok(text) = fs::read_to_string(folder.join(format!("{code}.yaml"))) else {
            wrong.push(format!("{code}.yaml is missing"));
            continue;
        };
        let said = said(code, &text);
        let shown = code.split('-').next().expect("a code");
        if !said.contains(&format!("[{shown}]")) {
            wrong.push(format!("{code}.yaml does not show its code:\n{said}"));
        }
        let golden = folder.join(format!("{code}.out"));
        if update {
            fs::write(&golden, &said).expect("a golden file");
        } else if fs::read_to_string(&golden).ok().as_ref() != Some(&said) {
            wrong.push(format!("{code}.out differs:\n{said}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
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
        "many.yaml:12:1 R003",
    ] {
        assert!(found.iter().any(|found| found == wanted), "{wanted} is not in {found:?}");
    }
    assert!(found.iter().any(|found| found.starts_with("second.yaml:") && found.ends_with("R001")), "{found:?}");
}
