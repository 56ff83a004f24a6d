/**
 * Losses against class indices. Scores are a contiguous [outer, c, inner], targets an int64 [outer, inner]. A target that is no class gives NaN, and
 * no kernel reads or writes beyond an operand for it.
 */
import { sizeOfShape } from "../../../core/shape";
import type { Operand } from "../../operand";
import type { CrossEntropy, CrossEntropyGradient, NllLoss, NllLossGradient, TargetWeights } from "../../ops";
import type { Gpu } from "../gpu";
import type { Program, View } from "../wgsl/program";
import { runRows } from "./rows";
import { exponentials } from "./softmax";

type Classes = Pick<NllLoss, "target" | "weight" | "c" | "ignoreIndex">;

/** The uniforms and operands of a loss, and the text that looks at the target of row `row`. */
function classesOf(program: Program, { target, weight, c, ignoreIndex }: Classes) {
  const targets = program.read(target);
  const weights = weight && program.read(weight);
  const classes = program.uint(c);
  const ignored = program.int(ignoreIndex);
  return {
    c: classes,
    key: weights === undefined ? "" : " weighted",
    /** Declares `own`, `isIgnored`, `isClass` and `scale`, the weight of the target. */
    look: (): string => `let own = ${targets.loadAt("row")};
let isIgnored = own == ${ignored};
let isClass = own >= 0i && own < i32(${classes});
var scale = 1.0;
if (isIgnored) { scale = 0.0; } else if (!isClass) { scale = nan(); }
${weights === undefined ? "" : `else { scale = ${weights.loadAt(`u32(own)`)}; }`}`,
  };
}

/** The place of the score of a row for its own class. */
const ownPlace = (scores: View, c: string, inner: string): string =>
  `${scores.offset} + (row / ${inner}) * ${c} * ${inner} + row % ${inner} + u32(own) * ${inner}`;

const HEAD = (rows: string): string => `let row = index;\nif (row >= ${rows}) { return; }\n`;

/** y = the weight of each target, 0 where it is ignored. */
export function targetWeights(gpu: Gpu, { weights: y, ...loss }: TargetWeights): void {
  const program = gpu.begin();
  const result = program.write(y);
  // Without weights, what is no class cannot be told here.
  const c = loss.weight === undefined ? 2 ** 31 - 1 : sizeOfShape(loss.weight.shape);
  const own = classesOf(program, { ...loss, c });
  const n = sizeOfShape(y.shape);
  const rows = program.uint(n);
  if (n === 0) return;
  gpu.dispatchEach(`targetWeights${own.key}`, n, () => ({
    body: `${HEAD(rows)}${own.look()}\n${result.storeAt("row", "scale")}`,
  }));
}

/** y = −weight · x at the class of each target, 0 where it is ignored. */
export function nllLoss(gpu: Gpu, { losses: y, x, ...loss }: NllLoss): void {
  const program = gpu.begin();
  const result = program.write(y);
  const scores = program.read(x);
  const own = classesOf(program, loss);
  const inner = program.uint(loss.inner);
  const n = sizeOfShape(y.shape);
  const rows = program.uint(n);
  if (n === 0) return;
  gpu.dispatchEach(`nllLoss${own.key}`, n, () => ({
    body: `${HEAD(rows)}${own.look()}
var loss = scale;
if (isClass && !isIgnored) { loss = -${scores.load(ownPlace(scores, own.c, inner))} * scale; }
${result.storeAt("row", "loss")}`,
  }));
}

/** The gradient of {@link nllLoss}: −weight · gy at the class of each target, 0 elsewhere. */
export function nllLossGradient(gpu: Gpu, { gx, gy, ...loss }: NllLossGradient): void {
  eachScore(gpu, "nllLossGradient", gx, gy, undefined, loss, (g) => `select(0.0, -${g} * scale, isOwn)`);
}

/** y = {@link nllLoss} of the logarithms of softmax, of whose rows two numbers are written to `statistics`. */
export function crossEntropy(gpu: Gpu, { losses: y, statistics, x, ...loss }: CrossEntropy): void {
  const program = gpu.begin();
  const result = program.write(y);
  const numbers = program.write(statistics);
  const scores = program.read(x);
  const own = classesOf(program, loss);
  const rows = sizeOfShape(y.shape);
  runRows(gpu, program, `crossEntropy${own.key}`, { rows, n: loss.c, inner: loss.inner }, (row, words) => {
    const value = scores.load(row.at(scores));
    const score = scores.load(ownPlace(scores, own.c, words.inner));
    return {
      body: `${own.look()}
${exponentials(row, value)}
${row.once(`let log = logSafe(total);
${numbers.storeAt("row", "top")}
${numbers.storeAt(`${words.rows} + row`, "log")}
var loss = scale;
if (isClass && !isIgnored) { loss = -(${score} - top - log) * scale; }
${result.storeAt("row", "loss")}`)}`,
    };
  });
}

/** The gradient of {@link crossEntropy}: gy · weight · (softmax − onehot). */
export function crossEntropyGradient(gpu: Gpu, { gx, gy, x, statistics, ...loss }: CrossEntropyGradient): void {
  // Not by a weight of zero: the gradient of a mean over ignored targets alone is not finite.
  const rule = (g: string, log: string) =>
    `select(${g} * scale * (expSafe(${log}) - select(0.0, 1.0, isOwn)), 0.0, isIgnored)`;
  eachScore(gpu, "crossEntropyGradient", gx, gy, { x, statistics }, loss, rule);
}

/** Runs a kernel over all scores, which sees the target of each one's row and whether the score `isOwn`, of that class. */
function eachScore(
  gpu: Gpu,
  name: string,
  gx: Operand,
  gy: Operand,
  saved: Pick<CrossEntropyGradient, "x" | "statistics"> | undefined,
  loss: Classes & { readonly inner: number },
  rule: (g: string, logProb: string) => string,
): void {
  const program = gpu.begin();
  const result = program.write(gx);
  const gradient = gpu.lazy.inline(program, gy) ?? program.read(gy);
  const scores = saved && program.read(saved.x);
  const numbers = saved && program.read(saved.statistics);
  const own = classesOf(program, loss);
  const inner = program.uint(loss.inner);
  const n = sizeOfShape(gx.shape);
  const count = program.uint(n);
  const rows = program.uint(sizeOfShape(gy.shape));
  if (n === 0) return;
  const logProb = (view: View, two: View): string =>
    `${view.load(`${view.offset} + index`)} - ${two.load(`${two.offset} + row`)} - ${two.load(`${two.offset} + ${rows} + row`)}`;
  gpu.dispatchEach(`${name}${own.key}`, n, () => ({
    body: `if (index >= ${count}) { return; }
let row = (index / (${own.c} * ${inner})) * ${inner} + index % ${inner};
${own.look()}
let isOwn = isClass && !isIgnored && u32(own) == (index / ${inner}) % ${own.c};
${result.storeAt("index", rule(gradient.loadAt("row"), scores && numbers ? logProb(scores, numbers) : ""))}`,
  }));
}
