//! `moneytrail.toml` in the current folder: settings below flags and environment, above defaults.

use std::path::PathBuf;

use moneytrail::ingest::RejectLimit;
use serde::Deserialize;

use crate::args::Form;
use crate::failure::Failure;

/// The file's name.
const FILE: &str = "moneytrail.toml";

/// What the file may set; each key is the flag of the same name.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub(crate) struct Settings {
    pub(crate) rules: Vec<PathBuf>,
    pub(crate) accounts: Option<PathBuf>,
    pub(crate) rates: Option<PathBuf>,
    pub(crate) mapping: Option<String>,
    pub(crate) base: Option<String>,
    pub(crate) max_rejects: Option<String>,
    pub(crate) threads: Option<usize>,
    pub(crate) formats: Option<Vec<Form>>,
    pub(crate) max_instances_per_anchor: Option<u64>,
    pub(crate) max_matches_per_rule: Option<u64>,
}

/// The settings of the current folder, if it has any.
pub(crate) fn load() -> Result<Settings, Failure> {
    match std::fs::read_to_string(FILE) {
        Ok(text) => toml::from_str(&text).map_err(|error| Failure::usage(format!("{FILE}: {error}"))),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Settings::default()),
        Err(error) => Err(Failure::output(format!("{FILE}: {error}"))),
    }
}

/// Reads `100` or `2%`.
pub(crate) fn reject_limit(text: &str) -> Result<RejectLimit, Failure> {
    let wrong = || {
        Failure::usage(format!(
            "`{text}` is no limit for rejects: write a number such as `100`, or a share such as `2%`"
        ))
    };
    match text.strip_suffix('%') {
        Some(share) => match share.trim().parse::<f64>() {
            Ok(percent) if (0.0..=100.0).contains(&percent) => Ok(RejectLimit::Percent(percent)),
            _ => Err(wrong()),
        },
        None => text.trim().parse().map(RejectLimit::Rows).map_err(|_| wrong()),
    }
}
