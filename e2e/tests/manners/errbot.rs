//! The real Errbot, behind `errbot_manners.py`. `scripts/errbot.sh` installs it.

use std::{
    fs::{self, File},
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use anyhow::{Context as _, Result, ensure};
use serde::Deserialize;
use serde_json::json;
use tempfile::TempDir;

use crate::{
    folder,
    table::{Line, Place},
};

pub struct Errbot {
    python: PathBuf,
    running: Option<Running>,
}

/// Ends with the test, or behind the answers to a line that ends Errbot.
struct Running {
    process: Child,
    typed: ChildStdin,
    printed: BufReader<ChildStdout>,
    folder: TempDir,
}

/// What it tells besides its answers, in its folder.
const LOG: &str = "errors.log";

#[derive(Deserialize)]
struct Answered {
    answers: Vec<String>,
    /// The line ended it.
    ended: bool,
}

impl Errbot {
    pub fn start() -> Result<Self> {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/errbot.sh");
        let output = Command::new(&script).stderr(Stdio::inherit()).output()?;
        ensure!(output.status.success(), "{} fails", script.display());
        let home = String::from_utf8(output.stdout)?;
        Ok(Self { python: Path::new(home.trim()).join("bin/python"), running: None })
    }

    /// Types a line and returns all that is answered. An Errbot that ended is started again.
    pub fn asks(&mut self, line: &Line) -> Result<Vec<String>> {
        let running = match &mut self.running {
            Some(running) => running,
            None => self.running.insert(Running::start(&self.python)?),
        };
        let Answered { answers, ended } = running.asks(line).with_context(|| line.to_string())?;
        if ended {
            self.running = None;
        }
        Ok(answers)
    }
}

impl Running {
    fn start(python: &Path) -> Result<Self> {
        let data = tempfile::tempdir()?;
        let mut process = Command::new(python)
            .arg(folder().join("errbot_manners.py"))
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env("TMPDIR", data.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(File::create(data.path().join(LOG))?)
            .spawn()
            .with_context(|| format!("cannot start {}", python.display()))?;
        let typed = process.stdin.take().context("its input")?;
        let printed = BufReader::new(process.stdout.take().context("its output")?);
        Ok(Self { process, typed, printed, folder: data })
    }

    fn asks(&mut self, line: &Line) -> Result<Answered> {
        let place = match line.place {
            Place::Direct => "direct",
            Place::Channel => "#general",
        };
        let request = json!({"text": line.text(), "place": place, "person": line.person});
        let mut printed = String::new();
        // One that ended reads nothing and prints nothing.
        let _ = writeln!(self.typed, "{request}");
        self.printed.read_line(&mut printed)?;
        serde_json::from_str(&printed).with_context(|| {
            let log = fs::read_to_string(self.folder.path().join(LOG)).unwrap_or_default();
            format!("Errbot does not answer; it printed:\n{log}")
        })
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
