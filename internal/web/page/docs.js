// The page that shows /openapi.json and lets one try it. Text goes into the page as
// text, never as markup.
"use strict";

function el(tag, attributes, ...children) {
  const e = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value !== undefined) e.setAttribute(name, value);
  }
  for (const child of children.flat()) {
    if (child !== undefined && child !== null) e.append(child);
  }
  return e;
}

// prose shows `code` in a text as code.
function prose(text) {
  return (text || "").split("`").map((part, i) => (i % 2 ? el("code", {}, part) : part));
}

function resolve(doc, schema) {
  const ref = schema && schema.$ref;
  return ref ? doc.components.schemas[ref.split("/").pop()] : schema;
}

function typeName(doc, schema) {
  if (!schema) return "";
  if (schema.oneOf) return schema.oneOf.map((s) => typeName(doc, s)).join(" or ");
  const s = resolve(doc, schema);
  const type = Array.isArray(s.type) ? s.type.filter((t) => t !== "null").join(" or ") : s.type;
  if (type && type.startsWith("array")) return "array of " + typeName(doc, s.items);
  return (type || "anything") + (s.format ? " (" + s.format + ")" : "");
}

// fields lists an object's members, and theirs, until a type would repeat.
function fields(doc, schema, above) {
  const s = resolve(doc, schema);
  if (!s) return undefined;
  if (s.oneOf) return s.oneOf.map((one) => fields(doc, one, above)).find(Boolean);
  const inner = s.items || (typeof s.additionalProperties === "object" ? s.additionalProperties : undefined);
  if (!s.properties) return inner ? fields(doc, inner, above) : undefined;
  if (above.includes(s)) return undefined;
  const required = s.required || [];
  return el("ul", { class: "fields" }, Object.entries(s.properties).map(([name, property]) => {
    const p = resolve(doc, property);
    return el("li", {}, el("code", {}, name), " ", el("span", { class: "type" }, typeName(doc, property) + (required.includes(name) ? "" : ", optional")),
      " ", ...prose(property.description || p.description), fields(doc, property, [...above, s]));
  }));
}

function show(doc, body, schema, label) {
  const list = fields(doc, schema, []);
  if (list) body.append(el("details", {}, el("summary", {}, label), list));
}

function route(doc, path, method, op) {
  const section = el("section", { id: op.operationId },
    el("h2", {}, op.summary || op.operationId),
    el("div", { class: "path" }, el("span", { class: "method " + method }, method.toUpperCase()), path),
    el("p", {}, prose(op.description)));
  const inputs = [];
  if (op.parameters && op.parameters.length) {
    section.append(el("table", {}, el("tr", {}, el("th", {}, "parameter"), el("th", {}, "value"), el("th", {}, "what it is")),
      op.parameters.map((p) => {
        const input = el("input", { "aria-label": p.name, spellcheck: "false", autocomplete: "off", placeholder: p.example === undefined ? "" : "e.g. " + p.example });
        if (p.required && p.example !== undefined) input.value = p.example;
        inputs.push([p, input]);
        return el("tr", {}, el("td", {}, p.name + (p.required ? " *" : "")), el("td", {}, input), el("td", {}, prose(p.description)));
      })));
  }
  const json = op.requestBody && op.requestBody.content["application/json"];
  let area;
  if (json) {
    area = el("textarea", { "aria-label": "body", spellcheck: "false" });
    area.value = JSON.stringify(json.example || {}, null, 2);
    section.append(el("p", {}, "Body"), area);
    show(doc, section, json.schema, "members of the body");
  }
  const ok = op.responses["200"];
  const answer = ok && ok.content && ok.content["application/json"];
  if (answer) show(doc, section, answer.schema, "members of the answer");
  const out = el("div", { "aria-live": "polite" });
  const button = el("button", { type: "button" }, "Send");
  button.addEventListener("click", () => send(path, method, inputs, area, out, button));
  section.append(button, out);
  return section;
}

// curl is the command that sends the same; the key stays out of it.
function curl(url, method, key, body) {
  const quoted = (s) => "'" + s.replaceAll("'", "'\\''") + "'";
  const parts = ["curl"];
  if (method !== "get") parts.push("-X " + method.toUpperCase());
  if (key) parts.push('-H "X-API-Key: $FUNDTRAIL_KEY"');
  if (body !== undefined) parts.push("-H 'Content-Type: application/json'", "-d " + quoted(body));
  parts.push(quoted(location.origin + url));
  return parts.join(" ");
}

async function send(path, method, inputs, area, out, button) {
  let url = path;
  const query = new URLSearchParams();
  for (const [p, input] of inputs) {
    if (p.in === "path") url = url.replace("{" + p.name + "}", encodeURIComponent(input.value));
    else if (input.value !== "") query.append(p.name, input.value);
  }
  if (query.size) url += "?" + query;
  const headers = {};
  const key = document.getElementById("key").value.trim();
  if (key) headers["X-API-Key"] = key;
  if (area) headers["Content-Type"] = "application/json";
  button.disabled = true;
  const start = performance.now();
  try {
    const response = await fetch(url, { method: method.toUpperCase(), headers, body: area && area.value, cache: "no-store" });
    const text = await response.text();
    let shown = text;
    try { shown = JSON.stringify(JSON.parse(text), null, 2); } catch { /* not JSON: as it came */ }
    const took = (performance.now() - start).toFixed(1);
    out.replaceChildren(el("p", { class: "status " + (response.ok ? "ok" : "bad") }, response.status + " in " + took + " ms"), el("pre", { tabindex: "0" }, shown),
      el("details", {}, el("summary", {}, "the same with curl"), el("pre", {}, curl(url, method, key, area && area.value))));
  } catch (e) {
    out.replaceChildren(el("p", { class: "status bad" }, "no answer: " + e.message));
  }
  button.disabled = false;
}

async function main() {
  const main = document.getElementById("routes");
  try {
    const doc = await (await fetch("/openapi.json")).json();
    document.getElementById("about").replaceChildren(...prose(doc.info.description));
    const nav = document.getElementById("nav");
    for (const tag of doc.tags) {
      nav.append(el("h3", {}, tag.name));
      for (const [path, item] of Object.entries(doc.paths)) {
        for (const [method, op] of Object.entries(item)) {
          if (!op.tags || op.tags[0] !== tag.name) continue;
          nav.append(el("a", { href: "#" + op.operationId }, op.summary));
          main.append(route(doc, path, method, op));
        }
      }
    }
  } catch (e) {
    main.append(el("p", { class: "bad" }, "/openapi.json could not be read: " + e.message));
  }
  try {
    const ready = await (await fetch("/readyz")).json();
    const text = ready.ready ? ready.lists + (ready.lists === 1 ? " list" : " lists") + ", snapshot " + ready.snapshot + ", loaded " + ready.loaded : "not ready: " + ready.reason;
    const stale = ready.stale ? "; stale: " + ready.stale.join(", ") : "";
    document.getElementById("ready").replaceChildren(el("span", { class: ready.ready ? "ok" : "bad" }, text + stale));
  } catch { /* the page is of use without it */ }
}

main();
document.getElementById("keyform").addEventListener("submit", (e) => e.preventDefault());
