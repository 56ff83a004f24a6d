/**
 * `npm run environments`: builds and runs one small program in every environment that the library promises, and prints a table. Arguments choose environments by
 * parts of their names. Next.js and Parcel, which take long, run only with KINDLING_HEAVY=1, and some that are much like others with KINDLING_TESTS=all.
 */
import { closeBrowser, pages } from "./pages.mjs";
import { servers } from "./servers.mjs";
import { prepare } from "./tools.mjs";

const environments = { ...servers, ...pages };
const wanted = process.argv.slice(2);
const isWanted = (name) =>
  wanted.length === 0 || wanted.some((part) => name.toLowerCase().includes(part.toLowerCase()));

/** Environments that differ little from another one: they run where all tests are asked for, or they by name. */
const alike = {
  "Chromium, policy without workers": "Chromium, strict policy",
  "Chromium, script of the same origin": "Chromium, import map, isolated",
  "Chromium, script of another origin": "Chromium, import map, isolated",
  "Chromium, module worker": "Chromium, SharedWorker",
  "Chromium, sandboxed frame": "Chromium, file://",
  "Chromium, one classic script": "Node, esbuild, minified",
  "esbuild, names kept": "Node, esbuild, minified",
  "Vite, dev": "Vite, build",
  Rspack: "webpack 5",
  Rollup: "Vite, build",
  "Node 22": "Node 24",
  "Node, esbuild, CommonJS, names kept": "Node, esbuild, minified",
  "Node 20, baseline SIMD": "Node 20",
};

/** Runs one environment. @returns A row of the table. */
async function attempt(name, { missing, isHeavy, gap, run }) {
  if (missing !== undefined) return { name, state: "skipped", note: missing };
  if (name in alike && wanted.length === 0 && process.env.KINDLING_TESTS !== "all")
    return { name, state: "skipped", note: `much like "${alike[name]}": set KINDLING_TESTS=all` };
  if (isHeavy && process.env.KINDLING_HEAVY !== "1")
    return { name, state: "skipped", note: "heavy: set KINDLING_HEAVY=1" };
  const start = performance.now();
  const error = await run().then(
    () => undefined,
    (error) => error,
  );
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  if (error !== undefined) console.error(`${name}: ${error?.stack ?? error}`);
  // What is known to fail is said, and is no news.
  if (error !== undefined && gap !== undefined) return { name, state: "gap", note: gap };
  return { name, state: error === undefined ? "passed" : "FAILED", note: `${seconds} s` };
}

const { size, unpackedSize } = await prepare();
const chosen = Object.entries(environments).filter(([name]) => isWanted(name));
const rows = new Array(chosen.length);
let next = 0;
/** Most of the time one environment waits for a process or a page, so that three go side by side. */
const takeTurns = async () => {
  while (next < chosen.length) {
    const i = next++;
    rows[i] = await attempt(...chosen[i]);
  }
};
await Promise.all([takeTurns(), takeTurns(), takeTurns()]);
await closeBrowser();

const width = Math.max(...rows.map(({ name }) => name.length));
console.log(
  `\nThe package has ${(size / 2 ** 20).toFixed(2)} MiB, unpacked ${(unpackedSize / 2 ** 20).toFixed(2)} MiB.\n`,
);
for (const { name, state, note } of rows) console.log(`${name.padEnd(width)}  ${state.padEnd(7)}  ${note}`);
const count = (state) => rows.filter((row) => row.state === state).length;
console.log(
  `\n${count("passed")} passed, ${count("skipped")} skipped, ${count("gap")} known gaps, ${count("FAILED")} failed`,
);
process.exit(count("FAILED") > 0 ? 1 : 0);
