//! What is said of the stub zones, and what to do. Pure.

use chatops_crds::shared::conditions::{MAX_MESSAGE, Reason, Status};

use super::{
    commands, corefile,
    detect::{Objects, Server},
    kube_dns,
    place::{NAMESPACE, Place, Refusal},
    stub_zones::StubZones,
};

/// What is said to ChatBots that ask for the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    pub status: Status,
    pub reason: Reason,
    /// Fits a condition.
    pub message: String,
    /// The command that did not fit into the message.
    pub command: Option<String>,
}

impl Said {
    fn new(status: Status, reason: Reason, message: impl Into<String>) -> Self {
        Self { status, reason, message: message.into(), command: None }
    }

    fn no(reason: Reason, message: impl Into<String>) -> Self {
        Self::new(Status::False, reason, message)
    }

    /// `before`, then the command if it fits, or where it is to be found.
    fn with_command(reason: Reason, before: &str, command: String) -> Self {
        let whole = format!("{before}: {command}");
        if whole.len() <= MAX_MESSAGE {
            return Self::no(reason, whole);
        }
        let message = format!(
            "{before}. It is too long for here: the Events of this ChatBot have it in parts (`kubectl describe chatbot`)"
        );
        Self { command: Some(command), ..Self::no(reason, message) }
    }
}

pub fn applied(place: Place, stub: &StubZones, server: &Server, checked: bool) -> Said {
    let restart = match server {
        Server::Corefile { reloads: false } => format!(
            "; its Corefile has no plugin reload, so restart CoreDNS once if it was not since: {RESTART}"
        ),
        _ => String::new(),
    };
    let checked = if checked {
        ""
    } else {
        "; whether they resolve was not checked, since the operator runs outside of the cluster"
    };
    let message = format!("{}{restart}{checked}", in_force(place, stub));
    Said::new(Status::True, Reason::StubZoneApplied, message)
}

fn in_force(place: Place, stub: &StubZones) -> String {
    let (zones, upstreams) = (stub.zone_list(), stub.upstream_list(", "));
    format!(
        "{zones}: asked of {upstreams} (ConfigMap {NAMESPACE}/{}, key {})",
        place.config_map(),
        place.key()
    )
}

const RESTART: &str = "`kubectl -n kube-system rollout restart deployment coredns`";

/// Written, and not known to be in force.
pub fn pending(place: Place, stub: &StubZones, server: &Server) -> Said {
    let hint = match server {
        Server::Corefile { reloads: false } => {
            format!("Its Corefile has no plugin reload: {RESTART} makes it take the change up")
        }
        Server::Custom { .. } => {
            format!("If this stays so for minutes, CoreDNS has to be restarted once: {RESTART}")
        }
        _ => "It takes up to two minutes".to_owned(),
    };
    Said::no(
        Reason::StubZonePending,
        format!("{}: the name servers are taking it up. {hint}", in_force(place, stub)),
    )
}

/// In force as far as can be told, and the zones fail as they did before.
pub fn still_failing(place: Place, stub: &StubZones, server: &Server) -> Said {
    let restart = match server {
        Server::KubeDns => String::new(),
        _ => format!(" If CoreDNS was not restarted since: {RESTART}"),
    };
    let message = format!(
        "{}: written, and the cluster's DNS still cannot resolve them. Check that its pods reach these addresses on UDP and TCP (firewall, NetworkPolicy), or give the operator others with --cluster-dns-upstream.{restart}",
        in_force(place, stub)
    );
    Said::no(Reason::StubZonePending, message)
}

/// Another ConfigMap had it, which goes first: CoreDNS refuses a zone that is there twice.
pub fn taking_out(stub: &StubZones) -> Said {
    Said::no(Reason::StubZonePending, format!("{}: moved to another ConfigMap", stub.zone_list()))
}

pub fn missing(place: Place) -> Said {
    let name = place.config_map();
    Said::no(
        Reason::StubZonePending,
        format!(
            "ConfigMap {NAMESPACE}/{name} does not exist, and the operator may change it but not create it: `kubectl -n {NAMESPACE} create configmap {name}`"
        ),
    )
}

pub fn reverted(place: Place, stub: &StubZones) -> Said {
    let message = format!(
        "ConfigMap {NAMESPACE}/{}: somebody or something, most likely an add-on manager or GitOps, took the change for {} back three times, so it is left alone. Make the change there (`chatops-operator dns render` prints it); to have the operator try again set spec.dns.clusterStubZone of every ChatBot to None and back",
        place.config_map(),
        stub.zone_list()
    );
    Said::no(Reason::StubZoneReverted, message)
}

