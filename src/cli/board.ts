/** `kindling board LOGDIR`: a page that shows a folder of runs while they go on. */
import { KindlingError } from "../core/errors";
import { type Answer, filesBelow, type RunningServer, serve } from "../platform/server";
import { page } from "./page";
import { RunStore } from "./store";

/** What a picture's first bytes say it is; other bytes are no picture to a browser. */
function imageType(bytes: Uint8Array): string {
  if (bytes[0] === 0x89 && bytes[1] === 0x50) return "image/png";
  if (bytes[0] === 0xff && bytes[1] === 0xd8) return "image/jpeg";
  return bytes[0] === 0x47 && bytes[1] === 0x49 ? "image/gif" : "application/octet-stream";
}

/** Where and how the page is served. */
export interface BoardOptions {
  readonly port: number;
  readonly host: string;
}

/** Serves the page of a folder. @throws KindlingError if the folder or the port cannot be had. */
export async function board(folder: string, { port, host }: BoardOptions): Promise<RunningServer> {
  if (!Number.isInteger(port) || port < 0 || port > 65535)
    throw new KindlingError(`board: --port must be from 0 to 65535, got ${port}`);
  await filesBelow("board", folder, () => false);
  const store = new RunStore(folder);
  const nothing: Answer = { status: 404, type: "text/plain; charset=utf-8", body: "there is nothing here" };
  // Paths are compared and never opened, so that none leads out of the folder.
  return serve(host, port, async (path, query) => {
    if (path === "/") return { type: "text/html; charset=utf-8", body: page };
    if (path === "/events") {
      await store.update();
      const after = Number(query.get("after") ?? 0);
      return { type: "application/json", body: JSON.stringify(store.after(Number.isFinite(after) ? after : 0)) };
    }
    if (path !== "/image") return nothing;
    const bytes = store.image(Number(query.get("id")));
    return bytes === undefined ? nothing : { type: imageType(bytes), body: bytes };
  });
}
