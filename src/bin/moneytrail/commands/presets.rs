//! `presets`: ledgers that are recognised by their headers.

use std::io::Write;

use moneytrail::ingest;

use crate::args::Presets;
use crate::failure::Failure;

pub(crate) fn run(arguments: &Presets) -> Result<u8, Failure> {
    let mut out = std::io::stdout().lock();
    match &arguments.show {
        None => {
            for preset in ingest::presets() {
                writeln!(out, "{:14} {}", preset.name, preset.title)?;
            }
        }
        Some(name) => {
            let Some(preset) = ingest::presets().iter().find(|preset| preset.name == name) else {
                let known: Vec<&str> = ingest::presets().iter().map(|preset| preset.name).collect();
                return Err(Failure::usage(format!("there is no preset `{name}`; there are {}", known.join(", "))));
            };
            write!(out, "{}", preset.toml)?;
        }
    }
    Ok(0)
}
