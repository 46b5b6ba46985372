//! Every order of events that two replicas, a platform that delivers twice, crashes and late leases can come to, up to
//! a few of each. What is checked: an answer is shown once and in order, what may not be run twice is not, and nothing
//! that was acknowledged is lost.

use std::{collections::BTreeMap, sync::Arc};

use chatops_bot::{
    chat::MessageKey,
    inbox::{
        Claim, Taken, Terms,
        book::Book,
        ledger::{Batch, Operation, Outcome},
    },
};
use stateright::{Checker, Model, Property};

use crate::typed;

/// Milliseconds.
const LEASE: u64 = 6_000;

/// Who renews its lease between two of them keeps it; who does not loses it.
const HALF: u64 = LEASE / 2 + 1;

/// Messages that somebody types in one place, and how often each is delivered.
const TWO: &[(&str, u8)] = &[("C1:1", 2), ("C1:2", 1)];
const THREE: &[(&str, u8)] = &[("C1:1", 1), ("C1:2", 1), ("C1:3", 1)];

const REPLICAS: usize = 2;

/// What a replica does with a command, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Stage {
    /// It is noted next that the command may not be run again.
    Taken,
    /// It runs next.
    Started,
    /// Its answer is kept next.
    Ran,
    /// Its answer is sent next, perhaps for the second time.
    Answered { doubtful: bool },
    /// It is forgotten next.
    Sent,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Replica {
    /// Number of its session; none while it does not run.
    session: Option<u64>,
    /// Number of the last batch.
    batch: u64,
    /// Until when it may answer.
    until: u64,
    /// What it has in hand, in order.
    hand: Vec<(MessageKey, Stage)>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct World {
    book: Arc<Book>,
    now: u64,
    replicas: Vec<Replica>,
    sessions: u64,
    crashes: u8,
    delays: u8,
    says: &'static [&'static str],
    /// How often a message will still be delivered.
    deliveries: BTreeMap<MessageKey, u8>,
    /// In the order in which they were acknowledged first.
    acknowledged: Vec<MessageKey>,
    /// Commands whose work was done, once each time.
    done: Vec<MessageKey>,
    /// Answers as people see them.
    shown: Vec<MessageKey>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Event {
    Start(usize),
    Crash(usize),
    /// A lease passes, which only this replica renews in time.
    Outlive(usize),
    Claim(usize),
    Deliver(usize, MessageKey),
    /// The next step for the command at this place in a replica's hand.
    Proceed(usize, usize),
}

/// How many crashes and delays there are.
struct Faults {
    crashes: u8,
    delays: u8,
    messages: &'static [(&'static str, u8)],
    /// What only answers.
    says: &'static [&'static str],
}

const NONE: Faults = Faults { crashes: 0, delays: 0, messages: &[], says: &[] };

impl World {
    fn start(&mut self, replica: usize) {
        self.sessions += 1;
        self.replicas[replica].session = Some(self.sessions);
        self.renew(replica);
    }

    fn renew(&mut self, replica: usize) {
        if self.ask(replica, Operation::Beat) != Outcome::Gone {
            self.replicas[replica].until = self.now + LEASE;
        }
    }

    /// Does what the replica asks, twice: the second time as if the answer had been lost.
    fn ask(&mut self, replica: usize, operation: Operation) -> Outcome {
        let asker = &mut self.replicas[replica];
        let session = asker.session.unwrap();
        let join = (asker.batch == 0).then_some(Operation::Join);
        // Only that it differs from the one before matters.
        asker.batch = asker.batch % 2 + 1;
        let operations: Vec<_> = join.into_iter().chain([operation]).collect();
        let batch = Batch { session: session.to_string(), number: asker.batch, operations };
        let book = Arc::make_mut(&mut self.book);
        let outcomes = book.apply(&batch, self.now);
        assert_eq!(book.apply(&batch, self.now), outcomes, "a batch happens once");
        let outcome = outcomes.last().unwrap().clone();
        if outcome == Outcome::Gone {
            // What it had belongs to others.
            self.replicas[replica] = Replica::default();
        }
        outcome
    }

