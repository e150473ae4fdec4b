//! Whole numbers from their digits, eight at a time: most cells of a ledger are such numbers.

/// The number that up to sixteen digits are; nothing where there is none, or any other sign.
#[inline]
pub(super) fn number(text: &[u8]) -> Option<u64> {
    match text.len() {
        1..=8 => eight(text),
        9..=16 => {
            let (high, low) = text.split_at(text.len() - 8);
            Some(eight(high)? * 100_000_000 + eight(low)?)
        }
        _ => None,
    }
}

/// The number that up to eight digits are. The digits lie in one word, and neighbours are put together: digits to pairs, pairs
/// to fours, fours to all eight.
#[inline]
fn eight(text: &[u8]) -> Option<u64> {
    let word = word(text)?;
    let high = word & 0xF0F0_F0F0_F0F0_F0F0;
    let above_nine = word.wrapping_add(0x0606_0606_0606_0606) & 0xF0F0_F0F0_F0F0_F0F0;
    if high != 0x3030_3030_3030_3030 || above_nine != high {
        return None;
    }
    let pairs = (word & 0x0F0F_0F0F_0F0F_0F0F).wrapping_mul(10 * 0x100 + 1) >> 8;
    let fours = (pairs & 0x00FF_00FF_00FF_00FF).wrapping_mul(100 * 0x1_0000 + 1) >> 16;
    Some((fours & 0x0000_FFFF_0000_FFFF).wrapping_mul(10_000 * 0x1_0000_0000 + 1) >> 32)
}

/// One to eight bytes at the end of a word of eight, with noughts before them. They are taken in two parts that may overlap,
/// since copying a few bytes whose number is not known costs a call.
#[inline]
fn word(text: &[u8]) -> Option<u64> {
    const NOUGHTS: u64 = 0x3030_3030_3030_3030;
    let free = 8 * 8usize.checked_sub(text.len())?;
    let own = if let (Some(first), Some(last)) = (text.first_chunk::<4>(), text.last_chunk::<4>()) {
        u64::from(u32::from_le_bytes(*first)) << free | u64::from(u32::from_le_bytes(*last)) << 32
    } else {
        let (first, middle, last) = (*text.first()?, text[text.len() / 2], *text.last()?);
        u64::from(first) << free | u64::from(middle) << (free + text.len() / 2 * 8) | u64::from(last) << 56
    };
    Some(own | NOUGHTS.unbounded_shr(64 - u32::try_from(free).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_read_and_nothing_else_is() {
        for text in ["0", "7", "10", "99999999", "123456789", "9999999999999999", "0000000000000001"] {
            assert_eq!(number(text.as_bytes()), text.parse().ok(), "{text}");
        }
        for text in ["", "a", "-1", "+1", "1.5", "12345678/", "1234:678", "1 ", "00000000000000000", "é1", "\u{0}"] {
            assert_eq!(number(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn no_byte_but_a_digit_passes_at_any_place() {
        for place in 0..16 {
            for byte in 0..=u8::MAX {
                let mut text = *b"1234567890123456";
                text[place] = byte;
                assert_eq!(number(&text).is_some(), byte.is_ascii_digit(), "{byte} at {place}");
            }
        }
    }
}
