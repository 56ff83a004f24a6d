/**
 * `npm test`: lint, types, spelling, then the tests. Arguments go to vitest: `npm test -- test/nn`. With `--all`, which `npm run test:all` gives, tests that
 * otherwise try some cases of many try all of them.
 */
import { join } from "node:path";
import { bin, checkTypes, ensureBuilt, run } from "./ensure.mjs";

async function checkStyle() {
  await run(bin("biome"), ["check", "--error-on-warnings", "."]);
  await run("node", [join("scripts", "building", "kernelStyle.mjs")]);
  await run(process.execPath, ["scripts/spelling.mjs"]);
}

/** Reads what several test files want to know of the sources, so that those which run at once do not each read it. */
const prepare = () => run("node", [join("scripts", "run.mjs"), join("scripts", "fuzz", "knowledge.ts")]);

await ensureBuilt({ types: true });
const wantsAll = process.argv.includes("--all");
if (wantsAll) process.env.KINDLING_TESTS = "all";
const filters = process.argv.slice(2).filter((argument) => argument !== "--all");
if (filters.length === 0) {
  await Promise.all([checkTypes(), checkStyle().then(prepare)]);
}
await run(bin("vitest"), ["run", ...filters]);
