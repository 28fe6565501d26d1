#![no_main]
use peal_fuzz::{plant, proof};

libfuzzer_sys::fuzz_target!(init: plant(proof::seeds), |data: &[u8]| proof::run(data));
