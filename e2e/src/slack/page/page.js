// The page of the simulated Slack: what one person sees of the workspace, kept up to date by long polling of
// `control/view`, and what that person types. Who looks at what stands in the address, so that every window can be
// somebody else.

import { drawModal } from "./modal.js";
import { element, emoji, rendered } from "./mrkdwn.js";
import { laidOut } from "./rich_text.js";

const WAIT_MILLIS = 25_000;
const GIVE_UP_MILLIS = WAIT_MILLIS + 10_000;
const RETRY_MILLIS = 1_000;
// Who reads within so many pixels of the end goes on reading at the end when something comes.
const AT_THE_END = 60;

const byId = (id) => document.getElementById(id);

// The workspace as the person sees it. `messages`: channel id → time stamp → message, in the order of posting.
const seen = { cursor: "", workspace: null, messages: new Map(), unread: new Set(), modal: null, home: null };
// Names, since ids are other ones when the simulator is restarted.
const place = { user: "alice", channel: "general", thread: "", tab: "" };
let looking = new AbortController();

// --- Talking to the simulator

async function call(path, options) {
  const answer = await fetch(`control/${path}`, options);
  const body = await answer.json();
  if (!answer.ok) throw Object.assign(new Error(body.error ?? answer.statusText), { refused: true });
  return body;
}

