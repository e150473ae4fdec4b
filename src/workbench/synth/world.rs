//! Who has an account: people, firms, shops, landlords, processors, and the outside that cash comes from.

use super::calendar::Calendar;
use super::draw::{Draw, Part, running, stream, zipf};

/// Position of an account in [`World::accounts`].
pub(super) type Place = usize;

/// What kind of holder an account has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Holder {
    Person,
    Company,
    Merchant,
    Processor,
    Exchange,
    Remitter,
    Settlement,
    Government,
    Cash,
}

impl Holder {
    /// The value of the column `kind`.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Company => "company",
            Self::Merchant => "merchant",
            Self::Processor => "payment_processor",
            Self::Exchange => "exchange",
            Self::Remitter => "remitter",
            Self::Settlement => "settlement",
            Self::Government => "government",
            Self::Cash => "cash",
        }
    }
}

/// A country of the made-up world.
#[derive(Clone, Copy, Debug)]
pub(super) struct Country {
    /// ISO 3166 code.
    pub(super) code: &'static str,
    /// ISO 4217 code.
    pub(super) currency: &'static str,
    /// What one unit of its currency is worth, in millionths of a euro.
    pub(super) rate: i64,
    /// How many of a hundred communities live there.
    weight: u64,
}

/// The countries; the euro is the base currency, since most transfers are booked in it.
pub(super) const COUNTRIES: [Country; 6] = [
    Country { code: "DE", currency: "EUR", rate: 1_000_000, weight: 32 },
    Country { code: "FR", currency: "EUR", rate: 1_000_000, weight: 22 },
    Country { code: "NL", currency: "EUR", rate: 1_000_000, weight: 14 },
    Country { code: "GB", currency: "GBP", rate: 1_170_000, weight: 14 },
    Country { code: "PL", currency: "PLN", rate: 235_000, weight: 10 },
    Country { code: "SE", currency: "SEK", rate: 88_000, weight: 8 },
];

/// Banks of each country.
const BANKS: usize = 3;

/// One account.
#[derive(Clone, Copy, Debug)]
pub(super) struct Account {
    /// Its number, from which its pseudonym is made.
    pub(super) number: u32,
    /// The number of its owner.
    pub(super) entity: u32,
    /// Position of its bank.
    pub(super) bank: usize,
    /// What kind of holder it has.
    pub(super) holder: Holder,
    /// Position of its country.
    pub(super) country: usize,
    /// The day on which it was opened, counted from the ledger's first day.
    pub(super) opened: i64,
    /// Declared turnover a month in euros, if any was declared.
    pub(super) turnover: Option<i64>,
}

/// A person of the population and their ties.
#[derive(Clone, Copy, Debug)]
pub(super) struct Person {
    /// Current account.
    pub(super) account: Place,
    /// Savings account.
    pub(super) savings: Option<Place>,
    /// Position of the employer in [`World::firms`]; without one, a pension or an allowance comes from the state.
    pub(super) employer: Option<usize>,
    /// What comes in a month, in cents.
    pub(super) income: i64,
    /// Whom rent goes to, and how much, in cents.
    pub(super) rent: Option<(Place, i64)>,
    /// How much is spent by card, relative to others.
    pub(super) spending: u64,
    /// Whether money is sent home abroad.
    pub(super) migrant: bool,
}

/// Everybody.
#[derive(Clone, Debug)]
pub(super) struct World {
    /// All accounts.
    pub(super) accounts: Vec<Account>,
    /// The population, neighbours side by side.
    pub(super) people: Vec<Person>,
    /// Employers and traders, the largest first.
    pub(super) firms: Vec<Place>,
    /// Shops, those with most customers first.
    pub(super) shops: Vec<Place>,
    /// For each country, its shops in the same order.
    pub(super) shops_of: Vec<Vec<Place>>,
    /// Payment processors.
    pub(super) processors: Vec<Place>,
    /// Exchanges for virtual assets.
    pub(super) exchanges: Vec<Place>,
    /// Money remitters.
    pub(super) remitters: Vec<Place>,
    /// Power, water and telephone.
    pub(super) utilities: Vec<Place>,
    /// For each country, the account that stands for cash.
    pub(super) cash: Vec<Place>,
    /// The state, which pays pensions and allowances.
    pub(super) state: Place,
    entities: u32,
}

impl World {
    /// A world of so many people.
    pub(super) fn new(seed: u64, people: usize, calendar: &Calendar) -> Self {
        let mut draw = stream(seed, Part::World, 0);
        let mut world = Self {
            accounts: Vec::new(),
            people: Vec::with_capacity(people),
            firms: Vec::new(),
            shops: Vec::new(),
            shops_of: vec![Vec::new(); COUNTRIES.len()],
            processors: Vec::new(),
            exchanges: Vec::new(),
            remitters: Vec::new(),
            utilities: Vec::new(),
            cash: Vec::new(),
            state: 0,
            entities: 0,
        };
        world.institutions(people, &mut draw);
        world.trade(people, &mut draw);
        world.populate(seed, people, calendar);
        world
    }

