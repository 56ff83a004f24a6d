/** Downloads from a server that breaks off, answers with errors, or sends other bytes; archives that are damaged or hostile. */
import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { deflateRawSync, gzipSync } from "node:zlib";
import * as torch from "kindling";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { Md5 } from "../../../src/platform/archives/md5";
import { Crc32 } from "../../../src/platform/files";
import { progressLine } from "../../../src/platform/progress";
import { md5Of, TestServer } from "./server";

const { utils, FashionMNIST, CIFAR10 } = torch.vision.datasets;
const server = new TestServer();
let url = "";
const base = mkdtempSync(join(tmpdir(), "kindling-download-"));
let root = base;
const printed: string[] = [];

beforeAll(async () => {
  url = await server.start();
  vi.spyOn(console, "log").mockImplementation((line) => void printed.push(line));
});
afterAll(() => {
  server.close();
  vi.restoreAllMocks();
  rmSync(base, { recursive: true, force: true });
});
beforeEach(() => {
  root = mkdtempSync(join(base, "case-"));
  server.files.clear();
  server.requests.length = 0;
  printed.length = 0;
});

const content = randomBytes(300_000);
const md5 = md5Of(content);
const get = (name: string, options: object = {}) => utils.downloadUrl(url + name, root, options);
const left = () => readdirSync(root).sort();

