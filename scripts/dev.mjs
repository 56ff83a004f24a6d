/**
 * `npm run dev [-- FILTER…]`: waits for changes of `assembly/`, `src/` and `test/`, compiles the kernels if theirs changed, and runs the tests of the part
 * that was touched, or those that the filters name. A few test files load the sources directly, which takes less time than to bundle them first.
 */
import { spawn } from "node:child_process";
import { existsSync, readdirSync, watch } from "node:fs";
import { join } from "node:path";
import { bin, ensureBuilt, throwFailures } from "./ensure.mjs";

/** Tests of what starts workers or programs that import the library: they need the bundle. */
const NEED_BUNDLE = /^test\/(bundle|cli|data|fuzz|runtimes|types|threads|bench|examples|tutorials)\b/;
/** More test files than these run sooner on the bundle. */
const MOST_ON_SOURCES = 6;
/** Milliseconds in which the changes of one save, or of one checkout, arrive. */
const QUIET = 150;

const tests = () =>
  readdirSync("test", { recursive: true, encoding: "utf8" })
    .map((name) => join("test", name).replaceAll("\\", "/"))
    .filter((name) => name.endsWith(".test.ts"));

/** The filters of the tests of a changed file: the folder of `test/` that mirrors its own, as deep as there is one. */
function filtersOf(path) {
  if (path.startsWith("assembly/")) return ["test/kernels", "test/ops.test.ts"];
  if (path.endsWith(".test.ts")) return existsSync(path) ? [path] : [];
  const folders = path.split("/").slice(1, -1);
  for (let n = folders.length; n > 0; n--) {
    const folder = `test/${folders.slice(0, n).join("/")}`;
    if (existsSync(folder)) return [`${folder}/`];
  }
  return ["test/tiny.test.ts"];
}

async function runTests(filters) {
  const files = tests().filter((file) => filters.some((filter) => file.includes(filter)));
  if (files.length === 0) return console.log(`dev: no tests for ${filters.join(" ")}`);
  const usesSources = files.length <= MOST_ON_SOURCES && !files.some((file) => NEED_BUNDLE.test(file));
  await ensureBuilt({ bundle: !usesSources });
  console.log(`dev: ${files.length} test files on the ${usesSources ? "sources" : "bundle"}`);
  const env = { ...process.env, KINDLING_SOURCES: usesSources ? "1" : "" };
  const child = spawn(process.execPath, [bin("vitest"), "run", ...filters], { stdio: "inherit", env });
  await new Promise((resolve) => child.on("exit", resolve));
}

const chosen = process.argv.slice(2);
const changed = new Set();
let timer;
let isBusy = false;

/** Runs the tests of what has changed so far; changes that come meanwhile are next. */
async function work() {
  if (isBusy || changed.size === 0) return;
  isBusy = true;
  const filters = chosen.length > 0 ? chosen : [...new Set([...changed].flatMap(filtersOf))];
  changed.clear();
  try {
    await runTests(filters);
  } catch (error) {
    console.error(`dev: ${error.message}`);
  }
  isBusy = false;
  await work();
}

function note(path) {
  if (!/\.(ts|mjs|js|json)$/.test(path)) return;
  changed.add(path);
  clearTimeout(timer);
  timer = setTimeout(work, QUIET);
}

throwFailures();
await ensureBuilt({ bundle: false });
for (const folder of ["assembly", "src", "test"])
  watch(folder, { recursive: true }, (_, name) => name !== null && note(`${folder}/${name.replaceAll("\\", "/")}`));
console.log("dev: waiting for changes of assembly/, src/ and test/");
