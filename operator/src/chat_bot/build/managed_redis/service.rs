//! The server's address. It is one of the cluster's and not the pod's own, so that it stays when the pod moves, and leads
//! to the pod also while that is not ready: the bot is told more precisely why (`LOADING`, `MISCONF`) than by silence.

use k8s_openapi::{
    api::core::v1::{Service, ServicePort, ServiceSpec},
    apimachinery::pkg::util::intstr::IntOrString,
};

use super::{
    super::{super::validate::ValidatedBot, metadata},
    PORT, PORT_NAME,
};
use crate::cluster::labels;

pub(super) fn build(bot: &ValidatedBot) -> Service {
    Service {
        metadata: metadata::of_redis(bot),
        spec: Some(ServiceSpec {
            publish_not_ready_addresses: Some(true),
            selector: Some(labels::redis_selector(&bot.name)),
            ports: Some(vec![ServicePort {
                name: Some(PORT_NAME.into()),
                port: PORT,
                protocol: Some("TCP".into()),
                target_port: Some(IntOrString::String(PORT_NAME.into())),
                ..ServicePort::default()
            }]),
            ..ServiceSpec::default()
        }),
        ..Service::default()
    }
}
