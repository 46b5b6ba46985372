//! Faults that the tests inject from outside, between processes that know nothing of them.

mod connect_proxy;
mod steps;
mod tcp_proxy;

pub use connect_proxy::{ConnectProxy, Credentials};
pub use steps::Steps;
pub use tcp_proxy::TcpProxy;
