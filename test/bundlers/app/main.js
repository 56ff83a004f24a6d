/** The program of a page or of a server. It says when it starts, so that the test sees whether it also runs in workers. */
import * as torch from "kindling";
import { Cubes } from "./cubes.js";
import { run } from "./program.js";

console.log("STARTED");

run(torch, { cubes: new Cubes() })
  .catch((error) => ({ error: String(error?.stack ?? error) }))
  .then((result) => {
    globalThis.result = result;
    console.log(`RESULT ${JSON.stringify(result)}`);
  });
