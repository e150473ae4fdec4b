//! Tries a rule at many settings of its parameters over one ledger, and says what each would find.
//!
//! The ledger is searched once, with the loosest of all settings; each setting is then run by the engine's own stages
//! among the transfers that this search left, so that its figures are those of a run of its own.

mod chart;
mod direction;
mod folds;
mod front;
mod grid;
mod json;
mod judge;
mod loosest;
mod objective;
mod render;
mod search;

pub use chart::{characters, svg};
pub use direction::Direction;
pub use folds::{Block, Suggestion, TooFew};
pub use grid::{Axis, around, read as axis, settings};
pub use json::json;
pub use judge::Judged;
pub use loosest::{Loosest, loosest};
pub use objective::Objective;
pub use render::text;
pub use search::{Ground, Pass, Whole, each_setting};

use std::sync::atomic::AtomicBool;

use crate::columns::Time;
use crate::engine::{self, Request, RunError};
use crate::lang::{self, Level, Override, Source, Typology, Value};
use crate::search::{Levels, SearchError, Searcher};
use crate::stats::Rate;
use crate::workbench::evaluate::{Aim, Figures, Grain, Names, Sought, Truth};

use judge::Tally;

/// What to try.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The id of the rule.
    pub rule: String,
    /// Parameters and values as `--param` writes them; a few around the values in force where none is given.
    pub parameters: Vec<String>,
    /// The most settings.
    pub most: usize,
    /// Which labelled typologies are the rule's business, beside those known by name.
    pub names: Names,
    /// Least Jaccard index of a match and a labelled instance that it finds.
    pub overlap: f64,
    /// By what settings are compared.
    pub objective: Objective,
    /// Into how many blocks time is cut to judge the choice of a setting.
    pub blocks: usize,
}

impl Asked {
    /// A rule around its own values, compared by F1 over four blocks of time.
    #[must_use]
    pub fn of(rule: &str) -> Self {
        Self {
            rule: rule.to_owned(),
            parameters: Vec::new(),
            most: 256,
            names: Names::default(),
            overlap: 0.5,
            objective: Objective::F1,
            blocks: 4,
        }
    }
}

