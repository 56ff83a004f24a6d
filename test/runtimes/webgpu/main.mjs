/** Runs the program of the test in the runtime that this is started by. */
import * as torch from "../../../dist/kindling.js";
import { run } from "./program.js";

const result = await run(torch, (globalThis.Deno?.args ?? process.argv).includes("all")).catch((error) => ({
  error: String(error?.stack ?? error),
}));
console.log(`result ${JSON.stringify(result)}`);
(globalThis.Deno ?? process).exit(0);
