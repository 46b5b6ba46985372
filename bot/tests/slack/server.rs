//! A small Slack that does what a test tells it: some methods of the Web API, response URLs and the sockets.

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard},
    time::{Duration, Instant},
};

use axum::{
    Form, Json, Router,
    extract::{
        Path, State, WebSocketUpgrade,
        ws::{Message, WebSocket},
    },
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::{any, post},
};
use serde_json::{Value, json};
use tokio::{
    net::TcpListener,
    sync::{mpsc, oneshot},
    task::AbortHandle,
};

/// All scopes that the bot uses.
pub const SCOPES: &str =
    "chat:write,app_mentions:read,channels:history,groups:history,im:history,mpim:history,reactions:write";

/// What a new socket is met with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Welcome {
    #[default]
    Hello,
    /// Accepted, and then silence.
    Silence,
    /// Accepted, and closed at once.
    Close,
    /// A `disconnect` of this reason instead of `hello`.
    Disconnect(&'static str),
}

/// What Slack answers, and what it has seen.
#[derive(Default)]
pub struct World {
    pub bot_token: String,
    pub app_token: String,
    /// Error of `auth.test` and `chat.postMessage`.
    pub bot_error: Option<&'static str>,
    /// Error of `apps.connections.open`.
    pub app_error: Option<&'static str>,
    /// Status of `apps.connections.open` instead of an answer.
    pub app_status: Option<StatusCode>,
    /// Value of the `x-oauth-scopes` header.
    pub scopes: &'static str,
    pub welcome: Welcome,
    /// Where the next sockets are sent instead, one each.
    pub detours: Vec<String>,
    /// Answers of the next calls of `chat.postMessage` instead of success: a status, and seconds to wait.
    pub post_failures: Vec<(StatusCode, Option<u64>)>,
    /// Error of `chat.postMessage`.
    pub post_error: Option<&'static str>,
    /// The same for posts with blocks.
    pub blocks_error: Option<&'static str>,
    pub opens: Vec<Instant>,
    pub auth_tests: usize,
    /// Bodies of what was posted.
    pub posts: Vec<Value>,
    /// So many posts are taken and answered with status 500.
    pub posts_unheard: usize,
    /// What was posted as a file, and the error of `files.completeUploadExternal`.
    pub files: Vec<Posted>,
    pub file_error: Option<&'static str>,
    /// So many files are posted and answered with status 500.
    pub files_unheard: usize,
    /// So much content is answered with status 500.
    pub uploads_refused: usize,
    /// Content that was sent to an address for it, by file id.
    uploads: HashMap<String, String>,
    /// Names of files, by id.
    names: HashMap<String, String>,
    /// Bodies of `views.publish`, and seconds after which the next who call it shall call again.
    pub pages: Vec<Value>,
    pub page_limits: Vec<u64>,
    /// Bodies of `views.open`, its error, and whether it is never answered.
    pub views: Vec<Value>,
    pub view_error: Option<&'static str>,
    pub hangs: bool,
    /// Reactions that were put on and taken off, and what is answered to the next ones.
    pub signs: Vec<String>,
    pub sign_failures: Vec<Response>,
    /// Users of whom it was asked who they are, those that are bots, and what is answered instead.
    pub who: Vec<String>,
    pub bots: Vec<&'static str>,
    pub who_error: Option<&'static str>,
    pub who_failures: Vec<StatusCode>,
    /// The thread that every message is in that somebody reacted to.
    pub thread: Option<&'static str>,
    /// How often somebody asked for what was posted, and the error that they get.
    pub looks: usize,
    pub look_error: Option<&'static str>,
    /// Seconds after which the next who ask shall ask again.
    pub look_limits: Vec<u64>,
    /// Bodies of what came to response URLs, and what they are answered with instead of `ok`.
    pub responses: Vec<Value>,
    pub response_failures: Vec<(StatusCode, &'static str)>,
    pub sockets: Vec<Socket>,
}

/// A file in a channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Posted {
    pub name: String,
    pub title: String,
    pub content: String,
    pub channel: String,
    pub thread: Option<String>,
}

