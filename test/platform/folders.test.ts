/** Folders and those that they stand in. */
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { makeFolder } from "../../src/platform/folders";

const root = mkdtempSync(join(tmpdir(), "kindling-folders-"));
afterAll(() => rmSync(root, { recursive: true }));

test("makes what is missing, and leaves what is there", async () => {
  const path = join(root, "a", "b", "c");
  for (let time = 0; time < 2; time++) await makeFolder("op", path);
  expect(statSync(path).isDirectory()).toBe(true);
  await Promise.all([1, 2, 3].map(() => makeFolder("op", join(root, "x", "y"))));
});

test("says what is in the way", async () => {
  writeFileSync(join(root, "file"), "");
  await expect(makeFolder("op", join(root, "file"))).rejects.toThrow(
    /^op: cannot make the folder ".*file": it is a file/,
  );
  await expect(makeFolder("op", join(root, "file", "x"))).rejects.toThrow(/a part of the path is not a folder/);
});

// Node's `recursive` does not come back from there.
test.skipIf(!existsSync("/proc/self"))("ends where the system has no room for names", async () => {
  await expect(makeFolder("op", "/proc/none/x")).rejects.toThrow(/^op: cannot make the folder "\/proc\/none\/x": /);
});
