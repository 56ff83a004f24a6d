/**
 * `npm run spelling [-- --words]`: checks that words are spelled as in American English or stand in `docs/words.txt`. Files that have not changed since
 * they were found right are passed over. `--words` prints what is unknown as a list, for `docs/words.txt`.
 */
import { spawnSync } from "node:child_process";
import { bin, run } from "./ensure.mjs";

const files = [
  "{src,assembly,test,scripts,bench,examples}/**/*.{ts,mjs,js}",
  "docs/**/*.md",
  "bench/*.md",
  ".github/**/*.{md,yml}",
  "*.{md,ts,mjs}",
];
const command = [bin("cspell"), "lint", "--dot", "--no-progress", "--no-summary"];

if (process.argv.includes("--words")) {
  const args = [...command, "--words-only", "--unique", ...files];
  const { stdout } = spawnSync(process.execPath, args, { encoding: "utf8", maxBuffer: 1 << 26 });
  const words = stdout.split("\n").map((word) => word.trim().toLowerCase());
  console.log(
    [...new Set(words)]
      .filter((word) => word !== "")
      .sort()
      .join("\n"),
  );
} else {
  const cache = ["--cache", "--cache-strategy", "content", "--cache-location", "build/spelling.json"];
  await run(process.execPath, [...command, ...cache, ...files]);
}
