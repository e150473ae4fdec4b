//! The canonical form of rule files: what it looks like, that it means the same, and that no comment is lost on the way.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use moneytrail::lang::Source;
use moneytrail::workbench::fmt::{Refusal, format};
use proptest::prelude::*;
use tempfile::TempDir;

use super::shipped;

/// The canonical form of a text that has one.
fn canonical(text: &str) -> String {
    let source = Source { path: "rule.yaml".to_owned(), text: text.to_owned() };
    // The file's name has to be the rule's id.
    let id = text.lines().find_map(|line| line.strip_prefix("typology:")).expect("an id").trim();
    let path = format!("{}.yaml", id.split('#').next().expect("a first part").trim());
    format(&Source { path, ..source }).unwrap_or_else(|refusal| panic!("{refusal:?}\n{text}"))
}

#[test]
fn shipped_rules_are_in_canonical_form() {
    for source in shipped::sources() {
        let formatted = format(&source).unwrap_or_else(|refusal| panic!("{}: {refusal:?}", source.path));
        assert!(formatted == source.text, "{}: run `moneytrail fmt typologies`", source.path);
    }
}

#[test]
fn what_new_writes_is_in_canonical_form() {
    let template = include_str!("../src/bin/moneytrail/commands/new.yaml").replace("ID", "late-rent");
    assert_eq!(canonical(&template), template);
}

const ODD: &str = "# a word before all
within:   1d
flow:
  # of the first step
  - transfers: 3 ..
    # why it has this name
    name:  gifts # short
    step: payer->  payees[ 2 .. ]
    where: amount>=$floor
  - { delay: 0h..2h, step: payees->taker }
  # after the last step
# of the id
typology: odd
version: 1


title: 'Odd'
summary: >-
  Folded
  text.
stage: layering
severity: low
references: [ \"a\",b ]
false_positives: [c]
parameters:
  floor: {help: least, range: 1 .. 5, default: 2}
tests:
  - matches: []
    name: nobody
    transfers: |
      #when from to amount
      0h a b 10000
      # a remark
        1h   c d 1
";

const EVEN: &str = "# a word before all
# of the id
typology: odd
version: 1

title: \"Odd\"
summary: >-
  Folded
  text.
stage: layering
severity: low
references: [\"a\", b]
false_positives: [c]
parameters:
  floor: { default: 2, range: 1..5, help: least }
within: 1d
flow:
  # of the first step
  - step: payer -> payees[2..]
    # why it has this name
    name: gifts  # short
    transfers: 3..
    where: amount>=$floor
  - { step: payees -> taker, delay: 0h..2h }
  # after the last step
tests:
  - name: nobody
    transfers: |
      # when  from  to  amount
      0h      a     b   10000
      # a remark
      1h      c     d   1
    matches: []
";

#[test]
fn keys_stand_in_order_with_their_comments_and_tables_in_columns() {
    assert_eq!(canonical(ODD), EVEN);
    assert_eq!(canonical(EVEN), EVEN);
    assert_eq!(canonical(&ODD.replace('\n', "\r\n")), EVEN, "line ends of Windows");
}

#[test]
fn comments_behind_values_stand_in_one_column() {
    let put = |remark: &str| EVEN.replace("version: 1\n", remark);
    let (close, apart) = ("version: 1 # raise it\n", "version: 1       # raise it\n");
    assert_eq!(canonical(&put(close)), put(apart), "`    name: gifts` is longer");
    let folded = put(apart).replace("delay: 0h..2h }", "delay: 0h..2h }  # longer than the others, and not too long");
    let column = "  - { step: payees -> taker, delay: 0h..2h }".len() + 2;
    let formatted = canonical(&folded);
    let lines = formatted.lines().filter(|line| !line.trim_start().starts_with('#'));
    let columns: Vec<usize> = lines.filter_map(|line| line.find("  # ")).map(|at| at + 2).collect();
    assert_eq!(columns, [column; 3], "{formatted}");
}

#[test]
fn a_file_with_mistakes_is_refused_with_all_of_them() {
    let source = Source { path: "odd.yaml".to_owned(), text: ODD.replace("within: ", "witihn: ") };
    let Err(Refusal::Mistakes(found)) = format(&source) else { panic!("refused") };
    let codes: Vec<&str> = found.iter().map(|found| found.code).collect();
    assert!(codes.contains(&"R003") && codes.contains(&"R004"), "{codes:?}");
}

#[test]
fn a_rule_with_anchors_keeps_its_order() {
    let text = EVEN
        .replace("false_positives: [c]", "false_positives: &lists [c]")
        .replace("within: 1d\n", "within: 1d\ntags: *lists\n");
    let formatted = canonical(&text);
    assert!(formatted.contains("within: 1d\ntags: *lists\n"), "{formatted}");
}

#[test]
fn a_block_of_text_that_is_indented_unevenly_is_refused_and_breaks_nothing() {
    let text = EVEN.replace("  Folded\n  text.", "  \tFolded\n  étext.");
    let refused = format(&Source { path: "odd.yaml".to_owned(), text });
    assert!(matches!(refused, Err(Refusal::Changed(_) | Refusal::Mistakes(_))), "{refused:?}");
}

/// Numbers from a seed (`SplitMix64`: Steele, Lea and Flood 2014).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % sides as u64).expect("small")
    }

    fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.roll(last + 1));
        }
    }
}

