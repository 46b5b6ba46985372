//! An API server in memory: reads, server-side apply, status subresources, watches, and a hook that answers instead.
//!
//! It knows what the operator uses and no more. Pods are reached through `pods/proxy`, which answers the report that a
//! test has set.

mod apply;
mod store;
mod watch;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard},
};

use axum::body::{Body, to_bytes};
use chatops_crds::bot_report::{BotReport, Envelope};
use http::{Method, Request, Response, StatusCode};
use kube::Client;
use serde_json::{Value, json};
use tokio::sync::watch as channel;

use store::{Key, Store};

/// A request as the operator made it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    pub method: Method,
    pub resource: String,
    pub namespace: String,
    pub name: String,
    /// `status`, or empty.
    pub subresource: String,
}

impl Call {
    pub fn is_write(&self) -> bool {
        self.method != Method::GET
    }
}

/// What happens to a request instead of the usual.
#[derive(Clone, Debug)]
pub enum Fault {
    /// Answered with this status, nothing done.
    Refused(u16, &'static str),
    /// Done, and answered with this status.
    AfterCommit(u16),
    /// Never answered.
    Hang,
}

type Hook = Box<dyn FnMut(&Call) -> Option<Fault> + Send>;

/// Cheap to clone; all clones are one server.
#[derive(Clone)]
pub struct ApiServer(Arc<Inner>);

struct Inner {
    state: Mutex<State>,
    changed: channel::Sender<u64>,
}

#[derive(Default)]
struct State {
    store: Store,
    calls: Vec<Call>,
    hook: Option<Hook>,
    reports: HashMap<String, Envelope>,
    /// Watches of an older epoch end.
    epoch: u64,
    watches_refused: bool,
    /// Requests on Secrets other than creating one, which are refused.
    touched_secrets: Vec<Call>,
}

impl ApiServer {
    pub fn new() -> Self {
        Self(Arc::new(Inner { state: Mutex::default(), changed: channel::channel(0).0 }))
    }

    pub fn client(&self) -> Client {
        let server = self.clone();
        let service = tower::service_fn(move |request: Request<kube::client::Body>| {
            let server = server.clone();
            async move { Ok::<_, std::convert::Infallible>(server.answer(request).await) }
        });
        Client::new(service, "default")
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap()
    }

    fn tell(&self) {
        self.0.changed.send_modify(|count| *count += 1);
    }

    /// Changes the store as a person would, and wakes the watches.
    fn change<T>(&self, change: impl FnOnce(&mut Store) -> T) -> T {
        let result = change(&mut self.state().store);
        self.tell();
        result
    }

    /// Creates an object, or sets in it what `object` sets, as a person would.
    pub fn put(&self, resource: &str, object: Value) {
        let key = Key::of(resource, &object);
        self.change(|store| match store.merge(&key, &object) {
            Ok(_merged) => {}
            Err(_missing) => drop(store.put(&key, object)),
        });
    }

    pub fn get(&self, resource: &str, name: &str) -> Option<Value> {
        self.state().store.get(&Key::new(resource, "prod", name)).cloned()
    }

    /// Edits an object as a person would.
    pub fn edit(&self, resource: &str, name: &str, edit: impl FnOnce(&mut Value)) {
        let key = Key::new(resource, "prod", name);
        let mut object = self.get(resource, name).unwrap_or_else(|| panic!("no {resource} {name}"));
        edit(&mut object);
        self.change(|store| store.put(&key, object));
    }

    pub fn delete(&self, resource: &str, name: &str) {
        self.change(|store| store.delete(&Key::new(resource, "prod", name)));
    }

    /// The same three for an object of namespace `kube-system`.
    pub fn system(&self, resource: &str, name: &str) -> Option<Value> {
        self.state().store.get(&Key::new(resource, "kube-system", name)).cloned()
    }

    pub fn edit_system(&self, resource: &str, name: &str, edit: impl FnOnce(&mut Value)) {
        let mut object = self.system(resource, name).unwrap_or_else(|| panic!("no {resource} {name}"));
        edit(&mut object);
        self.change(|store| store.put(&Key::new(resource, "kube-system", name), object));
    }

    pub fn delete_in(&self, namespace: &str, resource: &str, name: &str) {
        self.change(|store| store.delete(&Key::new(resource, namespace, name)));
    }

    pub fn list(&self, resource: &str) -> Vec<Value> {
        self.state().store.list(resource).cloned().collect()
    }

    /// What pod `name` says from now on; none: it does not answer.
    pub fn report(&self, pod: &str, report: Option<BotReport>) {
        match report {
            Some(report) => self.state().reports.insert(pod.into(), Envelope::new(report)),
            None => self.state().reports.remove(pod),
        };
        self.tell();
    }

    /// Calls `hook` before every request from now on.
    pub fn on_request(&self, hook: impl FnMut(&Call) -> Option<Fault> + Send + 'static) {
        self.state().hook = Some(Box::new(hook));
    }

    pub fn without_faults(&self) {
        self.state().hook = None;
    }

    /// Ends every watch and refuses new ones until [`Self::allow_watches`]; then the operator has to list anew.
    pub fn refuse_watches(&self) {
        let mut state = self.state();
        state.watches_refused = true;
        state.epoch += 1;
        drop(state);
        self.tell();
    }

    pub fn allow_watches(&self) {
        let mut state = self.state();
        state.watches_refused = false;
        state.store.forget_history();
    }

    /// The writes since the last call.
    pub fn take_writes(&self) -> Vec<Call> {
        std::mem::take(&mut self.state().calls).into_iter().filter(Call::is_write).collect()
    }

