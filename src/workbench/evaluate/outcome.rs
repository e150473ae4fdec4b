//! What became of each labelled instance: whether it was found, by which rule, and how well the best match fits.

use serde::Serialize;

use crate::engine::Analysis;
use crate::sift::Match;

use super::score::{Shared, shared};
use super::truth::{Labelled, Standing, Truth};

/// What became of one labelled instance.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Outcome {
    /// The typology that its label names.
    pub typology: String,
    /// Its name.
    pub instance: String,
    /// Its transfers.
    pub transfers: usize,
    /// Whether it was found.
    pub verdict: Verdict,
    /// Why it was set aside, if it was.
    pub reason: Option<String>,
    /// The match that fits it best, of any rule.
    pub best: Option<Fit>,
    /// The match of its own rules that fits it best.
    pub own: Option<Fit>,
    /// What kept its own rules from finding it, where somebody asked.
    pub why: Vec<String>,
}

/// Whether a labelled instance was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// A match of one of its own rules overlaps it enough.
    FoundByItsOwnRule,
    /// A match of another rule does.
    FoundByAnotherRule,
    /// Some match shares a transfer with it.
    Touched,
    /// No match does.
    Missed,
    /// It is not what its label says.
    SetAside,
}

impl Verdict {
    /// The verdict in words.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::FoundByItsOwnRule => "found",
            Self::FoundByAnotherRule => "found by another rule",
            Self::Touched => "touched",
            Self::Missed => "missed",
            Self::SetAside => "set aside",
        }
    }
}

/// How well a match fits a labelled instance.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Fit {
    /// The match's rule.
    pub rule: String,
    /// The match's id.
    #[serde(rename = "match")]
    pub match_id: String,
    /// Transfers that both have.
    pub shared: usize,
    /// Transfers of the match.
    pub transfers: usize,
    /// Shared transfers over the transfers of either.
    pub jaccard: f64,
}

/// A legitimate flow that matches take for laundering.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Mistaken {
    /// The typology that it is labelled as a lookalike of.
    pub lookalike_of: String,
    /// Its name.
    pub instance: String,
    /// Its transfers.
    pub transfers: usize,
    /// The matches that share transfers with it and with no laundering, the best fit of each rule.
    pub matches: Vec<Fit>,
}

/// Every match with what it shares.
pub(super) type Touches<'m> = Vec<(&'m Match, Vec<Shared>)>;

/// What each match of an analysis shares with labelled instances.
pub(super) fn touches<'m>(analysis: &'m Analysis, truth: &Truth) -> Touches<'m> {
    let matches = analysis.sifted.matches.list.iter();
    matches.map(|found| (found, shared(truth, found))).filter(|(_, shared)| !shared.is_empty()).collect()
}

/// The outcome of every labelled instance but lookalikes, in order.
pub(super) fn outcomes(analysis: &Analysis, truth: &Truth, touches: &Touches<'_>, overlap: f64) -> Vec<Outcome> {
    let fits = fits(analysis, truth, touches, |_| true);
    let meant = truth.instances.iter().zip(&fits).filter(|(one, _)| one.standing != Standing::Lookalike);
    meant.map(|(one, fits)| outcome(one, fits, overlap)).collect()
}

fn outcome(one: &Labelled, fits: &[Fit], overlap: f64) -> Outcome {
    let own = fits.iter().find(|fit| one.rules.contains(&fit.rule));
    let is_found = |fit: Option<&Fit>| fit.is_some_and(|fit| fit.jaccard >= overlap);
    let (verdict, reason) = match &one.standing {
        Standing::SetAside(reason) => (Verdict::SetAside, Some(reason.clone())),
        _ if is_found(own) => (Verdict::FoundByItsOwnRule, None),
        _ if is_found(fits.first()) => (Verdict::FoundByAnotherRule, None),
        _ if !fits.is_empty() => (Verdict::Touched, None),
        _ => (Verdict::Missed, None),
    };
    Outcome {
        typology: one.typology.clone(),
        instance: one.name.clone(),
        transfers: one.rows.len(),
        verdict,
        reason,
        best: fits.first().cloned(),
        own: own.cloned(),
        why: Vec::new(),
    }
}

/// The lookalikes that matches are mistaken about, in order.
pub(super) fn mistaken(analysis: &Analysis, truth: &Truth, touches: &Touches<'_>) -> Vec<Mistaken> {
    let is_wrong = |shared: &[Shared]| {
        shared.iter().all(|shared| truth.instances[shared.instance].standing == Standing::Lookalike)
    };
    let fits = fits(analysis, truth, touches, is_wrong);
    let alike =
        truth.instances.iter().zip(fits).filter(|(one, fits)| one.standing == Standing::Lookalike && !fits.is_empty());
    let row = |(one, matches): (&Labelled, Vec<Fit>)| Mistaken {
        lookalike_of: one.typology.clone(),
        instance: one.name.clone(),
        transfers: one.rows.len(),
        matches,
    };
    alike.map(row).collect()
}

/// The best match of each rule for each labelled instance, the best fit first.
fn fits(
    analysis: &Analysis,
    truth: &Truth,
    touches: &Touches<'_>,
    counts: impl Fn(&[Shared]) -> bool,
) -> Vec<Vec<Fit>> {
    let mut fits = vec![Vec::<Fit>::new(); truth.instances.len()];
    for (found, shared) in touches.iter().filter(|(_, shared)| counts(shared)) {
        for &Shared { instance, transfers, jaccard } in shared {
            fits[instance].push(Fit {
                rule: analysis.set.typologies[found.rule].id.clone(),
                match_id: found.id.clone(),
                shared: transfers,
                transfers: found.transfers.len(),
                jaccard,
            });
        }
    }
    for fits in &mut fits {
        fits.sort_by(|a, b| {
            b.jaccard.total_cmp(&a.jaccard).then_with(|| (&a.rule, &a.match_id).cmp(&(&b.rule, &b.match_id)))
        });
        let mut seen = Vec::new();
        fits.retain(|fit| {
            let is_first = !seen.contains(&fit.rule);
            seen.push(fit.rule.clone());
            is_first
        });
    }
    fits
}
