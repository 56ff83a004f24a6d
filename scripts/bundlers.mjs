/**
 * `npm run bundlers`: installs bundlers and other environments into build/bundlers, from a lock file of their own, for `npm run environments`. With
 * `--heavy`, or where the environment asks for these or for all tests, also those that are large or take long, Next.js and Parcel among them.
 */
import { cpSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { run } from "./ensure.mjs";

async function install(from, to) {
  mkdirSync(to, { recursive: true });
  for (const name of ["package.json", "package-lock.json"]) cpSync(join(from, name), join(to, name));
  // `npm ci` refuses the lock file, since a package for Windows alone that Vite may have is missing from it.
  await run("npm", ["install", "--no-save", "--prefix", to, "--no-audit", "--no-fund", "--loglevel=error"]);
}

await install("test/bundlers", "build/bundlers");
const { KINDLING_HEAVY, KINDLING_TESTS } = process.env;
const wantsHeavy = process.argv.includes("--heavy") || KINDLING_HEAVY === "1" || KINDLING_TESTS === "all";
if (wantsHeavy) await install("test/bundlers/heavy", "build/bundlers/heavy");
