/** Files of trained weights. */
import type { StateDict } from "../../nn/module/state";

/** The name of a published file, which ends in the beginning of its checksum: it is the same wherever it comes from. */
const isPublished = (path: string): boolean => /^https?:.*-[0-9a-f]{8,64}\.\w+$/i.test(path);

/**
 * The tensors of a file by name: a .safetensors, or one of PyTorch. Published files are downloaded once, and checked.
 * @throws FormatError for a file that is damaged or of another format; KindlingError if it cannot be read.
 */
export async function readState(op: string, path: string | URL, progress = true): Promise<StateDict> {
  const { cachedFile, readStateDict } = await import("../../hub/lazyDownloads");
  const text = String(path);
  if (!isPublished(text)) return readStateDict(op, path);
  return readStateDict(op, await cachedFile(op, text, { checkHash: true, progress }));
}
