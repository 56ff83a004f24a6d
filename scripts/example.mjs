/** `npm run example -- NAME [flags]`: runs `examples/NAME/main.ts`. */
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";

const [name, ...args] = process.argv.slice(2);
const names = readdirSync("examples").filter((folder) => existsSync(`examples/${folder}/main.ts`));
if (!names.includes(name)) {
  console.error(
    `example: there is no example "${name ?? ""}"; npm run example -- NAME [flags], with NAME one of ${names.join(", ")}`,
  );
  process.exit(2);
}
const program = ["scripts/run.mjs", `examples/${name}/main.ts`, ...args];
process.exit(spawnSync(process.execPath, program, { stdio: "inherit" }).status ?? 1);
