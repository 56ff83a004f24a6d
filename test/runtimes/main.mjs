/** Runs the program in Node, Deno or Bun and prints its result as JSON. */
import * as torch from "../../dist/kindling.js";
import { run } from "./program.js";

const result = await run(torch);
console.log(`RESULT ${JSON.stringify(result)}`);
