//! The labels of one ledger, made ready to judge with: labelled instances as lists of transfers, each checked.
//!
//! An instance that is not what its label says (`validate`) is set aside with the reason. It stays known, so that a
//! match on it is neither right nor wrong. A label `lookalike:X` is a legitimate flow that rule X could mistake; a match
//! on it is wrong.

use std::collections::BTreeMap;

use crate::columns::{Ledger, RowId};
use crate::ingest::Labels;

use super::names::Names;
use super::validate;

/// What stands before the typology that a legitimate flow is mistaken for.
const LOOKALIKE: &str = "lookalike:";

/// The labels of one ledger.
#[derive(Clone, Debug, Default)]
pub struct Truth {
    /// The labelled instances, in (typology, name) order.
    pub instances: Vec<Labelled>,
    /// Labelled transfers of no instance, in row order, with the typology where the label names one.
    pub loose: Vec<(RowId, Option<String>)>,
    /// The rules that the typology of each loose transfer is the business of, by typology.
    pub(super) loose_rules: BTreeMap<String, Vec<String>>,
    /// Row and position of every instance that holds it, in row order.
    members: Vec<(RowId, usize)>,
}

/// Transfers that a label puts together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Labelled {
    /// The typology that the label names; of a lookalike the one that it is mistaken for; `-` where it names none.
    pub typology: String,
    /// The instance that the label names.
    pub name: String,
    /// Its transfers, in row order, each once.
    pub rows: Vec<RowId>,
    /// Ids of the rules whose business its typology is, in order.
    pub rules: Vec<String>,
    /// What may be said of it.
    pub standing: Standing,
}

/// What may be said of a labelled instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It has the shape that its label names, as far as that is known.
    Sound,
    /// It has not, for this reason; it counts for nobody and against nobody.
    SetAside(String),
    /// It is legitimate and only looks like its typology.
    Lookalike,
}

impl Truth {
    /// Puts labels together and checks them.
    #[must_use]
    pub fn new(labels: &Labels, ledger: &Ledger, names: &Names) -> Self {
        let mut gathered = BTreeMap::<(bool, &str, &str), Vec<RowId>>::new();
        let mut truth = Self::default();
        for (row, typology, instance) in &labels.rows {
            let typology = typology.as_deref();
            let alike = typology.and_then(|typology| typology.strip_prefix(LOOKALIKE));
            match instance {
                Some(name) => {
                    let key = (alike.is_some(), alike.or(typology).unwrap_or("-"), name.as_str());
                    gathered.entry(key).or_default().push(*row);
                }
                None if alike.is_some() => {} // one legitimate transfer like any other
                None => truth.loose.push((*row, typology.map(str::to_owned))),
            }
        }
        for ((is_lookalike, typology, rows), name) in once_each(gathered) {
            let fault = || validate::fault(typology, &names.rules(typology), &rows, ledger);
            let standing =
                if is_lookalike { Standing::Lookalike } else { fault().map_or(Standing::Sound, Standing::SetAside) };
            let (typology, name, rules) = (typology.to_owned(), name.to_owned(), names.rules(typology));
            truth.instances.push(Labelled { typology, name, rows, rules, standing });
        }
        truth.instances.sort_by(|a, b| (&a.typology, &a.name).cmp(&(&b.typology, &b.name)));
        truth.loose.sort_unstable();
        truth.loose.dedup();
        let typologies = truth.loose.iter().filter_map(|(_, typology)| typology.clone());
        truth.loose_rules = typologies.map(|typology| (typology.clone(), names.rules(&typology))).collect();
        truth.members = truth
            .instances
            .iter()
            .enumerate()
            .flat_map(|(at, one)| one.rows.iter().map(move |&row| (row, at)))
            .collect();
        truth.members.sort_unstable();
        truth
    }

    /// Positions of the instances that a transfer is labelled as part of.
    pub(super) fn holders(&self, row: RowId) -> impl Iterator<Item = usize> + '_ {
        let start = self.members.partition_point(|member| member.0 < row);
        self.members[start..].iter().take_while(move |member| member.0 == row).map(|member| member.1)
    }
}

/// Transfers that are labelled as one thing, and its name.
type Named<'l> = BTreeMap<(bool, &'l str, Vec<RowId>), &'l str>;

/// The same instance told in two files, as labels and as blocks of attempts, is one; a name goes before a number.
fn once_each<'l>(gathered: BTreeMap<(bool, &'l str, &'l str), Vec<RowId>>) -> Named<'l> {
    let mut named = Named::new();
    for ((is_lookalike, typology, name), mut rows) in gathered {
        rows.sort_unstable();
        rows.dedup();
        let kept = named.entry((is_lookalike, typology, rows)).or_insert(name);
        if kept.parse::<u64>().is_ok() {
            *kept = name;
        }
    }
    named
}

impl Labelled {
    /// Whether it is laundering and has the shape that its label names.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.standing == Standing::Sound
    }
}
