#![no_main]
use peal_fuzz::{wallet, plant};

libfuzzer_sys::fuzz_target!(init: plant(wallet::seeds_outbox), |data: &[u8]| wallet::run_outbox(data));
