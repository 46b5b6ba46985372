//! `docs/performance.md`: the figures with the aim of each, and where they were measured.

use std::{
    env, fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use jiff::Timestamp;

/// The page around the figures.
const PAGE: &str = include_str!("performance.md");

/// Figures of one or several contenders, with the aim of each for ours.
pub struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    /// One column for each of `measured`.
    pub fn new<'a>(measured: impl IntoIterator<Item = &'a str>) -> Self {
        let mut header = vec!["figure"];
        header.extend(measured);
        header.push("aim");
        let rule = vec!["---".to_owned(); header.len()];
        Self { rows: vec![header.into_iter().map(str::to_owned).collect(), rule] }
    }

    /// Adds a figure and shows it at once.
    pub fn add(
        &mut self,
        what: &str,
        figures: impl IntoIterator<Item = impl Into<String>>,
        aim: &str,
    ) -> Result<()> {
        let mut row = vec![what.to_owned()];
        row.extend(figures.into_iter().map(Into::into));
        row.push(aim.to_owned());
        writeln!(io::stderr(), "{}", row.join(" | "))?;
        self.rows.push(row);
        Ok(())
    }

    /// Adds the sizes of the image archives.
    pub fn images(&mut self) -> Result<()> {
        for name in ["operator", "bot"] {
            let archive = cache()?.join("images").join(format!("{name}.tar"));
            let bytes = fs::metadata(&archive)
                .with_context(|| format!("{}: run make image", archive.display()))?
                .len();
            self.add(&format!("image chatops-{name}"), [megabytes(bytes)], "≤ 60 MB")?;
        }
        Ok(())
    }

    fn markdown(&self) -> String {
        let lines: Vec<_> = self.rows.iter().map(|row| format!("| {} |", row.join(" | "))).collect();
        lines.join("\n")
    }
}

/// Writes the page.
pub fn write(compared: &Table, own: &Table) -> Result<()> {
    let text = PAGE
        .replace("{version}", env!("CARGO_PKG_VERSION"))
        .replace("{date}", &Timestamp::now().strftime("%Y-%m-%d").to_string())
        .replace("{machine}", &machine()?)
        .replace("{compared}", &compared.markdown())
        .replace("{own}", &own.markdown());
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/performance.md");
    fs::write(&file, text).with_context(|| format!("cannot write {}", file.display()))
}

/// Processors and memory.
fn machine() -> Result<String> {
    let processors = fs::read_to_string("/proc/cpuinfo")?;
    let value = |line: &str| Some(line.split_once(':')?.1.trim().to_owned());
    let models: Vec<_> =
        processors.lines().filter(|line| line.starts_with("model name")).filter_map(value).collect();
    let memory = fs::read_to_string("/proc/meminfo")?;
    let kib = memory.split_whitespace().nth(1).context("no MemTotal")?.parse::<u64>()?;
    let model = models.first().map_or("unknown", String::as_str);
    Ok(format!("{} × {model}, {} GiB", models.len(), kib.div_ceil(1 << 20)))
}

/// Megabytes with one decimal.
fn megabytes(bytes: u64) -> String {
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
