//! Makes a ledger of a made-up world, with planted laundering and planted honest lookalikes, from a seed.
//!
//! People earn, rent, shop and pay back their friends; firms pay invoices, wages and taxes; shops settle through
//! processors. Into this life each shipped typology is planted a few times, with sizes drawn from what was measured
//! on public data or reported by authorities, and so are the honest flows that it is mistaken for; `docs/synth.md` has
//! the distributions. The same settings give the same bytes on any machine: no clock, no floats, no unseeded draw.
//!
//! A [`Draft`] holds the world and what is planted; the transfers are worked out while they are written, a day or a part
//! of one at a time, so that a ledger of a hundred million takes no more memory than one of a million.

mod book;
mod calendar;
mod disguise;
mod draw;
mod fraud;
mod instruments;
mod keys;
mod layering;
mod life;
mod lookalikes;
mod mules;
mod placement;
mod plant;
mod processors;
mod scene;
mod shapes;
mod stream;
mod text;
mod world;

pub use disguise::Difficulty;

use book::Transfer;
use calendar::Calendar;
use keys::Keys;
use life::Cards;
use world::World;

/// What to make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// How many transfers; more are made only where everyday life and the planted instances alone need more.
    pub transfers: usize,
    /// How many days, from the first of January 2025: at least one, at most ten years. A typology that takes longer is
    /// not planted.
    pub days: u32,
    /// The seed: another seed, another world.
    pub seed: u64,
    /// How many instances of each typology.
    pub planted: u32,
    /// How many millionths of the transfers belong to planted typologies; takes the place of `planted`.
    pub prevalence: Option<u32>,
    /// How many instances of each lookalike.
    pub lookalikes: u32,
    /// How hard the planted typologies are to find.
    pub difficulty: Difficulty,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            transfers: 100_000,
            days: 60,
            seed: 1,
            planted: 3,
            prevalence: None,
            lookalikes: 1,
            difficulty: Difficulty::Clean,
        }
    }
}

/// A ledger whose world and planted flows are known, and whose everyday life is not worked out yet.
#[derive(Clone, Debug)]
pub struct Draft {
    settings: Settings,
    calendar: Calendar,
    world: World,
    cards: Cards,
    keys: Keys,
    /// Planted transfers, and what their actors do beside, in time order.
    planted: Vec<Transfer>,
    /// The instance of each of them, if it belongs to one.
    instance_of: Vec<Option<u32>>,
    instances: Vec<Planted>,
    left_out: Vec<(&'static str, i64)>,
    epoch: i64,
}

/// One planted instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Planted {
    /// The typology that it is, or that it is mistaken for.
    pub typology: &'static str,
    /// Whether it is honest and only looks like the typology.
    pub lookalike: bool,
    /// Its name, such as `fan-in-2` or `L1-payroll-1`.
    pub name: String,
}

impl Planted {
    /// Its label: the typology, behind `lookalike:` where it is honest.
    #[must_use]
    pub fn label(&self) -> String {
        if self.lookalike { format!("lookalike:{}", self.typology) } else { self.typology.to_owned() }
    }
}

/// What is known of a ledger once its transfers are written.
#[derive(Clone, Debug)]
pub struct Made<'a> {
    draft: &'a Draft,
    transfers: u64,
    largest: usize,
    /// The number of each planted transfer.
    numbers: Vec<u64>,
    /// What institutions, firms and shops received, in cents of the base currency.
    receipts: Vec<i64>,
}

impl<'a> Made<'a> {
    fn new(draft: &'a Draft) -> Self {
        let (numbers, receipts) = (vec![0; draft.planted.len()], vec![0; draft.world.first_home()]);
        Self { draft, transfers: 0, largest: 0, numbers, receipts }
    }

    /// How many transfers there are.
    #[must_use]
    pub fn transfers(&self) -> u64 {
        self.transfers
    }

    /// The most transfers that were held at a time, those that are planted aside.
    #[must_use]
    pub fn largest_stretch(&self) -> usize {
        self.largest
    }
}

impl Draft {
    /// What is planted, in order.
    #[must_use]
    pub fn planted(&self) -> &[Planted] {
        &self.instances
    }

    /// The typologies that take more days than the ledger has, with the days that they take.
    #[must_use]
    pub fn left_out(&self) -> &[(&'static str, i64)] {
        &self.left_out
    }
}

/// The most days that a ledger covers.
const TEN_YEARS: u32 = 3_652;

/// Makes a world and plants in it.
#[must_use]
pub fn draft(settings: &Settings) -> Draft {
    let days = settings.days.clamp(1, TEN_YEARS);
    let calendar = Calendar::new(i64::from(days));
    // A person makes a payment every two and a half days, cards included.
    let people = (settings.transfers * 5 / 2 / days as usize).max(60);
    let mut world = World::new(settings.seed, people);
    let cards = Cards::new(&world);
    let planting = plant::plant(settings, &calendar, &mut world, &cards);
    let (planted, instance_of) = planting.transfers.into_iter().unzip();
    Draft {
        settings: *settings,
        keys: Keys::new(settings.seed, world.end()),
        epoch: calendar.epoch(),
        calendar,
        world,
        cards,
        planted,
        instance_of,
        instances: planting.instances,
        left_out: planting.left_out,
    }
}

#[cfg(test)]
mod tests;
