//! `storage import --from errbot`. Everything is read and decoded before anything is written, so that what cannot be
//! carried over is known first.

use std::collections::VecDeque;

use chatops_crds::bot_config::SecretSource;
use futures::future::BoxFuture;

use super::{
    Failure,
    copy::Writing,
    place::Place,
    show::{self, Progress},
};
use crate::{
    errbot::{
        Counting, Decoded, Home, Loss, Mapping, PAGE, Place as Origin, Reader, Reason, Server, Stored, decode,
    },
    secret,
    storage::Entry,
    transfer::{Carrier, Item, Record, Records, verify},
};

/// Of whom Errbot's credentials are read.
const USERNAME: &str = "ERRBOT_REDIS_USERNAME";
const PASSWORD: &str = "ERRBOT_REDIS_PASSWORD";

#[derive(Debug, clap::Args)]
pub(super) struct FromErrbot {
    /// Errbot's Redis; rediss://HOST:PORT if it is encrypted. Credentials come from ERRBOT_REDIS_USERNAME and
    /// ERRBOT_REDIS_PASSWORD.
    #[arg(long, value_name = "HOST:PORT", requires = "from")]
    redis: Option<String>,

    /// Number of the logical database in Errbot's Redis.
    #[arg(long, value_name = "N", default_value_t = 0, requires = "redis")]
    database: i64,

    /// Name of the BotPlugin that takes over the values of a plugin of Errbot. Default: the same name, in lower case with
    /// - for spaces.
    #[arg(long, value_name = "ERRBOT=BOTPLUGIN", requires = "redis")]
    map: Vec<String>,

    /// Carry over the others, though some values cannot be.
    #[arg(long, requires = "redis")]
    partial: bool,

    /// The values were written by jsonpickle 1, which counts objects in another way.
    #[arg(long, requires = "redis")]
    jsonpickle_1: bool,
}

impl FromErrbot {
    async fn server(&self) -> Result<Server, Failure> {
        let address = self.redis.as_deref().unwrap_or_default();
        let (tls, address) = match address.split_once("://") {
            Some(("rediss", address)) => (true, address),
            Some(("redis", address)) => (false, address),
            _ => (false, address),
        };
        let is_set = |variable: &str| std::env::var_os(variable).is_some();
        let username = std::env::var(USERNAME).ok();
        let password = match is_set(PASSWORD) {
            true => Some(secret::read(&SecretSource::Env(PASSWORD.to_owned())).await?),
            false => None,
        };
        let address = address.trim_end_matches('/').to_owned();
        Ok(Server { address, tls, database: self.database, username, password })
    }
}

pub(super) async fn run(to: &Place, options: &FromErrbot, writing: Writing) -> Result<(), Failure> {
    let mapping = Mapping::new(options.map.iter().map(String::as_str))?;
    let server = options.server().await?;
    let mut reader = server.connect().await?;
    let found = find(&mut reader, &mapping).await?;
    if let Some(clash) = Mapping::clashes(found.iter().map(|(origin, _)| origin)).into_iter().next() {
        return Err(clash.into());
    }
    let counting = if options.jsonpickle_1 { Counting::NotDicts } else { Counting::DictsToo };
    let again = |reader: &Reader| Values::new(reader.clone(), &found, counting);
    let findings = plan(again(&reader)).await?;
    show::say(format_args!("Errbot's Redis {}: {}", server.address, show::values(found.len() as u64)));
    findings.show();
    let lost = findings.lost.len() as u64;
    if lost > 0 && !options.partial && !writing.dry_run {
        return Err(Failure::NothingCarried(show::values(lost)));
    }
    let located = to.locate_or_make()?;
    let kept = located.open().await?;
    let storage = &*kept.storage;
    show::say(format_args!("to {}", located.shown()));
    let Writing { overwrite, dry_run } = writing;
    let carrier = Carrier { target: storage, overwrite, dry_run };
    let total = Some(found.len() as u64);
    let carried = {
        let progress = Progress::start("importing", total);
        carrier.carry(&mut again(&reader), || progress.seen()).await?
    };
    if dry_run {
        return show::outcome(&carried, None, lost);
    }
    let progress = Progress::start("reading back", total);
    let verified = verify(storage, &mut again(&reader), &carried, || progress.seen()).await?;
    drop(progress);
    show::outcome(&carried, Some(verified), lost)
}

