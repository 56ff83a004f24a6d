/** Control flow, sequences and optionals. */
import { cat, stack } from "../../../ops/shape/join";
import type { Tensor } from "../../../tensor/tensor";
import type { Context } from "../context";
import type { Entry } from "../entry";
import { sequence, type Value } from "../values";
import { tensor } from "./make";

const isTrue = (value: Value): boolean => (value as Tensor).item() !== 0 && Boolean((value as Tensor).item());

/** Runs its graph until its condition is false or the count is reached; what it gives besides its state is stacked. */
function loop(c: Context): Value[] {
  const count = c.has(0) ? c.scalar(0) : Number.POSITIVE_INFINITY;
  let goes = c.has(1) ? c.scalar(1) !== 0 : true;
  let state: Value[] = c.inputs.slice(2);
  const scanned: Tensor[][] = Array.from({ length: Math.max(0, c.outputs - state.length) }, () => []);
  for (let i = 0; i < count && goes; i++) {
    const [next, ...results] = c.run("body", [tensor(i, "int64"), tensor(1, "bool"), ...state]);
    goes = isTrue(next);
    state = results.slice(0, state.length);
    for (const [k, list] of scanned.entries()) list.push(results[state.length + k] as Tensor);
  }
  return [...state, ...scanned.map((list) => (list.length === 0 ? tensor([], "float32") : stack(list)))];
}

/** Runs its graph once for each slice of its inputs. In opset 8 a batch came first, whose elements run one by one. */
function scan(c: Context): Value[] {
  const count = c.int("num_scan_inputs");
  if (c.version >= 9) return scanOnce(c, c.inputs.slice(0, -count), c.inputs.slice(-count) as Tensor[], false);
  const given = c.inputs.slice(1);
  const split = given.length - count;
  const batches = Array.from({ length: c.tensor(1).shape[0]! }, (_, b) => {
    const own = given.map((value) => (value as Tensor).select(0, b));
    return scanOnce(c, own.slice(0, split), own.slice(split), true) as Tensor[];
  });
  return batches[0]!.map((_, i) => stack(batches.map((results) => results[i]!)));
}

function scanOnce(c: Context, initial: readonly Value[], scans: readonly Tensor[], isOld: boolean): Value[] {
  const inAxes = (!isOld && c.ints("scan_input_axes")) || scans.map(() => 0);
  const inTurns = (isOld ? c.ints("directions") : c.ints("scan_input_directions")) ?? scans.map(() => 0);
  const axes = scans.map((x, i) => c.wrapAxis(inAxes[i]!, x.ndim));
  const length = scans[0]!.shape[axes[0]!]!;
  let state = [...initial];
  const outputs: Tensor[][] = Array.from({ length: c.outputs - state.length }, () => []);
  for (let t = 0; t < length; t++) {
    const slices = scans.map((x, i) => x.select(axes[i]!, inTurns[i] === 1 ? length - 1 - t : t));
    const results = c.run("body", [...state, ...slices]);
    state = results.slice(0, state.length);
    for (const [k, list] of outputs.entries()) list.push(results[state.length + k] as Tensor);
  }
  const outAxes = (!isOld && c.ints("scan_output_axes")) || outputs.map(() => 0);
  const outTurns = (!isOld && c.ints("scan_output_directions")) || outputs.map(() => 0);
  const joined = outputs.map((list, i) => {
    if (list.length === 0) return tensor([], "float32");
    const ordered = outTurns[i] === 1 ? list.reverse() : list;
    return stack(ordered, c.wrapAxis(outAxes[i]!, list[0]!.ndim + 1));
  });
  return [...state, ...joined];
}

function placeIn(c: Context, i: number, size: number): number {
  const at = c.scalar(i);
  const place = at < 0 ? at + size : at;
  if (place < 0 || place >= size) c.fail(`there is no element ${at} in a sequence of ${size}`);
  return place;
}

function sequenceInsert(c: Context): Value {
  const list = [...c.list(0)];
  const at = c.has(2) ? c.scalar(2) : list.length;
  const place = at < 0 ? at + list.length : at;
  if (place < 0 || place > list.length) c.fail(`there is no place ${at} in a sequence of ${list.length}`);
  list.splice(place, 0, c.inputs[1]);
  return sequence(list);
}

function splitToSequence(c: Context): Value {
  const x = c.x;
  const axis = c.axis("axis", x.ndim, 0);
  if (!c.has(1)) {
    const parts = [...x.split(1, axis)];
    return sequence(c.flag("keepdims", true) ? parts : parts.map((part) => part.squeeze(axis)));
  }
  const sizes = c.numbers(1);
  return sequence([...x.split(c.tensor(1).ndim === 0 ? sizes[0]! : sizes, axis)]);
}

/** Runs its graph for each element; an input that is no sequence is the same each time. */
function sequenceMap(c: Context): Value[] {
  const [first, ...others] = c.inputs;
  const rows = (first as readonly Value[]).map((item, i) =>
    c.run("body", [item, ...others.map((other) => (Array.isArray(other) ? other[i] : other))]),
  );
  return Array.from({ length: c.outputs }, (_, k) => sequence(rows.map((row) => row[k])));
}

export const control: readonly Entry[] = [
  { name: "If", unsigned: "itself", run: (c) => c.run(c.scalar(0) !== 0 ? "then_branch" : "else_branch", []) },
  { name: "Loop", unsigned: "itself", run: loop },
  { name: "Scan", since: 8, unsigned: "itself", run: scan },
  {
    name: "ConcatFromSequence",
    since: 11,
    run: (c) => {
      const list = c.list(0) as Tensor[];
      const joins = c.flag("new_axis");
      const axis = c.axis("axis", list[0]!.ndim + (joins ? 1 : 0));
      return joins ? stack(list, axis) : cat(list, axis);
    },
  },
  { name: "SequenceAt", since: 11, unsigned: "itself", run: (c) => c.list(0)[placeIn(c, 1, c.list(0).length)] },
  { name: "SequenceConstruct", since: 11, unsigned: "itself", run: (c) => sequence([...c.inputs]) },
  { name: "SequenceEmpty", since: 11, run: () => sequence([]) },
  {
    name: "SequenceErase",
    since: 11,
    run: (c) => {
      const list = c.list(0);
      const place = c.has(1) ? placeIn(c, 1, list.length) : list.length - 1;
      return sequence(list.filter((_, i) => i !== place));
    },
  },
  { name: "SequenceInsert", since: 11, unsigned: "itself", run: sequenceInsert },
  { name: "SequenceLength", since: 11, run: (c) => tensor(c.list(0).length, "int64") },
  { name: "SequenceMap", since: 17, unsigned: "itself", run: sequenceMap },
  { name: "SplitToSequence", since: 11, run: splitToSequence },
  { name: "Optional", since: 15, unsigned: "itself", run: (c) => c.inputs[0] },
  {
    name: "OptionalGetElement",
    since: 15,
    unsigned: "itself",
    run: (c) => c.inputs[0] ?? c.fail("the optional is empty"),
  },
  { name: "OptionalHasElement", since: 15, unsigned: "itself", run: (c) => tensor(c.has(0) ? 1 : 0, "bool") },
];
