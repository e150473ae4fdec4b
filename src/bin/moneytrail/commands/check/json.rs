//! Diagnostics as JSON: one object, described in `docs/diagnostics.md`; keys are added, never changed.

use moneytrail::lang::{Checked, Diagnostic, Level, Source};
use serde::Serialize;

#[derive(Serialize)]
struct Report<'a> {
    files: usize,
    errors: usize,
    warnings: usize,
    diagnostics: Vec<Found<'a>>,
    allowed: Vec<Allowed<'a>>,
}

#[derive(Serialize)]
struct Found<'a> {
    code: &'a str,
    level: &'a str,
    message: &'a str,
    path: &'a str,
    start: Place,
    end: Place,
    label: &'a str,
    help: &'a str,
    replacement: Option<&'a str>,
}

#[derive(Serialize)]
struct Place {
    line: usize,
    column: usize,
    byte: usize,
}

#[derive(Serialize)]
struct Allowed<'a> {
    #[serde(flatten)]
    found: Found<'a>,
    reason: &'a str,
}

/// The report as text.
pub(super) fn report(checked: &Checked, sources: &[Source]) -> Result<String, serde_json::Error> {
    let errors = checked.diagnostics.iter().filter(|diagnostic| diagnostic.level == Level::Error).count();
    let allowed = checked.allowed.iter();
    serde_json::to_string_pretty(&Report {
        files: sources.len(),
        errors,
        warnings: checked.diagnostics.len() - errors,
        diagnostics: checked.diagnostics.iter().map(found).collect(),
        allowed: allowed.map(|a| Allowed { found: found(&a.diagnostic), reason: &a.reason }).collect(),
    })
}

fn found(diagnostic: &Diagnostic) -> Found<'_> {
    let Diagnostic { line, column, end_line, end_column, ref span, .. } = *diagnostic;
    Found {
        code: diagnostic.code,
        level: super::level(diagnostic.level),
        message: &diagnostic.message,
        path: &diagnostic.path,
        start: Place { line, column, byte: span.start },
        end: Place { line: end_line, column: end_column, byte: span.end },
        label: &diagnostic.label,
        help: &diagnostic.help,
        replacement: diagnostic.replacement.as_deref(),
    }
}
