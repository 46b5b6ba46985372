//! See `chatops_fuzz::operator::corefile`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| chatops_fuzz::operator::corefile(data));