describe("downloadUrl", () => {
  test("fetches a file once", async () => {
    server.files.set("a.bin", { bytes: content });
    await get("a.bin", { md5: md5.toUpperCase() });
    await get("a.bin", { md5 });
    expect(Buffer.compare(readFileSync(join(root, "a.bin")), content)).toBe(0);
    expect([server.requests, left()]).toEqual([["a.bin"], ["a.bin"]]);
    expect(printed).toEqual([
      `Downloading ${url}a.bin to ${root}/a.bin`,
      `Using downloaded and verified file: ${root}/a.bin`,
    ]);
    // One that was changed is fetched again.
    writeFileSync(join(root, "a.bin"), "other");
    await get("a.bin", { md5 });
    expect(await utils.calculateMd5(join(root, "a.bin"))).toBe(md5);
    expect(await utils.checkIntegrity(join(root, "a.bin"), "0".repeat(32))).toBe(false);
    expect(await utils.checkIntegrity(join(root, "b.bin"))).toBe(false);
  });

  test("goes on where the connection broke off", async () => {
    server.files.set("a.bin", { bytes: content, etag: '"1"', cut: { after: 100_000, times: 2 } });
    await get("a.bin");
    expect(server.requests).toEqual(["a.bin", "a.bin bytes=100000-", "a.bin bytes=200000-"]);
    expect([md5Of(readFileSync(join(root, "a.bin"))), left()]).toEqual([md5, ["a.bin"]]);
  });

  test("goes on with what an earlier process left, if it is of the same file", async () => {
    const leave = (etag: string | null) => {
      rmSync(join(root, "a.bin"), { force: true });
      writeFileSync(join(root, "a.bin.part"), content.subarray(0, 1000));
      writeFileSync(join(root, "a.bin.part.json"), JSON.stringify({ url: `${url}a.bin`, version: etag }));
      server.requests.length = 0;
    };
    server.files.set("a.bin", { bytes: content, etag: '"1"' });
    for (const [etag, options] of [
      ['"1"', {}],
      // Another version: the server sends all of it.
      ['"0"', {}],
      [null, { md5 }],
    ] as const) {
      leave(etag);
      await get("a.bin", options);
      expect(server.requests).toEqual(["a.bin bytes=1000-"]);
      expect(md5Of(readFileSync(join(root, "a.bin")))).toBe(md5);
    }
    leave(null);
    await get("a.bin");
    expect(server.requests).toEqual(["a.bin"]);
    // A part of another file shows in the checksum, and is not used.
    leave(null);
    writeFileSync(join(root, "a.bin.part"), Buffer.alloc(1000));
    await get("a.bin", { md5 });
    expect(server.requests).toEqual(["a.bin bytes=1000-", "a.bin"]);
    // A part that is all of it.
    leave('"1"');
    writeFileSync(join(root, "a.bin.part"), content);
    await get("a.bin");
    expect([server.requests, left()]).toEqual([["a.bin bytes=300000-"], ["a.bin"]]);
  });

  test.each<[what: string, answer: object | undefined, options: object, words: RegExp]>([
    ["no file", undefined, {}, /^downloadUrl: cannot download .*a\.bin: the server answered 404 Not Found$/],
    ["an error", { status: 503 }, {}, /the server answered 503/],
    ["a wrong checksum", {}, { md5: "0".repeat(32) }, /has the MD5 checksum [0-9a-f]{32} instead of 0{32}/],
    ["a truncated file", { cut: { after: 0, times: 9 } }, {}, /cannot download/],
    ["a truncated file with a beginning", { cut: { after: 150_000, times: 99 }, ranges: false }, {}, /cannot download/],
    ["silence", { pause: 60_000 }, { timeout: 0.3 }, /sent nothing for 0\.3 seconds/],
  ])("refuses %s", async (_, answer, options, words) => {
    if (answer !== undefined) server.files.set("a.bin", { bytes: content, ...answer });
    const error = await get("a.bin", options).catch((caught) => caught);
    expect(error).toBeInstanceOf(torch.KindlingError);
    expect(error.message).toMatch(words);
    expect(existsSync(join(root, "a.bin"))).toBe(false);
    expect(left()).not.toContain("a.bin.lock");
  });

  test("says that there is no network, or no room", async () => {
    await expect(utils.downloadUrl("http://127.0.0.1:1/x", root)).rejects.toThrow(/Is there a network\?$/);
    await expect(utils.downloadUrl("http://no.such.host.invalid/x", root)).rejects.toThrow(/ENOTFOUND|EAI_AGAIN/);
    writeFileSync(join(root, "file"), "");
    await expect(utils.downloadUrl(`${url}x`, join(root, "file"))).rejects.toThrow(/cannot make the folder/);
    await expect(utils.downloadUrl(1 as never, root)).rejects.toThrow(torch.ArgumentError);
  });

  test("a slow server is waited for, as long as it sends", async () => {
    server.files.set("a.bin", { bytes: content, pause: 100 });
    await get("a.bin", { timeout: 0.9 });
    expect(md5Of(readFileSync(join(root, "a.bin")))).toBe(md5);
  });

  test("processes wait for each other, and for no dead one", { timeout: 60_000 }, async () => {
    server.files.set("a.bin", { bytes: content, pause: 30 });
    writeFileSync(
      join(root, "a.bin.lock"),
      JSON.stringify({ host: (await import("node:os")).hostname(), pid: 2 ** 22 + 1, key: "x" }),
    );
    const program = `import { vision } from ${JSON.stringify(resolve("dist/kindling.js"))};
      await vision.datasets.utils.downloadUrl(${JSON.stringify(`${url}a.bin`)}, ${JSON.stringify(root)}, { md5: ${JSON.stringify(md5)} });`;
    const run = () => promisify(execFile)(process.execPath, ["--input-type=module", "-e", program]);
    await Promise.all([run(), run(), run()]);
    expect([server.requests, left()]).toEqual([["a.bin"], ["a.bin"]]);
  });

  test("a process that is killed leaves a part, with which the next goes on", { timeout: 60_000 }, async () => {
    server.files.set("a.bin", { bytes: content, pause: 200, etag: '"1"' });
    const program = `import { vision } from ${JSON.stringify(resolve("dist/kindling.js"))};
      await vision.datasets.utils.downloadUrl(${JSON.stringify(`${url}a.bin`)}, ${JSON.stringify(root)});`;
    const child = execFile(process.execPath, ["--input-type=module", "-e", program]);
    const ended = new Promise((done) => child.once("exit", done));
    await vi.waitUntil(
      () => existsSync(join(root, "a.bin.part")) && readFileSync(join(root, "a.bin.part")).length > 0,
      30_000,
    );
    child.kill("SIGKILL");
    await ended;
    expect(existsSync(join(root, "a.bin"))).toBe(false);
    server.files.set("a.bin", { bytes: content, etag: '"1"' });
    await get("a.bin");
    expect(server.requests[1]).toMatch(/^a\.bin bytes=\d+-$/);
    expect([md5Of(readFileSync(join(root, "a.bin"))), left()]).toEqual([md5, ["a.bin"]]);
  });
});

