//! `rules`: what there is, as a table for people or JSON Lines for programs.

use std::io::Write;

use moneytrail::lang::Typology;
use moneytrail::workbench::catalogue;
use serde::Serialize;

use crate::args::Rules;
use crate::failure::Failure;
use crate::{library, terminal};

/// One rule in a listing.
#[derive(Serialize)]
struct Line<'a> {
    rule: &'a str,
    family: &'a str,
    version: u32,
    title: &'a str,
    severity: moneytrail::lang::Severity,
    stage: moneytrail::lang::Stage,
    status: moneytrail::lang::Status,
    references: &'a [String],
    tags: &'a [String],
}

pub(crate) fn run(arguments: &Rules) -> Result<u8, Failure> {
    let sources = library::sources(&arguments.paths)?;
    let set = library::compile(&sources, &[])?;
    let mut out = std::io::stdout().lock();
    if arguments.markdown {
        out.write_all(catalogue::markdown(&set).as_bytes())?;
        return Ok(0);
    }
    if terminal::is_interactive() {
        let mut table =
            terminal::table(&["rule", "family", "title", "severity", "stage", "status", "sources"], &[], &[2, 6]);
        for typology in &set.typologies {
            let line = line(typology);
            table.add_row(vec![
                line.rule.to_owned(),
                line.family.to_owned(),
                line.title.to_owned(),
                word(line.severity),
                word(line.stage),
                word(line.status),
                line.references.join("; "),
            ]);
        }
        writeln!(out, "{table}")?;
    } else {
        for typology in &set.typologies {
            let text = serde_json::to_string(&line(typology))?;
            writeln!(out, "{text}")?;
        }
    }
    Ok(0)
}

fn line(typology: &Typology) -> Line<'_> {
    Line {
        rule: &typology.id,
        family: &typology.family,
        version: typology.version,
        title: &typology.title,
        severity: typology.severity,
        stage: typology.stage,
        status: typology.status,
        references: &typology.references,
        tags: &typology.tags,
    }
}

/// The word that a value is in JSON.
fn word(value: impl Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}
