/** Files that a page offers to its reader. */
import { KindlingError } from "../core/errors";
import { runtime } from "./platform";

/** @throws KindlingError outside of pages. */
export function download(op: string, blob: Blob, filename: string): void {
  if (globalThis.document === undefined)
    throw new KindlingError(
      `${op}: only a page can offer a download, not ${runtime === "browser" ? "a worker" : runtime}; write the bytes of toBlob() to a file`,
    );
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = filename;
  link.click();
  // The browser has begun to read it by then.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
