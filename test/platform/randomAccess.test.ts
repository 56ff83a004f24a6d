import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import { writeStream } from "../../src/platform/files";
import { openFile } from "../../src/platform/randomAccess";

const bytes = Uint8Array.from({ length: 1000 }, (_, i) => i * 7);
const folder = mkdtempSync(join(tmpdir(), "kindling-random-access-"));
const path = join(folder, "file.bin");
writeFileSync(path, bytes);

const servers: Server[] = [];

async function serve(answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<string> {
  const server = createServer(answer);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/file.bin`;
}

function partOf(request: IncomingMessage, response: ServerResponse, tag = '"1"'): void {
  const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? "")!;
  const part = bytes.subarray(Number(first), Number(last) + 1);
  response.writeHead(206, { "content-range": `bytes ${first}-${last}/${bytes.length}`, etag: tag });
  response.end(part);
}

afterAll(() => {
  for (const server of servers) server.close();
  rmSync(folder, { recursive: true });
});

describe("openFile", () => {
  const sources = {
    "a path": async () => path,
    "a file URL": async () => pathToFileURL(path),
    bytes: async () => bytes,
    "an ArrayBuffer": async () => bytes.slice().buffer,
    "a Blob": async () => new Blob([bytes]),
    "a URL with ranges": () => serve((request, response) => partOf(request, response)),
    "a URL without ranges": () => serve((_, response) => void response.end(bytes)),
  };
  test.each(Object.entries(sources))("%s is read from any place", async (_, source) => {
    const file = await openFile("op", await source());
    expect(file.size).toBe(1000);
    expect([...(await file.read(10, 3))]).toEqual([...bytes.subarray(10, 13)]);
    expect((await file.read(1000, 0)).length).toBe(0);
    const place = new Uint8Array(8).fill(255);
    const part = await file.read(996, 4, place);
    expect(part.buffer).toBe(place.buffer);
    expect([...place]).toEqual([...bytes.subarray(996), 255, 255, 255, 255]);
    const shared = new Uint8Array(new SharedArrayBuffer(1000));
    await file.read(0, 1000, shared);
    expect([...shared]).toEqual([...bytes]);
    await expect(file.read(999, 2)).rejects.toThrow("2 bytes at 999 lie beyond its 1000 bytes");
    await expect(file.read(0, 2 ** 50)).rejects.toThrow("beyond its 1000 bytes");
    await expect(file.read(-1, 2)).rejects.toThrow("beyond");
    await file.close();
  });

  test("only what is asked for is fetched", async () => {
    const ranges: unknown[] = [];
    const url = await serve((request, response) => {
      ranges.push(request.headers.range);
      partOf(request, response);
    });
    const file = await openFile("op", new URL(url));
    await file.read(500, 20);
    expect(ranges).toEqual(["bytes=0-0", "bytes=500-519"]);
  });

  test("a file that changes on the server is an error", async () => {
    let count = 0;
    const file = await openFile("op", await serve((request, response) => partOf(request, response, `"${count++}"`)));
    await expect(file.read(0, 4)).rejects.toThrow(/op: cannot read "http.*": the file on the server changed/);
  });

  test("what cannot be opened is an error with the cause", async () => {
    await expect(openFile("op", join(folder, "none"))).rejects.toThrow(
      /op: cannot read ".*none": there is no such file/,
    );
    const url = await serve((_, response) => void response.writeHead(404).end());
    await expect(openFile("op", url)).rejects.toThrow(/the server answered 404/);
    const huge = await serve((_, response) => {
      response.writeHead(200, { "content-length": 2 ** 40 });
      response.write("a");
    });
    await expect(openFile("op", huge)).rejects.toThrow(/sends no parts of files/);
    await expect(openFile("op", 5 as never)).rejects.toThrow("op: takes a path, a URL, a Blob or bytes");
  });
});

describe("writeStream", () => {
  test("writes pieces in order, and only once all are there", async () => {
    const target = join(folder, "out.bin");
    writeFileSync(target, "old");
    await writeStream("op", target, async (write) => {
      await write(bytes.subarray(0, 400));
      expect(readFileSync(target, "utf8")).toBe("old");
      await write(bytes.subarray(400));
    });
    expect([...readFileSync(target)]).toEqual([...bytes]);
  });

  test("an error leaves the old file, and nothing beside it", async () => {
    const target = join(folder, "kept.bin");
    writeFileSync(target, "old");
    const before = readdirSync(folder);
    const failing = writeStream("op", target, async (write) => {
      await write(bytes);
      throw new Error("no more");
    });
    await expect(failing).rejects.toThrow("no more");
    expect(readFileSync(target, "utf8")).toBe("old");
    expect(readdirSync(folder)).toEqual(before);
  });
});
