/** What `torch.load` does, loaded when it is first called. */
import { FormatError } from "../../core/errors";
import { type FileSource, openFile, type RandomAccessFile } from "../../platform/randomAccess";
import { TorchBuilder } from "./builder";
import { Classes, type ModuleClasses } from "./classes";
import { locator } from "./location";
import { isLegacy, openLegacy } from "./readLegacy";
import { isTar, openTar } from "./readTar";
import { type Opened, openZip } from "./readZip";
import { fillStorage } from "./storages";
import { Values } from "./values";

/** What {@link load} is told. */
export interface LoadRequest {
  readonly mapLocation: unknown;
  readonly classes: ModuleClasses;
}

/** All of a file but its storages. @throws FormatError if it is of none of the formats, or damaged. */
export async function openParts(file: RandomAccessFile, builder: TorchBuilder): Promise<Opened> {
  const start = await file.read(0, Math.min(file.size, 512));
  if (start[0] === 0x50 && start[1] === 0x4b) return await openZip(file, builder);
  if (isLegacy(start)) return await openLegacy(file, builder);
  if (isTar(start)) return await openTar(file, builder);
  throw new FormatError(
    `"${file.path}" is no checkpoint of PyTorch: it begins neither as a zip archive nor as the older formats do`,
  );
}

/** The value of a checkpoint. Where it fails, all memory is given back. */
export async function load(op: string, source: FileSource, { mapLocation, classes }: LoadRequest): Promise<unknown> {
  const known = new Classes(op, classes);
  const locate = locator(op, mapLocation);
  const file = await openFile(op, source);
  const builder = new TorchBuilder((name) => known.has(name));
  let values: Values | undefined;
  let isWhole = false;
  try {
    const { reader, value, contents, isBigEndian } = await openParts(file, builder);
    for (const [ref, pieces] of contents) await fillStorage(ref, pieces(), locate, isBigEndian);
    values = new Values(reader, (name, state) => known.make(file.path, name, state));
    const result = values.visit(value);
    isWhole = true;
    return result;
  } finally {
    if (!isWhole) for (const x of values?.tensors ?? []) x.dispose();
    for (const { storage } of builder.storages.values()) storage?.release();
    await file.close();
  }
}