test("MD5 in the language itself is that of the runtime", () => {
  for (const length of [0, 1, 55, 56, 63, 64, 65, 119, 120, 1000]) {
    const bytes = randomBytes(length);
    const checksum = new Md5();
    checksum.update(bytes.subarray(0, length / 3));
    checksum.update(bytes.subarray(length / 3));
    expect(checksum.digest()).toBe(md5Of(bytes));
  }
  expect(progressLine("a", 1 << 20, 4 << 20, 2)).toBe(
    `a [${"█".repeat(8)}${"░".repeat(22)}] 25% 1.0 MiB/4.0 MiB 0.5 MiB/s`,
  );
  expect(progressLine("a", 1 << 20, undefined, 1)).toBe("a 1.0 MiB 1.0 MiB/s");
});

/** A header of a tape archive. */
function header(name: string, size: number, kind = "0"): Buffer {
  const block = Buffer.alloc(512);
  block.write(name.slice(0, 100));
  block.write("0000644\0", 100);
  block.write(`${size.toString(8).padStart(11, "0")}\0`, 124);
  block.write(kind, 156);
  block.write("ustar\0" + "00", 257);
  block.fill(32, 148, 156);
  block.write(
    `${block
      .reduce((a, b) => a + b, 0)
      .toString(8)
      .padStart(6, "0")}\0 `,
    148,
  );
  return block;
}

function tar(...entries: [name: string, content: string, kind?: string][]): Buffer {
  const parts = entries.flatMap(([name, text, kind]) => {
    const body = Buffer.alloc(Math.ceil(text.length / 512) * 512);
    body.write(text);
    return [header(name, text.length, kind), body];
  });
  return Buffer.concat([...parts, Buffer.alloc(1024)]);
}

/** A zip archive of deflated files. */
function zip(...entries: [name: string, content: string][]): Buffer {
  const local: Buffer[] = [];
  const directory: Buffer[] = [];
  let at = 0;
  for (const [name, text] of entries) {
    const packed = deflateRawSync(text);
    const checksum = new Crc32();
    checksum.update(Buffer.from(text));
    const fields = Buffer.alloc(26);
    fields.writeUInt16LE(20, 0);
    fields.writeUInt16LE(8, 4);
    fields.writeUInt32LE(checksum.value, 10);
    fields.writeUInt32LE(packed.length, 14);
    fields.writeUInt32LE(text.length, 18);
    fields.writeUInt16LE(name.length, 22);
    const entry = Buffer.concat([Buffer.from("PK\x03\x04", "latin1"), fields, Buffer.from(name), packed]);
    const tail = Buffer.alloc(14);
    tail.writeUInt32LE(at, 10);
    directory.push(Buffer.from("PK\x01\x02\x14\x00", "latin1"), fields, tail, Buffer.from(name));
    local.push(entry);
    at += entry.length;
  }
  const listing = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.write("PK\x05\x06", "latin1");
  end.writeUInt16LE(entries.length, 8);
  end.writeUInt16LE(entries.length, 10);
  end.writeUInt32LE(listing.length, 12);
  end.writeUInt32LE(at, 16);
  return Buffer.concat([...local, listing, end]);
}

