/** Connectionist temporal classification: a workgroup goes through the time of a sequence, whose labels its invocations share. */
import type { SequenceLoss, SequenceLossGradient } from "../../ops";
import type { Gpu } from "../gpu";
import type { Program, View } from "../wgsl/program";
import { BARRIER, head, share } from "./linalg/matrices";

const LOG_ADD = `fn logAdd(a: f32, b: f32) -> f32 {
  let high = maxNan(a, b);
  if (isInf(high) || isNan(high)) { return high; }
  return high + log1pSafe(expSafe(min(a, b) - high));
}`;

/** The sizes and operands that both directions read. */
function sequenceOf(program: Program, { alpha, logProbs, labels, steps, sizes }: SequenceLoss) {
  const [time, n, c] = logProbs.shape as [number, number, number];
  const [probs, targets, lengths, counts] = [logProbs, labels, steps, sizes].map((x) => program.read(x)) as [
    View,
    View,
    View,
    View,
  ];
  const words = [n, time, alpha.shape[2]!, c].map((value) => program.uint(value));
  return {
    count: n,
    begin: `${head(words[0]!)}let sequences = ${words[0]};
let time = ${words[1]};
let width = ${words[2]};
let classes = ${words[3]};
let steps = u32(${lengths.loadAt("matrix")});
let size = u32(${counts.loadAt("matrix")});
`,
    /** Functions of the labels: the class at a position, and whether a path may jump to it over the blank before it. */
    label: (s: string): string => targets.loadAt(`matrix * width + ${s}`),
    logProb: (t: string, label: string): string =>
      probs.loadAt(`(${t} * sequences + matrix) * classes + min(u32(${label}), classes - 1u)`),
  };
}

const placeOf =
  (view: View) =>
  (t: string, s: string): string =>
    `${view.offset} + (matrix * time + ${t}) * width + ${s}`;

/** Runs the loss. */
export function sequenceLoss(gpu: Gpu, work: SequenceLoss): void {
  const program = gpu.begin();
  const [result, forward] = [program.write(work.losses), program.write(work.alpha)];
  const { count, begin, label, logProb } = sequenceOf(program, work);
  if (count === 0) return;
  const at = placeOf(forward);
  gpu.dispatch("sequenceLoss", count, () => ({
    declarations: LOG_ADD,
    body: `${begin}for (var t = 0u; t < time; t++) {
  if (t < steps) {
    ${share(
      "s",
      "0u",
      "size",
      `let own = ${label("s")};
    var sum = select(-infinity(), 0.0, s < 2u);
    if (t > 0u) {
      sum = ${forward.load(at("t - 1u", "s"))};
      if (s >= 1u) { sum = logAdd(sum, ${forward.load(at("t - 1u", "s - 1u"))}); }
      if (s >= 2u && (s & 1u) == 1u && own != ${label("s - 2u")}) { sum = logAdd(sum, ${forward.load(at("t - 1u", "s - 2u"))}); }
    }
    ${forward.store(at("t", "s"), `sum + ${logProb("t", "own")}`)}`,
    )}
  }
  ${BARRIER}
}
if (local == 0u) {
  var loss = select(infinity(), 0.0, size == 1u);
  if (steps > 0u) {
    loss = -${forward.load(at("steps - 1u", "size - 1u"))};
    if (size > 1u) { loss = -logAdd(-loss, ${forward.load(at("steps - 1u", "size - 2u"))}); }
  }
  ${result.storeAt("matrix", "loss")}
}`,
  }));
}

/** Runs the gradient: the way back through time first, then the classes of each step. */
export function sequenceLossGradient(gpu: Gpu, work: SequenceLossGradient): void {
  const program = gpu.begin();
  const [target, backward] = [program.write(work.gx), program.write(work.beta)];
  const [forward, losses] = [program.read(work.alpha), program.read(work.losses)];
  const { count, begin, label, logProb } = sequenceOf(program, work);
  if (count === 0) return;
  const [at, from] = [placeOf(backward), placeOf(forward)];
  gpu.dispatch("sequenceLossGradient", count, () => ({
    declarations: LOG_ADD,
    body: `${begin}let loss = ${losses.loadAt("matrix")};
for (var back = 0u; back < time; back++) {
  let t = time - 1u - back;
  if (t < steps) {
    ${share(
      "s",
      "0u",
      "size",
      `let own = ${label("s")};
    var sum = select(-infinity(), 0.0, s + 2u >= size);
    if (t + 1u < steps) {
      sum = ${backward.load(at("t + 1u", "s"))};
      if (s + 1u < size) { sum = logAdd(sum, ${backward.load(at("t + 1u", "s + 1u"))}); }
      if (s + 2u < size && (s & 1u) == 1u && own != ${label("s + 2u")}) { sum = logAdd(sum, ${backward.load(at("t + 1u", "s + 2u"))}); }
    }
    ${backward.store(at("t", "s"), `sum + ${logProb("t", "own")}`)}`,
    )}
  }
  ${BARRIER}
}
${share(
  "e",
  "0u",
  "time * classes",
  `let t = e / classes;
let own = i32(e % classes);
var g = 0.0;
if (t < steps) {
  var through = -infinity();
  for (var s = 0u; s < size; s++) {
    if (${label("s")} == own) { through = logAdd(through, ${forward.load(from("t", "s"))} + ${backward.load(at("t", "s"))}); }
  }
  let value = ${logProb("t", "own")};
  g = expSafe(value) - expSafe(through + loss - value);
}
${target.storeAt(`(t * sequences + matrix) * classes + u32(own)`, "g")}`,
)}`,
  }));
}
