/**
 * Checks of values that nobody waits for: each leaves the position of its first bad value in a slot, and whoever reads next gets the error.
 */
import { arrayOf, sizeOf, type TypedArray } from "../../../core/dtype";
import { sizeOfShape } from "../../../core/shape";
import type { Operand } from "../../operand";
import type { ValueCheck } from "../../ops/checks";
import { GpuBlock } from "../buffers";
import type { Gpu } from "../gpu";
import { scalarOf } from "../wgsl/elements";
import type { Program } from "../wgsl/program";
import { fill } from "./elementwise";

/** Checks between two looks at what they found. */
const SLOTS = 64;
/** What a slot holds as long as all values are valid. */
const NONE = 0xffffffff;

/** Makes the error for a bad value at a position. */
export type BadValue = (position: number) => Error;

/** An expression for whether the value `v` is not valid. */
function badness(program: Program, check: Exclude<ValueCheck, { readonly kind: "mask" }>): string {
  switch (check.kind) {
    case "targets": {
      const [classes, ignored] = [program.int(check.classes), program.int(check.ignoreIndex)];
      return `v != ${ignored} && (v < 0i || v >= ${classes})`;
    }
    case "indices": {
      const [low, high] = [program.int(check.low), program.int(check.high)];
      return `v < ${low} || v >= ${high}`;
    }
    default:
      return scalarOf(check.x.dtype) === "f32" ? "!isNonzero(v)" : "v == 0i";
  }
}

/** Values that somebody wants to hear of. */
interface Followed {
  readonly x: Operand;
  readonly begin: () => (values: TypedArray) => void;
}

/** The checks of a device whose outcome nobody has seen. */
export class Checks {
  private pending: BadValue[] = [];
  private readonly slots: Operand;
  private isReady = false;
  private followed: Followed[] = [];

  constructor(private readonly gpu: Gpu) {
    const block = new GpuBlock(4 * SLOTS);
    this.slots = { storage: { block }, offset: 0, shape: [SLOTS], strides: [1], dtype: "int32" };
    gpu.verdict = () => this.collect();
  }

  /** Records a check. `error` is thrown by what reads next, should it find something. */
  add(check: ValueCheck, error: BadValue): void {
    const n = sizeOfShape(check.x.shape);
    // How many elements a mask has decides on a shape, which needs the count itself.
    if (n === 0 || check.kind === "mask") return;
    if (this.pending.length === SLOTS) this.look();
    if (!this.isReady) fill(this.gpu, this.slots, -1);
    this.isReady = true;
    const program = this.gpu.begin();
    const slots = program.atomic(this.slots);
    const values = program.read(check.x);
    const isBad = badness(program, check);
    const [slot, count] = [program.uint(this.pending.push(error) - 1), program.uint(n)];
    this.gpu.dispatchEach(`check ${check.kind}`, n, () => ({
      body: `if (index >= ${count}) { return; }
let v = ${values.loadAt("index")};
if (${isBad}) { ${slots.atWord(slot, (place) => `atomicMin(&${place}, index);`)} }`,
    }));
  }

  /** Looks at what was found although nobody reads, since all slots are taken. */
  private look(): void {
    const verdict = this.collect();
    this.gpu.commands.flush();
    verdict?.().catch((error) => this.gpu.fail(error));
  }

  /** Tells values with the next look at what was found. */
  follow(x: Operand, begin: Followed["begin"]): void {
    this.followed.push({ x, begin });
  }

  /** Copies what is followed. @returns What tells it. */
  private stageFollowed(): () => Promise<void> {
    const { followed } = this;
    this.followed = [];
    const all = followed.map(({ x: { storage, offset, shape, dtype }, begin }) => {
      const size = sizeOf(dtype);
      const wait = this.gpu.stage(storage.block as GpuBlock, offset * size, sizeOfShape(shape) * size);
      const tell = begin();
      return async () => tell(new (arrayOf(dtype))(await wait(), 0, sizeOfShape(shape)));
    });
    return async () => void (await Promise.all(all.map((tell) => tell())));
  }

  private collect(): (() => Promise<void>) | undefined {
    if (this.followed.length === 0) return this.collectChecks();
    const tell = this.stageFollowed();
    const verdict = this.collectChecks();
    return async () => {
      await tell();
      await verdict?.();
    };
  }

  private collectChecks(): (() => Promise<void>) | undefined {
    const { pending } = this;
    if (pending.length === 0) return undefined;
    const wait = this.gpu.stage(this.slots.storage.block as GpuBlock, 0, 4 * SLOTS);
    this.pending = [];
    this.isReady = false;
    return async () => {
      const found = new Uint32Array(await wait());
      for (const [slot, error] of pending.entries()) if (found[slot] !== NONE) throw error(found[slot]!);
    };
  }
}
