//! What a workspace's administrator, or the network, does to the app: tokens, scopes, membership, faults.

use std::time::Duration;

use anyhow::Context as _;
use tokio::time;

use super::{
    faults::{Armed, Fault},
    handle::Slack,
    ids, socket_mode,
    sockets::{Order, State},
    workspace::{ChannelKind, Token},
};

impl Slack {
    /// The bot token that is valid now.
    #[must_use]
    pub fn bot_token(&self) -> String {
        self.shared.lock().workspace.app.bot_token.value.clone()
    }

    /// The app-level token that is valid now.
    #[must_use]
    pub fn app_token(&self) -> String {
        self.shared.lock().workspace.app.app_token.value.clone()
    }

    /// The app is uninstalled: calls get `token_revoked`, events stop.
    pub fn revoke_bot_token(&self) {
        self.reject_bot_token("token_revoked");
        self.shared.change(|world| world.workspace.app.uninstalled = true);
    }

    /// Calls with the bot token get this error (`invalid_auth`, `account_inactive`); events go on.
    pub fn reject_bot_token(&self, error: &str) {
        self.shared.change(|world| world.workspace.app.bot_token.refused = Some(error.to_owned()));
    }

    /// Calls with the app-level token get this error; sockets that are open stay.
    pub fn reject_app_token(&self, error: &str) {
        self.shared.change(|world| world.workspace.app.app_token.refused = Some(error.to_owned()));
    }

    /// Both tokens are good again.
    pub fn restore_tokens(&self) {
        self.shared.change(|world| {
            let app = &mut world.workspace.app;
            app.bot_token.refused = None;
            app.app_token.refused = None;
            app.uninstalled = false;
        });
    }

    /// Installs the app anew: it has another bot token, and the former one gets `token_revoked` from now on. Returns the
    /// new one.
    pub fn rotate_bot_token(&self) -> String {
        let token = ids::bot_token();
        self.shared.change(|world| {
            let app = &mut world.workspace.app;
            let former = std::mem::replace(&mut app.bot_token, Token::new(token.clone()));
            app.former_tokens.insert(former.value);
            app.uninstalled = false;
        });
        token
    }

    /// Grants a scope.
    pub fn add_scope(&self, scope: &str) {
        self.shared.change(|world| world.workspace.app.scopes.insert(scope.to_owned()));
    }

    /// Takes a scope away.
    pub fn remove_scope(&self, scope: &str) {
        self.shared.change(|world| world.workspace.app.scopes.remove(scope));
    }

    /// The granted scopes.
    #[must_use]
    pub fn scopes(&self) -> Vec<String> {
        self.shared.lock().workspace.app.scopes.iter().cloned().collect()
    }

    /// Switches rate limits on or off.
    pub fn set_rate_limits(&self, enabled: bool) {
        self.shared.change(|world| world.limits.enabled = enabled);
    }

    /// Makes a channel (name without `#`) with alice, bob, carol and the bot in it; returns its id.
    pub fn create_channel(&self, name: &str, kind: ChannelKind) -> String {
        self.shared.change(|world| {
            let bot = world.workspace.app.name.clone();
            world.workspace.add_channel(name, kind, &["alice", "bob", "carol", &bot])
        })
    }

    /// Takes somebody, the bot too, out of a channel.
    ///
    /// # Errors
    /// No such channel or user.
    pub fn remove_from_channel(&self, user: &str, channel: &str) -> anyhow::Result<()> {
        let id = self.channel_id(channel)?;
        self.shared.change(|world| {
            let user = world.workspace.user(user).context("no such user")?.id.clone();
            world.workspace.channels.get_mut(&id).context("no such channel")?.members.remove(&user);
            Ok(())
        })
    }

    /// Archives a channel.
    ///
    /// # Errors
    /// No such channel.
    pub fn archive(&self, channel: &str) -> anyhow::Result<()> {
        let id = self.channel_id(channel)?;
        self.shared.change(|world| {
            world.workspace.channels.get_mut(&id).context("no such channel")?.is_archived = true;
            Ok(())
        })
    }

    /// Makes something go wrong.
    pub fn inject(&self, fault: Fault) {
        match &fault {
            Fault::RefuseConnections { millis } => self.refuse_connections(millis.map(Duration::from_millis)),
            Fault::DropSockets => self.shared.change(|world| world.sockets.drop_all()),
            Fault::HalfOpen => self.tell_sockets(|| Order::TurnGhost, State::Ghost),
            Fault::Garbage { frame } => self.tell_sockets(|| Order::Send(frame.clone()), State::Open),
            Fault::Disconnect { reason } => {
                self.tell_sockets(
                    || Order::Disconnect { reason: reason.clone(), close: true },
                    State::Closing,
                );
            }
            Fault::Refresh { after_millis } => {
                let after = Duration::from_millis(*after_millis);
                self.shared.runtime.spawn(socket_mode::refresh(self.shared.clone(), after));
            }
            _ => {}
        }
        self.shared.change(|world| world.faults.arm(fault));
    }

    /// Disarms every fault and accepts connections again. Ghosts stay until they are dropped.
    pub fn clear_faults(&self) {
        self.shared.change(|world| world.faults = Armed::default());
        self.shared.gate.send_replace(true);
    }

    fn tell_sockets(&self, order: impl Fn() -> Order, becomes: State) {
        self.shared.change(|world| world.sockets.tell_all(order, becomes));
    }

    fn refuse_connections(&self, duration: Option<Duration>) {
        self.shared.gate.send_replace(false);
        self.shared.change(|world| world.sockets.drop_all());
        if let Some(duration) = duration {
            let shared = self.shared.clone();
            self.shared.runtime.spawn(async move {
                time::sleep(duration).await;
                shared.gate.send_replace(true);
            });
        }
    }
}
