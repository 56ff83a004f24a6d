/**
 * `npm run compilers`: installs versions of TypeScript into build/compilers, for the test that compiles programs against the published types: `npm run
 * test:all` tries them all. The repository has the newest itself.
 */
import { mkdirSync } from "node:fs";
import { run } from "./ensure.mjs";

const versions = ["5.0", "5.2", "5.4", "5.7", "6.0"];

mkdirSync("build/compilers", { recursive: true });
await run("npm", [
  ...["install", "--prefix", "build/compilers", "--no-save", "--no-audit", "--no-fund", "--loglevel=error"],
  ...versions.map((version) => `typescript-${version}@npm:typescript@${version}`),
]);
