//! `chatops-operator dns`, and the flags of `run` that say what the operator may do to the cluster's DNS.

mod render;
mod undo;

use clap::{Subcommand, ValueEnum};

use crate::cluster_dns::{
    Settings,
    stub_zones::{Refused, StubZones},
};

/// Hosts of Slack: the Web API, sockets and files below the one, what files redirect to below the other.
const ZONES: [&str; 2] = ["slack.com", "slack-edge.com"];

/// What the operator may do to the cluster's DNS.
#[derive(clap::Args)]
pub(super) struct Flags {
    /// What may be done to the cluster's own DNS when a ChatBot asks for it (spec.dns.clusterStubZone). off: nothing.
    /// diagnose: read it and tell the change. apply: make the change, which takes the Role in manifests/cluster-dns/apply.
    /// An operator counts the ChatBots that it watches: of several operators on one cluster give `apply` to one only
    #[arg(long, env = "CHATOPS_CLUSTER_DNS", default_value = "off")]
    cluster_dns: Mode,

    /// Name server that the zones are to be asked of, as IP or IP:PORT; may be given several times. Required but for off
    #[arg(long, env = "CHATOPS_CLUSTER_DNS_UPSTREAM", value_delimiter = ',')]
    cluster_dns_upstream: Vec<String>,

    /// Zone to forward; may be given several times. Never `.`, a top-level domain, or the cluster's own
    #[arg(long, env = "CHATOPS_CLUSTER_DNS_ZONE", value_delimiter = ',', default_values = ZONES)]
    cluster_dns_zone: Vec<String>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Mode {
    Off,
    Diagnose,
    Apply,
}

impl Flags {
    /// # Errors
    /// When a zone or an upstream is not to be used.
    pub(super) fn settings(&self, cluster_domain: &str) -> Result<Settings, Refused> {
        let stub = || StubZones::parse(&self.cluster_dns_zone, &self.cluster_dns_upstream, cluster_domain);
        Ok(match self.cluster_dns {
            Mode::Off => Settings::Off,
            Mode::Diagnose => Settings::Diagnose(stub()?),
            Mode::Apply => Settings::Apply(stub()?),
        })
    }
}

#[derive(clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Take everything that the operator wrote out of the cluster's DNS. Before an uninstall: first stop the operator,
    /// or start it with --cluster-dns=off, since it would put its zones back
    Undo,
    /// Print a DNS server's configuration with the stub zones in it, for those who commit it themselves
    Render(render::Args),
}

#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    #[error(transparent)]
    Undo(#[from] undo::Error),
    #[error(transparent)]
    Render(#[from] render::Error),
}

pub(super) fn run(args: &Args) -> Result<(), Error> {
    match &args.command {
        Command::Undo => Ok(undo::run()?),
        Command::Render(args) => Ok(render::run(args)?),
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Typed {
        #[command(flatten)]
        flags: Flags,
    }

    fn settings(args: &str) -> Result<Settings, Refused> {
        let typed = Typed::try_parse_from([&["run"], &args.split(' ').collect::<Vec<_>>()[..]].concat());
        typed.unwrap().flags.settings("cluster.local")
    }

    #[test]
    fn nothing_is_allowed_unless_it_is_said() {
        assert_eq!(settings("--cluster-dns=off"), Ok(Settings::Off));
        assert_eq!(
            Typed::try_parse_from(["run"]).unwrap().flags.settings("cluster.local"),
            Ok(Settings::Off)
        );
        let slack = settings("--cluster-dns=apply --cluster-dns-upstream=8.8.8.8,1.1.1.1").unwrap();
        assert_eq!(slack.stub().unwrap().zone_list(), "slack.com, slack-edge.com");
        assert_eq!(slack.stub().unwrap().upstream_list(" "), "8.8.8.8 1.1.1.1");
    }

    #[test]
    fn what_could_do_harm_is_refused_at_the_start() {
        for (zone, upstream) in [
            (".", "8.8.8.8"),
            ("com", "8.8.8.8"),
            ("cluster.local", "8.8.8.8"),
            ("a.b", "dns.google"),
            ("1.in-addr.arpa", "8.8.8.8"),
        ] {
            let typed =
                format!("--cluster-dns=diagnose --cluster-dns-zone={zone} --cluster-dns-upstream={upstream}");
            assert!(settings(&typed).is_err(), "{typed}");
        }
        assert_eq!(settings("--cluster-dns=apply"), Err(Refused::NoUpstream));
    }
}
