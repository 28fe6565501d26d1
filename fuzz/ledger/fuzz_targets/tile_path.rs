#![no_main]
use peal_fuzz::plant;
use peal_fuzz_ledger::tile_path;

libfuzzer_sys::fuzz_target!(init: plant(tile_path::seeds), |data: &[u8]| tile_path::run(data));
