//! One file a subcommand; the short ones are here.

pub(crate) mod check;
pub(crate) mod compare;
pub(crate) mod count;
pub(crate) mod evaluate;
pub(crate) mod explain;
pub(crate) mod fmt;
pub(crate) mod new;
pub(crate) mod overlap;
pub(crate) mod plan;
pub(crate) mod presets;
pub(crate) mod rules;
pub(crate) mod run;
pub(crate) mod synth;
pub(crate) mod test;
pub(crate) mod tune;

use std::io::Write;

use clap::CommandFactory;
use clap_complete::Shell;

use crate::args::Arguments;
use crate::failure::Failure;

/// The pages that `help TOPIC` prints beside the subcommands.
const PAGES: [(&str, &str); 4] = [
    ("language", include_str!("../../../../docs/language.md")),
    ("testing", include_str!("../../../../docs/testing.md")),
    ("data", include_str!("../../../../docs/data.md")),
    ("typologies", include_str!("../../../../docs/typologies.md")),
];

/// Prints a completion script.
pub(crate) fn completions(shell: Shell) -> Result<u8, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "moneytrail", &mut script);
    std::io::stdout().write_all(&script)?;
    Ok(0)
}

/// Prints the JSON Schema of rule files.
pub(crate) fn schema() -> Result<u8, Failure> {
    std::io::stdout().write_all(moneytrail::lang::schema().as_bytes())?;
    Ok(0)
}

/// Prints a page, a subcommand's help, or the front page.
pub(crate) fn help(topic: Option<&str>) -> Result<u8, Failure> {
    let mut command = Arguments::command();
    let text = match topic {
        None => command.render_long_help().to_string(),
        Some(topic) => match PAGES.iter().find(|(name, _)| *name == topic) {
            Some((_, page)) => (*page).to_owned(),
            None => match command.find_subcommand_mut(topic) {
                Some(subcommand) => subcommand.render_long_help().to_string(),
                None => {
                    return Err(Failure::usage(format!(
                        "there is no help on `{topic}`; try `language`, `testing`, `data`, `typologies` or a subcommand"
                    )));
                }
            },
        },
    };
    std::io::stdout().write_all(text.as_bytes())?;
    Ok(0)
}
