/** A server of static files whose headers each page can choose. */
import { existsSync, readFileSync, statSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";

const types = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".mjs": "text/javascript",
  ".css": "text/css",
  ".wasm": "application/wasm",
};

/** The headers of cross-origin isolation. */
export const isolation = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
};

/** What lets pages of other origins import the files. */
export const shared = { "Access-Control-Allow-Origin": "*", "Cross-Origin-Resource-Policy": "cross-origin" };

/** Serves the files below `root`, and `pages` by their paths. */
export async function serve(root, headers = isolation, pages = {}) {
  const server = createServer((request, response) => {
    let name = decodeURIComponent(new URL(request.url, "http://localhost").pathname);
    if (name.endsWith("/")) name += "index.html";
    const path = join(root, normalize(name));
    const isFile = path.startsWith(root) && existsSync(path) && statSync(path).isFile();
    const body = pages[name] ?? (isFile ? readFileSync(path) : undefined);
    const head = { "Content-Type": types[extname(name)] ?? "application/octet-stream", ...headers };
    response.writeHead(body === undefined ? 404 : 200, body === undefined ? headers : head).end(body);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { url: `http://127.0.0.1:${server.address().port}`, close: () => server.close(), server };
}