    fn take(&mut self, replica: usize, taken: Option<Taken>) {
        let stage = |taken: &Taken| if taken.started { Stage::Ran } else { Stage::Taken };
        self.replicas[replica].hand.extend(taken.map(|taken| (taken.incoming.key.clone(), stage(&taken))));
    }

    fn claim(&mut self, replica: usize, Claim { answered, run }: Claim) {
        let doubtful = Stage::Answered { doubtful: true };
        self.replicas[replica]
            .hand
            .extend(answered.into_iter().map(|(incoming, _)| (incoming.key, doubtful)));
        self.take(replica, run);
    }

    fn deliver(&mut self, replica: usize, key: &MessageKey) {
        let incoming = Box::new(typed(&key.0, "C1", "U1"));
        let answer = self.says.contains(&key.0.as_str()).then(String::new);
        let stage = if answer.is_some() { Stage::Answered { doubtful: false } } else { Stage::Taken };
        let outcome = self.ask(replica, Operation::Accept { incoming, run: true, answer, history: None });
        if outcome == Outcome::Gone {
            return;
        }
        *self.deliveries.get_mut(key).unwrap() -= 1;
        if !self.acknowledged.contains(key) {
            self.acknowledged.push(key.clone());
        }
        if matches!(outcome, Outcome::Run { .. }) {
            self.replicas[replica].hand.push((key.clone(), stage));
        }
    }

    /// False where the replica has to wait.
    fn proceed(&mut self, replica: usize, place: usize) -> bool {
        let (key, stage) = self.replicas[replica].hand[place].clone();
        let next = |world: &mut World, stage| world.replicas[replica].hand[place].1 = stage;
        match stage {
            Stage::Taken => match self.ask(replica, Operation::Start(key)) {
                Outcome::Noted => next(self, Stage::Started),
                _ => self.lose(replica, place),
            },
            Stage::Started => {
                self.done.push(key);
                next(self, Stage::Ran);
            }
            Stage::Ran => {
                let answer = Operation::Answer { key, text: String::new(), next: true };
                match self.ask(replica, answer) {
                    Outcome::Next(taken) => {
                        next(self, Stage::Answered { doubtful: false });
                        self.take(replica, taken.map(|taken| *taken));
                    }
                    _ => self.lose(replica, place),
                }
            }
            Stage::Answered { doubtful } => {
                let waits_for_another =
                    place > 0 && !matches!(self.replicas[replica].hand[place - 1].1, Stage::Sent);
                if waits_for_another || self.now >= self.replicas[replica].until {
                    return false;
                }
                if !doubtful || !self.shown.contains(&key) {
                    self.shown.push(key);
                }
                next(self, Stage::Sent);
            }
            Stage::Sent => match self.ask(replica, Operation::Finish { key, next: true }) {
                Outcome::Next(taken) => {
                    self.replicas[replica].hand.remove(place);
                    self.take(replica, taken.map(|taken| *taken));
                }
                _ => self.lose(replica, place),
            },
        }
        true
    }

    fn lose(&mut self, replica: usize, place: usize) {
        let hand = &mut self.replicas[replica].hand;
        if place < hand.len() {
            hand.remove(place);
        }
    }
}

impl Model for Faults {
    type State = World;
    type Action = Event;

    fn init_states(&self) -> Vec<World> {
        let terms = Terms { lease: std::time::Duration::from_millis(LEASE), ..Terms::default() };
        let mut world = World {
            book: Arc::new(Book::new(terms)),
            now: 0,
            replicas: vec![Replica::default(); REPLICAS],
            sessions: 0,
            crashes: self.crashes,
            delays: self.delays,
            says: self.says,
            deliveries: self
                .messages
                .iter()
                .map(|(key, times)| (MessageKey((*key).to_owned()), *times))
                .collect(),
            acknowledged: Vec::new(),
            done: Vec::new(),
            shown: Vec::new(),
        };
        (0..REPLICAS).for_each(|replica| world.start(replica));
        vec![world]
    }

