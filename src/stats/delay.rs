//! How long money rests on an account before it goes on.
//!
//! For every transfer of a match that others feed (as the step's `delay` says), the time since the latest of these.
//! The latest, since it is the shortest time in which the money can have gone on. Transfers of a first step, of a
//! reverse step and of the step after one are not fed and have no delay; a match without a fed transfer has none.

use rayon::prelude::*;

use crate::columns::Ledger;
use crate::lang::TypologySet;
use crate::sift::{Match, feeders};

/// The delays of all fed transfers of some matches, in seconds.
pub(super) fn delays(matches: &[&Match], ledger: &Ledger, set: &TypologySet) -> Vec<f64> {
    matches.par_iter().flat_map_iter(|matched| delays_in(matched, ledger, set)).collect()
}

fn delays_in(matched: &Match, ledger: &Ledger, set: &TypologySet) -> Vec<f64> {
    let flow = set.typologies[matched.rule].flow_at(matched.variant);
    let mut delays = Vec::new();
    for (position, slot) in matched.slots.iter().enumerate() {
        let Some(feeders) = feeders(flow, ledger, matched, position) else { continue };
        let latest = slot.rows.iter().filter_map(|&row| Some((row, *feeders.of(row).last()?)));
        delays.extend(latest.map(|(row, feeder)| super::seconds(ledger.time(row) - ledger.time(feeder))));
    }
    delays
}
