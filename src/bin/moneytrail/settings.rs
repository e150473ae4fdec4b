//! What the program means: flags over `MONEYTRAIL_*` over `moneytrail.toml` in the current folder over defaults.
//!
//! What the user typed is [`crate::args`]; clap has put the environment below the flags there. This is the only place
//! that knows all four, and nothing behind it asks where a value came from.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;

use moneytrail::columns::Span;
use moneytrail::engine;
use moneytrail::ingest::{self, RejectLimit};
use moneytrail::lang::{Policy, Severity};
use moneytrail::search::Limits;
use moneytrail::write::Forms;
use serde::Deserialize;

use crate::args::{Budgets, CountForm, Form, Reading, RuleChoice, Run};
use crate::failure::Failure;
use crate::library;

/// The settings file.
const FILE: &str = "moneytrail.toml";

/// What the file may set; each key is the flag of the same name. What needs a decision at each run is not among them:
/// `--identifiable`, `--set`, `--rule`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub(crate) struct Settings {
    rules: Vec<PathBuf>,
    out: Option<PathBuf>,
    accounts: Option<PathBuf>,
    rates: Option<PathBuf>,
    list: BTreeMap<String, PathBuf>,
    mapping: Option<String>,
    base: Option<String>,
    max_rejects: Option<Limit>,
    threads: Option<NonZeroUsize>,
    formats: Option<Vec<Form>>,
    time_budget: Option<String>,
    max_instances_per_anchor: Option<u64>,
    max_matches_per_rule: Option<u64>,
    memory: Option<String>,
    check: Check,
}

/// What a project asks of all its rules; `check` alone looks at it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
struct Check {
    required: Vec<String>,
    tags: Option<Vec<String>>,
    max_severity: Option<Severity>,
    deny: Vec<String>,
    allow: Vec<String>,
}

/// A limit for rejects as TOML holds it: `100` or `"2%"`.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
enum Limit {
    Rows(u64),
    Text(String),
}

impl Settings {
    /// The settings of the current folder, if it has any.
    pub(crate) fn load() -> Result<Self, Failure> {
        match std::fs::read_to_string(FILE) {
            Ok(text) => Self::read(&text),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(Failure::output(format!("{FILE}: {error}"))),
        }
    }

    /// The rules that the file names.
    pub(crate) fn rules(&self) -> &[PathBuf] {
        &self.rules
    }

    /// What `check` holds rules to.
    pub(crate) fn policy(&self) -> Policy {
        let Check { required, tags, max_severity, deny, allow } = self.check.clone();
        Policy { required, tags, max_severity, deny, allow, deny_warnings: false }
    }

    fn read(text: &str) -> Result<Self, Failure> {
        toml::from_str(text).map_err(|error| Failure::usage(format!("{FILE}: {}", error.to_string().trim_end())))
    }
}

/// A run, settled.
#[derive(Debug)]
pub(crate) struct Settled {
    /// What the engine is asked.
    pub(crate) request: engine::Request,
    /// Where the results go.
    pub(crate) out: Option<PathBuf>,
    /// Further forms of the matches.
    pub(crate) forms: Forms,
    /// Whether a match is exit code 1.
    pub(crate) fail_on_match: bool,
    /// How long the run may take before what is left is cut.
    pub(crate) time_budget: Option<Span>,
    /// Where a profile goes, if one is wanted: a file, or `-` for standard error.
    pub(crate) profile: Option<PathBuf>,
    /// Bytes of memory to keep to.
    pub(crate) memory: Option<u64>,
    /// Whether finished slices of an earlier run are taken up.
    pub(crate) resume: bool,
    /// The form of the counts, where instances are only counted.
    pub(crate) count: Option<CountForm>,
}

impl Settled {
    /// Puts flags, environment, file and defaults together.
    pub(crate) fn new(typed: Run, file: Settings) -> Result<Self, Failure> {
        let forms = typed.formats.or_else(|| file.formats.clone()).unwrap_or_default();
        let mut request = request(typed.reading, typed.choice, &file)?;
        request.intake.inputs = typed.inputs;
        request.limits = limits(&typed.budgets, &file);
        let time_budget = time_budget(&typed.budgets, &file)?;
        let memory = typed.slicing.memory.as_ref().or(file.memory.as_ref()).map(|text| memory(text)).transpose()?;
        Ok(Self {
            memory,
            resume: typed.slicing.resume,
            request,
            out: typed.out.or(file.out),
            forms: Forms { csv: forms.contains(&Form::Csv), jsonl: forms.contains(&Form::Jsonl) },
            fail_on_match: typed.fail_on_match,
            time_budget,
            profile: typed.profile,
            count: typed.count.then_some(typed.format),
        })
    }
}

