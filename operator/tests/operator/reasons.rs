//! Every reason has its entry in the troubleshooting guide, and every entry is a reason.

use std::collections::BTreeSet;

use chatops_crds::shared::conditions::Reason;

#[test]
fn every_reason_is_explained_and_nothing_else_is() {
    let guide = include_str!("../../../docs/troubleshooting.md");
    let explained: BTreeSet<&str> =
        guide.lines().filter_map(|line| line.strip_prefix("### ")).map(str::trim).collect();
    let reasons: BTreeSet<&str> = Reason::ALL.iter().map(|reason| reason.as_str()).collect();
    assert_eq!(explained, reasons);
}
