//! Account keys, each once, in the order in which they are met.
//!
//! Most ledgers name each account ten times or more, so what counts is to find a key again. Small whole numbers are
//! looked up in a table by their value, all other keys by the hash of their bytes.

use std::hash::Hasher;
use std::ops::Range;

use rustc_hash::FxHasher;

use super::digits;
use crate::columns::Keys;

/// Whole numbers below this are looked up by value; the table for them takes at most 64 MiB.
const SMALL: u64 = 1 << 24;

/// The keys met so far.
#[derive(Debug, Default)]
pub(super) struct Dictionary {
    keys: Keys,
    /// By small number: its position and one, or 0.
    numbers: Vec<u32>,
    index: Index,
}

/// Positions by hash: open addressing, at most half full.
#[derive(Debug, Default)]
struct Index {
    /// Hash, and position and one; or 0.
    slots: Vec<(u32, u32)>,
    filled: usize,
}

/// How a key is looked up.
#[derive(Clone, Copy)]
enum Asked {
    Small(u32),
    /// By its hash.
    Text(u32),
}

impl Asked {
    #[inline]
    fn by(key: &str) -> Self {
        let number = small(key).and_then(|number| u32::try_from(number).ok());
        number.map_or_else(|| Self::Text(hash(key)), Self::Small)
    }
}

impl Dictionary {
    /// The keys in the order in which they were met.
    pub(super) fn keys(&self) -> &Keys {
        &self.keys
    }

    pub(super) fn into_keys(self) -> Keys {
        self.keys
    }

    /// The position of a key, which is added if it is new.
    pub(super) fn position(&mut self, key: &str) -> u32 {
        self.look_up(Asked::by(key), key)
    }

    /// The positions of the keys of some rows, as [`Dictionary::position`] gives them, behind others.
    ///
    /// What a key asks for is worked out for all of them first: then the places to look at, which are far apart in memory,
    /// do not wait for each other.
    pub(super) fn positions<'k>(&mut self, rows: Range<usize>, key: impl Fn(usize) -> &'k str, known: &mut Vec<u32>) {
        let asked: Vec<Asked> = rows.clone().map(|row| Asked::by(key(row))).collect();
        let place = |asked: &Asked| match *asked {
            Asked::Small(number) => self.place_of(number.into()),
            Asked::Text(_) => 0,
        };
        let places: Vec<u32> = asked.iter().map(place).collect();
        known.extend(rows.zip(asked).zip(places).map(|((row, asked), place)| match (asked, place) {
            (Asked::Small(_), 1..) => place - 1,
            _ => self.look_up(asked, key(row)),
        }));
    }

    /// The position of a small number and one, or 0 where it is not known.
    #[inline]
    fn place_of(&self, number: u64) -> u32 {
        usize::try_from(number).ok().and_then(|number| self.numbers.get(number)).copied().unwrap_or(0)
    }

    #[inline]
    fn look_up(&mut self, asked: Asked, key: &str) -> u32 {
        match asked {
            Asked::Small(number) => self.position_of(number.into()),
            Asked::Text(hash) => self.by_hash(hash, key),
        }
    }

    /// The position of the key that a whole number is, written without zeros before it.
    #[inline]
    pub(super) fn position_of(&mut self, number: u64) -> u32 {
        match self.place_of(number) {
            0 => self.add_number(number),
            place => place - 1,
        }
    }

    /// The position of a key, if it is known.
    pub(super) fn find(&self, key: &str) -> Option<u32> {
        match small(key) {
            Some(number) => self.place_of(number).checked_sub(1),
            None => self.index.find(hash(key), key, &self.keys).ok(),
        }
    }

    fn add_number(&mut self, number: u64) -> u32 {
        let mut digits = [0; 20];
        let text = decimal(number, &mut digits);
        if number >= SMALL {
            return self.by_hash(hash(text), text);
        }
        let place = usize::try_from(number).expect("a small number");
        if place >= self.numbers.len() {
            self.numbers.resize((place + 1).next_power_of_two(), 0);
        }
        let position = self.keys.len();
        self.keys.push(text);
        self.numbers[place] = narrow(position + 1);
        narrow(position)
    }

    fn by_hash(&mut self, hash: u32, key: &str) -> u32 {
        match self.index.find(hash, key, &self.keys) {
            Ok(position) => position,
            Err(slot) => {
                let position = narrow(self.keys.len());
                self.keys.push(key);
                self.index.fill(slot, hash, position);
                position
            }
        }
    }
}

