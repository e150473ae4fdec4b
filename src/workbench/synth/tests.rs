//! What every made ledger keeps.

use std::collections::BTreeSet;

use super::*;

/// The tables of a ledger: transfers, accounts, labels and attempts.
fn tables(settings: &Settings) -> [String; 4] {
    let draft = draft(settings);
    let mut texts = [const { Vec::new() }; 4];
    let made = draft.write_transfers(&mut texts[0]).expect("memory takes all");
    made.write_accounts(&mut texts[1]).expect("memory takes all");
    made.write_labels(&mut texts[2]).expect("memory takes all");
    made.write_patterns(&mut texts[3]).expect("memory takes all");
    texts.map(|text| String::from_utf8(text).expect("text"))
}

fn rows(table: &str) -> Vec<Vec<&str>> {
    table.lines().skip(1).map(|line| line.split(',').collect()).collect()
}

#[test]
fn the_same_seed_makes_the_same_ledger_and_another_seed_another() {
    let settings = Settings { transfers: 6_000, difficulty: Difficulty::Evasive, ..Settings::default() };
    assert_eq!(tables(&settings), tables(&settings));
    assert_ne!(tables(&settings)[0], tables(&Settings { seed: 2, ..settings })[0]);
}

#[test]
fn as_many_transfers_are_made_as_asked_for_in_time_order_and_under_their_numbers() {
    for difficulty in [Difficulty::Clean, Difficulty::Noisy, Difficulty::Evasive] {
        let settings = Settings { transfers: 60_000, days: 240, planted: 1, difficulty, ..Settings::default() };
        let [transfers, ..] = tables(&settings);
        let rows = rows(&transfers);
        assert_eq!(rows.len(), 60_000);
        assert!(rows.windows(2).all(|pair| pair[0][1] <= pair[1][1]), "in time order");
        assert!((1..).zip(&rows).all(|(number, row)| row[0] == format!("T{number:07}")));
    }
}

#[test]
fn all_fifty_typologies_and_all_twenty_codes_are_planted_and_every_label_names_a_transfer() {
    let settings = Settings { transfers: 30_000, days: 240, planted: 2, ..Settings::default() };
    let [transfers, _, labels, _] = tables(&settings);
    let draft = draft(&settings);
    let (lookalikes, typologies): (Vec<_>, Vec<_>) = draft.planted().iter().partition(|planted| planted.lookalike);
    let names: BTreeSet<&str> = typologies.iter().map(|planted| planted.typology).collect();
    assert_eq!((names.len(), typologies.len(), draft.left_out().len()), (50, 100, 0));
    let code = |name: &str| name.strip_prefix('L')?.split('-').next()?.parse::<u32>().ok();
    let codes: BTreeSet<u32> = lookalikes.iter().filter_map(|planted| code(&planted.name)).collect();
    assert_eq!(codes, (1..=20).collect());
    assert!(lookalikes.iter().all(|planted| names.contains(planted.typology)));
    let ids: BTreeSet<&str> = rows(&transfers).into_iter().map(|row| row[0]).collect();
    let labelled: BTreeSet<(&str, &str)> = rows(&labels).into_iter().map(|row| (row[1], row[2])).collect();
    assert!(rows(&labels).iter().all(|row| ids.contains(row[0])));
    for planted in draft.planted() {
        assert!(labelled.contains(&(planted.label().as_str(), planted.name.as_str())), "{planted:?}");
    }
}

#[test]
fn what_takes_longer_than_the_ledger_is_left_out_and_said_to_be() {
    let settings = Settings { transfers: 3_000, days: 60, ..Settings::default() };
    let draft = draft(&settings);
    let left_out: BTreeSet<&str> = draft.left_out().iter().map(|(typology, _)| *typology).collect();
    assert!(left_out.contains("dormant-activation") && left_out.contains("corridor-shift"), "{left_out:?}");
    let planted: BTreeSet<&str> = draft.planted().iter().filter(|p| !p.lookalike).map(|p| p.typology).collect();
    assert!(planted.is_disjoint(&left_out) && planted.len() + left_out.len() == 50);
}

#[test]
fn the_attempts_hold_the_labelled_rows_as_the_transfers_have_them() {
    let [transfers, _, labels, attempts] = tables(&Settings { transfers: 6_000, ..Settings::default() });
    let lines: BTreeSet<&str> = transfers.lines().collect();
    let inside: Vec<&str> =
        attempts.lines().filter(|line| !line.is_empty() && !line.contains("LAUNDERING ATTEMPT")).collect();
    assert!(inside.iter().all(|line| lines.contains(line)));
    assert_eq!(inside.len(), labels.lines().skip(1).filter(|line| !line.contains(",lookalike:")).count());
}

