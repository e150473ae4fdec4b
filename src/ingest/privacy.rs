//! Refuses account keys that name people or their accounts: a ledger is pseudonymous, or somebody says otherwise.
//!
//! One IBAN, e-mail address or telephone number is enough. Card numbers are plain digits, of which every tenth
//! passes the check digit by chance; so they count only where clearly more than a tenth do.

use std::collections::BTreeSet;

use super::IngestError;
use crate::columns::Keys;

/// What a value looks like.
#[derive(Clone, Copy, PartialEq, Eq, Debug, PartialOrd, Ord)]
enum Sort {
    Iban,
    Card,
    Email,
    Phone,
}

impl Sort {
    fn words(self, count: usize) -> &'static str {
        match (self, count) {
            (Self::Iban, 1) => "IBAN",
            (Self::Iban, _) => "IBANs",
            (Self::Card, 1) => "card number",
            (Self::Card, _) => "card numbers",
            (Self::Email, 1) => "e-mail address",
            (Self::Email, _) => "e-mail addresses",
            (Self::Phone, 1) => "telephone number",
            (Self::Phone, _) => "telephone numbers",
        }
    }
}

/// What stands in one column.
#[derive(Clone, Copy, Default)]
struct Tally {
    ibans: usize,
    emails: usize,
    phones: usize,
    cards: usize,
    /// Digits with the length and first digits of a card number, whatever their check digit.
    card_shaped: usize,
}

/// Fails where the keys of a column look identifying. `columns` are the names of the senders' and the receivers'
/// columns, and `met` marks the keys that stand there.
///
/// # Errors
///
/// Names each such column, and how many distinct values of which sort it holds; never a value.
pub(super) fn check(keys: &Keys, columns: [&str; 2], met: impl Fn(usize) -> Vec<bool>) -> Result<(), IngestError> {
    let sorts: Vec<(Option<Sort>, bool)> = keys.iter().map(look).collect();
    if sorts.iter().all(|sort| *sort == (None, false)) {
        return Ok(());
    }
    let mut findings = Vec::new();
    let mut seen = BTreeSet::new();
    for (side, name) in columns.into_iter().enumerate() {
        let mut tally = Tally::default();
        let own = sorts.iter().zip(met(side)).filter(|(_, met)| *met);
        own.for_each(|(sort, _)| tally.add(*sort));
        let found = tally.findings();
        if !found.is_empty() && seen.insert(name) {
            findings.push(format!("column `{name}` holds {}", found.join(", ")));
        }
    }
    if findings.is_empty() { Ok(()) } else { Err(IngestError::Identifying { findings: findings.join("; ") }) }
}

impl Tally {
    fn add(&mut self, (sort, card_shaped): (Option<Sort>, bool)) {
        self.card_shaped += usize::from(card_shaped);
        match sort {
            Some(Sort::Iban) => self.ibans += 1,
            Some(Sort::Email) => self.emails += 1,
            Some(Sort::Phone) => self.phones += 1,
            Some(Sort::Card) => self.cards += 1,
            None => {}
        }
    }

    fn findings(self) -> Vec<String> {
        let cards = if self.has_cards() { self.cards } else { 0 };
        [(Sort::Iban, self.ibans), (Sort::Card, cards), (Sort::Email, self.emails), (Sort::Phone, self.phones)]
            .into_iter()
            .filter(|(_, count)| *count > 0)
            .map(|(sort, count)| format!("{count} {}", sort.words(count)))
            .collect()
    }

    /// Whether more values pass the check digit than chance explains: at least three and a fifth of those shaped so,
    /// and more than three standard deviations above the tenth that pass by chance.
    fn has_cards(self) -> bool {
        let (passed, shaped) = (self.cards as u128, self.card_shaped as u128);
        let above = (10 * passed).saturating_sub(shaped);
        passed >= 3 && 5 * passed >= shaped && above * above >= 81 * shaped
    }
}

/// What a key, or one part of a joined key, looks like, and whether it has the shape of a card number.
fn look(key: &str) -> (Option<Sort>, bool) {
    let whole = sort_of(key);
    if whole != (None, false) || !key.contains(':') {
        return whole;
    }
    key.split(':').map(sort_of).find(|found| *found != (None, false)).unwrap_or((None, false))
}

