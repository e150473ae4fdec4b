//! Makes a ledger of a small made-up world, with planted laundering and planted honest lookalikes, from a seed.
//!
//! People earn, rent, shop and pay back their friends; firms pay invoices and wages; shops settle through
//! processors. Into this life each shipped typology is planted a few times, with sizes drawn from what was measured
//! on public data, and so is the honest flow that it is mistaken for. The same settings give the same bytes on any
//! machine: no clock, no floats, no unseeded draw.

mod book;
mod calendar;
mod draw;
mod life;
mod lookalikes;
mod methods;
mod scene;
mod shapes;
mod text;
mod world;

use book::{Book, Transfer};
use calendar::{Calendar, DAY};
use draw::{Part, stream};
use life::Life;
use scene::Scene;
use world::{Holder, Place, World};

/// What to make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// How many transfers; more are made only where everyday life and the planted instances alone need more.
    pub transfers: usize,
    /// How many days, from the first of January 2025: at least one, at most ten years. The longest planted flows take
    /// 27 days; in a shorter ledger they are cut off at its end.
    pub days: u32,
    /// The seed: another seed, another world.
    pub seed: u64,
    /// How many instances of each typology.
    pub planted: u32,
    /// How many instances of each lookalike.
    pub lookalikes: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self { transfers: 100_000, days: 60, seed: 1, planted: 3, lookalikes: 1 }
    }
}

/// A made ledger.
#[derive(Clone, Debug)]
pub struct Generated {
    world: World,
    calendar: Calendar,
    transfers: Vec<Transfer>,
    planted: Vec<Planted>,
    seed: u64,
    epoch: i64,
}

/// One planted instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Planted {
    /// The typology that it is, or that it is mistaken for.
    pub typology: &'static str,
    /// Whether it is honest and only looks like the typology.
    pub lookalike: bool,
    /// Its name, such as `fan-in-2` or `payroll-1`.
    pub name: String,
}

impl Planted {
    /// Its label: the typology, behind `lookalike:` where it is honest.
    #[must_use]
    pub fn label(&self) -> String {
        if self.lookalike { format!("lookalike:{}", self.typology) } else { self.typology.to_owned() }
    }
}

impl Generated {
    /// How many transfers there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.transfers.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.transfers.is_empty()
    }

    /// What was planted, in order.
    #[must_use]
    pub fn planted(&self) -> &[Planted] {
        &self.planted
    }
}

type Act = fn(&mut Scene);

/// The most days that a ledger covers.
const TEN_YEARS: u32 = 3_652;

/// The typologies that can be planted.
const TYPOLOGIES: [(&str, Act); 16] = [
    ("bipartite-transfer", shapes::bipartite_transfer),
    ("cash-structuring", methods::cash_structuring),
    ("fan-in", shapes::fan_in),
    ("fan-out", shapes::fan_out),
    ("gather-scatter", shapes::gather_scatter),
    ("mule-cash-out", methods::mule_cash_out),
    ("mule-chain", methods::mule_chain),
    ("pass-through-account", methods::pass_through_account),
    ("ping-pong-transfers", methods::ping_pong_transfers),
    ("processor-layering", methods::processor_layering),
    ("random-walk-chain", shapes::random_walk_chain),
    ("scatter-gather", shapes::scatter_gather),
    ("simple-cycle", shapes::simple_cycle),
    ("stacked-bipartite", shapes::stacked_bipartite),
    ("structured-fan-in", methods::structured_fan_in),
    ("u-turn", methods::u_turn),
];

/// The lookalikes that can be planted: the typology each is mistaken for, and its own name.
const LOOKALIKES: [(&str, &str, Act); 17] = [
    ("bipartite-transfer", "shared-suppliers", lookalikes::shared_suppliers),
    ("cash-structuring", "shop-takings", lookalikes::shop_takings),
    ("fan-in", "rent-collection", lookalikes::rent_collection),
    ("fan-in", "savings-circle", lookalikes::savings_circle),
    ("fan-out", "payroll", lookalikes::payroll),
    ("gather-scatter", "marketplace", lookalikes::marketplace),
    ("mule-cash-out", "payday-cash", lookalikes::payday_cash),
    ("mule-chain", "family-support", lookalikes::family_support),
    ("pass-through-account", "escrow", lookalikes::escrow),
    ("ping-pong-transfers", "zero-balance", lookalikes::zero_balance),
    ("processor-layering", "payout-provider", lookalikes::payout_provider),
    ("random-walk-chain", "supply-chain", lookalikes::supply_chain),
    ("scatter-gather", "staff-rents", lookalikes::staff_rents),
    ("simple-cycle", "cash-pool", lookalikes::cash_pool),
    ("stacked-bipartite", "wholesale", lookalikes::wholesale),
    ("structured-fan-in", "craftsman", lookalikes::craftsman),
    ("u-turn", "travel-refund", lookalikes::travel_refund),
];

/// Makes a ledger.
#[must_use]
pub fn generate(settings: &Settings) -> Generated {
    let Settings { transfers, seed, .. } = *settings;
    let days = settings.days.clamp(1, TEN_YEARS);
    let calendar = Calendar::new(i64::from(days));
    // A person makes a payment every two and a half days, cards included.
    let people = (transfers * 5 / 2 / days as usize).max(60);
    let mut world = World::new(seed, people, &calendar);
    let mut book = Book::new(calendar.days * DAY);
    Life { seed, calendar: &calendar, world: &world, book: &mut book }.live();
    let planted = plant(settings, &calendar, &mut world, &mut book);
    Life { seed, calendar: &calendar, world: &world, book: &mut book }.shop(transfers);
    declare(seed, &calendar, &mut world, &book);
    let mut transfers = book.transfers;
    transfers.sort_by_key(|transfer| transfer.time);
    let epoch = calendar.epoch();
    Generated { world, calendar, transfers, planted, seed, epoch }
}

