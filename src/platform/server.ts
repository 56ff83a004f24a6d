/** Folders that are read as they grow, and pages served from this machine; for the command line. */
import { KindlingError } from "../core/errors";
import { explain } from "./files";
import { nodeModule } from "./platform";

/** What a server answers. */
export interface Answer {
  readonly status?: number;
  readonly type: string;
  readonly body: string | Uint8Array;
}

/** A server that runs. */
export interface RunningServer {
  readonly url: string;
  close(): Promise<void>;
}

/** What a browser may load into such a page: what the page itself holds. */
const policy =
  "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src 'self' data:; connect-src 'self'";

const isLoopback = (host: string): boolean => /^(localhost|127(\.\d+){3}|\[?::1\]?)$/.test(host);

/**
 * Serves GET requests. A server on the loopback device answers only those that name it so: other pages cannot reach it by a name of theirs.
 * @throws KindlingError if the port cannot be had.
 */
export async function serve(
  host: string,
  port: number,
  answer: (path: string, query: URLSearchParams) => Promise<Answer>,
): Promise<RunningServer> {
  const http = nodeModule<typeof import("node:http")>("node:http");
  if (http === undefined) throw new KindlingError("board: there are no servers in a browser");
  const server = http.createServer(async (request, response) => {
    const send = ({ status = 200, type, body }: Answer): void => {
      const headers = { "content-type": type, "cache-control": "no-store", "x-content-type-options": "nosniff" };
      response.writeHead(status, { ...headers, "content-security-policy": policy, "referrer-policy": "no-referrer" });
      response.end(request.method === "HEAD" ? undefined : body);
    };
    const refuse = (status: number, body: string): void => send({ status, type: "text/plain; charset=utf-8", body });
    try {
      const named = (request.headers.host ?? "").replace(/:\d+$/, "");
      if (isLoopback(host) && !isLoopback(named)) return refuse(403, "this server is for this machine only");
      if (request.method !== "GET" && request.method !== "HEAD") return refuse(405, "only GET is answered");
      const [path, query] = (request.url ?? "/").split("?", 2);
      send(await answer(path!, new URLSearchParams(query ?? "")));
    } catch (error) {
      refuse(500, (error as Error).message);
    }
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error) => reject(explain("board", "listen on port", String(port), error)));
    server.listen(port, host, resolve);
  });
  const address = server.address() as { port: number };
  return {
    url: `http://${host.includes(":") ? `[${host}]` : host}:${address.port}/`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections?.();
      }),
  };
}

/** The files below a folder whose names `matches`, by their paths from there. Links are not followed. @throws KindlingError with the path. */
export async function filesBelow(op: string, folder: string, matches: (name: string) => boolean): Promise<string[]> {
  const files = nodeModule<typeof import("node:fs/promises")>("node:fs/promises")!;
  const found: string[] = [];
  const walk = async (relative: string, depth: number): Promise<void> => {
    const entries = await files.readdir(`${folder}/${relative}`, { withFileTypes: true });
    for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const path = relative === "" ? entry.name : `${relative}/${entry.name}`;
      if (entry.isFile() && matches(entry.name)) found.push(path);
      // What is deeper is no run of this folder.
      else if (entry.isDirectory() && depth < 16 && entry.name !== "node_modules") await walk(path, depth + 1);
    }
  };
  try {
    await walk("", 0);
  } catch (error) {
    throw explain(op, "open the folder", folder, error);
  }
  return found;
}

/** At most `most` bytes of a file from a place in it on. @throws KindlingError with the path. */
export async function readFrom(op: string, path: string, offset: number, most: number): Promise<Uint8Array> {
  const files = nodeModule<typeof import("node:fs/promises")>("node:fs/promises")!;
  try {
    const handle = await files.open(path, "r");
    try {
      const { size } = await handle.stat();
      const bytes = new Uint8Array(Math.max(0, Math.min(most, size - offset)));
      const { bytesRead } = await handle.read(bytes, 0, bytes.length, offset);
      return bytes.subarray(0, bytesRead);
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw explain(op, "read", path, error);
  }
}

/** What a process ends with that the system ends since nobody reads its output. */
const UNREAD = 141;

/** Ends this process without a word when nobody reads its output any more, as with `| head`; in Node, writing to it is an error otherwise. */
export function endWithReader(): void {
  const process = nodeModule<typeof import("node:process")>("node:process")!;
  for (const stream of [process.stdout, process.stderr])
    stream.on("error", (error: { code?: string }) => {
      if (error.code !== "EPIPE") throw error;
      process.exit(UNREAD);
    });
}

/** The arguments of the command line, and what else a command needs of its process. */
export function commandLine(): { args: string[]; exit(code: number): void; error(text: string): void } {
  const process = nodeModule<typeof import("node:process")>("node:process")!;
  return {
    args: process.argv.slice(2),
    exit: (code) => {
      process.exitCode = code;
    },
    error: (text) => void process.stderr.write(`${text}\n`),
  };
}
