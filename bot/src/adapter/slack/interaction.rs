//! Forms on their way: opened where somebody asks for one, and read when they come back.

use serde::de::IgnoredAny;

use super::{
    acknowledgement::{Asker, Said},
    decode::{Click, Submission},
    encode,
    form::{self, Errors, Open},
    link::Link,
    web_api::CallError,
};
use crate::chat::Incoming;

/// Told to whoever asks for the form of a command that is gone.
const GONE: &str = "I do not have that command any more.";

/// What a filled form says, and who waits; or what is wrong in it.
pub(super) fn read(link: &Link, submission: &Submission) -> Result<(Incoming, Asker), Said> {
    let wrong = |wrong| Said::InForm(Errors::new(wrong));
    let line = link.forms.line(&submission.command, &submission.filled, &[]).map_err(wrong)?;
    let field = submission.filled.first().map(|(name, _)| name.clone()).unwrap_or_default();
    Ok((submission.said(line), Asker::Form(field)))
}

/// Opens the form that `click` asks for, or says why not to whoever clicked.
pub(super) async fn open(link: &Link, click: Click) {
    let Click { trigger_id, line, place } = click;
    let reply_url = place.reply_url.clone();
    let refused = match link.forms.form(&line, &[]) {
        Some(form) => {
            let view = form::view(&form, place);
            match call(link, &Open { trigger_id: &trigger_id, view }).await {
                Ok(()) => return,
                Err(error) => {
                    tracing::warn!(error, "a form could not be opened");
                    format!(
                        "I could not open the form ({error}). Try again, or type the command with its arguments."
                    )
                }
            }
        }
        None => GONE.to_owned(),
    };
    if let Some(url) = reply_url {
        // Who does not read it sees that nothing opens.
        let _ = link.web.respond(&url, &encode::private_response(&refused), link.timing.call).await;
    }
}

async fn call(link: &Link, request: &Open<'_>) -> Result<(), String> {
    let session = link.session.borrow().clone();
    let tokens = session.ok_or("no token")?.tokens;
    match link.web.call::<IgnoredAny>("views.open", &tokens.bot, request, link.timing.accept).await {
        Ok(_) => Ok(()),
        Err(CallError::Refused(code)) => Err(code),
        Err(CallError::RateLimited { .. }) => Err("Slack limits how often".into()),
        Err(CallError::Unreachable(error)) => Err(error.to_string()),
    }
}
