/**
 * Elementwise ops wait, as expressions, until somebody looks at their results. What is computed then is one kernel: the expression with all that it is
 * computed from, and those of the values in between that somebody still holds. Values that nobody holds any more are never written to memory.
 *
 * Memory that a value waits to be computed from stays as it is: before it changes, the value is computed; and its buffer is not used again.
 */
import type { Operand } from "../../operand";
import type { GpuBlock } from "../buffers";
import type { Gpu, Lazy } from "../gpu";
import { perWord, scalarOf } from "../wgsl/elements";
import { checkInt32, type Epilogue, type Program, type View } from "../wgsl/program";
import {
  type Elementwise,
  expressionOf,
  type Input,
  inFrame,
  isLinear,
  isWhole,
  type Kernel,
  memoryOf,
  Node,
  readsInPlace,
  snapshot,
  waitsFor,
  wordsOf,
  wordsOfExpression,
} from "./node";
import { Expressions, storing } from "./text";

/** Values of the largest expression. */
const MOST_VALUES = 32;
/** Words of uniforms of the largest expression. */
const MOST_WORDS = 320;
/** Values of the largest expression that is computed again wherever it is read, and of one that is read more often than it has elements. */
const MOST_REPEATED = 8;
const MOST_MULTIPLIED = 2;
/** Bindings that a kernel needs for other things than an expression that it reads. */
const KERNEL_BINDINGS = 3;
/** Bytes that were given back, and that values wait to be computed from. */
const MOST_KEPT_BYTES = 64 * 2 ** 20;

const blockOf = (x: Operand): GpuBlock => x.storage.block as GpuBlock;

/** The values that wait on a device. */
export class Fusion implements Lazy {
  private on = true;
  /** The value that waits to be written to a block. */
  private readonly waiting = new Map<GpuBlock, Node>();
  /** The values that are computed from the memory of a block. */
  private readonly readers = new Map<GpuBlock, Set<Node>>();
  /** Bytes of blocks that were given back and have readers. */
  private keptBytes = 0;
  /** Whether what is dispatched has been prepared. */
  private isPrepared = false;

  constructor(private readonly gpu: Gpu) {
    gpu.lazy = this;
  }

  get isOn(): boolean {
    return this.on;
  }

  set isOn(on: boolean) {
    if (!on) this.computeAll();
    this.on = on;
  }

  /** Lets an elementwise op wait. @returns false if it has to run now */
  defer(expression: Elementwise): boolean {
    const { y, numbers, inputs, scalars } = expression;
    if (!this.on || !isWhole(y) || scalarOf(y.dtype) === undefined) return false;
    const operands = inputs.filter((x) => typeof x !== "number");
    const words = operands.reduce((sum, x) => sum + wordsOf(x), inputs.length + scalars.length);
    if (words > MOST_WORDS || operands.some((x) => scalarOf(x.dtype) === undefined)) return false;
    // What is computed in place reads each element where it writes it.
    if (operands.some((x) => blockOf(x) === blockOf(y) && !(isLinear(y.shape, x) && x.dtype === y.dtype))) return false;
    for (const x of [...inputs, ...scalars])
      if (typeof x === "number" && numbers === "int64" && Number.isFinite(x)) checkInt32(this.gpu.op, x);
    this.add(y, operands, expression);
    return true;
  }

  /** Lets a kernel wait for expressions that take its results. @param operands what it reads @returns false if it has to run now */
  deferKernel(y: Operand, operands: readonly Operand[], kernel: Kernel): boolean {
    if (!this.on || this.isPrepared || !isWhole(y) || perWord(y.dtype) > 1) return false;
    if ([y, ...operands].some((x) => scalarOf(x.dtype) === undefined)) return false;
    if (operands.some((x) => blockOf(x) === blockOf(y))) return false;
    this.add(y, operands, kernel);
    return true;
  }

  private add(y: Operand, operands: readonly Operand[], work: Elementwise | Kernel): void {
    const { gpu } = this;
    const block = blockOf(y);
    gpu.checkHealth();
    gpu.settleFor([block, ...operands.map(blockOf)]);
    if (this.keptBytes > MOST_KEPT_BYTES) this.computeAll();
    gpu.claim(block);
    for (const x of operands) if (!this.waiting.has(blockOf(x))) gpu.bufferOf(blockOf(x));
    // A value that is about to be changed in place has no other users, so that it need not be kept as it was.
    if (this.waiting.get(block)?.users.size) this.compute(block);
    if (!this.waiting.has(block)) this.protect(block);
    const inputs = operands.map((x): Input => this.input(x));
    const node = new Node(gpu.op, snapshot(y), work, inputs);
    this.limit(node);
    for (const input of inputs) {
      const from = waitsFor(input);
      if (from !== undefined) from.users.add(node);
      else this.readersOf(blockOf(input.operand)).add(node);
    }
    const old = this.waiting.get(block);
    this.waiting.set(block, node);
    if (old !== undefined && old.users.size === 0) this.detach(old);
  }

