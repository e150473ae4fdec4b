//! The canonical form of a rule file: its keys in the order of the language, its tables in columns, its comments kept.
//!
//! The layout is `pretty_yaml`'s. What is ours knows the language: which key comes before which, what is a range and what
//! is a table. No word changes its meaning: the rule is read before and after, and both must be the same.

mod order;
mod tree;
mod values;

use pretty_yaml::config::{FormatOptions, LanguageOptions, LayoutOptions};
use similar::TextDiff;

use crate::lang::{self, Alone, Diagnostic, Level, Source, Typology};

/// Why a file is left as it is.
#[derive(Clone, Debug)]
pub enum Refusal {
    /// It has mistakes; these are all its diagnostics.
    Mistakes(Vec<Diagnostic>),
    /// The canonical form would say something else, in this respect. It is a fault of the program, not of the file.
    Changed(&'static str),
}

/// The canonical form of a rule file.
///
/// # Errors
///
/// Where the file has mistakes, and where its canonical form would not be the same rule.
pub fn format(source: &Source) -> Result<String, Refusal> {
    let before = lang::read(source);
    let Some(rule) = &before.typology else { return Err(Refusal::Mistakes(before.diagnostics)) };
    let text = source.text.trim_start_matches('\u{feff}').replace("\r\n", "\n");
    let formatted = canonical(&text).ok_or(Refusal::Changed("it cannot be taken apart"))?;
    let after = lang::read(&Source { path: source.path.clone(), text: formatted.clone() });
    if after.typology.as_ref().is_none_or(|after| meaning(after) != meaning(rule)) {
        return Err(Refusal::Changed("the rule"));
    }
    if warnings(&after) != warnings(&before) {
        return Err(Refusal::Changed("the warnings"));
    }
    if tree::comments(&formatted) != tree::comments(&text) {
        return Err(Refusal::Changed("the comments"));
    }
    Ok(formatted)
}

/// What `--check` shows of a file that is not in canonical form: a unified diff.
#[must_use]
pub fn diff(path: &str, before: &str, after: &str) -> String {
    let canonical = format!("{path} (canonical)");
    TextDiff::from_lines(before, after).unified_diff().header(path, &canonical).to_string()
}

fn canonical(text: &str) -> Option<String> {
    let text = layout(text)?;
    let text = layout(&order::sort(text))?;
    layout(&values::spell(&text)).map(|text| values::align_remarks(&text))
}

fn layout(text: &str) -> Option<String> {
    if !tree::blocks_are_even(text) {
        return None;
    }
    let options = FormatOptions {
        // Prose is not wrapped, and a mapping on one line stays there however long its help is.
        layout: LayoutOptions { print_width: 100_000, ..LayoutOptions::default() },
        language: LanguageOptions { trailing_comma: false, ..LanguageOptions::default() },
    };
    pretty_yaml::format_text(text, &options).ok()
}

/// Everything that a rule says, but for where it says it.
fn meaning(rule: &Typology) -> String {
    let mut rule = rule.clone();
    rule.sha256.clear();
    rule.tests.iter_mut().for_each(|test| test.line = 0);
    format!("{rule:?}")
}

/// The codes and messages of what is warned of, sorted.
fn warnings(read: &Alone) -> Vec<(&str, &str)> {
    let warnings = read.diagnostics.iter().filter(|found| found.level == Level::Warning);
    let mut told: Vec<(&str, &str)> = warnings.map(|found| (found.code, found.message.as_str())).collect();
    told.sort_unstable();
    told
}