/// One socket that was accepted.
pub struct Socket {
    orders: mpsc::UnboundedSender<Order>,
    /// Ids of the envelopes that were acknowledged.
    pub acknowledged: Vec<String>,
    /// What acknowledgements carried.
    pub payloads: Vec<Value>,
    pub is_open: bool,
    /// How many sockets were open when this one was accepted.
    pub others: usize,
    /// It was closed by a close handshake that the bot began.
    pub said_goodbye: bool,
}

enum Order {
    Send(String),
    /// Neither read nor write from now on.
    Freeze,
    /// Close the connection without a word.
    Drop,
}

/// A running server.
pub struct Server {
    pub address: SocketAddr,
    world: Arc<Mutex<World>>,
    task: AbortHandle,
    stop: Option<oneshot::Sender<()>>,
}

type Shared = State<(SocketAddr, Arc<Mutex<World>>)>;

impl Server {
    pub async fn start() -> Server {
        Self::start_at("127.0.0.1:0".parse().unwrap()).await
    }

    pub async fn start_at(address: SocketAddr) -> Server {
        let world = Arc::new(Mutex::new(World {
            bot_token: "xoxb-1".into(),
            app_token: "xapp-1".into(),
            scopes: SCOPES,
            ..World::default()
        }));
        let listener = TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new()
            .route("/api/auth.test", post(auth_test))
            .route("/api/apps.connections.open", post(open))
            .route("/api/chat.postMessage", post(post_message))
            .route("/api/reactions.add", post(async |at, body| sign("add", at, body)))
            .route("/api/reactions.remove", post(async |at, body| sign("remove", at, body)))
            .route("/api/files.getUploadURLExternal", post(expect_file))
            .route("/upload/{id}", post(upload))
            .route("/api/files.completeUploadExternal", post(post_file))
            .route("/api/views.open", post(open_view))
            .route("/api/views.publish", post(publish_page))
            .route("/api/users.info", post(user))
            .route("/api/conversations.history", post(history))
            .route("/api/conversations.replies", post(history))
            .route("/respond", post(respond))
            .route("/link", any(link))
            .with_state((address, world.clone()));
        let (stop, stopped) = oneshot::channel::<()>();
        let task = tokio::spawn(async move {
            tokio::select! {
                served = axum::serve(listener, router).into_future() => served.unwrap(),
                _ = stopped => (),
            }
        });
        Server { address, world, task: task.abort_handle(), stop: Some(stop) }
    }

    pub fn api_url(&self) -> String {
        format!("http://{}/api/", self.address)
    }

    pub fn response_url(&self) -> String {
        format!("http://{}/respond", self.address)
    }

    pub fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap()
    }

    /// Sends `frame` through socket `n`.
    pub fn send(&self, n: usize, frame: &Value) {
        self.send_text(n, &frame.to_string());
    }

    pub fn send_text(&self, n: usize, frame: &str) {
        self.world().sockets[n].orders.send(Order::Send(frame.into())).unwrap();
    }

    pub fn freeze(&self, n: usize) {
        self.world().sockets[n].orders.send(Order::Freeze).unwrap();
    }

    pub fn drop_socket(&self, n: usize) {
        self.world().sockets[n].orders.send(Order::Drop).unwrap();
    }

    pub fn disconnect(&self, n: usize, reason: &str) {
        self.send(n, &json!({"type": "disconnect", "reason": reason, "debug_info": {"host": "h"}}));
    }

    pub fn open_sockets(&self) -> usize {
        self.world().sockets.iter().filter(|socket| socket.is_open).count()
    }

    /// Texts of what was posted.
    pub fn posted(&self) -> Vec<String> {
        self.world().posts.iter().map(|post| post["text"].as_str().unwrap().to_owned()).collect()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.take();
        self.task.abort();
    }
}

