/** State dicts in files of PyTorch whose tensors are read one at a time. */
import { FormatError } from "../../core/errors";
import { type FileSource, openFile } from "../../platform/randomAccess";
import type { Tensor } from "../../tensor/tensor";
import type { TensorSource } from "../tensorSource";
import { TorchBuilder } from "./builder";
import { openParts } from "./lazyLoad";
import { locator } from "./location";
import { StorageRef, TensorRef } from "./refs";
import { fillStorage } from "./storages";
import { Values } from "./values";

/** The tensors by name; those of a whole training run are under `state_dict` or `model`. */
function stateOf(path: string, value: unknown): Map<string, TensorRef> {
  const isState = (found: unknown): found is Map<string, TensorRef> =>
    found instanceof Map && [...found].every(([key, item]) => typeof key === "string" && item instanceof TensorRef);
  if (isState(value)) return value;
  const inner = value instanceof Map ? (value.get("state_dict") ?? value.get("model")) : undefined;
  if (isState(inner)) return inner;
  throw new FormatError(
    `"${path}" holds no state dict, a dict of tensors by name: read it by torch.load, and take the part that is one`,
  );
}

/** Opens a state dict. @throws FormatError naming the file if it is damaged, or holds none. */
export async function openState(op: string, source: FileSource): Promise<TensorSource> {
  const file = await openFile(op, source);
  let isOpen = false;
  try {
    const { reader, value, contents, isBigEndian } = await openParts(file, new TorchBuilder());
    const state = stateOf(file.path, value);
    const pieces = new Map(contents);
    const locate = locator(op, "cpu");
    isOpen = true;
    return {
      path: file.path,
      shapes: new Map([...state].map(([name, { shape }]) => [name, shape])),
      async read(name): Promise<Tensor> {
        const { storage, dtype, offset, shape, strides } = state.get(name)!;
        const own = new StorageRef(storage.key, storage.dtype, storage.count, storage.location);
        try {
          await fillStorage(own, pieces.get(storage)!(), locate, isBigEndian);
          const values = new Values(reader, () => reader.fail("it holds a module"));
          return values.visit(new TensorRef(own, dtype, offset, shape, strides, false, false)) as Tensor;
        } finally {
          own.storage?.release();
        }
      },
      close: () => file.close(),
    };
  } finally {
    if (!isOpen) await file.close();
  }
}
