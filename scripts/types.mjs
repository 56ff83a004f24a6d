/** `npm run types`: checks the types of the whole repository. What the sources know of the kernels comes from their build. */
import { bin, ensureInstalled, ensureKernels, run } from "./ensure.mjs";

await ensureInstalled();
await ensureKernels();
await run(bin("tsc"), ["--noEmit"]);
await run(bin("tsc"), ["--project", "tsconfig.scripts.json"]);
