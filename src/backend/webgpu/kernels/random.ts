/** Random numbers by Philox4x32-10: the same bits for a key on every adapter. */
import { sizeOfShape } from "../../../core/shape";
import type { BoxMuller, DrawKind, DrawNumbers } from "../../ops";
import type { Gpu } from "../gpu";
import { scalarOf } from "../wgsl/elements";
import { rejections } from "./rejection";

const PHILOX = `fn philox(counter: vec4<u32>, key: vec2<u32>) -> vec4<u32> {
  var c = counter;
  var k = key;
  for (var round = 0u; round < 10u; round++) {
    let a = 0xd2511f53u;
    let b = 0xcd9e8d57u;
    c = vec4<u32>(mulHigh(b, c.z) ^ c.y ^ k.x, b * c.z, mulHigh(a, c.x) ^ c.w ^ k.y, a * c.x);
    k = k + vec2<u32>(0x9e3779b9u, 0xbb67ae85u);
  }
  return c;
}
fn half01(w: u32) -> f32 { return f32(w >> 8u) * 5.9604645e-8; }
fn open01(w: u32) -> f32 { return (f32(w >> 9u) + 0.5) * 1.1920929e-7; }
fn normalPair(a: u32, b: u32) -> vec2f {
  let radius = sqrtSafe(-2.0 * logSafe(open01(a)));
  let angle = 6.2831853 * half01(b);
  return radius * vec2f(sinCos(angle, 1), sinCos(angle, 0));
}`;

/** The even distributions of a word: an expression of `w`, or of `z`, a normal number, from `p`, `q` and what is given, `v`. */
const perWord: Partial<Record<DrawKind, string>> = {
  uniform: "p + (q - p) * half01(w)",
  normal: "p + q * z",
  logNormal: "expSafe(p + q * z)",
  exponential: "-logSafe(open01(w)) / p",
  cauchy: "p + q * sinCos(3.1415927 * (open01(w) - 0.5), 0) / sinCos(3.1415927 * (open01(w) - 0.5), 1)",
  geometric: "max(1.0, ceil(logSafe(open01(w)) / p))",
  bernoulli: "select(0.0, q, half01(w) < p)",
  bernoulliEach: "select(0.0, 1.0, half01(w) < v)",
  slopes: "select(1.0, p + (q - p) * half01(w), v <= 0.0)",
};

/** The numbers of a kind as a kernel wants them. */
const prepared = ({ kind, p, q }: DrawNumbers): readonly [number, number] =>
  kind === "geometric" ? [Math.log1p(-p), q] : [p, q];

/** Runs a draw. */
export function draw(gpu: Gpu, work: DrawNumbers): void {
  const { kind, y, given, key } = work;
  const n = sizeOfShape(y.shape);
  if (n === 0) return;
  const program = gpu.begin();
  const target = program.scatter(y);
  const views = given.map((x) => program.read(x));
  const words = program.uints(n, ...key);
  const isWhole = kind === "integers";
  const [p, q] = prepared(work);
  const numbers = isWhole
    ? [program.scalar(p, "int64"), program.uint(q % 2 ** 32)]
    : [program.float(p), program.float(q)];
  if (isWhole) program.scalar(p + q - 1, "int64");
  const type = scalarOf(y.dtype)!;
  const rejection = rejections[kind as keyof typeof rejections];
  const value = (at: string): string => views.map((view, i) => `let v${i} = ${view.loadAt(`${at}`)};`).join("\n");
  const cast = (result: string): string =>
    type === "f32" ? result : y.dtype === "bool" ? `select(0i, 1i, isNonzero(${result}))` : `i32(${result})`;
  const whole = `${numbers[0]} + bitcast<i32>(select(w % max(1u, ${numbers[1]}), w, ${numbers[1]} == 0u))`;
  if (rejection !== undefined) {
    gpu.dispatchEach(`draw ${kind}`, n, () => ({
      declarations: `${PHILOX}\n${STREAM}\n${rejection}`,
      body: `if (index >= ${words[0]}) { return; }
start(index, vec2<u32>(${words[1]}, ${words[2]}));
${value("index")}
let result = ${kind}(${views.map((_, i) => `v${i}`).join(", ")});
${target.storeAt("index", cast("result"))}`,
    }));
    return;
  }
  gpu.dispatchEach(`draw ${kind}`, Math.ceil(n / 4), () => ({
    declarations: PHILOX,
    body: `if (index * 4u >= ${words[0]}) { return; }
let bits = philox(vec4<u32>(index, 0u, 0u, 0u), vec2<u32>(${words[1]}, ${words[2]}));
${isWhole ? "" : `let p = ${numbers[0]};\nlet q = ${numbers[1]};`}
${/\bz\b/.test(perWord[kind] ?? "") ? "let normals = vec4f(normalPair(bits.x, bits.y), normalPair(bits.z, bits.w));" : ""}
for (var lane = 0u; lane < 4u; lane++) {
  let i = index * 4u + lane;
  if (i >= ${words[0]}) { break; }
  let w = bits[lane];
  ${/\bz\b/.test(perWord[kind] ?? "") ? "let z = normals[lane];" : ""}
  ${views.map((view) => `let v = ${view.loadAt("i")};`).join("\n")}
  ${isWhole ? `let result = ${type === "f32" ? `f32(${whole})` : y.dtype === "bool" ? `select(0i, 1i, (${whole}) != 0i)` : whole};` : `let result = ${cast(perWord[kind]!)};`}
  ${target.storeAt("i", "result")}
}`,
  }));
}

/** Draws of an element that needs a number of them that varies: a stream of its own. */
const STREAM = `var<private> streamKey: vec2<u32>;
var<private> streamAt: vec2<u32>;
var<private> streamWords: vec4<u32>;
fn start(element: u32, key: vec2<u32>) {
  streamKey = key;
  streamAt = vec2<u32>(element, 0u);
}
fn nextWord() -> u32 {
  if ((streamAt.y & 3u) == 0u) { streamWords = philox(vec4<u32>(streamAt.x, streamAt.y >> 2u, 1u, 0u), streamKey); }
  let w = streamWords[streamAt.y & 3u];
  streamAt.y = streamAt.y + 1u;
  return w;
}
fn even() -> f32 { return open01(nextWord()); }
fn gaussian() -> f32 {
  let a = nextWord();
  return normalPair(a, nextWord()).x;
}`;

/** Runs the transform of even numbers into normal ones. */
export function boxMuller(gpu: Gpu, { x, mean, std }: BoxMuller): void {
  const pairs = sizeOfShape(x.shape) / 2;
  if (pairs === 0) return;
  const program = gpu.begin();
  const view = program.write(x);
  const count = program.uint(pairs);
  const [shift, scale] = [program.float(mean), program.float(std)];
  gpu.dispatchEach("boxMuller", pairs, () => ({
    body: `if (index >= ${count}) { return; }
let first = ${view.offset} + index / 8u * 16u + index % 8u;
let radius = sqrtSafe(-2.0 * logSafe(1.0 - ${view.load("first")}));
let angle = 6.2831853 * ${view.load("first + 8u")};
${view.store("first", `radius * sinCos(angle, 1) * ${scale} + ${shift}`)}
${view.store("first + 8u", `radius * sinCos(angle, 0) * ${scale} + ${shift}`)}`,
  }));
}
