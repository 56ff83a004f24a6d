/** How a device finds what computes an op, and what it says about an op that it lacks. */
import type { DType } from "../core/dtype";
import { DeviceError } from "../core/errors";
import type { Operand } from "./operand";
import type { DeviceOps } from "./ops";

/**
 * What a device computes: for each op that it has, a function of the device's engine and the description of the op. A device may have as
 * few as it likes.
 */
export type OpTable<Engine> = {
  readonly [K in keyof DeviceOps]?: (engine: Engine, description: DeviceOps[K]) => void;
};

/** Runs an op from the table of a device. @throws DeviceError naming op, dtype and device if the device lacks it. */
export function runFrom<Engine, K extends keyof DeviceOps>(
  table: OpTable<Engine>,
  engine: Engine & { readonly device: string },
  op: K,
  description: DeviceOps[K],
): void {
  const run = table[op];
  if (run === undefined) throw unsupported(op, dtypeOf(description), engine.device);
  run(engine, description);
}

/** The error for an op that a device lacks, altogether or for a dtype. */
export const unsupported = (op: string, dtype: DType | undefined, device: string): DeviceError =>
  new DeviceError(
    `${op}: the device "${device}" does not have this op${dtype === undefined ? "" : ` for ${dtype}`}; move the operands with x.to("cpu")`,
  );

/** The dtype of the first operand of a description. */
function dtypeOf(description: object): DType | undefined {
  for (const field of Object.values(description) as unknown[])
    if (typeof field === "object" && field !== null && "storage" in field) return (field as Operand).dtype;
  return undefined;
}
