/** Values that move between devices. */
import type { Backend } from "../backend/backend";
import { type DType, sizeOf } from "../core/dtype";
import { DeviceError } from "../core/errors";
import { contiguousStrides, sizeOfShape } from "../core/shape";
import { Storage } from "./storage";
import { Tensor } from "./tensor";

/** For storages whose values a device has not handed over yet, what settles once they are there or cannot come any more. */
const arrivals = new WeakMap<Storage, Promise<void>>();
let pending = 0;

/** @internal Whether the values of any tensor are still on their way from a device that cannot be read at once, or could not come. */
export const hasArrivals = (): boolean => pending > 0;

/** @internal Whether the values of `x` are still on their way, or could not come. */
export const isArriving = (x: Tensor): boolean => pending > 0 && arrivals.has(x.storage);

/** @internal Settles once the values of `x` are in its memory. */
export const arrivalOf = (x: Tensor): Promise<void> => arrivals.get(x.storage) ?? Promise.resolve();

/** What a backend does with memory, as opposed to the values in it. */
const aboutMemory: ReadonlySet<PropertyKey> = new Set(["device", "readsAtOnce", "allocate", "release", "memoryStats"]);

/**
 * Stands in for the backend of a storage until its values are there, so that nothing computes with what happens to be in the memory, and no op has
 * to ask whether its operands have arrived.
 */
function withoutValues(backend: Backend, from: string): { readonly standIn: Backend; fail(cause: unknown): void } {
  let failure: { readonly cause: unknown } | undefined;
  const refuse = (): never => {
    if (failure !== undefined)
      throw new DeviceError(`to: the values did not arrive from "${from}": ${String(failure.cause)}`, failure);
    throw new DeviceError(
      `to: the values of a tensor are still on their way from "${from}" to "${backend.device}"; await x.cpu() before they are used`,
    );
  };
  const standIn = new Proxy(backend, {
    get(target, key) {
      const value: unknown = Reflect.get(target, key, target);
      if (typeof value !== "function") return value;
      return aboutMemory.has(key) ? value.bind(target) : refuse;
    },
  });
  return {
    standIn,
    fail(cause) {
      failure = { cause };
    },
  };
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

const emptyOn = (backend: Backend, shape: readonly number[], dtype: DType): Tensor =>
  new Tensor(
    new Storage(backend, Math.max(1, sizeOfShape(shape)) * sizeOf(dtype)),
    dtype,
    shape,
    contiguousStrides(shape),
  );

/**
 * @internal A tensor whose values `load` brings later. It may be passed on and stored, but to compute with it or to read it is an error until
 * {@link arrivalOf} has settled.
 * @param load Gives what writes the values, which is called once the tensor has its own backend.
 */
export function arriving(
  shape: readonly number[],
  dtype: DType,
  backend: Backend,
  from: string,
  load: () => Promise<(y: Tensor) => void>,
): Tensor {
  const { standIn, fail } = withoutValues(backend, from);
  const y = emptyOn(standIn, shape, dtype);
  const { storage } = y;
  // Another handle, since the tensor itself may be disposed, or shown through another window, before the values are there.
  const handle = new Tensor(storage, dtype, shape, y.strides, 0, false);
  const settle = async (): Promise<void> => {
    try {
      const write = await load();
      (storage as Mutable<Storage>).backend = backend;
      write(handle);
    } catch (cause) {
      // The storage keeps its arrival, so that whoever awaits it later gets the cause as well.
      (storage as Mutable<Storage>).backend = standIn;
      fail(cause);
      throw cause;
    } finally {
      handle.dispose();
    }
    arrivals.delete(storage);
    pending--;
  };
  pending++;
  const done = settle();
  // Whoever awaits the values gets the error; to everybody else, their use throws it.
  done.catch(() => {});
  arrivals.set(storage, done);
  return y;
}

/** A contiguous form of `x` in a dtype, on its own device and without history; `x` itself if it is one. */
function dense(x: Tensor, dtype: DType): Tensor {
  if (x.dtype === dtype && x.isContiguous()) return x;
  const { backend } = x.storage;
  const y = emptyOn(backend, x.shape, dtype);
  backend.copy(y, x);
  return y;
}

/** Writes values of a dtype into a contiguous `y`, cast to its dtype. */
function writeInto(y: Tensor, dtype: DType, values: Parameters<Backend["write"]>[3]): void {
  const { backend } = y.storage;
  const source = y.dtype === dtype ? y : emptyOn(backend, y.shape, dtype);
  backend.write(source.storage.block, dtype, source.offset, values);
  if (source === y) return;
  backend.copy(y, source);
  source.dispose();
}

/**
 * @internal The values of `x` in contiguous memory of another device, without history. Casts run on the device that is read at once, since it has
 * all dtypes. The values of a device that cannot be read at once come later, as {@link arriving} says.
 */
export function transfer(x: Tensor, dtype: DType, backend: Backend): Tensor {
  const own = x.storage.backend;
  const n = x.numel();
  if (own.readsAtOnce && !isArriving(x)) {
    const source = dense(x, dtype);
    const y = emptyOn(backend, x.shape, dtype);
    if (n > 0) backend.write(y.storage.block, dtype, 0, own.view(source.storage.block, dtype, source.offset, n));
    if (source !== x) source.dispose();
    return y;
  }
  const from = x.dtype;
  // The values are those of now: the device is asked before this returns, unless it does not have them yet.
  const handle = new Tensor(x.storage, from, x.shape, x.strides, x.offset, false);
  return arriving(x.shape, dtype, backend, own.device, async () => {
    if (isArriving(handle)) await arrivalOf(handle);
    const source = dense(handle, from);
    const reading = source.storage.backend.read(source.storage.block, from, source.offset, n);
    if (source !== handle) source.dispose();
    handle.dispose();
    const values = await reading;
    return (y) => writeInto(y, from, values);
  });
}