fn sort_of(text: &str) -> (Option<Sort>, bool) {
    // Nothing shorter is any of these, and none is digits alone but a card number.
    let is_number = text.len() < 13 && text.bytes().all(|byte| byte.is_ascii_digit());
    if text.len() < 6 || is_number {
        return (None, false);
    }
    let plain: String = text.chars().filter(|sign| !matches!(sign, ' ' | '-')).collect();
    if plain.len() < 6 || text.len() > 320 {
        return (None, false);
    }
    if is_card_shaped(&plain) {
        return (passes_luhn(&plain).then_some(Sort::Card), true);
    }
    let sort = if is_phone(text) {
        Some(Sort::Phone)
    } else if is_email(text) {
        Some(Sort::Email)
    } else if is_iban(&plain) {
        Some(Sort::Iban)
    } else {
        None
    };
    (sort, false)
}

fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.split_once('@') else { return false };
    let part = |part: &str, more: &str| {
        !part.is_empty() && part.chars().all(|sign| sign.is_alphanumeric() || more.contains(sign))
    };
    let Some((site, top)) = domain.rsplit_once('.') else { return false };
    part(local, "._%+-") && part(site, ".-") && top.len() >= 2 && top.chars().all(char::is_alphabetic)
}

fn is_phone(text: &str) -> bool {
    let Some(number) = text.strip_prefix('+') else { return false };
    let digits = number.bytes().filter(u8::is_ascii_digit).count();
    (8..=15).contains(&digits) && number.bytes().all(|byte| byte.is_ascii_digit() || b" -()/".contains(&byte))
}

/// ISO/IEC 7812: the length and first digits of the large card networks.
fn is_card_shaped(text: &str) -> bool {
    if !(13..=19).contains(&text.len()) || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return false;
    }
    let first = |length: usize| text[..length].parse::<u32>().expect("digits");
    match text.len() {
        14 => matches!(first(2), 36 | 38 | 39) || (300..=305).contains(&first(3)),
        15 => matches!(first(2), 34 | 37),
        16 => {
            matches!(first(1), 4 | 6)
                || (51..=55).contains(&first(2))
                || (2221..=2720).contains(&first(4))
                || (3528..=3589).contains(&first(4))
                || matches!(first(2), 50 | 56..=58)
        }
        13 => first(1) == 4,
        _ => matches!(first(1), 4 | 6),
    }
}

fn passes_luhn(digits: &str) -> bool {
    let sum: u32 = digits
        .bytes()
        .rev()
        .enumerate()
        .map(|(position, byte)| {
            let digit = u32::from(byte - b'0') << (position % 2);
            if digit > 9 { digit - 9 } else { digit }
        })
        .sum();
    sum.is_multiple_of(10)
}

/// ISO 13616: country, its length, how many digits at least stand after the check digits, and mod 97 = 1.
fn is_iban(text: &str) -> bool {
    let bytes = text.as_bytes();
    let signs = bytes.iter().all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase());
    if !signs || bytes.len() < 15 || !bytes[2..4].iter().all(u8::is_ascii_digit) {
        return false;
    }
    let Some(&(_, length, digits)) = IBAN.iter().find(|(country, ..)| country.as_bytes() == &bytes[..2]) else {
        return false;
    };
    let body = &bytes[4..];
    bytes.len() == length
        && body.iter().filter(|byte| byte.is_ascii_digit()).count() >= digits
        && body.iter().chain(&bytes[..4]).fold(0u32, |rest, &byte| {
            if byte.is_ascii_digit() {
                (rest * 10 + u32::from(byte - b'0')) % 97
            } else {
                (rest * 100 + u32::from(byte - b'A') + 10) % 97
            }
        }) == 1
}

