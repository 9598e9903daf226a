"use strict";
// Three things that HTML alone cannot: the search, a button that copies code, and the page's own line in the contents.
const root = document.getElementById("root").href;
const indexAddress = document.currentScript.dataset.index;

// --- the search ---

const input = document.getElementById("search");
const found = document.getElementById("found");
let loading; // the index, loaded when somebody first wants to search

function index() {
  loading ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = new URL(indexAddress.replace(/^\//, ""), root).href;
    script.onload = () => resolve(window.siteIndex);
    script.onerror = () => reject(new Error("the search index could not be loaded"));
    document.head.append(script);
  });
  return loading;
}

// search returns at most a dozen places that have all the words, the best first: in a title, then in a heading, then in the text.
function search(pages, query) {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return [];
  const hasAll = (text) => words.every((w) => text.toLowerCase().includes(w));
  const places = [];
  for (const page of pages) {
    const text = page.text.toLowerCase();
    const inTitle = hasAll(page.title);
    const heading = page.headings.filter((h) => hasAll(h.title)).sort((a, b) => a.title.length - b.title.length)[0];
    if (!inTitle && !heading && !hasAll(page.text)) continue;
    const often = words.reduce((n, w) => n + text.split(w).length - 1, 0);
    places.push({
      title: heading && !inTitle ? `${page.title}: ${heading.title}` : page.title,
      url: page.url + (heading && !inTitle ? "#" + heading.id : ""),
      around: excerpt(page.text, words),
      score: (inTitle ? 1000 : 0) + (heading ? 300 + 100 / heading.title.length : 0) + Math.min(often, 100),
    });
  }
  return places.sort((a, b) => b.score - a.score).slice(0, 12);
}

function excerpt(text, words) {
  const at = Math.max(0, text.toLowerCase().indexOf(words[0]) - 60);
  return (at > 0 ? "…" : "") + text.slice(at, at + 180) + "…";
}

// marked appends the text with the words marked. Nothing of the index is ever taken for HTML.
function marked(element, text, words) {
  const pattern = new RegExp("(" + words.map((w) => w.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).join("|") + ")", "gi");
  text.split(pattern).forEach((part, i) => {
    if (i % 2 === 0) return element.append(part);
    const mark = document.createElement("mark");
    mark.append(part);
    element.append(mark);
  });
}

function show(places, query) {
  const words = query.split(/\s+/).filter(Boolean);
  found.replaceChildren(...places.map((place) => {
    const item = document.createElement("li"), link = document.createElement("a");
    const title = document.createElement("strong"), around = document.createElement("span");
    link.href = new URL(place.url, root).href;
    marked(title, place.title, words);
    marked(around, place.around, words);
    link.append(title, around);
    item.append(link);
    return item;
  }));
  if (places.length === 0 && words.length > 0) {
    const nothing = document.createElement("p");
    nothing.append("Nothing has all of these words.");
    found.append(nothing);
  }
  found.hidden = words.length === 0;
}

async function update() {
  const query = input.value;
  try {
    const places = search(await index(), query);
    if (query === input.value) show(places, query);
  } catch (error) {
    found.replaceChildren(error.message);
    found.hidden = false;
  }
}

function choose(step) {
  const items = [...found.querySelectorAll("li")];
  if (items.length === 0) return;
  const now = items.findIndex((i) => i.classList.contains("chosen"));
  items[now]?.classList.remove("chosen");
  const next = items[(now + step + items.length) % items.length];
  next.classList.add("chosen");
  next.scrollIntoView({ block: "nearest" });
}

input.addEventListener("input", update);
input.addEventListener("focus", () => { if (input.value) update(); });
input.addEventListener("keydown", (event) => {
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    event.preventDefault();
    choose(event.key === "ArrowDown" ? 1 : -1);
  } else if (event.key === "Enter") {
    (found.querySelector(".chosen a") ?? found.querySelector("a"))?.click();
  } else if (event.key === "Escape") {
    found.hidden = true;
    input.blur();
  }
});
document.addEventListener("keydown", (event) => {
  if (event.key === "/" && !/^(INPUT|TEXTAREA)$/.test(document.activeElement.tagName)) {
    event.preventDefault();
    input.focus();
  }
});
document.addEventListener("click", (event) => {
  if (!event.target.closest(".search") || event.target.closest("#found a")) found.hidden = true;
});

// --- copying ---

// typed is what somebody would type of a block: of a terminal's text the commands, without the prompt and what was printed.
function typed(text) {
  if (!/^\$ /m.test(text)) return text;
  let goesOn = false;
  return text.split("\n").filter((line) => {
    const wanted = goesOn || line.startsWith("$ ");
    goesOn = wanted && line.endsWith("\\");
    return wanted;
  }).map((line) => line.replace(/^\$ /, "")).join("\n") + "\n";
}

async function copy(text) {
  if (navigator.clipboard && window.isSecureContext) return navigator.clipboard.writeText(text);
  const area = document.createElement("textarea"); // without HTTPS there is only the old way
  area.value = text;
  document.body.append(area);
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  if (!done) throw new Error("the browser does not let pages copy");
}

for (const pre of document.querySelectorAll("article pre")) {
  if (pre.querySelector("[data-lang=text]")) continue; // what a command shows
  const box = document.createElement("div"), button = document.createElement("button");
  box.className = "code";
  button.textContent = "Copy";
  button.addEventListener("click", async () => {
    try {
      await copy(typed(pre.textContent));
      button.textContent = "Copied";
    } catch {
      button.textContent = "Select it by hand";
    }
    setTimeout(() => { button.textContent = "Copy"; }, 2000);
  });
  pre.replaceWith(box);
  box.append(pre, button);
}

// --- the contents ---

for (const link of document.querySelectorAll("#contents a")) {
  if (link.href.split("#")[0] === location.href.split("#")[0]) {
    link.setAttribute("aria-current", "page");
    link.scrollIntoView({ block: "nearest" });
  }
}
const menu = document.getElementById("menu"), contents = document.getElementById("contents");
menu.addEventListener("click", () => menu.setAttribute("aria-expanded", contents.classList.toggle("open")));