/// Acts every typology and every lookalike as often as asked.
fn plant(settings: &Settings, calendar: &Calendar, world: &mut World, book: &mut Book) -> Vec<Planted> {
    let mut idle: Vec<Place> = world.people.iter().map(|person| person.account).collect();
    stream(settings.seed, Part::Planted, usize::MAX).shuffle(&mut idle);
    let typologies = TYPOLOGIES.iter().map(|&(typology, act)| (typology, typology, false, act));
    let lookalikes = LOOKALIKES.iter().map(|&(typology, name, act)| (typology, name, true, act));
    let mut planted = Vec::new();
    for (unit, (typology, name, lookalike, act)) in typologies.chain(lookalikes).enumerate() {
        let (part, times) =
            if lookalike { (Part::Lookalike, settings.lookalikes) } else { (Part::Planted, settings.planted) };
        for time in 1..=times {
            book.instance = Some(u32::try_from(planted.len()).expect("fewer instances than 2^32"));
            let draw = stream(settings.seed, part, unit * 1_000_000 + time as usize);
            act(&mut Scene { calendar, world, book, idle: &mut idle, draw, day: 0 });
            planted.push(Planted { typology, lookalike, name: format!("{name}-{time}") });
        }
    }
    book.instance = None;
    planted
}

/// Firms and shops declare about what they take in.
fn declare(seed: u64, calendar: &Calendar, world: &mut World, book: &Book) {
    let mut receipts = vec![0; world.accounts.len()];
    for transfer in book.transfers.iter().filter(|transfer| transfer.instance.is_none()) {
        receipts[transfer.to] += transfer.received * world::COUNTRIES[world.accounts[transfer.to].country].rate;
    }
    for (place, account) in world.accounts.iter_mut().enumerate() {
        let trades = matches!(account.holder, Holder::Company | Holder::Merchant);
        if trades && account.turnover.is_none() {
            let monthly = receipts[place] / 100_000_000 * 1_000 / calendar.months().max(1);
            let declared = stream(seed, Part::Turnover, place).lognormal(monthly.max(500), 20);
            account.turnover = Some(declared / 100 * 100);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(settings: &Settings) -> [String; 3] {
        let made = generate(settings);
        let mut texts = [Vec::new(), Vec::new(), Vec::new()];
        made.write_transfers(&mut texts[0]).expect("memory takes all");
        made.write_accounts(&mut texts[1]).expect("memory takes all");
        made.write_labels(&mut texts[2]).expect("memory takes all");
        texts.map(|text| String::from_utf8(text).expect("text"))
    }

    #[test]
    fn the_same_seed_makes_the_same_ledger_and_another_seed_another() {
        let settings = Settings { transfers: 6_000, ..Settings::default() };
        assert_eq!(text(&settings), text(&settings));
        assert_ne!(text(&settings)[0], text(&Settings { seed: 2, ..settings })[0]);
    }

    #[test]
    fn as_many_transfers_are_made_as_asked_for_and_all_that_is_planted_is_labelled() {
        let settings = Settings { transfers: 20_000, planted: 2, ..Settings::default() };
        let made = generate(&settings);
        assert_eq!(made.len(), 20_000);
        assert_eq!(made.planted().len(), 16 * 2 + 17);
        let labels = &text(&settings)[2];
        for planted in made.planted() {
            assert!(labels.contains(&format!(",{},{}\n", planted.label(), planted.name)), "{planted:?}");
        }
    }

    #[test]
    fn a_ledger_of_a_day_and_one_of_few_transfers_are_made_too() {
        for (transfers, days) in [(0, 0), (1, 1), (3_000, 1), (500, 5), (2_000, 29), (3_000, 400)] {
            let settings = Settings { transfers, days, ..Settings::default() };
            let made = generate(&settings);
            let last = i64::from(days.max(1)) * DAY;
            assert!(made.len() >= transfers, "{transfers} {days}");
            assert!(made.transfers.iter().all(|transfer| (0..last).contains(&transfer.time)), "{transfers} {days}");
        }
    }

    #[test]
    fn no_account_moves_money_before_it_is_opened() {
        let made = generate(&Settings { transfers: 20_000, planted: 10, lookalikes: 3, ..Settings::default() });
        for transfer in &made.transfers {
            for place in [transfer.from, transfer.to] {
                assert!(made.world.accounts[place].opened * DAY <= transfer.time, "{transfer:?}");
            }
        }
    }

    #[test]
    fn most_transfers_are_booked_in_the_base_currency_and_some_convert() {
        let [transfers, ..] = text(&Settings { transfers: 6_000, ..Settings::default() });
        let columns = |line: &str| line.split(',').map(str::to_owned).collect::<Vec<_>>();
        let rows: Vec<Vec<String>> = transfers.lines().skip(1).map(columns).collect();
        assert!(rows.iter().all(|row| row.len() == 11));
        assert!(rows.iter().filter(|row| row[5] == "EUR").count() * 2 > rows.len());
        for currency in ["GBP", "PLN", "SEK"] {
            assert!(rows.iter().any(|row| row[5] == currency && row[7] == "EUR"), "{currency}");
        }
    }
}
