//! The operator's editor of the cluster's DNS, given anything. Panics where something is wrong.

use chatops_operator::cluster_dns::{
    corefile::{apply, read, undo},
    stub_zones::StubZones,
};

fn stub(upstream: &str) -> StubZones {
    StubZones::parse(&["slack.com".into()], &[upstream.into()], "cluster.local").expect("zones")
}

/// A Corefile: refused, or edited so that taking our block out restores it byte for byte.
pub fn corefile(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let _ = read(&text);
    let (old, new) = (stub("8.8.8.8"), stub("[2001:db8::1]:5353"));
    let Ok(edited) = apply(&text, &old) else { return };
    assert_eq!(undo(&edited), undo(&text));
    assert_eq!(apply(&edited, &old).as_ref(), Ok(&edited), "applied twice is once");
    assert_eq!(apply(&edited, &new), apply(&text, &new), "a later choice replaces the former");
    assert!(read(&edited).is_ok());
}
