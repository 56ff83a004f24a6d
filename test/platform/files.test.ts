import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import * as torch from "kindling";
import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { cut, cutNote, runsAll } from "../helpers/cut";
import { findRuntimes } from "../runtimes/find";

const { safetensors } = torch;
const root = mkdtempSync(join(tmpdir(), "kindling-files-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

let folder = root;
beforeEach(() => {
  folder = mkdtempSync(join(root, "case-"));
});

/** Saves vectors of one value each, 0, 1, 2, …, as long as it lives; the argument is where. */
const writer = `
const torch = await import(${JSON.stringify(pathToFileURL(resolve("dist/kindling.js")).href)});
const { argv } = globalThis.process;
for (let i = 0; ; i++) {
  await torch.safetensors.saveFile({ x: torch.full([1 << 18], i, { dtype: "float32" }) }, argv.at(-1));
  if (i === 0) console.log("ready");
}
`;

describe("saveFile", () => {
  test("replaces a file and leaves nothing else, through links, with its permissions", async () => {
    const path = join(folder, "real.safetensors");
    await safetensors.saveFile({ x: torch.ones(2) }, path);
    chmodSync(path, 0o600);
    symlinkSync("real.safetensors", join(folder, "link"));
    await safetensors.saveFile({ x: torch.zeros(3) }, join(folder, "link"));
    expect((await safetensors.loadFile(pathToFileURL(path))).x!.tolist()).toEqual([0, 0, 0]);
    expect(lstatSync(join(folder, "link")).isSymbolicLink()).toBe(true);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder).sort()).toEqual(["link", "real.safetensors"]);
  });

  test("takes long names and URLs, and writes at the same time", async () => {
    const path = join(folder, "ä".repeat(110));
    await Promise.all(
      Array.from({ length: 8 }, (_, i) => safetensors.saveFile({ x: torch.full([1000], i) }, pathToFileURL(path))),
    );
    const values = new Set((await safetensors.loadFile(path)).x!.tolist() as number[]);
    expect(values.size).toBe(1);
    expect(readdirSync(folder)).toHaveLength(1);
  });

  test("what cannot be written is an error, and leaves nothing", async () => {
    const x = torch.ones(1);
    await expect(safetensors.saveFile({ x }, join(folder, "no", "x"))).rejects.toThrow(
      /cannot write ".*no such file or folder/,
    );
    mkdirSync(join(folder, "sub"));
    await expect(safetensors.saveFile({ x }, join(folder, "sub"))).rejects.toThrow(/it is a folder/);
    await expect(safetensors.saveFile({ x }, 3 as never)).rejects.toThrow(torch.KindlingError);
    expect(readdirSync(folder)).toEqual(["sub"]);
  });

  test("a full disk leaves the old file", () => {
    const path = join(folder, "x.safetensors");
    writeFileSync(path, safetensors.save({ x: torch.ones(3) }));
    const program = join(folder, "writer.mjs");
    writeFileSync(program, writer);
    // The limit on the size of a file, 512 KiB, stands for the disk's.
    const { stderr } = spawnSync("sh", ["-c", 'ulimit -f 1024; exec "$0" "$@"', process.execPath, program, path], {
      encoding: "utf8",
    });
    expect(stderr).toMatch(/cannot write .*(larger than allowed|too large)|SIGXFSZ|^$/);
    expect(safetensors.load(readFileSync(path)).x!.tolist()).toEqual([1, 1, 1]);
    if (stderr !== "") expect(readdirSync(folder).sort()).toEqual(["writer.mjs", "x.safetensors"]);
  });

  const runtimes = findRuntimes().found;
  describe.each(runsAll ? runtimes : runtimes.slice(0, 1))(
    `killed at any moment, in $name${cutNote}`,
    ({ command, args }) => {
      test("leaves the old file or the new one", { timeout: 60_000 }, async () => {
        const path = join(folder, "x.safetensors");
        const program = join(folder, "writer.mjs");
        writeFileSync(program, writer);
        for (const round of cut([0, 1, 2, 3], 2)) {
          const child = spawn(command, [...args, program, path], { stdio: ["ignore", "pipe", "inherit"] });
          await once(child.stdout!, "data");
          await new Promise((done) => setTimeout(done, 3 + 19 * round));
          child.kill("SIGKILL");
          await once(child, "exit");
          const x = safetensors.load(readFileSync(path)).x!;
          expect([x.shape, x.min().item()]).toEqual([[1 << 18], x.max().item()]);
        }
      });
    },
  );
});
