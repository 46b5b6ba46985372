//! The Service by which metrics are scraped: of every pod, also of one that is not ready, for that is when they matter.

use chatops_crds::bot_report::PORT;
use k8s_openapi::{
    api::core::v1::{Service, ServicePort, ServiceSpec},
    apimachinery::pkg::util::intstr::IntOrString,
};

use super::{super::validate::ValidatedBot, metadata, pod::PORT_NAME};
use crate::cluster::labels;

pub fn build(bot: &ValidatedBot) -> Service {
    Service {
        metadata: metadata::build(bot),
        spec: Some(ServiceSpec {
            cluster_ip: Some("None".into()),
            publish_not_ready_addresses: Some(true),
            selector: Some(labels::selector(&bot.name)),
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
