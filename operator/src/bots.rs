//! The running bots: one long poll a pod, and what each pod last said of itself.
//!
//! It knows pods and reports. What follows from them is for the controllers to say.

pub mod access;
mod follower;
pub mod obstacle;
pub mod plugin_faults;
pub mod pods;
pub mod reports;
mod sanitize;
pub mod servers;

use std::{collections::HashMap, sync::Arc};

use k8s_openapi::api::core::v1::Pod;
use kube::{ResourceExt, runtime::reflector::Store};
use tokio::{
    sync::Notify,
    task::{AbortHandle, JoinSet},
};

use access::{Access, PodAddress};
use reports::Reports;

/// Starts a follower for each running pod of `pods` and stops it with the pod. `pods_changed` tells when to look;
/// `told` is called with a pod's namespace and ChatBot when there is something new, and with those that share a Slack
/// app with it. Never ends; followers end with it.
pub async fn follow_all(
    pods: Store<Pod>,
    pods_changed: Arc<Notify>,
    access: Access,
    reports: Reports,
    told: impl Fn(&str, &str) + Clone + Send + Sync + 'static,
) {
    let mut followers = JoinSet::new();
    let mut running: HashMap<String, AbortHandle> = HashMap::new();
    loop {
        let mut wanted: HashMap<String, PodAddress> =
            pods.state().iter().filter_map(|pod| Some((pod.uid()?, PodAddress::of(pod)?))).collect();
        running.retain(|uid, follower| {
            let keep = wanted.remove(uid).is_some() && !follower.is_finished();
            if !keep {
                follower.abort();
                reports.forget(uid).iter().for_each(|other| told(&other.namespace, &other.name));
            }
            keep
        });
        for (uid, address) in wanted {
            reports.expect(&uid, address.bot_name());
            let follower =
                follower::follow(uid.clone(), address, access.clone(), reports.clone(), told.clone());
            running.insert(uid, followers.spawn(follower));
        }
        tokio::select! {
            () = pods_changed.notified() => {}
            // A follower ends only by being stopped or by a defect; in the latter case the next look starts another.
            Some(ended) = followers.join_next() => {
                if let Err(error) = ended && error.is_panic() {
                    tracing::error!(%error, "a follower failed and is started again");
                }
            }
        }
    }
}
