/** `npm run types`: checks the types of the whole repository. What the sources know of the kernels comes from their build. */
import { checkTypes, ensureInstalled, ensureKernels } from "./ensure.mjs";

await ensureInstalled();
await ensureKernels();
await checkTypes();
