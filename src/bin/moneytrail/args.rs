//! What the user typed. What the program means by it is worked out in `settings` and in the commands.

mod evaluate;

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

pub(crate) use evaluate::{AlertUnit, Evaluate, TableForm};

/// Find criminal money flows: declarative rules, run exactly and in parallel over ledgers of pseudonymous transfers.
#[derive(Debug, Parser)]
#[command(name = "moneytrail", version, disable_help_subcommand = true, arg_required_else_help = true)]
#[command(
    after_help = "Exit codes: 0 done, 1 match with --fail-on-match, change with --fail-on-change or failed test,\n2 wrong rule or command, 3 wrong data, 4 refused for privacy, 5 input or output failed, 130 interrupted."
)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run rules over ledgers: matches, cases and statistics.
    Run(Box<Run>),
    /// Check rule files; every mistake of every file in one go.
    Check(Check),
    /// Put rule files into canonical form; comments stay.
    Fmt(Fmt),
    /// Run the tests that rules carry.
    Test(Test),
    /// Compare two runs, or two versions of a rule: which matches are new, gone and changed.
    Compare(Box<Compare>),
    /// Hold what rules find against labels: precision, recall and F1 at three grains, and what is missed.
    Evaluate(Box<Evaluate>),
    /// Say why a match is one, or why some transfers are none.
    Explain(Box<Explain>),
    /// Show how much rules find the same, and what each finds alone.
    Overlap(Box<Overlap>),
    /// Show how a rule is searched, and why.
    Plan(Box<Plan>),
    /// List rules with title, severity, stage and sources.
    Rules(Rules),
    /// Write a rule file to begin with: commented, and passing its check and its tests.
    New(New),
    /// Print the JSON Schema of rule files, by which editors complete and check them.
    #[command(after_help = "Examples:\n  moneytrail schema > rules.schema.json")]
    Schema,
    /// List the presets for well-known ledgers, or show one as a mapping file.
    Presets(Presets),
    /// Make a ledger with planted flows, from a seed.
    Synth(Synth),
    /// Try a rule at many settings of its parameters, in one search of the ledger.
    Tune(Box<Tune>),
    /// Print a completion script for a shell.
    #[command(after_help = "Examples:\n  moneytrail completions bash > moneytrail.bash")]
    Completions {
        /// The shell.
        shell: Shell,
    },
    /// Print help; `moneytrail help language` prints the language reference.
    #[command(after_help = "Examples:\n  moneytrail help language\n  moneytrail help run")]
    Help {
        /// A subcommand, or `language`, `testing`, `data`, `typologies`.
        topic: Option<String>,
    },
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  moneytrail new late-rent")]
pub(crate) struct New {
    /// Id of the rule; the file `ID.yaml` is made in the current folder.
    #[arg(value_name = "ID")]
    pub(crate) rule: String,
}

/// Where rules come from.
#[derive(Clone, Debug, Args)]
pub(crate) struct RuleChoice {
    /// Rule files or folders; else the rules shipped inside the program.
    #[arg(long = "rules", value_name = "PATH", env = "MONEYTRAIL_RULES")]
    pub(crate) rules: Vec<PathBuf>,
    /// Only these rules, by id; may be given several times.
    #[arg(long = "rule", value_name = "ID")]
    pub(crate) only: Vec<String>,
    /// Set a parameter: `--set fan-in.payers=6`; may be given several times.
    #[arg(long = "set", value_name = "RULE.PARAMETER=VALUE")]
    pub(crate) set: Vec<String>,
}

