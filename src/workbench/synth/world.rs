//! Who has an account: people, firms, shops, landlords, processors, and the outside that cash comes from.
//!
//! Institutions, firms and shops stand in a table whose size is bounded. People do not: a person is a function of the
//! seed and a number, worked out whenever it is asked for, so that a ledger of any size needs no more memory.

use super::draw::{Draw, Part, running, stream, zipf};

/// Number of an account: first the table of [`World::fixed`], then the communities, then what is planted.
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
    Gambling,
    Wallet,
    Prepaid,
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
            Self::Gambling => "gambling",
            Self::Wallet => "wallet",
            Self::Prepaid => "prepaid",
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

/// How many of [`COUNTRIES`], the first ones, have communities.
pub(super) const HOME: usize = 6;

/// The countries; the euro is the base currency, since most transfers are booked in it. Nobody of the population lives
/// in those behind the first [`HOME`]: relatives do, and trading partners, and in the last three the FATF saw strategic
/// deficiencies throughout 2025.
pub(super) const COUNTRIES: [Country; 15] = [
    country("DE", "EUR", 1_000_000, 32),
    country("FR", "EUR", 1_000_000, 22),
    country("NL", "EUR", 1_000_000, 14),
    country("GB", "GBP", 1_170_000, 14),
    country("PL", "PLN", 235_000, 10),
    country("SE", "SEK", 88_000, 8),
    country("CH", "CHF", 1_060_000, 0),
    country("US", "USD", 920_000, 0),
    country("TR", "TRY", 26_000, 0),
    country("MA", "MAD", 93_000, 0),
    country("AE", "AED", 250_000, 0),
    country("HK", "HKD", 118_000, 0),
    country("VN", "USD", 920_000, 0),
    country("LB", "USD", 920_000, 0),
    country("MM", "USD", 920_000, 0),
];

const fn country(code: &'static str, currency: &'static str, rate: i64, weight: u64) -> Country {
    Country { code, currency, rate, weight }
}

/// Positions of the countries under increased monitoring or a call for action.
pub(super) const MONITORED: [usize; 3] = [12, 13, 14];

/// Banks of each country.
const BANKS: usize = 3;

/// Regions of each country.
pub(super) const REGIONS: i64 = 8;

/// Neighbours of a community, each with up to four accounts: current, savings, wallet, and a relative's abroad.
const NEIGHBOURS: usize = 10;
const SLOTS: usize = 1 + 4 * NEIGHBOURS;

/// The most firms, and the most shops, so that their table stays small however large the ledger is.
const MOST_TRADERS: usize = 40_000;

/// Categories of merchants (ISO 18245): food, fuel, clothes, electronics, restaurants, medicine, travel, furniture.
const SHOP_CODES: [u16; 8] = [5411, 5541, 5651, 5732, 5812, 5912, 4722, 5712];

/// Categories of firms: consultancy, building, software, freight, wholesale of goods.
const FIRM_CODES: [u16; 5] = [7392, 1520, 7372, 4215, 5099];

/// One account.
#[derive(Clone, Copy, Debug)]
pub(super) struct Account {
    /// The first account of its owner.
    pub(super) entity: Place,
    /// Position of its bank in its country.
    pub(super) bank: usize,
    /// What kind of holder it has.
    pub(super) holder: Holder,
    /// Position of its country.
    pub(super) country: usize,
    /// The region of that country, from 1.
    pub(super) region: u8,
    /// The day on which it was opened, counted from the ledger's first day.
    pub(super) opened: i64,
    /// Declared turnover a month in euros, if any was declared.
    pub(super) turnover: Option<i64>,
    /// Category of the trade, if it is one.
    pub(super) trade: Option<u16>,
    /// The account that a virtual one belongs to.
    pub(super) master: Option<Place>,
}

/// Ten neighbours: one country and region, one landlord.
#[derive(Clone, Copy, Debug)]
pub(super) struct Home {
    number: usize,
    country: usize,
    region: u8,
    landlord: Account,
}

