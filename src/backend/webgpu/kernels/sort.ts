/**
 * Stable sorting of rows [outer, n, inner] along n. Elements are sorted as pairs of a key, an unsigned number in the order of the elements, and their
 * position. A workgroup sorts a block of each row in its own memory; sorted blocks are then merged two by two, each pair by finding its place in the
 * other block. Merging keeps only as many as are wanted.
 */
import { sizeOfShape } from "../../../core/shape";
import type { Operand } from "../../operand";
import type { MostFrequent, Sort } from "../../ops";
import { GpuBlock } from "../buffers";
import type { Gpu } from "../gpu";
import { scalarOf } from "../wgsl/elements";

/** Pairs that a workgroup sorts, and its threads. */
const BLOCK = 1024;
const THREADS = 256;

/** What is sorted. */
interface Rows {
  readonly rows: number;
  readonly n: number;
  readonly inner: number;
  readonly descending: boolean;
}

/** Pairs [rows, n] on their way. */
interface Pairs {
  readonly keys: Operand;
  readonly order: Operand;
}

/** The key of an element: NaN is the largest, and −0 equals 0. */
const keyOf = (x: Operand, descending: boolean): string => {
  const key =
    scalarOf(x.dtype) === "f32"
      ? `fn keyOf(x: f32) -> u32 {
  if (isNan(x)) { return ${descending ? "0u" : "0xffffffffu"}; }
  let bits = select(bitcast<u32>(x), 0u, !isNonzero(x));
  let key = select(bits | 0x80000000u, ~bits, (bits & 0x80000000u) != 0u);`
      : `fn keyOf(x: i32) -> u32 {
  let key = bitcast<u32>(x) ^ 0x80000000u;`;
  return `${key}\n  return ${descending ? "~key" : "key"};\n}`;
};

function newPairs(count: number): Pairs {
  const make = (): Operand => ({
    storage: { block: new GpuBlock(4 * count) },
    offset: 0,
    shape: [count],
    strides: [1],
    dtype: "int32",
  });
  return { keys: make(), order: make() };
}

function drop(gpu: Gpu, { keys, order }: Pairs): void {
  gpu.release(keys.storage.block as GpuBlock);
  gpu.release(order.storage.block as GpuBlock);
}

/** Sorts blocks of each row. */
function sortBlocks(gpu: Gpu, x: Operand, { rows, n, inner, descending }: Rows, pairs: Pairs): void {
  const blocks = Math.ceil(n / BLOCK);
  // Short rows need fewer threads.
  const size = Math.min(BLOCK, 2 ** Math.ceil(Math.log2(Math.max(2, n))));
  const workgroup = Math.min(THREADS, size / 2);
  const program = gpu.begin();
  const source = program.read(x);
  const keys = program.write(pairs.keys);
  const order = program.write(pairs.order);
  const words = program.uints(rows * blocks, n, inner, blocks);
  gpu.dispatch(`sort block ${size} ${descending}`, rows * blocks, () => ({
    declarations: `${keyOf(x, descending)}
var<workgroup> ks: array<u32, ${size}>;
var<workgroup> at: array<u32, ${size}>;`,
    workgroup,
    body: `let id = group.y * groups.x + group.x;
if (id >= ${words[0]}) { return; }
let n = ${words[1]};
let inner = ${words[2]};
let row = id / ${words[3]};
let first = id % ${words[3]} * ${size}u;
let base = (row / inner) * n * inner + row % inner;
for (var k = local; k < ${size}u; k += ${workgroup}u) {
  let i = first + k;
  at[k] = i;
  ks[k] = 0xffffffffu;
  if (i < n) { ks[k] = keyOf(${source.loadAt(`base + i * inner`)}); }
}
workgroupBarrier();
for (var run = 2u; run <= ${size}u; run = run << 1u) {
  for (var apart = run >> 1u; apart > 0u; apart = apart >> 1u) {
    for (var k = local; k < ${size / 2}u; k += ${workgroup}u) {
      let low = (k / apart) * apart * 2u + k % apart;
      let high = low + apart;
      let isUp = (low & run) == 0u;
      let isGreater = ks[low] > ks[high] || (ks[low] == ks[high] && at[low] > at[high]);
      if (isGreater == isUp) {
        let key = ks[low];
        let place = at[low];
        ks[low] = ks[high];
        at[low] = at[high];
        ks[high] = key;
        at[high] = place;
      }
    }
    workgroupBarrier();
  }
}
for (var k = local; k < ${size}u && first + k < n; k += ${workgroup}u) {
  let to = row * n + first + k;
  ${keys.storeAt("to", "bitcast<i32>(ks[k])")}
  ${order.storeAt("to", "i32(at[k])")}
}`,
  }));
}

