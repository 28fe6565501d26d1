#![no_main]
use peal_fuzz::{archive, plant};

libfuzzer_sys::fuzz_target!(init: plant(archive::seeds), |data: &[u8]| archive::run(data));