describe("extractArchive", () => {
  const long = `${"d".repeat(90)}/${"f".repeat(90)}.txt`;
  const entries: [string, string][] = [
    ["a.txt", "one"],
    ["b/c/d.txt", "two".repeat(1000)],
    ["./e.txt", ""],
  ];

  test.each<[string, Buffer]>([
    ["x.tar", tar(["b", "", "5"], ...entries)],
    ["x.tar.gz", gzipSync(tar(...entries))],
    ["x.tgz", gzipSync(tar(...entries))],
    ["x.zip", zip(...entries)],
  ])("unpacks %s", async (name, bytes) => {
    writeFileSync(join(root, name), bytes);
    const to = join(root, "out");
    expect(await utils.extractArchive(join(root, name), { toPath: to, removeFinished: true })).toBe(to);
    expect(readFileSync(join(to, "b/c/d.txt"), "utf8")).toBe("two".repeat(1000));
    expect([readdirSync(to).sort(), left()]).toEqual([["a.txt", "b", "e.txt"], ["out"]]);
  });

  test("long names of both kinds, and a single compressed file", async () => {
    const pax = `${String(`${long}`.length + 10)} path=${long}\n`;
    writeFileSync(join(root, "gnu.tar"), tar(["././@LongLink", `${long}\0`, "L"], [long.slice(0, 100), "gnu"]));
    writeFileSync(join(root, "pax.tar"), tar(["x", pax, "x"], ["short", "pax"]));
    for (const kind of ["gnu", "pax"]) {
      await utils.extractArchive(join(root, `${kind}.tar`));
      expect(readFileSync(join(root, long), "utf8")).toBe(kind);
    }
    writeFileSync(join(root, "plain.bin.gz"), gzipSync(content));
    expect(await utils.extractArchive({ fromPath: join(root, "plain.bin.gz") })).toBe(`${root}/plain.bin`);
    expect(md5Of(readFileSync(join(root, "plain.bin")))).toBe(md5);
  });

  const damagedZip = zip(["a", "hello hello hello"]);
  damagedZip[40]! ^= 255;
  test.each<[what: string, name: string, bytes: Uint8Array, words: RegExp]>([
    [
      "a name that leads out",
      "x.tar",
      tar(["ok", "1"], ["../evil", "2"]),
      /"\.\.\/evil" in it leads out of the folder/,
    ],
    ["an absolute name", "x.tar", tar(["/etc/evil", "2"]), /leads out/],
    ["a name of Windows", "x.tar", tar(["c:\\evil", "2"]), /leads out/],
    ["a name that leads out of a zip", "x.zip", zip(["a/../../evil", "2"]), /leads out/],
    ["a link", "x.tar", tar(["ok", "1"], ["link", "", "2"]), /is a link or a device/],
    ["a truncated archive", "x.tar", tar(["a", "1".repeat(5000)]).subarray(0, 2000), /ends within a file/],
    ["a truncated compressed archive", "x.tgz", gzipSync(tar(["a", "1"])).subarray(0, 60), /cannot be unpacked/],
    ["a damaged header", "x.tar", tar(["a", "1"]).fill(65, 0, 1), /checksum of a header/],
    ["an empty archive", "x.tar", Buffer.alloc(0), /nothing in it/],
    ["a zip without its end", "x.zip", zip(["a", "1"]).subarray(0, -4), /no directory/],
    ["a zip whose content was changed", "x.zip", damagedZip, /cannot be unpacked/],
    ["another kind", "x.rar", Buffer.alloc(9), /Known suffixes are: \.tar\.gz/],
  ])("refuses %s, and leaves nothing", async (_, name, bytes, words) => {
    writeFileSync(join(root, name), bytes);
    mkdirSync(join(root, "out"));
    const error = await utils.extractArchive(join(root, name), { toPath: join(root, "out") }).catch((caught) => caught);
    expect(error).toBeInstanceOf(torch.KindlingError);
    expect(error.message).toMatch(words);
    expect(error.message).toContain(name);
    expect([readdirSync(join(root, "out")), left()]).toEqual([[], ["out", name].sort()]);
    expect(existsSync(join(root, "evil"))).toBe(false);
  });
});

