//! Where the links lead that the simulator hands out. At Slack, Web API, files and sockets are three hosts; a simulator
//! that a test calls by its address is all three of them.

/// Scheme and host for each kind of link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Origin {
    /// `http://127.0.0.1:8080`, for what goes back to the Web API's host.
    pub(crate) web: String,
    /// `https://files.slack.com`
    pub(crate) files: String,
    /// `wss://wss-primary.slack.com`
    pub(crate) sockets: String,
}

impl Origin {
    /// Everything at the host that the app called, since that is where it can reach the simulator.
    pub(crate) fn at(host: &str) -> Self {
        Self {
            web: format!("http://{host}"),
            files: format!("http://{host}"),
            sockets: format!("ws://{host}"),
        }
    }
}

/// Names under which a simulator with TLS is reached, each at port 443.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hosts {
    /// `slack.com`
    pub api: String,
    /// `files.slack.com`
    pub files: String,
    /// `wss-primary.slack.com`
    pub sockets: String,
}

impl Hosts {
    pub(crate) fn origin(&self) -> Origin {
        Origin {
            web: format!("https://{}", self.api),
            files: format!("https://{}", self.files),
            sockets: format!("wss://{}", self.sockets),
        }
    }
}
