//! The program as its users run it: exit codes, streams, hostile input, and the same bytes however it is run.

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use tempfile::TempDir;

/// The program with these arguments, in a folder of its own.
pub(crate) fn moneytrail(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_moneytrail"));
    command.args(arguments).current_dir(folder).env_remove("MONEYTRAIL_THREADS").stdin(Stdio::null());
    command.output().expect("the program starts")
}

/// Where a shell finds programs, this one first.
pub(crate) fn path_with_program() -> String {
    let programs = Path::new(env!("CARGO_BIN_EXE_moneytrail")).parent().expect("the program lies in a folder");
    format!("{}:{}", programs.display(), std::env::var("PATH").unwrap_or_default())
}

fn code(output: &Output) -> i32 {
    output.status.code().expect("an exit code")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The sample ledger of the project.
fn sample() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("sample_data")
}

fn sample_text() -> String {
    sample().display().to_string()
}

/// A folder with one file.
fn with_file(name: &str, bytes: impl AsRef<[u8]>) -> TempDir {
    let folder = TempDir::new().expect("a folder");
    fs::write(folder.path().join(name), bytes).expect("a file");
    folder
}

const HEADER: &str = "tx_id,timestamp,sender,receiver,amount,currency\n";

#[test]
fn a_run_writes_its_folder_and_says_where_every_row_went() {
    let folder = TempDir::new().expect("a folder");
    let output = moneytrail(folder.path(), &["run", &sample_text(), "--out", "out", "--formats", "csv,jsonl"]);
    assert_eq!(code(&output), 0, "{}", text(&output.stderr));
    for file in [
        "matches.parquet",
        "matches.csv",
        "matches.jsonl",
        "match_transfers.parquet",
        "cases.parquet",
        "statistics.json",
        "manifest.json",
    ] {
        assert!(folder.path().join("out").join(file).is_file(), "{file}");
    }
    let manifest: serde_json::Value =
        serde_json::from_slice(&fs::read(folder.path().join("out/manifest.json")).expect("a manifest")).expect("JSON");
    assert_eq!(
        manifest["read"].as_u64(),
        manifest["accepted"].as_u64().zip(manifest["rejected"].as_u64()).map(|(a, b)| a + b)
    );
    assert!(text(&output.stderr).contains("exhaustive"), "{}", text(&output.stderr));
    let first = text(&output.stdout).lines().next().expect("a line a rule").to_owned();
    let line: serde_json::Value = serde_json::from_str(&first).expect("JSON Lines in a pipe");
    assert!(line["rule"].is_string() && line["matches"].is_u64());
}

#[test]
fn without_a_folder_the_matches_come_as_json_lines() {
    let folder = TempDir::new().expect("a folder");
    let output = moneytrail(folder.path(), &["run", &sample_text(), "--rule", "mule-chain"]);
    assert_eq!(code(&output), 0, "{}", text(&output.stderr));
    let matches: Vec<serde_json::Value> =
        text(&output.stdout).lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert!(!matches.is_empty());
    for found in matches {
        assert_eq!(found["rule"], "mule-chain");
        assert!(
            found["flow"]
                .as_array()
                .is_some_and(|flow| flow.iter().all(|row| row["tx_id"].is_string() && row["step"].as_u64() >= Some(1)))
        );
        assert!(found["roles"].as_array().is_some_and(|roles| roles.iter().any(|role| role["role"] == "victim")));
    }
}

#[test]
fn threads_and_row_order_change_no_byte_of_the_matches() {
    let folder = TempDir::new().expect("a folder");
    let shuffled = folder.path().join("shuffled");
    fs::create_dir(&shuffled).expect("a folder");
    fs::copy(sample().join("accounts.csv"), shuffled.join("accounts.csv")).expect("a copy");
    let ledger = fs::read_to_string(sample().join("transfers.csv")).expect("the sample");
    let mut lines: Vec<&str> = ledger.lines().collect();
    let header = lines.remove(0);
    // A fixed shuffle: by a hash of the line.
    lines.sort_by_key(|line| {
        line.bytes().fold(7u64, |hash, byte| hash.wrapping_mul(0x0100_0000_01b3) ^ u64::from(byte))
    });
    fs::write(shuffled.join("transfers.csv"), format!("{header}\n{}\n", lines.join("\n"))).expect("a file");
    let shuffled = shuffled.display().to_string();
    for (input, threads, out) in [(&sample_text(), "1", "a"), (&sample_text(), "2", "b"), (&shuffled, "2", "c")] {
        let output = moneytrail(folder.path(), &["run", input, "--threads", threads, "--out", out]);
        assert_eq!(code(&output), 0, "{}", text(&output.stderr));
    }
    for file in ["matches.parquet", "match_transfers.parquet", "cases.parquet"] {
        let bytes = |out: &str| fs::read(folder.path().join(out).join(file)).expect("a file");
        assert!(bytes("a") == bytes("b"), "{file} with 1 and 2 threads");
        assert!(bytes("a") == bytes("c"), "{file} with shuffled rows");
    }
}

