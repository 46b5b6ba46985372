//! Name look-up and TCP. A name is looked up anew for every connection, so that a new address is taken up at once.

use std::{net::SocketAddr, time::Duration};

use futures::{StreamExt, stream::FuturesUnordered};
use tokio::{
    net::{TcpStream, lookup_host},
    time::{Instant, sleep, timeout, timeout_at},
};

use super::{Target, Unreachable};

/// How long one address may take before the next is tried too (RFC 8305, "Connection Attempt Delay").
const STAGGER: Duration = Duration::from_millis(250);

/// Opens a connection to `target`, where the look-up may take `resolve` and everything must be done at `end`.
pub(super) async fn connect(
    target: &Target,
    resolve: Duration,
    end: Instant,
) -> Result<TcpStream, Unreachable> {
    let addresses = look_up(&target.host, target.port, resolve).await?;
    let stream = match timeout_at(end, race(&addresses)).await {
        Ok(connected) => connected?,
        Err(_) => return Err(Unreachable::timeout("no TCP connection")),
    };
    // What is sent is small and urgent. Where that cannot be set it only takes longer.
    let _ = stream.set_nodelay(true);
    Ok(stream)
}

async fn look_up(host: &str, port: u16, deadline: Duration) -> Result<Vec<SocketAddr>, Unreachable> {
    match timeout(deadline, lookup_host((host, port))).await {
        Ok(Ok(addresses)) => Ok(addresses.collect()),
        Ok(Err(_)) | Err(_) => Err(Unreachable::Name { host: host.to_owned() }),
    }
}

/// The first connection that opens. An address that does not answer must not keep the others from being tried.
async fn race(addresses: &[SocketAddr]) -> Result<TcpStream, Unreachable> {
    let mut waiting = addresses.iter();
    let mut attempts = FuturesUnordered::new();
    let mut failure = Unreachable::new("other", "the name has no address");
    loop {
        match waiting.next() {
            Some(address) => attempts.push(TcpStream::connect(address)),
            None if attempts.is_empty() => return Err(failure),
            None => (),
        }
        let stagger = if waiting.len() == 0 { Duration::MAX } else { STAGGER };
        tokio::select! {
            Some(outcome) = attempts.next() => match outcome {
                Ok(stream) => return Ok(stream),
                Err(error) => failure = Unreachable::from_error(&error),
            },
            () = sleep(stagger) => (),
        }
    }
}
