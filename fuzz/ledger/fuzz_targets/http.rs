#![no_main]
use peal_fuzz::plant;
use peal_fuzz_ledger::http;

libfuzzer_sys::fuzz_target!(init: plant(http::seeds), |data: &[u8]| http::run(data));
