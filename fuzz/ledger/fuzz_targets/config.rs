#![no_main]
use peal_fuzz::plant;
use peal_fuzz_ledger::config;

libfuzzer_sys::fuzz_target!(init: plant(config::seeds), |data: &[u8]| config::run(data));
