//! One lane: its commands run one after the other, and each is forgotten only when its answer has arrived. Answers are
//! on their way while the next command runs.

use std::sync::Arc;

use futures::FutureExt;
use tokio::task::JoinSet;

use super::{Engine, progress};
use crate::{
    chat::Incoming,
    inbox::{Claim, Taken, Ticket},
    outbox::{Delivery, Undeliverable},
};

pub(super) struct Lane {
    engine: Arc<Engine>,
    /// The session of the inbox that has the lane.
    session: Arc<str>,
    /// Answers and signs on their way; an answer ends with what to run next, if that waited for it.
    arriving: JoinSet<Option<Taken>>,
}

impl Lane {
    pub(super) fn new(engine: Arc<Engine>, session: Arc<str>) -> Lane {
        Lane { engine, session, arriving: JoinSet::new() }
    }

    /// Returns when nothing is left to do in the lane.
    pub(super) async fn work(mut self, claim: Claim) {
        for (incoming, text) in claim.answered {
            self.send(&incoming, None, text).await;
        }
        self.work_off(claim.run).await;
    }

    /// The same for an answer that was kept with its command.
    pub(super) async fn say(mut self, incoming: Incoming, text: String) {
        self.send(&incoming, Some(&[]), text).await;
        self.work_off(None).await;
    }

    async fn work_off(&mut self, mut next: Option<Taken>) {
        loop {
            next = match next {
                Some(taken) => self.run(taken).await,
                None => match self.arriving.join_next().await {
                    Some(arrived) => arrived.unwrap_or_default(),
                    None => return,
                },
            };
        }
    }

    async fn run(&mut self, taken: Taken) -> Option<Taken> {
        let ticket = Ticket::new(&self.session, &taken.incoming);
        let handled = self.engine.handle(&taken, &ticket);
        let (answer, progress) = progress::shown(&self.engine.outbox, &taken, handled).await;
        let (ended, text) = answer.map(|answer| (answer.sign(), answer.text)).unzip();
        let text = text.unwrap_or_default();
        let kept = self.engine.inbox.answer(&ticket, text.clone()).await;
        if let Some(progress) = progress {
            let ended = ended.filter(|_| kept.is_ok());
            self.arriving.spawn(progress.end(ended).map(|()| None));
        }
        // Lost: whoever has it now answers.
        let next = kept.ok()?;
        self.send(&taken.incoming, Some(&taken.recalled), text).await;
        next
    }

    /// Sends an answer on its way. `recalled`: the lines that came with its command; none for an answer that was kept, which
    /// may have arrived before.
    async fn send(&mut self, incoming: &Incoming, recalled: Option<&[String]>, text: String) {
        let (inbox, ticket) = (self.engine.inbox.clone(), Ticket::new(&self.session, incoming));
        let delivery = Delivery {
            reply: self.engine.reader.reply(incoming, recalled, text),
            run: incoming.key.clone(),
            doubtful: recalled.is_none(),
            right: Arc::new({
                let (inbox, ticket) = (inbox.clone(), ticket.clone());
                move || inbox.right(&ticket)
            }),
        };
        let arrival = self.engine.outbox.deliver(delivery).await;
        self.arriving.spawn(async move {
            match arrival.await {
                // It is kept, and whoever has it now sends it.
                Err(Undeliverable::NotOurs | Undeliverable::BrokenOff) => None,
                // The outbox logs and counts what it cannot deliver; there is nobody else to tell.
                Ok(()) | Err(_) => inbox.finish(&ticket).await,
            }
        });
    }
}
