//! Which typologies and lookalikes there are to plant, and how often each is acted.

use super::book::{Transfer, Undoes};
use super::calendar::{Calendar, DAY};
use super::draw::{Draw, Part, stream};
use super::keys::Order;
use super::life::Cards;
use super::lookalikes::{firms, people};
use super::scene::{Cast, Scene};
use super::world::World;
use super::{Difficulty, Planted, Settings, fraud, instruments, layering, mules, placement, processors, shapes};

type Act = fn(&mut Scene);

/// The typologies: name, the days that one takes with what must be seen before it, and how it is acted.
const TYPOLOGIES: [(&str, i64, Act); 50] = [
    ("account-takeover-drain", 40, fraud::account_takeover_drain),
    ("bec-diversion", 110, fraud::bec_diversion),
    ("bipartite-transfer", 0, shapes::bipartite_transfer),
    ("card-fraud-monetisation", 0, fraud::card_fraud_monetisation),
    ("cash-structuring", 0, placement::cash_structuring),
    ("chargeback-abuse", 100, processors::chargeback_abuse),
    ("corridor-shift", 215, mules::corridor_shift),
    ("counterparty-break", 102, mules::counterparty_break),
    ("cross-currency-layering", 0, layering::cross_currency_layering),
    ("crypto-ramp-layering", 0, instruments::crypto_ramp_layering),
    ("cuckoo-smurfing", 110, placement::cuckoo_smurfing),
    ("deposit-then-send", 0, placement::deposit_then_send),
    ("dormant-activation", 215, mules::dormant_activation),
    ("ewallet-exchange-layering", 0, instruments::ewallet_exchange_layering),
    ("fan-in", 0, shapes::fan_in),
    ("fan-out", 0, shapes::fan_out),
    ("funnel-account", 0, placement::funnel_account),
    ("gambling-pass-through", 40, instruments::gambling_pass_through),
    ("gather-scatter", 0, shapes::gather_scatter),
    ("layered-fan-in", 30, shapes::layered_fan_in),
    ("layered-fan-out", 0, shapes::layered_fan_out),
    ("merchant-load-balancing", 55, processors::merchant_load_balancing),
    ("mule-cash-out", 0, mules::mule_cash_out),
    ("mule-chain", 0, mules::mule_chain),
    ("mule-herd", 0, mules::mule_herd),
    ("mule-remittance-exit", 0, mules::mule_remittance_exit),
    ("multi-account-consolidation", 25, placement::multi_account_consolidation),
    ("nested-processor", 20, processors::nested_processor),
    ("new-account-burst", 0, mules::new_account_burst),
    ("pass-through-account", 0, mules::pass_through_account),
    ("peel-chain", 0, instruments::peel_chain),
    ("ping-pong-transfers", 0, layering::ping_pong_transfers),
    ("prepaid-load-and-cash-out", 0, instruments::prepaid_load_and_cash_out),
    ("processor-layering", 0, processors::processor_layering),
    ("random-walk-chain", 0, shapes::random_walk_chain),
    ("refund-laundering", 45, processors::refund_laundering),
    ("remittance-splitting", 0, placement::remittance_splitting),
    ("round-trip", 140, layering::round_trip),
    ("scatter-gather", 0, shapes::scatter_gather),
    ("shell-company-conduit", 0, layering::shell_company_conduit),
    ("simple-cycle", 0, shapes::simple_cycle),
    ("single-large-outlier", 190, layering::single_large_outlier),
    ("smurfing", 0, placement::smurfing),
    ("stacked-bipartite", 0, shapes::stacked_bipartite),
    ("structured-fan-in", 0, placement::structured_fan_in),
    ("structured-withdrawal", 0, placement::structured_withdrawal),
    ("transaction-laundering", 35, processors::transaction_laundering),
    ("u-turn", 0, layering::u_turn),
    ("victim-collection-account", 20, fraud::victim_collection_account),
    ("virtual-iban-rotation", 30, processors::virtual_iban_rotation),
];

/// The lookalikes: the typology each is mistaken for, its code and name, and how it is acted.
const LOOKALIKES: [(&str, &str, Act); 30] = [
    ("bipartite-transfer", "L13-shared-suppliers", firms::shared_suppliers),
    ("cash-structuring", "L10-shop-takings", firms::shop_takings),
    ("fan-in", "L4-rent-collection", people::rent_collection),
    ("fan-in", "L6-savings-circle", people::savings_circle),
    ("fan-out", "L1-payroll", firms::payroll),
    ("fan-out", "L15-standing-orders", people::standing_orders),
    ("gambling-pass-through", "L18-player", people::player),
    ("gather-scatter", "L2-marketplace", firms::marketplace),
    ("mule-cash-out", "L1-payday-cash", people::payday_cash),
    ("mule-chain", "L6-family-support", people::family_support),
    ("nested-processor", "L3-acquirer", firms::acquirer),
    ("new-account-burst", "L7-bank-switch", people::bank_switch),
    ("new-account-burst", "L19-student", people::student),
    ("pass-through-account", "L9-escrow", firms::escrow),
    ("pass-through-account", "L20-emergency", people::emergency),
    ("peel-chain", "L17-hot-wallet", firms::hot_wallet),
    ("ping-pong-transfers", "L8-zero-balance", firms::zero_balance),
    ("ping-pong-transfers", "L14-loan", people::loan),
    ("processor-layering", "L2-payout-provider", firms::payout_provider),
    ("random-walk-chain", "L13-supply-chain", firms::supply_chain),
    ("refund-laundering", "L16-goods-returned", people::goods_returned),
    ("remittance-splitting", "L11-siblings", people::siblings),
    ("scatter-gather", "L1-staff-rents", firms::staff_rents),
    ("simple-cycle", "L8-cash-pool", firms::cash_pool),
    ("single-large-outlier", "L12-flat", people::flat),
    ("smurfing", "L10-shop-staff", firms::shop_staff),
    ("stacked-bipartite", "L13-wholesale", firms::wholesale),
    ("structured-fan-in", "L4-craftsman", firms::craftsman),
    ("u-turn", "L16-travel-refund", people::travel_refund),
    ("victim-collection-account", "L5-appeal", firms::appeal),
];

