//! Faults that the tests inject from outside, between processes that know nothing of them.

mod tcp_proxy;

pub use tcp_proxy::TcpProxy;
