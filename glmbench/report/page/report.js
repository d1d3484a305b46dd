"use strict";
// The page reads without this script: it sorts, filters, and points at reads.

for (const element of document.querySelectorAll(".filter, .scripted")) element.hidden = false;

// Sorting: a button in the head of each column that can be sorted.

const texts = new Intl.Collator("en", { numeric: true });

function keyOf(row, column, kind) {
  const cell = row.cells[column];
  if (kind === "text") return cell.textContent.trim();
  return cell.dataset.value ? Number(cell.dataset.value) : null;
}

function compareKeys(a, b, kind) {
  return kind === "text" ? texts.compare(a, b) : a - b;
}

function sortTable(table, head, direction) {
  const kind = head.dataset.sort;
  const column = head.cellIndex;
  const body = table.tBodies[0];
  const rows = [...body.rows].map((row) => [keyOf(row, column, kind), row]);
  // What was never measured stays last, whichever way.
  rows.sort(([a], [b]) =>
    a === null || b === null ? (a === null) - (b === null) : direction * compareKeys(a, b, kind)
  );
  // Emptied first: to move thousands of rows one by one takes seconds, and this takes none.
  body.replaceChildren();
  body.append(...rows.map(([, row]) => row));
  for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
  head.setAttribute("aria-sort", direction > 0 ? "ascending" : "descending");
}

for (const head of document.querySelectorAll(".sortable th[data-sort]")) {
  const button = document.createElement("button");
  button.type = "button";
  button.append(...head.childNodes);
  head.append(button);
  button.addEventListener("click", () => {
    const ascending = head.getAttribute("aria-sort") === "ascending";
    sortTable(head.closest("table"), head, ascending ? -1 : 1);
  });
}

// Filtering: rows by their words and their status, and with them the streams below.

function applyFilter(form) {
  const wanted = form.querySelector("input").value.trim().toLowerCase();
  const word = form.querySelector("select").value;
  const rows = document.getElementById(form.dataset.filter).tBodies[0].rows;
  let shown = 0;
  for (const row of rows) {
    const fits =
      (!word || row.dataset.word === word) && row.textContent.toLowerCase().includes(wanted);
    row.hidden = !fits;
    shown += fits;
    if (row.dataset.details) document.getElementById(row.dataset.details).hidden = !fits;
  }
  const all = shown === rows.length;
  form.querySelector("output").textContent = all ? "" : `${shown} of ${rows.length} ${form.dataset.what} shown`;
}

for (const form of document.querySelectorAll(".filter")) {
  form.addEventListener("input", () => applyFilter(form));
  form.addEventListener("submit", (event) => event.preventDefault());
}

// A link to a stream opens it.

function openTarget(hash) {
  const target = document.getElementById(hash.slice(1));
  if (!(target instanceof HTMLDetailsElement)) return;
  target.hidden = false;
  target.open = true;
  target.scrollIntoView({ block: "start" });
  target.querySelector("summary").focus({ preventScroll: true });
}

// A link that leads where the page is already changes nothing in its address.
document.addEventListener("click", (event) => {
  const link = event.target.closest("a[href^='#']");
  if (link) openTarget(link.hash);
});
addEventListener("hashchange", () => openTarget(location.hash));
openTarget(location.hash);

// Pointing at reads: the list below a drawing holds what the words beside the pointer show.

class Pointer {
  constructor(strip) {
    this.strip = strip;
    this.rows = [...strip.parentElement.querySelectorAll("tr[data-us]")];
    this.places = this.rows.map((row) => Number(row.dataset.us) / Number(strip.dataset.span));
    this.heads = [...strip.parentElement.querySelectorAll("thead th")].map((th) => th.textContent);
    this.index = -1;
    this.tip = Object.assign(document.createElement("div"), { className: "tip", hidden: true });
    this.cursor = Object.assign(document.createElement("div"), { className: "cursor", hidden: true });
    strip.append(this.cursor, this.tip);
    // As a slider its words are read out, and its keys reach us, in every screen reader.
    const words = strip.getAttribute("aria-label");
    for (const [name, value] of Object.entries({
      role: "slider", tabindex: 0, "aria-label": `Reads over time: ${words}`,
      "aria-valuemin": 1, "aria-valuemax": this.rows.length, "aria-valuenow": 1,
      "aria-valuetext": "no read chosen",
    })) strip.setAttribute(name, value);
    strip.addEventListener("pointermove", (event) => this.showAt(event.clientX));
    strip.addEventListener("pointerdown", (event) => this.showAt(event.clientX));
    strip.addEventListener("pointerleave", () => this.hide());
    strip.addEventListener("keydown", (event) => this.press(event));
    strip.addEventListener("focus", () => {
      if (strip.matches(":focus-visible")) this.show(Math.max(this.index, 0));
    });
    strip.addEventListener("blur", () => this.hide());
  }

  showAt(clientX) {
    const box = this.strip.getBoundingClientRect();
    const place = (clientX - box.left) / box.width;
    let nearest = 0;
    this.places.forEach((each, index) => {
      if (Math.abs(each - place) < Math.abs(this.places[nearest] - place)) nearest = index;
    });
    this.show(nearest);
  }

  press(event) {
    const last = this.rows.length - 1;
    const moves = {
      ArrowRight: this.index + 1, ArrowUp: this.index + 1, ArrowLeft: this.index - 1,
      ArrowDown: this.index - 1, PageUp: this.index + 10, PageDown: this.index - 10,
      Home: 0, End: last,
    };
    if (event.key === "Escape") this.hide();
    if (!(event.key in moves)) return;
    event.preventDefault();
    this.show(Math.min(last, Math.max(0, moves[event.key])));
  }

  show(index) {
    this.index = index;
    const cells = [...this.rows[index].cells];
    const brought = cells.pop();
    const figures = cells.map((cell, i) => `${this.heads[i].toLowerCase()} ${cell.textContent}`);
    const title = `${index + 1} of ${this.rows.length}: ${figures.join(", ")}`;
    const head = Object.assign(document.createElement("b"), { textContent: title });
    const content = brought.textContent.trim() ? [...brought.cloneNode(true).childNodes] : ["nothing but bytes"];
    this.tip.replaceChildren(head, ...content);
    this.tip.hidden = this.cursor.hidden = false;
    const width = this.strip.clientWidth;
    const x = this.places[index] * width;
    this.cursor.style.left = `${x}px`;
    this.tip.style.left = `${Math.min(Math.max(0, x - 40), width - this.tip.offsetWidth)}px`;
    this.strip.setAttribute("aria-valuenow", index + 1);
    this.strip.setAttribute("aria-valuetext", `${title}. ${brought.textContent.trim()}`);
  }

  hide() {
    this.tip.hidden = this.cursor.hidden = true;
  }
}

// Made when its trial is first opened: a page has hundreds of them.
function point(details) {
  for (const strip of details.querySelectorAll(".strip:not([tabindex])")) new Pointer(strip);
}

for (const details of document.querySelectorAll(".trial")) {
  details.addEventListener("toggle", () => point(details));
  if (details.open) point(details);
}
