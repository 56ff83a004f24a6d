/**
 * Makes the WebAssembly of a fused kernel: a function `run(frame, begin, end)`. The frame has the addresses of what is read and written, then the numbers. The
 * range counts elements where the kernel has one axis, and rows (all axes but the last) where it has more.
 *
 * Whatever is the same for a whole row is computed once in it. The last vector of a row overlaps the one before, since to compute an element twice does no
 * harm; rows of less than four elements, and the ends of rows that are summed, are computed element by element, each in lane 0.
 */
import type { FusedKernel, FusedStep } from "../../ops/fused";
import { vectorsOf } from "./cost";
import { Emitter } from "./emitter";
import { F32, I32, moduleOf, Op, Simd, V128 } from "./encoder";
import { formulas } from "./formulas";

/** The parameters of the function. */
const [FRAME, BEGIN, END] = [0, 1, 2];
const LANES = 4;
/** Alignments, as powers of two. */
const [BYTE, WORD] = [0, 2];

/** How many elements an instruction of the loop computes: four, or the one in lane 0. */
type Width = 4 | 1;
class Writer extends Emitter {
  private readonly i = this.code.local(I32);
  private readonly length = this.code.local(I32);
  private readonly row = this.code.local(I32);
  /** The address of each load and store: where its memory begins, and its first element of the row. */
  private readonly bases: number[];
  private readonly rows: number[];
  private readonly varies: boolean[] = [];
  private readonly values: number[] = [];
  /** Vectors of one pass through the longest loop, and which of them is being computed. */
  private readonly vectors: number;
  private vector = 0;
  private readonly rank: number;
  private readonly sums: (readonly [vector: number, rest: number] | undefined)[];

  constructor(
    private readonly kernel: FusedKernel,
    isRelaxed: boolean,
  ) {
    super(isRelaxed);
    const { code } = this;
    const streams = kernel.loads.length + kernel.stores.length;
    this.rank = kernel.shape.length;
    this.bases = Array.from({ length: streams }, () => code.local(I32));
    this.rows = this.rank > 1 ? this.bases.map(() => code.local(I32)) : this.bases;
    this.sums = kernel.stores.map(({ isSum }) => (isSum ? [code.local(V128), code.local(F32)] : undefined));
    for (const step of kernel.steps) this.varies.push(this.doesVary(step));
    this.vectors = vectorsOf(kernel);
  }

  private doesVary(step: FusedStep): boolean {
    if (step.kind === "number") return false;
    if (step.kind === "load") return this.kernel.loads[step.load]!.strides.at(-1) !== 0;
    return step.inputs.some((input) => this.varies[input]);
  }

  write(): Uint8Array<ArrayBuffer> {
    const { code, kernel } = this;
    this.bases.forEach((base, k) => {
      code
        .get(FRAME)
        .op(Op.i32Load, WORD, 4 * k)
        .set(base);
    });
    this.prepareNumbers();
    if (this.rank === 1) {
      this.invariants();
      this.oneAxis();
    } else {
      code.int(kernel.shape.at(-1)!).set(this.length);
      code.get(BEGIN).set(this.row);
      code.begin(Op.block).begin(Op.loop);
      code.get(this.row).get(END).op(Op.i32GeU).op(Op.brIf, 1);
      this.enterRow();
      this.invariants();
      this.clearSums();
      code.int(0).set(this.i);
      this.loops();
      this.storeSums();
      code.get(this.row).int(1).op(Op.i32Add).set(this.row).op(Op.br, 0);
      code.end().end();
    }
    return moduleOf(this.imports, code);
  }

  /** The loop over a range of the only axis: pointers are moved to its beginning. */
  private oneAxis(): void {
    const { code } = this;
    code.get(END).get(BEGIN).op(Op.i32Sub).set(this.length);
    this.streams().forEach(({ stride, size }, k) => {
      if (stride === 0) return;
      const base = this.bases[k]!;
      code
        .get(base)
        .get(BEGIN)
        .int(stride * size)
        .op(Op.i32Mul)
        .op(Op.i32Add)
        .set(base);
    });
    code.int(0).set(this.i);
    this.clearSums();
    this.loops();
    this.storeSums();
  }

  /** Loads and stores: their steps along the last axis, and the sizes of their elements. */
  private streams(): { stride: number; size: number }[] {
    const sizeOf = (dtype: string) => (dtype === "bool" ? 1 : 4);
    const { loads, stores } = this.kernel;
    return [
      ...loads.map(({ dtype, strides }) => ({ stride: strides.at(-1)!, size: sizeOf(dtype) })),
      ...stores.map(({ dtype, isSum }) => ({ stride: isSum ? 0 : 1, size: sizeOf(dtype) })),
    ];
  }

