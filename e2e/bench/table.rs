//! The figures, as a table in Markdown.

use std::{
    env, fs,
    io::{self, Write},
    path::PathBuf,
};

use anyhow::{Context, Result};

/// Figures with the aim of each.
#[derive(Default)]
pub struct Table {
    rows: Vec<[String; 3]>,
}

impl Table {
    /// Adds a figure and shows it at once.
    pub fn add(&mut self, what: &str, figure: String, aim: &str) -> Result<()> {
        writeln!(io::stderr(), "{what}: {figure}")?;
        self.rows.push([what.to_owned(), figure, aim.to_owned()]);
        Ok(())
    }

    /// Adds the sizes of the image archives.
    pub fn images(&mut self) -> Result<()> {
        for name in ["operator", "bot"] {
            let archive = cache()?.join("images").join(format!("{name}.tar"));
            let bytes = fs::metadata(&archive)
                .with_context(|| format!("{}: run make image", archive.display()))?
                .len();
            self.add(&format!("image chatops-{name}"), megabytes(bytes), "≤ 60 MB")?;
        }
        Ok(())
    }

    pub fn print(&self) -> Result<()> {
        let mut out = io::stdout().lock();
        writeln!(out, "\n| figure | measured | aim |\n|---|---|---|")?;
        for [what, figure, aim] in &self.rows {
            writeln!(out, "| {what} | {figure} | {aim} |")?;
        }
        Ok(())
    }
}

/// Megabytes with one decimal.
pub fn megabytes(bytes: u64) -> String {
    format!("{:.1} MB", bytes as f64 / 1e6)
}

/// Mebibytes with one decimal.
pub fn mebibytes(bytes: u64) -> String {
    format!("{:.1} MiB", bytes as f64 / (1024.0 * 1024.0))
}

/// The folder of downloads and builds.
fn cache() -> Result<PathBuf> {
    env::var_os("CHATOPS_CACHE").map(PathBuf::from).context("CHATOPS_CACHE is not set: use make bench")
}
