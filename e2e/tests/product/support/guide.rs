//! Follows a guide of `docs/` as a reader would: files are written, commands are typed.
//!
//! A section takes part when `<!-- test: NAME -->` stands in it. Its blocks of `yaml` whose first line is a comment with
//! a file name become that file; its blocks of `sh` are run in a folder with those files, each of which must succeed.

use std::{fs, path::Path, process::Stdio, time::Duration};

use tokio::{process::Command, time::timeout};

use super::{shared, world::World};

/// Longer than any `--timeout` in a guide.
const BLOCK_DEADLINE: Duration = Duration::from_secs(600);

/// How guides introduce a bot's Slack; here it is the world's simulator, with the authority of ConfigMap `ca` if it
/// speaks TLS.
const SLACK: &str = "slack: {tokensSecretRef: {name: ops-slack}}";

/// A fenced block.
#[derive(Debug, PartialEq, Eq)]
struct Block {
    language: String,
    text: String,
}

/// Follows the section `name` of `guide`, a path in the repository, and returns what its commands printed.
pub async fn follow(world: &World, guide: &str, name: &str) -> String {
    follow_with(world, guide, name, &[]).await
}

/// As [`follow`], with words replaced by what only a reader knows, in the guide and in the manifests that it names.
pub async fn follow_with(world: &World, guide: &str, name: &str, words: &[(&str, &str)]) -> String {
    let text = fill_in(Path::new(&shared::repository(guide)), words);
    let blocks = blocks(section(&text, name).unwrap_or_else(|| panic!("{guide} has no section {name}")));
    assert!(blocks.iter().any(|block| block.language == "sh"), "{guide} {name} has no commands");
    let folder = tempfile::tempdir().expect("a temporary folder");
    prepare(world, folder.path(), words).await;
    let mut printed = String::new();
    for block in blocks {
        match block.language.as_str() {
            "yaml" => write(world, folder.path(), &block.text),
            "sh" => printed += &run(world, folder.path(), &block.text).await,
            _ => {}
        }
    }
    printed
}

/// A kubeconfig whose current namespace is the world's, and the repository's manifests.
async fn prepare(world: &World, folder: &Path, words: &[(&str, &str)]) {
    let kubeconfig = folder.join("kubeconfig");
    fs::copy(world.cluster.kubeconfig(), &kubeconfig).expect("the kubeconfig is copied");
    copy(Path::new(&shared::repository("manifests")), &folder.join("manifests"), words);
    run(world, folder, &format!("kubectl config set-context --current --namespace={}", world.namespace))
        .await;
}

fn copy(from: &Path, to: &Path, words: &[(&str, &str)]) {
    fs::create_dir(to).expect("the folder is made");
    for entry in fs::read_dir(from).expect("the folder is read") {
        let entry = entry.expect("the folder is read");
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &to, words);
        } else {
            fs::write(&to, fill_in(&entry.path(), words)).expect("the file is written");
        }
    }
}

/// A text of the repository with `words` replaced.
fn fill_in(file: &Path, words: &[(&str, &str)]) -> String {
    let text = fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    words.iter().fold(text, |text, (word, value)| text.replace(word, value))
}

fn write(world: &World, folder: &Path, text: &str) {
    let Some(name) = text.lines().next().and_then(|line| line.strip_prefix("# ")) else { return };
    let (url, is_tls) = (world.api_url(), world.api_url().starts_with("https:"));
    let mut slack = format!(
        "slack: {{tokensSecretRef: {{name: ops-slack}}, apiURL: \"{url}\", allowInsecureHTTP: {}}}",
        !is_tls
    );
    if is_tls && !text.contains("trustedCARef") {
        slack += "\n  network: {trustedCARef: {name: ca}}";
    }
    fs::write(folder.join(name), text.replace(SLACK, &slack)).expect("the file is written");
}

async fn run(world: &World, folder: &Path, script: &str) -> String {
    let mut path: Vec<_> = [world.cluster.kubectl_program(), shared::program("chatops-bot")]
        .iter()
        .filter_map(|program| program.parent().map(Path::to_path_buf))
        .collect();
    path.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()));
    let child = Command::new("bash")
        .args(["-euo", "pipefail", "-c", script])
        .current_dir(folder)
        .env("PATH", std::env::join_paths(path).expect("folders make a PATH"))
        .env("KUBECONFIG", folder.join("kubeconfig"))
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    let output = timeout(BLOCK_DEADLINE, child).await.expect("the commands end in time").expect("bash runs");
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{script}\n{out}{err}");
    println!("{script}\n{out}{err}");
    out.into_owned()
}

fn section<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let (_, section) = text.split_once(&format!("<!-- test: {name} -->"))?;
    let end = ["\n## ", "\n### "].iter().filter_map(|heading| section.find(heading)).min();
    Some(&section[..end.unwrap_or(section.len())])
}

fn blocks(section: &str) -> Vec<Block> {
    section
        .split("\n```")
        .skip(1)
        .step_by(2)
        .filter_map(|block| block.split_once('\n'))
        .map(|(language, text)| Block { language: language.to_owned(), text: text.to_owned() })
        .collect()
}

#[test]
fn blocks_of_a_section_are_found() {
    let text = "## A\n<!-- test: a -->\n\n```yaml\n# f.yaml\nx: 1\n```\n\nwords\n\n```sh\nls\n```\n\n## B\n```sh\nrm\n```\n";
    let found = blocks(section(text, "a").expect("the section"));
    let block = |language: &str, text: &str| Block { language: language.into(), text: text.into() };
    assert_eq!(found, [block("yaml", "# f.yaml\nx: 1"), block("sh", "ls")]);
}
