#![no_main]
use peal_fuzz::{values, plant};

libfuzzer_sys::fuzz_target!(init: plant(values::seeds), |data: &[u8]| values::run(data));