#[test]
fn a_match_is_exit_code_one_where_that_was_asked_for() {
    let folder = TempDir::new().expect("a folder");
    let found = moneytrail(folder.path(), &["run", &sample_text(), "--rule", "mule-chain", "--fail-on-match"]);
    assert_eq!(code(&found), 1);
    let none = moneytrail(
        folder.path(),
        &["run", &sample_text(), "--rule", "mule-chain", "--set", "mule-chain.theft=9999999", "--fail-on-match"],
    );
    assert_eq!((code(&none), text(&none.stdout)), (0, String::new()));
}

#[test]
fn wrong_commands_and_rules_are_exit_code_two() {
    let folder = with_file("broken.yaml", "typology: broken\nwitihn: 7d\n");
    for arguments in [
        vec!["run"],
        vec!["fly"],
        vec!["run", &sample_text(), "--rule", "no-such-rule"],
        vec!["run", &sample_text(), "--set", "fan-in.payers=1000000"],
        vec!["run", &sample_text(), "--set", "fan-in.nobody=3"],
        vec!["run", &sample_text(), "--max-rejects", "many"],
        vec!["check", "broken.yaml"],
        vec!["check", "--explain", "R000"],
        vec!["presets", "--show", "nothing"],
        vec!["help", "nothing"],
    ] {
        let output = moneytrail(folder.path(), &arguments);
        assert_eq!(code(&output), 2, "{arguments:?}: {}", text(&output.stderr));
        assert!(!output.stderr.is_empty() && output.stdout.is_empty(), "{arguments:?}");
    }
    let output = moneytrail(folder.path(), &["check", "broken.yaml"]);
    assert!(
        text(&output.stderr).contains("broken.yaml:2:1") && text(&output.stderr).contains("write `within`"),
        "{}",
        text(&output.stderr)
    );
}

#[test]
fn settings_stand_below_the_environment_and_that_below_flags() {
    let folder = with_file("moneytrail.toml", "max-rejects = \"nonsense\"\n");
    let wrong = moneytrail(folder.path(), &["run", &sample_text()]);
    assert_eq!(code(&wrong), 2);
    for budget in ["soon", "0s", "10"] {
        let output = moneytrail(folder.path(), &["run", &sample_text(), "--max-rejects", "5", "--time-budget", budget]);
        assert_eq!(code(&output), 2, "{budget}");
        assert!(text(&output.stderr).contains("no time budget"), "{}", text(&output.stderr));
    }
    let flags = ["run", &sample_text(), "--max-rejects", "5", "--rule", "fan-in", "--time-budget", "2h"];
    let flag = moneytrail(folder.path(), &flags);
    assert_eq!(code(&flag), 0, "{}", text(&flag.stderr));
    let environment = Command::new(env!("CARGO_BIN_EXE_moneytrail"))
        .args(["run", &sample_text(), "--rule", "fan-in"])
        .current_dir(folder.path())
        .env("MONEYTRAIL_MAX_REJECTS", "5")
        .output()
        .expect("the program starts");
    assert_eq!(code(&environment), 0, "{}", text(&environment.stderr));
    fs::write(folder.path().join("moneytrail.toml"), "max-rejcts = 5\n").expect("a file");
    let unknown = moneytrail(folder.path(), &["run", &sample_text()]);
    assert_eq!(code(&unknown), 2);
    assert!(text(&unknown.stderr).contains("line 1"), "{}", text(&unknown.stderr));
}

