#![no_main]
use peal_fuzz::{note, plant};

libfuzzer_sys::fuzz_target!(init: plant(note::seeds), |data: &[u8]| note::run(data));