/// How ledgers are read.
#[derive(Clone, Debug, Args)]
pub(crate) struct Reading {
    /// The account table; a folder that holds one beside its transfers needs none named.
    #[arg(long, value_name = "FILE", env = "MONEYTRAIL_ACCOUNTS")]
    pub(crate) accounts: Option<PathBuf>,
    /// Rates into the base currency: a table of date, currency and rate.
    #[arg(long, value_name = "FILE", env = "MONEYTRAIL_RATES")]
    pub(crate) rates: Option<PathBuf>,
    /// A reference list that rules read as `@NAME`, with the columns `value` or `amount`, `valid_from`, `valid_to`.
    #[arg(long = "list", value_name = "NAME=FILE")]
    pub(crate) lists: Vec<String>,
    /// A mapping file, or the name of a preset; else the header decides.
    #[arg(long, value_name = "FILE|PRESET", env = "MONEYTRAIL_MAPPING")]
    pub(crate) mapping: Option<String>,
    /// The currency that amounts are compared in; else the one most transfers are booked in.
    #[arg(long, value_name = "CODE", env = "MONEYTRAIL_BASE")]
    pub(crate) base: Option<String>,
    /// How many rows may be set aside before the run stops: a number, or a share such as `2%`. [default: 1%]
    #[arg(long, value_name = "N|P%", env = "MONEYTRAIL_MAX_REJECTS")]
    pub(crate) max_rejects: Option<String>,
    /// Accept account keys that look identifying; the manifest records it.
    #[arg(long)]
    pub(crate) identifiable: bool,
    /// Threads; the result does not depend on them. [default: one a core]
    #[arg(long, value_name = "N", env = "MONEYTRAIL_THREADS")]
    pub(crate) threads: Option<NonZeroUsize>,
}

/// What is held against the matches, and how.
#[derive(Clone, Debug, Args)]
pub(crate) struct Labelling {
    /// A table of labels, beside those that lie with the transfers; may be given several times.
    #[arg(long, value_name = "FILE")]
    pub(crate) labels: Vec<PathBuf>,
    /// A labelled typology is the business of a rule: `--typology cycle=simple-cycle`; may be given several times.
    #[arg(long, value_name = "LABEL=RULE")]
    pub(crate) typology: Vec<String>,
    /// Least overlap (Jaccard) of a match and a labelled instance that it finds.
    #[arg(long, value_name = "SHARE", default_value_t = 0.5)]
    pub(crate) overlap: f64,
}

/// What ends a search early. A run says what was cut, and by which of these.
#[derive(Clone, Debug, Args)]
pub(crate) struct Budgets {
    /// When a run stops to search, such as `10m` after its start: what has not been searched by then is cut. What such
    /// a run finds depends on the machine. [default: never]
    #[arg(long, value_name = "DURATION", env = "MONEYTRAIL_TIME_BUDGET")]
    pub(crate) time_budget: Option<String>,
    /// The most instances found at one account before the search there ends. [default: 1000000]
    #[arg(long, value_name = "N", env = "MONEYTRAIL_MAX_INSTANCES_PER_ANCHOR")]
    pub(crate) max_instances_per_anchor: Option<u64>,
    /// The most matches of one rule. [default: 1000000]
    #[arg(long, value_name = "N", env = "MONEYTRAIL_MAX_MATCHES_PER_RULE")]
    pub(crate) max_matches_per_rule: Option<u64>,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  moneytrail run sample_data --out out
  moneytrail run sample_data/transfers.csv --rule fan-in --set fan-in.payers=6
  moneytrail run sample_data --out out --profile
  moneytrail run sample_data --rule fan-in --out out --memory 4MiB
  moneytrail run sample_data --count --format json
  cat sample_data/transfers.csv | moneytrail run - --mapping canonical --out out

Results go to the folder, and a summary of each rule to standard output: a table on a terminal, JSON Lines in a pipe.
Without --out the matches themselves go to a pipe, as JSON Lines. Every option but --rule, --set, --identifiable,
--fail-on-match, --resume and --profile can also stand in the environment (MONEYTRAIL_MAX_REJECTS) or in moneytrail.toml of the
current folder (max-rejects = \"2%\"); a flag goes first, then the environment, then the file.")]
pub(crate) struct Run {
    /// Files, folders or globs of transfers; `-` is standard input.
    #[arg(required = true, value_name = "INPUT")]
    pub(crate) inputs: Vec<String>,
    /// Folder for the results, written whole or not at all; an earlier run's folder is replaced.
    #[arg(long, value_name = "DIR", env = "MONEYTRAIL_OUT")]
    pub(crate) out: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) choice: RuleChoice,
    #[command(flatten)]
    pub(crate) reading: Reading,
    #[command(flatten)]
    pub(crate) budgets: Budgets,
    #[command(flatten)]
    pub(crate) slicing: Slicing,
    /// Forms in which the matches are written.
    #[arg(long, value_name = "FORM", value_delimiter = ',', env = "MONEYTRAIL_FORMATS")]
    pub(crate) formats: Option<Vec<Form>>,
    /// End with exit code 1 if there is a match.
    #[arg(long)]
    pub(crate) fail_on_match: bool,
    /// At the end say on standard error where time and memory went, by stage and by rule, or write it to FILE as JSON.
    #[arg(long, value_name = "FILE", num_args = 0..=1, require_equals = true, default_missing_value = "-")]
    pub(crate) profile: Option<PathBuf>,
    /// Count the instances of each rule, before any match is dropped, and list none.
    #[arg(long, conflicts_with_all = ["formats", "fail_on_match", "profile", "memory", "resume"])]
    pub(crate) count: bool,
    /// The form of the counts.
    #[arg(long, value_name = "FORM", default_value = "text", requires = "count")]
    pub(crate) format: CountForm,
}

