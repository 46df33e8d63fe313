// The script of the dashboard. Pages work without it for reading; it keeps them current, makes the
// requests of forms without leaving the page, and listens to the keyboard.
"use strict";

const body = document.body;
const all = (selector, root = document) => [...root.querySelectorAll(selector)];

// --- keeping the page current -------------------------------------------------------------------

let version = body.dataset.version;
const stale = new Set(); // topics that have changed since the page was last drawn
let isFetching = false;

const topicsOf = (element) => (element.dataset.on || "").split(" ");
const isStale = (element) => stale.has("all") || topicsOf(element).some((topic) => stale.has(topic));

let source;
let offlineTimer;

// A browser has six connections to a server for all of its tabs, so only visible ones listen. When
// one is visible again, the stream begins with what has changed since.
function listen() {
  if (document.hidden) {
    source?.close();
    source = undefined;
  }
  if (document.hidden || source) return;
  source = new EventSource(`${body.dataset.stream}?since=${encodeURIComponent(version)}`);
  source.onopen = () => setOffline(false);
  source.onerror = () => setOffline(true);
  source.onmessage = (event) => {
    const [before, after] = [version, event.lastEventId].map((text) => text.split("-")[0]);
    if (before !== after) return location.reload(); // the server was started again
    JSON.parse(event.data).topics.forEach((topic) => stale.add(topic));
    refresh();
  };
}

// A browser asks again by itself, so a short break, such as a restart, is not worth a word.
function setOffline(isOffline) {
  const show = () => (document.getElementById("offline").hidden = !isOffline);
  if (isOffline) return (offlineTimer ??= setTimeout(show, 3000));
  clearTimeout(offlineTimer);
  offlineTimer = undefined;
  show();
}

async function refresh() {
  if (isFetching || !stale.size) return;
  const elements = all("[data-live]").filter(isStale);
  stale.clear();
  if (!elements.length) return;
  isFetching = true;
  try {
    await draw(elements.map((element) => element.dataset.live));
  } catch {
    if (source?.readyState !== EventSource.OPEN) setOffline(true);
  } finally {
    isFetching = false;
    if (stale.size) refresh();
  }
}

async function draw(names) {
  const url = location.href.split("#")[0];
  const response = await fetch(url, { headers: { "X-Fragments": names.join(" ") } });
  if (response.status === 401) return location.reload();
  const reply = await response.json();
  if (!response.ok) return sayOnce({ ...reply, hint: "This page shows it as it was." });
  lastError = "";
  if (url !== location.href.split("#")[0]) return; // another page of the list by now
  version = reply.version;
  for (const [name, html] of Object.entries(reply.fragments)) {
    const element = document.querySelector(`[data-live="${CSS.escape(name)}"]`);
    const fresh = document.createElement("template");
    fresh.innerHTML = html;
    if (element) morph(element, fresh.content);
  }
  afterDraw();
}

// Make the children of one node like those of another, and keep what is the same: the focus, the
// text in a field and an open <details> survive. What has an id keeps them in another place, too.
function morph(node, fresh) {
  const nexts = [...fresh.childNodes]; // a list of its own: those that are taken over leave `fresh`
  const olds = new Map([...node.childNodes].filter((one) => one.id).map((one) => [one.id, one]));
  const wanted = new Set(nexts.map((next) => next.id).filter(Boolean));
  nexts.forEach((next, index) => {
    const known = olds.get(next.id);
    if (known && known !== node.childNodes[index]) move(node, known, node.childNodes[index]);
    const old = node.childNodes[index];
    if (!old) node.append(next);
    else if (old.nodeType !== next.nodeType || old.nodeName !== next.nodeName || old.id !== next.id) {
      if (wanted.has(old.id)) node.insertBefore(next, old);
      else old.replaceWith(next);
    } else if (old.nodeType !== Node.ELEMENT_NODE) {
      if (old.nodeValue !== next.nodeValue) old.nodeValue = next.nodeValue;
    } else {
      copyAttributes(old, next);
      morph(old, next);
    }
  });
  while (node.childNodes.length > nexts.length) node.lastChild.remove();
}

