//! See `chatops_fuzz::bot::arguments`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| chatops_fuzz::bot::arguments(data));
