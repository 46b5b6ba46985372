//! Who may use whom: the table of the architecture, checked against every `crate::` in the sources of what is shipped.

#![allow(clippy::expect_used, reason = "what helps tests fails by panicking")]

use std::{
    fs,
    path::{Path, PathBuf},
};

/// Crate, module → what it may use. What is not listed uses nothing of its crate.
const MAY_USE: &[(&str, &str, &[&str])] = &[
    ("crds", "advice", &["ChatBotSpec", "bot_config", "bot_report", "shared"]),
    ("crds", "bot_config", &["ChatBotSpec", "bot_plugin", "chat_bot", "resolve", "shared"]),
    ("crds", "bot_plugin", &["shared"]),
    ("crds", "bot_report", &["bot_config", "shared"]),
    ("crds", "chat_bot", &["shared"]),
    ("crds", "manifest", &["BotPlugin", "ChatBot", "GROUP", "VERSION"]),
    ("crds", "reference", &["manifest"]),
    ("crds", "resolve", &["BotPlugin", "ChatBot", "bot_plugin", "shared"]),
    ("operator", "app", &["bot_plugin", "bots", "chat_bot", "cluster", "cluster_dns", "serve", "wake"]),
    ("operator", "bot_plugin", &["bots", "cluster"]),
    ("operator", "bots", &["cluster"]),
    ("operator", "chat_bot", &["bots", "cluster", "cluster_dns"]),
    ("operator", "cli", &["app", "chat_bot", "cluster", "cluster_dns"]),
    ("operator", "cluster_dns", &["cluster"]),
    ("operator", "wake", &["cluster"]),
    ("bot", "action", &["chat", "markdown", "storage"]),
    ("bot", "adapter", &["chat", "inbox", "markdown", "network", "outbox", "report", "secret"]),
    (
        "bot",
        "cli",
        &[
            "action", "adapter", "chat", "command", "dns", "engine", "errbot", "inbox", "mask", "network",
            "outbox", "report", "secret", "storage", "transfer",
        ],
    ),
    ("bot", "command", &["chat"]),
    ("bot", "dns", &["network", "report"]),
    ("bot", "engine", &["action", "chat", "command", "inbox", "mask", "outbox", "report", "storage"]),
    ("bot", "errbot", &["secret"]),
    ("bot", "inbox", &["chat", "storage"]),
    ("bot", "markdown", &["chat"]),
    ("bot", "network", &["secret"]),
    ("bot", "outbox", &["chat", "mask", "report"]),
    ("bot", "secret", &["mask"]),
    ("bot", "storage", &["secret"]),
    ("bot", "transfer", &["storage"]),
];

const CRATES: [&str; 3] = ["crds", "operator", "bot"];

/// Longest file, without its unit tests.
const MAX_LINES: usize = 400;

/// A source file.
struct Source {
    krate: &'static str,
    /// Below `src`.
    file: String,
    text: String,
}

impl Source {
    fn code(&self) -> &str {
        self.text.split("#[cfg(test)]").next().unwrap_or_default()
    }

    fn module(&self) -> &str {
        self.file.split(['/', '.']).next().unwrap_or_default()
    }
}

fn files_below(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("the folder is there") {
        let path = entry.expect("an entry").path();
        if path.is_dir() { files_below(&path, found) } else { found.push(path) }
    }
}

fn sources() -> Vec<Source> {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut sources = Vec::new();
    for krate in CRATES {
        let (root, mut files) = (repository.join(krate).join("src"), Vec::new());
        files_below(&root, &mut files);
        assert!(files.len() > 10, "{krate} has few files");
        sources.extend(files.iter().map(|path| Source {
            krate,
            file: path.strip_prefix(&root).expect("below the root").display().to_string(),
            text: fs::read_to_string(path).expect("the file is read"),
        }));
    }
    sources
}

/// Modules that follow `crate::`, also inside braces.
fn used(text: &str) -> Vec<String> {
    let word = |text: &str| text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
    text.split("crate::")
        .skip(1)
        .flat_map(|rest| match rest.strip_prefix('{') {
            None => vec![word(rest)],
            Some(list) => {
                let mut depth = 0;
                let mut names = vec![word(list.trim_start())];
                for (i, c) in list.char_indices() {
                    match c {
                        '{' => depth += 1,
                        '}' if depth == 0 => break,
                        '}' => depth -= 1,
                        ',' if depth == 0 => names.push(word(list[i + 1..].trim_start())),
                        _ => {}
                    }
                }
                names
            }
        })
        .filter(|name| !name.is_empty())
        .collect()
}

#[test]
fn every_module_uses_only_what_the_architecture_allows() {
    for source in sources() {
        let (krate, module, file) = (source.krate, source.module(), &source.file);
        let entry = MAY_USE.iter().find(|(of, name, _)| *of == krate && *name == module);
        let allowed = entry.map_or(&[][..], |(_, _, allowed)| allowed);
        for used in used(&source.text) {
            assert!(used == module || allowed.contains(&used.as_str()), "{krate}: {file} uses crate::{used}");
        }
    }
}

#[test]
fn in_the_operator_only_the_cluster_module_and_the_kubelets_refresh_write_to_the_api_server() {
    let writes = [".patch(", ".patch_status(", ".create(", ".replace(", ".delete("];
    for source in sources().iter().filter(|source| source.krate == "operator") {
        let allowed = source.file.starts_with("cluster/") || source.file == "chat_bot/refresh.rs";
        assert!(
            allowed || !writes.iter().any(|write| source.code().contains(write)),
            "{} writes",
            source.file
        );
    }
}

#[test]
fn no_file_is_long_and_every_file_says_what_it_is_for() {
    for source in sources() {
        let (krate, file) = (source.krate, &source.file);
        assert!(source.code().lines().count() <= MAX_LINES, "{krate}: {file} is too long");
        assert!(
            file == "main.rs" || source.text.starts_with("//! ") || source.text.starts_with("-- "),
            "{krate}: {file} does not say what it is for"
        );
        assert!(file != "main.rs" || source.text.lines().count() <= 20, "{krate}: {file} is long");
    }
}
