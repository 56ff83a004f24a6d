/** What a GradScaler does with gradients, and what it checks. */
import { ArgumentError, DeviceError, describe, ValueError } from "../core/errors";
import { Adadelta } from "../optim/adadelta";
import { Adagrad } from "../optim/adagrad";
import { Adam } from "../optim/adam";
import { Adamax } from "../optim/adamax";
import { AdamW } from "../optim/adamw";
import { Lion } from "../optim/lion";
import { Optimizer } from "../optim/optimizer";
import { RMSprop } from "../optim/rmsprop";
import { Rprop } from "../optim/rprop";
import { SGD } from "../optim/sgd";
import type { Tensor } from "../tensor/tensor";

/** The optimizers whose steps a device can leave out by itself, and of which groups. */
const gated = new Map<unknown, (group: any) => boolean>([
  [SGD, ({ momentum, dampening }) => momentum === 0 || dampening === 0],
  [Adagrad, ({ lrDecay }) => lrDecay === 0],
  ...[Adam, AdamW, Adamax, Adadelta, RMSprop, Rprop, Lion].map((known): [unknown, () => boolean] => [
    known,
    () => true,
  ]),
]);

export const isGated = (optimizer: Optimizer): boolean => {
  const allows = gated.get(optimizer.constructor);
  return allows !== undefined && optimizer.paramGroups.every(allows);
};

/** The gradients that an optimizer steps with. @throws ArgumentError for what is no optimizer, ValueError for gradients of float16. */
export function gradientsOf(op: string, optimizer: Optimizer): Tensor[] {
  if (!(optimizer instanceof Optimizer))
    throw new ArgumentError(`${op}: optimizer must be one of torch.optim, got ${describe(optimizer)}`);
  const gradients: Tensor[] = [];
  for (const { params } of optimizer.paramGroups)
    for (const param of params as Tensor[]) if (param.grad !== null) gradients.push(param.grad as Tensor);
  for (const gradient of gradients)
    if (gradient.dtype === "float16")
      throw new ValueError(
        `${op}: attempting to unscale FP16 gradients; let parameters be float32, autocast casts them`,
      );
  return gradients;
}

/** Divides a gradient, and says whether it had elements that are not finite. */
export function divide(gradient: Tensor, scale: Tensor, found: Tensor): void {
  const { backend } = gradient.storage;
  if (!backend.readsAtOnce) {
    if (gradient.dtype !== "float32" || !gradient.isContiguous()) {
      const copy = gradient.float().contiguous();
      backend.run("unscale", { gradient: copy, scale, found });
      gradient.copy_(copy);
    } else {
      backend.run("unscale", { gradient, scale, found });
      gradient.storage.version++;
    }
    return;
  }
  if (!gradient.isfinite().all().item()) found.fill_(1);
  gradient.mul_(1 / Number(scale.item()));
}

export function readScale(op: string, twin: string, x: Tensor): number {
  if (x.storage.backend.readsAtOnce) return Number(x.item());
  throw new DeviceError(
    `${op}: the scale is on "${x.device}", which cannot be read at once; use await scaler.${twin}()`,
  );
}

export function positive(op: string, name: string, value: unknown): number {
  if (typeof value === "number" && value > 0 && Number.isFinite(value)) return value;
  throw new ValueError(`${op}: ${name} must be a positive number, got ${describe(value)}`);
}

export function checkGrowth(op: string, factor: unknown): number {
  if (typeof factor === "number" && factor > 1 && Number.isFinite(factor)) return factor;
  throw new ValueError(`${op}: the growth factor must be > 1.0, got ${describe(factor)}`);
}

export function checkBackoff(op: string, factor: unknown): number {
  if (typeof factor === "number" && factor > 0 && factor < 1) return factor;
  throw new ValueError(`${op}: the backoff factor must be < 1.0, got ${describe(factor)}`);
}

export function checkScale(scale: Tensor): Tensor {
  if (scale.numel() === 1 && scale.dtype === "float32" && !scale.requiresGrad) return scale;
  throw new ValueError(
    `update: newScale should be a number or a float32 tensor of one element with requiresGrad=false, got ${describe(scale)}`,
  );
}
