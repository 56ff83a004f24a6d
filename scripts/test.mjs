/** `npm test`: lint, types, then every test. Arguments go to vitest: `npm test -- test/nn`. */
import { ensureBuilt, bin, run } from "./ensure.mjs";

ensureBuilt({ types: true });
const filters = process.argv.slice(2);
if (filters.length === 0) {
  run(bin("biome"), ["check", "--error-on-warnings", "."]);
  run(bin("tsc"), ["--noEmit"]);
}
run(bin("vitest"), ["run", ...filters]);