  /** Puts the addresses of the row's first elements into `rows`. */
  private enterRow(): void {
    const { code, kernel } = this;
    const { shape, loads, stores } = kernel;
    const outer = shape.length - 1;
    const positions = this.positionsOfRow();
    loads.forEach(({ dtype, strides }, k) => {
      const size = dtype === "bool" ? 1 : 4;
      code.get(this.bases[k]!);
      for (let axis = 0; axis < outer; axis++)
        if (strides[axis] !== 0)
          code
            .get(positions[axis]!)
            .int(strides[axis]! * size)
            .op(Op.i32Mul)
            .op(Op.i32Add);
      code.set(this.rows[k]!);
    });
    stores.forEach(({ dtype, isSum }, s) => {
      const k = loads.length + s;
      const bytes = (dtype === "bool" ? 1 : 4) * (isSum ? 1 : shape[outer]!);
      code.get(this.bases[k]!).get(this.row).int(bytes).op(Op.i32Mul).op(Op.i32Add).set(this.rows[k]!);
    });
  }

  private places: number[] | undefined;
  /** The index of the row along each axis but the last. */
  private positionsOfRow(): number[] {
    const { code } = this;
    const outer = this.rank - 1;
    if (outer === 1) return [this.row];
    this.places ??= Array.from({ length: outer }, () => code.local(I32));
    const { places } = this;
    const rest = places[0]!;
    code.get(this.row).set(rest);
    for (let axis = outer - 1; axis > 0; axis--) {
      const size = this.kernel.shape[axis]!;
      const place = places[axis]!;
      // place = rest − rest / size · size; rest = rest / size.
      code.get(rest).get(rest).int(size).op(Op.i32DivU).int(size).op(Op.i32Mul).op(Op.i32Sub).set(place);
      code.get(rest).int(size).op(Op.i32DivU).set(rest);
    }
    return places;
  }

  // --- loops -------------------------------------------------------------------------------------------------------------------------------

  private loops(): void {
    if (this.kernel.stores.some(({ isSum }) => isSum)) this.summingLoops();
    else this.overlappingLoops();
  }

  /** Several vectors at a time, then the others, the last of which overlaps the one before; single elements if there are less than four. */
  private overlappingLoops(): void {
    const { code, i, length, vectors } = this;
    if (vectors > 1) this.vectorLoop(vectors);
    code.get(length).int(LANES).op(Op.i32GeU).begin(Op.if);
    code.begin(Op.block).begin(Op.loop);
    code.get(i).get(length).op(Op.i32GeU).op(Op.brIf, 1);
    code.get(i).get(length).int(LANES).op(Op.i32Sub).op(Op.i32GtU).begin(Op.if);
    code.get(length).int(LANES).op(Op.i32Sub).set(i).end();
    this.body(4);
    code.get(i).int(LANES).op(Op.i32Add).set(i);
    code.op(Op.br, 0).end().end();
    code.op(Op.else);
    this.singles();
    code.end();
  }

  private summingLoops(): void {
    if (this.vectors > 1) this.vectorLoop(this.vectors);
    this.vectorLoop(1);
    this.singles();
  }

  /** As long as there are elements for as many vectors. */
  private vectorLoop(vectors: number): void {
    const { code, i, length } = this;
    code.begin(Op.block).begin(Op.loop);
    code
      .get(i)
      .int(LANES * vectors)
      .op(Op.i32Add)
      .get(length)
      .op(Op.i32GtU)
      .op(Op.brIf, 1);
    this.body(4, vectors);
    code
      .get(i)
      .int(LANES * vectors)
      .op(Op.i32Add)
      .set(i)
      .op(Op.br, 0);
    code.end().end();
  }

  private singles(): void {
    const { code, i, length } = this;
    code.begin(Op.block).begin(Op.loop);
    code.get(i).get(length).op(Op.i32GeU).op(Op.brIf, 1);
    this.body(1);
    code.get(i).int(1).op(Op.i32Add).set(i).op(Op.br, 0);
    code.end().end();
  }

  /** Computes four elements, or one, at `i`, or several vectors from there on. */
  private body(width: Width, vectors = 1): void {
    const { steps, stores } = this.kernel;
    const results = Array.from({ length: vectors }, () => [...this.values]);
    steps.forEach((step, k) => {
      if (!this.varies[k]) return;
      const sequences = results.map((values, vector) => () => {
        this.vector = vector;
        values[k] = this.compute(step, width, values);
      });
      this.code.inTurns(sequences);
    });
    for (this.vector = 0; this.vector < vectors; this.vector++) {
      stores.forEach((_, s) => {
        this.store(s, width, results[this.vector]!);
      });
    }
    this.vector = 0;
  }

  /** What is the same for the whole row. */
  private invariants(): void {
    this.kernel.steps.forEach((step, k) => {
      if (!this.varies[k] && step.kind !== "number") this.values[k] = this.compute(step, 1, this.values);
    });
  }

  // --- values ------------------------------------------------------------------------------------------------------------------------------

  private prepareNumbers(): void {
    const { code, kernel } = this;
    const first = 4 * this.bases.length;
    kernel.steps.forEach((step, k) => {
      if (step.kind !== "number") return;
      this.values[k] = code.local(V128);
      code
        .get(FRAME)
        .memory(Simd.load32Splat, WORD, first + 4 * step.number)
        .set(this.values[k]!);
    });
  }

