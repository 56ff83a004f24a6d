/** A server of files that misbehaves as it is told. */
import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export const md5Of = (bytes: Uint8Array): string => createHash("md5").update(bytes).digest("hex");

export interface Answer {
  readonly bytes: Uint8Array;
  /** Break off after so many bytes, so many times. */
  cut?: { after: number; times: number };
  /** Pause before each piece, in milliseconds. */
  pause?: number;
  /** The version of the file. */
  etag?: string;
  status?: number;
  /** Whether parts can be asked for. Default: true. */
  ranges?: boolean;
}

export class TestServer {
  readonly files = new Map<string, Answer>();
  /** Requests: the path, and the range if one was asked for. */
  readonly requests: string[] = [];
  private readonly server = createServer((request, response) => this.answer(request, response));

  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.server.listen(0, "127.0.0.1", resolve));
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/`;
  }

  close(): void {
    this.server.close();
    this.server.closeAllConnections();
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = (request.url ?? "/").slice(1);
    const range = request.headers.range;
    this.requests.push(range === undefined ? path : `${path} ${range}`);
    const file = this.files.get(path);
    if (file === undefined || file.status !== undefined) {
      response.writeHead(file?.status ?? 404).end("no");
      return;
    }
    const { bytes, etag, ranges = true } = file;
    const isSame = request.headers["if-range"] === undefined || request.headers["if-range"] === etag;
    const start = ranges && isSame && range !== undefined ? Number(/\d+/.exec(range)![0]) : 0;
    const tag = etag === undefined ? {} : { ETag: etag };
    if (start >= bytes.length && start > 0) {
      response.writeHead(416, { "Content-Range": `bytes */${bytes.length}` }).end();
      return;
    }
    const part = start > 0 ? { "Content-Range": `bytes ${start}-${bytes.length - 1}/${bytes.length}` } : {};
    response.writeHead(start > 0 ? 206 : 200, { "Content-Length": bytes.length - start, ...tag, ...part });
    await this.send(file, bytes.subarray(start), response);
  }

  private async send(file: Answer, rest: Uint8Array, response: ServerResponse): Promise<void> {
    const cut = file.cut !== undefined && file.cut.times > 0 ? file.cut : undefined;
    if (cut !== undefined) cut.times--;
    const end = Math.min(rest.length, cut?.after ?? rest.length);
    const step = file.pause === undefined ? rest.length || 1 : Math.ceil(rest.length / 10);
    for (let at = 0; at < end; at += step) {
      if (file.pause !== undefined) await new Promise((resolve) => setTimeout(resolve, file.pause));
      response.write(rest.subarray(at, Math.min(end, at + step)));
    }
    if (cut !== undefined) setTimeout(() => response.destroy(), 50);
    else response.end();
  }
}
