//! The daemons of a cluster and their command lines.

use std::ffi::OsString;
use std::path::Path;

use super::config::{NODE_NAME, POD_NETWORK, SERVICE_NETWORK};
use super::network::Network;
use super::process::Daemon;
use super::state::State;
use super::tools::Tools;

const ETCD_URL: &str = "http://127.0.0.1:2379";
/// containerd pulls through this proxy, where nobody listens: a pull fails at once instead of after the timeouts of
/// a network that leads nowhere, and no test ever depends on a registry.
const NO_PROXY_THERE: &str = "http://127.0.0.1:1";

/// The daemons of one cluster.
#[derive(Debug)]
pub(super) struct Components<'a> {
    pub(super) state: &'a State,
    pub(super) network: &'a Network,
    pub(super) tools: &'a Tools,
}

impl Components<'_> {
    pub(super) fn etcd(&self) -> Daemon {
        let args = Args::default()
            .path("data-dir", &self.state.etcd_data())
            .text("listen-client-urls", ETCD_URL)
            .text("advertise-client-urls", ETCD_URL)
            .text("listen-peer-urls", "http://127.0.0.1:2380")
            // A cluster that ends with the machine has nothing to save from a power cut.
            .flag("unsafe-no-fsync");
        daemon("etcd", self.tools.etcd().as_path(), args)
    }

    pub(super) fn api_server(&self) -> Daemon {
        let pki = self.state.pki();
        let args = Args::default()
            .text("etcd-servers", ETCD_URL)
            .text("advertise-address", &self.network.node_ip().to_string())
            .text("service-cluster-ip-range", SERVICE_NETWORK)
            .text("authorization-mode", "Node,RBAC")
            .text("enable-admission-plugins", "NodeRestriction")
            .flag("allow-privileged")
            .path("tls-cert-file", &pki.join("api-server.crt"))
            .path("tls-private-key-file", &pki.join("api-server.key"))
            .path("client-ca-file", &pki.join("ca.crt"))
            .text("service-account-issuer", "https://kubernetes.default.svc")
            .path("service-account-key-file", &pki.join("service-accounts.pub"))
            .path("service-account-signing-key-file", &pki.join("service-accounts.key"))
            // Without it, logs and exec look the node's name up.
            .text("kubelet-preferred-address-types", "InternalIP")
            .path("kubelet-client-certificate", &pki.join("admin.crt"))
            .path("kubelet-client-key", &pki.join("admin.key"))
            .path("audit-policy-file", &self.state.config("audit-policy.yaml"))
            .path("audit-log-path", &self.state.audit_log())
            // Megabytes; one file and its predecessor, for a cluster that is left running.
            .text("audit-log-maxsize", "500")
            .text("audit-log-maxbackup", "1");
        daemon("kube-apiserver", &self.tools.kubernetes("kube-apiserver"), args)
    }

    pub(super) fn controller_manager(&self) -> Daemon {
        let args = Args::default()
            .path("kubeconfig", &self.state.kubeconfig("controller-manager"))
            .path("service-account-private-key-file", &self.state.pki().join("service-accounts.key"))
            .path("root-ca-file", &self.state.pki().join("ca.crt"))
            .flag("use-service-account-credentials")
            .path("flex-volume-plugin-dir", &self.state.path("volume-plugins"))
            // The default of 20 requests a second delays the start by four seconds.
            .text("kube-api-qps", "1000")
            .text("kube-api-burst", "1000")
            .text("cluster-cidr", POD_NETWORK)
            .off("allocate-node-cidrs")
            .off("leader-elect");
        daemon("kube-controller-manager", &self.tools.kubernetes("kube-controller-manager"), args)
    }

    pub(super) fn scheduler(&self) -> Daemon {
        let args =
            Args::default().path("kubeconfig", &self.state.kubeconfig("scheduler")).off("leader-elect");
        daemon("kube-scheduler", &self.tools.kubernetes("kube-scheduler"), args)
    }

    pub(super) fn proxy(&self) -> Daemon {
        let args = Args::default()
            .path("kubeconfig", &self.state.kubeconfig("proxy"))
            .text("proxy-mode", "nftables")
            .text("cluster-cidr", POD_NETWORK)
            .text("hostname-override", NODE_NAME)
            // These limits belong to the machine, and can't be set from inside a container.
            .text("conntrack-max-per-core", "0")
            .text("conntrack-min", "0");
        daemon("kube-proxy", &self.tools.kubernetes("kube-proxy"), args)
    }

    pub(super) fn kubelet(&self) -> Daemon {
        let args = Args::default()
            .path("config", &self.state.config("kubelet.yaml"))
            .path("kubeconfig", &self.state.kubeconfig("node"))
            .path("root-dir", &self.state.path("kubelet"))
            .path("cert-dir", &self.state.path("kubelet-pki"))
            .text("hostname-override", NODE_NAME)
            .text("node-ip", &self.network.node_ip().to_string());
        daemon("kubelet", &self.tools.kubernetes("kubelet"), args)
    }

    pub(super) fn containerd(&self) -> Daemon {
        let args = Args::default().path("config", &self.state.config("containerd.toml"));
        let proxies = vec![("HTTP_PROXY", NO_PROXY_THERE), ("HTTPS_PROXY", NO_PROXY_THERE)];
        Daemon { environment: proxies, ..daemon("containerd", Path::new("containerd"), args) }
    }

    /// The name server of the world outside the cluster.
    pub(super) fn outside_dns(&self) -> Daemon {
        let mut args = Args::default();
        args.0.extend(["-conf".into(), self.state.config("outside.Corefile").into_os_string()]);
        daemon("outside-dns", &self.tools.coredns(), args)
    }
}

fn daemon(name: &'static str, program: &Path, Args(args): Args) -> Daemon {
    Daemon { name, program: program.to_owned(), args, environment: Vec::new() }
}

/// Command-line options of the form `--name=value`.
#[derive(Default)]
struct Args(Vec<OsString>);

impl Args {
    fn text(mut self, name: &str, value: &str) -> Self {
        self.0.push(format!("--{name}={value}").into());
        self
    }

    fn path(mut self, name: &str, value: &Path) -> Self {
        let mut arg = OsString::from(format!("--{name}="));
        arg.push(value);
        self.0.push(arg);
        self
    }

    fn flag(self, name: &str) -> Self {
        self.text(name, "true")
    }

    fn off(self, name: &str) -> Self {
        self.text(name, "false")
    }
}
