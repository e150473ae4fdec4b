//! The command line: turns what a user types into calls of the library, and results into text.
//!
//! Results go to standard output or a folder, everything else to standard error. Exit codes: 0 done; 1 a match with
//! `--fail-on-match`, a change with `--fail-on-change`, or a failed test; 2 a wrong rule or command; 3 wrong data; 4 refused for privacy; 5 input
//! or output failed; 130 interrupted.

mod args;
mod closing;
mod commands;
mod failure;
mod interrupt;
mod library;
mod profile;
mod progress;
mod settings;
mod terminal;
mod workshop;

use std::process::ExitCode;

use clap::Parser;

use args::{Arguments, Command};
use failure::Failure;

/// The largest block that the allocator of the GNU C library may keep when it is given back.
const KEPT_BLOCK: usize = (32 << 20) - (64 << 10);

fn main() -> ExitCode {
    // It maps larger blocks than any that was given back by themselves and unmaps them again, so that each is filled with
    // noughts by the system anew. It would learn within a second that there are larger ones; here it learns at once.
    drop(std::hint::black_box(Vec::<u8>::with_capacity(KEPT_BLOCK)));
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            // A page that was asked for is a result; a mistake is a wrong command.
            let code = if error.use_stderr() { failure::USAGE } else { 0 };
            return end(error.print().map(|()| code).map_err(Failure::from));
        }
    };
    let outcome = match arguments.command {
        Command::Run(run) => commands::run::run(*run),
        Command::Check(check) => commands::check::run(&check),
        Command::Fmt(fmt) => commands::fmt::run(&fmt),
        Command::Test(test) => commands::test::run(&test),
        Command::Compare(compare) => commands::compare::run(*compare),
        Command::Explain(explain) => commands::explain::run(*explain),
        Command::Overlap(overlap) => commands::overlap::run(*overlap),
        Command::Evaluate(evaluate) => commands::evaluate::run(*evaluate),
        Command::Plan(plan) => commands::plan::run(*plan),
        Command::Rules(rules) => commands::rules::run(&rules),
        Command::New(new) => commands::new::run(&new),
        Command::Schema => commands::schema(),
        Command::Presets(presets) => commands::presets::run(&presets),
        Command::Synth(synth) => commands::synth::run(&synth),
        Command::Tune(tune) => commands::tune::run(*tune),
        Command::Completions { shell } => commands::completions(shell),
        Command::Help { topic } => commands::help(topic.as_deref()),
    };
    end(outcome)
}

/// Says why a command ended early, if it did, and gives its exit code.
fn end(outcome: Result<u8, Failure>) -> ExitCode {
    match outcome {
        Ok(code) => ExitCode::from(code),
        Err(Failure { code, message }) => {
            if !message.is_empty() {
                terminal::complain(&message);
            }
            ExitCode::from(code)
        }
    }
}