    /// Opens an account of a new owner.
    pub(super) fn open(&mut self, holder: Holder, country: usize, age_in_days: i64, draw: &mut Draw) -> Place {
        self.entities += 1;
        self.open_for(self.entities, holder, country, age_in_days, draw)
    }

    /// Opens another account of the owner of one.
    pub(super) fn open_beside(&mut self, place: Place, draw: &mut Draw) -> Place {
        let Account { entity, holder, country, opened, turnover, .. } = self.accounts[place];
        let beside = self.open_for(entity, holder, country, -opened, draw);
        self.accounts[beside].turnover = turnover;
        beside
    }

    fn open_for(&mut self, entity: u32, holder: Holder, country: usize, age: i64, draw: &mut Draw) -> Place {
        let place = self.accounts.len();
        let number = u32::try_from(place).expect("fewer accounts than 2^32");
        let bank = country * BANKS + draw.below(BANKS);
        self.accounts.push(Account { number, entity, bank, holder, country, opened: -age, turnover: None });
        place
    }

    /// A country, drawn by its weight.
    pub(super) fn country(draw: &mut Draw) -> usize {
        draw.weighted(&running(COUNTRIES.iter().map(|country| country.weight)))
    }

    fn institutions(&mut self, people: usize, draw: &mut Draw) {
        self.state = self.open(Holder::Government, 0, 9_000, draw);
        for country in 0..COUNTRIES.len() {
            let cash = self.open(Holder::Cash, country, 9_000, draw);
            self.cash.push(cash);
        }
        let few = |per: usize| (people / per).clamp(2, 12);
        for (holder, number) in [
            (Holder::Processor, few(4_000) + 1),
            (Holder::Exchange, few(20_000)),
            (Holder::Remitter, few(10_000)),
            (Holder::Company, few(2_000) + 2),
        ] {
            for _ in 0..number {
                let country = Self::country(draw);
                let place = self.open(holder, country, 4_000, draw);
                match holder {
                    Holder::Processor => self.processors.push(place),
                    Holder::Exchange => self.exchanges.push(place),
                    Holder::Remitter => self.remitters.push(place),
                    _ => self.utilities.push(place),
                }
            }
        }
    }

    fn trade(&mut self, people: usize, draw: &mut Draw) {
        for _ in 0..(people / 25).max(8) {
            let (country, age) = (Self::country(draw), draw.between(400, 7_000));
            let firm = self.open(Holder::Company, country, age, draw);
            self.firms.push(firm);
        }
        for _ in 0..(people / 9).max(12) {
            let (country, age) = (Self::country(draw), draw.between(200, 5_000));
            let shop = self.open(Holder::Merchant, country, age, draw);
            self.shops.push(shop);
            self.shops_of[country].push(shop);
        }
    }

    /// People live in communities of ten: one country, one landlord, friends next door.
    fn populate(&mut self, seed: u64, people: usize, calendar: &Calendar) {
        let size = zipf(self.firms.len());
        for community in 0..people.div_ceil(10) {
            let mut draw = stream(seed, Part::Landlord, community);
            let country = Self::country(&mut draw);
            let holder = if draw.chance(50) { Holder::Company } else { Holder::Person };
            let age = draw.between(800, 6_000);
            let landlord = self.open(holder, country, age, &mut draw);
            self.accounts[landlord].turnover = Some(draw.between(60, 120) * 100);
            for _ in 0..(people - self.people.len()).min(10) {
                let person = self.person(country, landlord, &size, calendar, &mut draw);
                self.people.push(person);
            }
        }
    }

    fn person(
        &mut self,
        country: usize,
        landlord: Place,
        size: &[u64],
        calendar: &Calendar,
        draw: &mut Draw,
    ) -> Person {
        // One in twenty opened the account while the ledger was kept, or shortly before.
        let age = if draw.chance(5) { draw.between(-calendar.days / 2, 90) } else { draw.between(91, 6_000) };
        let account = self.open(Holder::Person, country, age.max(0), draw);
        let employer = draw.chance(68).then(|| draw.weighted(size));
        let income = if employer.is_some() { draw.lognormal(245_000, 35) } else { draw.lognormal(135_000, 30) };
        self.accounts[account].turnover = Some(income / 10_000 * 100);
        let savings = draw.chance(25).then(|| self.open_beside(account, draw));
        let rent = draw.chance(60).then(|| (landlord, draw.lognormal(82_000, 30) / 1_000 * 1_000));
        let spending = u64::try_from(draw.lognormal(100, 60)).expect("not negative");
        Person { account, savings, employer, income, rent, spending, migrant: draw.chance(7) }
    }
}