/// An envelope around an event of type `kind`.
pub fn envelope(id: &str, event: &Value) -> Value {
    json!({
        "envelope_id": id, "type": "events_api", "accepts_response_payload": false, "retry_attempt": 0,
        "payload": {"type": "event_callback", "team_id": "T1", "event_id": format!("Ev{id}"), "event": event},
    })
}

/// An envelope around `/ops text`, which U1 typed in channel C1.
pub fn slash(id: &str, trigger_id: &str, text: &str) -> Value {
    json!({
        "envelope_id": id, "type": "slash_commands", "accepts_response_payload": true,
        "payload": {
            "token": "t", "team_id": "T1", "team_domain": "acme", "channel_id": "C1", "channel_name": "general",
            "user_id": "U1", "user_name": "jo", "command": "/ops", "text": text, "api_app_id": "A1",
            "is_enterprise_install": "false", "response_url": "https://hooks.slack.example/commands/T1/1/secret",
            "trigger_id": trigger_id,
        },
    })
}

/// A message that U1 typed in channel C1.
pub fn typed(ts: &str, text: &str) -> Value {
    json!({
        "type": "message", "user": "U1", "channel": "C1", "channel_type": "channel", "ts": ts, "text": text,
        "blocks": [{"type": "from_the_future", "elements": []}],
    })
}

fn is_authorised(headers: &HeaderMap, token: &str) -> bool {
    headers.get("authorization").is_some_and(|value| value == &format!("Bearer {token}"))
}

fn refused(code: &str) -> Response {
    Json(json!({"ok": false, "error": code})).into_response()
}

async fn auth_test(State((_, world)): Shared, headers: HeaderMap) -> Response {
    let mut world = world.lock().unwrap();
    world.auth_tests += 1;
    match world.bot_error {
        Some(code) => refused(code),
        None if !is_authorised(&headers, &world.bot_token) => refused("invalid_auth"),
        None => {
            let answer = json!({
                "ok": true, "url": "https://acme.slack.com/", "team": "acme", "team_id": "T1", "user": "ops",
                "user_id": "UBOT", "bot_id": "BBOT",
            });
            ([("x-oauth-scopes", world.scopes)], Json(answer)).into_response()
        }
    }
}

async fn open(State((address, world)): Shared, headers: HeaderMap) -> Response {
    let mut world = world.lock().unwrap();
    world.opens.push(Instant::now());
    if let Some(status) = world.app_status {
        return status.into_response();
    }
    match world.app_error {
        Some(code) => refused(code),
        None if !is_authorised(&headers, &world.app_token) => refused("invalid_auth"),
        None => {
            let here = format!("ws://{address}/link?ticket=1");
            let url = if world.detours.is_empty() { here } else { world.detours.remove(0) };
            Json(json!({"ok": true, "url": url})).into_response()
        }
    }
}

async fn post_message(State((_, world)): Shared, headers: HeaderMap, Json(body): Json<Value>) -> Response {
    let mut world = world.lock().unwrap();
    if !world.post_failures.is_empty() {
        let (status, retry_after) = world.post_failures.remove(0);
        return match retry_after {
            Some(seconds) => (status, [("retry-after", seconds.to_string())]).into_response(),
            None => status.into_response(),
        };
    }
    let blocks_error = world.blocks_error.filter(|_| body.get("blocks").is_some());
    match world.bot_error.or(world.post_error).or(blocks_error) {
        Some(code) => refused(code),
        None if !is_authorised(&headers, &world.bot_token) => refused("invalid_auth"),
        None => {
            world.posts.push(body);
            if let Some(fewer) = world.posts_unheard.checked_sub(1) {
                world.posts_unheard = fewer;
                return StatusCode::INTERNAL_SERVER_ERROR.into_response();
            }
            Json(json!({"ok": true, "channel": "C1", "ts": "1.2", "message": {"blocks": "unexpected"}}))
                .into_response()
        }
    }
}

