/** Normalization of channels: [n, c, …]. Sums over a channel are taken in pieces, where there are few channels. */
import type { Operand } from "../../../operand";
import type { BatchNorm, BatchNormGradient, BatchNormStatistics } from "../../../ops";
import type { Gpu } from "../../gpu";
import { eachElement } from "../each";
import { temporary } from "../products/splits";
import { product } from "./axes";
import { momentTerms, sumSegments } from "./segments";

const channelsOf = ({ shape }: Operand) => ({ outer: shape[0]!, segments: shape[1]!, inner: product(shape.slice(2)) });

/** Runs the statistics: the mean first, so that a large one does no harm to the squares. */
export function batchNormStatistics(gpu: Gpu, { mean, variance, x }: BatchNormStatistics): void {
  const sizes = channelsOf(x);
  const count = sizes.outer * sizes.inner;
  for (const [to, isMean] of [
    [mean, true],
    [variance, false],
  ] as const)
    sumSegments(gpu, {
      name: `batchNormStatistics ${isMean}`,
      ...sizes,
      sums: 1,
      terms: (program) => momentTerms(program, x, isMean ? undefined : mean),
      finish: (program) => {
        const target = program.scatter(to);
        const n = program.float(count);
        return { put: (segment, [sum]) => target.storeAt(`${segment}`, `${sum} / ${n}`) };
      },
    });
}

/** Runs the normalization. */
export function batchNorm(gpu: Gpu, { y, x, mean, invstd, weight, bias }: BatchNorm): void {
  const program = gpu.begin();
  const [target, source] = [program.result(y, true), program.read(x)];
  const [center, scale] = [program.read(mean), program.read(invstd)];
  const [w, b] = [weight && program.read(weight), bias && program.read(bias)];
  const { segments, inner } = channelsOf(x);
  const [channels, run] = [program.uint(segments), program.uint(inner)];
  eachElement(gpu, program, `batchNorm ${w !== undefined} ${b !== undefined}`, y, target, () => ({
    body: `let c = (i / ${run}) % ${channels};
value = (${source.loadAt("i")} - ${center.loadAt("c")}) * (${scale.loadAt("c")}${w ? ` * ${w.loadAt("c")}` : ""})${b ? ` + ${b.loadAt("c")}` : ""};`,
  }));
}

/** Runs the gradients. */
export function batchNormGradient(gpu: Gpu, work: BatchNormGradient): void {
  const { gx, gweight, gbias, gy, x, mean, invstd, training } = work;
  const sizes = channelsOf(x);
  // For each channel, the sum of gy and that of gy · (x − mean) · invstd.
  const sums = temporary("float32", [2, sizes.segments]);
  if (gweight || gbias || training)
    sumSegments(gpu, {
      name: `batchNormGradient ${gweight !== undefined} ${gbias !== undefined}`,
      ...sizes,
      sums: 2,
      terms: (program) => {
        const [g, source, center] = [program.read(gy), program.read(x), program.read(mean)];
        const own = (at: string): string => g.loadAt(`${at}`);
        return {
          before: `let center = ${center.loadAt("segment")};`,
          terms: (at) => [own(at), `${own(at)} * (${source.loadAt(`${at}`)} - center)`],
        };
      },
      finish: (program) => {
        const [all, scale] = [program.write(sums), program.read(invstd)];
        const [w, b] = [gweight && program.scatter(gweight), gbias && program.scatter(gbias)];
        const c = program.uint(sizes.segments);
        return {
          put: (segment, [sum, dot]) => `let along = ${dot} * ${scale.loadAt(`${segment}`)};
${all.storeAt(`${segment}`, sum!)}
${all.storeAt(`${c} + ${segment}`, "along")}
${w ? w.storeAt(`${segment}`, "along") : ""}
${b ? b.storeAt(`${segment}`, sum!) : ""}`,
        };
      },
    });
  if (gx !== undefined) spread(gpu, { ...work, gx }, sums);
  gpu.release(sums.storage.block);
}

/** gx from the sums of the channels. */
function spread(
  gpu: Gpu,
  { gx, gy, x, mean, invstd, weight, training }: BatchNormGradient & { readonly gx: Operand },
  sums: Operand,
): void {
  const program = gpu.begin();
  const [target, g, scale] = [program.write(gx), program.read(gy), program.read(invstd)];
  const w = weight && program.read(weight);
  const { outer, segments, inner } = channelsOf(x);
  const [channels, run, count] = [program.uint(segments), program.uint(inner), program.float(outer * inner)];
  const moving = training
    ? { source: program.read(x), center: program.read(mean), all: program.read(sums) }
    : undefined;
  const moved = (): string => {
    if (moving === undefined) return "";
    const { source, center, all } = moving;
    return ` - ${all.loadAt("c")} / ${count} - (${source.loadAt("i")} - ${center.loadAt("c")}) * (${all.loadAt(`${channels} + c`)} / ${count} * s)`;
  };
  eachElement(gpu, program, `batchNormSpread ${training} ${w !== undefined}`, gx, target, () => ({
    body: `let c = (i / ${run}) % ${channels};
let s = ${scale.loadAt("c")};
value = (${g.loadAt("i")}${moved()}) * (s${w ? ` * ${w.loadAt("c")}` : ""});`,
  }));
}
