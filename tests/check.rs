//! `moneytrail check` as programs read it: its JSON and its SARIF say what its text says, in the form that they promise.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

/// Runs `check` in a folder.
fn check(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_moneytrail"));
    command.arg("check").args(arguments).current_dir(folder).output().expect("the program starts")
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).expect("JSON")
}

/// A folder with a rule that has mistakes, one of them with a proposal, and a warning that is allowed.
fn mistaken() -> TempDir {
    let folder = TempDir::new().expect("a folder");
    let rule = "# moneytrail: allow W003 our own case\ntypology: pair\nversion: 1\ntitle: Ein Pärchen\nsummary: x\n\
                stage: lyering\nseverity: low\nwithin: 1d\nflow:\n  - step: a -> b\n    where: chanel = 'größe'\ntests:\n  \
                - name: none\n    transfers: |\n      # when from to amount\n    matches: []\n";
    fs::create_dir(folder.path().join("my rules")).expect("a folder");
    fs::write(folder.path().join("my rules/pair.yaml"), rule).expect("a file");
    folder
}

#[test]
fn json_counts_and_places_what_the_text_shows() {
    let folder = mistaken();
    let output = check(folder.path(), &["my rules", "--format", "json"]);
    assert_eq!(output.status.code(), Some(2));
    let report = json(&output);
    assert_eq!((&report["files"], &report["errors"], &report["warnings"]), (&1.into(), &2.into(), &1.into()));
    let found = report["diagnostics"].as_array().expect("a list");
    let short = |found: &Value| {
        let text = |key: &str| found[key].as_str().unwrap_or("-").to_owned();
        let place = |key: &str| format!("{}:{}", found[key]["line"], found[key]["column"]);
        format!("{} {} {} {} {}", text("code"), text("level"), place("start"), place("end"), text("replacement"))
    };
    let shown: Vec<String> = found.iter().map(short).collect();
    assert_eq!(
        shown,
        ["W004 warning 2:1 2:9 -", "R009 error 6:8 6:15 layering", "R031 error 11:12 11:18 channel"],
        "{report:#}"
    );
    assert_eq!(report["allowed"][0]["code"], "W003");
    assert_eq!(report["allowed"][0]["reason"], "our own case");
    let text = String::from_utf8(check(folder.path(), &["my rules"]).stderr).expect("text");
    for diagnostic in found {
        let message = diagnostic["message"].as_str().expect("text");
        assert!(text.contains(message), "{message} is not in\n{text}");
    }
    assert!(text.ends_with("1 rule file checked: 2 errors, 1 warning, 1 allowed\n"), "{text}");
}

#[test]
fn the_bytes_of_json_are_the_place_in_the_file() {
    let folder = mistaken();
    let report = json(&check(folder.path(), &["my rules", "--format", "json"]));
    let rule = fs::read_to_string(folder.path().join("my rules/pair.yaml")).expect("the rule");
    let byte = |place: &Value| usize::try_from(place["byte"].as_u64().expect("a number")).expect("small");
    let found = report["diagnostics"].as_array().expect("a list");
    let pieces: Vec<&str> = found.iter().map(|found| &rule[byte(&found["start"])..byte(&found["end"])]).collect();
    assert_eq!(pieces, ["typology", "lyering", "chanel"]);
}

#[test]
fn sarif_has_what_the_standard_requires() {
    let folder = mistaken();
    let output = check(folder.path(), &["my rules", "--format", "sarif"]);
    assert_eq!(output.status.code(), Some(2));
    let report = json(&output);
    assert_eq!(report["version"], "2.1.0");
    let run = &report["runs"][0];
    let driver = &run["tool"]["driver"];
    assert_eq!(driver["name"], "moneytrail");
    let rules = driver["rules"].as_array().expect("rules");
    let ids: BTreeSet<&str> = rules.iter().map(|rule| rule["id"].as_str().expect("an id")).collect();
    assert_eq!(ids.len(), rules.len(), "each code once");
    for rule in rules {
        assert!(["error", "warning"].contains(&rule["defaultConfiguration"]["level"].as_str().expect("a level")));
        assert!(["shortDescription", "fullDescription", "help"].iter().all(|key| rule[key]["text"].is_string()));
    }
    let artifacts: Vec<&Value> =
        run["artifacts"].as_array().expect("files").iter().map(|file| &file["location"]["uri"]).collect();
    assert_eq!(artifacts, ["my%20rules/pair.yaml"]);
    let results = run["results"].as_array().expect("results");
    assert_eq!(results.len(), 4);
    for result in results {
        let index = usize::try_from(result["ruleIndex"].as_u64().expect("an index")).expect("small");
        assert_eq!(rules[index]["id"], result["ruleId"]);
        assert!(result["message"]["text"].as_str().is_some_and(|text| !text.is_empty()));
        let place = &result["locations"][0]["physicalLocation"];
        assert!(artifacts.contains(&&place["artifactLocation"]["uri"]), "{place}");
        check_region(&place["region"]);
    }
    let fixes: Vec<&Value> = results.iter().filter_map(|result| result.get("fixes")).collect();
    assert_eq!(fixes.len(), 2);
    for fix in fixes {
        let replacement = &fix[0]["artifactChanges"][0]["replacements"][0];
        assert!(fix[0]["artifactChanges"][0]["artifactLocation"]["uri"].is_string());
        assert!(replacement["insertedContent"]["text"].is_string());
        check_region(&replacement["deletedRegion"]);
    }
    let suppressed: Vec<&Value> = results.iter().filter(|result| result.get("suppressions").is_some()).collect();
    assert_eq!(suppressed.len(), 1);
    assert_eq!(suppressed[0]["ruleId"], "W003");
    assert_eq!(suppressed[0]["suppressions"][0]["kind"], "inSource");
}

