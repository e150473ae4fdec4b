//! What the user typed behind `evaluate`.

use clap::{Args, ValueEnum};

use super::{Budgets, Labelling, Reading, RuleChoice};

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  moneytrail evaluate sample_data
  moneytrail evaluate sample_data --rule mule-chain --set mule-chain.hop_delay=2h --explain
  moneytrail evaluate sample_data/transfers.csv --labels sample_data/labels.csv --format json

Labels come from columns of the ledger, from tables among the inputs, or from --labels: tx_id with label, or with
label_typology and label_instance, or the *_Patterns.txt of AMLworld. Rules never see them. docs/evaluate.md defines every
figure.")]
pub(crate) struct Evaluate {
    /// Files, folders or globs of transfers; `-` is standard input.
    #[arg(required = true, value_name = "INPUT")]
    pub(crate) inputs: Vec<String>,
    #[command(flatten)]
    pub(crate) labelling: Labelling,
    /// What one alert is.
    #[arg(long, value_enum, value_name = "UNIT", default_value_t = AlertUnit::Case)]
    pub(crate) unit: AlertUnit,
    /// How many alerts an analyst reads in a week.
    #[arg(long, value_name = "K", default_value_t = 20)]
    pub(crate) cases_per_week: usize,
    /// The highest false-positive rate that is borne.
    #[arg(long, value_name = "SHARE", default_value_t = 0.01)]
    pub(crate) max_fpr: f64,
    /// The least recall that is wanted.
    #[arg(long, value_name = "SHARE", default_value_t = 0.5)]
    pub(crate) min_recall: f64,
    /// Also list each labelled instance: its verdict and the match that fits it best.
    #[arg(long)]
    pub(crate) instances: bool,
    /// The same, and for each that its rules did not find the clause that failed, and by how much.
    #[arg(long)]
    pub(crate) explain: bool,
    /// Form of the result.
    #[arg(long, value_enum, value_name = "FORM", default_value_t = TableForm::Text)]
    pub(crate) format: TableForm,
    #[command(flatten)]
    pub(crate) choice: RuleChoice,
    #[command(flatten)]
    pub(crate) reading: Reading,
    #[command(flatten)]
    pub(crate) budgets: Budgets,
}

/// What an alert is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum AlertUnit {
    /// A transfer in a match.
    Transfer,
    /// An account on a day on which it pays or is paid in a match.
    AccountDay,
    /// Matches that share accounts.
    Case,
}

/// The form of tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum TableForm {
    /// Tables for people.
    Text,
    /// One JSON object.
    Json,
    /// Tables in Markdown, for the record.
    Markdown,
}