const move = (node, child, before) =>
  (node.moveBefore || node.insertBefore).call(node, child, before ?? null); // the first keeps the focus

function copyAttributes(old, next) {
  // The attribute alone would not change what somebody has chosen before.
  const isOther = old.hasAttribute("selected") !== next.hasAttribute("selected");
  if (isOther) old.selected = next.hasAttribute("selected");
  for (const { name } of [...old.attributes]) {
    if (!next.hasAttribute(name) && name !== "open") old.removeAttribute(name);
  }
  for (const { name, value } of next.attributes) {
    if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
}

// --- the clocks ---------------------------------------------------------------------------------

const drawnAt = new WeakMap(); // element → the epoch that it was drawn with, and when
const twoDigits = (number) => String(number).padStart(2, "0");

function span(milliseconds) {
  let seconds = Math.ceil(milliseconds / 1000);
  if (seconds <= 0) return "due";
  const parts = [];
  for (const [size, unit] of [[86400, "d"], [3600, "h"], [60, "min"], [1, "s"]]) {
    const count = Math.floor(seconds / size);
    seconds %= size;
    if (count || parts.length) parts.push([count, unit]);
  }
  return "in " + parts.slice(0, 2).filter(([count]) => count).map((part) => part.join(" ")).join(" ");
}

function elapsed(element) {
  const known = drawnAt.get(element);
  if (known && known.epoch === element.dataset.epoch) return performance.now() - known.at;
  drawnAt.set(element, { epoch: element.dataset.epoch, at: performance.now() });
  return 0;
}

function tick() {
  for (const element of all("time[data-ticks]")) {
    const iso = new Date(Number(element.dataset.epoch) + elapsed(element)).toISOString();
    const text = element.dataset.ticks ? iso.slice(11, 19) : iso.slice(0, 19).replace("T", " ");
    if (element.textContent !== text) element.textContent = text;
  }
  const clock = document.querySelector(".top a.clock time[data-ticks]");
  if (!clock) return;
  const now = Number(clock.dataset.epoch) + elapsed(clock);
  for (const element of all("[data-due]")) {
    const text = span(Number(element.dataset.due) - now);
    if (element.textContent !== text) element.textContent = text;
  }
}

function afterDraw() {
  tick();
  markRow();
}

// --- forms --------------------------------------------------------------------------------------

document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (form.matches("[data-filters]")) {
    event.preventDefault();
    return showFiltered(form);
  }
  if (!form.matches("[data-action]")) return;
  event.preventDefault();
  const question = form.elements.confirm?.value;
  if (question && !(await confirmed(question))) return;
  const fields = new FormData(form);
  const data = form.enctype === "multipart/form-data" ? fields : new URLSearchParams(fields);
  if (question) data.set("confirmed", "1");
  const button = event.submitter;
  if (button) button.setAttribute("aria-busy", "true");
  try {
    await send(form.action, data, form);
  } finally {
    if (button) button.removeAttribute("aria-busy");
  }
});

async function send(url, data, form) {
  let outcome;
  try {
    const response = await fetch(url, {
      method: "POST",
      body: data,
      headers: { Accept: "application/json" },
    });
    outcome = await response.json();
  } catch {
    outcome = { ok: false, message: "The server does not respond", hint: "is it still running?" };
  }
  if (outcome.ok && form) reset(form);
  toast(outcome, data.get("token"));
  stale.add("all");
  refresh();
}

// Fields become what the page has, mostly nothing; a choice from a list stays.
function reset(form) {
  const choices = all("select", form).map((list) => [list, list.value]);
  form.reset();
  choices.forEach(([list, value]) => (list.value = value));
}

function confirmed(question) {
  const dialog = document.getElementById("confirm");
  document.getElementById("confirm-text").textContent = question;
  dialog.returnValue = "no";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
  });
}

