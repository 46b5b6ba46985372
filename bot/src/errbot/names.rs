//! Where Errbot's keys go: `errbot:<plugin>:<key>` to a BotPlugin's name and a key. Pure.

use std::collections::{BTreeMap, BTreeSet};

/// First part of every key.
const PREFIX: &str = "errbot:";

/// Longest name of a BotPlugin, a DNS label (RFC 1123).
const MAX_NAME: usize = 63;

/// Which BotPlugin takes over from which of Errbot's plugins; the others get the names that [`Mapping::place`] tells.
#[derive(Clone, Debug, Default)]
pub struct Mapping {
    names: BTreeMap<String, String>,
}

/// A mapping that cannot be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidMapping {
    #[error("\"{0}\" is no mapping: write the name of Errbot's plugin, =, the name of the BotPlugin")]
    Form(String),
    #[error(
        "\"{0}\" cannot be the name of a BotPlugin: use at most {MAX_NAME} lower case letters, digits and -"
    )]
    Name(String),
}

/// A key of Errbot's.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Name of Errbot's plugin.
    pub errbot: String,
    pub key: String,
    pub home: Home,
}

/// Where a value goes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Home {
    Plugin(String),
    /// Nowhere: it is Errbot's own, whose place the ChatBot's and BotPlugins' YAML takes.
    Errbots,
    /// Nobody can tell: no name of a BotPlugin can be made of that of the plugin.
    Unknown,
}

/// Several of Errbot's plugins would share the data of one BotPlugin.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the data of {} would all go to BotPlugin \"{plugin}\": give all but one another name with --map", .errbot.join(", "))]
pub struct Clash {
    pub plugin: String,
    pub errbot: Vec<String>,
}

impl Mapping {
    /// Takes `Errbot's name=BotPlugin's name`.
    ///
    /// # Errors
    /// [`InvalidMapping`].
    pub fn new<'a>(mappings: impl IntoIterator<Item = &'a str>) -> Result<Mapping, InvalidMapping> {
        let mut names = BTreeMap::new();
        for mapping in mappings {
            let form = || InvalidMapping::Form(mapping.to_owned());
            let (errbot, plugin) = mapping.rsplit_once('=').ok_or_else(form)?;
            if errbot.is_empty() {
                return Err(form());
            }
            if !is_name(plugin) {
                return Err(InvalidMapping::Name(plugin.to_owned()));
            }
            names.insert(errbot.to_owned(), plugin.to_owned());
        }
        Ok(Mapping { names })
    }

    /// Where the value under `redis_key` goes; none if the key is not Errbot's.
    pub fn place(&self, redis_key: &str) -> Option<Place> {
        let rest = redis_key.strip_prefix(PREFIX)?;
        // A name that contains a colon can be told only where it is named.
        let named = self.names.iter().find_map(|(errbot, plugin)| {
            let key = rest.strip_prefix(errbot.as_str())?.strip_prefix(':')?;
            Some(Place { errbot: errbot.clone(), key: key.to_owned(), home: Home::Plugin(plugin.clone()) })
        });
        named.or_else(|| {
            let (errbot, key) = rest.split_once(':')?;
            let home = match kebab(errbot) {
                _ if is_errbots_own(errbot) => Home::Errbots,
                Some(plugin) => Home::Plugin(plugin),
                None => Home::Unknown,
            };
            Some(Place { errbot: errbot.to_owned(), key: key.to_owned(), home })
        })
    }

    /// The BotPlugins that several of Errbot's plugins of `places` would share.
    pub fn clashes<'a>(places: impl IntoIterator<Item = &'a Place>) -> Vec<Clash> {
        let mut plugins: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for place in places {
            if let Home::Plugin(plugin) = &place.home {
                plugins.entry(plugin).or_default().insert(&place.errbot);
            }
        }
        let clash = |(plugin, errbot): (&str, BTreeSet<&str>)| Clash {
            plugin: plugin.to_owned(),
            errbot: errbot.into_iter().map(str::to_owned).collect(),
        };
        plugins.into_iter().filter(|(_, errbot)| errbot.len() > 1).map(clash).collect()
    }
}

/// Errbot keeps the configuration of plugins and the list of blocked ones as `core`, the installed repositories as
/// `repomgr`, and what belongs to the chat as `<backend>_backend`.
fn is_errbots_own(name: &str) -> bool {
    matches!(name, "core" | "repomgr") || name.ends_with("_backend")
}

