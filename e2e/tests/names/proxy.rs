//! No external name resolves, and an HTTP proxy is the only way out (g).

use chatops_e2e::{
    faults::Credentials,
    internet::{Fault, places},
};
use serde_json::json;

use crate::{
    bed::{bot, in_bed, loses_names},
    remedy,
};

#[tokio::test(flavor = "multi_thread")]
async fn g_only_a_proxy_reaches_out() {
    in_bed(|bed, world| async move {
        let proxy = bed.proxy(None).await.expect("a proxy");
        world.ready_bot(bot(json!({}))).await;
        bed.apply(Fault::OnlyProxy).await.expect("the fault is switched on");
        let (condition, told) = loses_names(&world, &["DNSNoExternalNames"]).await;
        remedy::apply(&world, &condition.message, &[("PROXY", &places::PROXY.to_string())]).await;
        let answered = world.answers("!echo by proxy", "by proxy").await;
        println!("OnlyProxy → {} after {told:.1?} → answers after {answered:.1?}", condition.reason);
        assert!(proxy.tunnels() >= 2, "the Web API and the socket go through it");
        world.told("DNSReady", "True", "DNSResolves").await;
    })
    .await;
}

/// The proxy wants a password: the condition says so, and the fix is the Secret that it names.
#[tokio::test(flavor = "multi_thread")]
async fn g_the_proxy_wants_a_password() {
    in_bed(|bed, world| async move {
        let credentials =
            Credentials { user: "who-asks-the-proxy".to_owned(), password: "open sesame, please".to_owned() };
        let _proxy = bed.proxy(Some(credentials.clone())).await.expect("a proxy");
        bed.apply(Fault::OnlyProxy).await.expect("the fault is switched on");
        let url = format!("http://{}:{}", places::PROXY, places::PROXY_PORT);
        world.apply_bot(bot(json!({"network": {"proxy": {"url": url}}}))).await;
        let (condition, _) = world.told("Ready", "False", "ProxyAuthFailed").await;
        let values = [("username", &*credentials.user), ("password", &*credentials.password)];
        world.apply_secret("proxy", &values).await;
        remedy::apply(&world, &condition.message, &[("SECRET", "proxy")]).await;
        let answered = world.answers("!echo by proxy", "by proxy").await;
        println!("proxy without password → {} → answers after {answered:.1?}", condition.reason);
    })
    .await;
}
