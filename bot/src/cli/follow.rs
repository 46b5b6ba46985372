//! Takes changes of the configuration up while the bot runs: commands, plugins, prefix and timeout. How Slack and
//! storage are reached stays as it was; the operator replaces the pod for that.

use std::{sync::Arc, time::Duration};

use chatops_crds::bot_report::{Fault, FaultCode};
use tokio::{sync::watch, time::sleep};

use super::{
    output,
    source::{LoadError, Loaded, Source},
};
use crate::{adapter::slack::Needs, engine::Program, report::Facts};

/// Between two looks at the files: a change is to be in force well within a second.
const LOOK: Duration = Duration::from_millis(200);

/// Compiles `loaded`, and reports its hash and its plugins.
pub(super) fn compile(loaded: &Loaded, facts: &Facts) -> Arc<Program> {
    let (program, plugins) = Program::load(&loaded.config);
    facts.update(|report| {
        report.config_hash.clone_from(&loaded.hash);
        report.config_fault = None;
        report.plugins = plugins;
    });
    Arc::new(program)
}

/// Never returns. `hash` and `restart_hash` are those of what runs now.
pub(super) async fn follow(
    source: Source,
    mut hash: String,
    restart_hash: String,
    facts: Facts,
    program: watch::Sender<Arc<Program>>,
    needs: Arc<watch::Sender<Needs>>,
) {
    let mut seen = source.stamps();
    loop {
        sleep(LOOK).await;
        let stamps = source.stamps();
        if stamps == seen {
            continue;
        }
        seen = stamps;
        match source.load() {
            // What was broken and is as before again is no change, but no fault any more either.
            Ok(loaded) if loaded.hash == hash => facts.update(|report| report.config_fault = None),
            Ok(loaded) => {
                output::problems(&loaded.diagnostics);
                program.send_replace(compile(&loaded, &facts));
                let now = Needs::of(&loaded.config);
                needs.send_if_modified(|needs| std::mem::replace(needs, now.clone()) != now);
                tracing::info!(
                    hash = loaded.hash,
                    plugins = loaded.config.plugins.len(),
                    "new configuration"
                );
                if loaded.config.restart_hash() != restart_hash {
                    tracing::warn!("changes of slack and storage take effect at the next start");
                }
                hash = loaded.hash;
            }
            Err(error) => refuse(&error, &facts),
        }
    }
}

/// What runs now goes on.
fn refuse(error: &LoadError, facts: &Facts) {
    if let LoadError::Refused(diagnostics) = error {
        output::problems(diagnostics);
    }
    tracing::error!(%error, "the new configuration is not taken up");
    let fault = Fault::new(FaultCode::ConfigUnreadable).with("error", error.to_string());
    facts.update(|report| report.config_fault = Some(fault));
}
