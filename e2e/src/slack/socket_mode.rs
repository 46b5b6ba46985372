//! The Socket Mode server: the handshake with a one-time ticket, `hello`, pings, envelopes out and acknowledgements in,
//! one task a socket. Which envelope goes where is decided in `delivery`.

use std::{sync::Arc, time::Duration};

use axum::{
    extract::{
        Query, State,
        ws::{Message, WebSocket, WebSocketUpgrade},
    },
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::{
    sync::mpsc,
    time::{self, MissedTickBehavior},
};

use super::{
    delivery,
    shared::Shared,
    sockets::{Order, State as SocketState},
};

/// Slack's own number in `hello`: seconds after which it will refresh the connection.
const APPROXIMATE_CONNECTION_TIME: u32 = 18_060;
/// From a `warning` to `refresh_requested`.
const WARNING_AHEAD: Duration = Duration::from_secs(10);
/// From a final `disconnect` message to the closing handshake.
const CLOSE_DELAY: Duration = Duration::from_secs(1);
/// A client that takes no bytes for this long is cut.
const WRITE_DEADLINE: Duration = Duration::from_secs(10);
/// With the fault [`super::Fault::LingerAfterClose`], how long TCP stays open.
const LINGER: Duration = Duration::from_secs(120);

/// Parameters of the URL that `apps.connections.open` gave.
#[derive(Debug, Deserialize)]
pub(crate) struct Link {
    #[serde(default)]
    ticket: String,
}

/// `GET /link/`: upgrades once per ticket.
pub(crate) async fn link(
    State(shared): State<Arc<Shared>>,
    Query(link): Query<Link>,
    upgrade: WebSocketUpgrade,
) -> Response {
    if shared.change(|world| world.faults.is_black_hole() || world.faults.take_handshake_hang()) {
        return std::future::pending().await;
    }
    if !shared.change(|world| world.sockets.redeem_ticket(&link.ticket)) {
        return (StatusCode::FORBIDDEN, "invalid or used ticket").into_response();
    }
    upgrade.on_upgrade(move |socket| run(shared, socket))
}

/// Warns every socket, and ten seconds later asks it to reconnect and closes it.
pub(crate) async fn refresh(shared: Arc<Shared>, after: Duration) {
    time::sleep(after).await;
    let warning = || Order::Disconnect { reason: "warning".to_owned(), close: false };
    let warned = shared.change(|world| {
        world.sockets.tell_all(warning, SocketState::Open);
        world.sockets.open.keys().copied().collect::<Vec<_>>()
    });
    time::sleep(WARNING_AHEAD.div_f64(shared.settings.time_factor)).await;
    shared.change(|world| {
        for id in warned {
            if let Some(socket) =
                world.sockets.open.get_mut(&id).filter(|socket| socket.state == SocketState::Open)
            {
                socket.state = SocketState::Closing;
                let _ = socket
                    .orders
                    .send(Order::Disconnect { reason: "refresh_requested".to_owned(), close: true });
            }
        }
    });
}

/// Why a socket's task stops.
enum End {
    /// The peer is gone, or the connection is to be cut.
    Cut,
    /// The closing handshake is due or done.
    Closed,
}

async fn run(shared: Arc<Shared>, mut socket: WebSocket) {
    let (orders, mut inbox) = mpsc::unbounded_channel();
    let opened = shared.change(|world| {
        let id = world.sockets.add(orders)?;
        world.counters.connections_opened += 1;
        Some((id, world.sockets.open.len(), world.workspace.app.id.clone()))
    });
    let Some((id, connections, app_id)) = opened else {
        let _ = send(&mut socket, disconnect("too_many_websockets").to_string()).await;
        let _ = socket.send(Message::Close(None)).await;
        return;
    };
    let end = match send(&mut socket, hello(connections, &app_id).to_string()).await {
        Ok(()) => converse(&shared, &mut socket, &mut inbox).await,
        Err(end) => end,
    };
    shared.change(|world| world.sockets.remove(id));
    if matches!(end, End::Closed) {
        let _ = time::timeout(WRITE_DEADLINE, socket.send(Message::Close(None))).await;
        if shared.lock().faults.linger_after_close {
            time::sleep(LINGER).await;
        }
    }
}

async fn converse(
    shared: &Arc<Shared>,
    socket: &mut WebSocket,
    inbox: &mut mpsc::UnboundedReceiver<Order>,
) -> End {
    let mut pings = time::interval(shared.settings.ping_interval);
    pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let closing = time::sleep(Duration::MAX);
    tokio::pin!(closing);
    loop {
        let result = tokio::select! {
            // What was ordered comes before what the peer did afterwards: a ghost does not notice that it is closed.
            biased;
            order = inbox.recv() => match order {
                Some(Order::Send(text)) => send(socket, text).await,
                Some(Order::Disconnect { reason, close }) => {
                    if close {
                        closing.as_mut().reset(time::Instant::now() + CLOSE_DELAY);
                    }
                    send(socket, disconnect(&reason).to_string()).await
                }
                Some(Order::TurnGhost) => Err(haunt(inbox).await),
                Some(Order::Drop) | None => Err(End::Cut),
            },
            frame = socket.recv() => match frame {
                Some(Ok(Message::Text(text))) => { take(shared, &text); Ok(()) }
                Some(Ok(Message::Close(_))) => Err(End::Closed),
                Some(Ok(_)) => Ok(()),
                Some(Err(_)) | None => Err(End::Cut),
            },
            _ = pings.tick() => write(socket, Message::Ping("Ping from simulator".into())).await,
            () = &mut closing => Err(End::Closed),
        };
        if let Err(end) = result {
            return if was_turned_ghost(inbox) { haunt(inbox).await } else { end };
        }
    }
}

/// Whether the order to turn silent came before the end was noticed.
fn was_turned_ghost(inbox: &mut mpsc::UnboundedReceiver<Order>) -> bool {
    std::iter::from_fn(|| inbox.try_recv().ok()).any(|order| matches!(order, Order::TurnGhost))
}

/// A half-open connection: nothing is read or written any more until it is cut.
async fn haunt(inbox: &mut mpsc::UnboundedReceiver<Order>) -> End {
    while let Some(order) = inbox.recv().await {
        if matches!(order, Order::Drop) {
            break;
        }
    }
    End::Cut
}

async fn send(socket: &mut WebSocket, text: String) -> Result<(), End> {
    write(socket, Message::Text(text.into())).await
}

async fn write(socket: &mut WebSocket, message: Message) -> Result<(), End> {
    match time::timeout(WRITE_DEADLINE, socket.send(message)).await {
        Ok(Ok(())) => Ok(()),
        _ => Err(End::Cut),
    }
}

/// Anything with an `envelope_id` is an acknowledgement; Slack ignores the rest.
fn take(shared: &Arc<Shared>, text: &str) {
    let Ok(Value::Object(mut frame)) = serde_json::from_str(text) else { return };
    let payload = frame.remove("payload").unwrap_or_default();
    if let Some(envelope_id) = frame.get("envelope_id").and_then(Value::as_str) {
        shared.change(|world| delivery::acknowledge(world, envelope_id, payload));
    }
}

fn hello(connections: usize, app_id: &str) -> Value {
    json!({
        "type": "hello", "num_connections": connections, "connection_info": { "app_id": app_id },
        "debug_info": {
            "host": "applink-simulator", "started": jiff::Timestamp::now().strftime("%Y-%m-%d %H:%M:%S.%3f").to_string(),
            "build_number": 1, "approximate_connection_time": APPROXIMATE_CONNECTION_TIME,
        },
    })
}

fn disconnect(reason: &str) -> Value {
    json!({ "type": "disconnect", "reason": reason, "debug_info": { "host": "applink-simulator" } })
}
