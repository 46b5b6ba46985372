//! The same world gives the same plan, and nobody is fought for ever.

use serde_json::json;

use super::*;

const COREFILE_TEXT: &str = ".:53 {\n    forward . /etc/resolv.conf\n    reload\n}\n";

fn stub(upstream: &str) -> StubZones {
    StubZones::parse(&["slack.com".into()], &[upstream.into()], "cluster.local").unwrap()
}

fn config_map(key: &str, value: &str) -> ConfigMap {
    serde_json::from_value(json!({"metadata": {"resourceVersion": "7"}, "data": {key: value}})).unwrap()
}

fn coredns(value: &str) -> Objects {
    Objects { coredns: Some(config_map("Corefile", value)), ..Objects::default() }
}

fn step(objects: &Objects, stub: &StubZones) -> Step {
    let server = Server::Corefile { reloads: true };
    towards(objects, &server, Place::Corefile, stub, &Records::default())
}

fn written(step: Step) -> (Objects, Record) {
    let Step::Write(write) = step else { panic!("{step:?}") };
    (Objects { coredns: Some(write.config_map), ..Objects::default() }, write.record.unwrap())
}

#[test]
fn a_change_is_written_once_and_taken_out_without_a_trace() {
    let before = coredns(COREFILE_TEXT);
    let (after, record) = written(step(&before, &stub("8.8.8.8")));
    assert_eq!((record.reverts, record.rolled_back), (0, false));
    assert_eq!(after.coredns.as_ref().unwrap().metadata.resource_version.as_deref(), Some("7"));
    assert_eq!(step(&after, &stub("8.8.8.8")), Step::Settled);
    let gone = leftovers(&after, None, &Records::default()).remove(0).unwrap();
    assert_eq!(Some(gone.config_map), before.coredns);
    assert_eq!(leftovers(&before, None, &Records::default()), []);
    assert_eq!(leftovers(&after, Some(Place::Corefile), &Records::default()), []);
}

#[test]
fn what_others_take_back_is_written_twice_more_and_then_left() {
    let mut objects = coredns(COREFILE_TEXT);
    let original = data(objects.coredns.as_ref().unwrap());
    for reverts in 0..=MOST_REVERTS {
        let (after, record) = written(step(&objects, &stub("8.8.8.8")));
        assert_eq!(record.reverts, reverts);
        objects = after;
        objects.coredns.as_mut().unwrap().data = Some(original.clone());
    }
    assert_eq!(step(&objects, &stub("8.8.8.8")), Step::GivenUp);
    let (_, record) = written(step(&objects, &stub("9.9.9.9")));
    assert_eq!(record.reverts, 0, "another choice of the administrator is tried");
    assert!(leftovers(&objects, None, &Records::default())[0].is_ok(), "the annotation goes");
}

#[test]
fn the_memory_of_the_process_stands_in_for_an_annotation_that_got_lost() {
    let (after, record) = written(step(&coredns(COREFILE_TEXT), &stub("8.8.8.8")));
    let mut records = Records::default();
    records.keep(Place::Corefile, Some(&Record { reverts: MOST_REVERTS, ..record }));
    drop(after);
    let server = Server::Corefile { reloads: true };
    let step = towards(&coredns(COREFILE_TEXT), &server, Place::Corefile, &stub("8.8.8.8"), &records);
    assert_eq!(step, Step::GivenUp);
}

#[test]
fn what_was_rolled_back_is_not_tried_again() {
    let (after, _) = written(step(&coredns(COREFILE_TEXT), &stub("8.8.8.8")));
    let write = rolled_back(&after, Place::Corefile, &stub("8.8.8.8"), &Records::default()).unwrap().unwrap();
    assert_eq!(data(&write.config_map), data(coredns(COREFILE_TEXT).coredns.as_ref().unwrap()));
    let objects = Objects { coredns: Some(write.config_map), ..Objects::default() };
    assert_eq!(step(&objects, &stub("8.8.8.8")), Step::RolledBack);
    assert!(matches!(step(&objects, &stub("9.9.9.9")), Step::Write(_)));
}

#[test]
fn a_key_that_was_not_there_is_not_there_afterwards() {
    for (place, key) in [(Place::KubeDns, "upstreamNameservers"), (Place::Custom, "their.server")] {
        let theirs = config_map(key, if place == Place::KubeDns { "[\"8.8.8.8\"]" } else { "a.b { }" });
        let objects = |config_map: ConfigMap| match place {
            Place::KubeDns => Objects { kube_dns: Some(config_map), ..Objects::default() },
            _ => Objects { custom: Some(config_map), ..Objects::default() },
        };
        let server = if place == Place::KubeDns { Server::KubeDns } else { Server::Custom { port: 53 } };
        let before = objects(theirs.clone());
        let step = towards(&before, &server, place, &stub("8.8.8.8"), &Records::default());
        let Step::Write(write) = step else { panic!("{step:?}") };
        let after = objects(write.config_map);
        assert_eq!(towards(&after, &server, place, &stub("8.8.8.8"), &Records::default()), Step::Settled);
        let gone = leftovers(&after, None, &Records::default()).remove(0).unwrap();
        assert_eq!(gone.config_map, theirs);
    }
}

#[test]
fn that_a_key_was_not_there_is_remembered_over_a_change_of_the_flags() {
    let before = Objects { kube_dns: Some(ConfigMap::default()), ..Objects::default() };
    let mut objects = before.clone();
    for upstream in ["8.8.8.8", "9.9.9.9"] {
        let step = towards(&objects, &Server::KubeDns, Place::KubeDns, &stub(upstream), &Records::default());
        let Step::Write(write) = step else { panic!("{step:?}") };
        objects.kube_dns = Some(write.config_map);
    }
    let gone = leftovers(&objects, None, &Records::default()).remove(0).unwrap();
    assert_eq!(data(&gone.config_map), Data::new());
}

#[test]
fn a_zone_that_the_corefile_serves_is_a_conflict_also_beside_it() {
    let mut objects = coredns("slack.com:53 { }\n.:53 { }\nimport custom/*.server\n");
    objects.custom = Some(ConfigMap::default());
    let server = Server::Custom { port: 53 };
    let step = towards(&objects, &server, Place::Custom, &stub("8.8.8.8"), &Records::default());
    assert!(matches!(step, Step::Refused(Refusal::Corefile(corefile::Error::Taken(_)))), "{step:?}");
}

#[test]
fn a_config_map_that_does_not_exist_is_not_made() {
    assert_eq!(step(&Objects::default(), &stub("8.8.8.8")), Step::Missing);
}