/// What the engine is asked, but for the inputs.
pub(crate) fn request(typed: Reading, choice: RuleChoice, file: &Settings) -> Result<engine::Request, Failure> {
    let max_rejects = match (&typed.max_rejects, &file.max_rejects) {
        (Some(text), _) | (None, Some(Limit::Text(text))) => Some(reject_limit(text)?),
        (None, Some(Limit::Rows(rows))) => Some(RejectLimit::Rows(*rows)),
        (None, None) => None,
    };
    let or = |path: Option<PathBuf>, other: &Option<PathBuf>| path.or_else(|| other.clone());
    let intake = ingest::Request {
        accounts: or(typed.accounts, &file.accounts),
        rates: or(typed.rates, &file.rates),
        lists: lists(&typed.lists, &file.list)?,
        mapping: typed.mapping.or_else(|| file.mapping.clone()),
        base: typed.base.or_else(|| file.base.clone()),
        max_rejects,
        identifiable: typed.identifiable,
        ..ingest::Request::default()
    };
    let paths = if choice.rules.is_empty() { &file.rules } else { &choice.rules };
    Ok(engine::Request {
        sources: library::sources(paths)?,
        overrides: library::overrides(&choice.set)?,
        only: choice.only,
        intake,
        limits: Limits::default(),
        late: Arc::default(),
        threads: typed.threads.or(file.threads),
        slices: None,
    })
}

/// How long a run may take before what is left is cut.
pub(crate) fn time_budget(typed: &Budgets, file: &Settings) -> Result<Option<Span>, Failure> {
    typed.time_budget.as_ref().or(file.time_budget.as_ref()).map(|text| duration(text)).transpose()
}

/// The budgets of a search.
pub(crate) fn limits(typed: &Budgets, file: &Settings) -> Limits {
    let default = Limits::default();
    let settle = |typed: Option<u64>, file: Option<u64>, default: u64| typed.or(file).unwrap_or(default);
    Limits {
        instances_per_anchor: settle(
            typed.max_instances_per_anchor,
            file.max_instances_per_anchor,
            default.instances_per_anchor,
        ),
        matches_per_rule: settle(typed.max_matches_per_rule, file.max_matches_per_rule, default.matches_per_rule),
    }
}

/// The lists of the file, and over them those that were typed.
fn lists(typed: &[String], file: &BTreeMap<String, PathBuf>) -> Result<BTreeMap<String, PathBuf>, Failure> {
    let mut lists = file.clone();
    for text in typed {
        let parts = text.split_once('=').filter(|(name, path)| !name.is_empty() && !path.is_empty());
        let (name, path) = parts
            .ok_or_else(|| Failure::usage(format!("`{text}` names no list: write `--list high_risk=countries.csv`")))?;
        lists.insert(name.trim_start_matches('@').to_owned(), PathBuf::from(path));
    }
    Ok(lists)
}

/// Reads `10m`.
fn duration(text: &str) -> Result<Span, Failure> {
    let span = text.parse::<Span>().ok().filter(|span| *span > Span::ZERO);
    span.ok_or_else(|| {
        Failure::usage(format!("`{text}` is no time budget: write a duration such as `90s`, `10m` or `2h`"))
    })
}

/// Reads `4GiB`.
fn memory(text: &str) -> Result<u64, Failure> {
    let number = text.trim_end_matches(|sign: char| sign.is_alphabetic() || sign == ' ');
    let unit = match text[number.len()..].trim() {
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        "TiB" => 1 << 40,
        "kB" | "KB" => 1_000,
        "MB" => 1_000_000,
        "GB" => 1_000_000_000,
        "TB" => 1_000_000_000_000,
        _ => 0,
    };
    let bytes = number.parse::<u64>().ok().and_then(|number| number.checked_mul(unit));
    let way_out = "write a whole number and a unit, such as `4GiB` or `512MiB`; 1MiB is the least";
    let enough = bytes.filter(|bytes| *bytes >= LEAST_MEMORY);
    enough.ok_or_else(|| Failure::usage(format!("`{text}` is no size of memory: {way_out}")))
}

/// With less memory than this nothing can be run.
const LEAST_MEMORY: u64 = 1 << 20;

/// Reads `100` or `2%`.
fn reject_limit(text: &str) -> Result<RejectLimit, Failure> {
    let limit = match text.strip_suffix('%') {
        Some(share) => share.trim().parse().ok().filter(|p| (0.0..=100.0).contains(p)).map(RejectLimit::Percent),
        None => text.trim().parse().ok().map(RejectLimit::Rows),
    };
    let way_out = "write a number such as `100`, or a share such as `2%`";
    limit.ok_or_else(|| Failure::usage(format!("`{text}` is no limit for rejects: {way_out}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_for_rejects_is_a_number_or_a_share() {
        assert_eq!(reject_limit("100").ok(), Some(RejectLimit::Rows(100)));
        assert_eq!(reject_limit("2.5 %").ok(), Some(RejectLimit::Percent(2.5)));
        for wrong in ["many", "-1", "101%", "NaN%", ""] {
            assert!(reject_limit(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_size_of_memory_has_a_unit() {
        assert_eq!(memory("4GiB").ok(), Some(4 << 30));
        assert_eq!((memory("8 GB").ok(), memory("512MiB").ok()), (Some(8_000_000_000), Some(512 << 20)));
        for wrong in ["4", "GiB", "-1GiB", "4G", "1KiB", "99999999999TiB", "", "4.5GiB"] {
            assert!(memory(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_file_knows_its_keys_and_names_the_line_of_an_unknown_one() {
        let settings = Settings::read("max-rejects = 7\nformats = [\"csv\"]\n").expect("known keys");
        assert!(matches!(settings.max_rejects, Some(Limit::Rows(7))));
        let failure = Settings::read("threads = 2\nmax-rejcts = 5\n").expect_err("an unknown key");
        assert!(failure.code == 2 && failure.message.contains("line 2"), "{}", failure.message);
        assert!(Settings::read("threads = 0\n").is_err());
    }
}
