#![no_main]

libfuzzer_sys::fuzz_target!(
    // Reading catches what panics in the code of others; libFuzzer's hook would end the process first.
    init: drop(std::panic::take_hook()),
    |data: &[u8]| sokhoe_fuzz::checks::image(data)
);