fn sign(verb: &str, State((_, world)): Shared, Json(body): Json<Value>) -> Response {
    let mut world = world.lock().unwrap();
    world.signs.push(
        format!("{verb} {} to {}:{}", body["name"], body["channel"], body["timestamp"]).replace('"', ""),
    );
    world.sign_failures.pop().unwrap_or_else(|| Json(json!({"ok": true})).into_response())
}

async fn expect_file(
    State((address, world)): Shared,
    Form(asked): Form<HashMap<String, String>>,
) -> Response {
    let mut world = world.lock().unwrap();
    let id = format!("F{}", world.names.len());
    world.names.insert(id.clone(), asked["filename"].clone());
    assert!(asked["length"].parse::<usize>().unwrap() > 0);
    Json(json!({"ok": true, "upload_url": format!("http://{address}/upload/{id}"), "file_id": id}))
        .into_response()
}

async fn upload(State((_, world)): Shared, Path(id): Path<String>, content: String) -> Response {
    let mut world = world.lock().unwrap();
    if let Some(fewer) = world.uploads_refused.checked_sub(1) {
        world.uploads_refused = fewer;
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    }
    world.uploads.insert(id, content);
    "OK".into_response()
}

async fn post_file(State((_, world)): Shared, Json(body): Json<Value>) -> Response {
    let mut world = world.lock().unwrap();
    if let Some(code) = world.file_error {
        return refused(code);
    }
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let file = &body["files"][0];
    let id = file["id"].as_str().unwrap();
    let posted = Posted {
        name: world.names[id].clone(),
        title: text(&file["title"]).unwrap(),
        content: world.uploads[id].clone(),
        channel: text(&body["channel_id"]).unwrap(),
        thread: text(&body["thread_ts"]),
    };
    world.files.push(posted);
    if let Some(fewer) = world.files_unheard.checked_sub(1) {
        world.files_unheard = fewer;
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    }
    Json(json!({"ok": true, "files": []})).into_response()
}

async fn publish_page(State((_, world)): Shared, Json(body): Json<Value>) -> Response {
    let mut world = world.lock().unwrap();
    if let Some(seconds) = world.page_limits.pop() {
        return (StatusCode::TOO_MANY_REQUESTS, [("retry-after", seconds.to_string())]).into_response();
    }
    world.pages.push(body);
    Json(json!({"ok": true})).into_response()
}

async fn open_view(State((_, world)): Shared, Json(body): Json<Value>) -> Response {
    let (error, hangs) = {
        let mut world = world.lock().unwrap();
        world.views.push(body);
        (world.view_error, world.hangs)
    };
    match error {
        _ if hangs => std::future::pending().await,
        Some(code) => refused(code),
        None => Json(json!({"ok": true})).into_response(),
    }
}

async fn user(State((_, world)): Shared, Form(asked): Form<HashMap<String, String>>) -> Response {
    let mut world = world.lock().unwrap();
    if let Some(status) = world.who_failures.pop() {
        return status.into_response();
    }
    if let Some(code) = world.who_error {
        return refused(code);
    }
    let user = asked["user"].clone();
    let is_bot = world.bots.contains(&user.as_str());
    world.who.push(user.clone());
    Json(json!({"ok": true, "user": {"id": user, "is_bot": is_bot}})).into_response()
}

