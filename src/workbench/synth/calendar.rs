//! Days, months and the hours at which people and offices move money.

use jiff::ToSpan;
use jiff::civil::{Date, date};

use super::draw::Draw;

/// Seconds of a day.
pub(super) const DAY: i64 = 86_400;
/// Seconds of an hour.
pub(super) const HOUR: i64 = 3_600;

/// The days that a ledger covers, counted from zero.
#[derive(Clone, Debug)]
pub(super) struct Calendar {
    start: Date,
    /// How many days.
    pub(super) days: i64,
    /// What is so of each day.
    known: Vec<Known>,
}

/// What payments ask of a day.
#[derive(Clone, Copy, Debug)]
struct Known {
    day_of_month: i64,
    weekday: usize,
    /// The days of a month whose payments banks book on this day, as bits.
    booked: u32,
}

/// How many of a thousand payments fall into each hour of the day.
#[derive(Clone, Copy, Debug)]
pub(super) enum Rhythm {
    /// Shops and friends: late morning, and again after work.
    Private,
    /// Offices: eight to six.
    Office,
    /// Machines: any hour.
    Always,
}

impl Rhythm {
    /// A second of a day, by this rhythm.
    pub(super) fn moment(self, day: i64, draw: &mut Draw) -> i64 {
        let hours = self.hours();
        let mut drawn = draw.between(0, hours.iter().sum::<i64>() - 1);
        let mut hour = 0;
        for (candidate, weight) in (0i64..).zip(hours) {
            if drawn < weight {
                hour = candidate;
                break;
            }
            drawn -= weight;
        }
        day * DAY + hour * HOUR + draw.between(0, HOUR - 1)
    }

    /// The seconds at which a day is cut so that each of some parts has about as many payments.
    pub(super) fn cuts(self, parts: i64) -> Vec<i64> {
        let hours = self.hours();
        let whole: i64 = hours.iter().sum();
        let mut cuts = vec![0];
        let mut before = 0;
        for (hour, weight) in (0i64..).zip(hours) {
            while let cut = i64::try_from(cuts.len()).expect("few")
                && cut < parts
                && cut * whole < (before + weight) * parts
            {
                cuts.push(hour * HOUR + (cut * whole - before * parts) * HOUR / (weight * parts));
            }
            before += weight;
        }
        cuts.push(DAY);
        cuts
    }

    const fn hours(self) -> [i64; 24] {
        match self {
            Self::Private => [6, 3, 2, 1, 1, 3, 12, 30, 48, 58, 66, 74, 84, 70, 60, 60, 68, 86, 96, 74, 48, 28, 14, 8],
            Self::Office => [0, 0, 0, 0, 0, 0, 10, 40, 110, 140, 140, 110, 70, 90, 110, 100, 60, 20, 0, 0, 0, 0, 0, 0],
            Self::Always => [42; 24],
        }
    }
}

impl Calendar {
    /// So many days from the first of January 2025.
    pub(super) fn new(days: i64) -> Self {
        let mut calendar = Self { start: date(2025, 1, 1), days, known: Vec::new() };
        calendar.known = (0..days).map(|day| calendar.look_up(day)).collect();
        calendar
    }

    fn look_up(&self, day: i64) -> Known {
        let number = |day: i64| i64::from(self.date(day).day());
        let booked = (day..day + 3).filter(|&due| self.works(day) && self.worked(due) == day);
        Known {
            day_of_month: number(day),
            weekday: usize::try_from(self.date(day).weekday().to_monday_zero_offset()).expect("not negative"),
            booked: booked.fold(0, |bits, due| bits | 1 << number(due)),
        }
    }

    fn known(&self, day: i64) -> Known {
        self.known[usize::try_from(day).expect("a day of the ledger")]
    }

    /// Whether a day of the ledger is this day of its month.
    pub(super) fn is(&self, day: i64, day_of_month: i64) -> bool {
        self.known(day).day_of_month == day_of_month
    }

    /// Whether banks book on a day of the ledger what is due on this day of a month: on the day itself, or on the last
    /// working day before it.
    pub(super) fn books(&self, day: i64, day_of_month: i64) -> bool {
        self.known(day).booked >> day_of_month & 1 == 1
    }

    /// The weekday of a day of the ledger, Monday is 0.
    pub(super) fn weekday(&self, day: i64) -> usize {
        self.known(day).weekday
    }

    /// How much is bought on a day of the ledger, in hundredths of a usual day: more on a Saturday than on a Sunday.
    pub(super) fn appetite(&self, day: i64) -> i64 {
        [90, 90, 90, 99, 126, 143, 62][self.weekday(day)]
    }

    /// Seconds from 1970 to the first midnight.
    pub(super) fn epoch(&self) -> i64 {
        let days = self.start.since(date(1970, 1, 1)).expect("two dates of one calendar").get_days();
        i64::from(days) * DAY
    }

    /// The days that are this day of a month.
    pub(super) fn monthly(&self, day_of_month: i64) -> Vec<i64> {
        (0..self.days).filter(|&day| i64::from(self.date(day).day()) == day_of_month).collect()
    }

    /// Whether banks work on a day.
    pub(super) fn works(&self, day: i64) -> bool {
        self.date(day).weekday().to_monday_zero_offset() < 5
    }

    /// The day itself, or the last working day before it.
    pub(super) fn worked(&self, day: i64) -> i64 {
        (0..3).map(|back| day - back).find(|&day| self.works(day)).expect("weekends have two days")
    }

    /// The date of a day, which may lie before the ledger.
    pub(super) fn date(&self, day: i64) -> Date {
        self.start.saturating_add(day.days())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workbench::synth::draw::{Part, stream};

    #[test]
    fn a_payday_on_a_sunday_is_paid_on_friday() {
        let calendar = Calendar::new(60);
        // The 25th and 26th of January 2025 are a Saturday and a Sunday.
        assert_eq!(calendar.monthly(25), [24, 55]);
        assert_eq!((calendar.worked(24), calendar.worked(25), calendar.worked(23)), (23, 23, 23));
        assert_eq!([22, 23, 24, 25].map(|day| calendar.books(day, 25)), [false, true, false, false]);
        assert!(calendar.books(23, 26) && calendar.books(23, 24) && !calendar.books(23, 27));
        assert_eq!(calendar.epoch(), 1_735_689_600);
    }

    #[test]
    fn a_day_is_cut_where_its_payments_are() {
        assert_eq!(Rhythm::Private.cuts(1), [0, DAY]);
        let cuts = Rhythm::Private.cuts(40);
        assert!(cuts.len() == 41 && cuts.windows(2).all(|pair| pair[0] < pair[1]), "{cuts:?}");
        let mut draw = stream(1, Part::World, 0);
        let mut held = [0; 40];
        for _ in 0..40_000 {
            let moment = Rhythm::Private.moment(0, &mut draw);
            held[cuts.partition_point(|&cut| cut <= moment) - 1] += 1;
        }
        assert!(held.iter().all(|held| (800..1_200).contains(held)), "{held:?}");
    }

    #[test]
    fn offices_pay_by_day() {
        let mut draw = stream(1, Part::World, 0);
        for _ in 0..1000 {
            let hour = Rhythm::Office.moment(3, &mut draw) % DAY / HOUR;
            assert!((6..=17).contains(&hour), "{hour}");
        }
    }
}
