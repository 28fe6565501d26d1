#![no_main]
use peal_fuzz::{plant, statement};

libfuzzer_sys::fuzz_target!(init: plant(statement::seeds), |data: &[u8]| statement::run(data));
