#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| sokhoe_fuzz::checks::numbers(data));
