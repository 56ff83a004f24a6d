/** `kindling inspect` of folders: checkpoints of a run, sets of safetensors files, models of Hugging Face. */
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as torch from "kindling";
import { afterAll, expect, test } from "vitest";

const root = mkdtempSync(join(tmpdir(), "kindling-inspect-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const inspect = (path: string): Promise<{ code: number; stdout: string; stderr: string }> =>
  new Promise((resolve) => {
    execFile(process.execPath, ["dist/cli.js", "inspect", path], (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
    );
  });

test("checkpoints of a run: steps, metrics, which is the best, and which is damaged", async () => {
  const folder = join(root, "run");
  const checkpoint = new torch.Checkpoint(folder, { model: new torch.nn.Linear(2, 1), keepLast: 3, mode: "max" });
  await checkpoint.resume();
  for (const [step, metric] of [
    [10, 0.5],
    [20, 0.7],
    [30, 0.6],
  ])
    await checkpoint.save({ step, metric });
  writeFileSync(join(folder, "checkpoint-00000001.safetensors"), "damaged");
  const { code, stdout } = await inspect(folder);
  expect(code).toBe(0);
  expect(stdout).toMatch(/^3 checkpoints\n/);
  expect(stdout).toMatch(/checkpoint-00000001\.safetensors +damaged/);
  expect(stdout).toMatch(/checkpoint-00000002\.safetensors +\S+ \S+ +0\.7 +best +step 20, metric 0\.7/);
  expect(stdout).toMatch(/checkpoint-00000003\.safetensors +\S+ \S+ +0\.6 +step 30, metric 0\.6/);
});

test("a set of files, and a model with its config", async () => {
  const folder = join(root, "model");
  mkdirSync(folder);
  const tensors = { a: torch.ones([4]), b: torch.ones([2, 3]) };
  await torch.safetensors.saveFile(tensors, join(folder, "model.safetensors"), { maxShardSize: 20 });
  writeFileSync(join(folder, "config.json"), '{"model_type": "gpt2", "n_layer": 2}');
  const { code, stdout } = await inspect(folder);
  expect(code).toBe(0);
  expect(stdout).toMatch(/^model_type: "gpt2"\nn_layer: 2\n\nmodel\.safetensors\.index\.json: 2 tensors, 40 B\n/);
  expect(stdout).toMatch(/b +float32 +\[2, 3\] +24 B +model-00002-of-00002\.safetensors/);
});

test("a folder of something else, and a damaged config, are one line", async () => {
  const folder = join(root, "other");
  mkdirSync(folder);
  expect((await inspect(folder)).stderr).toMatch(/holds no checkpoints, no config\.json and no safetensors files/);
  writeFileSync(join(folder, "config.json"), "{");
  expect((await inspect(folder)).stderr).toMatch(/inspect: ".*config\.json" is no JSON/);
});
