// Blocks of rich text as nodes of a document.

import { element, emoji, tokenNode } from "./mrkdwn.js";

// The nodes for the elements of a block. `names` as in mrkdwn.js.
export function laidOut(elements, names) {
  return elements.flatMap((part) => {
    const inner = () => part.elements.flatMap((child) => inline(child, names));
    switch (part.type) {
      case "rich_text_list": return [listOf(part, names)];
      case "rich_text_preformatted": return [element("pre", {}, element("code", {}, ...inner()))];
      case "rich_text_quote": return [element("blockquote", {}, ...inner())];
      default: return [element("div", {}, ...inner())];
    }
  });
}

function listOf({ style, indent = 0, offset = 0, elements }, names) {
  const items = elements.map(({ elements: children }) => element("li", {}, ...children.flatMap((child) => inline(child, names))));
  const attributes = { class: `indent-${indent}`, ...(style === "ordered" ? { start: offset + 1 } : {}) };
  return element(style === "ordered" ? "ol" : "ul", attributes, ...items);
}

function inline(part, names) {
  switch (part.type) {
    case "text": return [styled(part.text, part.style)];
    case "link": return [styled(tokenNode(`${escaped(part.url).replaceAll("|", "%7C")}|${escaped(part.text ?? part.url)}`, names), part.style)];
    case "user": return [tokenNode(`@${part.user_id}`, names)];
    case "channel": return [tokenNode(`#${part.channel_id}`, names)];
    case "emoji": return [emoji(part.name)];
    default: return [];
  }
}

function escaped(text) {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

function styled(content, style = {}) {
  const tags = { code: "code", bold: "strong", italic: "em", strike: "s" };
  return Object.entries(tags).reduce((node, [name, tag]) => (style[name] ? element(tag, {}, node) : node), content);
}
