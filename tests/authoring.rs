//! The session of `docs/authoring.md`, replayed from an empty folder: every file is written, every command is run, and
//! prints what the page shows. `MONEYTRAIL_UPDATE=1` writes anew what the page shows.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::command_line::path_with_program;

/// A fenced block of the page.
struct Block<'p> {
    /// What stands behind the fence.
    info: &'p str,
    /// Its lines.
    body: &'p str,
    /// Where they begin on the page.
    start: usize,
}

fn page() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/authoring.md")
}

/// The fenced blocks of a page, in order.
fn blocks(text: &str) -> Vec<Block<'_>> {
    let mut blocks = Vec::new();
    let mut rest = text;
    while let Some((_, opened)) = rest.split_once("\n```") {
        let (info, inside) = opened.split_once('\n').expect("a fence ends its line");
        let (body, after) = inside.split_once("\n```\n").expect("a fence is closed");
        blocks.push(Block { info, body, start: text.len() - inside.len() });
        rest = after;
    }
    blocks
}

/// The commands of a console block.
fn commands(body: &str) -> impl Iterator<Item = &str> {
    body.lines().filter_map(|line| line.strip_prefix("$ "))
}

/// What a terminal would show of a command: the prompt, and both streams.
fn shown(folder: &Path, command: &str) -> String {
    let output = Command::new("sh")
        .args(["-c", &format!("exec 2>&1; {command}")])
        .current_dir(folder)
        .env("PATH", path_with_program())
        .env_remove("MONEYTRAIL_THREADS")
        .output()
        .expect("a shell");
    let text = String::from_utf8(output.stdout).expect("text");
    let lines = std::iter::once(format!("$ {command}")).chain(text.lines().map(timeless));
    lines.map(|line| line.trim_end().to_owned()).collect::<Vec<_>>().join("\n")
}

/// A line in which no word tells how long something took.
fn timeless(line: &str) -> String {
    let mut words: Vec<&str> = line.split(' ').collect();
    for place in 1..words.len() {
        let unit = words[place].trim_end_matches([',', ';', '.', ')']);
        let number = words[place - 1].strip_prefix('(');
        if unit == "s" && number.unwrap_or(words[place - 1]).parse::<f64>().is_ok() {
            words[place - 1] = if number.is_some() { "(…" } else { "…" };
        }
    }
    words.join(" ")
}

#[test]
fn the_session_of_the_page_replays_from_an_empty_folder() {
    let text = fs::read_to_string(page()).expect("the page");
    let folder = TempDir::new().expect("a folder");
    let (mut renewed, mut copied, mut ran) = (String::new(), 0, 0);
    for block in blocks(&text) {
        match block.info.split_once(' ') {
            Some(("yaml", name)) => fs::write(folder.path().join(name), format!("{}\n", block.body)).expect("a file"),
            _ if block.info == "console" => {
                let outputs: Vec<String> = commands(block.body).map(|command| shown(folder.path(), command)).collect();
                ran += outputs.len();
                renewed.push_str(&text[copied..block.start]);
                renewed.push_str(&outputs.join("\n"));
                copied = block.start + block.body.len();
            }
            _ => {}
        }
    }
    renewed.push_str(&text[copied..]);
    assert!(ran >= 10, "only {ran} commands were run");
    if std::env::var_os("MONEYTRAIL_UPDATE").is_some() {
        fs::write(page(), renewed).expect("the page");
        return;
    }
    for (told, got) in text.lines().zip(renewed.lines()) {
        assert_eq!(told, got, "the page shows something else than the program; see the head of this file");
    }
    assert_eq!(text, renewed);
}

#[test]
fn every_command_of_the_authors_bench_is_used_in_the_session() {
    let text = fs::read_to_string(page()).expect("the page");
    let used: Vec<String> = blocks(&text).iter().flat_map(|block| commands(block.body)).map(str::to_owned).collect();
    for command in ["new", "check", "fmt", "test", "synth", "run", "explain", "evaluate", "tune", "compare", "overlap"]
    {
        let begins = format!("moneytrail {command} ");
        assert!(used.iter().any(|line| line.starts_with(&begins)), "moneytrail {command}");
    }
}

#[test]
fn how_long_something_took_is_not_held_against_the_page() {
    assert_eq!(timeless("read in 0.31 s, searched in (12 s)"), "read in … s, searched in (… s)");
    assert_eq!(timeless("rules of 3 s x"), "rules of … s x");
    assert_eq!(timeless("within 2 shops"), "within 2 shops");
}
