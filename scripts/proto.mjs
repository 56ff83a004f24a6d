/**
 * `npm run proto`: writes a `NAME_pb.ts` beside every `src/ROOM/proto/NAME.proto`, which are committed, so that a build needs neither
 * buf nor the plugin.
 */
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";

const bin = (name) => `node_modules/.bin/${name}`;

for (const room of readdirSync("src")) {
  const folder = `src/${room}/proto`;
  if (!existsSync(folder)) continue;
  const plugin = { local: bin("protoc-gen-es"), out: folder, opt: ["target=ts", "import_extension=none"] };
  const template = JSON.stringify({ version: "v2", plugins: [plugin] });
  const { status } = spawnSync(bin("buf"), ["generate", folder, "--template", template], { stdio: "inherit" });
  if (status !== 0) process.exit(status ?? 1);
}