/** Merges sorted runs of `run` two by two. Elements that are not among the first `m` of their two runs are left out, as nobody asks for them. */
function merge(gpu: Gpu, { rows, n }: Rows, run: number, m: number, from: Pairs, to: Pairs): void {
  const program = gpu.begin();
  const [keys, order] = [program.read(from.keys), program.read(from.order)];
  const [newKeys, newOrder] = [program.write(to.keys), program.write(to.order)];
  const words = program.uints(rows * n, n, run, m);
  const keyAt = (i: string): string => `bitcast<u32>(${keys.loadAt(`${i}`)})`;
  gpu.dispatchEach("sort merge", rows * n, () => ({
    body: `if (index >= ${words[0]}) { return; }
let n = ${words[1]};
let run = ${words[2]};
let most = ${words[3]};
let row = index / n;
let i = index % n;
let within = i % run;
if (within >= most) { return; }
let pair = i / (2u * run) * 2u * run;
let isSecond = i - pair >= run;
let other = row * n + select(pair + run, pair, isSecond);
let end = row * n + select(min(n, pair + 2u * run), pair + run, isSecond);
let key = ${keyAt("index")};
var low = other;
var high = max(other, min(end, other + most));
while (low < high) {
  let half = (low + high) / 2u;
  let middle = ${keyAt("half")};
  if (middle < key || (isSecond && middle == key)) { low = half + 1u; } else { high = half; }
}
let place = within + low - other;
if (place >= most) { return; }
${newKeys.storeAt(`row * n + pair + place`, "bitcast<i32>(key)")}
${newOrder.storeAt(`row * n + pair + place`, order.loadAt("index"))}`,
  }));
}

/** The first `m` pairs of each row in order, handed over while they exist. */
function sorted(gpu: Gpu, x: Operand, work: Rows, m: number, then: (pairs: Pairs) => void): void {
  const { rows, n } = work;
  let pairs = newPairs(rows * n);
  sortBlocks(gpu, x, work, pairs);
  if (n > BLOCK) {
    let spare = newPairs(rows * n);
    for (let run = BLOCK; run < n; run *= 2) {
      merge(gpu, work, run, m, pairs, spare);
      [pairs, spare] = [spare, pairs];
    }
    drop(gpu, spare);
  }
  then(pairs);
  drop(gpu, pairs);
}

/** Runs a sort. */
export function sort(gpu: Gpu, { values, indices, x, n, m, inner, descending }: Sort): void {
  const size = sizeOfShape(x.shape);
  if (size === 0 || m === 0) return;
  const rows = size / n;
  sorted(gpu, x, { rows, n, inner, descending }, m, ({ order }) => {
    const program = gpu.begin();
    const [target, places] = [program.scatter(values), program.write(indices)];
    const [source, found] = [program.read(x), program.read(order)];
    const words = program.uints(rows * m, n, inner, m);
    gpu.dispatchEach("sort values", rows * m, () => ({
      body: `if (index >= ${words[0]}) { return; }
let n = ${words[1]};
let inner = ${words[2]};
let most = ${words[3]};
let outer = index / (most * inner);
let k = index / inner % most;
let lane = index % inner;
let at = ${found.loadAt(`(outer * inner + lane) * n + k`)};
let value = ${source.loadAt(`(outer * n + u32(at)) * inner + lane`)};
${target.storeAt("index", "value")}
${places.storeAt("index", "at")}`,
    }));
  });
}

/** Finds the longest run of equal elements in each sorted row, the first of equally long ones. */
export function mostFrequent(gpu: Gpu, { values, indices, x, n, inner }: MostFrequent): void {
  const rows = sizeOfShape(values.shape);
  if (rows === 0) return;
  sorted(gpu, x, { rows, n, inner, descending: false }, n, ({ keys, order }) => {
    const program = gpu.begin();
    const [target, places] = [program.scatter(values), program.write(indices)];
    const [source, pairs, found] = [program.read(x), program.read(keys), program.read(order)];
    const words = program.uints(rows, n, inner);
    gpu.dispatch("mostFrequent", rows, () => ({
      declarations: `struct Run { length: u32, last: u32 }
fn longer(a: Run, b: Run) -> Run {
  if (b.length > a.length || (b.length == a.length && b.last < a.last)) { return b; }
  return a;
}
var<workgroup> runs: array<Run, 64>;`,
      body: `let row = group.y * groups.x + group.x;
if (row >= ${words[0]}) { return; }
let n = ${words[1]};
let inner = ${words[2]};
var best = Run(0u, 0u);
for (var i = local; i < n; i += 64u) {
  let key = ${pairs.loadAt(`row * n + i`)};
  if (i + 1u < n && ${pairs.loadAt(`row * n + i + 1u`)} == key) { continue; }
  var low = 0u;
  var high = i;
  while (low < high) {
    let half = (low + high) / 2u;
    if (bitcast<u32>(${pairs.loadAt(`row * n + half`)}) < bitcast<u32>(key)) { low = half + 1u; } else { high = half; }
  }
  best = longer(best, Run(i + 1u - low, i));
}
runs[local] = best;
workgroupBarrier();
for (var half = 32u; half > 0u; half = half >> 1u) {
  if (local < half) { runs[local] = longer(runs[local], runs[local + half]); }
  workgroupBarrier();
}
if (local == 0u) {
  let at = ${found.loadAt(`row * n + runs[0].last`)};
  let value = ${source.loadAt(`(row / inner) * n * inner + row % inner + u32(at) * inner`)};
  ${target.storeAt("row", "value")}
  ${places.storeAt("row", "at")}
}`,
    }));
  });
}
