import { readFileSync } from "node:fs";
import { resolve } from "node:path";

/**
 * Namespaces that Node loads when a program first uses them. Together they are half of the time that importing the library takes, most of it in the
 * engine's parser, and most programs use one of them or none.
 */
const LATE = ["audio", "distributions", "text", "vision"];

const id = resolve("src", "node.ts");
const LOADER = `
import { createRequire } from "node:module";
import { lateNamespace } from "${resolve("src", "core", "lateNamespace.ts")}";
const load = createRequire(import.meta.url);
`;

/** What `src/index.ts` exports, as Node loads it. */
function source() {
  let text = readFileSync(resolve("src", "index.ts"), "utf8");
  for (const name of LATE) {
    const line = new RegExp(`^export \\* as ${name} from .*;$`, "m");
    if (!line.test(text)) throw new Error(`src/index.ts exports no namespace ${name}`);
    text = text.replace(line, `export const ${name} = lateNamespace(() => load("./rooms/${name}.js"));`);
  }
  return LOADER + text;
}

/**
 * Makes the entry of Node versions whose `require` loads ES modules. Bundlers, browsers and other runtimes get the one that imports everything
 * statically.
 */
export function nodeEntry() {
  return {
    name: "node-entry",
    resolveId: (/** @type {string} */ name) => (name === "kindling:node" ? id : null),
    load: (/** @type {string} */ name) => (name === id ? source() : null),
  };
}
