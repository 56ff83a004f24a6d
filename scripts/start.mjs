/** `npm start`: installs and builds what is missing or out of date, then trains. */
import { spawnSync } from "node:child_process";
import { ensureBuilt } from "./ensure.mjs";

ensureBuilt();
const args = ["--import", "tsx", "examples/train/main.ts", ...process.argv.slice(2)];
const { status } = spawnSync(process.execPath, args, { stdio: "inherit" });
process.exit(status ?? 1);