/// A person of the population and their ties.
#[derive(Clone, Copy, Debug)]
pub(super) struct Person {
    /// Current account.
    pub(super) account: Place,
    pub(super) country: usize,
    pub(super) region: u8,
    pub(super) savings: Option<Place>,
    /// A wallet for electronic money, or a prepaid card.
    pub(super) wallet: Option<Place>,
    pub(super) prepaid: bool,
    /// A relative's account abroad.
    pub(super) relative: Option<Place>,
    pub(super) abroad: usize,
    /// Position of the employer in [`World::firms`]; without one, a pension or an allowance comes from the state.
    pub(super) employer: Option<usize>,
    /// What comes in a month, in cents.
    pub(super) income: i64,
    pub(super) landlord: Place,
    /// The rent in cents and the day of the month on which it is paid.
    pub(super) rent: Option<(i64, i64)>,
    /// The days of the month on which savings, and money for the family, leave.
    pub(super) saves_on: i64,
    pub(super) sends_on: i64,
    /// Whether money goes to an exchange for virtual assets now and then.
    pub(super) investor: bool,
    /// Whether money goes to a gambling operator now and then.
    pub(super) gambler: bool,
    bank: usize,
    opened: i64,
}

/// Everybody.
#[derive(Clone, Debug)]
pub(super) struct World {
    pub(super) seed: u64,
    /// How many people.
    pub(super) people: usize,
    /// Institutions, firms and shops.
    pub(super) fixed: Vec<Account>,
    /// What is opened to plant something.
    pub(super) planted: Vec<Account>,
    /// Employers and traders, the largest first.
    pub(super) firms: Vec<Place>,
    /// How often each firm is dealt with, as running sums.
    pub(super) by_size: Vec<u64>,
    /// Shops, those with most customers first.
    pub(super) shops: Vec<Place>,
    /// For each country, its shops in the same order.
    pub(super) shops_of: Vec<Vec<Place>>,
    pub(super) processors: Vec<Place>,
    pub(super) exchanges: Vec<Place>,
    pub(super) remitters: Vec<Place>,
    pub(super) operators: Vec<Place>,
    /// Power, water and telephone.
    pub(super) utilities: Vec<Place>,
    /// For each country, the account that stands for cash.
    pub(super) cash: Vec<Place>,
    /// The state, which pays pensions and allowances.
    pub(super) state: Place,
}

impl World {
    /// A world of so many people.
    pub(super) fn new(seed: u64, people: usize) -> Self {
        let mut draw = stream(seed, Part::World, 0);
        let mut world = Self {
            seed,
            people,
            fixed: Vec::new(),
            planted: Vec::new(),
            firms: Vec::new(),
            by_size: Vec::new(),
            shops: Vec::new(),
            shops_of: vec![Vec::new(); HOME],
            processors: Vec::new(),
            exchanges: Vec::new(),
            remitters: Vec::new(),
            operators: Vec::new(),
            utilities: Vec::new(),
            cash: Vec::new(),
            state: 0,
        };
        world.institutions(&mut draw);
        world.trade(&mut draw);
        world
    }

    fn institutions(&mut self, draw: &mut Draw) {
        self.state = self.found(Holder::Government, 0, 9_000, draw);
        self.cash = (0..COUNTRIES.len()).map(|country| self.found(Holder::Cash, country, 9_000, draw)).collect();
        let people = self.people;
        let few = |per: usize| (people / per).clamp(2, 12);
        let mut several = |holder, number: usize| -> Vec<Place> {
            (0..number).map(|_| self.found(holder, Self::any_country(draw), 4_000, draw)).collect()
        };
        let processors = several(Holder::Processor, few(4_000) + 1);
        let exchanges = several(Holder::Exchange, few(20_000));
        let remitters = several(Holder::Remitter, few(10_000));
        let operators = several(Holder::Gambling, few(20_000));
        let utilities = several(Holder::Company, few(2_000) + 2);
        (self.processors, self.exchanges, self.remitters) = (processors, exchanges, remitters);
        (self.operators, self.utilities) = (operators, utilities);
    }

