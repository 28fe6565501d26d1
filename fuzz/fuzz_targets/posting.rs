#![no_main]
use peal_fuzz::{plant, posting};

libfuzzer_sys::fuzz_target!(init: plant(posting::seeds), |data: &[u8]| posting::run(data));
