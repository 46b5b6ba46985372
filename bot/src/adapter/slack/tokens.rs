//! The two tokens of a Slack app, and what can be told of them without asking Slack.

use chatops_crds::bot_report::{Fault, FaultCode};

use crate::secret::{Missing, Secret};

/// The tokens that a bot works with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Tokens {
    /// `xoxb-…`: speaks for the bot in the Web API.
    pub bot: Secret,
    /// `xapp-…`: opens sockets.
    pub app: Secret,
}

impl Tokens {
    /// The tokens from what was read, or what is wrong with it.
    pub(super) fn new(values: [Result<Secret, Missing>; 2]) -> Result<Tokens, Fault> {
        let [bot, app] = match values {
            [Ok(bot), Ok(app)] => [bot, app],
            [Err(Missing::NotMounted { .. }), Err(Missing::NotMounted { .. })] => {
                return Err(Fault::new(FaultCode::TokensSecretNotFound));
            }
            [Err(missing), _] | [_, Err(missing)] => {
                return Err(Fault::new(FaultCode::TokensSecretKeyMissing).with("key", missing.key()));
            }
        };
        for (token, prefix, code) in
            [(&bot, "xoxb-", FaultCode::InvalidBotToken), (&app, "xapp-", FaultCode::InvalidAppToken)]
        {
            // A control character could not be sent in a header either.
            if !token.expose().starts_with(prefix) || !token.expose().chars().all(|c| c.is_ascii_graphic()) {
                return Err(Fault::new(code).with("error", "format"));
            }
        }
        Ok(Tokens { bot, app })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn not_mounted(key: &str) -> Result<Secret, Missing> {
        Err(Missing::NotMounted { key: key.into() })
    }

    fn fault(values: [Result<Secret, Missing>; 2]) -> Fault {
        Tokens::new(values).unwrap_err()
    }

    #[test]
    fn no_file_at_all_means_that_there_is_no_secret() {
        let fault = fault([not_mounted("bot-token"), not_mounted("app-token")]);
        assert_eq!(fault, Fault::new(FaultCode::TokensSecretNotFound));
    }

    #[test]
    fn one_missing_or_empty_file_means_that_a_key_is_missing() {
        let bot = || Ok(Secret::new("xoxb-1"));
        let missing = Fault::new(FaultCode::TokensSecretKeyMissing).with("key", "app-token");
        assert_eq!(fault([bot(), not_mounted("app-token")]), missing);
        assert_eq!(fault([bot(), Err(Missing::Empty { key: "app-token".into() })]), missing);
    }

    #[test]
    fn tokens_in_each_others_place_are_told_by_their_form() {
        let swapped = fault([Ok(Secret::new("xapp-1")), Ok(Secret::new("xoxb-1"))]);
        assert_eq!(swapped, Fault::new(FaultCode::InvalidBotToken).with("error", "format"));
        let app = fault([Ok(Secret::new("xoxb-1")), Ok(Secret::new("xoxb-1"))]);
        assert_eq!(app, Fault::new(FaultCode::InvalidAppToken).with("error", "format"));
    }
}
