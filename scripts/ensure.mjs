/** Installs and builds only what is missing or older than its sources. Uses nothing that is not in Node itself. */
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { declareKernels } from "./building/declareKernels.mjs";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
process.chdir(root);

let throws = false;

/** Lets a program that fails throw an error from now on, for scripts that outlive a failure. */
export function throwFailures() {
  throws = true;
}

/** Runs a program; ends this one if it fails, with its code. @param env Variables of the environment beside those of this process. */
export async function run(command, args, env = {}) {
  const child = spawn(command, args, {
    stdio: ["ignore", "inherit", "inherit"],
    cwd: root,
    env: { ...process.env, ...env },
  });
  const code = await new Promise((resolve, reject) => child.on("error", reject).on("exit", resolve));
  if (code === 0) return;
  const message = `"${command} ${args.join(" ")}" failed`;
  if (throws) throw new Error(message);
  console.error(`kindling: ${message}`);
  process.exit(code ?? 1);
}

/** The path of an installed development tool. */
export const bin = (name) => join("node_modules", ".bin", name);

/** Checks the types of the whole repository, the scripts included, by the compiler that does it in a third of the time of the one that the build uses. */
export async function checkTypes() {
  const compiler = join("node_modules", "typescript7", "bin", "tsc");
  // Several checkers would each work out the types of the library. What they need stays in memory to the end, so that collecting it would only cost time.
  await run("node", [compiler, "--noEmit", "--checkers", "1"], { GOGC: "off", GOMEMLIMIT: "3GiB" });
  await run("node", [compiler, "--project", "tsconfig.scripts.json"]);
}

/** Time of the newest file at or below `path`; 0 when there is none. */
function newest(path) {
  if (!existsSync(path)) return 0;
  const stat = statSync(path);
  if (!stat.isDirectory()) return stat.mtimeMs;
  return readdirSync(path).reduce((time, name) => Math.max(time, newest(join(path, name))), 0);
}

const isStale = (target, sources) => newest(target) === 0 || newest(target) < Math.max(...sources.map(newest));

export async function ensureInstalled() {
  const stamp = join("node_modules", ".kindling-installed");
  if (!isStale(stamp, ["package-lock.json"])) return;
  console.error("kindling: installing the development dependencies…");
  await run("npm", ["install", "--no-save", "--no-audit", "--no-fund", "--loglevel=error"]);
  writeFileSync(stamp, "");
}

/** What the kernels use beyond the first version of WebAssembly. */
const features = ["simd", "threads", "bulk-memory", "nontrapping-float-to-int", "sign-ext", "mutable-globals"];

/**
 * The compiler translates, Binaryen optimizes: for speed, then for size, which loses none of it. Of functions without loops it inlines only
 * the smallest: what has to be inlined says so in the sources. Functions in the order of their names lie beside the other instances of
 * their template, where gzip finds them alike.
 */
const passes = [
  ...["-O3", "--fast-math", "--flexible-inline-max-function-size=4", "--skip-pass=dae-optimizing"],
  ...["-Os", "--reorder-functions-by-name", "--strip-debug"],
];

/** The compiler also writes a declaration of the exports (`--bindings raw`). */
async function buildTarget(target) {
  await run(bin("asc"), ["--config", "asconfig.json", "--target", target, "--debug", "--bindings", "raw"]);
  const enabled = [...features, ...(target === "relaxed" ? ["relaxed-simd"] : [])].map((name) => `--enable-${name}`);
  const raw = join("build", "raw", `kernels.${target}.wasm`);
  const optimized = join("build", "raw", `optimized.${target}.wasm`);
  await run(bin("wasm-opt"), [raw, ...enabled, ...passes, "--output", optimized]);
  await run("node", [join("scripts", "building", "joinData.mjs"), optimized, join("build", `kernels.${target}.wasm`)]);
}

async function buildKernels() {
  mkdirSync("build", { recursive: true });
  await Promise.all(["baseline", "relaxed"].map(buildTarget));
  declareKernels(join("build", "raw", "kernels.baseline.d.ts"), join("build", "kernels.d.ts"));
  // It imports packages, which are installed by now.
  const { packKernels } = await import("./building/pack.mjs");
  await packKernels(join("build", "kernels.packed.json"));
}

/** The kernels and their declaration, which the sources need to be checked. */
export async function ensureKernels() {
  const scripts = ["declareKernels.mjs", "pack.mjs"].map((name) => join("scripts", "building", name));
  const sources = ["assembly", "asconfig.json", "package-lock.json", ...scripts];
  const targets = ["kernels.baseline.wasm", "kernels.relaxed.wasm", "kernels.d.ts", "kernels.packed.json"];
  if (!targets.some((name) => isStale(join("build", name), sources))) return;
  console.error("kindling: compiling the kernels…");
  await buildKernels();
}

const buildBundle = () => run(bin("rollup"), ["--config", "--silent"]);

/** `npm run types` checks the sources: what declares them need not. */
async function buildTypes() {
  await run(bin("tsc"), ["--project", "tsconfig.build.json", "--noCheck"]);
  await run(bin("rollup"), ["--config", "rollup.types.config.mjs", "--silent"]);
  await run("node", [join("scripts", "types", "rooms.mjs")]);
}

/** What is built into `build`, beside what other commands install there. */
const isBuilt = (name) => /^(kernels\.|raw$|types)/.test(name);

/** Removes earlier output and builds everything. */
export async function build() {
  mkdirSync("build", { recursive: true });
  for (const name of readdirSync("build").filter(isBuilt)) rmSync(join("build", name), { recursive: true });
  rmSync("dist", { recursive: true, force: true });
  await buildKernels();
  await Promise.all([buildBundle(), buildTypes()]);
}

/** Installs and builds what is missing or out of date; the bundle unless `bundle` is false, the declarations only when `types` is set. */
export async function ensureBuilt({ types = false, bundle: wantsBundle = true } = {}) {
  await ensureInstalled();
  const kernels = join("build", "kernels.packed.json");
  const bundle = join("dist", "kindling.js");
  const declarations = join("dist", "kindling.d.ts");
  await ensureKernels();
  const ofBundle = ["src", kernels, "rollup.config.mjs", join("scripts", "building"), "package-lock.json"];
  const ofTypes = ["src", "scripts/types", "tsconfig.build.json", "rollup.types.config.mjs", "package-lock.json"];
  const parts = [];
  if (wantsBundle && isStale(bundle, ofBundle)) parts.push(buildBundle);
  if (types && isStale(declarations, ofTypes)) parts.push(buildTypes);
  if (parts.includes(buildBundle)) console.error("kindling: bundling…");
  await Promise.all(parts.map((build) => build()));
}
