//! Pseudonyms: a keyed order of numbers, so that no two accounts share one and none shows which came first.

use super::draw::{Draw, Part, stream};

/// A keyed order of the numbers below an end: a Feistel network over a power of four, walked until it is below.
#[derive(Clone, Debug)]
pub(super) struct Order {
    end: usize,
    /// Bits of each half.
    half: u32,
    rounds: [u64; 6],
}

impl Order {
    /// The order of the numbers below `end`, by a key.
    pub(super) fn new(end: usize, draw: &mut Draw) -> Self {
        let bits = usize::BITS - end.max(256).saturating_sub(1).leading_zeros();
        Self { end, half: bits.div_ceil(2), rounds: [0; 6].map(|_| draw.below(1 << 62) as u64 | 1) }
    }

    /// How many numbers the network orders.
    pub(super) fn width(&self) -> u32 {
        2 * self.half
    }

    /// The number that stands at a place.
    pub(super) fn at(&self, place: usize) -> usize {
        let mut number = self.scramble(place as u64);
        while number >= self.end as u64 {
            number = self.scramble(number);
        }
        usize::try_from(number).expect("below the end")
    }

    /// One pass through the network.
    pub(super) fn scramble(&self, number: u64) -> u64 {
        let (mut left, mut right) = (number >> self.half, number & self.mask());
        for &key in &self.rounds {
            (left, right) = (right, left ^ self.mix(right, key));
        }
        (left << self.half) | right
    }

    /// The number that a pass turned into this one.
    pub(super) fn unscramble(&self, scrambled: u64) -> u64 {
        let (mut left, mut right) = (scrambled >> self.half, scrambled & self.mask());
        for &key in self.rounds.iter().rev() {
            (left, right) = (right ^ self.mix(left, key), left);
        }
        (left << self.half) | right
    }

    fn mask(&self) -> u64 {
        (1 << self.half) - 1
    }

    fn mix(&self, half: u64, key: u64) -> u64 {
        let mixed = (half ^ (key >> 20)).wrapping_mul(key);
        (mixed ^ (mixed >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 34 & self.mask()
    }
}

/// Makes the keys of a ledger's accounts, owners and people at desks.
#[derive(Clone, Debug)]
pub(super) struct Keys {
    accounts: Order,
    entities: Order,
}

impl Keys {
    /// For so many accounts. The keys of a small ledger are as long as those of a large one.
    pub(super) fn new(seed: u64, accounts: usize) -> Self {
        let mut draw = stream(seed, Part::Keys, 0);
        // Three of four keys stand for no account, so that one cannot be guessed.
        let end = accounts.saturating_mul(4).max(1 << 20);
        Self { accounts: Order::new(end, &mut draw), entities: Order::new(end, &mut draw) }
    }

    /// The key of an account.
    pub(super) fn account(&self, place: usize) -> Key {
        Key { sort: 'A', number: spread(&self.accounts, place) }
    }

    /// The key of an owner, by the first of its accounts.
    pub(super) fn entity(&self, place: usize) -> Key {
        Key { sort: 'E', number: spread(&self.entities, place) }
    }

    /// The key of one who works for an owner.
    pub(super) fn staff(&self, place: usize, number: u8) -> Key {
        Key { sort: 'S', number: self.entity(place).number ^ u64::from(number) }
    }

    /// All places in the order of their accounts' keys, those of no account among them.
    pub(super) fn in_order(&self) -> impl Iterator<Item = usize> + '_ {
        let all = 0..1u64 << self.accounts.width();
        all.filter_map(|scrambled| usize::try_from(self.accounts.unscramble(scrambled)).ok())
    }
}

/// The eight digits of a place: what its order leaves free is filled without changing it.
fn spread(order: &Order, place: usize) -> u64 {
    let scrambled = order.scramble(place as u64);
    let free = 32u32.saturating_sub(order.width());
    scrambled << free | (scrambled.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40) & ((1 << free) - 1)
}

/// A pseudonym, to be shown.
#[derive(Clone, Copy, Debug)]
pub(super) struct Key {
    sort: char,
    number: u64,
}

impl std::fmt::Display for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}{:08x}", self.sort, self.number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_numbers_share_a_pseudonym_and_the_order_can_be_walked() {
        let keys = Keys::new(5, 10_000);
        let mut made: Vec<String> = (0..100_000).map(|place| keys.account(place).to_string()).collect();
        let in_order = keys.in_order().filter(|&place| place < 100_000);
        let walked: Vec<String> = in_order.map(|place| keys.account(place).to_string()).collect();
        made.sort_unstable();
        made.dedup();
        assert_eq!(made.len(), 100_000);
        assert_eq!(made, walked);
    }

    #[test]
    fn an_order_holds_every_number_once() {
        let order = Order::new(1_000, &mut stream(1, Part::Keys, 0));
        let mut numbers: Vec<usize> = (0..1_000).map(|place| order.at(place)).collect();
        assert_ne!(numbers[..10], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
        numbers.sort_unstable();
        assert!(numbers.into_iter().eq(0..1_000));
    }
}
