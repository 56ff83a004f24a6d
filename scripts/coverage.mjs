/**
 * `npm run coverage [-- FILTER…]`: runs tests on the sources and writes which lines of `src/` they reached, as a summary and as pages in
 * `build/coverage`. Lines that only workers run, and kernels, are not seen.
 */
import { bin, ensureBuilt, run } from "./ensure.mjs";

await ensureBuilt();
process.env.KINDLING_SOURCES = "1";
await run(process.execPath, [bin("vitest"), "run", "--coverage", ...process.argv.slice(2)]);
