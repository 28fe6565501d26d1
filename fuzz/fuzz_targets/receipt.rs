#![no_main]
use peal_fuzz::{plant, receipt};

libfuzzer_sys::fuzz_target!(init: plant(receipt::seeds), |data: &[u8]| receipt::run(data));