#[test]
fn hostile_ledgers_end_in_a_message_and_exit_code_three() {
    let row = |fields: &str| format!("{HEADER}{fields}\n");
    let long = format!("{HEADER}1,2024-01-01T00:00:00Z,{},b,5,EUR\n", "a".repeat(10_000_000));
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("nothing at all", Vec::new()),
        ("a header alone", HEADER.into()),
        ("NUL bytes", row("1,2024-01-01T00:00:00Z,a\0b,c,5,EUR").into()),
        ("only NUL bytes", vec![0; 4096]),
        ("a field of ten megabytes", long.into()),
        ("invalid UTF-8", [HEADER.as_bytes(), b"1,2024-01-01T00:00:00Z,a\xff,b,5,EUR\n"].concat()),
        ("too few fields", row("1,2024-01-01T00:00:00Z,a").into()),
        ("too many fields", row("1,2024-01-01T00:00:00Z,a,b,5,EUR,x,y").into()),
        ("NaN", row("1,2024-01-01T00:00:00Z,a,b,NaN,EUR").into()),
        ("a number beyond all numbers", row("1,2024-01-01T00:00:00Z,a,b,1e400,EUR").into()),
        ("a negative amount", row("1,2024-01-01T00:00:00Z,a,b,-5,EUR").into()),
        ("a date out of range", row("1,99999-01-01T00:00:00Z,a,b,5,EUR").into()),
        ("a day that does not exist", row("1,2024-02-31T00:00:00Z,a,b,5,EUR").into()),
        ("a header of nothing that is known", b"x,y,z\n1,2,3\n".to_vec()),
        ("a cut Parquet file", b"PAR1 and then nothing".to_vec()),
    ];
    for (name, bytes) in cases {
        let folder = with_file("ledger.csv", bytes);
        let output = moneytrail(folder.path(), &["run", "ledger.csv", "--out", "out"]);
        let said = text(&output.stderr);
        assert_eq!(code(&output), 3, "{name}: {said}");
        assert!(said.contains("error") && said.len() < 20_000 && !said.contains("panicked"), "{name}: {said}");
        assert!(!folder.path().join("out").exists(), "{name}: nothing is written");
    }
}

#[test]
fn a_bad_row_among_good_ones_is_set_aside_with_its_reason() {
    let mut ledger = HEADER.to_owned();
    for row in 0..200 {
        writeln!(ledger, "{row},2024-01-01T00:00:00Z,a{},b,5,EUR", row % 9).expect("memory takes all");
    }
    ledger.push_str("200,2024-01-01T00:00:00Z,a,b,NaN,EUR\n");
    let folder = with_file("ledger.csv", ledger);
    let output = moneytrail(folder.path(), &["run", "ledger.csv", "--out", "out"]);
    assert_eq!(code(&output), 0, "{}", text(&output.stderr));
    let rejects = fs::read_to_string(folder.path().join("out/rejects.csv")).expect("rejects");
    assert!(rejects.contains("NaN") && rejects.contains("202"), "{rejects}");
}

#[test]
fn accounts_that_name_people_are_refused_with_exit_code_four() {
    let row =
        "1,2024-01-01T00:00:00Z,DE89370400440532013000,b,5,EUR\n2,2024-01-01T00:00:00Z,jane@example.org,b,5,EUR\n";
    let folder = with_file("ledger.csv", format!("{HEADER}{row}"));
    let output = moneytrail(folder.path(), &["run", "ledger.csv"]);
    assert_eq!(code(&output), 4, "{}", text(&output.stderr));
    assert!(
        text(&output.stderr).contains("sender") && !text(&output.stderr).contains("DE89370400440532013000"),
        "{}",
        text(&output.stderr)
    );
    let allowed = moneytrail(folder.path(), &["run", "ledger.csv", "--identifiable", "--out", "out"]);
    assert_eq!(code(&allowed), 0, "{}", text(&allowed.stderr));
    let manifest = fs::read_to_string(folder.path().join("out/manifest.json")).expect("a manifest");
    assert!(manifest.contains("\"identifiable\": true"), "{manifest}");
}

#[test]
fn a_missing_file_is_exit_code_five() {
    let folder = TempDir::new().expect("a folder");
    let output = moneytrail(folder.path(), &["run", "nowhere.csv"]);
    assert_eq!(code(&output), 5, "{}", text(&output.stderr));
    assert!(text(&output.stderr).contains("nowhere.csv"));
}