  private compute(step: FusedStep, width: Width, values: readonly number[]): number {
    if (step.kind === "load") return this.load(step.load, width);
    if (step.kind === "number") throw new Error("numbers are prepared");
    const inputs = step.inputs.map((input) => values[input]!);
    return formulas[step.op]!.formula(this.lanes, inputs, values[step.p]!, values[step.q]!);
  }

  /** The address of element `i` of a load or store. */
  private address(k: number, stride: number, size: number): void {
    const { code } = this;
    code.get(this.rows[k]!);
    if (stride !== 0)
      code
        .get(this.i)
        .int(stride * size)
        .op(Op.i32Mul)
        .op(Op.i32Add);
  }

  /** How far the vector that is being computed lies behind element `i`, in bytes. */
  private distance(stride: number, size: number): number {
    return LANES * this.vector * stride * size;
  }

  private load(load: number, width: Width): number {
    const { dtype, strides } = this.kernel.loads[load]!;
    const stride = strides.at(-1)!;
    const size = dtype === "bool" ? 1 : 4;
    const { code } = this;
    if (dtype === "bool") {
      this.address(load, stride, size);
      if (width === 1 || stride === 0) code.memory(Simd.load8Splat, BYTE, 0);
      else if (stride === 1) code.memory(Simd.load32Zero, BYTE, this.distance(1, 1));
      else return this.maskOf(this.gather(load, stride, 1));
      return this.maskOf(this.kept());
    }
    if (width === 4 && stride !== 1 && stride !== 0) return this.gather(load, stride, 4);
    this.address(load, stride, size);
    if (width === 1 || stride === 0) code.memory(Simd.load32Splat, WORD, 0);
    else code.memory(Simd.load, WORD, this.distance(1, 4));
    return this.kept();
  }

  /** Four elements that are apart, in the lowest lanes of their size. */
  private gather(load: number, stride: number, size: 1 | 4): number {
    const { code } = this;
    const [splat, lane, alignment] =
      size === 1 ? [Simd.load8Splat, Simd.load8Lane, BYTE] : [Simd.load32Splat, Simd.load32Lane, WORD];
    const first = this.distance(stride, size);
    this.address(load, stride, size);
    code.int(first).op(Op.i32Add).memory(splat, alignment, 0);
    const vector = this.kept();
    for (let k = 1; k < LANES; k++) {
      this.address(load, stride, size);
      code
        .int(first + k * stride * size)
        .op(Op.i32Add)
        .get(vector)
        .memory(lane, alignment, 0, k)
        .set(vector);
    }
    return vector;
  }

  // --- results -----------------------------------------------------------------------------------------------------------------------------

  private store(s: number, width: Width, values: readonly number[]): void {
    const { code, kernel } = this;
    const { step, dtype, isSum } = kernel.stores[s]!;
    const value = values[step]!;
    if (isSum) {
      this.addToSum(s, value, width);
      return;
    }
    const k = kernel.loads.length + s;
    const bytes = dtype === "bool" ? this.bytesOfMask(value) : value;
    this.address(k, 1, dtype === "bool" ? 1 : 4);
    code.get(bytes);
    const distance = this.distance(1, dtype === "bool" ? 1 : 4);
    if (dtype === "bool") code.memory(width === 4 ? Simd.store32Lane : Simd.store8Lane, BYTE, distance, 0);
    else if (width === 4) code.memory(Simd.store, WORD, distance);
    else code.memory(Simd.store32Lane, WORD, 0, 0);
  }

  private clearSums(): void {
    const { code } = this;
    for (const sum of this.sums) {
      if (sum === undefined) continue;
      code.simd(Simd.const, ...new Array<number>(16).fill(0)).set(sum[0]);
      code
        .simd(Simd.const, ...new Array<number>(16).fill(0))
        .simd(Simd.extractLane, 0)
        .set(sum[1]);
    }
  }

  private addToSum(s: number, value: number, width: Width): void {
    const { code } = this;
    const [vector, rest] = this.sums[s]!;
    if (width === 4) code.get(vector).get(value).simd(Simd.add).set(vector);
    else code.get(rest).get(value).simd(Simd.extractLane, 0).op(Op.f32Add).set(rest);
  }

  private storeSums(): void {
    const { code, kernel } = this;
    this.sums.forEach((sum, s) => {
      if (sum === undefined) return;
      const [vector, rest] = sum;
      code.get(this.rows[kernel.loads.length + s]!);
      for (let lane = 0; lane < LANES; lane++) {
        code.get(vector).simd(Simd.extractLane, lane);
        if (lane % 2 === 1) code.op(Op.f32Add);
      }
      code.op(Op.f32Add).get(rest).op(Op.f32Add).op(Op.f32Store, WORD, 0);
    });
  }
}

/** The binary of a fused kernel. @param isRelaxed Whether the engine has multiply-add with one rounding. */
export const binaryOf = (kernel: FusedKernel, isRelaxed: boolean): Uint8Array<ArrayBuffer> =>
  new Writer(kernel, isRelaxed).write();
