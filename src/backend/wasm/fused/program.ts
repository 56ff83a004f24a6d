/** Runs programs: addresses are put in where they change from run to run, and each command is one call. */
import { type DType, sizeOf } from "../../../core/dtype";
import type { Operand } from "../../operand";
import type { Command, Program, ProgramText, Start, Window } from "../../ops/program";
import { WindowMark } from "../../ops/program";
import { wasm } from "../backend";
import type { WasmBlock } from "../memory";
import { type Launch, launch, prepare } from "./launch";

/** The memory of a place as it lies in the run at hand. */
interface PlaceBlock {
  address: number;
  readonly bytes: number;
  readonly freed: boolean;
}

/** An address that is put into a frame before a run. */
interface Pointer {
  /** The position in memory, counted in 32-bit words. */
  readonly word: number;
  readonly place: number;
  readonly offset: number;
}

/** One command. @returns Whether the values that it checks are valid. */
type Call = () => boolean;

class WasmProgram implements Program {
  private readonly blocks: PlaceBlock[];
  private readonly moving: Pointer[] = [];
  private readonly calls: Call[];
  /** Temporary memory and frames: given back when the program is forgotten, by whoever made them. */
  private readonly base: number;
  private frameTop: number;

  constructor(
    private readonly text: ProgramText,
    readonly block: WasmBlock,
  ) {
    this.base = block.address;
    this.frameTop = this.base + alignedBytes(text.temporaryBytes);
    this.blocks = text.places.map((place) => ({
      address: place.kind === "temporary" ? this.base + place.at : 0,
      bytes: Number.MAX_SAFE_INTEGER,
      freed: false,
    }));
    wasm.finish();
    this.calls = text.commands.map((command) => this.callOf(command));
  }

  run(inputs: readonly Start[], results: readonly WasmBlock[], saved: WasmBlock | undefined): boolean {
    const { blocks, text, moving } = this;
    const { places } = text;
    for (let i = 0; i < places.length; i++) {
      const place = places[i]!;
      const block = blocks[i]!;
      if (place.kind === "input") {
        const start = inputs[place.at]!;
        block.address = (start.block as WasmBlock).address + start.offset;
      } else if (place.kind === "result") block.address = results[place.at]!.address;
      else if (place.kind === "saved") block.address = saved!.address + place.at;
    }
    // Calls of the last run may still be to come, and its frames are written anew.
    wasm.finish();
    const heap = wasm.parts.memory.heap("int32", this.frameTop);
    for (let i = 0; i < moving.length; i++) {
      const { word, place, offset } = moving[i]!;
      heap[word] = blocks[place]!.address + offset;
    }
    const { calls } = this;
    for (let i = 0; i < calls.length; i++) if (!calls[i]!()) return false;
    return true;
  }

  private operand({ place, offset, shape, strides, dtype }: Window): Operand {
    return { storage: { block: this.blocks[place]! }, offset, shape, strides, dtype };
  }

  private callOf(command: Command): Call {
    switch (command.kind) {
      case "fused":
        return this.fusedCall(command.kernel, command.windows, command.numbers);
      case "map":
        return this.mapCall(command);
      case "copy": {
        const [y, x] = [this.operand(command.y), this.operand(command.x)];
        return () => done(wasm.copy(y, x));
      }
      case "fill": {
        const y = this.operand(command.y);
        const { value } = command;
        return () => done(wasm.fill(y, value));
      }
      case "run": {
        const description = this.described(command.description);
        const { op } = command;
        return () => done(wasm.run(op as never, description as never));
      }
      case "check": {
        const check = this.described(command.check);
        return () => wasm.firstInvalid(check as never) < 0;
      }
    }
  }

  private mapCall(command: Extract<Command, { kind: "map" }>): Call {
    const { op, dtype, p, q, arity } = command;
    const y = this.operand(command.y);
    const x = command.inputs.map((input) => (typeof input === "number" ? input : this.operand(input)));
    const [a, b, c] = x as [Operand, Operand, Operand];
    if (arity === 1) return () => done(wasm.unary(op, y, a, p, q));
    if (arity === 2) return () => done(wasm.binary(op, dtype, y, a, b, p));
    return () => done(wasm.ternary(op, dtype, y, a, b, c, p));
  }

  /** A description with operands in place of marks. */
  private described(value: unknown): unknown {
    if (value instanceof WindowMark) return this.operand(value.window);
    if (Array.isArray(value)) return value.map((item) => this.described(item));
    if (typeof value !== "object" || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value;
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, this.described(item)]));
  }

  private fusedCall(
    kernel: Extract<Command, { kind: "fused" }>["kernel"],
    windows: readonly { place: number; offset: number; dtype: DType }[],
    numbers: readonly number[],
  ): Call {
    const prepared: Launch = prepare(kernel);
    const frame = this.frameTop;
    this.frameTop += alignedBytes(4 * (windows.length + numbers.length));
    const ints = wasm.parts.memory.heap("int32", this.frameTop);
    const floats = wasm.parts.memory.heap("float32", this.frameTop);
    windows.forEach(({ place, offset, dtype }, k) => {
      const pointer = { word: frame / 4 + k, place, offset: offset * sizeOf(dtype) };
      if (this.text.places[place]!.kind === "temporary")
        ints[pointer.word] = this.blocks[place]!.address + pointer.offset;
      else this.moving.push(pointer);
    });
    numbers.forEach((value, k) => {
      floats[frame / 4 + windows.length + k] = value;
    });
    return () => done(launch(prepared, frame));
  }
}

/** A call that has been made needs no check. */
const done = (_result: void): boolean => true;

const alignedBytes = (bytes: number): number => Math.ceil(bytes / 64) * 64;

/** Bytes that a program takes while it exists. */
export function bytesOf({ temporaryBytes, commands }: ProgramText): number {
  let bytes = alignedBytes(temporaryBytes);
  for (const command of commands)
    if (command.kind === "fused") bytes += alignedBytes(4 * (command.windows.length + command.numbers.length));
  return Math.max(bytes, 64);
}

/** Makes a program. @param block As many bytes as {@link bytesOf} says, which are its own as long as it is used. */
export const programOf = (text: ProgramText, block: unknown): Program => new WasmProgram(text, block as WasmBlock);
