/** `node scripts/run.mjs FILE.ts [args]`: builds what is out of date, then runs a TypeScript program of this repository. */
import { spawnSync } from "node:child_process";
import { ensureBuilt } from "./ensure.mjs";

const [file, ...args] = process.argv.slice(2);
await ensureBuilt();
const { status } = spawnSync(process.execPath, ["--import", "tsx", file, ...args], { stdio: "inherit" });
process.exit(status ?? 1);