/// Where values are, and their keys in Redis.
type Found = Vec<(Origin, Vec<u8>)>;

/// Finds all keys of Errbot's.
async fn find(reader: &mut Reader, mapping: &Mapping) -> Result<Found, Failure> {
    let progress = Progress::start("looking for keys", None);
    let (mut keys, mut from) = (std::collections::BTreeSet::new(), 0);
    loop {
        let (next, found) = reader.keys(from).await?;
        found.iter().for_each(|_| progress.seen());
        keys.extend(found);
        from = next;
        if from == 0 {
            break;
        }
    }
    let mut found: Found = keys
        .into_iter()
        .filter_map(|key| Some((mapping.place(&String::from_utf8_lossy(&key))?, key)))
        .collect();
    found.sort();
    Ok(found)
}

/// Decodes all values without keeping them.
async fn plan(mut values: Values<'_>) -> Result<Findings, Failure> {
    let progress = Progress::start("decoding", Some(values.found.len() as u64));
    while values.next().await?.is_some() {
        progress.seen();
    }
    Ok(values.findings)
}

/// What there is to say of values.
#[derive(Default)]
struct Findings {
    lost: Vec<Item>,
    approximated: Vec<Item>,
    /// Errbot's own.
    left: Vec<Item>,
}

impl Findings {
    fn show(&self) {
        show::list("Approximated", &self.approximated);
        show::list("Left: Errbot's own data, which the YAML of ChatBot and BotPlugins replaces", &self.left);
        show::list("Cannot be carried over", &self.lost);
    }
}

/// The values that can be carried over, read page by page.
struct Values<'a> {
    reader: Reader,
    found: &'a Found,
    position: usize,
    page: VecDeque<Record>,
    counting: Counting,
    findings: Findings,
}

impl<'a> Values<'a> {
    fn new(reader: Reader, found: &'a Found, counting: Counting) -> Values<'a> {
        Values { reader, found, position: 0, page: VecDeque::new(), counting, findings: Findings::default() }
    }

    async fn step(&mut self) -> Result<Option<Record>, Failure> {
        loop {
            if let Some(record) = self.page.pop_front() {
                return Ok(Some(record));
            }
            let rest = self.found.get(self.position..).unwrap_or_default();
            let page = rest.get(..PAGE).unwrap_or(rest);
            if page.is_empty() {
                return Ok(None);
            }
            self.position += page.len();
            let keys: Vec<&[u8]> = page.iter().map(|(_, key)| key.as_slice()).collect();
            let stored = self.reader.values(&keys).await?;
            for ((origin, key), stored) in page.iter().zip(stored) {
                self.take(origin, key, stored);
            }
        }
    }

    fn take(&mut self, origin: &Origin, key: &[u8], stored: Stored) {
        let item = |reason: String| Item { plugin: origin.errbot.clone(), key: origin.key.clone(), reason };
        let plugin = match &origin.home {
            Home::Plugin(plugin) => plugin,
            Home::Errbots => return self.findings.left.push(item("not a value of a plugin".to_owned())),
            Home::Unknown => {
                let reason = "no name of a BotPlugin can be made of that of the plugin: give one with --map";
                return self.findings.lost.push(item(reason.to_owned()));
            }
        };
        let (decoded, ttl) = match stored {
            // It ran out, or Errbot deleted it.
            Stored::Gone => return,
            Stored::OtherKind(kind) => (Err(whole(Reason::NotAString(kind))), None),
            Stored::Bytes(bytes, ttl) => match (std::str::from_utf8(key), String::from_utf8(bytes)) {
                (Ok(_), Ok(text)) => (decode(&text, self.counting), ttl),
                _ => (Err(whole(Reason::NotText)), None),
            },
        };
        match decoded {
            Ok(Decoded { value, notes }) => {
                self.findings.approximated.extend(notes.iter().map(|note| item(note.to_string())));
                self.page.push_back(Record::new(plugin, Entry { key: origin.key.clone(), value, ttl }));
            }
            Err(loss) => self.findings.lost.push(item(loss.to_string())),
        }
    }
}

fn whole(reason: Reason) -> Loss {
    Loss { at: String::new(), reason }
}

impl Records for Values<'_> {
    type Error = Failure;

    fn next(&mut self) -> BoxFuture<'_, Result<Option<Record>, Failure>> {
        Box::pin(self.step())
    }
}
