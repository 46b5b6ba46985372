//! Every file of `fuzz/corpus` through what its fuzz target does.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests fail by panicking"
)]

#[path = "../../fuzz/src/bot.rs"]
mod targets;

use std::{fs, path::Path, thread};

/// Stack of a process's first thread, on which the bot parses and renders.
const STACK: usize = 8 << 20;

fn each(target: &'static str, run: fn(&[u8])) {
    let all = thread::Builder::new().stack_size(STACK).spawn(move || each_file(target, run));
    all.unwrap().join().unwrap();
}

fn each_file(target: &str, run: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus").join(target);
    let files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(!files.is_empty());
    for file in files {
        eprintln!("{}", file.display());
        run(&fs::read(file).unwrap());
    }
}

#[test]
fn frames_from_slack() {
    each("slack_decode", targets::slack_decode);
}

#[test]
fn typed_arguments() {
    each("arguments", targets::arguments);
}

#[test]
fn templates_of_plugins() {
    each("template", targets::template);
}

#[test]
fn values_that_errbot_stored() {
    each("jsonpickle", targets::jsonpickle);
}