impl Index {
    /// The position of a key, or the slot that it would take.
    fn find(&self, hash: u32, key: &str, keys: &Keys) -> Result<u32, usize> {
        let Some(mask) = self.slots.len().checked_sub(1) else { return Err(0) };
        let mut slot = hash as usize & mask;
        loop {
            match self.slots[slot] {
                (_, 0) => return Err(slot),
                (other, place) if other == hash && &keys[place as usize - 1] == key => return Ok(place - 1),
                _ => slot = (slot + 1) & mask,
            }
        }
    }

    fn fill(&mut self, slot: usize, hash: u32, position: u32) {
        if self.filled * 2 >= self.slots.len() {
            self.grow();
            self.place(hash, position + 1);
        } else {
            self.slots[slot] = (hash, position + 1);
        }
        self.filled += 1;
    }

    fn grow(&mut self) {
        let larger = vec![(0, 0); (self.slots.len() * 2).max(1024)];
        let before = std::mem::replace(&mut self.slots, larger);
        before.into_iter().filter(|&(_, place)| place > 0).for_each(|(hash, place)| self.place(hash, place));
    }

    fn place(&mut self, hash: u32, place: u32) {
        let mask = self.slots.len() - 1;
        let mut slot = hash as usize & mask;
        while self.slots[slot].1 > 0 {
            slot = (slot + 1) & mask;
        }
        self.slots[slot] = (hash, place);
    }
}

fn narrow(position: usize) -> u32 {
    u32::try_from(position).expect("rows are fewer than 2^31, and each names two accounts")
}

fn hash(key: &str) -> u32 {
    let mut hasher = FxHasher::default();
    hasher.write(key.as_bytes());
    (hasher.finish() >> 32) as u32
}

/// The small whole number that a key is, written the one way it can be.
fn small(key: &str) -> Option<u64> {
    let bytes = key.as_bytes();
    let plain = (1..=8).contains(&bytes.len()) && (bytes[0] != b'0' || bytes.len() == 1);
    let number = if plain { digits::number(bytes) } else { None };
    number.filter(|&number| number < SMALL)
}

/// A whole number as text.
pub(super) fn decimal(mut number: u64, digits: &mut [u8; 20]) -> &str {
    let mut start = digits.len();
    loop {
        start -= 1;
        digits[start] = b'0' + u8::try_from(number % 10).expect("a digit");
        number /= 10;
        if number == 0 {
            break;
        }
    }
    std::str::from_utf8(&digits[start..]).expect("digits are text")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_has_one_position_however_it_is_asked_for() {
        let mut dictionary = Dictionary::default();
        let texts = ["7", "07", "", "16777216", "a7", "16777215", "99999999999999999999", "0", "00"];
        let positions: Vec<u32> = texts.iter().map(|text| dictionary.position(text)).collect();
        assert_eq!(positions, (0..9).collect::<Vec<_>>());
        for (number, position) in [(7, 0), (16_777_216, 3), (16_777_215, 5), (0, 7)] {
            assert_eq!(dictionary.position_of(number), position);
        }
        assert_eq!(
            texts.map(|text| dictionary.find(text)).to_vec(),
            positions.into_iter().map(Some).collect::<Vec<_>>()
        );
        assert_eq!((dictionary.find("8"), dictionary.find("b")), (None, None));
        assert!(dictionary.keys().iter().eq(texts));
        let mut again = vec![7];
        dictionary.positions(1..4, |row| texts[row], &mut again);
        assert_eq!(again, [7, 1, 2, 3]);
    }

    #[test]
    fn ten_thousand_keys_are_found_again() {
        let mut dictionary = Dictionary::default();
        let key = |number: u32| if number.is_multiple_of(3) { format!("{number}") } else { format!("A{number:012}") };
        for number in 0..10_000 {
            assert_eq!(dictionary.position(&key(number)), number);
        }
        for number in 0..10_000 {
            assert_eq!(dictionary.find(&key(number)), Some(number));
        }
    }
}
