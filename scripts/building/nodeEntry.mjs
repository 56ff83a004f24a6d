/**
 * Node's entry, `dist/node.js`: it has all that `dist/kindling.js` exports, but loads what is not in the core when it is first used, which Node can do at
 * once, by `require`. Importing it takes less than half of the time. Bundlers and other runtimes take `dist/kindling.js` (`exports` in package.json).
 */
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const HEAD = `import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { lazyClass, lazyFunction, lazyNamespace, loadPartsBy, partsBeside, readBinariesBy } from "./lazily.js";
`;

const BINARIES =
  'readBinariesBy((level) => readFileSync(new URL(level === "relaxed" ? "kernels.relaxed.wasm" : "kernels.wasm", import.meta.url)));';

/** The exports of a file that are handed on from others, as `[file, name there, name]`. @param {string} text */
const handedOn = (text) =>
  [...text.matchAll(/^export \{([^}]*)\} from '\.\/([\w.]+)';$/gm)].flatMap(([, list, file]) =>
    list.split(",").map((item) => {
      const [own, name = own] = item.trim().split(" as ");
      return /** @type {const} */ ([file, own, name]);
    }),
  );

const isClass = (/** @type {Function} */ value) => /^class\b/.test(Function.prototype.toString.call(value));

/** The texts and numbers that a function has, its name among them, and the names of what else it has. */
function propertiesOf(value) {
  const keys = Object.getOwnPropertyNames(value).filter((key) => key !== "prototype");
  const isPlain = (/** @type {string} */ key) => ["string", "number"].includes(typeof value[key]);
  const plain = Object.fromEntries(keys.filter(isPlain).map((key) => [key, value[key]]));
  return [JSON.stringify(plain), JSON.stringify(keys.filter((key) => !isPlain(key)))];
}

/** The expression that stands for an export. */
function standIn(value, read) {
  if (typeof value === "number") return String(value);
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "object") {
    const prototype = Object.getPrototypeOf(value);
    const kind = prototype === null ? "none" : prototype === Object.prototype ? "object" : "own";
    return `lazyNamespace(${read}, ${JSON.stringify(Object.keys(value))}, "${kind}")`;
  }
  if (isClass(value)) return `lazyClass(${read})`;
  return `lazyFunction(${read}, ${propertiesOf(value).join(", ")})`;
}

/** The text of the entry. @param {string} dist */
async function entryOf(dist) {
  const torch = await import(pathToFileURL(join(dist, "kindling.js")).href);
  const core = [];
  const lazy = [];
  /** @type {Set<string>} */
  const parts = new Set();
  for (const [file, own, name] of handedOn(readFileSync(join(dist, "kindling.js"), "utf8"))) {
    if (file === "core.js") core.push(own === name ? own : `${own} as ${name}`);
    else {
      parts.add(`"./${file}"`);
      lazy.push(`export const ${name} = ${standIn(torch[name], `() => part("./${file}").${own}`)};`);
    }
  }
  if (core.length + lazy.length !== Object.keys(torch).length)
    throw new Error("dist/kindling.js exports something that is not handed on from another file");
  return `${HEAD}export { ${core.join(", ")} } from "./core.js";
const part = partsBeside(import.meta.url, createRequire);
${BINARIES}
loadPartsBy(() => [${[...parts].join(", ")}].forEach(part));
${lazy.join("\n")}
`;
}

/** A plugin of rollup that writes the entry when all other files are there. */
export function writeNodeEntry() {
  return {
    name: "write-node-entry",
    writeBundle: (/** @type {{ dir: string }} */ { dir }) => {
      // In a process of its own, which has not loaded an older library.
      execFileSync(process.execPath, [fileURLToPath(import.meta.url), dir], { stdio: "inherit" });
    },
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const dist = process.argv[2] ?? "dist";
  writeFileSync(join(dist, "node.js"), await entryOf(dist));
}
