/** `torch.autocast`: a scope in which each op computes in the dtype that suits it. */
import { gradEnabled } from "../autograd/mode";
import type { Device } from "../backend/backend";
import { checkFlag, isKeyOf } from "../core/arguments";
import { isPlainObject } from "../core/binding";
import type { DType } from "../core/dtype";
import { DTypeError, describe, ValueError } from "../core/errors";
import { castCalls, overloaded } from "../core/signature";
import { Mode } from "../platform/mode";
import { Tensor } from "../tensor/tensor";
import { type Policy, policies } from "./lists";

/** Options of {@link autocast}. */
export interface AutocastOptions {
  /** The dtype of what gains by it. Default: float16 on `"webgpu"`, bfloat16 on `"cpu"`. */
  dtype?: DType | null;
  /** Whether anything is cast; `false` ends, for the length of the body, what a scope around has begun. Default: true. */
  enabled?: boolean;
  /** Whether a parameter that is used several times is cast once. Default: true. */
  cacheEnabled?: boolean | null;
}

/** A parameter as it was cast. */
interface Cast {
  readonly version: number;
  readonly y: Tensor;
}

/** What holds for the tensors of one device. */
interface Precision {
  readonly dtype: DType;
  /** Parameters that were cast, for as long as the outermost scope is open. */
  readonly casts: Map<Tensor, Cast> | undefined;
}

const none: Readonly<Partial<Record<Device, Precision>>> = {};
const precisions = new Mode(none);

const isHalf = (dtype: unknown): dtype is DType => dtype === "float16" || dtype === "bfloat16";

/** The floating-point dtypes that are cast; float64 is left alone, as in PyTorch. */
const isCast = (dtype: DType): boolean => dtype === "float32" || isHalf(dtype);

/** `x` in a dtype. A parameter keeps its cast for the next op that wants it. */
function castTo(x: Tensor, dtype: DType, { dtype: lower, casts }: Precision): Tensor {
  if (x.dtype === dtype) return x;
  if (casts === undefined || dtype !== lower || !x.isLeaf || !x.requiresGrad || !gradEnabled.value) return x.to(dtype);
  const found = casts.get(x);
  const { version } = x.storage;
  if (found !== undefined && found.version === version && found.y.isAlive && found.y.dtype === dtype) return found.y;
  const y = x.to(dtype);
  casts.set(x, { version, y });
  return y;
}

/** `value` with each tensor in it replaced, in lists and options too. */
function mapTensors(value: unknown, f: (x: Tensor) => Tensor): unknown {
  if (value instanceof Tensor) return f(value);
  if (Array.isArray(value)) {
    const mapped = value.map((one) => mapTensors(one, f));
    return mapped.some((one, i) => one !== value[i]) ? mapped : value;
  }
  if (!isPlainObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, mapTensors(one, f)]));
}

/** The widest dtype of the tensors that are cast, which is at least that of autocast. */
function widest(given: readonly unknown[], device: Device, lower: DType): DType {
  let dtype = lower;
  mapTensors(given, (x) => {
    if (x.device !== device || dtype === "float64") return x;
    if (x.dtype === "float64" || x.dtype === "float32") dtype = x.dtype;
    return x;
  });
  return dtype;
}

function castAll(op: string, given: readonly unknown[], policy: Policy, device: Device, precision: Precision) {
  if (policy === "banned") refuse(op, given, device);
  const dtype =
    policy === "lower" ? precision.dtype : policy === "single" ? "float32" : widest(given, device, precision.dtype);
  return mapTensors(given, (x) =>
    x.device === device && isCast(x.dtype) ? castTo(x, dtype, precision) : x,
  ) as readonly unknown[];
}

/** @throws DTypeError for an op that overflows, if one of its operands is on the device. */
function refuse(op: string, given: readonly unknown[], device: Device): void {
  mapTensors(given, (x) => {
    if (x.device !== device) return x;
    throw new DTypeError(
      `${op}: unsafe to autocast, since logarithms of what a sigmoid gives overflow in float16; use binaryCrossEntropyWithLogits or ` +
        "nn.BCEWithLogitsLoss without the sigmoid, or cast to float32 in a scope with { enabled: false }",
    );
  });
}

