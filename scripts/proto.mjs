/**
 * `npm run proto`: writes a `NAME_pb.ts` beside every `src/ROOM/proto/NAME.proto`, which are committed, so that a build needs neither
 * buf nor the plugin. The two have 130 MiB, and are fetched when they are asked for.
 */
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";

const packages = ["@bufbuild/buf@1.75.0", "@bufbuild/protoc-gen-es@2.13.0"].map((name) => `--package=${name}`);

for (const room of readdirSync("src")) {
  const folder = `src/${room}/proto`;
  if (!existsSync(folder)) continue;
  const plugin = { local: "protoc-gen-es", out: folder, opt: ["target=ts", "import_extension=none"] };
  const template = JSON.stringify({ version: "v2", plugins: [plugin] });
  const command = ["--yes", ...packages, "--", "buf", "generate", folder, "--template", template];
  const { status } = spawnSync("npx", command, { stdio: "inherit" });
  if (status !== 0) process.exit(status ?? 1);
}