function toast(outcome, token) {
  const element = document.createElement("div");
  element.className = `toast ${outcome.ok ? "good" : "bad"}`;
  const text = document.createElement("p");
  text.textContent = outcome.message || (outcome.ok ? "Done." : `The status is ${outcome.status}`);
  element.append(text);
  if (outcome.hint) {
    const hint = document.createElement("p");
    hint.className = "muted";
    hint.textContent = outcome.hint;
    element.append(hint);
  }
  if (outcome.undo) element.append(undoButton(outcome.undo, token));
  const close = document.createElement("button");
  close.className = "toast-close";
  close.setAttribute("aria-label", "Close");
  close.textContent = "×";
  close.onclick = () => element.remove();
  element.append(close);
  document.getElementById("toasts").append(element);
  // An error stays until it is read.
  if (outcome.ok) setTimeout(() => element.remove(), outcome.undo ? 20000 : 5000);
}

let lastError = "";

// What the page is about may be removed, by another tab or a reset, and then changes go on.
function sayOnce(outcome) {
  if (outcome.message !== lastError) toast(outcome);
  lastError = outcome.message;
}

function undoButton(snapshot, token) {
  const button = document.createElement("button");
  button.className = "button";
  button.textContent = "Undo";
  button.onclick = () => {
    button.closest(".toast").remove();
    const call = `POST /_emulate/snapshots/${encodeURIComponent(snapshot)}/restore`;
    const data = new URLSearchParams({ token, call, done: "Undone." });
    send(body.dataset.stream.replace(/changes$/, "call"), data);
  };
  return button;
}

// --- filters ------------------------------------------------------------------------------------

let typing;
document.addEventListener("input", (event) => {
  const form = event.target.closest("[data-filters]");
  if (!form) return;
  clearTimeout(typing);
  typing = setTimeout(() => showFiltered(form), event.target.matches("input") ? 150 : 0);
});

function showFiltered(form) {
  clearTimeout(typing);
  const query = new URLSearchParams([...new FormData(form)].filter(([, value]) => value));
  history.replaceState(null, "", `${form.getAttribute("action")}${query.size ? `?${query}` : ""}`);
  draw(all("[data-live]", document.getElementById("main")).map((one) => one.dataset.live));
}

// --- buttons ------------------------------------------------------------------------------------

document.addEventListener("click", async (event) => {
  const copy = event.target.closest("[data-copy]");
  if (copy) {
    await navigator.clipboard.writeText(copy.dataset.copy);
    toast({ ok: true, message: "Copied." });
    return;
  }
  const opener = event.target.closest("[data-open]");
  if (opener) document.getElementById(opener.dataset.open).showModal();
});

// --- the keyboard -------------------------------------------------------------------------------

let current = -1;
let isGoing = false; // after "g"

const rows = () => all("[data-row]");

function markRow() {
  rows().forEach((row, index) => row.toggleAttribute("data-current", index === current));
}

function moveRow(step) {
  const count = rows().length;
  if (!count) return;
  current = Math.min(count - 1, Math.max(0, current + step));
  markRow();
  rows()[current].scrollIntoView({ block: "nearest" });
  rows()[current].querySelector("a, button")?.focus({ preventScroll: true });
}

// Of several sections with one letter, such as Campaigns and Contract, go to the one after this.
function goToSection(key) {
  const links = all("nav.side li a").filter((one) => one.textContent.trim().toLowerCase().startsWith(key));
  const index = links.findIndex((one) => one.getAttribute("aria-current") === "page");
  links[(index + 1) % links.length]?.click();
}

const keys = {
  "/": () => document.getElementById("find").select(),
  "?": () => document.getElementById("keys").showModal(),
  j: () => moveRow(1),
  k: () => moveRow(-1),
  n: () => document.querySelector("a[rel=next]")?.click(),
  p: () => document.querySelector("a[rel=prev]")?.click(),
  g: () => (isGoing = true),
};

document.addEventListener("keydown", (event) => {
  const isWriting = event.target.closest("input, textarea, select, [contenteditable]");
  if (event.key === "Escape" && isWriting) event.target.blur();
  if (isWriting || event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
  if (isGoing) {
    isGoing = false;
    return goToSection(event.key.toLowerCase());
  }
  const action = keys[event.key];
  if (action) {
    event.preventDefault();
    action();
  }
});

// --- begin --------------------------------------------------------------------------------------

document.addEventListener("visibilitychange", listen);
document.querySelector("nav.side [aria-current]").scrollIntoView({ block: "nearest", inline: "center" });
tick();
setInterval(tick, 250);
listen();
