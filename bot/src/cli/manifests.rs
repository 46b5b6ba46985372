//! The YAML that kubectl applies, read without a cluster: every problem with its place, and the objects to run a bot
//! from. What the API server would refuse is refused here too.

mod cross;
mod diagnostic;
mod document;
mod files;
mod objects;
mod schema;

use std::path::PathBuf;

use chatops_crds::{BotPlugin, ChatBot, ChatBotSpec, GROUP, VERSION};

pub use diagnostic::{Diagnostic, Verdict};
pub use files::{ReadError, Stamp, stamps};

use document::Node;
use files::SourceFile;

/// What the files hold.
#[derive(Debug, Default)]
pub struct Manifests {
    /// Every problem, in the order of files and lines.
    pub diagnostics: Vec<Diagnostic>,
    bots: Vec<Object<ChatBot>>,
    plugins: Vec<Object<BotPlugin>>,
}

/// An object, and where it stands.
#[derive(Debug)]
struct Object<K> {
    object: K,
    name: String,
    namespace: Option<String>,
    node: Node,
    file: SourceFile,
}

/// Why no bot can be told from the files.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoBot {
    #[error("there is no ChatBot in these files")]
    None,
    #[error("there is no ChatBot \"{wanted}\" in these files; there {}", are(.found))]
    NotNamed { wanted: String, found: Vec<String> },
    #[error("there are several ChatBots in these files: choose one with --bot {}", .found.join(" or --bot "))]
    Several { found: Vec<String> },
}

impl Manifests {
    /// Reads and checks `paths`: files, folders (their `.yaml`, `.yml` and `.json` files) or `-`.
    ///
    /// # Errors
    /// [`ReadError`] when a path cannot be read. What is wrong with what was read is in the diagnostics.
    pub fn read(paths: &[PathBuf]) -> Result<Manifests, ReadError> {
        let mut manifests = Manifests::default();
        for file in files::read(paths)? {
            objects::read(&file, &mut manifests);
        }
        cross::check(&mut manifests);
        manifests.diagnostics.sort_by_key(Diagnostic::place);
        Ok(manifests)
    }

    /// Number of objects of our kinds.
    pub fn len(&self) -> usize {
        self.bots.len() + self.plugins.len()
    }

    /// There is no object of our kinds.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The ChatBot called `name`, or the only one.
    ///
    /// # Errors
    /// [`NoBot`].
    pub fn bot(&self, name: Option<&str>) -> Result<&ChatBot, NoBot> {
        let found = || self.bots.iter().map(|bot| bot.name.clone()).collect();
        match (name, self.bots.as_slice()) {
            (_, []) => Err(NoBot::None),
            (Some(name), bots) => match bots.iter().find(|bot| bot.name == name) {
                Some(bot) => Ok(&bot.object),
                None => Err(NoBot::NotNamed { wanted: name.to_owned(), found: found() }),
            },
            (None, [bot]) => Ok(&bot.object),
            (None, _) => Err(NoBot::Several { found: found() }),
        }
    }

    /// The BotPlugins in the namespace of `bot`. An object that names no namespace is in any.
    pub fn plugins_around<'a>(&'a self, bot: &'a ChatBot) -> impl Iterator<Item = &'a BotPlugin> + Clone {
        let namespace = bot.metadata.namespace.as_deref();
        let is_near = move |plugin: &&Object<BotPlugin>| match (namespace, plugin.namespace.as_deref()) {
            (Some(of_bot), Some(of_plugin)) => of_bot == of_plugin,
            _ => true,
        };
        self.plugins.iter().filter(is_near).map(|plugin| &plugin.object)
    }
}

/// A bot that takes all plugins, for files that hold none.
pub fn default_bot() -> ChatBot {
    #[allow(clippy::expect_used, reason = "the smallest valid ChatBot, which a test reads")]
    let spec: ChatBotSpec =
        serde_json::from_value(serde_json::json!({"slack": {"tokensSecretRef": {"name": "none"}}}))
            .expect("a ChatBot");
    ChatBot::new("dev", spec)
}

fn api_version() -> String {
    format!("{GROUP}/{VERSION}")
}

fn are(names: &[String]) -> String {
    format!("{} {}", if names.len() == 1 { "is" } else { "are" }, names.join(", "))
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_default_bot_is_one() {
        assert_eq!(super::default_bot().metadata.name.as_deref(), Some("dev"));
    }
}
