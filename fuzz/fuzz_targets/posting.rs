#![no_main]
use peal_fuzz::{posting, plant};

libfuzzer_sys::fuzz_target!(init: plant(posting::seeds), |data: &[u8]| posting::run(data));
