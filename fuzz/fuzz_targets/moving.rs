#![no_main]
use peal_fuzz::{moving, plant};

libfuzzer_sys::fuzz_target!(init: plant(moving::seeds), |data: &[u8]| moving::run(data));
