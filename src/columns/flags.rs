//! Many answers at once: compared without a branch each, and then a bit each, so that the few that hold are found quickly.

/// The places at which flags are 1, the lowest bit for the first; each flag is 0 or 1.
#[inline]
#[must_use]
pub(crate) fn bits(flags: &[u8; 64]) -> u64 {
    // The product has the lowest bit of each of eight bytes in its highest byte.
    let eight = |flags: &[u8; 8]| u64::from_le_bytes(*flags).wrapping_mul(0x0102_0408_1020_4080) >> 56;
    flags.as_chunks().0.iter().rev().fold(0, |bits, flags| bits << 8 | eight(flags))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_flag_has_its_bit() {
        for place in 0..64 {
            let mut flags = [0; 64];
            flags[place] = 1;
            assert_eq!(bits(&flags), 1 << place);
            flags[63 - place] = 1;
            assert_eq!(bits(&flags), 1 << place | 1 << (63 - place));
        }
        assert_eq!((bits(&[0; 64]), bits(&[1; 64])), (0, u64::MAX));
    }
}
