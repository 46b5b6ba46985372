//! Who may use whom: the table of the architecture, checked against every `crate::` in the sources.

use std::{fs, path::Path};

/// Module → what it may use. What is not listed uses nothing of this crate.
const MAY_USE: &[(&str, &[&str])] = &[
    ("app", &["bot_plugin", "bots", "chat_bot", "cluster", "serve", "wake"]),
    ("bot_plugin", &["bots", "cluster"]),
    ("bots", &["cluster"]),
    ("chat_bot", &["bots", "cluster"]),
    ("cli", &["app", "chat_bot"]),
    ("wake", &["cluster"]),
];

/// Longest file, without its unit tests.
const MAX_LINES: usize = 400;

fn sources(folder: &Path, found: &mut Vec<(String, String)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else {
            let name = path.strip_prefix(Path::new(env!("CARGO_MANIFEST_DIR")).join("src")).unwrap();
            found.push((name.display().to_string(), fs::read_to_string(&path).unwrap()));
        }
    }
}

fn all_sources() -> Vec<(String, String)> {
    let mut found = Vec::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut found);
    assert!(found.len() > 30);
    found
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
    for (file, text) in all_sources() {
        let module = file.split(['/', '.']).next().unwrap();
        let allowed =
            MAY_USE.iter().find(|(name, _)| *name == module).map_or(&[][..], |(_, allowed)| allowed);
        for used in used(&text) {
            assert!(used == module || allowed.contains(&used.as_str()), "{file} uses crate::{used}");
        }
    }
}

#[test]
fn only_the_cluster_module_and_the_kubelets_refresh_write_to_the_api_server() {
    let writes = [".patch(", ".patch_status(", ".create(", ".replace(", ".delete("];
    for (file, text) in all_sources() {
        let code = text.split("#[cfg(test)]").next().unwrap();
        let allowed = file.starts_with("cluster/") || file == "chat_bot/refresh.rs";
        assert!(allowed || !writes.iter().any(|write| code.contains(write)), "{file} writes");
    }
}

#[test]
fn no_file_is_long_and_every_file_says_what_it_is_for() {
    for (file, text) in all_sources() {
        let code = text.split("#[cfg(test)]").next().unwrap();
        assert!(code.lines().count() <= MAX_LINES, "{file} is too long");
        assert!(text.starts_with("//! "), "{file} does not say what it is for");
    }
    assert!(
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/main.rs"))
            .unwrap()
            .lines()
            .count()
            <= 20
    );
}