/// A region counts lines and columns from 1 and does not end before it begins.
fn check_region(region: &Value) {
    let [start_line, start_column, end_line, end_column] =
        ["startLine", "startColumn", "endLine", "endColumn"].map(|key| region[key].as_u64().expect("a number"));
    assert!(start_line >= 1 && start_column >= 1, "{region}");
    assert!((start_line, start_column) <= (end_line, end_column), "{region}");
}

#[test]
fn rules_without_a_mistake_give_an_empty_report_and_exit_code_zero() {
    let folder = TempDir::new().expect("a folder");
    for form in ["json", "sarif"] {
        let output = check(folder.path(), &["--format", form]);
        assert_eq!(output.status.code(), Some(0));
        let report = json(&output);
        let found = if form == "json" { &report["diagnostics"] } else { &report["runs"][0]["results"] };
        assert_eq!(found.as_array().map(Vec::len), Some(0), "{found:#}");
    }
}

#[test]
fn the_policy_of_a_project_is_held_and_a_wrong_one_is_refused() {
    let folder = TempDir::new().expect("a folder");
    let rule = "typology: pair\nversion: 1\ntitle: A pair\nsummary: x\nstage: layering\nseverity: high\ntags: [mules]\n\
                false_positives: [y]\nwithin: 1d\nflow:\n  - step: a -> b\ntests:\n  - name: none\n    transfers: |\n      \
                # when from to amount\n      0h a a 1\n    matches: []\n";
    fs::write(folder.path().join("pair.yaml"), rule).expect("a file");
    for (policy, flags, wanted, code) in [
        ("", vec![], "warning[W003]", 0),
        ("", vec!["--deny-warnings"], "error[W003]", 2),
        ("required = [\"references\"]", vec![], "error[R060]: the rule has no `references`", 2),
        ("tags = [\"mule\"]", vec![], "help: write `mule`", 2),
        ("max-severity = \"medium\"", vec![], "error[R062]", 2),
        ("deny = [\"W003\"]", vec![], "error[W003]", 2),
        ("allow = [\"W003\"]", vec!["--deny-warnings"], "0 errors, 0 warnings, 1 allowed", 0),
        ("deny = [\"R001\"]", vec![], "R001 is an error", 2),
        ("allow = [\"W999\"]", vec![], "there is no diagnostic `W999`", 2),
        ("allow = [\"W003\"]\ndeny = [\"W003\"]", vec![], "under both", 2),
        ("denny = [\"W003\"]", vec![], "unknown field `denny`", 2),
    ] {
        fs::write(folder.path().join("moneytrail.toml"), format!("[check]\n{policy}\n")).expect("a file");
        let arguments: Vec<&str> = ["pair.yaml"].into_iter().chain(flags).collect();
        let output = check(folder.path(), &arguments);
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(told.contains(wanted), "{policy}: {wanted} is not in\n{told}");
        assert_eq!(output.status.code(), Some(code), "{policy}: {told}");
    }
}

#[test]
fn other_commands_heed_what_a_comment_allows() {
    let folder = TempDir::new().expect("a folder");
    let rule = "typology: pair\nversion: 1\ntitle: A pair\nsummary: x\nstage: layering\nseverity: high\n\
                false_positives: [y]\nwithin: 1d\nflow:\n  - step: a -> b\ntests:\n  - name: none\n    transfers: |\n      \
                # when from to amount\n      0h a a 1\n    matches: []\n";
    for (comment, warned) in [("", true), ("# moneytrail: allow W003 our own case\n", false)] {
        fs::write(folder.path().join("pair.yaml"), format!("{comment}{rule}")).expect("a file");
        let mut command = Command::new(env!("CARGO_BIN_EXE_moneytrail"));
        let output =
            command.args(["test", "pair.yaml"]).current_dir(folder.path()).output().expect("the program starts");
        assert_eq!(String::from_utf8_lossy(&output.stderr).contains("W003"), warned, "{output:?}");
    }
}

#[test]
fn a_shipped_rule_under_another_name_is_told_to_be_one() {
    let folder = TempDir::new().expect("a folder");
    let shipped = include_str!("../typologies/layering/u-turn.yaml");
    let copy = shipped.replace("typology: u-turn", "typology: my-turn").replace("default: 5000,", "default: 4000,");
    let copy = copy.replace("origin", "source");
    fs::write(folder.path().join("my-turn.yaml"), &copy).expect("a file");
    let told = |output: Output| String::from_utf8_lossy(&output.stderr).into_owned();
    let found = told(check(folder.path(), &["my-turn.yaml"]));
    assert!(found.contains("warning[W008]: `my-turn` is the rule `u-turn`"), "{found}");
    let apart = copy.replace("specialises: [", "specialises: [u-turn, ");
    fs::write(folder.path().join("my-turn.yaml"), apart).expect("a file");
    let found = told(check(folder.path(), &["my-turn.yaml"]));
    assert_eq!(found, "1 rule file checked: 0 errors, 0 warnings\n");
    fs::write(folder.path().join("u-turn.yaml"), shipped.replace("default: 5000,", "default: 4000,")).expect("a file");
    let found = told(check(folder.path(), &["u-turn.yaml"]));
    assert_eq!(found, "1 rule file checked: 0 errors, 0 warnings\n", "an own version of a shipped rule");
}
