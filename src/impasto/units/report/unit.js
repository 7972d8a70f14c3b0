"use strict";

/* One unit of the layer that is shown, and how its cells are found in the sheets. */

function openUnit(number) {
  const before = $("units").querySelector('[aria-selected="true"]');
  if (before) before.ariaSelected = "false";
  unit = number;
  $("unit").hidden = number === null;
  coverRest();
  const name = number === null ? here.name : `${here.name}:${number}`;
  document.title = `${name} – ${report.network}`;
  if (number === null) {
    before?.focus({ preventScroll: true });
    return;
  }
  const option = $("units").children[number];
  option.ariaSelected = "true";
  $("unit").replaceChildren(...unitParts(number, name));
  $("unit").scrollTop = 0;
  if (narrow.matches) $("unit-name").focus();
  else if (!$("unit").contains(document.activeElement)) focusUnit(number);
}

/** On a telephone an open unit covers the page, so nothing behind it can be reached. */
function coverRest() {
  for (const behind of [$("side"), document.querySelector("main")]) {
    behind.inert = unit !== null && narrow.matches;
  }
}

narrow.addEventListener("change", coverRest);

function unitParts(number, name) {
  const dead = data.dead.includes(number);
  const title = make("h2", { id: "unit-name", tabIndex: -1 }, name);
  const note = dead ? `Dead: no ${report.noun} excites it.` : here.size;
  const buttons = [
    ["‹", "Previous unit", () => step(-1)],
    ["›", "Next unit", () => step(1)],
    ["×", "Close", close],
  ].map(([sign, ariaLabel, onclick]) =>
    make("button", { type: "button", ariaLabel, title: ariaLabel, onclick }, sign),
  );
  const cells = Object.keys(data.sheets).map((which) => cellsOf(number, which));
  const finds = data.units[number].map(findItem);
  return [
    make("header", {}, make("div", {}, title, make("p", {}, note)), ...buttons),
    make("div", { className: "cells" }, ...cells),
    make("h3", {}, "Where they were found"),
    make("ol", { id: "finds" }, ...finds),
  ];
}

function cellsOf(number, which) {
  const caption = make("figcaption", {}, KINDS[which]);
  if (which === "maximizations") {
    const picture = make("div", { className: "sprite", role: "img" });
    const noun = report.noun[0].toUpperCase() + report.noun.slice(1);
    picture.ariaLabel = `${noun} made to excite unit ${number}`;
    paint(picture, which, number);
    return make("figure", { className: "whole" }, caption, picture);
  }
  const items = data.units[number].map((entry, rank) => {
    const cell = make("div", { className: "sprite", role: "img" });
    const noun = which === "patches" ? "Patch" : "Projection";
    cell.ariaLabel = `${noun} ${rank + 1} of unit ${number}`;
    if (which !== "patches" || !paintFromPicture(cell, entry)) paint(cell, which, number, rank);
    return make("li", { onclick: () => point(rank) }, cell);
  });
  const list = make("ol", {}, ...items);
  list.style.setProperty("--columns", data.sheets[which].columns);
  return make("figure", {}, caption, list);
}

/** Show where a patch was found, and let it be heard. */
function point(rank) {
  const find = $("finds").children[rank];
  find.scrollIntoView({ block: "nearest" });
  find.querySelector("audio")?.play();
}

function read(entry) {
  const [index, activation, clipped, ...rest] = entry;
  const [file, name, height, width] = data.pictures[index];
  const sides = rest.slice(data.axes);
  const frames = Array.from({ length: sides.length / 4 }, (_, n) => {
    const [top, bottom, left, right] = sides.slice(4 * n, 4 * n + 4);
    return { top, bottom, left, right };
  });
  const path = `pictures/${file}.webp`;
  return { activation, clipped, frames, file, path, name, height, width };
}

/** Cut a patch out of its picture where that has more pixels of it than the sheet. */
function paintFromPicture(cell, entry) {
  const { frames, path, height, width } = read(entry);
  const { top, bottom, left, right } = frames[0];
  const [high, wide] = [bottom - top, right - left];
  const longest = Math.max(high, wide);
  const scale = Math.min(1, data.longest / Math.max(height, width));
  if (data.pixels || longest * scale <= data.sheets.patches.cell) return false;
  show(cell, path, {
    size: [width / wide, height / high],
    place: [part(left, width - wide), part(top, height - high)],
  });
  cell.style.width = `${(wide / longest) * 100}%`;
  cell.style.height = `${(high / longest) * 100}%`;
  return true;
}

