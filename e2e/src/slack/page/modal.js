// A modal as a dialog: its inputs as those of the page, and what was filled in as Slack tells it to the app.

import { element } from "./mrkdwn.js";

// What a person can choose from: `people` and `channels` are `[id, label]`. `send` gets the states of all inputs by block and
// action, or null where the modal is closed.
export function drawModal(dialog, modal, { people, channels, send }) {
  if (!modal) {
    if (dialog.open) dialog.close();
    delete dialog.dataset.hash;
    return;
  }
  if (dialog.dataset.hash === modal.hash) return;
  const isSame = dialog.dataset.id === modal.id;
  Object.assign(dialog.dataset, { hash: modal.hash, id: modal.id });
  if (isSame) return tell(dialog, modal.errors);
  const fields = modal.view.blocks.filter(({ type }) => type === "input").map((block) => field(block, { people, channels }));
  const form = element("form", { method: "dialog" }, element("h2", {}, modal.view.title.text), ...fields.map(({ row }) => row));
  const cancel = element("button", { type: "button", class: "cancel" }, modal.view.close?.text ?? "Cancel");
  form.append(element("p", { class: "buttons" }, cancel, element("button", { type: "submit" }, modal.view.submit?.text ?? "Submit")));
  cancel.addEventListener("click", () => send(null));
  dialog.oncancel = () => send(null);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    send(Object.fromEntries(fields.map(({ block, state }) => [block.block_id, { [block.element.action_id]: state() }])));
  });
  dialog.replaceChildren(form);
  tell(dialog, modal.errors);
  if (!dialog.open) dialog.showModal();
}

function tell(dialog, errors) {
  for (const place of dialog.querySelectorAll("[data-block]")) place.textContent = errors[place.dataset.block] ?? "";
}

// One input with its label, and a function that tells its state; null is empty.
function field(block, choices) {
  const { input, state } = inputOf(block.element, choices);
  const id = `field-${block.block_id}`;
  input.id = id;
  const label = element("label", { for: id }, block.optional ? `${block.label.text} (optional)` : block.label.text);
  const problem = element("p", { class: "problem", role: "alert", "data-block": block.block_id });
  const hint = block.hint ? [element("p", { class: "note" }, block.hint.text)] : [];
  return { block, state, row: element("div", { class: "field" }, label, input, problem, ...hint) };
}

function inputOf(given, { people, channels }) {
  const isMany = given.type.startsWith("multi_");
  const kind = given.type.replace("multi_", "");
  if (kind === "plain_text_input" && given.multiline) return text(element("textarea", { rows: "3" }), given);
  if (kind === "number_input") {
    const limits = { min: given.min_value, max: given.max_value, step: given.is_decimal_allowed ? "any" : "1" };
    const known = Object.entries(limits).filter(([, value]) => value !== undefined);
    return text(element("input", { type: "number", ...Object.fromEntries(known) }), given);
  }
  if (kind === "datepicker") {
    const input = element("input", { type: "date", value: given.initial_date ?? "" });
    return { input, state: () => (input.value ? { selected_date: input.value } : null) };
  }
  if (kind === "checkboxes") {
    const [only] = given.options;
    const input = element("input", { type: "checkbox", ...(given.initial_options ? { checked: "" } : {}) });
    return { input, state: () => (input.checked ? { selected_options: [only] } : null) };
  }
  if (kind === "static_select") {
    const options = given.options.map((option) => [option.value, option.text.text]);
    const initial = given.initial_options ?? [given.initial_option].filter(Boolean);
    const byValue = (value) => given.options.find((option) => option.value === value);
    return choice(options, initial.map(({ value }) => value), isMany, (values) =>
      isMany ? { selected_options: values.map(byValue) } : { selected_option: byValue(values[0]) },
    );
  }
  if (kind === "users_select") {
    const initial = given.initial_users ?? [given.initial_user].filter(Boolean);
    return choice(people, initial, isMany, (values) => (isMany ? { selected_users: values } : { selected_user: values[0] }));
  }
  if (kind === "conversations_select") {
    const initial = given.initial_conversations ?? [given.initial_conversation].filter(Boolean);
    return choice(channels, initial, isMany, (values) =>
      isMany ? { selected_conversations: values } : { selected_conversation: values[0] },
    );
  }
  return text(element("input", { type: "text" }), given);
}

function text(input, given) {
  input.value = given.initial_value ?? "";
  if (given.max_length) input.maxLength = given.max_length;
  return { input, state: () => (input.value ? { value: input.value } : null) };
}

function choice(options, initial, isMany, state) {
  const none = isMany ? [] : [element("option", { value: "" }, "—")];
  const shown = options.map(([value, label]) => element("option", { value, ...(initial.includes(value) ? { selected: "" } : {}) }, label));
  const input = element("select", isMany ? { multiple: "" } : {}, ...none, ...shown);
  const chosen = () => [...input.selectedOptions].map(({ value }) => value).filter(Boolean);
  return { input, state: () => (chosen().length ? state(chosen()) : null) };
}
