//! What the user typed. What the program means by it is worked out in the commands.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use clap_complete::Shell;

/// Find criminal money flows: declarative rules, run exactly and in parallel over ledgers of pseudonymous transfers.
#[derive(Debug, Parser)]
#[command(name = "moneytrail", version, disable_help_subcommand = true, arg_required_else_help = true)]
#[command(
    after_help = "Exit codes: 0 done, 1 match with --fail-on-match or failed rule test, 2 wrong rule or command,\n3 wrong data, 4 refused for privacy, 5 input or output failed, 130 interrupted."
)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Check rule files; every mistake of every file in one go.
    Check(Check),
    /// Run the tests that rules carry.
    Test(Test),
    /// Show how a rule is searched, and why.
    Plan(Plan),
    /// List rules with title, severity, stage and sources.
    Rules(Rules),
    /// Print a completion script for a shell.
    Completions {
        /// The shell.
        shell: Shell,
    },
    /// Print help.
    Help {
        /// A subcommand.
        topic: Option<String>,
    },
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  moneytrail check typologies\n  moneytrail check --explain R012")]
pub(crate) struct Check {
    /// Rule files or folders; else the rules shipped inside the program.
    #[arg(value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
    /// Explain a diagnostic code at length.
    #[arg(long, value_name = "CODE", conflicts_with = "paths")]
    pub(crate) explain: Option<String>,
}

#[derive(Debug, Args)]
#[command(after_help = "Example:\n  moneytrail test typologies/mule-chain.yaml")]
pub(crate) struct Test {
    /// Rule files or folders; else the rules shipped inside the program.
    #[arg(value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  moneytrail plan mule-chain\n  moneytrail plan my-rules/new.yaml")]
pub(crate) struct Plan {
    /// The id of a shipped rule, or a rule file.
    #[arg(value_name = "RULE")]
    pub(crate) rule: String,
}

#[derive(Debug, Args)]
pub(crate) struct Rules {
    /// Rule files or folders; else the rules shipped inside the program.
    #[arg(value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
}