function findItem(entry, rank, all) {
  const { activation, clipped, frames, file, path, name, height, width } = read(entry);
  const picture = make("img", { src: path, alt: "", loading: "lazy" });
  picture.style.aspectRatio = `${width} / ${height}`;
  const bar = make("meter", { max: Math.max(read(all[0]).activation, 1e-9), ariaHidden: "true" });
  bar.value = activation ?? 0;
  const caption = make(
    "figcaption",
    {},
    bar,
    make("b", {}, `${rank + 1}   ${rounded(activation)}`),
    clipped ? "   clipped at the border" : "",
    make("br"),
    name,
    placeOf(frames[0]),
  );
  const drawn = frames.map((sides) => frame(sides, { clipped, height, width }));
  const photo = make("div", { className: "photo" }, picture, ...drawn);
  const audio = report.heard_seconds ? [player(frames[0], { file, name, width })] : [];
  return make("li", {}, make("figure", {}, photo, ...audio, caption));
}

function frame({ top, bottom, left, right }, { clipped, height, width }) {
  const element = make("div", { className: clipped ? "frame clipped" : "frame" });
  element.style.left = `${((left + right) / 2 / width) * 100}%`;
  element.style.top = `${((top + bottom) / 2 / height) * 100}%`;
  element.style.width = `${((right - left) / width) * 100}%`;
  element.style.height = `${((bottom - top) / height) * 100}%`;
  return element;
}

/** Play a stretch; a short one with what is around it, so that it can be heard. */
function player({ left, right }, { file, name, width }) {
  const [start, end, length] = [left, right, width].map((samples) => samples / report.rate_hz);
  const missing = Math.max(0, report.heard_seconds - (end - start)) / 2;
  const from = Math.max(0, Math.min(start - missing, length - report.heard_seconds));
  const to = Math.min(length, Math.max(end + missing, report.heard_seconds));
  const src = `pictures/${file}.wav#t=${from.toFixed(3)},${to.toFixed(3)}`;
  const element = make("audio", { src, controls: true, preload: "none" });
  element.ariaLabel = `${name} around ${start.toFixed(3)} s`;
  // Behind the end of the stretch a second play would go on to the end of the sound.
  element.onplay = () => {
    for (const other of document.querySelectorAll("audio")) if (other !== element) other.pause();
    if (element.currentTime >= to - 0.02 || element.currentTime < from) element.currentTime = from;
  };
  element.ontimeupdate = () => {
    if (element.currentTime >= to) element.pause();
  };
  return element;
}

/** Say when a stretch is, where there is time. */
function placeOf({ left, right }) {
  if (!report.rate_hz) return "";
  const [start, end] = [left, right].map((samples) => (samples / report.rate_hz).toFixed(3));
  return ` · ${start} to ${end} s`;
}

/* Sprites: cells and blocks of cells out of sheets. See sheets.py. */

function paint(element, which, number, rank) {
  const sheet = data.sheets[which];
  const most = sheet.across * sheet.down;
  const index = Math.floor(number / most);
  const place = number % most;
  const rows = Math.ceil(Math.min(most, sheet.units - index * most) / sheet.across);
  const [across, down] = rank === undefined ? [1, 1] : [sheet.columns, sheet.rows];
  const column = (place % sheet.across) * across + ((rank ?? 0) % across);
  const row = Math.floor(place / sheet.across) * down + Math.floor((rank ?? 0) / across);
  show(element, `sheets/${sheet.files[index]}`, {
    size: [sheet.across * across, rows * down],
    place: [part(column, sheet.across * across - 1), part(row, rows * down - 1)],
  });
  element.classList.toggle("pixels", data.pixels && which !== "maximizations");
}

/** Show a part of a picture: which of it is how many times smaller, and how far along it stands. */
function show(element, path, { size, place }) {
  element.style.backgroundImage = `url("${path}")`;
  element.style.backgroundSize = size.map((times) => `${times * 100}%`).join(" ");
  element.style.backgroundPosition = place.map((share) => `${share * 100}%`).join(" ");
}

const part = (value, whole) => (whole > 0 ? value / whole : 0);
