/** `npm run build`: builds the kernels, the bundle and the type declarations, whether or not they are current. */
import { build, ensureInstalled } from "./ensure.mjs";

await ensureInstalled();
await build();
