#![no_main]
use peal_fuzz::{trust, plant};

libfuzzer_sys::fuzz_target!(init: plant(trust::seeds), |data: &[u8]| trust::run(data));
