//! Lines from a person at a terminal: with a prompt, a history that outlives the program, and completion of names.

use std::{
    env, fs,
    io::{self, Write},
    path::PathBuf,
};

use rustyline::{
    Config, Context, Editor, Helper, Highlighter, Hinter, Result, Validator,
    completion::Completer,
    history::{DefaultHistory, History},
};

use super::lines::{Asked, Lines};

/// Lines that the history keeps.
const HISTORY: usize = 1_000;

/// Greets in the name of `bot` and reads lines; `names` are what can be completed behind `prefix`.
pub fn prompt(bot: &str, prefix: &str, names: impl Fn() -> Vec<String> + Send + 'static) -> Lines {
    // Without a terminal to write to there is nobody to greet.
    let _ = writeln!(io::stdout(), "You talk to {bot}. {prefix}help lists the commands, Ctrl-D ends.");
    let completion = Completion { prefix: prefix.to_owned(), names: Box::new(names), choices: None };
    let question = format!("{bot}> ");
    let mut editor = open(completion).ok();
    Lines::from(true, move |asked| {
        let editor = editor.as_mut()?;
        match asked {
            Asked::Message => read_message(editor, &question),
            Asked::Value { question, choices } => read_value(editor, &question, choices),
        }
    })
}

fn open(completion: Completion) -> Result<Editor<Completion, DefaultHistory>> {
    let config = Config::builder().max_history_size(HISTORY)?.history_ignore_space(true).build();
    let history = DefaultHistory::with_config(&config);
    let mut editor = Editor::with_history(config, history)?;
    editor.set_helper(Some(completion));
    if let Some(file) = history_file() {
        // There is none the first time.
        let _ = editor.load_history(&file);
    }
    Ok(editor)
}

fn read_message(editor: &mut Editor<Completion, DefaultHistory>, question: &str) -> Option<String> {
    let line = editor.readline(question).ok()?;
    if let (Ok(true), Some(file)) = (editor.add_history_entry(&line), history_file()) {
        // A history that cannot be kept is no reason to stop talking.
        let _ = fs::create_dir_all(file.parent().unwrap_or(&file));
        let _ = editor.history_mut().append(&file);
    }
    Some(line)
}

/// Values stay out of the history; what they become is in the bot's own.
fn read_value(
    editor: &mut Editor<Completion, DefaultHistory>,
    question: &str,
    choices: Vec<String>,
) -> Option<String> {
    editor.helper_mut()?.choices = Some(choices);
    let line = editor.readline(question).ok();
    editor.helper_mut()?.choices = None;
    line
}

fn history_file() -> Option<PathBuf> {
    let state = env::var_os("XDG_STATE_HOME").map(PathBuf::from);
    let state = state.or_else(|| Some(PathBuf::from(env::var_os("HOME")?).join(".local/state")))?;
    Some(state.join("chatops-bot/history"))
}

#[derive(Helper, Highlighter, Hinter, Validator)]
struct Completion {
    prefix: String,
    names: Box<dyn Fn() -> Vec<String> + Send>,
    /// What can be answered to the question that is asked.
    choices: Option<Vec<String>>,
}

impl Completer for Completion {
    type Candidate = String;

    fn complete(&self, line: &str, position: usize, _: &Context<'_>) -> Result<(usize, Vec<String>)> {
        let typed = &line[..position];
        if let Some(choices) = &self.choices {
            let fits = choices.iter().filter(|choice| choice.starts_with(typed));
            return Ok((0, fits.cloned().collect()));
        }
        let start = if typed.starts_with(&self.prefix) { self.prefix.len() } else { 0 };
        let name = typed[start..].to_lowercase();
        Ok((start, (self.names)().into_iter().filter(|candidate| candidate.starts_with(&name)).collect()))
    }
}
