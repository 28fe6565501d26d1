#![no_main]
use peal_fuzz::{plant, wallet};

libfuzzer_sys::fuzz_target!(init: plant(wallet::seeds_recovery), |data: &[u8]| wallet::run_recovery(data));
