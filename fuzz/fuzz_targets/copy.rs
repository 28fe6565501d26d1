#![no_main]
use peal_fuzz::{copy, plant};

libfuzzer_sys::fuzz_target!(init: plant(copy::seeds), |data: &[u8]| copy::run(data));
