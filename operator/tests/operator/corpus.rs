//! Every file of `fuzz/corpus` through what its fuzz target does.

#[path = "../../../fuzz/src/operator.rs"]
mod targets;

use std::{fs, path::Path};

#[test]
fn corefiles_of_clusters() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus/corefile");
    let files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(!files.is_empty());
    for file in files {
        eprintln!("{}", file.display());
        targets::corefile(&fs::read(file).unwrap());
    }
}
