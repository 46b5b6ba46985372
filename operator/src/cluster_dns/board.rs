//! How the stub zones stand, for every ChatBot that asks.

use std::sync::Arc;

use chatops_crds::{
    ChatBot,
    chat_bot::dns::ClusterStubZone,
    shared::conditions::{CLUSTER_DNS, Reason, Status, Verdict},
};
use tokio::sync::watch;

use super::{
    Settings,
    words::{self, Said},
};

/// What is told. None: not looked yet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// Value of `--cluster-dns`.
    pub mode: &'static str,
    /// To ChatBots that ask for `Apply`.
    pub apply: Option<Said>,
    /// To ChatBots that ask for `Diagnose`.
    pub diagnose: Option<Said>,
}

/// The readable side; cheap to clone.
#[derive(Clone, Debug)]
pub struct Board(watch::Receiver<Arc<Told>>);

/// The side that tells.
pub type Teller = watch::Sender<Arc<Told>>;

/// An empty board.
pub fn board(settings: &Settings) -> (Teller, Board) {
    let (teller, board) = watch::channel(Arc::new(Told { mode: settings.mode(), ..Told::default() }));
    (teller, Board(board))
}

impl Default for Board {
    /// Of an operator that may do nothing.
    fn default() -> Self {
        board(&Settings::Off).1
    }
}

impl Board {
    /// Waits until something else is told; for ever if nobody tells any more.
    pub async fn changed(&mut self) {
        if self.0.changed().await.is_err() {
            std::future::pending().await
        }
    }
}

/// What `bot` asks for.
pub fn asked(bot: &ChatBot) -> ClusterStubZone {
    bot.spec.dns.cluster_stub_zone
}

/// Whether `bot` asks for anything.
pub fn asks(bot: &ChatBot) -> bool {
    asked(bot) != ClusterStubZone::None
}

/// Condition `ClusterDNS` of `bot`; none if it asks for nothing.
pub fn condition(bot: &ChatBot, board: &Board) -> Option<Verdict> {
    let told = board.0.borrow().clone();
    let said = match (asked(bot), told.mode) {
        (ClusterStubZone::None, _) => return None,
        (ClusterStubZone::Apply, mode @ ("off" | "diagnose")) => {
            return Some(not_allowed(mode, "Apply", "--cluster-dns=apply"));
        }
        (ClusterStubZone::Diagnose, mode @ "off") => {
            return Some(not_allowed(mode, "Diagnose", "--cluster-dns=diagnose"));
        }
        (ClusterStubZone::Apply, _) => told.apply.as_ref(),
        (ClusterStubZone::Diagnose, _) => told.diagnose.as_ref(),
    };
    Some(match said {
        Some(said) => Verdict::new(CLUSTER_DNS, said.status, said.reason, said.message.clone()),
        None => before(bot).unwrap_or_else(|| {
            Verdict::new(
                CLUSTER_DNS,
                Status::Unknown,
                Reason::StubZonePending,
                "The operator is looking at the cluster's DNS",
            )
        }),
    })
}

fn not_allowed(mode: &str, asked: &str, wanted: &str) -> Verdict {
    let message = words::not_allowed(mode, asked, wanted);
    Verdict::new(CLUSTER_DNS, Status::False, Reason::StubZoneNotAllowed, message)
}

/// What was said before this process looked, which stays until it has.
fn before(bot: &ChatBot) -> Option<Verdict> {
    let conditions = &bot.status.as_ref()?.conditions;
    let condition = conditions.iter().find(|condition| condition.type_ == CLUSTER_DNS)?;
    let status = [Status::True, Status::False, Status::Unknown];
    Some(Verdict::new(
        CLUSTER_DNS,
        status.into_iter().find(|status| status.as_str() == condition.status)?,
        *Reason::ALL.iter().find(|reason| reason.as_str() == condition.reason)?,
        condition.message.clone(),
    ))
}
