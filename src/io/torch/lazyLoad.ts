/** What `torch.load` does, loaded when it is first called. */
import type { Device } from "../../backend/backend";
import { FormatError } from "../../core/errors";
import { type FileSource, openFile, type RandomAccessFile } from "../../platform/randomAccess";
import { TorchBuilder } from "./builder";
import { Classes, type ModuleClasses } from "./classes";
import { isLegacy, openLegacy } from "./readLegacy";
import { isTar, openTar } from "./readTar";
import { type Opened, openZip } from "./readZip";
import type { Locate } from "./storages";
import { Values } from "./values";

/** What {@link load} is told. */
export interface LoadRequest {
  readonly locate: Locate;
  readonly classes: ModuleClasses;
}

/** Where tensors go that were on a device which may not be here. */
export type MapLocation = Device | "wasm" | Readonly<Record<string, Device>> | ((location: string) => Device | null);

async function open(file: RandomAccessFile, builder: TorchBuilder): Promise<Opened> {
  const start = await file.read(0, Math.min(file.size, 512));
  if (start[0] === 0x50 && start[1] === 0x4b) return await openZip(file, builder);
  if (isLegacy(start)) return await openLegacy(file, builder);
  if (isTar(start)) return await openTar(file, builder);
  throw new FormatError(
    `"${file.path}" is no checkpoint of PyTorch: it begins neither as a zip archive nor as the older formats do`,
  );
}

/** The value of a checkpoint. Where it fails, all memory is given back. */
export async function load(op: string, source: FileSource, { locate, classes }: LoadRequest): Promise<unknown> {
  const file = await openFile(op, source);
  const known = new Classes(classes);
  const builder = new TorchBuilder((name) => known.has(name));
  let values: Values | undefined;
  let isWhole = false;
  try {
    const { reader, value, fill } = await open(file, builder);
    await fill(op, locate);
    values = new Values(reader, (name, state) => known.make(op, name, state));
    const result = values.visit(value);
    isWhole = true;
    return result;
  } finally {
    if (!isWhole) for (const x of values?.tensors ?? []) x.dispose();
    for (const { storage } of builder.storages.values()) storage?.release();
    await file.close();
  }
}