  private input(x: Operand): Input {
    const from = this.waiting.get(blockOf(x));
    if (from !== undefined && from.y.dtype !== x.dtype) this.compute(blockOf(x));
    return { operand: snapshot(x), from: from?.isStored ? undefined : from };
  }

  private readersOf(block: GpuBlock): Set<Node> {
    let found = this.readers.get(block);
    if (found === undefined) {
      found = new Set();
      this.readers.set(block, found);
    }
    return found;
  }

  /** Storage buffers that a kernel may bind. */
  private get bindings(): number {
    return this.gpu.limits.maxStorageBuffersPerShaderStage;
  }

  private bindingsOf(blocks: Iterable<GpuBlock>): number {
    return this.gpu.buffers.bindingsOf(blocks);
  }

  /** Computes what a new value is computed from, where it would be too much for one kernel. */
  private limit(node: Node): void {
    if (node.kernel !== undefined) this.prepare(node);
    else
      for (const input of node.inputs) {
        const from = waitsFor(input);
        if (from !== undefined && !this.isSmall(node)) this.computeValue(from);
      }
  }

  private isSmall(node: Node): boolean {
    return (
      expressionOf(node).size <= MOST_VALUES && this.fits([node.block], node) && wordsOfExpression(node) <= MOST_WORDS
    );
  }

  /** Whether a kernel that writes blocks can bind all that it reads. */
  private fits(written: readonly GpuBlock[], node: Node): boolean {
    return this.bindingsOf(memoryOf(node, new Set(written))) <= this.bindings;
  }

  // --- looking -----------------------------------------------------------------------------------------------------------------------------

  compute(block: GpuBlock): void {
    const node = this.waiting.get(block);
    if (node !== undefined && !this.isPrepared) this.computeValue(node);
  }

  protect(block: GpuBlock): void {
    if (this.isPrepared) return;
    const readers = this.readers.get(block);
    if (readers !== undefined) for (const reader of [...readers]) this.force(reader, undefined);
  }

  computeAll(): void {
    for (const [block, node] of [...this.waiting])
      if (!this.gpu.isGone(block) && !node.isStored) this.computeValue(node);
  }

  /** Computes a value or, where its block holds a later one, all that is computed from it. */
  private force(node: Node, except: Node | undefined): void {
    if (node === except || node.isStored) return;
    if (this.waiting.get(node.block) === node) this.computeValue(node);
    else for (const user of [...node.users]) this.force(user, except);
  }

  /** Writes a value to its block. */
  private computeValue(node: Node): void {
    const { gpu } = this;
    const { op } = gpu;
    gpu.settle();
    if (node.isStored) return;
    const readers = this.readers.get(node.block);
    if (readers !== undefined) for (const reader of [...readers]) this.force(reader, node);
    if (node.isStored) return;
    gpu.op = node.op;
    try {
      this.prepare(node);
      if (!node.isStored) this.run(node);
    } finally {
      gpu.op = op;
    }
  }

  /** Computes what an expression cannot be computed together with. */
  private prepare(root: Node): void {
    for (let next = this.obstacle(root); next !== undefined; next = this.obstacle(root)) this.computeValue(next);
  }

  /** A value that has to be in memory before one is computed. */
  private obstacle(root: Node): Node | undefined {
    if (!this.fits([root.block], root)) {
      const first = root.inputs.map(waitsFor).find((from) => from !== undefined);
      if (first !== undefined) return first;
    }
    let host: Node | undefined;
    const seen = new Set<Node>();
    const look = (node: Node, isSame: boolean): Node | undefined => {
      if (seen.has(node)) return undefined;
      seen.add(node);
      for (const input of node.inputs) {
        const from = waitsFor(input);
        if (from === undefined) continue;
        if (node.kernel?.inlines === false) return from;
        const isHere = isSame && node.kernel === undefined && readsInPlace(node, input, from);
        if (from.kernel !== undefined) {
          if (isHere && (host === undefined || host === from) && this.canJoin(from, root)) host = from;
          else return from;
        } else if (!isHere && !this.isInline(from, node.n)) return from;
        else {
          const found = look(from, isHere);
          if (found !== undefined) return found;
        }
      }
      return undefined;
    };
    return look(root, true);
  }

  /** Whether a value is computed wherever it is read, rather than once. */
  private isInline(node: Node, reads: number): boolean {
    const nodes = [...expressionOf(node)];
    if (nodes.some(({ kernel }) => kernel !== undefined)) return false;
    if (this.bindingsOf(memoryOf(node)) > this.bindings - KERNEL_BINDINGS) return false;
    return nodes.length <= (reads > node.n ? MOST_MULTIPLIED : MOST_REPEATED);
  }

  /** Whether the results of a kernel can go through an expression before they are stored. */
  private canJoin(kernel: Node, root: Node): boolean {
    if (perWord(root.y.dtype) > 1 || memoryOf(kernel).has(root.block)) return false;
    return this.fits([root.block, kernel.block], root);
  }

  // --- running -----------------------------------------------------------------------------------------------------------------------------

