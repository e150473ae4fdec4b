//! One mistake in a rule file: where it is, what is wrong and how to mend it.

use std::ops::Range;

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Level as SnippetLevel, Renderer, Snippet};

use super::codes::Code;

/// How grave a diagnostic is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// The rule cannot run.
    Error,
    /// The rule runs, and is probably not what its author wants.
    Warning,
}

/// A place in a source: byte offsets into its text.
pub type Span = Range<usize>;

/// One mistake, with its place and a way out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Stable code, such as `R012`.
    pub code: &'static str,
    /// How grave it is.
    pub level: Level,
    /// What is wrong, in one phrase.
    pub message: String,
    /// Path of the file; `--set rule.parameter=value` where a setting of the run is at fault.
    pub path: String,
    /// Where in the file.
    pub span: Span,
    /// Line of the place, from 1.
    pub line: usize,
    /// Column of the place in characters, from 1.
    pub column: usize,
    /// Line in which the place ends.
    pub end_line: usize,
    /// Column in characters, from 1, behind the last character of the place.
    pub end_column: usize,
    /// What stands beside the underlined place.
    pub label: String,
    /// How to mend it.
    pub help: String,
    /// What would stand at the place if the mistake is the slip of the finger that it seems to be.
    pub replacement: Option<String>,
}

/// A way out of a mistake.
#[derive(Clone, Debug)]
pub(super) struct Help {
    text: String,
    replacement: Option<String>,
}

impl Help {
    /// To write something else at the very place of the mistake.
    pub(super) fn write(replacement: impl Into<String>) -> Self {
        let replacement = replacement.into();
        Self { text: format!("write `{replacement}`"), replacement: Some(replacement) }
    }
}

impl<T: Into<String>> From<T> for Help {
    fn from(text: T) -> Self {
        Self { text: text.into(), replacement: None }
    }
}

impl Diagnostic {
    /// By what diagnostics are sorted.
    pub(super) fn order(&self) -> (&str, usize, usize, &str) {
        (&self.path, self.line, self.column, self.code)
    }

    /// The diagnostic as a reader sees it: place, source line with the piece underlined, and the way out.
    ///
    /// `text` is the file's text (for a setting, what stands behind `--set `); `color` asks for terminal colours.
    #[must_use]
    pub fn render(&self, text: &str, color: bool) -> String {
        let level = match self.level {
            Level::Error => SnippetLevel::ERROR,
            Level::Warning => SnippetLevel::WARNING,
        };
        let mark = AnnotationKind::Primary.span(self.span.clone()).label(&self.label);
        let snippet = Snippet::source(text).path(&self.path).annotation(mark);
        let group = level.primary_title(&self.message).id(self.code).element(snippet);
        let group = if self.help.is_empty() { group } else { group.element(SnippetLevel::HELP.message(&self.help)) };
        let renderer = if color { Renderer::styled() } else { Renderer::plain() };
        renderer.decor_style(DecorStyle::Ascii).render(&[group])
    }
}

/// Collects the diagnostics of one file.
#[derive(Debug)]
pub(super) struct Reporter<'a> {
    path: &'a str,
    text: &'a str,
    found: Vec<Diagnostic>,
    added: usize,
}

impl<'a> Reporter<'a> {
    pub(super) fn new(path: &'a str, text: &'a str) -> Self {
        Self { path, text, found: Vec::new(), added: 0 }
    }

    /// Adds a diagnostic at a place.
    pub(super) fn add(
        &mut self,
        code: Code,
        span: &Span,
        message: impl Into<String>,
        label: impl Into<String>,
        help: impl Into<Help>,
    ) {
        let start = span.start.min(self.text.len());
        let end = span.end.clamp(start, self.text.len());
        let ((line, column), (end_line, end_column)) = (position(self.text, start), position(self.text, end));
        let Help { text: help, replacement } = help.into();
        let diagnostic = Diagnostic {
            code: code.name,
            level: code.level,
            message: message.into(),
            path: self.path.to_owned(),
            span: start..end,
            line,
            column,
            end_line,
            end_column,
            label: label.into(),
            help,
            replacement,
        };
        self.added += 1;
        if !self.found.contains(&diagnostic) {
            self.found.push(diagnostic);
        }
    }

    pub(super) fn text(&self) -> &'a str {
        self.text
    }

    pub(super) fn has_errors(&self) -> bool {
        self.found.iter().any(|diagnostic| diagnostic.level == Level::Error)
    }

    /// How many have been added so far; one that is added twice is kept once and counts twice.
    pub(super) fn len(&self) -> usize {
        self.added
    }

    pub(super) fn finish(self) -> Vec<Diagnostic> {
        self.found
    }
}

/// Line and column of a byte, both from 1; columns count characters.
fn position(text: &str, at: usize) -> (usize, usize) {
    let before = &text[..at];
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
}

/// The known name that is most like a mistaken one, if any is close.
pub(super) fn nearest<'n>(wrong: &str, known: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    let limit = match wrong.chars().count() {
        0..=1 => 0,
        2..=3 => 1,
        _ => 2,
    };
    let candidates = known.into_iter().map(|name| (distance(wrong, name), name));
    candidates.filter(|&(distance, _)| distance <= limit).min().map(|(_, name)| name)
}

/// Edit distance (Levenshtein 1966), with a swap of two neighbours as one edit.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut rows: Vec<Vec<usize>> = vec![(0..=b.len()).collect()];
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let change = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut best = change.min(rows[i - 1][j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(rows[i - 2][j - 2] + 1);
            }
            row.push(best);
        }
        rows.push(row);
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_finger_is_named() {
        assert_eq!(nearest("chanel", ["channel", "kind"]), Some("channel"));
        assert_eq!(nearest("witihn", ["within", "where"]), Some("within"));
        assert_eq!(nearest("branch", ["channel", "kind"]), None);
    }
}
