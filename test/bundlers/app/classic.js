/** The same without `import.meta`, for scripts that are no modules. */
import * as torch from "kindling";
import { run } from "./program.js";

console.log("STARTED");

run(torch)
  .catch((error) => ({ error: String(error?.stack ?? error) }))
  .then((result) => {
    globalThis.result = result;
    console.log(`RESULT ${JSON.stringify(result)}`);
  });
