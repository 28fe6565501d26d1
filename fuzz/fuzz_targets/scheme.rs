#![no_main]
use peal_fuzz::{plant, scheme};

libfuzzer_sys::fuzz_target!(init: plant(scheme::seeds), |data: &[u8]| scheme::run(data));