/// A form of counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum CountForm {
    /// A table.
    Text,
    /// One JSON object, described in `docs/data.md`.
    Json,
}

/// How a ledger is run that is larger than memory.
#[derive(Clone, Debug, Args)]
pub(crate) struct Slicing {
    /// Memory to keep to, such as `4GiB`: a ledger that needs more is written away while it is read, and searched in
    /// slices of time. The result is the same.
    #[arg(long, value_name = "SIZE", env = "MONEYTRAIL_MEMORY")]
    pub(crate) memory: Option<String>,
    /// Go on where an earlier run of the same command was killed: finished slices are not searched again.
    #[arg(long, requires_all = ["memory", "out"])]
    pub(crate) resume: bool,
}

/// A form in which matches are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Form {
    /// `matches.parquet`, always written.
    Parquet,
    /// `matches.csv`.
    Csv,
    /// `matches.jsonl`.
    Jsonl,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  moneytrail check typologies
  moneytrail check typologies --deny-warnings
  moneytrail check typologies --format sarif
  moneytrail check --explain R012

Text goes to standard error, the other forms to standard output. The exit code is 2 where a rule has an error. What
a project asks of all its rules stands under [check] in moneytrail.toml.")]
pub(crate) struct Check {
    /// Rule files or folders; else the rules shipped inside the program.
    #[arg(value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
    /// Explain a diagnostic code at length.
    #[arg(long, value_name = "CODE", conflicts_with = "paths")]
    pub(crate) explain: Option<String>,
    /// How to say what was found.
    #[arg(long, value_name = "FORM", default_value = "text")]
    pub(crate) format: Report,
    /// Make every warning an error, but those that a comment in the rule's file or the project's policy allows.
    #[arg(long)]
    pub(crate) deny_warnings: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  moneytrail fmt typologies
  moneytrail fmt typologies --check
  moneytrail fmt - < typologies/mules/mule-chain.yaml

A file with mistakes is left as it is, and its mistakes are shown. With --check nothing is written: the differences go to
standard output, and the exit code is 1 where there are any.")]
pub(crate) struct Fmt {
    /// Rule files or folders, or `-` for standard input and output; else the rules that moneytrail.toml names.
    #[arg(value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
    /// Write nothing; show what would change.
    #[arg(long)]
    pub(crate) check: bool,
}

/// A form of diagnostics.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Report {
    /// For people, with the line underlined.
    Text,
    /// One JSON object, described in `docs/diagnostics.md`.
    Json,
    /// SARIF 2.1.0, for code hosts and editors.
    Sarif,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  moneytrail test typologies/mules/mule-chain.yaml
  moneytrail test sample_data
  moneytrail test typologies --filter mule-chain --format json
  moneytrail test typologies/mules --junit report.xml

A rule file's tests stand in it. An expectation file, NAME.expect.yaml, says what rules must find in a whole ledger; the
one beside a rule file, with its name, is run with the rule. `moneytrail help testing` shows both at work.")]
pub(crate) struct Test {
    /// Rule files, expectation files, or folders that hold some; else the rules shipped inside the program.
    #[arg(value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
    /// Only tests in whose line this text stands.
    #[arg(long, value_name = "TEXT")]
    pub(crate) filter: Option<String>,
    /// The form of the report.
    #[arg(long, value_name = "FORM", default_value = "text")]
    pub(crate) format: TestForm,
    /// Also write the report to this file as JUnit XML.
    #[arg(long, value_name = "FILE")]
    pub(crate) junit: Option<PathBuf>,
    /// Run again whenever a file that the tests read changes, until Ctrl-C.
    #[arg(long)]
    pub(crate) watch: bool,
}

/// A form of the report on tests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum TestForm {
    /// Lines for people.
    Text,
    /// One JSON object.
    Json,
    /// JUnit XML, for build servers.
    Junit,
}