#[test]
fn a_ledger_of_a_day_and_one_of_few_transfers_are_made_too() {
    for (transfers, days) in [(0, 0), (1, 1), (3_000, 1), (500, 5), (2_000, 29), (3_000, 400)] {
        for difficulty in [Difficulty::Clean, Difficulty::Evasive] {
            let [made, ..] = tables(&Settings { transfers, days, difficulty, ..Settings::default() });
            assert!(made.lines().count() > transfers, "{transfers} {days}");
        }
    }
}

#[test]
fn no_account_moves_money_before_it_is_opened_and_every_account_that_does_has_a_row() {
    for difficulty in [Difficulty::Clean, Difficulty::Evasive] {
        let settings = Settings { transfers: 30_000, days: 240, planted: 6, difficulty, ..Settings::default() };
        let draft = draft(&settings);
        let mut stream = stream::Stream::new(&draft);
        while let Some((_, transfers)) = stream.next() {
            for transfer in transfers {
                for place in [transfer.from, transfer.to] {
                    let account = draft.world.account(place).expect("an account");
                    assert!(account.opened * calendar::DAY <= transfer.time, "{transfer:?} {account:?}");
                }
            }
        }
    }
}

#[test]
fn a_refund_comes_after_what_it_gives_back_and_is_no_more() {
    let [transfers, ..] = tables(&Settings { transfers: 30_000, days: 240, ..Settings::default() });
    let rows = rows(&transfers);
    let undoing: Vec<_> = rows.iter().filter(|row| !row[11].is_empty()).collect();
    assert!(undoing.len() > 60, "{}", undoing.len());
    for row in undoing {
        let number: usize = row[11][1..].parse().expect("a number");
        let earlier = &rows[number - 1];
        assert!(earlier[0] == row[11] && earlier[1] < row[1] && earlier[3] == row[2], "{row:?} {earlier:?}");
    }
}

#[test]
fn the_prevalence_is_the_share_of_transfers_that_belong_to_planted_typologies() {
    let settings = Settings { transfers: 100_000, prevalence: Some(5_000), ..Settings::default() };
    let [_, _, labels, _] = tables(&settings);
    let planted = labels.lines().skip(1).filter(|line| !line.contains(",lookalike:")).count();
    // The last instance may go a little beyond.
    assert!((500..600).contains(&planted), "{planted}");
}

#[test]
fn what_is_held_at_a_time_does_not_grow_with_the_ledger() {
    let largest = |days| {
        let draft = draft(&Settings { transfers: 600_000, days, ..Settings::default() });
        draft.write_transfers(&mut std::io::sink()).expect("nothing is written").largest_stretch()
    };
    // A day of 600,000 is told in parts; twenty days of 30,000 each are told one by one.
    assert!(largest(1) < 300_000 && largest(20) < 100_000, "{} {}", largest(1), largest(20));
}

#[test]
fn a_stretch_of_a_day_holds_what_the_day_holds() {
    let settings = Settings { transfers: 3_000, days: 2, ..Settings::default() };
    let draft = draft(&settings);
    let mut whole = Vec::new();
    let mut parts = Vec::new();
    for (parts, into) in [(1, &mut whole), (5, &mut parts)] {
        let mut stream = stream::Stream::new(&draft);
        stream.parts = parts;
        while let Some((_, transfers)) = stream.next() {
            into.extend(transfers.into_iter().map(|t| (t.time, t.from, t.to, t.sent)));
        }
        into.sort_unstable();
    }
    assert_eq!(whole, parts);
}

#[test]
fn most_transfers_are_booked_in_the_base_currency_and_some_convert() {
    let [transfers, ..] = tables(&Settings { transfers: 20_000, ..Settings::default() });
    let rows = rows(&transfers);
    assert!(rows.iter().all(|row| row.len() == 18));
    assert!(rows.iter().filter(|row| row[5] == "EUR").count() * 2 > rows.len());
    for currency in ["GBP", "PLN", "SEK"] {
        assert!(rows.iter().any(|row| row[5] == currency && row[7] == "EUR"), "{currency}");
    }
}

/// The rules would be their own yardstick otherwise.
#[test]
fn what_is_planted_knows_nothing_of_the_rules() {
    let source = [
        include_str!("fraud.rs"),
        include_str!("instruments.rs"),
        include_str!("layering.rs"),
        include_str!("mules.rs"),
        include_str!("placement.rs"),
        include_str!("plant.rs"),
        include_str!("processors.rs"),
        include_str!("scene.rs"),
        include_str!("shapes.rs"),
        include_str!("disguise.rs"),
        include_str!("lookalikes/mod.rs"),
        include_str!("lookalikes/firms.rs"),
        include_str!("lookalikes/people.rs"),
    ];
    for text in source {
        for word in ["crate::lang", "typologies/", ".yaml", "crate::plan", "crate::engine"] {
            assert!(!text.contains(word), "{word}");
        }
    }
}
