/** Runs the program in Node, Deno or Bun and prints its result as JSON; with the argument `forget` it makes and forgets more memory than there is. */
import * as torch from "../../dist/kindling.js";
import { run } from "./program.js";

const result = await run(torch, { forgets: globalThis.process.argv.includes("forget") });
console.log(`RESULT ${JSON.stringify(result)}`);