/// The name as a DNS label: `ChatRoom` and `Chat room` become `chat-room`. None if nothing is left, or too much.
fn kebab(name: &str) -> Option<String> {
    let mut label = String::new();
    let letters: Vec<char> = name.chars().collect();
    for (index, &letter) in letters.iter().enumerate() {
        let before = index.checked_sub(1).and_then(|before| letters.get(before));
        let behind = letters.get(index + 1);
        let starts_word = letter.is_ascii_uppercase()
            && before.is_some_and(|before| {
                before.is_ascii_lowercase()
                    || (before.is_ascii_uppercase() && behind.is_some_and(char::is_ascii_lowercase))
            });
        if (starts_word || !letter.is_ascii_alphanumeric()) && !label.is_empty() && !label.ends_with('-') {
            label.push('-');
        }
        if letter.is_ascii_alphanumeric() {
            label.push(letter.to_ascii_lowercase());
        }
    }
    let label = label.trim_end_matches('-');
    is_name(label).then(|| label.to_owned())
}

fn is_name(name: &str) -> bool {
    let is_inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    (1..=MAX_NAME).contains(&name.len())
        && name.chars().all(is_inner)
        && !name.starts_with('-')
        && !name.ends_with('-')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn home(mapping: &Mapping, key: &str) -> (Home, String) {
        let place = mapping.place(key).unwrap();
        (place.home, place.key)
    }

    #[test]
    fn a_plugins_name_becomes_a_dns_label() {
        let names = [
            ("Demo", "demo"),
            ("ChatRoom", "chat-room"),
            ("My  great Plugin", "my-great-plugin"),
            ("HTTPServer", "http-server"),
            ("AWS", "aws"),
            ("err_demo.2", "err-demo-2"),
            ("-x-", "x"),
        ];
        for (errbot, plugin) in names {
            let (home, key) = home(&Mapping::default(), &format!("errbot:{errbot}:a:b"));
            assert_eq!(home, Home::Plugin(plugin.into()), "{errbot}");
            assert_eq!(key, "a:b");
        }
        assert_eq!(home(&Mapping::default(), "errbot:日本:k").0, Home::Unknown);
        assert_eq!(home(&Mapping::default(), &format!("errbot:{}:k", "a".repeat(64))).0, Home::Unknown);
    }

    #[test]
    fn what_is_errbots_own_has_no_home_unless_one_is_given() {
        for name in ["core", "repomgr", "slackv3_backend"] {
            assert_eq!(home(&Mapping::default(), &format!("errbot:{name}:configs")).0, Home::Errbots);
        }
        let mapping = Mapping::new(["core=old-core"]).unwrap();
        assert_eq!(home(&mapping, "errbot:core:configs").0, Home::Plugin("old-core".into()));
    }

    #[test]
    fn a_mapping_names_the_plugin_also_with_a_colon_or_an_equals_sign() {
        let mapping = Mapping::new(["a:b=x", "c=d=y"]).unwrap();
        assert_eq!(home(&mapping, "errbot:a:b:k"), (Home::Plugin("x".into()), "k".into()));
        assert_eq!(home(&mapping, "errbot:c=d:k"), (Home::Plugin("y".into()), "k".into()));
        assert_eq!(home(&mapping, "errbot:a:k"), (Home::Plugin("a".into()), "k".into()));
    }

    #[test]
    fn a_mapping_that_cannot_be_is_refused() {
        assert_eq!(Mapping::new(["x"]).unwrap_err(), InvalidMapping::Form("x".into()));
        assert_eq!(Mapping::new(["=x"]).unwrap_err(), InvalidMapping::Form("=x".into()));
        assert_eq!(Mapping::new(["x=Y"]).unwrap_err(), InvalidMapping::Name("Y".into()));
        assert_eq!(Mapping::new(["x="]).unwrap_err(), InvalidMapping::Name(String::new()));
    }

    #[test]
    fn plugins_that_would_share_data_are_told() {
        let mapping = Mapping::default();
        let places: Vec<_> =
            ["errbot:My Plugin:a", "errbot:MyPlugin:b", "errbot:Other:c", "errbot:core:configs"]
                .into_iter()
                .filter_map(|key| mapping.place(key))
                .collect();
        let clash = Clash { plugin: "my-plugin".into(), errbot: vec!["My Plugin".into(), "MyPlugin".into()] };
        assert_eq!(Mapping::clashes(&places), [clash]);
    }

    #[test]
    fn keys_of_others_have_no_place() {
        for key in ["chatops:{prod/ops}:demo", "errbot", "errbot:", "errbot:demo"] {
            assert_eq!(Mapping::default().place(key), None, "{key}");
        }
    }
}
