"use strict";

/* How one gets about: addresses, search, keys and clicks. */

/* Addresses: "#relu4_1" and "#relu4_1:37". */

function addressOf(layer, number = null) {
  return `#${encodeURIComponent(layer.name)}${number === null ? "" : `:${number}`}`;
}

function readAddress(hash) {
  if (!hash) return { layer: report.layers[0], unit: null };
  const [, name, number] = hash.match(/^#(.*?)(?::(\d+))?$/s);
  try {
    return find(decodeURIComponent(name), number) ?? search(decodeURIComponent(hash.slice(1)));
  } catch {
    return undefined; // damaged %-escapes
  }
}

function find(name, number) {
  const layer = report.layers.find((layer) => layer.name === name);
  if (!layer) return undefined;
  if (number === undefined) return { layer, unit: null };
  return Number(number) < layer.units ? { layer, unit: Number(number) } : undefined;
}

/** Understand "37", "relu4_1" and "relu4_1:37". */
function search(text) {
  const [, name, number] = text.match(/^(?:(.*):)?\s*(\d+)$/s) ?? [];
  const layer = name === undefined ? (here ?? report.layers[0]).name : name.trim();
  return find(text) ?? (number && find(layer, number));
}

/* Steps */

const searchField = $("search").querySelector("input");

function go(number) {
  if (unit === null) {
    location.hash = addressOf(here, number);
  } else {
    history.replaceState(null, "", addressOf(here, number)); // so that "back" closes the unit
    openUnit(number);
  }
}

function close() {
  if (unit !== null) location.hash = addressOf(here);
}

function focusUnit(number) {
  const options = $("units");
  options.querySelector('[tabindex="0"]')?.setAttribute("tabindex", "-1");
  options.children[number].tabIndex = 0;
  options.children[number].focus();
}

/** Go some units on, from the one that is open or else from the one that has the focus. */
function step(by) {
  const focused = document.activeElement.closest('[role="option"]');
  const from = unit ?? (focused && numberOf(focused));
  const first = $("units").querySelector('[tabindex="0"]');
  if (from === null) return first && focusUnit(numberOf(first));
  const to = Math.min(Math.max(from + by, 0), here.units - 1);
  return unit === null ? focusUnit(to) : go(to);
}

function stepLayer(by) {
  const layer = report.layers[report.layers.indexOf(here) + by];
  if (layer) location.hash = addressOf(layer);
}

const columns = () => getComputedStyle($("units")).gridTemplateColumns.split(" ").length;
const say = (text) => ($("search").querySelector("output").textContent = text);

const KEYS = {
  ArrowLeft: () => step(-1),
  ArrowRight: () => step(1),
  ArrowUp: () => step(-columns()),
  ArrowDown: () => step(columns()),
  Home: () => step(-Infinity),
  End: () => step(Infinity),
  Escape: close,
  "[": () => stepLayer(-1),
  "]": () => stepLayer(1),
  "/": () => searchField.focus(),
};

addEventListener("keydown", (event) => {
  const { key, target } = event;
  if (event.ctrlKey || event.metaKey || event.altKey || !here) return;
  if (target.matches("input")) {
    if (key === "Escape") target.blur();
    return;
  }
  const option = target.closest('[role="option"]');
  const scrolls = ["ArrowUp", "ArrowDown", "Home", "End"].includes(key) && $("unit").contains(target);
  const opens = option && (key === "Enter" || key === " ");
  const action = opens ? () => go(numberOf(option)) : KEYS[key];
  if (!action || scrolls) return;
  event.preventDefault();
  action();
});

$("units").addEventListener("click", (event) => {
  const option = event.target.closest('[role="option"]');
  if (option) go(numberOf(option));
});

searchField.addEventListener("focus", () => searchField.select());

$("search").addEventListener("submit", (event) => {
  event.preventDefault();
  const text = searchField.value.trim();
  const target = search(text);
  say(target ? "" : complaint(text));
  if (!target) return;
  searchField.blur();
  location.hash = addressOf(target.layer, target.unit);
});

function complaint(text) {
  const [, name = here.name] = text.match(/^(?:(.*):)?\s*\d+$/s) ?? [null, text];
  const layer = find(name.trim())?.layer;
  return layer ? `${layer.name} has units 0 to ${layer.units - 1}.` : `There is no layer ${name}.`;
}
