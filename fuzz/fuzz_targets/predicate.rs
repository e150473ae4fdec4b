//! Any text as one predicate of a rule that is right without it. The first byte says where it stands.

#![no_main]

use moneytrail_fuzz::quoted;

const HEAD: &str = "typology: fuzz
version: 1
title: Fuzz
summary: A predicate of any text.
stage: layering
severity: low
references: [none]
false_positives: [none]
parameters:
  floor: { default: 1, range: 1..100, help: h }
  rest: { default: 8h, range: 1h..9h, help: h }
within: $rest
";

const TAIL: &str = "
tests:
  - name: one
    transfers: |
      # when from to amount tx_id refers_to channel currency branch
      0h a b 10 t1 - cash EUR 7
      1h b c 9.50 t2 t1 wire EUR -
      2h b d 10.01 t3 - - USD 9
      90m d a 1 t4 - cash EUR 7
      3h c d 8 t5 t2 wire EUR x
    accounts: |
      # account kind country entity opened turnover bank
      a person GB e1 -30d 1000 b1
      b company FR e1 -400d - b2
      c - - - - 5 -
    lists:
      watched: |
        # value amount
        a 10
        c -
    matches: []
";

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Some((place, text)) = data.split_first() else { return };
    let text = quoted(&String::from_utf8_lossy(text));
    let chain = |first: &str, second: &str| {
        format!("flow:\n  - step: x -> y\n{first}  - step: y -> z\n    where: amount >= $floor\n{second}")
    };
    let body = match place % 8 {
        0 => format!("where: {text}\n{}", chain("", "")),
        1 => format!("roles:\n  y: {text}\n{}", chain("", "")),
        2 => format!("having: {text}\n{}", chain("    name: first\n", "    name: second\n")),
        3 => format!("unless: {text}\n{}", chain("", "")),
        4 => chain(&format!("    where: {text}\n"), ""),
        5 => chain("", &format!("    hops: 1..3\n    via: {text}\n")),
        6 => format!(
            "having: {text}\nflow:\n  - step: xs[1..3] -> y\n    name: gathered\n  - step: y -> z\n    where: amount >= $floor\n"
        ),
        _ => format!("roles:\n  xs: {text}\nflow:\n  - step: xs[1..] -> y\n    where: amount >= $floor\n"),
    };
    moneytrail_fuzz::rule(&format!("{HEAD}{body}{TAIL}"));
});
