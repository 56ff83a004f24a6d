/** The entry of Node, which loads some namespaces when they are first used. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { inspect } from "node:util";
import * as whole from "kindling";
import { expect, test } from "vitest";

const at = (path: string) => pathToFileURL(path).href;
const node: any = await import(at("dist/node.js"));
const late = ["audio", "distributions", "text", "vision"] as const;

test("exports what the whole library exports, the same objects", () => {
  expect(Object.keys(node).sort()).toEqual(Object.keys(whole).sort());
  for (const [name, value] of Object.entries(whole))
    if (!(late as readonly string[]).includes(name)) expect(node[name], name).toBe(value);
});

test.each(late)("its %s is like the namespace", async (name) => {
  const namespace: any = await import(at(`dist/rooms/${name}.js`));
  const own = node[name];
  expect(Object.keys(own)).toEqual(Object.keys(namespace));
  expect({ ...own }).toEqual({ ...namespace });
  const [first] = Object.keys(namespace);
  expect(first! in own).toBe(true);
  expect("nothing" in own).toBe(false);
  expect(own.nothing).toBeUndefined();
  expect(inspect(own)).toBe(inspect(namespace));
  expect(Object.prototype.toString.call(own)).toBe("[object Module]");
  for (const change of [
    () => (own[first!] = 1),
    () => delete own[first!],
    () => Object.defineProperty(own, "added", { value: 1 }),
    () => Object.setPrototypeOf(own, {}),
    () => Object.preventExtensions(own),
  ])
    expect(change).toThrow(TypeError);
});

test("does not import them at the start, directly or through other files", () => {
  const seen = new Set<string>();
  const visit = (file: string): void => {
    if (seen.has(file)) return;
    seen.add(file);
    for (const [, path] of readFileSync(`dist/${file}`, "utf8").matchAll(
      /^(?:import|export)\b.*?["']\.\/([\w.]+)["'];$/gm,
    ))
      visit(path!);
  };
  visit("node.js");
  expect(seen).toContain("core.js");
  for (const name of late) expect(seen).not.toContain(`${name}.js`);
});

test("is what an import finds in Node, and shares its modules with the entries of namespaces", () => {
  const code = `
    import * as torch from "kindling";
    import * as vision from "kindling/vision";
    console.log(import.meta.resolve("kindling").split("/").pop(), torch.vision.transforms === vision.transforms);
  `;
  const printed = execFileSync(process.execPath, ["--input-type=module", "-e", code], { encoding: "utf8" });
  expect(printed.trim()).toBe("node.js true");
});
