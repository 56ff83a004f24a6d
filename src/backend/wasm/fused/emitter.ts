/** Writes instructions on vectors, each result in a local of its own. */
import { bytesOf } from "./cost";
import { Code, type LaneImport, Op, Simd, V128 } from "./encoder";
import type { Lanes } from "./formulas";
import { inline, inlinedLane } from "./lanes";

export abstract class Emitter {
  /** The function `run(frame, begin, end)`. */
  protected readonly code = new Code(3);
  protected readonly imports: LaneImport[] = [];

  constructor(private readonly isRelaxed: boolean) {}

  protected readonly lanes: Lanes = {
    simd: (operation, ...operands) => {
      for (const operand of operands) this.code.get(operand);
      this.code.simd(operation);
      return this.kept();
    },
    call: (name, ...operands) => {
      const found = inlinedLane(name, operands.length, this.isRelaxed ? "relaxed" : "baseline");
      if (found !== undefined) return inline(this.code, found, operands);
      for (const operand of operands) this.code.get(operand);
      this.code.op(Op.call, this.importOf(name, operands.length));
      return this.kept();
    },
    number: (value) => {
      return this.code.constant([0xfd, Simd.const, ...bytesOf(value)], V128);
    },
    fma: (a, b, c) => {
      if (this.isRelaxed) return this.lanes.simd(Simd.relaxedMadd, a, b, c);
      return this.lanes.simd(Simd.add, this.lanes.simd(Simd.mul, a, b), c);
    },
  };

  /** The vector on the stack, in a local. */
  protected kept(): number {
    const local = this.code.local(V128);
    this.code.set(local);
    return local;
  }

  private importOf(name: string, arity: number): number {
    const found = this.imports.findIndex((one) => one.name === name);
    return found >= 0 ? found : this.imports.push({ name, arity }) - 1;
  }

  /** Lanes of all ones where the lowest four bytes are not 0. */
  protected maskOf(bytes: number): number {
    const zero = this.lanes.number(0);
    const halves = this.lanes.simd(Simd.widenBytes, bytes);
    return this.lanes.simd(Simd.i32x4Ne, this.lanes.simd(Simd.widenHalves, halves), zero);
  }

  /** Four truth values as bytes of 0 or 1, in the lowest bytes of a vector. */
  protected bytesOfMask(mask: number): number {
    const halves = this.lanes.simd(Simd.narrowHalves, mask, mask);
    const { code } = this;
    code.get(halves).get(halves).simd(Simd.narrowBytes).int(1).simd(Simd.i8x16Splat).simd(Simd.and);
    return this.kept();
  }
}