  private run(root: Node): void {
    const host = [...expressionOf(root)].find(({ kernel }) => kernel !== undefined);
    const frame = inFrame(root, host);
    const outputs = this.outputsOf(root, host, frame);
    this.isPrepared = true;
    try {
      if (host === undefined) this.runExpression(root, frame, outputs);
      else if (host === root) root.kernel!.run();
      else this.gpu.withEpilogue(epilogue(host, frame, outputs), host.kernel!.run);
    } finally {
      this.isPrepared = false;
    }
    for (const node of outputs) this.keep(node);
  }

  /** The values of an expression that are written: those that somebody holds, as far as the bindings go. */
  private outputsOf(root: Node, host: Node | undefined, frame: ReadonlySet<Node>): Node[] {
    const outputs = [root];
    const bound = memoryOf(root, new Set([root.block]));
    for (const node of frame) {
      if (node === root || this.waiting.get(node.block) !== node || bound.has(node.block)) continue;
      if (this.gpu.isGone(node.block) && [...node.users].every((user) => frame.has(user))) continue;
      if (this.readers.has(node.block) || (host !== undefined && perWord(node.y.dtype) > 1)) continue;
      if (this.bindingsOf([...bound, node.block]) > this.bindings) break;
      bound.add(node.block);
      outputs.push(node);
    }
    return outputs;
  }

  private runExpression(root: Node, frame: ReadonlySet<Node>, outputs: readonly Node[]): void {
    const { gpu } = this;
    const program = gpu.begin();
    const views = outputs.map(({ y }) => program.write(y));
    const expressions = new Expressions(program);
    const { text, names } = expressions.frame(frame);
    const count = program.uint(root.n);
    expressions.finish(outputs.map((node) => names.get(node)).join(" "));
    const lanes = Math.max(...outputs.map(({ y }) => perWord(y.dtype)));
    const stores = outputs.map((node, k) => [views[k]!, names.get(node)!] as const);
    gpu.dispatchEach("fused", Math.ceil(root.n / lanes), () => ({ body: storing(stores, count, text)() }));
  }

  inline(program: Program, x: Operand): View | undefined {
    const node = this.waiting.get(blockOf(x));
    if (node === undefined || node.y.dtype !== x.dtype) return undefined;
    // What it cannot be computed together with is computed in any case.
    if (!this.isPrepared) this.gpu.aside(() => this.prepare(node));
    if (!this.isInline(node, node.n)) return undefined;
    const expressions = new Expressions(program);
    const view = expressions.view(x, node);
    expressions.finish("");
    return view;
  }

  // --- forgetting --------------------------------------------------------------------------------------------------------------------------

  /** Notes that memory has a value. */
  private keep(node: Node): void {
    node.isStored = true;
    this.detach(node);
    if (node.users.size > 0) {
      const readers = this.readersOf(node.block);
      for (const user of node.users) readers.add(user);
      if (this.gpu.isGone(node.block)) this.keptBytes += node.block.bytes;
    } else this.gpu.reclaim(node.block);
  }

  /** Forgets what a value is computed from, since it is not going to be. */
  private detach(node: Node): void {
    if (this.waiting.get(node.block) === node) this.waiting.delete(node.block);
    for (const { operand, from } of node.inputs) {
      if (from !== undefined && !from.isStored) {
        from.users.delete(node);
        if (from.users.size === 0 && !this.isHeld(from)) this.drop(from);
      } else this.unread(blockOf(operand), node);
    }
  }

  private isHeld(node: Node): boolean {
    return this.waiting.get(node.block) === node && !this.gpu.isGone(node.block);
  }

  private drop(node: Node): void {
    const isOwn = this.waiting.get(node.block) === node;
    this.detach(node);
    if (isOwn) this.gpu.reclaim(node.block);
  }

  private unread(block: GpuBlock, node: Node): void {
    const readers = this.readers.get(block);
    if (readers === undefined || !readers.delete(node) || readers.size > 0) return;
    this.readers.delete(block);
    if (!this.gpu.isGone(block)) return;
    this.keptBytes -= block.bytes;
    this.gpu.reclaim(block);
  }

  released(block: GpuBlock): void {
    const node = this.waiting.get(block);
    if (this.readers.has(block)) this.keptBytes += block.bytes;
    if (node !== undefined && node.users.size === 0) this.drop(node);
  }

  isRead(block: GpuBlock): boolean {
    return this.readers.has(block) || this.waiting.has(block);
  }
}

/** What lets the results of a kernel go through an expression. */
function epilogue(host: Node, frame: ReadonlySet<Node>, outputs: readonly Node[]): Epilogue {
  return {
    block: host.block,
    declare: (program) => {
      const views = outputs.map(({ y }) => program.write(y));
      const expressions = new Expressions(program, host);
      const { text, names } = expressions.frame(frame);
      const key = outputs.map((node) => names.get(node)).join(" ");
      expressions.finish(key, () => {
        const stores = outputs.map((node, k) => views[k]!.store("i", names.get(node)!));
        return `fn finish(i: u32, given: ${scalarOf(host.y.dtype)}) {\n${text()}\n${stores.join("\n")}\n}`;
      });
    },
  };
}
