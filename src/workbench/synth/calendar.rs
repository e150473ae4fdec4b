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
        Self { start: date(2025, 1, 1), days }
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

    /// How many thirtieths of the days there are: the months, in thousandths.
    pub(super) fn months(&self) -> i64 {
        self.days * 1000 / 30
    }

    /// Whether banks work on a day.
    pub(super) fn works(&self, day: i64) -> bool {
        self.date(day).weekday().to_monday_zero_offset() < 5
    }

    /// The day itself, or the last working day before it.
    pub(super) fn worked(&self, day: i64) -> i64 {
        (0..3).map(|back| day - back).find(|&day| self.works(day)).expect("weekends have two days")
    }

    /// A day on which people shop: more often a Saturday than a Sunday.
    pub(super) fn shopping_day(&self, draw: &mut Draw) -> i64 {
        loop {
            let day = draw.between(0, self.days - 1);
            let weekday = usize::try_from(self.date(day).weekday().to_monday_zero_offset()).expect("not negative");
            if draw.between(1, 16) <= [10, 10, 10, 11, 14, 16, 7][weekday] {
                return day;
            }
        }
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
        assert_eq!(calendar.epoch(), 1_735_689_600);
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