#[test]
fn a_folder_that_is_not_a_run_is_never_replaced() {
    let folder = TempDir::new().expect("a folder");
    fs::create_dir(folder.path().join("letters")).expect("a folder");
    fs::write(folder.path().join("letters/dear.txt"), "keep me").expect("a file");
    let output = moneytrail(folder.path(), &["run", &sample_text(), "--rule", "fan-in", "--out", "letters"]);
    assert_eq!(code(&output), 5, "{}", text(&output.stderr));
    assert_eq!(fs::read_to_string(folder.path().join("letters/dear.txt")).expect("the file"), "keep me");
}

#[test]
fn a_killed_run_leaves_nothing_or_a_whole_earlier_folder() {
    let folder = TempDir::new().expect("a folder");
    let whole = moneytrail(folder.path(), &["run", &sample_text(), "--out", "out"]);
    assert_eq!(code(&whole), 0);
    let earlier = fs::read(folder.path().join("out/matches.parquet")).expect("matches");
    for attempt in 0..12u64 {
        let mut child = Command::new(env!("CARGO_BIN_EXE_moneytrail"))
            .args(["run", &sample_text(), "--out", "out"])
            .current_dir(folder.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the program starts");
        std::thread::sleep(Duration::from_millis(attempt * 23));
        let _ = child.kill();
        child.wait().expect("the program ends");
        let manifest = fs::read(folder.path().join("out/manifest.json")).expect("a folder that is there is whole");
        assert!(serde_json::from_slice::<serde_json::Value>(&manifest).is_ok());
        assert!(fs::read(folder.path().join("out/matches.parquet")).expect("matches") == earlier, "attempt {attempt}");
    }
    let last = moneytrail(folder.path(), &["run", &sample_text(), "--out", "out"]);
    assert_eq!(code(&last), 0, "{}", text(&last.stderr));
    assert_eq!(names_in(folder.path()), ["out"], "what killed runs left behind is cleaned up by the next");
}

#[cfg(unix)]
#[test]
fn an_interrupted_run_ends_with_130_and_leaves_nothing() {
    interrupt(&["run", "-", "--out", "out"]);
}

#[cfg(unix)]
#[test]
fn a_run_that_is_interrupted_while_it_writes_away_what_it_reads_leaves_nothing() {
    interrupt(&["run", "-", "--out", "out", "--memory", "1MiB"]);
}

/// Begins a run in a folder that reads what is written to its standard input.
#[cfg(unix)]
fn begin(folder: &Path, arguments: &[&str]) -> std::process::Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_moneytrail"));
    command.args(arguments).current_dir(folder).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
    command.spawn().expect("the program starts")
}

/// Writes 20,000 transfers of ten accounts, more than a pipe holds: when they are written, the program is reading.
#[cfg(unix)]
fn write_much(child: &mut std::process::Child) -> std::process::ChildStdin {
    let mut ledger = HEADER.to_owned();
    for row in 0..20_000 {
        writeln!(ledger, "{row},2024-01-01T00:00:00Z,a{},b,5,EUR", row % 9).expect("memory takes all");
    }
    let mut stdin = child.stdin.take().expect("a pipe");
    stdin.write_all(ledger.as_bytes()).expect("the program reads");
    stdin
}

/// Interrupts a run that reads standard input in an empty folder.
#[cfg(unix)]
fn interrupt(arguments: &[&str]) {
    let folder = TempDir::new().expect("a folder");
    let mut child = begin(folder.path(), arguments);
    let stdin = write_much(&mut child);
    let signal = Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("kill runs");
    assert!(signal.success());
    let output = child.wait_with_output().expect("the program ends, although its input does not");
    drop(stdin);
    assert_eq!(code(&output), 130, "{}", text(&output.stderr));
    assert!(text(&output.stderr).contains("interrupted"), "{}", text(&output.stderr));
    assert_eq!(names_in(folder.path()), Vec::<String>::new());
}

/// As `<(…)` of a shell names one: what has been read of it is gone.
#[cfg(unix)]
#[test]
fn a_pipe_that_is_named_like_a_file_is_read_from_its_first_row_on() {
    let folder = TempDir::new().expect("a folder");
    for more in [&["--count"][..], &["--out", "out"]] {
        let mut child = begin(folder.path(), &[&["run", "/dev/stdin"], more].concat());
        drop(write_much(&mut child));
        let output = child.wait_with_output().expect("the program ends");
        assert_eq!(code(&output), 0, "{}", text(&output.stderr));
        assert!(text(&output.stderr).contains(" accepted + 0 rejected; 10 accounts"), "{}", text(&output.stderr));
    }
}

