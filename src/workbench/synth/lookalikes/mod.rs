//! Plants the honest flows that laundering is taken for, by the codes that their catalogue gives them: L1 wages, L2
//! marketplaces, L3 settlement, L4 collections, L5 gifts, L6 groups, L7 own accounts, L8 treasuries, L9 escrow, L10 takings,
//! L11 remittances, L12 events of a life, L13 supply, L14 loans, L15 standing orders, L16 refunds, L17 virtual assets, L18
//! games, L19 newcomers, L20 emergencies.

pub(super) mod firms;
pub(super) mod people;

use super::calendar::DAY;
use super::scene::Scene;

/// Seconds on this day of the first four months, or on the last working day before it.
fn monthly(scene: &mut Scene, day: i64) -> Vec<i64> {
    let days = scene.calendar.monthly(day);
    days.into_iter().take(4).map(|day| scene.calendar.worked(day) * DAY + scene.hours(6, 16)).collect()
}

/// Seconds on one day of every week, for so many weeks.
pub(super) fn weekly(scene: &mut Scene, weeks: i64) -> Vec<i64> {
    let first = scene.draw.between(2, (scene.calendar.days - weeks * 7).max(3));
    let first = scene.calendar.worked(first.max(5));
    (0..weeks).map(|week| (first + 7 * week) * DAY + scene.hours(8, 16)).collect()
}

/// The working days of so many weeks.
pub(super) fn working_days(scene: &mut Scene, weeks: i64) -> Vec<i64> {
    let first = scene.draw.between(0, (scene.calendar.days - weeks * 7).max(0));
    (first..(first + weeks * 7).min(scene.calendar.days)).filter(|&day| scene.calendar.works(day)).collect()
}
