/** The tutorial's own data set: a folder of pictures and a CSV of labels. */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { encode } from "fast-png";
import * as torch from "kindling";
import { afterAll, expect, test } from "vitest";
import { CustomImageDataset } from "../../../examples/customDataset/dataset";

const root = mkdtempSync(join(tmpdir(), "kindling-custom-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

test("reads pictures that are made here, in batches", async () => {
  const names = [0, 1, 2].map((i) => {
    const data = Uint8Array.from({ length: 12 }, (_, k) => 10 * i + (k % 3));
    writeFileSync(join(root, `${i}.png`), encode({ width: 2, height: 2, channels: 3, data }));
    return `${i}.png`;
  });
  writeFileSync(
    join(root, "labels.csv"),
    `filename,label\r\n${names.map((name, i) => `"${name}",${i === 1 ? "cat" : "dog"}`).join("\r\n")}\r\n`,
  );
  const set = await CustomImageDataset.open(join(root, "labels.csv"), root, { targetTransform: (label) => label + 1 });
  expect([set.length, set.classes]).toEqual([3, ["cat", "dog"]]);
  const batches: unknown[] = [];
  for await (const [x, y] of new torch.utils.data.DataLoader<any, any>(set, { batchSize: 2 }))
    batches.push([x.shape, x.dtype, x.select(1, 2).select(0, 0).tolist(), y.tolist()]);
  expect(batches).toEqual([
    [
      [2, 3, 2, 2],
      "uint8",
      [
        [2, 2],
        [2, 2],
      ],
      [2, 1],
    ],
    [
      [1, 3, 2, 2],
      "uint8",
      [
        [22, 22],
        [22, 22],
      ],
      [2],
    ],
  ]);
  await expect(set.at(3)).rejects.toThrow(torch.IndexError);
});

test.each([
  ["name\n../evil.png,cat\n", /line 2 is no file name and label/],
  ["name,label\na.png\n", /line 2 is no file name/],
  ['name,label\n"a.png,cat\n', /line \d+: Quoted field unterminated|line 2/],
])("refuses %j", async (text, words) => {
  writeFileSync(join(root, "bad.csv"), text);
  await expect(CustomImageDataset.open(join(root, "bad.csv"), root)).rejects.toThrow(words);
});

/** Photographs beside the repository, where they are. */
const photographs = join("..", "shared", "data", "cifar10-jpg");
const isThere = existsSync(join(photographs, "labels.csv"));

test.skipIf(!isThere)(`reads JPEG files (skipped where there is no ${photographs})`, { timeout: 60_000 }, async () => {
  const set = await CustomImageDataset.open(join(photographs, "labels.csv"), join(photographs, "images"));
  expect(set.classes).toHaveLength(10);
  let count = 0;
  for await (const [x, y] of new torch.utils.data.DataLoader<any, any>(set, { batchSize: 32, shuffle: true })) {
    expect(x.shape.slice(1)).toEqual([3, 32, 32]);
    count += y.length;
  }
  expect(count).toBe(set.length);
});
