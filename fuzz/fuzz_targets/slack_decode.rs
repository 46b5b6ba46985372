//! See `chatops_fuzz::bot::slack_decode`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| chatops_fuzz::bot::slack_decode(data));
