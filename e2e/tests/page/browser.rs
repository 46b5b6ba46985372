//! A headless Chromium, driven by the DevTools protocol: <https://chromedevtools.github.io/devtools-protocol>.

use std::{fs, process::Command, thread, time::Duration};

use anyhow::{Context as _, Result, bail, ensure};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use chatops_e2e::local::{Process, Signal};
use futures::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{
    net::TcpStream,
    time::{Instant, sleep, timeout},
};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, tungstenite::Message as Frame};

/// Generous: what is waited for comes at once unless the machine is busy.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long it may take to end by itself.
const GRACE: Duration = Duration::from_secs(5);
/// Between two looks at a file or a process.
const LOOK: Duration = Duration::from_millis(20);

/// The browser; it ends when this is dropped.
pub struct Browser {
    address: String,
    http: reqwest::Client,
    process: Process,
    // All that it writes.
    _folder: TempDir,
}

impl Drop for Browser {
    /// Ends it with its children, before its folder is removed.
    fn drop(&mut self) {
        self.process.signal(Signal::TERM);
        let deadline = Instant::now() + GRACE;
        while !self.process.has_ended() && Instant::now() < deadline {
            thread::sleep(LOOK);
        }
    }
}

impl Browser {
    pub async fn start() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let mut command = Command::new("chromium");
        // The sandbox wants another user than root.
        command.args(["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]);
        command.args(["--no-first-run", "--disable-background-networking", "--disable-component-update"]);
        command.args(["--hide-scrollbars", "--remote-debugging-port=0", "about:blank"]);
        command.arg(format!("--user-data-dir={}", folder.path().display()));
        command.env("HOME", folder.path()).env("TMPDIR", folder.path());
        let mut process = Process::start(&mut command).context("run e2e/scripts/browser.sh")?;
        let deadline = Instant::now() + PATIENCE;
        // Its lines are the port and a path.
        let port = loop {
            let file = fs::read_to_string(folder.path().join("DevToolsActivePort")).unwrap_or_default();
            if let Some((port, _)) = file.split_once('\n') {
                break port.to_owned();
            }
            ensure!(!process.has_ended(), "chromium ended at once");
            ensure!(Instant::now() < deadline, "chromium does not listen after {PATIENCE:?}");
            sleep(LOOK).await;
        };
        // Another part of the process may have chosen the provider already; either will do.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder().no_proxy().timeout(PATIENCE).build()?;
        Ok(Self { address: format!("127.0.0.1:{port}"), http, process, _folder: folder })
    }

    /// A window of its own.
    pub async fn open(&self, url: &str) -> Result<Tab> {
        let made = self.http.put(format!("http://{}/json/new?about:blank", self.address)).send().await?;
        let made: Value = made.error_for_status()?.json().await?;
        let socket = made["webSocketDebuggerUrl"].as_str().with_context(|| format!("no window: {made}"))?;
        let (socket, _) = timeout(PATIENCE, tokio_tungstenite::connect_async(socket)).await??;
        let mut tab = Tab { socket, calls: 0 };
        tab.resize(1200, 750).await?;
        tab.call("Page.navigate", json!({ "url": url })).await?;
        Ok(tab)
    }
}

/// One window.
pub struct Tab {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    calls: u64,
}

impl Tab {
    async fn call(&mut self, method: &str, params: Value) -> Result<Value> {
        self.calls += 1;
        let call = json!({ "id": self.calls, "method": method, "params": params }).to_string();
        self.socket.send(Frame::Text(call.into())).await?;
        loop {
            let frame = timeout(PATIENCE * 2, self.socket.next()).await.context(method.to_owned())?;
            let Frame::Text(text) = frame.context("the window is closed")?? else { continue };
            let answer: Value = serde_json::from_str(&text)?;
            if answer["id"] != self.calls {
                continue;
            }
            ensure!(answer["error"].is_null(), "{method}: {}", answer["error"]);
            return Ok(answer["result"].clone());
        }
    }

    /// Evaluates JavaScript, and waits for its promise.
    pub async fn evaluate(&mut self, script: &str) -> Result<Value> {
        let params = json!({ "expression": script, "awaitPromise": true, "returnByValue": true });
        let answer = self.call("Runtime.evaluate", params).await?;
        if let Some(thrown) = answer.get("exceptionDetails") {
            bail!("{script}: {}", thrown["exception"]["description"].as_str().unwrap_or("thrown"));
        }
        Ok(answer["result"]["value"].clone())
    }

    /// Waits until an expression of JavaScript is true.
    pub async fn until(&mut self, condition: &str) -> Result<()> {
        let look = format!(
            "new Promise((resolve, reject) => {{
                const look = () => ({condition}) ? resolve() : setTimeout(look, 20);
                setTimeout(() => reject(new Error(document.body.innerText)), {});
                look();
            }})",
            PATIENCE.as_millis()
        );
        self.evaluate(&look).await.map(drop)
    }

    /// Waits until an element is there whose text contains this.
    pub async fn shows(&mut self, selector: &str, text: &str) -> Result<()> {
        self.until(&format!(
            "[...document.querySelectorAll({})].some(found => found.innerText.includes({}))",
            json!(selector),
            json!(text)
        ))
        .await
    }

    /// Clicks the first element whose text contains this.
    pub async fn click(&mut self, selector: &str, text: &str) -> Result<()> {
        self.shows(selector, text).await?;
        self.evaluate(&format!(
            "[...document.querySelectorAll({})].find(found => found.innerText.includes({})).click()",
            json!(selector),
            json!(text)
        ))
        .await
        .map(drop)
    }

    /// Types lines into a field and ends with Enter; between the lines with Shift and Enter.
    pub async fn types(&mut self, selector: &str, text: &str) -> Result<()> {
        self.evaluate(&format!("document.querySelector({}).focus()", json!(selector))).await?;
        for (index, line) in text.split('\n').enumerate() {
            if index > 0 {
                self.press_enter(8).await?;
            }
            self.call("Input.insertText", json!({ "text": line })).await?;
        }
        self.press_enter(0).await?;
        self.until(&format!("document.querySelector({}).value === ''", json!(selector))).await
    }

    /// The modifier of Shift is 8.
    async fn press_enter(&mut self, modifiers: u8) -> Result<()> {
        for kind in ["keyDown", "keyUp"] {
            let key = json!({
                "type": kind, "modifiers": modifiers, "key": "Enter", "code": "Enter", "text": "\r",
                "windowsVirtualKeyCode": 13,
            });
            self.call("Input.dispatchKeyEvent", key).await?;
        }
        Ok(())
    }

    /// Width and height in pixels.
    pub async fn resize(&mut self, width: u32, height: u32) -> Result<()> {
        let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.call("Emulation.setDeviceMetricsOverride", size).await.map(drop)
    }

    /// A picture of what is seen, as PNG.
    pub async fn screenshot(&mut self) -> Result<Vec<u8>> {
        let shot = self.call("Page.captureScreenshot", json!({ "format": "png", "optimizeForSpeed": false }));
        let data = shot.await?["data"].as_str().context("no picture")?.to_owned();
        Ok(BASE64_STANDARD.decode(data)?)
    }
}
