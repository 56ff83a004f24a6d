/**
 * `npm run spelling`: checks that words are spelled as in American English, or stand in `docs/words.txt`. Files that have not changed since they were
 * found right are passed over.
 */
import { bin, run } from "./ensure.mjs";

const files = [
  "{src,assembly,test,scripts,bench,examples}/**/*.{ts,mjs,js}",
  "docs/**/*.md",
  "bench/*.md",
  "*.{md,ts,mjs}",
];
const cache = ["--cache", "--cache-strategy", "content", "--cache-location", "build/spelling.json"];
await run(process.execPath, [bin("cspell"), "lint", "--no-progress", "--no-summary", "--quiet", ...cache, ...files]);
