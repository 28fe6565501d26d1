#![no_main]
use peal_fuzz::{plant, values};

libfuzzer_sys::fuzz_target!(init: plant(values::seeds), |data: &[u8]| values::run(data));
