/** A static file server for browser tests, with or without cross-origin isolation. */
import { createReadStream, existsSync, statSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join, normalize } from "node:path";

const types: Readonly<Record<string, string>> = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".mjs": "text/javascript",
  ".map": "application/json",
  ".json": "application/json",
  ".css": "text/css",
  ".svg": "image/svg+xml",
};

const isolation = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
};

export interface FileServer {
  readonly url: string;
  /** The paths that were asked for. */
  readonly requests: string[];
  close(): void;
}

/** Serves the files below `root`, and others by their paths, on a free port of this machine. */
export async function serve(
  root: string,
  { isolated, files = new Map() }: { isolated: boolean; files?: ReadonlyMap<string, Uint8Array | string> },
): Promise<FileServer> {
  const requests: string[] = [];
  const server = createServer((request, response) => {
    const name = decodeURIComponent(new URL(request.url ?? "/", "http://localhost").pathname);
    requests.push(name);
    const made = files.get(name);
    if (made !== undefined) {
      const type = types[extname(name)] ?? "application/octet-stream";
      response
        .writeHead(200, { "Content-Type": type, "Cache-Control": "no-store", ...(isolated ? isolation : {}) })
        .end(made);
      return;
    }
    const path = join(root, normalize(name));
    if (!path.startsWith(root) || !existsSync(path) || !statSync(path).isFile()) {
      response.writeHead(404).end();
      return;
    }
    response.writeHead(200, {
      "Content-Type": types[extname(path)] ?? "application/octet-stream",
      ...(isolated ? isolation : {}),
    });
    createReadStream(path).pipe(response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests, close: () => server.close() };
}
