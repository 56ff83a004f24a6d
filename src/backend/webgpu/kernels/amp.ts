/** The scaling of gradients. */
import { sizeOfShape } from "../../../core/shape";
import type { Unscale, UpdateScale } from "../../ops/amp";
import type { Gpu } from "../gpu";

/** Divides a gradient by the scale, and tells of elements that are not finite. */
export function unscale(gpu: Gpu, { gradient, scale, found }: Unscale): void {
  const n = sizeOfShape(gradient.shape);
  if (n === 0) return;
  const program = gpu.begin();
  const [target, factor, flag] = [program.write(gradient), program.read(scale), program.atomic(found)];
  const count = program.uint(n);
  const place = `${target.offset} + index`;
  gpu.dispatchEach("unscale", n, () => ({
    body: `if (index >= ${count}) { return; }
let value = ${target.load(place)};
${target.store(place, `value / ${factor.load(factor.offset)}`)}
if (isNan(value) || isInf(value)) { ${flag.atWord(flag.offset, (place) => `atomicStore(&${place}, 0x3f800000u);`)} }`,
  }));
}

/** Works out the next scale. */
export function updateScale(gpu: Gpu, { scale, tracker, found, growth, backoff, interval }: UpdateScale): void {
  const program = gpu.begin();
  const [target, steps, flag] = [program.write(scale), program.write(tracker), program.read(found)];
  const [up, down, most] = [program.float(growth), program.float(backoff), program.int(interval)];
  const now = target.load(target.offset);
  gpu.dispatchEach("updateScale", 1, () => ({
    body: `if (index > 0u) { return; }
if (${flag.load(flag.offset)} != 0.0) {
  ${target.store(target.offset, `${now} * ${down}`)}
  ${steps.store(steps.offset, "0i")}
  return;
}
let done = ${steps.load(steps.offset)} + 1i;
let grown = ${now} * ${up};
if (done == ${most} && !isInf(grown)) { ${target.store(target.offset, "grown")} }
${steps.store(steps.offset, `select(done, 0i, done == ${most})`)}`,
  }));
}
