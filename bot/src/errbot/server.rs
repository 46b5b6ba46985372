//! Errbot's Redis, read and never written: finds keys step by step (never `KEYS`, which stops the server for everybody)
//! and reads values page by page. Knows nothing of what values mean.

use std::{collections::BTreeSet, time::Duration};

use redis::{
    AsyncConnectionConfig, Client, ConnectionAddr, ConnectionInfo, FromRedisValue, IntoConnectionInfo,
    Pipeline, RedisConnectionInfo, RedisError, aio::MultiplexedConnection, cmd, pipe,
};

use crate::secret::Secret;

/// How long connecting may take.
const CONNECT_DEADLINE: Duration = Duration::from_secs(10);

/// How long the server may take to answer: it looks at up to [`STEP`] keys, or gives up to [`PAGE`] values.
const ANSWER_DEADLINE: Duration = Duration::from_secs(30);

/// Keys that the server looks at in one step of a search. A few milliseconds, in which others wait.
const STEP: usize = 1_000;

/// Values that are read at once.
pub const PAGE: usize = 100;

/// How to reach Errbot's Redis.
#[derive(Clone, Debug)]
pub struct Server {
    /// `host:port`.
    pub address: String,
    /// Encrypt, and trust the public authorities.
    pub tls: bool,
    pub database: i64,
    pub username: Option<String>,
    pub password: Option<Secret>,
}

/// Errbot's Redis cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    #[error("\"{0}\" is no address: write host:port")]
    Address(String),
    #[error("cannot connect to Errbot's Redis at {address}: {error}")]
    Connect { address: String, error: RedisError },
    #[error("Errbot's Redis does not answer as it should: {0}")]
    Answer(#[from] RedisError),
}

/// What is under a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stored {
    /// Bytes, and how long they stay; none: forever.
    Bytes(Vec<u8>, Option<Duration>),
    /// Something else than a string; the name that Redis has for it.
    OtherKind(String),
    /// It went since the key was found.
    Gone,
}

/// A connection to Errbot's Redis.
#[derive(Clone, Debug)]
pub struct Reader {
    connection: MultiplexedConnection,
}

impl Server {
    /// # Errors
    /// [`ServerError`] when the server cannot be reached or refuses the credentials or the database.
    pub async fn connect(&self) -> Result<Reader, ServerError> {
        let failed = |error| ServerError::Connect { address: self.address.clone(), error };
        let client = Client::open(self.info()?).map_err(failed)?;
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(CONNECT_DEADLINE))
            .set_response_timeout(Some(ANSWER_DEADLINE));
        let connection =
            client.get_multiplexed_async_connection_with_config(&config).await.map_err(failed)?;
        Ok(Reader { connection })
    }

    fn info(&self) -> Result<ConnectionInfo, ServerError> {
        let (host, port) = self
            .address
            .rsplit_once(':')
            .and_then(|(host, port)| Some((host.to_owned(), port.parse().ok()?)))
            .ok_or_else(|| ServerError::Address(self.address.clone()))?;
        let address = if self.tls {
            ConnectionAddr::TcpTls { host, port, insecure: false, tls_params: None }
        } else {
            ConnectionAddr::Tcp(host, port)
        };
        let mut login = RedisConnectionInfo::default().set_db(self.database).set_skip_set_lib_name();
        if let Some(username) = &self.username {
            login = login.set_username(username);
        }
        if let Some(password) = &self.password {
            login = login.set_password(password.expose());
        }
        Ok(address.into_connection_info()?.set_redis_settings(login))
    }
}

impl Reader {
    /// The next keys that look like Errbot's, and where to go on; 0: that were the last. A key may come twice.
    ///
    /// # Errors
    /// [`ServerError`].
    pub async fn keys(&mut self, from: u64) -> Result<(u64, BTreeSet<Vec<u8>>), ServerError> {
        let mut scan = cmd("SCAN");
        scan.arg(from).arg("MATCH").arg("errbot:*").arg("COUNT").arg(STEP);
        Ok(scan.query_async(&mut self.connection).await?)
    }

    /// What is under each of `keys`.
    ///
    /// # Errors
    /// [`ServerError`].
    pub async fn values(&mut self, keys: &[&[u8]]) -> Result<Vec<Stored>, ServerError> {
        let (mut kinds, mut times) = (pipe(), pipe());
        for key in keys {
            kinds.cmd("TYPE").arg(key);
            times.cmd("PTTL").arg(key);
        }
        let kinds: Vec<String> = self.answers(&kinds).await?;
        let times: Vec<i64> = self.answers(&times).await?;
        // Of what is no string it gives nothing.
        let values: Vec<Option<Vec<u8>>> = cmd("MGET").arg(keys).query_async(&mut self.connection).await?;
        let stored = |((kind, time), value): ((String, i64), _)| match (kind.as_str(), value) {
            (_, Some(bytes)) => Stored::Bytes(bytes, u64::try_from(time).ok().map(Duration::from_millis)),
            ("string" | "none", None) => Stored::Gone,
            (_, None) => Stored::OtherKind(kind),
        };
        Ok(kinds.into_iter().zip(times).zip(values).map(stored).collect())
    }

    async fn answers<T: FromRedisValue>(&mut self, commands: &Pipeline) -> Result<T, ServerError> {
        Ok(commands.query_async(&mut self.connection).await?)
    }
}
