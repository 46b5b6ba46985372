//! What is to be written, given what is there and what ChatBots ask for. Pure: the same world gives the same plan, and a
//! world that is as it should be gives none.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::ConfigMap;

use super::{
    corefile,
    detect::{Objects, Server},
    place::{COREFILE, Data, Place, Refusal, data},
    record::{self, MOST_REVERTS, Record},
    stub_zones::StubZones,
};

/// A ConfigMap as it is to be.
#[derive(Clone, Debug, PartialEq)]
pub struct Write {
    pub place: Place,
    pub config_map: ConfigMap,
    pub record: Option<Record>,
}

/// What leads to stub zones in force.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// They are configured.
    Settled,
    Write(Box<Write>),
    Refused(Refusal),
    /// The ConfigMap does not exist.
    Missing,
    /// Others took it back too often.
    GivenUp,
    /// Names resolved worse with it.
    RolledBack,
}

/// What this process remembers of its own writes, by the name of the ConfigMap: an annotation may get lost.
#[derive(Clone, Debug, Default)]
pub struct Records(BTreeMap<&'static str, Record>);

impl Records {
    pub fn keep(&mut self, place: Place, record: Option<&Record>) {
        match record {
            Some(record) => self.0.insert(place.config_map(), record.clone()),
            None => self.0.remove(place.config_map()),
        };
    }

    fn of(&self, place: Place, config_map: &ConfigMap) -> Option<Record> {
        Record::of(config_map).or_else(|| self.0.get(place.config_map()).cloned())
    }
}

/// The next step to have `stub` in force at `place`.
pub fn towards(
    objects: &Objects,
    server: &Server,
    place: Place,
    stub: &StubZones,
    records: &Records,
) -> Step {
    let Some(config_map) = objects.config_map(place) else { return Step::Missing };
    let record = records.of(place, config_map);
    let before = data(config_map);
    let after = match wanted(objects, server, place, &before, stub, record.as_ref()) {
        Ok(after) => after,
        Err(refusal) => return Step::Refused(refusal),
    };
    let created_key =
        record.as_ref().is_some_and(|record| record.created_key) || !before.contains_key(place.key());
    let same = record.filter(|record| record.stub == *stub);
    match same {
        Some(record) if record.rolled_back => Step::RolledBack,
        _ if after == before => Step::Settled,
        Some(record) if record.reverts >= MOST_REVERTS => Step::GivenUp,
        same => {
            let reverts = same.map_or(0, |record| record.reverts + 1);
            let record = Record { stub: stub.clone(), reverts, rolled_back: false, created_key };
            Step::Write(Box::new(write(place, config_map, after, Some(record))))
        }
    }
}

/// The write that takes `stub` out again because it did harm.
///
/// # Errors
/// When it cannot be told what is ours.
pub fn rolled_back(
    objects: &Objects,
    place: Place,
    stub: &StubZones,
    records: &Records,
) -> Result<Option<Write>, Refusal> {
    let Some(config_map) = objects.config_map(place) else { return Ok(None) };
    let record = records.of(place, config_map);
    let after = place.clear(&data(config_map), record.as_ref())?;
    let record = Record { stub: stub.clone(), reverts: 0, rolled_back: true, created_key: false };
    Ok(Some(write(place, config_map, after, Some(record))))
}

/// What is left of us anywhere but at `except`, and has to go.
pub fn leftovers(objects: &Objects, except: Option<Place>, records: &Records) -> Vec<Result<Write, Refusal>> {
    let others = Place::ALL.into_iter().filter(|place| Some(*place) != except);
    others.filter_map(|place| leftover(objects.config_map(place)?, place, records)).collect()
}

fn leftover(config_map: &ConfigMap, place: Place, records: &Records) -> Option<Result<Write, Refusal>> {
    let before = data(config_map);
    match place.clear(&before, records.of(place, config_map).as_ref()) {
        Ok(after) if after == before && !record::is_on(config_map) => None,
        Ok(after) => Some(Ok(write(place, config_map, after, None))),
        Err(refusal) => Some(Err(refusal)),
    }
}

fn wanted(
    objects: &Objects,
    server: &Server,
    place: Place,
    data: &Data,
    stub: &StubZones,
    record: Option<&Record>,
) -> Result<Data, Refusal> {
    let port = match server {
        Server::Custom { port } => *port,
        _ => corefile::USUAL_PORT,
    };
    let beside = objects.coredns.as_ref().and_then(|coredns| coredns.data.as_ref()?.get(COREFILE));
    if let (Place::Custom, Some(beside)) = (place, beside) {
        corefile::leaves_free(beside, stub, port)?;
    }
    place.set(data, stub, record, port)
}

fn write(place: Place, config_map: &ConfigMap, data: Data, record: Option<Record>) -> Write {
    let mut config_map = config_map.clone();
    config_map.data = (!data.is_empty() || config_map.data.is_some()).then_some(data);
    record::set(&mut config_map, record.as_ref());
    Write { place, config_map, record }
}

#[cfg(test)]
mod tests;
