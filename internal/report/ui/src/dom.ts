// Making elements without markup: text goes in as text, and the page's policy forbids innerHTML.

type Attributes = Record<string, string | number | boolean | undefined>;
type Child = Node | string | undefined;

export function h<K extends keyof HTMLElementTagNameMap>(tag: K, attributes: Attributes = {}, ...children: Child[]): HTMLElementTagNameMap[K] {
  return fill(document.createElement(tag), attributes, children);
}

export function svg<K extends keyof SVGElementTagNameMap>(tag: K, attributes: Attributes = {}, ...children: Child[]): SVGElementTagNameMap[K] {
  return fill(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
}

function fill<E extends Element>(element: E, attributes: Attributes, children: Child[]): E {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === false) continue;
    element.setAttribute(name, value === true ? "" : String(value));
  }
  for (const child of children) if (child !== undefined) element.append(child);
  return element;
}

export function byID<E extends HTMLElement>(id: string): E {
  const element = document.getElementById(id);
  if (element === null) throw new Error(`the page has no #${id}`);
  return element as E;
}

export function title(text: string): SVGTitleElement {
  return svg("title", {}, text);
}

// mark is the sign of a fact, a claim or an inference.
export function mark(kind: "fact" | "claim" | "inference"): HTMLElement {
  return h("span", { class: `mark ${kind}`, title: kind });
}

const copied = 1200; // milliseconds that a button says so

// Signs of the small buttons, drawn on a field of 16 by 16.
const signs = {
  copy: "M5.5 5.5v-3h8v8h-3M2.5 5.5h8v8h-8z",
  graph: "M5 8l6-4M5 8l6 4M2.5 8a1.5 1.5 0 1 0 3 0a1.5 1.5 0 1 0-3 0M10.5 3.5a1.5 1.5 0 1 0 3 0a1.5 1.5 0 1 0-3 0M10.5 12.5a1.5 1.5 0 1 0 3 0a1.5 1.5 0 1 0-3 0",
  done: "M3 8.5l3.5 3.5L13 4.5",
};

function sign(name: keyof typeof signs): SVGSVGElement {
  return svg("svg", { viewBox: "0 0 16 16", class: "sign", "aria-hidden": "true" }, svg("path", { d: signs[name] }));
}

// signButton is a small button with a sign; what it does stands in its label.
export function signButton(name: keyof typeof signs, label: string, run: (button: HTMLButtonElement) => void): HTMLButtonElement {
  const button = h("button", { type: "button", class: "small", "aria-label": label, title: label }, sign(name));
  button.addEventListener("click", (event) => {
    event.stopPropagation();
    event.preventDefault();
    run(button);
  });
  return button;
}

// copyButton copies a text. A page from disk may lack the clipboard interface; then the text is
// selected in a field that is there for one moment.
export function copyButton(text: string, label = "Copy"): HTMLButtonElement {
  return signButton("copy", label === "Copy" ? `Copy ${text.length > 80 ? "" : text}`.trim() : label, (button) => {
    void copy(text).then((ok) => {
      button.replaceChildren(ok ? sign("done") : "Ctrl+C");
      setTimeout(() => button.replaceChildren(sign("copy")), copied);
    });
  });
}

async function copy(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const field = h("textarea", { class: "off-screen", "aria-hidden": "true", readonly: true });
    field.value = text;
    document.body.append(field);
    field.select();
    const ok = document.execCommand("copy");
    field.remove();
    return ok;
  }
}

export function utc(seconds: number): string {
  return `${new Date(seconds * 1000).toISOString().slice(0, 19).replace("T", " ")} UTC`;
}

export function utcDay(seconds: number): string {
  return new Date(seconds * 1000).toISOString().slice(0, 10);
}

export function daySpan(first: number, last: number): string {
  const a = utcDay(first), b = utcDay(last);
  return a === b ? a : `${a} to ${b}`;
}
