//! Slack's hosts behind TLS, directly and through the proxy.

use std::net::Ipv4Addr;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use chatops_e2e::faults::Credentials;
use chatops_e2e::internet::{Fault, Internet, places};
use futures::StreamExt;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::sleep;
use tokio_tungstenite::tungstenite::Message;

use crate::query::{CLUSTER_DNS, udp};
use crate::{LOOK, SOON, client};

/// Where the cluster's name server says that a host is, once it says so.
async fn found(bed: &Internet, host: &str) -> Result<Ipv4Addr> {
    let began = Instant::now();
    loop {
        let said = udp(bed.cluster(), CLUSTER_DNS, host);
        if let Ok(address) = said.parse() {
            return Ok(address);
        }
        ensure!(began.elapsed() < SOON, "{host}: {said}");
        sleep(LOOK).await;
    }
}

async fn call(bed: &Internet, method: &str, token: &str) -> Result<Value> {
    let host = places::SLACK_HOSTS[0];
    let stream = client::connect(bed.cluster(), found(bed, host).await?, 443)?;
    client::call(client::tls(bed, host, stream).await?, host, method, token).await
}

pub async fn is_three_hosts_behind_tls(bed: &Internet) -> Result<()> {
    ensure!(bed.slack().api_url() == "https://slack.com/api", "{}", bed.slack().api_url());
    let opened = call(bed, "apps.connections.open", &bed.slack().app_token()).await?;
    let url = opened["url"].as_str().context("a URL")?;
    ensure!(url.starts_with("wss://wss-primary.slack.com/link/?ticket="), "{opened}");
    let upload = call(bed, "files.getUploadURLExternal", &bed.slack().bot_token()).await?;
    let upload = upload["upload_url"].as_str().with_context(|| upload.to_string())?;
    ensure!(upload.starts_with("https://files.slack.com/upload/v1/"), "{upload}");
    let files = client::connect(bed.cluster(), found(bed, "files.slack.com").await?, 443)?;
    client::tls(bed, "files.slack.com", files).await?;

    let host = places::SLACK_HOSTS[2];
    let stream = client::connect(bed.cluster(), found(bed, host).await?, 443)?;
    let stream = client::tls(bed, host, stream).await?;
    let (mut socket, _) = tokio_tungstenite::client_async(url, stream).await?;
    let hello = socket.next().await.context("a frame")??;
    ensure!(matches!(&hello, Message::Text(text) if text.contains("hello")), "{hello:?}");
    Ok(())
}

pub async fn is_reached_through_a_proxy_that_wants_a_password(bed: &Internet) -> Result<()> {
    bed.apply(Fault::OnlyProxy).await?;
    let credentials = Credentials { user: "bot".to_owned(), password: "open sesame".to_owned() };
    let proxy = bed.proxy(Some(credentials)).await?;
    let host = places::SLACK_HOSTS[0];
    let request = |header: &str| format!("CONNECT {host}:443 HTTP/1.1\r\nHost: {host}:443\r\n{header}\r\n");

    let connect = || client::connect(bed.cluster(), places::PROXY, places::PROXY_PORT);
    let refused = client::exchange(connect()?, &request("")).await?;
    ensure!(
        refused.starts_with("HTTP/1.1 407 ") && refused.contains("Proxy-Authenticate: Basic"),
        "{refused}"
    );
    ensure!(proxy.tunnels() == 0);

    let mut stream = connect()?;
    let known = "Proxy-Authorization: Basic Ym90Om9wZW4gc2VzYW1l\r\n";
    stream.write_all(request(known).as_bytes()).await?;
    let mut answer = [0; "HTTP/1.1 200 Connection Established\r\n\r\n".len()];
    stream.read_exact(&mut answer).await?;
    ensure!(answer.starts_with(b"HTTP/1.1 200 "), "{}", String::from_utf8_lossy(&answer));
    let stream = client::tls(bed, host, stream).await?;
    let said = client::call(stream, host, "auth.test", &bed.slack().bot_token()).await?;
    ensure!(said["ok"] == true && proxy.tunnels() == 1, "{said}");
    bed.clear(Fault::OnlyProxy).await
}