    fn actions(&self, world: &World, actions: &mut Vec<Event>) {
        let left = world.deliveries.iter().filter(|(_, times)| **times > 0);
        for (n, replica) in world.replicas.iter().enumerate() {
            if replica.session.is_none() {
                actions.push(Event::Start(n));
                continue;
            }
            actions.extend([Event::Crash(n), Event::Outlive(n), Event::Claim(n)]);
            actions.extend(left.clone().map(|(key, _)| Event::Deliver(n, key.clone())));
            actions.extend((0..replica.hand.len()).map(|place| Event::Proceed(n, place)));
        }
    }

    fn next_state(&self, world: &World, event: Event) -> Option<World> {
        let mut next = world.clone();
        match event {
            Event::Start(replica) => next.start(replica),
            Event::Crash(replica) => {
                next.crashes = next.crashes.checked_sub(1)?;
                next.replicas[replica] = Replica::default();
            }
            Event::Outlive(replica) => {
                next.delays = next.delays.checked_sub(1)?;
                for _ in 0..2 {
                    next.now += HALF;
                    next.renew(replica);
                }
            }
            Event::Claim(replica) => {
                let Outcome::Claimed(claims) =
                    next.ask(replica, Operation::Claim { lanes: 8, except: Vec::new() })
                else {
                    return Some(next);
                };
                if claims.is_empty() {
                    return None;
                }
                claims.into_iter().for_each(|claim| next.claim(replica, claim));
            }
            Event::Deliver(replica, key) => next.deliver(replica, &key),
            Event::Proceed(replica, place) => {
                if !next.proceed(replica, place) {
                    return None;
                }
            }
        }
        Some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always("what may not be run twice is not", |_, world: &World| is_once(&world.done)),
            Property::always("an answer is shown once", |_, world: &World| is_once(&world.shown)),
            Property::always("answers come in the order of the commands", |_, world: &World| {
                let mut asked = world.acknowledged.iter();
                world.shown.iter().all(|key| asked.any(|other| other == key))
            }),
            Property::always("what was acknowledged is kept until it is answered", |_, world: &World| {
                let is_safe = |key: &MessageKey| world.shown.contains(key) || world.book.kept(key).is_some();
                world.acknowledged.iter().all(is_safe)
            }),
            Property::always("whoever is left answers everything", |_, world: &World| {
                let more_may_happen = world.crashes > 0 || world.delays > 0;
                more_may_happen || is_answered_from(world)
            }),
            Property::sometimes("everything is answered", |model: &Faults, world: &World| {
                world.crashes == 0 && world.shown.len() == model.messages.len() && world.book.is_empty()
            }),
        ]
    }
}

fn is_once(keys: &[MessageKey]) -> bool {
    keys.iter().enumerate().all(|(n, key)| !keys[..n].contains(key))
}

/// Whether everything is answered in the end, without more faults than time that passes.
fn is_answered_from(world: &World) -> bool {
    let mut world = World { delays: 9, crashes: 0, ..world.clone() };
    loop {
        if world.acknowledged.iter().all(|key| world.shown.contains(key)) && world.book.is_empty() {
            return true;
        }
        let mut events = Vec::new();
        NONE.actions(&world, &mut events);
        events.retain(|event| !matches!(event, Event::Deliver(..) | Event::Crash(_)));
        // What is in hand first, then what nobody has, and time only when nothing else can be done.
        events.sort_by_key(|event| match event {
            Event::Start(_) => 0,
            Event::Proceed(..) => 1,
            Event::Claim(_) => 2,
            _ => 3,
        });
        let next = |event| NONE.next_state(&world, event);
        match events.into_iter().find_map(next) {
            Some(next) => world = next,
            None => return false,
        }
    }
}

#[test]
fn nothing_is_lost_and_nothing_doubled_whatever_happens() {
    let runs: [(_, _, &'static [&'static str], _, _); 5] = [
        (1, 1, &[], TWO, 100_000),
        (1, 0, &["C1:1"], TWO, 1_000),
        (1, 0, &["C1:2"], TWO, 1_000),
        (0, 0, &[], THREE, 1_000),
        (0, 0, &["C1:3"], THREE, 1_000),
    ];
    for (crashes, delays, says, messages, states) in runs {
        let model = Faults { crashes, delays, messages, says };
        let checker = model.checker().threads(2).spawn_bfs().join();
        checker.assert_properties();
        assert!(checker.unique_state_count() > states, "{}", checker.unique_state_count());
    }
}
