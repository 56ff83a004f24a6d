/**
 * `npm run build`: builds the kernels, the bundle and the type declarations, whether or not they are current; with `--missing` only what is missing or
 * older than its sources; with `--dependencies` only installs what the build needs.
 */
import { build, ensureBuilt, ensureInstalled } from "./ensure.mjs";

if (process.argv.includes("--dependencies")) await ensureInstalled();
else if (process.argv.includes("--missing")) await ensureBuilt({ types: true });
else {
  await ensureInstalled();
  await build();
}
