//! Where the tests find what was built or installed for them before.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, ensure};
use sha2::{Digest as _, Sha256};

/// A shipped program, built by `make binaries`.
///
/// # Errors
/// When it was not built.
pub fn program(name: &str) -> anyhow::Result<PathBuf> {
    let own = env::current_exe()?;
    let target = own.ancestors().nth(3).context("a test is built in target/debug/deps")?;
    let program = target.join("release").join(name);
    ensure!(program.exists(), "{} is missing: run `make binaries`", program.display());
    Ok(program)
}

/// Where `scripts/sdks.sh` put the foreign programs that tests run: `python` is an environment, `node` a folder with
/// `node_modules`. The script computes the same name.
///
/// # Errors
/// When the script did not run.
pub fn sdks() -> anyhow::Result<PathBuf> {
    let mut hash = Sha256::new();
    for pins in ["python/requirements.txt", "node/package.json", "node/package-lock.json"] {
        hash.update(fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("sdks").join(pins))?);
    }
    let name: String = hash.finalize().iter().take(6).map(|byte| format!("{byte:02x}")).collect();
    let variable = |name| env::var_os(name).map(PathBuf::from);
    let cache = variable("CHATOPS_CACHE")
        .or_else(|| Some(variable("XDG_CACHE_HOME")?.join("chatops-operator")))
        .or_else(|| Some(variable("HOME")?.join(".cache/chatops-operator")))
        .context("neither CHATOPS_CACHE, XDG_CACHE_HOME nor HOME is set")?;
    let home = cache.join("sdks").join(name);
    ensure!(home.join("complete").exists(), "not installed; run e2e/scripts/sdks.sh");
    Ok(home)
}
