/**
 * `node scripts/jsr.mjs`: writes to `build/jsr` what JSR takes, out of the built package: its files, each entry with a line that names its declarations, and
 * `jsr.json` with the version and the entries of `package.json`. With `--check` Deno goes through all steps but the last of publishing it.
 */
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { ensureBuilt, run } from "./ensure.mjs";

const TO = join("build", "jsr");
/** Left out: the command line, which Node and npm run, and what serves older compilers and other module systems. */
const OMITTED = /^(cli\.js|commonjs\.\w+|kindling\.ts5\.0\.d\.ts|kernels\.wasm\.d\.ts)$/;

const manifest = JSON.parse(readFileSync("package.json", "utf8"));
const settings = JSON.parse(readFileSync("jsr.json", "utf8"));

/** The entries in JavaScript, by their names. */
const entries = Object.fromEntries(
  Object.entries(manifest.exports)
    .filter(([, target]) => target.import !== undefined)
    .map(([name, target]) => [name, target.import.default]),
);

/**
 * JSR reads declarations through this line alone, and takes neither a package's own name in imports nor declarations of what is global: Deno has all of
 * these but the canvas.
 */
function declared(path) {
  const types = path.replace(/\.js$/, ".d.ts");
  const file = join(TO, path);
  writeFileSync(file, `/* @ts-self-types="./${types.split("/").at(-1)}" */\n${readFileSync(file, "utf8")}`);
  const declarations = join(TO, types);
  const text = readFileSync(declarations, "utf8")
    .replace('from "kindling"', 'from "../kindling.js"')
    .replace(/^\/\/\/ <reference .*\n/m, "")
    .replace(/^declare global \{\n[\s\S]*?^\}\n/m, "interface HTMLCanvasElement {}\n");
  writeFileSync(declarations, text);
}

await ensureBuilt({ types: true });
rmSync(TO, { recursive: true, force: true });
mkdirSync(join(TO, "dist"), { recursive: true });
for (const name of readdirSync("dist", { recursive: true, encoding: "utf8" }))
  if (!OMITTED.test(name) && /\.\w+$/.test(name)) {
    mkdirSync(dirname(join(TO, "dist", name)), { recursive: true });
    cpSync(join("dist", name), join(TO, "dist", name));
  }
for (const name of ["README.md", "CHANGELOG.md", "LICENSE"]) cpSync(name, join(TO, name));
for (const path of Object.values(entries)) declared(path);
const { version, license } = manifest;
writeFileSync(
  join(TO, "jsr.json"),
  `${JSON.stringify({ ...settings, version, license, exports: entries, publish: { exclude: ["!**"] } }, undefined, 2)}\n`,
);
console.log(`${settings.name}@${version} is in ${TO}: npx jsr publish`);
if (process.argv.includes("--check")) {
  const deno = resolve("build", "runtimes", "node_modules", ".bin", "deno");
  process.chdir(TO);
  await run(deno, ["publish", "--dry-run", "--allow-dirty", "--no-provenance"]);
}