/// What is planted.
#[derive(Debug, Default)]
pub(super) struct Planting {
    /// Transfers in time order, each with the instance that it belongs to.
    pub(super) transfers: Vec<(Transfer, Option<u32>)>,
    pub(super) instances: Vec<Planted>,
    /// Typologies that the ledger is too short for, with the days that they take.
    pub(super) left_out: Vec<(&'static str, i64)>,
    labelled: usize,
}

/// Acts typologies and lookalikes as often as asked.
pub(super) fn plant(settings: &Settings, calendar: &Calendar, world: &mut World, cards: &Cards) -> Planting {
    let order = Order::new(world.people, &mut stream(settings.seed, Part::Planted, 0));
    let mut stage =
        Stage { settings, calendar, cast: Cast { order, asked: 0 }, world, cards, all: Planting::default() };
    let (fits, long): (Vec<_>, Vec<_>) = (1..).zip(TYPOLOGIES).partition(|(_, (_, days, _))| *days <= calendar.days);
    stage.all.left_out = long.into_iter().map(|(_, (typology, days, _))| (typology, days)).collect();
    let wanted = settings.prevalence.map(|millionths| settings.transfers as u64 * u64::from(millionths) / 1_000_000);
    let mut time = 0;
    while wanted.map_or(time < settings.planted, |wanted| (stage.all.labelled as u64) < wanted) {
        time += 1;
        for &(unit, (typology, _, act)) in &fits {
            if wanted.is_none_or(|wanted| (stage.all.labelled as u64) < wanted) {
                let draw = stream(settings.seed, Part::Planted, unit * 10_000_000 + time as usize);
                stage.act(Planted { typology, lookalike: false, name: format!("{typology}-{time}") }, act, draw);
            }
        }
    }
    for (unit, (typology, name, act)) in LOOKALIKES.into_iter().enumerate() {
        for time in 1..=settings.lookalikes {
            let draw = stream(settings.seed, Part::Lookalike, unit * 10_000_000 + time as usize);
            stage.act(Planted { typology, lookalike: true, name: format!("{name}-{time}") }, act, draw);
        }
    }
    stage.all.in_time_order()
}

/// Everything that acting needs.
struct Stage<'a> {
    settings: &'a Settings,
    calendar: &'a Calendar,
    world: &'a mut World,
    cards: &'a Cards,
    cast: Cast,
    all: Planting,
}

impl Stage<'_> {
    fn act(&mut self, planted: Planted, act: Act, draw: Draw) {
        let (calendar, lookalike) = (self.calendar, planted.lookalike);
        let (world, cast) = (&mut *self.world, &mut self.cast);
        let mut scene = Scene { calendar, world, cast, draw, day: 0, legs: Vec::new(), lively: Vec::new() };
        act(&mut scene);
        let difficulty = if lookalike { Difficulty::Clean } else { self.settings.difficulty };
        scene.disguise(difficulty);
        scene.live(self.cards, self.settings.difficulty);
        let Scene { legs, mut draw, .. } = scene;
        let instance = u32::try_from(self.all.instances.len()).expect("fewer instances than 2^32");
        self.all.instances.push(planted);
        let mut position_of = Vec::with_capacity(legs.len());
        for leg in legs {
            let transfer =
                leg.payment.book(self.world, &mut draw).filter(|t| (0..calendar.days * DAY).contains(&t.time));
            let undone = leg.undoes.map(|leg| position_of[leg]);
            let transfer = transfer.filter(|_| undone != Some(None)).map(|mut transfer| {
                transfer.extra.undoes = undone.flatten().map(Undoes::Planted);
                transfer
            });
            position_of.push(transfer.map(|_| self.all.transfers.len()));
            self.all.labelled += usize::from(transfer.is_some() && leg.labelled && !lookalike);
            self.all.transfers.extend(transfer.map(|transfer| (transfer, leg.labelled.then_some(instance))));
        }
    }
}

impl Planting {
    /// Sorts the transfers by time and lets each know its new position.
    fn in_time_order(mut self) -> Self {
        let mut order: Vec<usize> = (0..self.transfers.len()).collect();
        order.sort_by_key(|&position| self.transfers[position].0.time);
        let mut new = vec![0; order.len()];
        order.iter().enumerate().for_each(|(position, &old)| new[old] = position);
        let sorted = order.iter().enumerate().map(|(position, &old)| {
            let (mut transfer, instance) = self.transfers[old];
            transfer.planted = Some(position);
            if let Some(Undoes::Planted(undone)) = &mut transfer.extra.undoes {
                *undone = new[*undone];
            }
            (transfer, instance)
        });
        self.transfers = sorted.collect();
        self
    }
}
