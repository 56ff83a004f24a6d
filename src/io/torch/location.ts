/** `mapLocation`: the device on which the memory of a file's tensors is built up. */
import { type Backend, backendOf, type Device } from "../../backend/backend";
import { isPlainObject } from "../../core/binding";
import { ArgumentError, DeviceError, describe } from "../../core/errors";
import { isDeviceName, resolveDevice } from "../../tensor/device";
import type { LoadingStorage, MapLocation } from "../serialization";
import type { StorageRef } from "./refs";

/** The device on which a storage is built up. */
export type Locate = (ref: StorageRef) => Backend;

/** `cpu:0` is `cpu`: there is one device of each kind. */
const withoutIndex = (name: string): string => name.replace(/:0$/, "");

/** The backend of a name that a caller gave. `what` says where the name came from. */
function backendNamed(op: string, what: string, name: string): Backend {
  if (!isDeviceName(name))
    throw new ArgumentError(
      `${op}: ${what} must be a device such as "cpu", got ${describe(name)}; locations of the file are mapped by { "cuda:0": "cpu" }`,
    );
  try {
    return resolveDevice(op, withoutIndex(name) as Device);
  } catch (error) {
    if (!(error instanceof DeviceError)) throw error;
    throw new DeviceError(
      `${op}: ${what} is ${describe(name)}, which is not there: map to "cpu", or leave mapLocation out, and tensors whose device is not here go to the CPU`,
      { cause: error },
    );
  }
}

/** The device where a tensor was if it is here, else the CPU. */
function defaultBackend(op: string, location: string): Backend {
  const known = isDeviceName(location) ? backendOf(withoutIndex(location) as Device) : undefined;
  return known ?? resolveDevice(op, "cpu");
}

/** What functions of {@link MapLocation} get for a storage, and may give back. */
class Loading implements LoadingStorage {
  constructor(
    private readonly op: string,
    private readonly ref: StorageRef,
    readonly device: Device,
  ) {}

  get dtype() {
    return this.ref.dtype;
  }

  size(): number {
    return this.ref.count;
  }

  nbytes(): number {
    return this.ref.bytes;
  }

  to(device: string): LoadingStorage {
    const backend = backendNamed(this.op, "the device of storage.to(device) in mapLocation", String(device));
    return new Loading(this.op, this.ref, backend.device);
  }

  cpu(): LoadingStorage {
    return this.to("cpu");
  }

  cuda(index: number | string = 0): LoadingStorage {
    return this.to(typeof index === "string" ? index : `cuda:${index}`);
  }
}

type LocationFunction = Extract<MapLocation, (...args: never[]) => unknown>;

function byFunction(op: string, map: LocationFunction): Locate {
  return (ref) => {
    // PyTorch's functions get a storage of the CPU.
    const found: unknown = map(new Loading(op, ref, "cpu"), ref.location);
    if (found === null || found === undefined) return defaultBackend(op, ref.location);
    if (found instanceof Loading) return resolveDevice(op, found.device);
    if (typeof found === "string") return backendNamed(op, `what mapLocation gave for "${ref.location}"`, found);
    throw new ArgumentError(
      `${op}: mapLocation must give the storage, a device or null, got ${describe(found)} for "${ref.location}"`,
    );
  };
}

function byTable(op: string, table: ReadonlyMap<unknown, unknown>): Locate {
  for (const [location, device] of table)
    if (typeof device !== "string" || typeof location !== "string")
      throw new ArgumentError(
        `${op}: mapLocation must map the file's locations to devices, as { "cuda:0": "cpu" } does, got ${describe(device)} for ${describe(location)}`,
      );
  return (ref) => {
    const device = table.get(ref.location) as string | undefined;
    return device === undefined
      ? defaultBackend(op, ref.location)
      : backendNamed(op, `mapLocation["${ref.location}"]`, device);
  };
}

/**
 * The device of each storage.
 * @throws ArgumentError for what is no map of locations, DeviceError for a device that is not there.
 */
export function locator(op: string, mapLocation: unknown): Locate {
  if (mapLocation === null || mapLocation === undefined) return (ref) => defaultBackend(op, ref.location);
  if (typeof mapLocation === "string") {
    const backend = backendNamed(op, "mapLocation", mapLocation);
    return () => backend;
  }
  if (mapLocation instanceof Map) return byTable(op, mapLocation);
  if (isPlainObject(mapLocation)) return byTable(op, new Map(Object.entries(mapLocation as object)));
  if (typeof mapLocation === "function") return byFunction(op, mapLocation as LocationFunction);
  throw new ArgumentError(
    `${op}: mapLocation must be a device, an object of devices by location, a function of a storage and its location, or null, got ${describe(mapLocation)}`,
  );
}