/// Cuts lines into pieces, each beginning where `is_first` says.
fn pieces<'t>(lines: &[&'t str], is_first: impl Fn(&str) -> bool) -> Vec<Vec<&'t str>> {
    let mut found: Vec<Vec<&str>> = Vec::new();
    for line in lines {
        if found.is_empty() || is_first(line) {
            found.push(Vec::new());
        }
        found.last_mut().expect("one was made").push(line);
    }
    found
}

/// A canonical rule in disorder: keys and step options in any order, odd blanks, and comments that name their key.
fn disordered(text: &str, dice: &mut Dice) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let (head, body) = lines.split_at(lines.iter().position(|line| !line.starts_with('#')).expect("a key"));
    let mut keys = pieces(body, |line| !line.starts_with(' '));
    dice.shuffle(&mut keys);
    let mut out: Vec<String> = head.iter().map(|&line| line.to_owned()).collect();
    for key in keys {
        let name = key[0].split(':').next().expect("a key").to_owned();
        // Above the first key a comment is the file's.
        if out.len() > head.len() && dice.roll(3) == 0 {
            out.push(format!("#~ above {name}"));
        }
        if name == "flow" {
            out.push("flow:".to_owned());
            for step in pieces(&key[1..], |line| line.starts_with("  - ")) {
                out.extend(mixed_step(&step, dice));
            }
        } else {
            out.extend(key.iter().map(|line| odd(line, dice)));
        }
    }
    out.join("\n") + "\n"
}

fn mixed_step(step: &[&str], dice: &mut Dice) -> Vec<String> {
    let mut options = pieces(step, |line| line.starts_with("  - ") || !line.starts_with("     "));
    dice.shuffle(&mut options);
    let mut out = Vec::new();
    for (position, option) in options.iter().enumerate() {
        let name = option[0].trim_start_matches(['-', ' ']).split(':').next().expect("a key");
        if position > 0 && dice.roll(3) == 0 {
            out.push(format!("    #~ above {name}"));
        }
        let first = format!("{}{}", if position == 0 { "  - " } else { "    " }, &option[0][4..]);
        let behind = option.len() == 1 && dice.roll(3) == 0;
        out.push(odd(&first, dice) + &if behind { format!(" #~ behind {name}") } else { String::new() });
        out.extend(option[1..].iter().map(|&line| line.to_owned()));
    }
    out
}

/// A line with blanks that mean nothing.
fn odd(line: &str, dice: &mut Dice) -> String {
    let mut line = line.to_owned();
    for (tidy, untidy) in [(" -> ", "->"), (" -> ", "   ->  "), ("{ default: ", "{default:  ")] {
        if line.contains("step:") == tidy.contains("->") && dice.roll(2) == 0 {
            line = line.replacen(tidy, untidy, 1);
        }
    }
    if ["delay:", "transfers: $", "pass_through:"].iter().any(|key| line.contains(key)) && dice.roll(2) == 0 {
        line = line.replacen("..", " .. ", 1);
        line.truncate(line.trim_end().len());
    }
    let table = line.starts_with("      ") && !line.trim_start().starts_with(['-', '#', '{']);
    if table && line.split_whitespace().next().is_some_and(|word| word.starts_with(|c: char| c.is_ascii_digit())) {
        line = format!("      {}", line.split_whitespace().collect::<Vec<_>>().join(&" ".repeat(1 + dice.roll(4))));
    }
    line
}

/// The lines without the comments that were put in.
fn without_marks(text: &str) -> Vec<&str> {
    let lines = text.lines().filter(|line| !line.trim_start().starts_with("#~"));
    lines.map(|line| line.split("#~").next().expect("a first part").trim_end()).collect()
}

