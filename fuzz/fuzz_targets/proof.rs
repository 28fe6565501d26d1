#![no_main]
use peal_fuzz::{proof, plant};

libfuzzer_sys::fuzz_target!(init: plant(proof::seeds), |data: &[u8]| proof::run(data));
