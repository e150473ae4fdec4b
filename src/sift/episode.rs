//! Puts instances together that are parts of one match: the same binding and a shared transfer.
//!
//! Ten parallel payments a→b and ten b→c are one match, not a hundred; a busy hub is one match over its episode.

use crate::search::{Instance, Instances};

use super::Slot;

/// The finished matches of one rule, in (binding, transfers) order.
pub(super) fn put_together(instances: &Instances) -> Instances {
    instances.coalesce()
}

/// The transfers of an episode, slot by slot.
pub(super) fn slots(episode: Instance<'_>) -> Vec<Slot> {
    let mut slots: Vec<Slot> = Vec::with_capacity(episode.slots.len());
    for (position, &step) in episode.slots.iter().enumerate() {
        let hop = slots.last().filter(|slot| slot.step == step).map_or(0, |slot| slot.hop + 1);
        slots.push(Slot { step, hop, rows: episode.slot(position).to_vec() });
    }
    slots
}
