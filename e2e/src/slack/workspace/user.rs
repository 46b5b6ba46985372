//! People and bots of a workspace, and how `users.info` shows them.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Team;
use crate::slack::ids;

/// The bot side of a bot user.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct BotIdentity {
    /// `B…`
    pub bot_id: String,
    /// `A…`
    pub app_id: String,
}

/// One account as the workspace sees it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct User {
    /// `U…`
    pub id: String,
    /// Handle without `@`, also the display name.
    pub name: String,
    /// The user's own workspace; another one than the simulated for Slack Connect.
    pub team_id: String,
    /// Administrator of the workspace.
    pub is_admin: bool,
    /// A guest of the workspace (`is_restricted`).
    pub is_guest: bool,
    /// A member of another organisation, met by Slack Connect (`is_stranger`).
    pub is_stranger: bool,
    /// Deactivated account.
    pub deleted: bool,
    /// Set for bot users.
    pub bot: Option<BotIdentity>,
}

impl User {
    pub(crate) fn person(name: &str, team: &Team) -> Self {
        Self {
            id: ids::object("U"),
            name: name.to_owned(),
            team_id: team.id.clone(),
            is_admin: false,
            is_guest: false,
            is_stranger: false,
            deleted: false,
            bot: None,
        }
    }

    pub(crate) fn bot(name: &str, team: &Team, bot_id: &str, app_id: &str) -> Self {
        let bot = BotIdentity { bot_id: bot_id.to_owned(), app_id: app_id.to_owned() };
        Self { bot: Some(bot), ..Self::person(name, team) }
    }

    pub(crate) fn with_id(self, id: &str) -> Self {
        Self { id: id.to_owned(), ..self }
    }

    pub(crate) fn admin(self) -> Self {
        Self { is_admin: true, ..self }
    }

    pub(crate) fn guest(self) -> Self {
        Self { is_guest: true, ..self }
    }

    pub(crate) fn stranger(self) -> Self {
        Self { is_stranger: true, ..self }
    }

    fn email(&self) -> String {
        format!("{}@acme.example", self.name)
    }

    fn real_name(&self) -> String {
        let mut letters = self.name.chars();
        letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
    }

    fn profile(&self, with_email: bool) -> Value {
        let mut profile = json!({
            "title": "", "phone": "", "skype": "", "real_name": self.real_name(), "real_name_normalized": self.real_name(),
            "display_name": self.name, "display_name_normalized": self.name, "status_text": "", "status_emoji": "",
            "status_expiration": 0, "avatar_hash": "g0123456789ab", "team": self.team_id,
        });
        if let Some(bot) = &self.bot {
            profile["bot_id"] = json!(bot.bot_id);
            profile["api_app_id"] = json!(bot.app_id);
        } else if with_email {
            profile["email"] = json!(self.email());
        }
        profile
    }

    /// The user object of `users.info`; the e-mail address only with `users:read.email`.
    pub(crate) fn to_json(&self, with_email: bool) -> Value {
        let mut user = json!({
            "id": self.id, "team_id": self.team_id, "name": self.name, "deleted": self.deleted,
            "profile": self.profile(with_email), "is_bot": self.bot.is_some(), "is_app_user": false,
            "updated": 1_700_000_000,
        });
        if !self.deleted {
            let details = json!({
                "color": "9f69e7", "real_name": self.real_name(), "tz": "Europe/Berlin",
                "tz_label": "Central European Time", "tz_offset": 3600, "is_admin": self.is_admin,
                "is_owner": false, "is_primary_owner": false, "is_restricted": self.is_guest,
                "is_ultra_restricted": false, "is_email_confirmed": self.bot.is_none(),
                "who_can_share_contact_card": "EVERYONE",
            });
            merge(&mut user, details);
        }
        if self.is_stranger {
            user["is_stranger"] = json!(true);
        }
        user
    }
}

fn merge(target: &mut Value, extra: Value) {
    if let (Value::Object(target), Value::Object(extra)) = (target, extra) {
        target.extend(extra);
    }
}
