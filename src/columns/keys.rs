//! Many short texts in one run of bytes: account keys take what they are long, and no allocation each.

use rayon::slice::ParallelSliceMut;

/// Texts by position.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Keys {
    text: String,
    /// Where each text ends.
    ends: Vec<usize>,
}

impl Keys {
    /// How many texts there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Adds a text behind the others.
    pub fn push(&mut self, key: &str) {
        self.text.push_str(key);
        self.ends.push(self.text.len());
    }

    /// The text at a position, if there is one.
    #[must_use]
    pub fn get(&self, position: usize) -> Option<&str> {
        let end = *self.ends.get(position)?;
        let start = position.checked_sub(1).map_or(0, |before| self.ends[before]);
        Some(&self.text[start..end])
    }

    /// All texts in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &str> + Clone {
        (0..self.len()).map(|position| &self[position])
    }

    /// The texts at these positions, in this order.
    #[must_use]
    pub fn gather(&self, order: &[u32]) -> Self {
        let mut keys = Self { text: String::with_capacity(self.text.len()), ends: Vec::with_capacity(order.len()) };
        for &position in order {
            keys.push(&self[position as usize]);
        }
        keys
    }

    /// The positions of the texts in byte order.
    #[must_use]
    pub fn order(&self) -> Vec<u32> {
        let skipped = self.shared_beginning();
        let mut order: Vec<(u128, u32)> =
            self.iter().zip(0u32..).map(|(key, position)| (beginning(&key.as_bytes()[skipped..]), position)).collect();
        let full = |position: u32| &self[position as usize];
        let compare = |a: &(u128, u32), b: &(u128, u32)| a.0.cmp(&b.0).then_with(|| full(a.1).cmp(full(b.1)));
        order.par_sort_unstable_by(compare);
        order.into_iter().map(|(_, position)| position).collect()
    }

    /// How many bytes all texts begin with alike: comparing them again and again says nothing.
    fn shared_beginning(&self) -> usize {
        let Some(first) = self.get(0).map(str::as_bytes) else { return 0 };
        self.iter().fold(first.len(), |length, key| {
            let key = key.as_bytes();
            let length = length.min(key.len());
            if key[..length] == first[..length] {
                return length;
            }
            first.iter().zip(key).take_while(|(a, b)| a == b).count()
        })
    }
}

/// The first sixteen bytes of a text as a number that compares as they do.
fn beginning(key: &[u8]) -> u128 {
    let mut bytes = [0; 16];
    let length = key.len().min(16);
    bytes[..length].copy_from_slice(&key[..length]);
    u128::from_be_bytes(bytes)
}

impl std::ops::Index<usize> for Keys {
    type Output = str;

    fn index(&self, position: usize) -> &str {
        self.get(position).expect("a position of the keys")
    }
}

impl<T: AsRef<str>> FromIterator<T> for Keys {
    fn from_iter<I: IntoIterator<Item = T>>(texts: I) -> Self {
        let mut keys = Self::default();
        texts.into_iter().for_each(|text| keys.push(text.as_ref()));
        keys
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ordered(texts: &[&str]) -> Vec<String> {
        let keys: Keys = texts.iter().collect();
        keys.gather(&keys.order()).iter().map(str::to_owned).collect()
    }

    #[test]
    fn texts_are_ordered_by_their_bytes_however_long_what_they_share() {
        let long = "x".repeat(40);
        let texts = ["b", "a", "", "a\0", "é", "10", "9", "aa"].map(|text| format!("{long}{text}"));
        let mut sorted = texts.to_vec();
        sorted.sort();
        assert_eq!(ordered(&texts.each_ref().map(String::as_str)), sorted);
        let ends = ["1", "2", "0"].map(|end| format!("a{long}{end}")).to_vec();
        let mixed: Vec<&str> = ends.iter().map(String::as_str).chain(["b"]).collect();
        assert_eq!(ordered(&mixed), [&ends[2], &ends[0], &ends[1], "b"]);
    }

    #[test]
    fn a_position_behind_the_last_has_no_text() {
        let keys: Keys = ["a", ""].into_iter().collect();
        assert_eq!((keys.get(1), keys.get(2)), (Some(""), None));
    }
}
