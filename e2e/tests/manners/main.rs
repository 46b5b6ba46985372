//! People who come from Errbot feel at home: `table.yaml` has what they type and what kind of answer each of the two bots
//! gives, and the reason wherever ours differs. The real Errbot, in its own test back end, and our bot, in a simulated
//! Slack, must answer as the table says.

mod class;
mod errbot;
mod ours;
mod table;

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};

use class::Class;
use errbot::Errbot;
use ours::Ours;
use table::Line;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/manners")
}

/// What one bot answered otherwise than the table says.
#[derive(Default)]
struct Mismatches(Vec<String>);

impl Mismatches {
    fn compare(&mut self, line: &Line, expected: Class, got: Class, answers: &[String]) {
        if expected != got {
            let answers = answers.join("\n---\n").replace('\n', "\n    ");
            self.0.push(format!("{line}: expected {expected}, got {got}\n    {answers}"));
        }
    }

    fn none(self, lines: usize) -> Result<()> {
        let Self(mismatches) = self;
        ensure!(mismatches.is_empty(), "{} of {lines} lines:\n{}", mismatches.len(), mismatches.join("\n"));
        Ok(())
    }
}

#[test]
fn a_reason_stands_exactly_where_the_two_differ() -> Result<()> {
    let wrong: Vec<String> = table::read()?.iter().filter_map(Line::wrong).collect();
    ensure!(wrong.is_empty(), "{}", wrong.join("\n"));
    Ok(())
}

#[test]
fn the_real_errbot_answers_as_the_table_says() -> Result<()> {
    let (lines, mut errbot, mut mismatches) = (table::read()?, Errbot::start()?, Mismatches::default());
    for line in &lines {
        let answers = errbot.asks(line)?;
        let got = class::of_errbot(&answers, line.means.as_deref());
        mismatches.compare(line, line.errbot, got, &answers);
    }
    mismatches.none(lines.len())
}

#[test]
fn every_command_that_errbot_has_is_in_the_table() -> Result<()> {
    let lines = table::read()?;
    let help = lines.iter().find(|line| line.text() == "!help").context("help is in the table")?;
    let help = Errbot::start()?.asks(help)?.join("\n");
    let commands = help.lines().filter_map(|line| Some(line.strip_prefix("• ")?.split_once(" - ")?.0));
    let is_forgotten = |command: &&str| !lines.iter().any(|line| line.text().starts_with(*command));
    let forgotten: Vec<_> = commands.clone().filter(is_forgotten).collect();
    ensure!(commands.count() > 40 && forgotten.is_empty(), "not in the table: {forgotten:?}\n{help}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn our_bot_answers_as_the_table_says() -> Result<()> {
    let (lines, mut ours, mut mismatches) = (table::read()?, Ours::start().await?, Mismatches::default());
    for line in &lines {
        let answers = ours.asks(line).await?;
        let got = class::of_ours(&answers, line.means.as_deref());
        mismatches.compare(line, line.ours, got, &answers);
    }
    mismatches.none(lines.len())
}
