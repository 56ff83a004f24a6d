/** `npm run runtimes`: installs Node 24, Deno and Bun into build/runtimes, for the tests that run the bundle everywhere. */
import { mkdirSync } from "node:fs";
import { run } from "./ensure.mjs";

mkdirSync("build/runtimes", { recursive: true });
const packages = ["node@24", "deno@2", "bun@1"];
await run("npm", [
  "install",
  "--prefix",
  "build/runtimes",
  "--no-save",
  "--no-audit",
  "--no-fund",
  "--loglevel=error",
  ...packages,
]);
