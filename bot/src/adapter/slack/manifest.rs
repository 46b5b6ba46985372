//! A bot's configuration → the manifest of its Slack app, with what the bot uses and nothing else. Pure.

use chatops_crds::bot_config::BotConfig;
use slack_morphism::apps::{
    SlackAppManifest, SlackAppManifestDisplayInformation, SlackAppManifestFeatures,
    SlackAppManifestFeaturesAppHome, SlackAppManifestFeaturesBotUser, SlackAppManifestOAuthConfig,
    SlackAppManifestOAuthConfigScopes, SlackAppManifestSettings, SlackAppManifestSettingsEventSubscriptions,
};

use super::scopes::{READ, WRITE};

/// Longest name of an app (docs: "App manifest reference").
const MAX_NAME: usize = 35;

/// The manifest of the app for `config`.
pub fn manifest(config: &BotConfig) -> SlackAppManifest {
    let app_name: String = config.name.chars().take(MAX_NAME).collect();
    let description = format!("ChatOps bot. Type {}help to see what it can do.", config.commands.prefix);
    let scopes = [WRITE].into_iter().chain(READ.map(|hearing| hearing.scope));
    let events = READ.map(|hearing| hearing.event.into());
    // Without its tab nobody can write to the bot directly.
    let messages_tab = SlackAppManifestFeaturesAppHome::new()
        .with_messages_tab_enabled(true)
        .with_messages_tab_read_only_enabled(false);
    SlackAppManifest::new(SlackAppManifestDisplayInformation::new(app_name).with_description(description))
        .with_features(
            SlackAppManifestFeatures::new()
                .with_bot_user(SlackAppManifestFeaturesBotUser::new(config.name.clone(), true))
                .with_app_home(messages_tab),
        )
        .with_oauth_config(
            SlackAppManifestOAuthConfig::new().with_scopes(
                SlackAppManifestOAuthConfigScopes::new().with_bot(scopes.map(Into::into).collect()),
            ),
        )
        .with_settings(
            SlackAppManifestSettings::new()
                .with_event_subscriptions(
                    SlackAppManifestSettingsEventSubscriptions::new().with_bot_events(events.into()),
                )
                .with_socket_mode_enabled(true),
        )
}

/// The same as YAML, below what a person has to know who pastes it.
///
/// # Errors
/// When it cannot be written as YAML.
pub fn yaml(config: &BotConfig) -> Result<String, serde_yaml::Error> {
    let places: String =
        READ.iter().map(|hearing| format!("#   {:18} {}\n", hearing.scope, hearing.place)).collect();
    Ok(format!(
        "# The Slack app of ChatBot {name}, made by `chatops-bot slack-manifest`. On https://api.slack.com/apps choose\n\
         # \"Create New App\", \"From a manifest\", and paste this.\n\
         #\n\
         # The bot needs {WRITE}, and hears people by\n\
         {places}\
         # Of these all but one may be left out: condition PluginsLoaded then tells what is missing.\n\
         {manifest}",
        name = config.name,
        manifest = serde_yaml::to_string(&manifest(config))?,
    ))
}

#[cfg(test)]
mod tests {
    use super::{
        super::scopes::{MissingScopes, missing},
        *,
    };

    fn config(name: &str) -> BotConfig {
        serde_json::from_value(serde_json::json!({
            "version": 2,
            "namespace": "local",
            "name": name,
            "slack": {"apiUrl": "https://slack.com/api/", "botToken": {"env": "B"}, "appToken": {"env": "A"}},
            "commands": {"prefix": "!", "timeout": "30s"},
            "storage": {"memory": {}},
        }))
        .unwrap()
    }

    #[test]
    fn an_app_made_from_it_has_every_scope_that_the_bot_asks_for() {
        let scopes = manifest(&config("ops")).oauth_config.unwrap().scopes.unwrap().bot.unwrap();
        let granted: Vec<_> = scopes.into_iter().map(|scope| scope.0).collect();
        assert_eq!(missing(&granted.join(",")), MissingScopes::default());
    }

    #[test]
    fn a_long_name_of_a_bot_is_cut_where_slack_takes_no_more() {
        let name = "n".repeat(52);
        let manifest = manifest(&config(&name));
        assert_eq!(manifest.display_information.name.len(), 35);
        assert_eq!(manifest.features.unwrap().bot_user.unwrap().display_name, name);
    }
}
