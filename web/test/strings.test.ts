/** Whatever the page says is in `src/ui/strings`, and nowhere else. */

import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { describe, expect, test } from "vitest";
import { parseAst } from "vite";

const UI = new URL("../src/ui/", import.meta.url);

/** The attributes, of elements and of components, that people read or hear. */
const SAID = ["alt", "done", "hint", "label", "of", "placeholder", "question", "text", "title"];

const WORD = /\p{L}{2,}/u;

type Node = { readonly type: string } & Readonly<Record<string, unknown>>;

describe("what the page says is in one place", () => {
  test.each(readdirSync(UI).filter((file) => file.endsWith(".tsx")))("%s says nothing by itself", (file) => {
    expect(saidIn(readFileSync(fileURLToPath(new URL(file, UI)), "utf8"))).toEqual([]);
  });

  test("whoever says something elsewhere is found out", () => {
    const source = `
      const Greeting = ({ name, on }: { name: string; on: boolean }) => (
        <p title="A title" className="not said" aria-label={on ? "Is on" : undefined}>
          Good morning {on && "dear"} {STRINGS.fine} {\`you, \${name}\`} {on === "joined" ? 1 : 2}
        </p>
      );`;
    expect(saidIn(source)).toEqual(["A title", "Is on", "Good morning", "dear", "you,"]);
  });
});

function saidIn(source: string): string[] {
  const found: string[] = [];
  visit(parseAst(source, { lang: "tsx" }) as unknown as Node, found);
  return found.map((text) => text.trim()).filter((text) => WORD.test(text));
}

function visit(node: Node, found: string[]): void {
  if (node.type === "JSXText") found.push(String(node["value"]));
  else if (node.type === "JSXAttribute" && isSaid(node)) found.push(...textsOf(node["value"]));
  else if (node.type === "JSXElement" || node.type === "JSXFragment") {
    if (isNode(node["openingElement"])) visit(node["openingElement"], found);
    for (const child of childrenOf(node["children"])) {
      if (child.type === "JSXExpressionContainer") found.push(...textsOf(child));
      visit(child, found);
    }
    return;
  }
  for (const value of Object.values(node)) childrenOf(value).forEach((child) => visit(child, found));
}

function isSaid(attribute: Node): boolean {
  const name = String((attribute["name"] as Node)["name"]);
  return SAID.includes(name) || /^aria-(label|description|valuetext|placeholder|roledescription)$/.test(name);
}

/** The texts that an expression may become; not those that it compares or passes on. */
function textsOf(value: unknown): string[] {
  if (!isNode(value)) return [];
  switch (value.type) {
    case "Literal":
      return typeof value["value"] === "string" ? [value["value"]] : [];
    case "TemplateLiteral":
      return childrenOf(value["quasis"]).map(({ value: text }) => (text as { raw: string }).raw);
    case "ConditionalExpression":
      return [...textsOf(value["consequent"]), ...textsOf(value["alternate"])];
    case "LogicalExpression":
      return [...textsOf(value["left"]), ...textsOf(value["right"])];
    case "JSXExpressionContainer":
      return textsOf(value["expression"]);
    default:
      return [];
  }
}

function childrenOf(value: unknown): Node[] {
  return (Array.isArray(value) ? value : [value]).filter(isNode);
}

function isNode(value: unknown): value is Node {
  return typeof value === "object" && value !== null && typeof (value as Node).type === "string";
}
