/**
 * Runs programs one after the other in this process, each with its arguments as if it had a process of its own, and prints what came of each as JSON:
 * `node programs.mjs '[["a.js", "--help"], …]'`.
 */
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";

const { stdout, stderr } = process;
// Programs listen to them each time that they run.
for (const stream of [stdout, stderr]) stream.setMaxListeners(0);
const write = stdout.write.bind(stdout);
const said = { stdout: "", stderr: "" };
for (const name of ["stdout", "stderr"])
  process[name].write = (text) => {
    said[name] += text;
    return true;
  };

// Whoever ends the process has nothing else to do; the next program goes on.
process.exit = /** @type {typeof process.exit} */ (
  (code) => {
    process.exitCode = code ?? undefined;
  }
);

const lines = JSON.parse(process.argv[2]);
const results = [];

/** A program is over when nothing is left to do. */
process.on("beforeExit", () => {
  results.push({ code: process.exitCode, ...said });
  if (results.length < lines.length) return start();
  process.exitCode = 0;
  write(JSON.stringify(results));
  process.removeAllListeners("beforeExit");
});

function start() {
  const [program, ...args] = lines[results.length];
  Object.assign(said, { stdout: "", stderr: "" });
  process.argv = [process.execPath, program, ...args];
  process.exitCode = 0;
  // A module runs once by each of its addresses. An import alone would not keep this process alive.
  setImmediate(() => import(`${pathToFileURL(resolve(program)).href}?${results.length}`));
}

start();