/** Runs a call with the operands that autocast gives it; its parts are no calls of the program. */
function castCall(op: string, given: readonly unknown[], run: (...given: any[]) => unknown): unknown {
  const now = precisions.value;
  if (now === none) return run(...given);
  let args = given;
  let isListed = false;
  for (const device of ["webgpu", "cpu"] as const) {
    const precision = now[device];
    const policy = precision && policies[device].get(op);
    if (policy === undefined) continue;
    isListed = true;
    args = castAll(op, args, policy, device, precision!);
  }
  return isListed ? precisions.hold(none, () => run(...args)) : run(...given);
}

/** Scopes that are open. */
let open = 0;

function enter(): void {
  if (open++ === 0) castCalls(castCall);
}

function leave(): void {
  if (--open === 0) castCalls(undefined);
}

/** Runs something while calls are cast, to its end or until it settles. */
function casting<R>(run: () => R): R {
  enter();
  let result: R;
  try {
    result = run();
  } catch (error) {
    leave();
    throw error;
  }
  if (result instanceof Promise) return result.finally(leave) as R;
  leave();
  return result;
}

type Steps = Record<"next" | "return" | "throw", (...value: unknown[]) => unknown>;

/** Runs a body in a scope, which ends with it, or when it settles. The code of a generator is in it, whenever it goes on. */
function inScope<R>(next: Readonly<Partial<Record<Device, Precision>>>, body: () => R): R {
  const result = casting(() => precisions.run("autocast", next, body));
  if (typeof result !== "object" || result === null || !("next" in result && "return" in result && "throw" in result))
    return result;
  const steps = result as unknown as Steps;
  for (const name of ["next", "return", "throw"] as const) {
    const step = steps[name];
    steps[name] = (...value) => casting(() => step.apply(steps, value));
  }
  return result;
}

const defaults: Readonly<Record<Device, DType>> = { webgpu: "float16", cpu: "bfloat16" };

function run<R>(deviceType: Device, body: () => R, options: AutocastOptions = {}): R {
  if (!isKeyOf(defaults, deviceType))
    throw new ValueError(`autocast: deviceType must be "webgpu" or "cpu", got ${describe(deviceType)}`);
  const dtype = options.dtype ?? defaults[deviceType];
  if (!isHalf(dtype))
    throw new DTypeError(`autocast: dtype must be torch.float16 or torch.bfloat16, got ${describe(dtype)}`);
  const enabled = checkFlag("autocast", "enabled", options.enabled ?? true);
  const isCached = checkFlag("autocast", "cacheEnabled", options.cacheEnabled ?? true);
  const around = precisions.value;
  const { [deviceType]: outer, ...others } = around;
  const casts = isCached ? (outer?.casts ?? new Map<Tensor, Cast>()) : undefined;
  const next = enabled ? { ...others, [deviceType]: { dtype, casts } } : others;
  return inScope(Object.keys(next).length === 0 ? none : next, body);
}

/**
 * Runs `body` in mixed precision: products and convolutions of tensors on a device compute in 16 bits, losses, norms and exponentials in float32, all other ops in
 * what they are given. Parameters stay float32, and so do their gradients: `loss.backward()` belongs behind the scope. With float16 small gradients
 * vanish; {@link torch.amp.GradScaler} keeps them.
 *
 * An async body is in the scope until it settles, a generator whenever its own code runs.
 * @param deviceType `"webgpu"` or `"cpu"`; tensors on the other device are left alone.
 * @returns What `body` gives.
 * @see torch.autocast
 * @throws ValueError for another device, DTypeError for a dtype that is not float16 or bfloat16. Inside of the scope `binaryCrossEntropy` on
 * `"webgpu"` is a DTypeError.
 * @example
 * const loss = torch.autocast("webgpu", () => F.crossEntropy(model(x), y));
 * loss.backward();
 */
export const autocast = overloaded("autocast", "deviceType, body(); dtype, enabled, cacheEnabled", run);
