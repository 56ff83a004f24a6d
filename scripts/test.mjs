/** `npm test`: lint, types, spelling, then every test. Arguments go to vitest: `npm test -- test/nn`. */
import { join } from "node:path";
import { bin, checkTypes, ensureBuilt, run } from "./ensure.mjs";

await ensureBuilt({ types: true });
const filters = process.argv.slice(2);
if (filters.length === 0) {
  await run(bin("biome"), ["check", "--error-on-warnings", "."]);
  await run("node", [join("scripts", "building", "kernelStyle.mjs")]);
  await checkTypes();
  await run(process.execPath, ["scripts/spelling.mjs"]);
}
await run(bin("vitest"), ["run", ...filters]);
