/** `npm start [-- flags]`: builds what is out of date, then runs `kindling train`. */
import { spawnSync } from "node:child_process";
import { ensureBuilt } from "./ensure.mjs";

await ensureBuilt();
const { status } = spawnSync(process.execPath, ["dist/cli.js", "train", ...process.argv.slice(2)], {
  stdio: "inherit",
});
process.exit(status ?? 1);
