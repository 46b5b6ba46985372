//! A bot's configuration → the manifest of its Slack app, with what the bot uses and nothing else. Pure.

use chatops_crds::bot_config::BotConfig;
use slack_morphism::apps::{
    SlackAppManifest, SlackAppManifestDisplayInformation, SlackAppManifestFeatures,
    SlackAppManifestFeaturesAppHome, SlackAppManifestFeaturesBotUser, SlackAppManifestFeaturesSlashCommand,
    SlackAppManifestOAuthConfig, SlackAppManifestOAuthConfigScopes, SlackAppManifestSettings,
    SlackAppManifestSettingsEventSubscriptions, SlackAppManifestSettingsInteractivity,
};

use super::{
    decode::HOME,
    scopes::{Needs, WRITE},
};

/// Longest name of an app (docs: "App manifest reference").
const MAX_NAME: usize = 35;

/// The manifest of the app for `config`.
pub fn manifest(config: &BotConfig) -> SlackAppManifest {
    let app_name: String = config.name.chars().take(MAX_NAME).collect();
    let description = format!("ChatOps bot. Type {}help to see what it can do.", config.call());
    let Needs { hearing, showing } = Needs::of(config);
    let scopes = [WRITE].into_iter().chain(hearing.iter().map(|hearing| hearing.scope));
    let scopes = scopes.chain(showing.iter().map(|showing| showing.scope));
    let events = hearing.iter().filter_map(|hearing| hearing.event).chain([HOME]).map(Into::into);
    let slash_commands = config.commands.slash_command.as_ref().map(|name| vec![slash_command(name)]);
    // Without the tab of messages nobody can write to the bot directly.
    let tabs = SlackAppManifestFeaturesAppHome::new()
        .with_home_tab_enabled(true)
        .with_messages_tab_enabled(true)
        .with_messages_tab_read_only_enabled(false);
    SlackAppManifest::new(SlackAppManifestDisplayInformation::new(app_name).with_description(description))
        .with_features(
            SlackAppManifestFeatures::new()
                .with_bot_user(SlackAppManifestFeaturesBotUser::new(config.name.clone(), true))
                .with_app_home(tabs)
                .opt_slash_commands(slash_commands),
        )
        .with_oauth_config(
            SlackAppManifestOAuthConfig::new().with_scopes(
                SlackAppManifestOAuthConfigScopes::new().with_bot(scopes.map(Into::into).collect()),
            ),
        )
        .with_settings(
            SlackAppManifestSettings::new()
                .with_event_subscriptions(
                    SlackAppManifestSettingsEventSubscriptions::new().with_bot_events(events.collect()),
                )
                // For forms.
                .with_interactivity(SlackAppManifestSettingsInteractivity::new(true))
                .with_socket_mode_enabled(true),
        )
}

/// Escaped, people and channels that are named behind it come with their ids (docs: "Slash commands", "Escaping users,
/// channels, and links").
fn slash_command(name: &str) -> SlackAppManifestFeaturesSlashCommand {
    SlackAppManifestFeaturesSlashCommand::new(name.into(), "Runs a command; help lists them".into())
        .with_should_escape(true)
        .with_usage_hint("help".into())
}

/// The same as YAML, below what a person has to know who pastes it.
///
/// # Errors
/// When it cannot be written as YAML.
pub fn yaml(config: &BotConfig) -> Result<String, serde_yaml::Error> {
    let Needs { hearing, showing } = Needs::of(config);
    let row = |scope, what| format!("#   {scope:18} {what}\n");
    let places: String = hearing.iter().map(|hearing| row(hearing.scope, hearing.place)).collect();
    let shown: String = showing.iter().map(|showing| row(showing.scope, showing.what)).collect();
    Ok(format!(
        "# The Slack app of ChatBot {name}, made by `chatops-bot slack-manifest`. On https://api.slack.com/apps choose\n\
         # \"Create New App\", \"From a manifest\", and paste this.\n\
         #\n\
         # The bot needs {WRITE}, and hears people by\n\
         {places}\
         # Of these all but one may be left out: condition PluginsLoaded then tells what is missing. With these it\n\
         {shown}\
         {manifest}",
        name = config.name,
        manifest = serde_yaml::to_string(&manifest(config))?,
    ))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{
        super::scopes::{MissingScopes, tests::config},
        *,
    };

    fn of(commands: Value) -> (BotConfig, SlackAppManifest) {
        let config = config("ops", commands, json!([]));
        let manifest = manifest(&config);
        (config, manifest)
    }

    #[test]
    fn an_app_made_from_it_has_every_scope_that_the_bot_asks_for() {
        for commands in [json!({}), json!({"slashCommand": "/ops"}), json!({"addressedBy": ["Mention"]})] {
            let (config, manifest) = of(commands);
            let scopes = manifest.oauth_config.unwrap().scopes.unwrap().bot.unwrap();
            let granted: Vec<_> = scopes.into_iter().map(|scope| scope.0).collect();
            assert_eq!(Needs::of(&config).missing(&granted.join(",")), MissingScopes::default());
        }
    }

    #[test]
    fn a_slash_command_is_declared_with_ids_behind_the_names_that_follow_it() {
        let (_, manifest) = of(json!({"slashCommand": "/ops", "addressedBy": []}));
        let features = manifest.features.unwrap();
        let [command] = features.slash_commands.unwrap().try_into().unwrap();
        assert_eq!((command.command.as_str(), command.should_escape), ("/ops", Some(true)));
        let description = manifest.display_information.description.unwrap();
        assert_eq!(description, "ChatOps bot. Type /ops help to see what it can do.");
        let events = manifest.settings.unwrap().event_subscriptions.unwrap().bot_events.unwrap();
        assert_eq!(events, [HOME.into()]);
    }

    #[test]
    fn a_long_name_of_a_bot_is_cut_where_slack_takes_no_more() {
        let name = "n".repeat(52);
        let manifest = manifest(&config(&name, json!({}), json!([])));
        assert_eq!(manifest.display_information.name.len(), 35);
        assert_eq!(manifest.features.unwrap().bot_user.unwrap().display_name, name);
    }
}
