//! `chatops-operator dns render`: a file in, the edited file out; no cluster.

use std::{
    fs,
    io::{self, Read, Write},
    path::{Path, PathBuf},
};

use clap::ValueEnum;

use super::ZONES;
use crate::cluster_dns::{
    corefile, kube_dns,
    stub_zones::{Refused, StubZones},
};

#[derive(clap::Args)]
pub(in crate::cli) struct Args {
    /// Whose configuration it is. coredns: a Corefile. kube-dns: the JSON of key stubDomains
    #[arg(long)]
    server: Server,

    /// Zone to forward; may be given several times
    #[arg(long, value_delimiter = ',', default_values = ZONES)]
    zone: Vec<String>,

    /// Name server to ask, as IP or IP:PORT; may be given several times
    #[arg(long, value_delimiter = ',', required = true)]
    upstream: Vec<String>,

    /// DNS domain of the cluster
    #[arg(long, env = "CHATOPS_CLUSTER_DOMAIN", default_value = "cluster.local")]
    cluster_domain: String,

    /// The file; `-`: standard input
    #[arg(default_value = "-")]
    file: PathBuf,
}

#[derive(Clone, Copy, ValueEnum)]
enum Server {
    Coredns,
    KubeDns,
}

#[derive(Debug, thiserror::Error)]
pub(in crate::cli) enum Error {
    #[error(transparent)]
    Refused(#[from] Refused),
    #[error("cannot read {path}: {source}")]
    Read { path: String, source: io::Error },
    #[error("cannot write to standard output: {0}")]
    Write(#[source] io::Error),
    #[error("{path}: {source}")]
    Corefile { path: String, source: corefile::Error },
    #[error("{path}: {source}")]
    KubeDns { path: String, source: kube_dns::Error },
}

pub(super) fn run(args: &Args) -> Result<(), Error> {
    let stub = StubZones::parse(&args.zone, &args.upstream, &args.cluster_domain)?;
    let path = args.file.display().to_string();
    let before = read(&args.file).map_err(|source| Error::Read { path: path.clone(), source })?;
    let after = match args.server {
        Server::Coredns => {
            corefile::apply(&before, &stub).map_err(|source| Error::Corefile { path, source })?
        }
        Server::KubeDns => {
            let before = Some(before.as_str()).filter(|text| !text.trim().is_empty());
            kube_dns::apply(before, &stub, None).map_err(|source| Error::KubeDns { path, source })?
        }
    };
    io::stdout().lock().write_all(after.as_bytes()).map_err(Error::Write)
}

fn read(file: &Path) -> io::Result<String> {
    if file == Path::new("-") {
        let mut text = String::new();
        io::stdin().lock().read_to_string(&mut text)?;
        return Ok(text);
    }
    fs::read_to_string(file)
}