/// Why nothing was tried.
#[derive(Debug, thiserror::Error)]
pub enum TuneError {
    /// What is asked cannot be tried; the reason and the way out.
    #[error("{0}")]
    Asked(String),
    /// Rules or ledger are wrong, or the run was interrupted.
    #[error(transparent)]
    Run(#[from] RunError),
    /// The ledger cannot answer the rule.
    #[error("not evaluable: {0}")]
    NotEvaluable(String),
}

impl From<SearchError> for TuneError {
    fn from(error: SearchError) -> Self {
        match error {
            SearchError::NotEvaluable(reason) => Self::NotEvaluable(reason),
            SearchError::Interrupted => Self::Run(RunError::Interrupted),
        }
    }
}

/// What was tried, and what it gave.
#[derive(Clone, Debug)]
pub struct Tuning {
    /// The id of the rule.
    pub rule: String,
    /// The parameters that were moved.
    pub axes: Vec<Axis>,
    /// Which way each of them loosens the rule; nothing where it makes no difference among these settings.
    pub directions: Vec<Option<Direction>>,
    /// Whether each was moved alone, since all combinations were too many.
    pub alone: bool,
    /// The settings, the rule as it is first, then in the order of their values.
    pub settings: Vec<Setting>,
    /// Settings that are no rule, such as one with an end above the other, and why.
    pub refused: Vec<(Vec<Value>, String)>,
    /// What was searched.
    pub pass: Pass,
    /// Every match that some setting finds, in (started, id) order.
    pub matches: Vec<Seen>,
    /// What the labels say, where some labelled instance is the rule's business.
    pub judged: Option<Judged>,
}

impl Tuning {
    /// Position of the setting that is suggested, if one is.
    #[must_use]
    pub fn suggested(&self) -> Option<usize> {
        Some(self.judged.as_ref()?.suggestion.as_ref().ok()?.setting)
    }
}

/// One setting and what it finds.
#[derive(Clone, Debug)]
pub struct Setting {
    /// A value for each axis.
    pub values: Vec<Value>,
    /// How many matches.
    pub matches: usize,
    /// How many cases they make.
    pub cases: usize,
    /// The option that raises the budget that cut it, if one did.
    pub cut: Option<&'static str>,
    /// Positions of its matches in [`Tuning::matches`], in order.
    pub found: Vec<usize>,
    /// What they are worth, where labels say so.
    pub figures: Option<Figures>,
    /// Whether no other setting has as much recall and precision and as few matches.
    pub front: bool,
}

/// A match that some setting finds.
#[derive(Clone, Debug)]
pub struct Seen {
    /// Its id.
    pub id: String,
    /// Time of its first transfer.
    pub started: Time,
    /// How many transfers it has.
    pub transfers: usize,
    /// Whether it finds a labelled instance that is the rule's business.
    pub finds: bool,
    /// Whether labels say that it is wrong.
    pub is_wrong: bool,
    /// For each axis the positions of the least and the greatest value at which some setting finds it: what is beyond
    /// loses it, whatever the other parameters are. Nothing where only the rule's own value, which is not among them, does.
    pub held: Vec<Option<(usize, usize)>>,
}

/// Tries a rule at many settings.
///
/// # Errors
///
/// Where the rule, the ledger or what is asked is wrong, or `stop` was set.
pub fn run(request: &Request, asked: &Asked, stop: &AtomicBool) -> Result<Tuning, TuneError> {
    if asked.blocks < 2 {
        let few = "one block leaves nothing to choose a setting on: write `--folds 2` or more";
        return Err(TuneError::Asked(few.to_owned()));
    }
    let mut request = Request { only: vec![asked.rule.clone()], ..request.clone() };
    request.intake.labels = true;
    let (wanted, searched, _) = engine::compile(&request)?;
    let own = &wanted.typologies[0];
    let axes = axes(own, asked)?;
    let (values, alone) = settings(&axes, asked.most, asked.parameters.is_empty()).map_err(|count| {
        let most = asked.most;
        TuneError::Asked(format!(
            "these values make {count} settings, more than {most}: write fewer, or raise `--max-settings`"
        ))
    })?;
    let sources: Vec<Source> = request
        .sources
        .iter()
        .filter(|source| searched.typologies.iter().any(|rule| rule.path == source.path))
        .cloned()
        .collect();
    let as_it_is: Vec<Value> = axes.iter().map(|axis| axis.own.clone()).collect();
    let others = values.into_iter().filter(|values| *values != as_it_is).collect::<Vec<_>>();
    let (mut rules, mut refused) = (vec![(as_it_is, own.clone())], Vec::new());
    for values in others {
        match compiled(&sources, &request.overrides, &own.id, &axes, &values) {
            Ok(rule) => rules.push((values, rule)),
            Err(reason) => refused.push((values, reason)),
        }
    }
    engine::pool(&request)?.install(|| {
        let intake = engine::read(&request.intake, &searched, &[]).map_err(RunError::from)?;
        let levels = Levels::new(&intake.ledger, [&own.flow]);
        let searcher = Searcher::new(&intake.ledger).with_levels(&levels).until(&request.late);
        let ground = Ground { searcher: &searcher, set: &searched, limits: &request.limits, stop };
        let truth = intake.labels.as_ref().map(|labels| Truth::new(labels, &intake.ledger, &asked.names));
        let aim = Aim { sought: Sought::Rule(&own.id), overlap: asked.overlap };
        let mut tally = Tally::new(&intake.ledger, truth.as_ref(), aim);
        let typologies: Vec<&Typology> = rules.iter().map(|(_, rule)| rule).collect();
        let pass = each_setting(&ground, &typologies, &mut |position, sifted| tally.add(position, &sifted))?;
        let directions = (0..axes.len()).map(|axis| direction::of(axis, &rules)).collect();
        let (settings, matches, judged) = tally.finish(&axes, rules.into_iter().map(|(values, _)| values), asked);
        Ok(Tuning { rule: own.id.clone(), axes, directions, alone, settings, refused, pass, matches, judged })
    })
}

fn axes(own: &Typology, asked: &Asked) -> Result<Vec<Axis>, TuneError> {
    if asked.parameters.is_empty() {
        let axes: Vec<Axis> = own.parameters.iter().filter_map(around).collect();
        let none = || TuneError::Asked(format!("`{}` has no parameter with a range to move inside", own.id));
        return if axes.is_empty() { Err(none()) } else { Ok(axes) };
    }
    let mut axes: Vec<Axis> = Vec::new();
    for text in &asked.parameters {
        let axis = axis(text, &own.parameters).map_err(TuneError::Asked)?;
        if axes.iter().any(|other| other.name == axis.name) {
            return Err(TuneError::Asked(format!("`{}` stands twice: write all its values in one list", axis.name)));
        }
        axes.push(axis);
    }
    Ok(axes)
}

/// The rule at some values, or why that is no rule.
fn compiled(
    sources: &[Source],
    overrides: &[Override],
    rule: &str,
    axes: &[Axis],
    values: &[Value],
) -> Result<Typology, String> {
    let moved = |set: &&Override| set.rule == rule && axes.iter().any(|axis| axis.name == set.parameter);
    let known = |set: &&Override| sources.iter().any(|source| source.path.ends_with(&format!("{}.yaml", set.rule)));
    let kept = overrides.iter().filter(|set| !moved(set) && known(set)).cloned();
    let set = axes.iter().zip(values).map(|(axis, value)| Override {
        rule: rule.to_owned(),
        parameter: axis.name.clone(),
        value: value.to_string(),
    });
    let checked = lang::compile(sources, &kept.chain(set).collect::<Vec<_>>());
    let wrong = checked.diagnostics.iter().find(|diagnostic| diagnostic.level == Level::Error);
    let reason = || wrong.map_or_else(String::new, |wrong| format!("{} ({})", wrong.message, wrong.code));
    let set = checked.set.ok_or_else(reason)?;
    let position = set.position(rule).expect("the rule is among its sources");
    Ok(set.typologies[position].clone())
}
