#![no_main]
use peal_fuzz::{wallet, plant};

libfuzzer_sys::fuzz_target!(init: plant(wallet::seeds_answer), |data: &[u8]| wallet::run_answer(data));
