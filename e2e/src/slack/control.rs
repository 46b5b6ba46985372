//! The control API under `/control/`: what [`Slack`] offers in-process, as JSON over HTTP, for other languages, for a
//! simulator that runs elsewhere, for the console and for the page. Every answer is JSON; what cannot be done is 400 with `error`.

use std::time::Duration;

use axum::{
    Json, Router,
    extract::{Path, Query, State as Extracted},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::{
    faults::Fault,
    handle::{Slack, WorkspaceInfo},
    ids::Ts,
    journal::Entry,
    message::Message,
    stats::{Delivery, Stats},
    view::View,
    workspace::ChannelKind,
};

/// A long poll ends after this long at the latest.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// `POST /control/type`: something that a person types.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Type {
    /// `alice`
    pub user: String,
    /// `#ops`, an id, or `@alice` for alice's direct channel with the bot.
    pub channel: String,
    /// As typed.
    pub text: String,
    /// The message to reply to in its thread.
    #[serde(default)]
    pub thread_ts: Option<Ts>,
}

/// `POST /control/command`: a slash command that a person types.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SlashCommand {
    /// `alice`
    pub user: String,
    /// As in [`Type`].
    pub channel: String,
    /// `/ops`
    pub command: String,
    /// What follows it.
    #[serde(default)]
    pub text: String,
}

/// `GET /control/reply`: which answer to wait for, and how long.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Ask {
    /// Channel of the question.
    pub channel: String,
    /// The question.
    pub ts: Ts,
    /// Longest wait in milliseconds.
    pub deadline_millis: u64,
}

/// `GET /control/state`: where everything stands.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct State {
    /// People and channels with their ids.
    pub workspace: WorkspaceInfo,
    /// The valid bot token.
    pub bot_token: String,
    /// The valid app-level token.
    pub app_token: String,
    /// Granted scopes.
    pub scopes: Vec<String>,
    /// The counters.
    pub stats: Stats,
    /// Sequence number of the newest entry of the journal.
    pub journal_end: u64,
}

#[derive(Debug, Deserialize)]
struct OnMessage {
    user: String,
    channel: String,
    ts: Ts,
    #[serde(default)]
    text: String,
}

#[derive(Debug, Deserialize)]
struct InChannel {
    channel: String,
}

#[derive(Debug, Deserialize)]
struct JournalQuery {
    #[serde(default)]
    after: u64,
    #[serde(default)]
    wait_millis: u64,
    #[serde(default)]
    by_app: bool,
}

#[derive(Debug, Deserialize)]
struct Look {
    user: String,
    #[serde(default)]
    cursor: String,
    #[serde(default)]
    wait_millis: u64,
    /// Hash of the modal that was seen.
    #[serde(default)]
    modal: String,
    /// The same of the app's own page.
    #[serde(default)]
    home: String,
}

#[derive(Deserialize)]
struct Who {
    user: String,
}

#[derive(Debug, Deserialize)]
struct Filled {
    user: String,
    /// None: the modal is closed.
    values: Option<Value>,
}