async fn history(State((_, world)): Shared, Form(asked): Form<HashMap<String, String>>) -> Response {
    let mut world = world.lock().unwrap();
    world.looks += 1;
    if let Some(seconds) = world.look_limits.pop() {
        return (StatusCode::TOO_MANY_REQUESTS, [("retry-after", seconds.to_string())]).into_response();
    }
    if let Some(code) = world.look_error {
        return refused(code);
    }
    let there = |post: &&Value| {
        post["channel"] == asked["channel"]
            && post["thread_ts"].as_str() == asked.get("ts").map(String::as_str)
    };
    let message = |post: &Value| json!({"user": "UBOT", "text": post["text"], "metadata": post["metadata"]});
    if let Some(ts) = asked.get("ts").filter(|_| asked["limit"] == "1") {
        let message = json!({"ts": world.thread.unwrap_or(ts), "text": "", "user": "U9"});
        return Json(json!({"ok": true, "messages": [message]})).into_response();
    }
    let files = world.files.iter().filter(|file| file.channel == asked["channel"]);
    let files = files.map(|file| json!({"user": "UBOT", "text": "", "files": [{"name": file.name}]}));
    let messages: Vec<_> = world.posts.iter().filter(there).map(message).chain(files).collect();
    Json(json!({"ok": true, "messages": messages, "response_metadata": {"next_cursor": ""}})).into_response()
}

async fn respond(State((_, world)): Shared, Json(body): Json<Value>) -> Response {
    let mut world = world.lock().unwrap();
    world.responses.push(body);
    let failure = (!world.response_failures.is_empty()).then(|| world.response_failures.remove(0));
    failure.map_or("ok".into_response(), IntoResponse::into_response)
}

async fn link(State((_, world)): Shared, upgrade: WebSocketUpgrade) -> Response {
    upgrade.on_upgrade(move |socket| async move {
        let (orders, received) = mpsc::unbounded_channel();
        let (n, welcome) = {
            let mut world = world.lock().unwrap();
            let others = world.sockets.iter().filter(|socket| socket.is_open).count();
            let is_open = world.welcome == Welcome::Hello;
            let (acknowledged, payloads, said_goodbye) = (Vec::new(), Vec::new(), false);
            let socket = Socket { orders, acknowledged, payloads, is_open, others, said_goodbye };
            world.sockets.push(socket);
            (world.sockets.len() - 1, world.welcome)
        };
        let said_goodbye = serve(socket, welcome, received, &world, n).await.is_none();
        let socket = &mut world.lock().unwrap().sockets[n];
        socket.is_open = false;
        socket.said_goodbye = said_goodbye;
    })
}

/// Serves one socket; none when the bot closed it.
async fn serve(
    mut socket: WebSocket,
    welcome: Welcome,
    mut orders: mpsc::UnboundedReceiver<Order>,
    world: &Mutex<World>,
    n: usize,
) -> Option<()> {
    let frame = match welcome {
        Welcome::Hello => json!({"type": "hello", "num_connections": 1, "debug_info": {"host": "h"}}),
        Welcome::Disconnect(reason) => json!({"type": "disconnect", "reason": reason}),
        Welcome::Silence => return std::future::pending().await,
        Welcome::Close => return Some(()),
    };
    socket.send(Message::text(frame.to_string())).await.ok()?;
    loop {
        tokio::select! {
            order = orders.recv() => match order? {
                Order::Send(frame) => socket.send(Message::text(frame)).await.ok()?,
                Order::Freeze => return std::future::pending().await,
                Order::Drop => return Some(()),
            },
            message = socket.recv() => match message?.ok()? {
                Message::Text(text) => {
                    let frame: Value = serde_json::from_str(&text).unwrap();
                    let id = frame["envelope_id"].as_str().unwrap().to_owned();
                    let socket = &mut world.lock().unwrap().sockets[n];
                    socket.acknowledged.push(id);
                    socket.payloads.extend(frame.get("payload").cloned());
                }
                Message::Close(_) => return None,
                _ => (),
            },
        }
    }
}

/// A port that takes connections and never says a word.
pub async fn black_hole() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let mut held = Vec::new();
        while let Ok((stream, _)) = listener.accept().await {
            held.push(stream);
        }
    });
    address
}

/// Waits until `condition` holds.
pub async fn eventually(what: &str, mut condition: impl FnMut() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < Duration::from_secs(10), "{what}: not within 10 s");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
