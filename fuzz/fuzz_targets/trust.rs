#![no_main]
use peal_fuzz::{plant, trust};

libfuzzer_sys::fuzz_target!(init: plant(trust::seeds), |data: &[u8]| trust::run(data));
