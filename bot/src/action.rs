//! What the commands of plugins do: read and write their storage, and answer by a template. Knows neither how a
//! command is found nor where its answer goes.

mod context;
mod filters;
mod markdown;
mod passive;
mod reply;
mod sample;
mod store;

use chatops_crds::bot_plugin::Command;
use minijinja::Value;

pub use context::Context;
pub use passive::{InvalidMatch, Passive, overheard};
pub use reply::{Template, TemplateError, Templates};
pub use store::InvalidKey;

use crate::storage::{Storage, StorageError};
use sample::Sample;
use store::Store;

/// A plugin's command, ready to run.
#[derive(Debug)]
pub struct Action {
    store: Option<Store>,
    reply: Option<Template>,
    /// The plugin says so.
    idempotent: bool,
}

/// Why an action did not succeed.
#[derive(Debug, thiserror::Error)]
pub enum ActionError {
    #[error(transparent)]
    Template(#[from] TemplateError),
    #[error(transparent)]
    Key(#[from] InvalidKey),
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl Action {
    /// Compiles the templates of `command` into `templates`.
    ///
    /// # Errors
    /// One [`TemplateError`] for each template that does not parse, or speaks of something that does not exist.
    pub fn compile(command: &Command, templates: &mut Templates) -> Result<Action, Vec<TemplateError>> {
        let (mut faults, sample) = (Vec::new(), Sample::of_command(command));
        let mut compile = |field: &'static str, source: &str| {
            templates.add(field, source, &sample).map_err(|fault| faults.push(fault)).ok()
        };
        let store = command.store.as_ref().and_then(|store| Store::compile(store, &mut compile));
        let reply = command.reply.as_ref().and_then(|reply| compile("reply", reply));
        if faults.is_empty() {
            Ok(Action { store, reply, idempotent: command.idempotent })
        } else {
            Err(faults)
        }
    }

    /// Whether running it twice does no more than running it once.
    pub fn is_repeatable(&self) -> bool {
        self.idempotent || !self.store.as_ref().is_some_and(Store::writes)
    }

    /// What it says, which may be nothing, if it does nothing else; none if it does.
    pub fn says(
        &self,
        templates: &Templates,
        context: &Context<'_>,
    ) -> Option<Result<String, TemplateError>> {
        self.store.is_none().then(|| self.reply(templates, context, Value::UNDEFINED))
    }

    /// Runs for `plugin`; the answer may be blank.
    ///
    /// # Errors
    /// [`ActionError`]. Where storage failed it is possible that a value was written.
    pub async fn run(
        &self,
        templates: &Templates,
        storage: &dyn Storage,
        plugin: &str,
        context: &Context<'_>,
    ) -> Result<String, ActionError> {
        let result = match &self.store {
            Some(store) => store.run(templates, storage, plugin, context).await?,
            None => Value::UNDEFINED,
        };
        Ok(self.reply(templates, context, result)?)
    }

    fn reply(
        &self,
        templates: &Templates,
        context: &Context<'_>,
        result: Value,
    ) -> Result<String, TemplateError> {
        match &self.reply {
            Some(reply) => templates.render(reply, context.with_result(result)),
            None => Ok(String::new()),
        }
    }
}
