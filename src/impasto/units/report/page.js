"use strict";

/* The page of a report. What Python wrote comes through deliver(): first the summary, which this
   page waits for, and later the layers, one by one, when they are looked at. */

const KINDS = { patches: "Patches", projections: "Projections", maximizations: "Made to excite" };

let report; // the summary
let here; // the layer that is shown
let data; // what is known of it
let opening; // the promise that it is shown
let unit = null; // the unit that is open, or null
let kind = "patches"; // what the thumbnails show

const $ = (id) => document.getElementById(id);
const narrow = matchMedia("(max-width: 760px)");
const nearby = new IntersectionObserver(paintSeen, { rootMargin: "300px" });

function deliver(name, value) {
  if (name === null) start(value);
  else report.layers.find((layer) => layer.name === name).resolve(value);
}

function load(layer) {
  layer.data ??= new Promise((resolve, reject) => {
    layer.resolve = resolve;
    const script = make("script", { src: `data/${layer.stem}.js` });
    script.onerror = () => reject(new Error(`${script.src} is missing: make the report again.`));
    document.head.append(script);
  });
  return layer.data;
}

/** Make an element. Texts are only ever set as texts, so that no name can be taken for HTML. */
function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

/* Words */

const count = (n, noun, nouns = `${noun}s`) => `${n.toLocaleString("en")} ${n === 1 ? noun : nouns}`;
const rounded = (value) => (value === null ? "not finite" : String(+value.toPrecision(4)));

function factsOf(layer) {
  const dead = layer.dead ? `${layer.dead.toLocaleString("en")} dead` : "";
  const stride = layer.stride ? `stride ${layer.stride}` : "";
  const facts = [layer.size, stride, count(layer.units, "unit"), dead];
  return facts.filter(Boolean).join(" · ");
}

/* The side */

function start(summary) {
  report = summary;
  $("network").textContent = report.network;
  const passedOver = report.passed_over.length;
  const signals = `${count(report.count, report.noun, report.nouns)} from ${report.dataset}`;
  $("dataset").textContent = passedOver ? `${signals}, ${passedOver} passed over` : signals;
  $("passed-over").hidden = !passedOver;
  const reasons = report.passed_over.map(([name, why]) => make("li", {}, `${name}: ${why}`));
  $("passed-over").lastElementChild.append(...reasons);
  const sizes = report.layers.flatMap((layer) => layer.fields.map((field) => field.size));
  $("layers").append(...report.layers.map((layer) => layerItem(layer, Math.max(...sizes))));
  $("names").append(...report.layers.map((layer) => make("option", { value: layer.name })));
  addEventListener("hashchange", follow);
  follow();
}

function layerItem(layer, largest) {
  const square = make("i");
  const shares = layer.fields.map((f) => (f.whole ? 1 : part(f.size, largest)));
  const [height, width] = [1, ...shares].slice(-2);
  square.style.width = `${width * 100}%`;
  square.style.height = `${height * 100}%`;
  const link = make(
    "a",
    { href: addressOf(layer) },
    make("span", { className: "field", ariaHidden: "true" }, square),
    make("b", {}, layer.name),
    make("small", {}, factsOf(layer)),
  );
  return make("li", {}, link);
}

/* The units of a layer */

async function follow() {
  const found = readAddress(location.hash);
  say(found ? "" : "There is no such unit or layer.");
  const target = found ?? { layer: here ?? report.layers[0], unit: null };
  if (!target.layer) return;
  if (target.layer !== here) opening = openLayer(target.layer);
  if ((await opening) && target.layer === here) openUnit(target.unit);
}

/** Show a layer; tell whether it could be shown and is still the one that is wanted. */
async function openLayer(layer) {
  here = layer;
  unit = null;
  $("unit").hidden = true;
  $("units").replaceChildren();
  $("layer").textContent = layer.name;
  $("facts").textContent = factsOf(layer);
  document.querySelector("[aria-current]")?.removeAttribute("aria-current");
  const link = $("layers").children[report.layers.indexOf(layer)].firstChild;
  link.ariaCurrent = "true";
  link.scrollIntoView({ block: "nearest", inline: "nearest" });
  try {
    const loaded = await load(layer);
    if (here !== layer) return false;
    data = loaded;
  } catch (error) {
    if (here === layer) $("facts").textContent = error.message;
    return false;
  }
  if (!data.sheets[kind]) kind = "patches";
  showKinds();
  fillUnits();
  scrollTo(0, 0);
  return true;
}

function showKinds() {
  const buttons = Object.keys(data.sheets).map((which) => {
    const button = make("button", { type: "button" }, KINDS[which]);
    button.ariaPressed = String(which === kind);
    button.onclick = () => {
      kind = which;
      showKinds();
      for (const option of $("units").children) nearby.observe(option);
    };
    return button;
  });
  $("kinds").replaceChildren(...buttons);
}

function fillUnits() {
  const dead = new Set(data.dead);
  const options = data.units.map((_, number) => {
    const picture = make("div", { className: "sprite" });
    const option = make("div", { role: "option" }, picture, make("span", {}, String(number)));
    option.tabIndex = number === 0 ? 0 : -1;
    option.ariaSelected = "false";
    option.ariaLabel = `Unit ${number}${dead.has(number) ? ", dead" : ""}`;
    option.classList.toggle("dead", dead.has(number));
    return option;
  });
  $("units").replaceChildren(...options);
  for (const option of options) nearby.observe(option);
}

function paintSeen(entries) {
  for (const { isIntersecting, target } of entries) {
    if (!isIntersecting || !target.isConnected) continue;
    nearby.unobserve(target);
    const { columns, rows } = data.sheets[kind];
    const { style } = target.firstChild;
    style.aspectRatio = `${columns} / ${rows}`;
    style.setProperty("--columns", columns);
    style.setProperty("--rows", rows);
    paint(target.firstChild, kind, numberOf(target));
  }
}

const numberOf = (option) => Number(option.lastChild.textContent);
