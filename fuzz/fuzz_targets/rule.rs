//! Any bytes as a rule file: parsed, checked, and where it is right planned and tested.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| moneytrail_fuzz::rule(&String::from_utf8_lossy(data)));