    /// Firms, every one with a second account that its money is swept to, and shops.
    fn trade(&mut self, draw: &mut Draw) {
        for _ in 0..(self.people / 25).clamp(8, MOST_TRADERS) {
            let (country, age) = (Self::any_country(draw), draw.between(400, 7_000));
            let firm = self.found(Holder::Company, country, age, draw);
            self.fixed[firm].trade = Some(draw.pick(&FIRM_CODES));
            let pool = Account { turnover: Some(0), ..self.fixed[firm] };
            self.fixed.push(pool);
            self.firms.push(firm);
        }
        self.by_size = zipf(self.firms.len());
        for _ in 0..(self.people / 9).clamp(12, MOST_TRADERS) {
            let (country, age) = (Self::any_country(draw), draw.between(200, 5_000));
            let shop = self.found(Holder::Merchant, country, age, draw);
            self.fixed[shop].trade = Some(draw.pick(&SHOP_CODES));
            self.shops.push(shop);
            self.shops_of[country].push(shop);
        }
    }

    fn found(&mut self, holder: Holder, country: usize, age: i64, draw: &mut Draw) -> Place {
        let place = self.fixed.len();
        self.fixed.push(new_account(place, holder, country, age, draw));
        place
    }

    /// A country, drawn by its weight.
    pub(super) fn any_country(draw: &mut Draw) -> usize {
        draw.weighted(&running(COUNTRIES[..HOME].iter().map(|country| country.weight)))
    }

    /// The account that a firm's money is swept to.
    pub(super) fn pool(firm: Place) -> Place {
        firm + 1
    }

    /// How many communities there are.
    pub(super) fn communities(&self) -> usize {
        self.people.div_ceil(NEIGHBOURS)
    }

    /// How many accounts there may be; some numbers of communities stand for none.
    pub(super) fn end(&self) -> Place {
        self.first_planted() + self.planted.len()
    }

    /// The first number that is not a firm's, a shop's or an institution's.
    pub(super) fn first_home(&self) -> Place {
        self.fixed.len()
    }

    fn first_planted(&self) -> Place {
        self.first_home() + self.communities() * SLOTS
    }

    /// A community.
    pub(super) fn home(&self, number: usize) -> Home {
        let mut draw = stream(self.seed, Part::Community, number);
        let country = Self::any_country(&mut draw);
        let holder = if draw.chance(50) { Holder::Company } else { Holder::Person };
        let (place, age) = (self.first_home() + number * SLOTS, draw.between(800, 6_000));
        let mut landlord = new_account(place, holder, country, age, &mut draw);
        landlord.turnover = Some(draw.between(60, 120) * 100);
        Home { number, country, region: landlord.region, landlord }
    }

    /// The people of a community, by number.
    pub(super) fn members(&self, home: Home) -> std::ops::Range<usize> {
        home.number * NEIGHBOURS..self.people.min((home.number + 1) * NEIGHBOURS)
    }

    /// The current account of a person.
    pub(super) fn current(&self, person: usize) -> Place {
        self.first_home() + person / NEIGHBOURS * SLOTS + 1 + person % NEIGHBOURS * 4
    }

    /// How eagerly a person shops, relative to others; half of them less than a hundred.
    pub(super) fn eagerness(&self, person: usize) -> i64 {
        stream(self.seed, Part::Person, person).lognormal(100, 60).min(MOST_EAGER)
    }

    /// A person of a community.
    pub(super) fn person(&self, number: usize, home: Home) -> Person {
        let mut draw = stream(self.seed, Part::Person, number);
        let _eagerness = draw.lognormal(100, 60);
        let account = self.current(number);
        // One in twenty opened the account shortly before the ledger begins.
        let opened = -if draw.chance(5) { draw.between(0, 90) } else { draw.between(91, 6_000) };
        let employer = draw.chance(68).then(|| draw.weighted(&self.by_size));
        let income = if employer.is_some() { draw.lognormal(245_000, 35) } else { draw.lognormal(135_000, 30) };
        let rent = draw.chance(60).then(|| (draw.lognormal(82_000, 30) / 1_000 * 1_000, draw.between(1, 4)));
        let wallet = draw.chance(7);
        Person {
            account,
            country: home.country,
            region: home.region,
            savings: draw.chance(25).then_some(account + 1),
            wallet: wallet.then_some(account + 2),
            prepaid: draw.chance(30),
            relative: draw.chance(7).then_some(account + 3),
            abroad: HOME + draw.below(COUNTRIES.len() - MONITORED.len() - HOME),
            employer,
            income,
            landlord: self.first_home() + home.number * SLOTS,
            rent,
            saves_on: draw.between(2, 9),
            sends_on: draw.between(1, 27),
            investor: draw.chance(4),
            gambler: draw.chance(3),
            bank: draw.below(BANKS),
            opened,
        }
    }