#[test]
fn a_reader_who_has_seen_enough_is_no_error() {
    let folder = TempDir::new().expect("a folder");
    for arguments in
        [vec!["run", &sample_text()], vec!["rules"], vec!["help", "typologies"], vec!["completions", "zsh"]]
    {
        let mut child = Command::new(env!("CARGO_BIN_EXE_moneytrail"))
            .args(&arguments)
            .current_dir(folder.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        drop(child.stdout.take());
        let output = child.wait_with_output().expect("the program ends");
        assert_eq!(code(&output), 0, "{arguments:?}: {}", text(&output.stderr));
        assert!(!text(&output.stderr).contains("error"), "{arguments:?}: {}", text(&output.stderr));
    }
}

/// The names of the subcommands, in the order of the front page.
pub(crate) fn subcommands() -> Vec<String> {
    let page = moneytrail(Path::new("."), &["--help"]);
    let page = text(&page.stdout);
    let listed =
        page.split("\nCommands:\n").nth(1).expect("a list of commands").split("\n\n").next().unwrap_or_default();
    let names = listed.lines().filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    names.filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect()
}

/// Copies a folder of the project with all that is in it.
fn copy(name: &str, into: &Path) {
    let (from, to) = (Path::new(env!("CARGO_MANIFEST_DIR")).join(name), into.join(name));
    fs::create_dir_all(&to).expect("a folder");
    for entry in names_in(&from) {
        if from.join(&entry).is_dir() {
            copy(&format!("{name}/{entry}"), into);
        } else {
            fs::copy(from.join(&entry), to.join(&entry)).expect("a copy");
        }
    }
}

/// Each subcommand gets a copy of its own, in which its examples run one after another, as they stand in its help.
#[cfg(unix)]
#[test]
fn every_example_of_every_help_runs_on_the_sample() {
    let path = path_with_program();
    let names = subcommands();
    assert!(names.len() > 10 && names.contains(&"run".to_owned()), "{names:?}");
    for name in names {
        let folder = TempDir::new().expect("a folder");
        for part in ["docs", "lists", "sample_data", "typologies"] {
            copy(part, folder.path());
        }
        let page = text(&moneytrail(folder.path(), &["help", &name]).stdout);
        let examples = page.split("\nExamples:\n").nth(1).unwrap_or_else(|| panic!("{name}'s help has no examples"));
        for line in examples.lines().take_while(|line| !line.is_empty()) {
            let example =
                line.strip_prefix("  ").unwrap_or_else(|| panic!("{name}: {line}: wrapped by clap? keep it short"));
            let mut shell = Command::new("sh");
            shell.args(["-c", example]).current_dir(folder.path()).env("PATH", &path).stdin(Stdio::null());
            let output = shell.output().expect("a shell");
            assert_eq!(code(&output), 0, "{example}\n{}{}", text(&output.stdout), text(&output.stderr));
        }
    }
}

#[test]
fn the_short_commands_print_their_pages() {
    let folder = TempDir::new().expect("a folder");
    for (arguments, wanted) in [
        (vec!["help", "language"], "pass_through"),
        (vec!["help", "data"], "tx_id"),
        (vec!["help", "typologies"], "mule-chain"),
        (vec!["help", "run"], "--out"),
        (vec!["run", "--help"], "MONEYTRAIL_MAX_REJECTS"),
        (vec!["rules"], "\"rule\":\"mule-chain\",\"family\":\"mules\""),
        (vec!["schema"], "\"pass_through\""),
        (vec!["rules", "--markdown"], "### mule-chain"),
        (vec!["presets"], "aml-world"),
        (vec!["presets", "--show", "aml-world"], "[columns]"),
        (vec!["completions", "bash"], "moneytrail"),
        (vec!["plan", "simple-cycle"], "kernel  cycle"),
        (vec!["plan", "simple-cycle", "--set", "simple-cycle.longest=5"], "a path of 3..5 transfers"),
        (vec!["plan", "simple-cycle", "--ledger", &sample_text()], "could use"),
        (vec!["plan", "fan-in", "--verbose"], "pass    push-where\n"),
        (vec!["plan", "u-turn", "--verbose"], "pass    choose-anchor: unchanged"),
        (vec!["plan", "simple-cycle", "--ledger", &sample_text(), "--analyze"], "  walk "),
        (vec!["check", "--explain", "R012"], "delay"),
        (vec!["--version"], "moneytrail 0."),
    ] {
        let output = moneytrail(folder.path(), &arguments);
        assert_eq!(code(&output), 0, "{arguments:?}: {}", text(&output.stderr));
        assert!(text(&output.stdout).contains(wanted), "{arguments:?}: {}", text(&output.stdout));
    }
}

/// The first word of each line of a table, from a line that begins with the word `part`.
fn parts(table: &str) -> Vec<&str> {
    let lines = table.lines().skip_while(|line| line.split_whitespace().next() != Some("part")).skip(1);
    lines.filter_map(|line| line.split_whitespace().next().filter(|word| !word.starts_with('─'))).collect()
}

#[test]
fn a_profile_names_each_stage_and_rule_and_changes_no_byte_of_the_results() {
    let folder = TempDir::new().expect("a folder");
    let rules = ["--rule", "fan-in", "--rule", "mule-chain"];
    let run = |more: &[&str]| {
        let output = moneytrail(folder.path(), &[&["run", &sample_text()], rules.as_slice(), more].concat());
        assert_eq!(code(&output), 0, "{}", text(&output.stderr));
        output
    };
    run(&["--out", "plain"]);
    let told = text(&run(&["--out", "told", "--profile"]).stderr);
    let mut named = parts(&told);
    named[5..7].sort_unstable(); // the dearer rule stands first
    let wanted =
        ["rules", "read", "plan", "lists", "search", "fan-in", "mule-chain", "sift", "statistics", "write", "all"];
    assert_eq!(named, wanted, "{told}");
    run(&["--out", "written", "--profile=profile.json"]);
    for out in ["told", "written"] {
        for file in names_in(&folder.path().join("plain")).iter().filter(|file| *file != "manifest.json") {
            let bytes = |out: &str| fs::read(folder.path().join(out).join(file)).expect("a file");
            assert!(bytes("plain") == bytes(out), "{out}/{file}");
        }
    }
    let bytes = fs::read(folder.path().join("profile.json")).expect("a profile");
    let profile: serde_json::Value = serde_json::from_slice(&bytes).expect("JSON");
    let rules = profile["rules"].as_array().expect("rules");
    assert!(rules.len() == 2 && rules.iter().all(|rule| rule["matches"].as_u64() >= Some(1)), "{profile}");
    let known = profile["all"]["processor_seconds"].is_f64() && profile["all"]["peak_bytes"].is_u64();
    assert_eq!(known, cfg!(target_os = "linux"), "{profile}");
}

#[test]
fn an_analysis_of_a_plan_tells_what_each_part_took() {
    let ledger = sample_text();
    let output = moneytrail(Path::new("."), &["plan", "u-turn", "--ledger", &ledger, "--analyze"]);
    let told = text(&output.stdout);
    assert_eq!(parts(&told), ["read", "plan", "lists", "scan", "narrow", "walk", "found"], "{told}");
}

#[test]
fn the_shipped_rules_inside_the_program_are_those_of_the_folder_and_pass_their_tests() {
    let folder = TempDir::new().expect("a folder");
    let rules = Path::new(env!("CARGO_MANIFEST_DIR")).join("typologies").display().to_string();
    for command in ["rules", "test"] {
        let inside = moneytrail(folder.path(), &[command]);
        assert_eq!(code(&inside), 0, "{command}: {}", text(&inside.stdout));
        let outside = moneytrail(folder.path(), &[command, &rules]);
        assert_eq!(text(&inside.stdout), text(&outside.stdout), "{command}");
    }
}

#[test]
fn a_new_rule_passes_its_check_and_its_tests_and_is_never_written_over() {
    let folder = TempDir::new().expect("a folder");
    assert_eq!(code(&moneytrail(folder.path(), &["new", "late-rent"])), 0);
    let checked = moneytrail(folder.path(), &["check", "late-rent.yaml"]);
    assert_eq!(text(&checked.stderr), "1 rule file checked: 0 errors, 0 warnings\n");
    let tested = moneytrail(folder.path(), &["test", "late-rent.yaml"]);
    let passed = text(&tested.stdout).ends_with("1 rule, 3 tests: 3 passed, 0 failed\n");
    assert!(passed && code(&tested) == 0, "{}", text(&tested.stdout));
    assert_eq!(code(&moneytrail(folder.path(), &["new", "late-rent"])), 5);
    assert_eq!(code(&moneytrail(folder.path(), &["new", "../Late"])), 2);
}

#[test]
fn the_tests_of_a_rule_alone_run_the_shipped_rule_that_it_uses() {
    let onward = FAILING
        .replace("typology: pair", "typology: onward")
        .replace("  - step: payer -> payee\n", "  - step: payer -> payee\n    uses: mule-chain\n")
        .replace("within: 1d", "within: 5d");
    let folder = with_file("onward.yaml", &onward);
    let output = moneytrail(folder.path(), &["test", "onward.yaml"]);
    let told = text(&output.stdout);
    assert!(told.contains("onward / nobody ... FAILED") && !told.contains("mule-chain /"), "{told}");
    let checked = moneytrail(folder.path(), &["check", "onward.yaml"]);
    assert!(text(&checked.stderr).contains("error[R055]: there is no rule `mule-chain`"), "{}", text(&checked.stderr));
    assert_eq!(code(&checked), 2);
}

#[test]
fn a_rule_test_that_fails_is_exit_code_one_and_shows_what_differs() {
    let folder = with_file("pair.yaml", FAILING);
    let output = moneytrail(folder.path(), &["test", "pair.yaml"]);
    assert_eq!(code(&output), 1, "{}", text(&output.stderr));
    let told = text(&output.stdout);
    for line in [
        "pair / nobody ... FAILED",
        "- expected, not found: payee: a",
        "+ found, not expected: payee: b",
        "t1 2024-01-01T00:00:00Z a -> b 5.00 EUR",
    ] {
        assert!(told.contains(line), "{line}\n{told}");
    }
}

/// A rule whose test expects another payee than the one that is there.
const FAILING: &str = "typology: pair
version: 1
title: A payment
summary: Somebody pays somebody.
stage: layering
severity: low
references: [\"a test\"]
false_positives: [everything]
within: 1d
flow:
  - step: payer -> payee
tests:
  - name: nobody
    transfers: |
      # when from to amount
      0h a b 5
    matches: [{ payee: a }]
  - name: a payment to oneself
    transfers: |
      # when from to amount
      0h a a 5
    matches: []
";

#[test]
fn hostile_rules_end_in_a_diagnostic_and_exit_code_two() {
    let rule = |line: &str| FAILING.replace("within: 1d", line);
    let mut laughs = "a: &a [x, x, x, x, x, x, x, x, x]\n".to_owned();
    for (name, last) in ('b'..='z').zip('a'..) {
        writeln!(laughs, "{name}: &{name} [*{last}, *{last}, *{last}, *{last}, *{last}, *{last}, *{last}, *{last}]")
            .expect("memory takes all");
    }
    for (name, yaml) in [
        ("a billion laughs", laughs),
        ("a sub-select", rule("within: 1d\nwhere: amount > (SELECT max(amount) FROM transfers)")),
        ("a file read in SQL", rule("within: 1d\nwhere: sender IN (SELECT * FROM read_csv('/etc/passwd'))")),
        ("deep brackets", "[".repeat(100_000)),
        ("no YAML at all", "\u{0}\u{1}\u{2}".to_owned()),
        ("an endless window", rule("within: 99999999999999999999d")),
    ] {
        let folder = with_file("pair.yaml", yaml);
        for arguments in [vec!["check", "pair.yaml"], vec!["run", "nowhere.csv", "--rules", "pair.yaml"]] {
            let output = moneytrail(folder.path(), &arguments);
            let said = text(&output.stderr);
            assert_eq!(code(&output), 2, "{name}: {said}");
            assert!(said.contains("error[") && said.contains("pair.yaml:") && said.len() < 20_000, "{name}: {said}");
        }
    }
}

/// The entries of a folder, hidden ones too.
fn names_in(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("a folder");
    let mut names: Vec<String> =
        entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}
