//! The order of answers: messages of one person in one channel, one after the other; all others at the same time.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::{sync::OwnedSemaphorePermit, task::JoinSet};

use super::Engine;
use crate::chat::Incoming;

/// Channel and user.
type Key = (String, String);

/// A message, and the room it takes up until it is answered.
type Job = (Incoming, OwnedSemaphorePermit);

pub(super) struct Lanes {
    engine: Arc<Engine>,
    /// What waits behind the message that is being answered, for every lane that has one.
    waiting: Arc<Mutex<HashMap<Key, VecDeque<Job>>>>,
    /// A task per lane; it ends when nothing waits in it.
    tasks: JoinSet<()>,
}

impl Lanes {
    pub(super) fn new(engine: Arc<Engine>) -> Lanes {
        Lanes { engine, waiting: Arc::default(), tasks: JoinSet::new() }
    }

    /// Answers `incoming` behind what came before it in its lane.
    pub(super) fn push(&mut self, incoming: Incoming, room: OwnedSemaphorePermit) {
        while self.tasks.try_join_next().is_some() {}
        let key = (incoming.channel.id.clone(), incoming.user.id.clone());
        let mut waiting = lock(&self.waiting);
        if let Some(lane) = waiting.get_mut(&key) {
            lane.push_back((incoming, room));
            return;
        }
        waiting.insert(key.clone(), VecDeque::new());
        drop(waiting);
        self.tasks.spawn(answer(self.engine.clone(), self.waiting.clone(), key, (incoming, room)));
    }

    /// Waits until all lanes are empty.
    pub(super) async fn finish(mut self) {
        while self.tasks.join_next().await.is_some() {}
    }
}

async fn answer(engine: Arc<Engine>, waiting: Arc<Mutex<HashMap<Key, VecDeque<Job>>>>, key: Key, first: Job) {
    let mut next = Some(first);
    while let Some((incoming, room)) = next {
        engine.handle(&incoming).await;
        drop(room);
        let mut waiting = lock(&waiting);
        next = waiting.get_mut(&key).and_then(VecDeque::pop_front);
        if next.is_none() {
            waiting.remove(&key);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