/// Country, length, and how many of the signs after the check digits are always digits (IBAN registry).
const IBAN: &[(&str, usize, usize)] = &[
    ("AD", 24, 8),
    ("AE", 23, 19),
    ("AL", 28, 8),
    ("AT", 20, 16),
    ("AZ", 28, 0),
    ("BA", 20, 16),
    ("BE", 16, 12),
    ("BG", 22, 6),
    ("BH", 22, 0),
    ("BR", 29, 23),
    ("BY", 28, 4),
    ("CH", 21, 5),
    ("CR", 22, 18),
    ("CY", 28, 8),
    ("CZ", 24, 20),
    ("DE", 22, 18),
    ("DK", 18, 14),
    ("DO", 28, 20),
    ("EE", 20, 16),
    ("EG", 29, 25),
    ("ES", 24, 20),
    ("FI", 18, 14),
    ("FO", 18, 14),
    ("FR", 27, 12),
    ("GB", 22, 14),
    ("GE", 22, 16),
    ("GI", 23, 0),
    ("GL", 18, 14),
    ("GR", 27, 7),
    ("GT", 28, 0),
    ("HR", 21, 17),
    ("HU", 28, 24),
    ("IE", 22, 14),
    ("IL", 23, 19),
    ("IQ", 23, 15),
    ("IS", 26, 22),
    ("IT", 27, 10),
    ("JO", 30, 4),
    ("KW", 30, 0),
    ("KZ", 20, 3),
    ("LB", 28, 4),
    ("LI", 21, 5),
    ("LT", 20, 16),
    ("LU", 20, 3),
    ("LV", 21, 0),
    ("LY", 25, 21),
    ("MC", 27, 12),
    ("MD", 24, 0),
    ("ME", 22, 18),
    ("MK", 19, 5),
    ("MR", 27, 23),
    ("MT", 31, 5),
    ("MU", 30, 17),
    ("NL", 18, 10),
    ("NO", 15, 11),
    ("PK", 24, 0),
    ("PL", 28, 24),
    ("PS", 29, 0),
    ("PT", 25, 21),
    ("QA", 29, 0),
    ("RO", 24, 0),
    ("RS", 22, 18),
    ("SA", 24, 2),
    ("SC", 31, 18),
    ("SE", 24, 20),
    ("SI", 19, 15),
    ("SK", 24, 20),
    ("SM", 27, 10),
    ("ST", 25, 21),
    ("SV", 28, 20),
    ("TL", 23, 19),
    ("TN", 24, 20),
    ("TR", 26, 6),
    ("UA", 29, 6),
    ("VA", 22, 18),
    ("VG", 24, 16),
    ("XK", 20, 16),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn found(keys: &[&str]) -> Option<String> {
        let keys: Keys = keys.iter().collect();
        let met = |side| vec![side == 0; keys.len()];
        check(&keys, ["from", "to"], met).err().map(|error| error.to_string())
    }

    #[test]
    fn one_iban_address_or_telephone_number_is_enough() {
        for (key, sort) in [
            ("DE89370400440532013000", "1 IBAN"),
            ("GB82 WEST 1234 5698 7654 32", "1 IBAN"),
            ("bank:NO9386011117947", "1 IBAN"),
            ("jane.doe@example.org", "1 e-mail address"),
            ("+49 30 1234567", "1 telephone number"),
        ] {
            let message = found(&["a1", key]).expect(key);
            assert!(message.contains(&format!("column `from` holds {sort}")), "{message}");
            assert!(!message.contains(key), "{message}");
        }
    }

    #[test]
    fn card_numbers_are_refused_where_more_pass_than_by_chance() {
        let cards = ["4111111111111111", "5500000000000004", "4012 8888 8888 1881", "378282246310005"];
        assert!(found(&cards).expect("cards").contains("4 card numbers"));
        assert_eq!(found(&cards[..2]), None);
    }

    #[test]
    fn dense_numbers_and_other_pseudonyms_pass() {
        let dense: Vec<String> = (0..2000).map(|number| format!("{}", 4_000_000_000_000_000u64 + number)).collect();
        assert_eq!(found(&dense.iter().map(String::as_str).collect::<Vec<_>>()), None);
        for key in [
            "DE89370400440532013001",
            "123456789012",
            "8000EBD30",
            "C_1234567890",
            "user@host",
            "+12",
            "001:8000EBD30",
            "a+b@c",
        ] {
            assert_eq!(found(&[key]), None, "{key}");
        }
    }
}
