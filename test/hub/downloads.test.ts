/** `torch.hub`'s downloads from a server that misbehaves. */
import { createHash, randomBytes } from "node:crypto";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as torch from "kindling";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { TestServer } from "../vision/datasets/server";

const server = new TestServer();
const root = mkdtempSync(join(tmpdir(), "kindling-hub-"));
let url = "";
beforeAll(async () => {
  url = await server.start();
});
beforeEach(() => {
  server.files.clear();
  server.requests.length = 0;
  torch.hub.setDir(mkdtempSync(join(root, "hub-")));
});
afterAll(() => {
  server.close();
  rmSync(root, { recursive: true, force: true });
});
const bytes = randomBytes(200_000);
const sha = (of: Uint8Array) => createHash("sha256").update(of).digest("hex");

test("a file with a checksum, taken up where the connection broke off", async () => {
  server.files.set("a.bin", { bytes, etag: '"1"', cut: { after: 90_000, times: 1 } });
  const path = join(root, "a.bin");
  await torch.hub.downloadUrlToFile(`${url}a.bin`, path, { hashPrefix: sha(bytes).slice(0, 10), progress: false });
  expect(server.requests).toEqual(["a.bin", "a.bin bytes=90000-"]);
  expect(sha(readFileSync(path))).toBe(sha(bytes));
  await expect(
    torch.hub.downloadUrlToFile(`${url}a.bin`, join(root, "b.bin"), { hashPrefix: "0".repeat(8) }),
  ).rejects.toThrow(`downloadUrlToFile: invalid hash value (expected "00000000", got "${sha(bytes).slice(0, 8)}")`);
  expect(readdirSync(root).filter((name) => name.startsWith("b.bin"))).toEqual([]);
});

test("state dicts are downloaded once", async () => {
  const file = torch.safetensors.save({ w: torch.arange(3) });
  const name = `net-${sha(file).slice(0, 8)}.safetensors`;
  server.files.set(name, { bytes: file });
  for (let i = 0; i < 2; i++) {
    const state = await torch.hub.loadStateDictFromUrl(url + name, { checkHash: true });
    expect(state.w.tolist()).toEqual([0, 1, 2]);
  }
  expect(server.requests).toEqual([name]);
  expect(existsSync(join(torch.hub.getDir(), "checkpoints", name))).toBe(true);
  server.files.set("net-00000000.safetensors", { bytes: file });
  await expect(torch.hub.loadStateDictFromUrl(`${url}net-00000000.safetensors`, { checkHash: true })).rejects.toThrow(
    /invalid hash value/,
  );
});

test("what goes wrong is said", async () => {
  await expect(torch.hub.loadStateDictFromUrl(`${url}none.pth`)).rejects.toThrow(
    /^loadStateDictFromUrl: cannot download .*404/,
  );
  await expect(torch.hub.downloadUrlToFile("http://127.0.0.1:1/a", join(root, "c"))).rejects.toThrow(
    /Is there a network\?/,
  );
  server.files.set("cut.bin", { bytes, ranges: false, cut: { after: 10, times: 99 } });
  await expect(torch.hub.downloadUrlToFile(`${url}cut.bin`, join(root, "d"))).rejects.toThrow(
    /^downloadUrlToFile: cannot download/,
  );
  expect(existsSync(join(root, "d"))).toBe(false);
  await expect(torch.hub.downloadUrlToFile("file:///a", "b")).rejects.toThrow(/must begin with http/);
  expect(() => torch.hub.load("pytorch/vision", "resnet18")).toThrow(/^load: the hubconf\.py .*torch\.vision\.models/);
});