/// A form of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ReportForm {
    /// Lines for people.
    Text,
    /// One JSON object.
    Json,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  moneytrail run sample_data --out before
  moneytrail run sample_data --set fan-in.payers=6 --out after
  moneytrail compare before after
  sed 's/payers: { default: 4/payers: { default: 6/' typologies/shapes/fan-in.yaml > fan-in.yaml
  moneytrail compare typologies/shapes/fan-in.yaml fan-in.yaml --ledger sample_data

Matches with one id are the same. Of the others, those of one rule that share most transfers are one match that
changed; what is left is new or gone. `moneytrail help data` describes the output.")]
pub(crate) struct Compare {
    /// The folder of a run, or a rule file or a folder of rules.
    #[arg(value_name = "OLD")]
    pub(crate) old: PathBuf,
    /// The same of later.
    #[arg(value_name = "NEW")]
    pub(crate) new: PathBuf,
    /// The ledger over which two versions of a rule are run.
    #[arg(long, value_name = "INPUT")]
    pub(crate) ledger: Vec<String>,
    /// The form of the report.
    #[arg(long, value_name = "FORM", default_value = "text")]
    pub(crate) format: ReportForm,
    /// End with exit code 1 if a match is new, gone or changed.
    #[arg(long)]
    pub(crate) fail_on_change: bool,
    #[command(flatten)]
    pub(crate) reading: Reading,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  moneytrail explain e2ff2ccd sample_data
  moneytrail run sample_data --out out --rule fan-in
  moneytrail explain ad9273ba --run out
  moneytrail explain mule-chain sample_data --tx T0000072
  moneytrail explain fan-in sample_data --account A0002738b --format json

A match is named by its id or by the first letters of it. With --tx, --transfers or --account a rule is named instead,
and what is told is the clause that stands between these transfers and a match; or the match, where they are in one.")]
pub(crate) struct Explain {
    /// The id of a match, or its first letters; of a rule (or a rule file), where transfers or an account are named.
    #[arg(value_name = "MATCH|RULE")]
    pub(crate) what: String,
    /// Files, folders or globs of transfers; of the run, where --run names one.
    #[arg(value_name = "INPUT")]
    pub(crate) inputs: Vec<String>,
    /// The folder of a run: its inputs, rules and settings are used again.
    #[arg(long, value_name = "DIR", conflicts_with = "inputs")]
    pub(crate) run: Option<PathBuf>,
    /// Why is this transfer in no match?
    #[arg(long, value_name = "ID", conflicts_with_all = ["transfers", "account"])]
    pub(crate) tx: Option<String>,
    /// Why are these transfers, by id, in no match together?
    #[arg(long, value_name = "ID,ID,…", value_delimiter = ',', conflicts_with = "account")]
    pub(crate) transfers: Vec<String>,
    /// Why are the transfers of this account in no match?
    #[arg(long, value_name = "KEY")]
    pub(crate) account: Option<String>,
    /// Text for people, or JSON for programs.
    #[arg(long, value_name = "FORM", default_value = "text")]
    pub(crate) format: ReportForm,
    #[command(flatten)]
    pub(crate) choice: RuleChoice,
    #[command(flatten)]
    pub(crate) reading: Reading,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  moneytrail run sample_data --out out
  moneytrail overlap out
  moneytrail overlap sample_data --rule fan-in --rule structured-fan-in --rule smurfing
  moneytrail overlap out --format csv > overlap.csv

A rule whose matches lie by 60 % or more in those of another is a candidate for that one's `specialises`.
`moneytrail help data` describes the output.")]
pub(crate) struct Overlap {
    /// The folder of a run; or files, folders or globs of transfers over which the rules are run.
    #[arg(required = true, value_name = "RUN|INPUT")]
    pub(crate) inputs: Vec<String>,
    /// The form of the report.
    #[arg(long, value_name = "FORM", default_value = "text")]
    pub(crate) format: OverlapForm,
    #[command(flatten)]
    pub(crate) choice: RuleChoice,
    #[command(flatten)]
    pub(crate) reading: Reading,
}

/// A form of the report on what rules share.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum OverlapForm {
    /// Tables for people.
    Text,
    /// One JSON object.
    Json,
    /// One row a pair of rules.
    Csv,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  moneytrail plan mule-chain
  moneytrail plan typologies/mules/mule-chain.yaml --ledger sample_data
  moneytrail plan simple-cycle --ledger sample_data --analyze")]
pub(crate) struct Plan {
    /// The id of a rule, or a rule file.
    #[arg(value_name = "RULE")]
    pub(crate) rule: String,
    /// Rule files or folders; else the rules shipped inside the program.
    #[arg(long, value_name = "PATH", env = "MONEYTRAIL_RULES")]
    pub(crate) rules: Vec<PathBuf>,
    /// Set a parameter: `--set fan-in.payers=6`; may be given several times.
    #[arg(long = "set", value_name = "RULE.PARAMETER=VALUE")]
    pub(crate) set: Vec<String>,
    /// Also read this ledger: can it answer the rule, and how many transfers could each step use?
    #[arg(long, value_name = "INPUT")]
    pub(crate) ledger: Vec<String>,
    /// Show every pass that rewrites the plan, and what is asked of transfers and accounts in the end.
    #[arg(long)]
    pub(crate) verbose: bool,
    /// Search, too, and show rows, time and memory of each part beside what was expected.
    #[arg(long, requires = "ledger")]
    pub(crate) analyze: bool,
    #[command(flatten)]
    pub(crate) reading: Reading,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  moneytrail rules typologies/mules --markdown > rules.md")]
pub(crate) struct Rules {
    /// Print the catalogue instead: a page in Markdown with the flow, numbers, needs and sources of each rule.
    #[arg(long)]
    pub(crate) markdown: bool,
    /// Rule files or folders; else the rules shipped inside the program.
    #[arg(value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  moneytrail presets --show aml-world > mapping.toml")]
pub(crate) struct Presets {
    /// Print this preset as a mapping file.
    #[arg(long, value_name = "NAME")]
    pub(crate) show: Option<String>,
}

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  moneytrail synth --transfers 20000 --days 240 --seed 7 --out ledger\n  moneytrail synth --transfers 50000 --difficulty evasive --prevalence 0.5% --out hard\n  moneytrail synth --transfers 50000 --format parquet --out table"
)]
pub(crate) struct Synth {
    /// Transfers, about.
    #[arg(long, value_name = "N", default_value_t = 5_000)]
    pub(crate) transfers: usize,
    /// Days that the ledger spans; some typologies are only planted where it spans 215.
    #[arg(long, value_name = "N", default_value_t = 60)]
    pub(crate) days: u32,
    /// Seed: the same seed gives the same ledger.
    #[arg(long, value_name = "N", default_value_t = 7)]
    pub(crate) seed: u64,
    /// Planted instances of each typology.
    #[arg(long, value_name = "N", default_value_t = 3)]
    pub(crate) planted: u32,
    /// Share of the transfers that belongs to planted typologies, such as `0.1%`; instead of a number of instances.
    #[arg(long, value_name = "P%", conflicts_with = "planted")]
    pub(crate) prevalence: Option<String>,
    /// How hard the planted typologies are to find.
    #[arg(long, value_enum, default_value_t = Difficulty::Clean)]
    pub(crate) difficulty: Difficulty,
    /// Planted instances of each lookalike.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) lookalikes: u32,
    /// Form of the transfers.
    #[arg(long, value_enum, default_value_t = Table::Csv)]
    pub(crate) format: Table,
    /// Folder for the ledger; it must not exist or be empty.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
}

/// How hard planted typologies are to find.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Difficulty {
    /// As the sources describe them.
    Clean,
    /// Among everyday life, with jitter.
    Noisy,
    /// With split amounts, long delays, detours and decoys besides.
    Evasive,
}

/// Form of a table.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Table {
    /// `transfers.csv`
    Csv,
    /// `transfers.parquet`
    Parquet,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  moneytrail tune fan-in sample_data
  moneytrail tune fan-in sample_data --param payers=3..6 --param horizon=7d,14d,35d
  moneytrail tune gather-scatter sample_data --objective recall@precision=0.5 --chart chart.svg

Without --param each parameter with a range is tried at half its value, as it is and doubled. Labels that lie with the
transfers say what a setting is worth; docs/tune.md says how to read it.")]
pub(crate) struct Tune {
    /// The id of a rule, or a rule file.
    #[arg(value_name = "RULE")]
    pub(crate) rule: String,
    /// Files, folders or globs of transfers; `-` is standard input.
    #[arg(required = true, value_name = "INPUT")]
    pub(crate) inputs: Vec<String>,
    /// Values of a parameter: `payers=3..10` (five of them, evenly), `payers=3..10/2` (a step), `payers=3..10/x4` (so
    /// many) or `payers=3,5,8`; may be given several times. [default: for each parameter with a range half, as it is
    /// and double]
    #[arg(long = "param", value_name = "NAME=VALUES")]
    pub(crate) parameters: Vec<String>,
    /// The most settings. Where the default values make more, each parameter is moved alone.
    #[arg(long, value_name = "N", default_value_t = 256)]
    pub(crate) max_settings: usize,
    #[command(flatten)]
    pub(crate) labelling: Labelling,
    /// By what settings are compared: `f1`, `recall@precision=0.8` or `precision@recall=0.9`.
    #[arg(long, value_name = "OBJECTIVE", default_value = "f1")]
    pub(crate) objective: String,
    /// Into how many blocks time is cut: the best setting on all but one is scored on that one.
    #[arg(long, value_name = "K", default_value_t = 4)]
    pub(crate) folds: usize,
    /// Also draw precision and recall of the settings into this file, as SVG.
    #[arg(long, value_name = "FILE")]
    pub(crate) chart: Option<PathBuf>,
    /// How the result is written.
    #[arg(long, value_name = "FORM", default_value = "text")]
    pub(crate) format: ReportForm,
    /// Rule files or folders; else the rules shipped inside the program.
    #[arg(long, value_name = "PATH", env = "MONEYTRAIL_RULES")]
    pub(crate) rules: Vec<PathBuf>,
    /// Set a parameter: `--set fan-in.payers=6`; may be given several times.
    #[arg(long = "set", value_name = "RULE.PARAMETER=VALUE")]
    pub(crate) set: Vec<String>,
    #[command(flatten)]
    pub(crate) reading: Reading,
    #[command(flatten)]
    pub(crate) budgets: Budgets,
}