    /// The country of an account.
    pub(super) fn country(&self, place: Place) -> usize {
        if let Some(account) = self.kept(place) {
            return account.country;
        }
        let (number, slot) = self.slot(place);
        let home = self.home(number);
        if slot > 0 && slot % 4 == 0 {
            return self.person(number * NEIGHBOURS + (slot - 1) / 4, home).abroad;
        }
        home.country
    }

    fn kept(&self, place: Place) -> Option<&Account> {
        self.fixed.get(place).or_else(|| self.planted.get(place.checked_sub(self.first_planted())?))
    }

    fn slot(&self, place: Place) -> (usize, usize) {
        let beyond = place - self.first_home();
        (beyond / SLOTS, beyond % SLOTS)
    }

    /// An account, if its number stands for one.
    pub(super) fn account(&self, place: Place) -> Option<Account> {
        if let Some(account) = self.kept(place) {
            return Some(*account);
        }
        if place >= self.end() {
            return None;
        }
        let (number, slot) = self.slot(place);
        let home = self.home(number);
        let Some(slot) = slot.checked_sub(1) else { return Some(home.landlord) };
        let member = number * NEIGHBOURS + slot / 4;
        (member < self.people).then(|| self.person(member, home).own(slot % 4)).flatten()
    }

    /// An account that is known to be there.
    pub(super) fn at(&self, place: Place) -> Account {
        self.account(place).expect("only accounts that are there pay and are paid")
    }

    /// Changes a planted account.
    pub(super) fn change(&mut self, place: Place, change: impl FnOnce(&mut Account)) {
        let first = self.first_planted();
        change(&mut self.planted[place - first]);
    }

    /// Opens an account of a new owner.
    pub(super) fn open(&mut self, holder: Holder, country: usize, age: i64, draw: &mut Draw) -> Place {
        let place = self.end();
        let mut account = new_account(place, holder, country, age, draw);
        account.trade = match holder {
            Holder::Merchant => Some(draw.pick(&SHOP_CODES)),
            Holder::Company => Some(draw.pick(&FIRM_CODES)),
            _ => None,
        };
        self.planted.push(account);
        place
    }

    /// Opens another account of the owner of one.
    pub(super) fn open_beside(&mut self, place: Place, draw: &mut Draw) -> Place {
        let bank = draw.below(BANKS);
        let beside = Account { bank, ..self.at(place) };
        self.planted.push(beside);
        self.end() - 1
    }

    /// Somebody who shops, drawn by eagerness.
    pub(super) fn buyer(&self, draw: &mut Draw) -> usize {
        loop {
            let person = draw.below(self.people);
            if draw.between(1, MOST_EAGER) <= self.eagerness(person) {
                return person;
            }
        }
    }
}

/// Where the spread of eagerness is cut: one in a thousand would shop more.
const MOST_EAGER: i64 = 640;

fn new_account(entity: Place, holder: Holder, country: usize, age: i64, draw: &mut Draw) -> Account {
    let (bank, region) = (draw.below(BANKS), u8::try_from(draw.between(1, REGIONS)).expect("few regions"));
    Account { entity, bank, holder, country, region, opened: -age, turnover: None, trade: None, master: None }
}

impl Person {
    /// One of the four accounts, if there is one.
    fn own(self, slot: usize) -> Option<Account> {
        let mut account = Account {
            entity: self.account,
            bank: self.bank,
            holder: Holder::Person,
            country: self.country,
            region: self.region,
            opened: self.opened,
            turnover: Some(self.income / 10_000 * 100),
            trade: None,
            master: None,
        };
        match slot {
            0 => {}
            1 => _ = self.savings?,
            2 => {
                self.wallet?;
                account.holder = if self.prepaid { Holder::Prepaid } else { Holder::Wallet };
            }
            _ => {
                account = Account { entity: self.relative?, country: self.abroad, turnover: None, ..account };
            }
        }
        Some(account)
    }
}
