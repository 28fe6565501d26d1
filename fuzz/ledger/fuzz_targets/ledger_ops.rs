#![no_main]
use peal_fuzz::plant;
use peal_fuzz_ledger::ledger_ops;

libfuzzer_sys::fuzz_target!(init: plant(ledger_ops::seeds), |data: &[u8]| ledger_ops::run(data));