function post(path, body) {
  return call(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
}

async function follow() {
  for (;;) {
    const signal = AbortSignal.any([looking.signal, AbortSignal.timeout(GIVE_UP_MILLIS)]);
    const look = new URLSearchParams({ user: place.user, cursor: seen.cursor, modal: seen.modal?.hash ?? "", home: seen.home?.hash ?? "", wait_millis: WAIT_MILLIS });
    try {
      take(await call(`view?${look}`, { signal }));
      byId("connection").hidden = true;
    } catch (error) {
      if (looking.signal.aborted) looking = new AbortController();
      else if (error.refused && place.user !== "alice") go({ user: "alice" });
      else {
        byId("connection").hidden = false;
        await new Promise((done) => setTimeout(done, RETRY_MILLIS));
      }
    }
  }
}

function take(view) {
  const { workspace, messages, gone, complete } = view;
  const known = new Set(seen.workspace?.channels.map((channel) => channel.id));
  // What was said in a channel before one came into it is told with everything.
  const isMissingSome = !complete && workspace.channels.some((channel) => !known.has(channel.id));
  if (complete) seen.messages.clear();
  seen.workspace = workspace;
  seen.modal = view.modal;
  seen.home = view.home;
  seen.cursor = isMissingSome ? "" : view.cursor;
  for (const message of messages) {
    if (!seen.messages.has(message.channel)) seen.messages.set(message.channel, new Map());
    const channel = seen.messages.get(message.channel);
    if (!complete && !channel.has(message.ts)) seen.unread.add(message.channel);
    channel.set(message.ts, message);
  }
  for (const { channel, ts } of gone) seen.messages.get(channel)?.delete(ts);
  draw();
}

// --- Where we are

function readPlace() {
  const wanted = new URLSearchParams(location.hash.slice(1));
  const user = wanted.get("user") || "alice";
  if (user !== place.user) {
    drawModal(byId("modal"), null, {});
    Object.assign(seen, { cursor: "", workspace: null, messages: new Map(), unread: new Set(), modal: null, home: null });
    looking.abort();
  }
  Object.assign(place, { user, channel: wanted.get("channel") || "general", thread: wanted.get("thread") || "", tab: wanted.get("tab") || "" });
  document.body.classList.remove("menu");
  byId("menu").setAttribute("aria-expanded", "false");
  draw();
}

function go(change) {
  location.hash = new URLSearchParams({ ...place, thread: "", tab: "", ...change });
}

function nameOf(user) {
  return seen.workspace.users.find(({ id }) => id === user)?.name ?? user;
}

// `#` is no part of a name; a direct message has that of its other end.
function labelOf({ kind, name, members }) {
  if (kind !== "direct") return name;
  return `@${nameOf(members.find((member) => nameOf(member) !== place.user))}`;
}

function channelHere() {
  const { channels } = seen.workspace;
  return channels.find((channel) => labelOf(channel) === place.channel) ?? channels.find(({ name }) => name === "general") ?? channels[0];
}

// --- Drawing

function draw() {
  if (!seen.workspace) return;
  const channel = channelHere();
  seen.unread.delete(channel.id);
  drawSide(channel);
  const label = labelOf(channel);
  const title = channel.kind === "direct" ? label : `${channel.kind === "public" ? "#" : ""}${label}`;
  document.title = `${title} – ${place.user} – simulated Slack`;
  byId("title").textContent = title;
  byId("members").textContent = channel.members.map(nameOf).sort().join(", ");
  byId("text").placeholder = `Message ${title} as ${place.user}`;
  const known = seen.messages.get(channel.id) ?? new Map();
  const messages = [...known.values()];
  // A reply whose thread lost its first message is shown in the channel.
  const isReply = ({ ts, thread_ts }) => thread_ts !== ts && known.has(thread_ts);
  const replies = Map.groupBy(messages.filter(isReply), (message) => message.thread_ts);
  drawMessages(byId("messages"), channel.id, messages.filter((message) => !isReply(message)), replies);
  drawThread(messages);
  drawHome(channel);
  drawModal(byId("modal"), seen.modal, {
    people: seen.workspace.users.filter(({ deleted }) => !deleted).map(({ id, name }) => [id, `@${name}`]),
    channels: seen.workspace.channels.filter(({ kind }) => kind !== "direct").map(({ id, name }) => [id, `#${name}`]),
    send: (values) => post("modal", { user: place.user, values }),
  });
}

// An app has a page of its own beside the messages with it.
function drawHome({ kind, members }) {
  const isOfApp = kind === "direct" && seen.workspace.users.some(({ id, bot }) => bot && members.includes(id));
  const isShown = isOfApp && place.tab === "home";
  byId("tab").hidden = !isOfApp;
  byId("tab").textContent = isShown ? "Messages" : "Home";
  byId("home").hidden = !isShown;
  byId("messages").hidden = isShown;
  byId("composer").hidden = isShown;
  const parts = (seen.home?.view.blocks ?? []).filter(({ type }) => type === "rich_text");
  byId("home").replaceChildren(...parts.flatMap(({ elements }) => laidOut(elements, names())));
}

function drawSide(here) {
  const { team, users, channels } = seen.workspace;
  byId("team").textContent = team.name;
  const people = users.filter(({ bot, deleted }) => !bot && !deleted).map(({ name }) => name).sort();
  const select = byId("person");
  if ([...select.options].map(({ value }) => value).join() !== people.join()) {
    select.replaceChildren(...people.map((name) => element("option", { value: name }, name)));
  }
  select.value = place.user;
  const sorted = channels.toSorted((a, b) => labelOf(a).localeCompare(labelOf(b)));
  fill(byId("channels"), sorted.filter(({ kind }) => kind !== "direct"), here);
  fill(byId("direct"), sorted.filter(({ kind }) => kind === "direct"), here);
}

// The keyboard's focus stays where it is.
function fill(list, channels, here) {
  const focused = list.contains(document.activeElement) ? document.activeElement.dataset.id : undefined;
  list.replaceChildren(...channels.map((channel) => sideItem(channel, here)));
  [...list.querySelectorAll("button")].find(({ dataset }) => dataset.id === focused)?.focus();
}

function sideItem(channel, here) {
  const label = labelOf(channel);
  const sign = { public: "# ", private: "🔒 " }[channel.kind] ?? "";
  const button = element("button", { type: "button", "data-id": channel.id }, sign + label);
  if (channel === here) button.setAttribute("aria-current", "page");
  if (seen.unread.has(channel.id)) {
    button.classList.add("unread");
    button.append(element("span", { class: "unseen" }, ", unread"));
  }
  button.addEventListener("click", () => go({ channel: label }));
  return element("li", {}, button);
}

function drawThread(messages) {
  const inThread = messages.filter(({ ts, thread_ts }) => place.thread && (ts === place.thread || thread_ts === place.thread));
  byId("thread").hidden = inThread.length === 0;
  drawMessages(byId("replies"), place.thread, inThread, null);
}

// Draws what is new or other than before, and leaves the rest as it stands: a selection or a place of reading.
// Another channel or thread is read from its end.
function drawMessages(list, of, messages, replies) {
  const isAtEnd = list.dataset.of !== of || list.scrollHeight - list.scrollTop - list.clientHeight < AT_THE_END;
  const old = new Map([...list.children].map((item) => [item.dataset.ts, item]));
  list.dataset.of = of;
  let changed = false;
  let next = list.firstElementChild;
  for (const message of messages) {
    const below = replies?.get(message.ts)?.length ?? 0;
    const state = JSON.stringify([place.user, message, below]);
    let item = old.get(message.ts);
    if (item?.state !== state) {
      const drawn = drawMessage(message, replies !== null, below);
      drawn.state = state;
      if (item) item.replaceWith(drawn);
      if (item && item === next) next = drawn;
      item = drawn;
      changed = true;
    }
    if (item === next) next = next.nextElementSibling;
    else list.insertBefore(item, next);
  }
  while (next) {
    const after = next.nextElementSibling;
    next.remove();
    next = after;
  }
  if (changed && isAtEnd) list.scrollTop = list.scrollHeight;
}

function drawMessage(message, hasThreads, replies) {
  const author = message.username ?? message.author;
  const posted = new Date(Number(message.ts) * 1000);
  const time = posted.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
  const head = element(
    "p",
    { class: "head" },
    element("strong", {}, author),
    ...(message.bot_id ? [element("span", { class: "badge" }, "App")] : []),
    element("time", { datetime: posted.toISOString(), title: posted.toLocaleString() }, time),
  );
  const body = element("div", { class: "body" }, head, element("div", { class: "text" }, ...textOf(message)));
  if (message.edited) body.lastElementChild.append(element("span", { class: "note" }, " (edited)"));
  body.append(...buttonsOf(message), ...filesOf(message), ...reactionsOf(message));
  if (message.visible_to) body.append(element("p", { class: "note" }, "Only visible to you"));
  if (hasThreads && !message.visible_to) body.append(threadButton(message, replies));
  const picture = element("span", { class: message.bot_id ? "picture app" : "picture", "aria-hidden": "true" }, author.slice(0, 1).toUpperCase());
  const item = element("li", { class: message.visible_to ? "message ephemeral" : "message" }, picture, body);
  item.dataset.ts = message.ts;
  return item;
}

// What people type, and plain text of apps, is Slack's mark-up. Blocks are laid out as lines by the simulator; parts that
// do something when clicked belong here.
function textOf(message) {
  const sections = (message.blocks ?? []).filter(({ type }) => type !== "actions");
  if (sections.length && !message.attachments?.length && sections.every(({ type, text }) => type === "section" && text?.type === "mrkdwn")) {
    return sections.flatMap(({ text }) => rendered(text.text, names()));
  }
  const texts = (message.blocks ?? []).filter(({ type }) => type === "rich_text");
  if (message.bot_id && texts.length && texts.length === message.blocks.length) {
    return texts.flatMap(({ elements }) => laidOut(elements, names()));
  }
  const isPlain = !message.attachments?.length && (message.blocks ?? []).every(({ type }) => type === "rich_text");
  const escaped = () => message.text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
  return rendered(isPlain && message.wire_text ? message.wire_text : escaped(), names());
}

function names() {
  return {
    user: nameOf,
    channel: (id) => seen.workspace.channels.find((channel) => channel.id === id)?.name ?? id,
    me: seen.workspace.users.find(({ name }) => name === place.user)?.id,
  };
}

function buttonsOf({ blocks, channel, ts }) {
  const elements = (blocks ?? []).filter(({ type }) => type === "actions").flatMap(({ elements }) => elements);
  const buttons = elements.filter(({ type }) => type === "button").map(({ action_id, text }) => {
    const button = element("button", { type: "button", class: "action" }, text.text);
    button.addEventListener("click", () => post("press", { user: place.user, channel, ts, text: action_id }));
    return button;
  });
  return buttons.length ? [element("p", {}, ...buttons)] : [];
}

function filesOf({ files }) {
  return files.map(({ id, name, title, size }) =>
    element("p", {}, element("a", { href: `control/files/${encodeURIComponent(id)}`, download: name }, title || name), ` ${size} bytes`),
  );
}

function reactionsOf({ reactions }) {
  if (reactions.length === 0) return [];
  const items = reactions.map(({ name, users }) =>
    element("li", { title: `:${name}: ${users.map(nameOf).join(", ")}` }, `${emoji(name)} ${users.length}`),
  );
  return [element("ul", { class: "reactions", "aria-label": "Reactions" }, ...items)];
}

function threadButton({ ts }, replies) {
  const label = ["Reply in thread", "1 reply"][replies] ?? `${replies} replies`;
  const button = element("button", { type: "button", class: replies ? "thread" : "thread none" }, label);
  button.addEventListener("click", () => {
    go({ thread: ts });
    openThread = true;
  });
  return button;
}

// --- Typing

// Whether the thread that the address will name was opened here, and the reply comes next.
let openThread = false;

function compose(form, send) {
  const field = form.querySelector("textarea");
  const problem = form.querySelector(".problem");
  field.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    form.requestSubmit();
  });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (!field.value.trim() || field.readOnly) return;
    field.readOnly = true;
    try {
      await send(field.value);
      field.value = "";
      problem.textContent = "";
      const list = form.previousElementSibling;
      list.scrollTop = list.scrollHeight;
    } catch (error) {
      problem.textContent = error.refused ? error.message : "Not sent: the simulator does not answer.";
    }
    field.readOnly = false;
    field.focus();
  });
}

const type = (text, thread_ts) => post("type", { user: place.user, channel: channelHere().id, text, thread_ts });
compose(byId("composer"), (text) => type(text, null));
compose(byId("reply-composer"), (text) => type(text, place.thread));

byId("person").addEventListener("change", ({ target }) => go({ user: target.value }));
byId("close").addEventListener("click", () => {
  go({});
  byId("text").focus();
});
byId("tab").addEventListener("click", () => {
  if (place.tab === "home") return go({});
  post("home", { user: place.user });
  go({ tab: "home" });
});
byId("menu").addEventListener("click", () => {
  const isOpen = document.body.classList.toggle("menu");
  byId("menu").setAttribute("aria-expanded", String(isOpen));
});
addEventListener("hashchange", () => {
  readPlace();
  if (openThread) byId("reply").focus();
  openThread = false;
});

readPlace();
follow();
