/** Environments without a page: Node, Deno, Bun and others, with the library as it is or bundled. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import { checkResult, resultOf } from "./check.mjs";
import { app, heavyTools, missingHeavy, missingRuntime, missingTool, project, run, runtimes, tools } from "./tools.mjs";

/** Runs a program and checks what it gives. */
async function expectProgram(command, args, options = {}, env = {}) {
  const { stdout, stderr } = await run(command, args, { env: { ...process.env, ...env } });
  checkResult(resultOf(stdout), `${stdout}\n${stderr}`.split("\n"), options);
}

const runtime = (name, args = []) => ({
  missing: missingRuntime(name),
  // Unbundled, a worker imports the file of the second data set.
  run: () => expectProgram(join(runtimes, name), [...args, join(app, "main.js")]),
});

/** Bundles a program by esbuild, minified. */
const bundle = (entry, outfile, options) =>
  build({
    entryPoints: [join(app, entry)],
    outfile: join(project, outfile),
    bundle: true,
    minify: true,
    target: "es2022",
    logLevel: "error",
    ...options,
  });

const config = (port) => `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = .program)],
  sockets = [(name = "http", address = "127.0.0.1:${port}", http = (), service = "main")]
);
const program :Workerd.Worker = (
  modules = [(name = "worker.mjs", esModule = embed "worker.mjs"), (name = "kernels.wasm", wasm = embed "kernels.wasm")],
  compatibilityDate = "2026-01-01"
);
`;

/** A runtime without threads, without compiling, and without random numbers before the first request. */
async function runWorkerd() {
  await bundle("cloudflare.js", "worker.mjs", { format: "esm", external: ["./kernels.wasm"], conditions: ["workerd"] });
  copyFileSync(join(project, "node_modules", "kindling", "dist", "kernels.wasm"), join(project, "kernels.wasm"));
  const port = 20_000 + (process.pid % 20_000);
  writeFileSync(join(project, "config.capnp"), config(port));
  const child = spawn(join(tools, "node_modules", ".bin", "workerd"), ["serve", "config.capnp"], { cwd: project });
  let said = "";
  child.stderr.on("data", (data) => {
    said += data;
  });
  try {
    for (let tries = 0; tries < 100; tries++) {
      const response = await fetch(`http://127.0.0.1:${port}`).catch(() => undefined);
      if (response !== undefined) {
        const text = await response.text();
        assert.equal(response.status, 200, `${text}\n${said}`);
        return checkResult(JSON.parse(text), ["STARTED"], { threads: false });
      }
      if (child.exitCode !== null) break;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    throw new Error(`workerd does not answer: ${said}`);
  } finally {
    child.kill("SIGKILL");
  }
}

const node22 = join(heavyTools, "node_modules", "node22", "bin", "node");

/** A check of the packed file itself. */
const inspection = (tool, args) => ({
  missing: missingTool(tool),
  run: () => run(join(tools, "node_modules", ".bin", tool.split("/")[0] === "@arethetypeswrong" ? "attw" : tool), args),
});

export const servers = {
  "the package, by publint": inspection("publint", ["run", join(project, "node_modules", "kindling"), "--strict"]),
  // Programs in CommonJS that are checked by the rules of Node 16 cannot import ES modules, and old resolutions know no exports.
  "the package, by attw": inspection("@arethetypeswrong/cli", [
    ...["--pack", join(project, "node_modules", "kindling"), "--profile", "esm-only"],
    ...["--exclude-entrypoints", "./kernels.wasm"],
  ]),
  "Node 20": { run: () => expectProgram(process.execPath, [join(app, "main.js")]) },
  "Node 20, baseline SIMD": {
    run: () => expectProgram(process.execPath, [join(app, "main.js")], {}, { KINDLING_SIMD: "baseline" }),
  },
  "Node 22": { missing: missingHeavy("node22"), run: () => expectProgram(node22, [join(app, "main.js")]) },
  "Node 24": runtime("node"),
  Deno: runtime("deno", ["run", "--allow-read", "--no-prompt", "--quiet"]),
  Bun: runtime("bun", ["run"]),
  "Node, require() of the module": {
    async run() {
      const source = `const torch = require("kindling"); const { run } = require("./app/program.js");
console.log("STARTED"); run(torch).then((result) => console.log("RESULT " + JSON.stringify(result)));`;
      writeFileSync(join(project, "required.cjs"), source);
      await expectProgram(process.execPath, ["--no-warnings", "required.cjs"]);
    },
  },
  "Node, esbuild, minified": {
    async run() {
      await bundle("main.js", "server.mjs", { format: "esm", platform: "node" });
      // The second data set is in the program's own file now.
      await expectProgram(process.execPath, ["server.mjs"], { warnings: 2 });
    },
  },
  "Node, esbuild, CommonJS, names kept": {
    async run() {
      await bundle("classic.js", "server.cjs", { format: "cjs", platform: "node", keepNames: true });
      await expectProgram(process.execPath, ["server.cjs"]);
    },
  },
  "Bun, compiled": {
    missing: missingRuntime("bun"),
    async run() {
      const args = ["build", "--compile", "--minify", join(app, "main.js"), "--outfile", join(project, "compiled")];
      await run(join(runtimes, "bun"), args);
      await expectProgram(join(project, "compiled"), [], { warnings: 2 });
    },
  },
  "Jest, ES modules": {
    missing: missingHeavy("jest"),
    async run() {
      writeFileSync(join(project, "jest.config.json"), JSON.stringify({ testMatch: ["**/*.test.mjs"], transform: {} }));
      writeFileSync(
        join(project, "program.test.mjs"),
        `import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import * as torch from "kindling";
import { run } from "./app/program.js";
test("runs", async () => writeFileSync("jest.json", JSON.stringify(await run(torch))), 60000);`,
      );
      const jest = join(heavyTools, "node_modules", "jest", "bin", "jest.js");
      await run(process.execPath, ["--experimental-vm-modules", "--no-warnings", jest, "--ci"]);
      checkResult(JSON.parse(readFileSync(join(project, "jest.json"), "utf8")), ["STARTED"]);
    },
  },
  "Jest, CommonJS: a clear error": {
    missing: missingHeavy("jest"),
    async run() {
      writeFileSync(join(project, "jest.commonjs.json"), JSON.stringify({ testMatch: ["**/*.test.cjs"] }));
      writeFileSync(join(project, "program.test.cjs"), 'test("runs", () => void require("kindling"));');
      const jest = join(heavyTools, "node_modules", "jest", "bin", "jest.js");
      const { message } = await run(process.execPath, [jest, "--ci", "--config", "jest.commonjs.json"], {
        stdio: "pipe",
      }).catch((error) => error);
      assert.match(String(message), /kindling is an ES module.*--experimental-vm-modules/s);
    },
  },
  "workerd (Cloudflare)": { missing: missingTool("workerd"), run: runWorkerd },
};