    /// Requests on Secrets that took more than the right to create one.
    pub fn touched_secrets(&self) -> Vec<Call> {
        self.state().touched_secrets.clone()
    }

    async fn answer(&self, request: Request<kube::client::Body>) -> Response<Body> {
        let (head, body) = request.into_parts();
        let path = head.uri.path().to_owned();
        let query: HashMap<String, String> = head.uri.query().map(parse_query).unwrap_or_default();
        if let Some(pod) = proxied_pod(&path) {
            return self.proxy(&pod, query.get("since")).await;
        }
        let body = to_bytes(Body::new(body), usize::MAX).await.unwrap();
        let call = parse(&head.method, &path);
        let fault = {
            let mut state = self.state();
            state.calls.push(call.clone());
            state.hook.as_mut().and_then(|hook| hook(&call))
        };
        match fault {
            Some(Fault::Hang) => std::future::pending().await,
            Some(Fault::Refused(code, reason)) => Failure::new(code, reason, "a fault").answer(),
            Some(Fault::AfterCommit(code)) => {
                self.handle(&call, &query, &body);
                Failure::new(code, "Timeout", "a fault after the commit").answer()
            }
            None => self.handle(&call, &query, &body),
        }
    }

    fn handle(&self, call: &Call, query: &HashMap<String, String>, body: &[u8]) -> Response<Body> {
        let key = Key::new(&call.resource, &call.namespace, &call.name);
        if call.method == Method::GET && query.contains_key("watch") {
            return self.watch(call, query);
        }
        if call.resource == "dnses" {
            // An API group that is not installed.
            let mut response = Response::new(Body::from("404 page not found\n"));
            *response.status_mut() = StatusCode::NOT_FOUND;
            return response;
        }
        let body: Value = serde_json::from_slice(body).unwrap_or_default();
        if call.resource == "secrets" && call.method != Method::POST {
            self.state().touched_secrets.push(call.clone());
            return Failure::new(403, "Forbidden", "the operator may create Secrets, and nothing else")
                .answer();
        }
        let outcome = match (call.method.clone(), call.name.is_empty()) {
            (Method::GET, true) => return json_answer(&self.state().store.page(call, query)),
            (Method::GET, false) => self.state().store.get(&key).cloned().ok_or_else(|| not_found(call)),
            (Method::POST, true) => self.change(|store| store.create(&call.resource, body)),
            (Method::PATCH, false) => self.change(|store| match query.get("force") {
                Some(_) => store.apply(&key, &call.subresource, &body),
                None => store.merge(&key, &body),
            }),
            (Method::PUT, false) => self.change(|store| store.replace(&key, body)),
            _ => Err(Failure::new(405, "MethodNotAllowed", "not part of this server")),
        };
        outcome.map_or_else(|failure| failure.answer(), |object| json_answer(&object))
    }

    /// The long poll of a bot.
    async fn proxy(&self, pod: &str, since: Option<&String>) -> Response<Body> {
        let mut changed = self.0.changed.subscribe();
        let wait = tokio::time::sleep(std::time::Duration::from_secs(10));
        tokio::pin!(wait);
        loop {
            let report = self.state().reports.get(pod).cloned();
            match report {
                None => return Failure::new(503, "ServiceUnavailable", "the pod does not answer").answer(),
                Some(envelope) if Some(&envelope.hash) != since => return json_answer(&json!(envelope)),
                Some(envelope) => tokio::select! {
                    _ = changed.changed() => {}
                    () = &mut wait => return json_answer(&json!(envelope)),
                },
            }
        }
    }
}

fn proxied_pod(path: &str) -> Option<String> {
    let (_, rest) = path.split_once("/pods/")?;
    let (pod, _) = rest.split_once(":8080/proxy")?;
    Some(pod.to_owned())
}

fn parse(method: &Method, path: &str) -> Call {
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    let rest = if parts[0] == "apis" { &parts[3..] } else { &parts[2..] };
    let (namespace, rest) = match rest {
        ["namespaces", namespace, rest @ ..] if !rest.is_empty() => (*namespace, rest),
        rest => ("", rest),
    };
    let part = |index: usize| rest.get(index).copied().unwrap_or_default().to_owned();
    Call {
        method: method.clone(),
        namespace: namespace.into(),
        resource: part(0),
        name: part(1),
        subresource: part(2),
    }
}

fn parse_query(query: &str) -> HashMap<String, String> {
    let decode = |text: &str| text.replace("%2F", "/").replace("%3D", "=").replace("%2C", ",");
    query.split('&').filter_map(|pair| pair.split_once('=')).map(|(k, v)| (decode(k), decode(v))).collect()
}

fn json_answer(object: &Value) -> Response<Body> {
    Response::new(Body::from(object.to_string()))
}

fn not_found(call: &Call) -> Failure {
    Failure::new(404, "NotFound", format!("{} {:?} not found", call.resource, call.name))
}

/// What the server answers instead of an object.
pub struct Failure {
    code: u16,
    reason: &'static str,
    message: String,
}

impl Failure {
    pub fn new(code: u16, reason: &'static str, message: impl Into<String>) -> Self {
        Self { code, reason, message: message.into() }
    }

    pub fn answer(&self) -> Response<Body> {
        let Self { code, reason, message } = self;
        let status = json!({
            "kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code, "reason": reason, "message": message,
        });
        let mut response = json_answer(&status);
        *response.status_mut() = StatusCode::from_u16(*code).unwrap();
        response
    }
}
