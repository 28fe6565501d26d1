#![no_main]
use peal_fuzz::{plant, wallet};

libfuzzer_sys::fuzz_target!(init: plant(wallet::seeds_file), |data: &[u8]| wallet::run_file(data));
