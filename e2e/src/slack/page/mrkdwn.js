// Slack's mark-up as nodes of a document. Whatever somebody wrote becomes text nodes, never markup of the page.

// Emoji that bots like, by Slack's names; others stay `:name:`.
const EMOJI = new Map(Object.entries({
  "+1": "👍", "-1": "👎", bulb: "💡", clock1: "🕐", eyes: "👀", fire: "🔥", heart: "❤️", heavy_check_mark: "✔️",
  hourglass: "⌛", hourglass_flowing_sand: "⏳", information_source: "ℹ️", lock: "🔒", no_entry: "⛔", ok_hand: "👌",
  pray: "🙏", question: "❓", robot_face: "🤖", rocket: "🚀", smile: "😄", tada: "🎉", thinking_face: "🤔", warning: "⚠️",
  wave: "👋", white_check_mark: "✅", x: "❌",
}));

// What stands first in a line of text wins; within code and `<…>` nothing else is looked for.
const INLINE = new RegExp(
  [
    "`(?<code>[^`\\n]+)`",
    "<(?<token>[^<>\\n]+)>",
    ":(?<emoji>[a-z0-9_+-]+):",
    ...[["bold", "\\*"], ["italic", "_"], ["strike", "~"]].map(
      ([name, mark]) => `(?<![\\p{L}\\p{N}${mark}])${mark}(?<${name}>[^\\s${mark}](?:[^\\n]*?[^\\s${mark}])??)${mark}(?![\\p{L}\\p{N}${mark}])`,
    ),
  ].join("|"),
  "gu",
);

// An element with these attributes and children; strings become text.
export function element(name, attributes, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

export function emoji(name) {
  return EMOJI.get(name) ?? `:${name}:`;
}

// The nodes for a text as the API carries it. `names` tells users, channels and who reads:
// `{ user: id => name, channel: id => name, me: id }`.
export function rendered(wire, names) {
  const parts = wire.split("```");
  // A fence that is not closed is text.
  if (parts.length % 2 === 0) parts.push(parts.splice(-2).join("```"));
  return parts.flatMap((part, index) => {
    if (index % 2 === 1) return [element("pre", {}, element("code", {}, ...literal(part.replace(/^\n|\n$/g, ""), names)))];
    return paragraphs(part, index > 0, names);
  });
}

// Lines of text, and quotes out of neighbouring lines that begin with `>`.
function paragraphs(text, afterCode, names) {
  const groups = [];
  for (const line of (afterCode ? text.replace(/^\n/, "") : text).split("\n")) {
    const quoted = /^(?:&gt;|>) ?/.exec(line);
    const last = groups.at(-1);
    const content = quoted ? line.slice(quoted[0].length) : line;
    if (last && last.quoted === Boolean(quoted)) last.lines.push(content);
    else groups.push({ quoted: Boolean(quoted), lines: [content] });
  }
  return groups.flatMap(({ quoted, lines }) => {
    const nodes = inline(lines.join("\n"), names);
    return quoted ? [element("blockquote", {}, ...nodes)] : nodes;
  });
}

function inline(text, names) {
  const nodes = [];
  let end = 0;
  for (const match of text.matchAll(INLINE)) {
    nodes.push(decoded(text.slice(end, match.index)), ...piece(match, names));
    end = match.index + match[0].length;
  }
  nodes.push(decoded(text.slice(end)));
  return nodes.filter((node) => node !== "");
}

function piece({ 0: whole, groups: { code, token, emoji: name, bold, italic, strike } }, names) {
  if (code !== undefined) return [element("code", {}, ...literal(code, names))];
  if (token !== undefined) return [tokenNode(token, names)];
  if (name !== undefined) return [emoji(name)];
  if (bold !== undefined) return [element("strong", {}, ...inline(bold, names))];
  if (italic !== undefined) return [element("em", {}, ...inline(italic, names))];
  if (strike !== undefined) return [element("s", {}, ...inline(strike, names))];
  return [decoded(whole)];
}

// Code: links and mentions, but no emphasis.
function literal(text, names) {
  return text.split(/(<[^<>\n]+>)/).map((part, index) => (index % 2 ? tokenNode(part.slice(1, -1), names) : decoded(part)));
}

// What stands between `<` and `>`: a link, a person, a channel, all of a channel.
export function tokenNode(token, names) {
  const bar = token.indexOf("|");
  const [target, label] = bar < 0 ? [token, ""] : [token.slice(0, bar), token.slice(bar + 1)];
  if (target.startsWith("@")) {
    const id = target.slice(1);
    return element("span", { class: id === names.me ? "mention me" : "mention" }, `@${names.user(id)}`);
  }
  if (target.startsWith("#")) return element("span", { class: "mention" }, `#${label ? decoded(label) : names.channel(target.slice(1))}`);
  if (target.startsWith("!")) {
    const all = ["!here", "!channel", "!everyone"].includes(target);
    return all ? element("span", { class: "mention me" }, `@${target.slice(1)}`) : decoded(label || `@${target.slice(1)}`);
  }
  const address = decoded(target);
  if (!/^(https?:\/\/|mailto:)/i.test(address)) return decoded(label) || `<${address}>`;
  return element("a", { href: address, target: "_blank", rel: "noopener noreferrer" }, decoded(label) || address);
}

function decoded(text) {
  return text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");
}