#[derive(Debug, Deserialize)]
struct Scopes {
    #[serde(default)]
    add: Vec<String>,
    #[serde(default)]
    remove: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Tokens {
    Revoke,
    RejectBot(String),
    RejectApp(String),
    Restore,
    Rotate,
}

#[derive(Debug, Deserialize)]
struct NewChannel {
    name: String,
    kind: ChannelKind,
}

#[derive(Debug, Deserialize)]
struct Enabled {
    enabled: bool,
}

/// Something that cannot be done.
struct Refusal(anyhow::Error);

impl From<anyhow::Error> for Refusal {
    fn from(error: anyhow::Error) -> Self {
        Self(error)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        (StatusCode::BAD_REQUEST, Json(json!({ "error": format!("{:#}", self.0) }))).into_response()
    }
}

type Answer<T> = Result<Json<T>, Refusal>;

pub(crate) fn router<S>(slack: Slack) -> Router<S> {
    Router::new()
        .route("/type", post(type_text))
        .route("/edit", post(edit))
        .route("/delete", post(delete))
        .route("/react", post(react))
        .route("/command", post(command))
        .route("/press", post(press))
        .route("/modal", post(modal))
        .route("/home", post(home))
        .route("/reply", get(reply))
        .route("/messages", get(messages))
        .route("/journal", get(journal))
        .route("/view", get(view))
        .route("/deliveries", get(deliveries))
        .route("/state", get(state))
        .route("/scopes", post(scopes))
        .route("/tokens", post(tokens))
        .route("/channels", post(create_channel))
        .route("/rate-limits", post(rate_limits))
        .route("/faults", post(inject).delete(clear_faults))
        .route("/files/{id}", get(file))
        .with_state(slack)
}

async fn type_text(Extracted(slack): Extracted<Slack>, Json(typed): Json<Type>) -> Answer<Message> {
    let person = slack.user(&typed.user);
    let message = match typed.thread_ts {
        None => person.types(&typed.channel, &typed.text).await?,
        Some(ts) => person.types_in_thread(&find(&slack, &typed.channel, ts)?, &typed.text).await?,
    };
    Ok(Json(message))
}

fn find(slack: &Slack, channel: &str, ts: Ts) -> anyhow::Result<Message> {
    let messages = slack.messages(channel)?;
    messages
        .into_iter()
        .find(|message| message.ts == ts)
        .ok_or_else(|| anyhow::anyhow!("no message {ts} in {channel}"))
}

async fn edit(Extracted(slack): Extracted<Slack>, Json(on): Json<OnMessage>) -> Answer<Message> {
    let message = find(&slack, &on.channel, on.ts)?;
    Ok(Json(slack.user(&on.user).edits(&message, &on.text).await?))
}

async fn delete(Extracted(slack): Extracted<Slack>, Json(on): Json<OnMessage>) -> Answer<()> {
    let message = find(&slack, &on.channel, on.ts)?;
    Ok(Json(slack.user(&on.user).deletes(&message).await?))
}

async fn react(Extracted(slack): Extracted<Slack>, Json(on): Json<OnMessage>) -> Answer<()> {
    let message = find(&slack, &on.channel, on.ts)?;
    Ok(Json(slack.user(&on.user).reacts(&message, &on.text).await?))
}

/// Presses a button: `text` is its action id.
async fn press(Extracted(slack): Extracted<Slack>, Json(on): Json<OnMessage>) -> Answer<()> {
    let seen = slack.view(&on.user, "")?.messages;
    let message = seen.into_iter().find(|message| message.ts == on.ts && message.channel == on.channel);
    let message = message.ok_or_else(|| anyhow::anyhow!("no message {} in {}", on.ts, on.channel))?;
    Ok(Json(slack.user(&on.user).presses(&message, &on.text).await?))
}

/// Submits the modal, or closes it.
async fn modal(Extracted(slack): Extracted<Slack>, Json(filled): Json<Filled>) -> Answer<()> {
    let person = slack.user(&filled.user);
    match &filled.values {
        Some(values) => person.submits(values).await?,
        None => person.cancels().await?,
    }
    Ok(Json(()))
}

/// Opens the app's own page.
async fn home(Extracted(slack): Extracted<Slack>, Json(who): Json<Who>) -> Answer<()> {
    Ok(Json(slack.user(&who.user).opens_home().await?))
}

async fn command(Extracted(slack): Extracted<Slack>, Json(run): Json<SlashCommand>) -> Answer<()> {
    Ok(Json(slack.user(&run.user).runs_command(&run.channel, &run.command, &run.text).await?))
}

async fn reply(Extracted(slack): Extracted<Slack>, Query(ask): Query<Ask>) -> Answer<Message> {
    let question = find(&slack, &ask.channel, ask.ts)?;
    let deadline = Duration::from_millis(ask.deadline_millis).min(LONGEST_WAIT);
    Ok(Json(slack.wait_for_reply(&question, deadline).await?))
}

async fn messages(Extracted(slack): Extracted<Slack>, Query(of): Query<InChannel>) -> Answer<Vec<Message>> {
    Ok(Json(slack.messages(&of.channel)?))
}

/// Entries after a sequence number; with `wait_millis` it waits until there is one, and answers an empty list if none came.
async fn journal(Extracted(slack): Extracted<Slack>, Query(query): Query<JournalQuery>) -> Json<Vec<Entry>> {
    let wait = Duration::from_millis(query.wait_millis).min(LONGEST_WAIT);
    let end = Instant::now() + wait;
    let wanted = |slack: &Slack| {
        let mut entries = slack.journal(query.after);
        entries.retain(|entry| entry.by_app || !query.by_app);
        (!entries.is_empty() || Instant::now() >= end).then_some(entries)
    };
    Json(slack.wait_until("an entry of the journal", wait, wanted).await.unwrap_or_default())
}

/// What a person sees; with `wait_millis` it waits until that is more than at the cursor. A channel that the person has come
/// into is no such news: it is told with the next.
async fn view(Extracted(slack): Extracted<Slack>, Query(look): Query<Look>) -> Answer<View> {
    let wait = Duration::from_millis(look.wait_millis).min(LONGEST_WAIT);
    let see = |slack: &Slack| slack.view(&look.user, &look.cursor);
    let news = |slack: &Slack| {
        Some(see(slack))
            .filter(|seen| seen.as_ref().map_or(true, |seen| seen.has_news(&look.modal, &look.home)))
    };
    let seen = slack.wait_until("something new to see", wait, news).await;
    Ok(Json(seen.unwrap_or_else(|_| see(&slack))?))
}

async fn deliveries(Extracted(slack): Extracted<Slack>) -> Json<Vec<Delivery>> {
    Json(slack.deliveries())
}

async fn state(Extracted(slack): Extracted<Slack>) -> Json<State> {
    Json(State {
        workspace: slack.workspace(),
        bot_token: slack.bot_token(),
        app_token: slack.app_token(),
        scopes: slack.scopes(),
        stats: slack.stats(),
        journal_end: slack.journal_end(),
    })
}

async fn scopes(Extracted(slack): Extracted<Slack>, Json(change): Json<Scopes>) -> Json<Vec<String>> {
    change.add.iter().for_each(|scope| slack.add_scope(scope));
    change.remove.iter().for_each(|scope| slack.remove_scope(scope));
    Json(slack.scopes())
}

async fn tokens(Extracted(slack): Extracted<Slack>, Json(change): Json<Tokens>) -> Json<State> {
    match change {
        Tokens::Revoke => slack.revoke_bot_token(),
        Tokens::RejectBot(error) => slack.reject_bot_token(&error),
        Tokens::RejectApp(error) => slack.reject_app_token(&error),
        Tokens::Restore => slack.restore_tokens(),
        Tokens::Rotate => drop(slack.rotate_bot_token()),
    }
    state(Extracted(slack)).await
}

async fn create_channel(Extracted(slack): Extracted<Slack>, Json(channel): Json<NewChannel>) -> Json<String> {
    Json(slack.create_channel(&channel.name, channel.kind))
}

async fn rate_limits(Extracted(slack): Extracted<Slack>, Json(change): Json<Enabled>) -> Json<bool> {
    slack.set_rate_limits(change.enabled);
    Json(change.enabled)
}

async fn inject(Extracted(slack): Extracted<Slack>, Json(fault): Json<Fault>) -> Answer<Fault> {
    if fault == (Fault::RefuseConnections { millis: None }) {
        return Err(anyhow::anyhow!("give millis: the control API is refused as well").into());
    }
    slack.inject(fault.clone());
    Ok(Json(fault))
}

async fn clear_faults(Extracted(slack): Extracted<Slack>) -> Json<()> {
    slack.clear_faults();
    Json(())
}

async fn file(Extracted(slack): Extracted<Slack>, Path(id): Path<String>) -> Response {
    match slack.file_content(&id) {
        Some(content) => content.into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}