pub fn rolled_back(place: Place, stub: &StubZones) -> Said {
    let message = format!(
        "With {} names resolved worse than before, so the change was taken out. Check that the cluster's DNS pods reach these addresses and that they know the zones; give the operator others with --cluster-dns-upstream, or set spec.dns.clusterStubZone of every ChatBot to None and back to try again",
        in_force(place, stub)
    );
    Said::no(Reason::StubZoneRolledBack, message)
}

pub fn refused(refusal: &Refusal) -> Said {
    let taken = matches!(
        refusal,
        Refusal::Corefile(corefile::Error::Taken(_))
            | Refusal::Custom { source: corefile::Error::Taken(_), .. }
            | Refusal::KubeDns(kube_dns::Error::Taken { .. })
            | Refusal::OwnKeyTaken
    );
    if taken {
        let fix = "It is left as it is: remove it, or take the zone out of --cluster-dns-zone";
        return Said::no(Reason::StubZoneConflict, format!("{refusal}. {fix}"));
    }
    Said::no(Reason::ClusterDNSUnknown, format!("{refusal}. Nothing was changed"))
}

/// The API server does not let the operator write.
pub fn forbidden(words: &str) -> Said {
    Said::no(
        Reason::StubZoneNotAllowed,
        format!(
            "The operator may not change the cluster's DNS: `kubectl apply -k manifests/cluster-dns/apply` grants it ({words})"
        ),
    )
}

pub fn unreadable(words: &str) -> Said {
    Said::new(
        Status::Unknown,
        Reason::ClusterDNSUnknown,
        format!(
            "What serves the cluster's DNS cannot be told: {words}. The operator has to read it: `kubectl apply -k manifests/cluster-dns/diagnose` grants that. Of another kind of DNS server than CoreDNS and kube-dns ask its administrator to forward the zones"
        ),
    )
}

/// What would be done at the server that was found, for somebody who only wants to know.
pub fn diagnosed(objects: &Objects, server: &Server, stub: &StubZones) -> Said {
    let zones = stub.zone_list();
    match command(objects, server, stub) {
        Ok(command) => Said::with_command(
            Reason::StubZoneDiagnosed,
            &format!("The cluster's DNS does not forward {zones}, and nothing was changed. This would do it"),
            command,
        ),
        Err(said) => said,
    }
}

/// The provider manages the server.
pub fn managed(objects: &Objects, server: &Server, stub: &StubZones) -> Said {
    let (who, where_) = match server {
        Server::OpenShift { servers } if commands::openshift_has(servers, stub) => {
            let message = format!(
                "{}: forwarded by spec.servers of dns.operator.openshift.io default",
                stub.zone_list()
            );
            return Said::new(Status::True, Reason::StubZoneApplied, message);
        }
        Server::OpenShift { .. } => ("OpenShift's DNS operator", "in its object default"),
        Server::Eks => ("Amazon EKS", "in the configuration of its add-on coredns"),
        _ => ("Google Cloud DNS", "as forwarding zones of its network"),
    };
    match command(objects, server, stub) {
        Ok(command) => Said::with_command(
            Reason::ClusterDNSManaged,
            &format!(
                "{who} manages the cluster's DNS, and would take a change of the operator back. Make it there, {where_}"
            ),
            command,
        ),
        Err(said) => said,
    }
}

fn command(objects: &Objects, server: &Server, stub: &StubZones) -> Result<String, Said> {
    match (commands::command(objects, server, stub), server) {
        (Ok(Some(command)), _) => Ok(command),
        (Ok(None), Server::Unknown(why)) => Err(unreadable(why)),
        (Ok(None), _) => Err(unreadable("it is of no known kind")),
        (Err(refusal), _) => Err(refused(&refusal)),
    }
}

/// The ChatBot asks for more than the operator's administrator allows.
pub fn not_allowed(mode: &str, asked: &str, wanted: &str) -> String {
    let alternative = match mode {
        "diagnose" => "or set it to Diagnose to see the change",
        _ => "or set it to \"Off\"",
    };
    format!(
        "spec.dns.clusterStubZone asks for {asked}, and the operator was started with --cluster-dns={mode}: its administrator may start it with {wanted} (see manifests/cluster-dns), {alternative}"
    )
}

#[cfg(test)]
mod tests;