/** An IDX file of bytes 0, 1, 2, … below ten. */
function idx(shape: readonly number[]): Buffer {
  const size = shape.reduce((n, s) => n * s, 1);
  const head = Buffer.from([0, 0, 8, shape.length, ...shape.flatMap((n) => [0, 0, 0, n])]);
  return Buffer.concat([head, Buffer.from(Array.from({ length: size }, (_, i) => i % 10))]);
}

describe("download: true", () => {
  test("FashionMNIST comes from the first mirror that has it, and is there the next time", async () => {
    class Small extends (FashionMNIST as any) {
      static mirrors = [`${url}broken/`, `${url}good/`];
      static resources = ["train", "t10k"].flatMap((part) =>
        [`${part}-images-idx3-ubyte.gz`, `${part}-labels-idx1-ubyte.gz`].map((name) => {
          const bytes = gzipSync(idx(name.includes("images") ? [3, 4, 4] : [3]));
          server.files.set(`good/${name}`, { bytes });
          return [name, md5Of(bytes)] as const;
        }),
      );
    }
    const set = await new (Small as any)(root, { train: false, download: true });
    expect([set.length, (set.targets as torch.Tensor).tolist(), set.at(2)[0].size]).toEqual([3, [0, 1, 2], [4, 4]]);
    expect(readdirSync(join(root, "Small/raw")).sort()).toEqual(
      Small.resources.flatMap(([name]) => [name, name.slice(0, -3)]).sort(),
    );
    expect(server.requests).toHaveLength(8);
    expect(printed.filter((line) => line.startsWith("Failed to download (trying next):"))).toHaveLength(4);
    await new (Small as any)(root, { download: true });
    expect(server.requests).toHaveLength(8);
    server.files.clear();
    rmSync(join(root, "Small"), { recursive: true });
    await expect(new (Small as any)(root, { download: true })).rejects.toThrow(
      /^Small: Error downloading train-images-idx3-ubyte\.gz: cannot download .*broken.* answered 404 Not Found; cannot download .*good.*404/,
    );
  });

  test("CIFAR10 comes as torchvision's archive", async () => {
    const files = JSON.parse(
      (await import("node:zlib")).gunzipSync(readFileSync(join(import.meta.dirname, "files.json.gz"))).toString(),
    ).cifar;
    const batch = Buffer.from(files.batches[2], "base64");
    const meta = Buffer.from(files.meta, "base64");
    const names = [...[1, 2, 3, 4, 5].map((i) => `data_batch_${i}`), "test_batch", "batches.meta"];
    const folder = join(root, "pack", "cifar-10-batches-py");
    mkdirSync(folder, { recursive: true });
    for (const name of names) writeFileSync(join(folder, name), name === "batches.meta" ? meta : batch);
    await promisify(execFile)("tar", ["czf", join(root, "c.tar.gz"), "-C", join(root, "pack"), "cifar-10-batches-py"]);
    const bytes = readFileSync(join(root, "c.tar.gz"));
    server.files.set("cifar-10-python.tar.gz", { bytes });
    class Small extends (CIFAR10 as any) {
      static url = `${url}cifar-10-python.tar.gz`;
      static tgzMd5 = md5Of(bytes);
      static trainList = names.slice(0, 5).map((name) => [name, md5Of(batch)] as const);
      static testList = [["test_batch", md5Of(batch)] as const];
      static meta = { filename: "batches.meta", key: "label_names", md5: md5Of(meta) };
    }
    const to = join(root, "data");
    expect((await new (Small as any)(to, { download: true })).length).toBe(15);
    expect((await new (Small as any)(to, { train: false, download: true })).length).toBe(3);
    expect([server.requests, printed.at(-1)]).toEqual([
      ["cifar-10-python.tar.gz"],
      "Files already downloaded and verified",
    ]);
    // A damaged file is replaced.
    writeFileSync(join(to, "cifar-10-batches-py/test_batch"), "x");
    expect((await new (Small as any)(to, { train: false, download: true })).length).toBe(3);
  });
});