/// Whether each comment that was put in still stands at the key that it names.
fn check_marks(text: &str) -> Result<(), TestCaseError> {
    let lines: Vec<&str> = text.lines().collect();
    for (position, line) in lines.iter().enumerate() {
        let Some((before, mark)) = line.split_once("#~ ") else { continue };
        let (place, name) = mark.split_once(' ').expect("two words");
        let key = if place == "behind" {
            before
        } else {
            lines[position..].iter().find(|line| !line.trim_start().starts_with('#')).expect("a key below")
        };
        let key = key.trim_start_matches(['-', ' ']);
        prop_assert!(key.starts_with(&format!("{name}:")), "{line} stands at {key}\n{text}");
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_disordered_rule_comes_back_in_order_with_every_comment_at_its_key(seed in any::<u64>()) {
        let mut dice = Dice(seed);
        let rules = shipped::sources();
        let source = &rules[dice.roll(rules.len())];
        let text = disordered(&source.text, &mut dice);
        let marks = text.matches("#~").count();
        let once = format(&Source { path: source.path.clone(), text: text.clone() });
        let once = once.map_err(|refusal| TestCaseError::fail(format!("{refusal:?}\n{text}")))?;
        let twice = format(&Source { path: source.path.clone(), text: once.clone() });
        prop_assert_eq!(twice.as_ref().ok(), Some(&once), "{}", text);
        prop_assert_eq!(once.matches("#~").count(), marks, "{}", once);
        check_marks(&once)?;
        prop_assert_eq!(without_marks(&once), without_marks(&source.text), "{}", text);
    }

    #[test]
    fn no_slip_in_a_rule_breaks_fmt_or_makes_it_say_something_else(seed in any::<u64>()) {
        const PIECES: [&str; 20] =
            [" ", "  ", "\t", "\n", "\n\n", "#", " # x", ":", "- ", "'", "\"", "[", "}", ",", "|", ">-", "&a", "*a", "é", "\\"];
        let mut dice = Dice(seed);
        let rules = shipped::sources();
        let source = &rules[dice.roll(rules.len())];
        let mut text = source.text.clone();
        for _ in 0..=dice.roll(3) {
            let at = (0..=dice.roll(text.len())).rev().find(|&at| text.is_char_boundary(at)).expect("the beginning is one");
            if dice.roll(3) == 0 && at < text.len() {
                text.remove(at);
            } else {
                text.insert_str(at, PIECES[dice.roll(PIECES.len())]);
            }
        }
        if let Ok(once) = format(&Source { path: source.path.clone(), text: text.clone() }) {
            let twice = format(&Source { path: source.path.clone(), text: once.clone() });
            prop_assert_eq!(twice.ok(), Some(once), "{}", text);
        }
    }
}

/// Runs `fmt` in a folder.
fn fmt(folder: &Path, arguments: &[&str], input: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_moneytrail"));
    command.arg("fmt").args(arguments).current_dir(folder);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the program starts");
    child.stdin.take().expect("a pipe").write_all(input.as_bytes()).expect("it reads");
    child.wait_with_output().expect("it ends")
}

fn told(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("text")
}

#[test]
fn fmt_writes_what_it_changes_and_check_only_shows_it() {
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("odd.yaml");
    fs::write(&path, ODD).expect("a file");
    let checked = fmt(folder.path(), &["odd.yaml", "--check"], "");
    assert_eq!(checked.status.code(), Some(1));
    assert!(
        told(&checked.stdout).contains("-  - transfers: 3 ..\n") && told(&checked.stdout).contains("+within: 1d\n")
    );
    assert_eq!(fs::read_to_string(&path).expect("the file"), ODD);
    let written = fmt(folder.path(), &["."], "");
    assert_eq!((written.status.code(), told(&written.stderr)), (Some(0), "1 rule file: 1 formatted\n".to_owned()));
    assert_eq!(fs::read_to_string(&path).expect("the file"), EVEN);
    let again = fmt(folder.path(), &["odd.yaml", "--check"], "");
    assert_eq!((again.status.code(), told(&again.stdout)), (Some(0), String::new()));
    assert_eq!(fmt(folder.path(), &[], "").status.code(), Some(2), "no path, and no settings");
}

#[test]
fn fmt_leaves_a_file_with_mistakes_alone_and_formats_the_others() {
    let folder = TempDir::new().expect("a folder");
    let broken = ODD.replace("typology: odd", "typology: broken").replace("1d", "soon");
    fs::write(folder.path().join("broken.yaml"), &broken).expect("a file");
    fs::write(folder.path().join("odd.yaml"), ODD).expect("a file");
    let output = fmt(folder.path(), &["."], "");
    assert_eq!(output.status.code(), Some(2));
    assert!(told(&output.stderr).contains("error[R005]") && told(&output.stderr).contains("broken.yaml:2:11"));
    assert_eq!(fs::read_to_string(folder.path().join("broken.yaml")).expect("the file"), broken);
    assert_eq!(fs::read_to_string(folder.path().join("odd.yaml")).expect("the file"), EVEN);
}

#[test]
fn fmt_reads_standard_input_and_writes_standard_output() {
    let folder = TempDir::new().expect("a folder");
    let output = fmt(folder.path(), &["-"], ODD);
    assert_eq!((output.status.code(), told(&output.stdout)), (Some(0), EVEN.to_owned()), "{}", told(&output.stderr));
    assert_eq!(fmt(folder.path(), &["-", "--check"], ODD).status.code(), Some(1));
    assert_eq!(fmt(folder.path(), &["-", "odd.yaml"], ODD).status.code(), Some(2));
}
