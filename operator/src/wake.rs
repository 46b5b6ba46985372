//! Whose turn it is: the queues of the two controllers, and who is woken by what.
//!
//! Waking is cheap, since a reconcile of an unchanged world writes nothing. So it is generous: a plugin wakes every bot
//! of its namespace, also those that no longer select it, and everything wakes everything once a watch began anew, for
//! what was deleted in between is told by no event.

use std::{
    collections::{BTreeMap, HashMap},
    convert::Infallible,
};

use chatops_crds::{BotPlugin, ChatBot};
use futures::{
    Stream, StreamExt,
    channel::mpsc::{UnboundedReceiver, UnboundedSender, unbounded},
};
use kube::{
    Resource, ResourceExt,
    runtime::{reflector::ObjectRef, watcher::Event},
};

use crate::cluster::{
    Guarded,
    cache::{Cache, in_namespace},
    labels,
};

type BotRef = ObjectRef<Guarded<ChatBot>>;
type PluginRef = ObjectRef<Guarded<BotPlugin>>;

/// Puts objects into the queues. A queue holds an object once, however often it is woken.
#[derive(Clone, Debug)]
pub struct Wake {
    cache: Cache,
    bots: UnboundedSender<BotRef>,
    plugins: UnboundedSender<PluginRef>,
}

/// What people have written of each plugin, as far as the events told.
#[derive(Debug, Default)]
pub struct Written(HashMap<String, Seen>);

/// Of a plugin, what bots may care about.
#[derive(Clone, Debug, PartialEq)]
struct Seen {
    generation: Option<i64>,
    labels: BTreeMap<String, String>,
    leaving: bool,
}

impl Written {
    fn is_news(&mut self, plugin: &Guarded<BotPlugin>) -> bool {
        let meta = plugin.meta();
        let now = Seen {
            generation: meta.generation,
            labels: plugin.labels().clone(),
            leaving: meta.deletion_timestamp.is_some(),
        };
        self.0.insert(plugin.uid().unwrap_or_default(), now.clone()).as_ref() != Some(&now)
    }

    fn forget(&mut self, plugin: &Guarded<BotPlugin>) {
        self.0.remove(&plugin.uid().unwrap_or_default());
    }
}

/// The other end, one stream a controller.
#[derive(Debug)]
pub struct Queues {
    bots: UnboundedReceiver<BotRef>,
    plugins: UnboundedReceiver<PluginRef>,
}

impl Queues {
    /// The two streams, in the form the controllers take.
    pub fn streams(
        self,
    ) -> (impl Stream<Item = Result<BotRef, Infallible>>, impl Stream<Item = Result<PluginRef, Infallible>>)
    {
        (self.bots.map(Ok), self.plugins.map(Ok))
    }
}

impl Wake {
    /// Empty queues for the objects of `cache`.
    pub fn new(cache: Cache) -> (Self, Queues) {
        let ((bots, bot_queue), (plugins, plugin_queue)) = (unbounded(), unbounded());
        (Self { cache, bots, plugins }, Queues { bots: bot_queue, plugins: plugin_queue })
    }

    /// A ChatBot changed, or one of its pods said something: its plugins have a new verdict, too.
    pub fn bot_and_plugins(&self, namespace: &str, name: &str) {
        self.bot(namespace, name);
        self.plugins_of(namespace);
    }

    /// After an event of the ChatBots' watch.
    pub fn on_chat_bot(&self, event: &Event<Guarded<ChatBot>>) {
        match event {
            Event::Apply(bot) | Event::Delete(bot) => {
                self.bot_and_plugins(&bot.namespace().unwrap_or_default(), &bot.name_any());
            }
            Event::InitDone => self.all(),
            Event::Init | Event::InitApply(_) => {}
        }
    }

    /// After an event of the BotPlugins' watch. A change of its status alone is no news to bots.
    pub fn on_bot_plugin(&self, event: &Event<Guarded<BotPlugin>>, written: &mut Written) {
        match event {
            Event::Apply(plugin) if written.is_news(plugin) => self.around(plugin),
            Event::Apply(plugin) => self.plugin(plugin),
            Event::Delete(plugin) => {
                written.forget(plugin);
                self.around(plugin);
            }
            Event::InitDone => self.all(),
            Event::Init | Event::InitApply(_) => {}
        }
    }

    /// After an event of a child's watch. The owner is found by reference and by label, since either may have been
    /// taken away by the very edit that is to be mended.
    pub fn on_child<K: Resource<DynamicType = ()>>(&self, event: &Event<K>) {
        match event {
            Event::Apply(child) | Event::Delete(child) => {
                let namespace = child.namespace().unwrap_or_default();
                if let Some(instance) = child.labels().get(labels::INSTANCE) {
                    self.bot(&namespace, instance);
                }
                for owner in child.owner_references().iter().filter(|owner| owner.kind == "ChatBot") {
                    self.bot(&namespace, &owner.name);
                }
            }
            Event::InitDone => self.all(),
            Event::Init | Event::InitApply(_) => {}
        }
    }

    /// Every bot of the plugin's namespace, and every plugin, since they may share commands.
    fn around(&self, plugin: &Guarded<BotPlugin>) {
        let namespace = plugin.namespace().unwrap_or_default();
        for bot in in_namespace(&self.cache.chat_bots, &namespace) {
            self.bot(&namespace, &bot.name_any());
        }
        self.plugins_of(&namespace);
    }

    fn bot(&self, namespace: &str, name: &str) {
        // A closed queue means that the process is ending.
        let _ = self.bots.unbounded_send(ObjectRef::new(name).within(namespace));
    }

    fn plugin(&self, plugin: &Guarded<BotPlugin>) {
        let _ = self.plugins.unbounded_send(ObjectRef::from_obj(plugin));
    }

    fn plugins_of(&self, namespace: &str) {
        for plugin in in_namespace(&self.cache.bot_plugins, namespace) {
            self.plugin(&plugin);
        }
    }

    fn all(&self) {
        for bot in self.cache.chat_bots.state() {
            let _ = self.bots.unbounded_send(ObjectRef::from_obj(&*bot));
        }
        for plugin in self.cache.bot_plugins.state() {
            self.plugin(&plugin);
        }
    }
}
