#![no_main]
use peal_fuzz::{payroll, plant};

libfuzzer_sys::fuzz_target!(init: plant(payroll::seeds_work), |data: &[u8]| payroll::run_work(data));
