/** Padding as layers. Inputs are [N, C, …] or [C, …]. */

import { checkInteger, checkIntegers, checkNumber } from "../../core/arguments";
import { nameOf } from "../../core/className";
import { ValueError } from "../../core/errors";
import type { Arguments } from "../../core/signatureTypes";
import type { PadMode } from "../../ops/shape/pad";
import type { Tensor } from "../../tensor/tensor";
import * as F from "../functional";
import { takes } from "../module/forward";
import { Module } from "../module/module";
import { readArguments } from "../module/options";
import { text } from "../module/repr";

/** Padding on every side, or per side, the last axis first: `[left, right, top, bottom, …]`. */
export type PaddingSizes = number | readonly number[];

/** Parameters of the layers of padding. */
export interface PadParameters {
  /** One number for every side, or one per side, the last axis first. */
  padding: PaddingSizes;
}

/** Parameters of the layers of padding with a value. */
export interface ConstantPadParameters extends PadParameters {
  /** What surrounds the input. */
  value: number;
}

const padSignature = "padding";
const constantSignature = "padding, value";

function sidesOf(layer: string, padding: PaddingSizes, count: number): number[] {
  const sides = Array.isArray(padding)
    ? checkIntegers(layer, "padding", padding)
    : new Array<number>(count).fill(checkInteger(layer, "padding", padding));
  if (sides.length !== count)
    throw new ValueError(`${layer}: padding must be one number or ${count}, got ${text(sides)}`);
  return sides;
}

/** Padding of the last `dims` axes; `mode` and `dims` belong to the class. */
abstract class Pad extends Module {
  padding: number[];

  constructor(padding: PaddingSizes);
  constructor(options: { padding: PaddingSizes });
  constructor(...given: unknown[]) {
    super();
    const layer = nameOf(new.target);
    const { padding } = readArguments<PadParameters>(layer, padSignature, {}, given);
    this.padding = sidesOf(layer, padding, 2 * this.dims());
  }

  protected abstract dims(): number;
  protected abstract get mode(): PadMode;

  override forward(input: Tensor): Tensor {
    return F.pad(input, this.padding, { mode: this.mode });
  }

  override extraRepr(): string {
    return text(this.padding);
  }
}

abstract class ConstantPad extends Pad {
  value: number;

  constructor(padding: PaddingSizes, value: number);
  constructor(...given: Arguments<typeof constantSignature, ConstantPadParameters>);
  constructor(...given: unknown[]) {
    const { padding, value } = readArguments<ConstantPadParameters>(nameOf(new.target), constantSignature, {}, given);
    super(padding);
    this.value = checkNumber(nameOf(new.target), "value", value);
  }

  protected override get mode(): PadMode {
    return "constant";
  }

  override forward(input: Tensor): Tensor {
    return F.pad(input, this.padding, { value: this.value });
  }

  override extraRepr(): string {
    return `padding=${text(this.padding)}, value=${text(this.value)}`;
  }
}

/** Surrounds the last axis with a value. @see torch.nn.ConstantPad1d */
export class ConstantPad1d extends ConstantPad {
  protected override dims(): number {
    return 1;
  }
}

/** Surrounds the last two axes with a value. @see torch.nn.ConstantPad2d */
export class ConstantPad2d extends ConstantPad {
  protected override dims(): number {
    return 2;
  }
}

/** Surrounds the last three axes with a value. @see torch.nn.ConstantPad3d */
export class ConstantPad3d extends ConstantPad {
  protected override dims(): number {
    return 3;
  }
}

abstract class ZeroPad extends ConstantPad {
  constructor(padding: PaddingSizes);
  constructor(options: { padding: PaddingSizes });
  constructor(...given: unknown[]) {
    super(readArguments<PadParameters>(nameOf(new.target), padSignature, {}, given).padding, 0);
  }

  override extraRepr(): string {
    return text(this.padding);
  }
}

/** Surrounds the last axis with zeros. @see torch.nn.ZeroPad1d */
export class ZeroPad1d extends ZeroPad {
  protected override dims(): number {
    return 1;
  }
}

/** Surrounds the last two axes with zeros. @see torch.nn.ZeroPad2d */
export class ZeroPad2d extends ZeroPad {
  protected override dims(): number {
    return 2;
  }
}

/** Surrounds the last three axes with zeros. @see torch.nn.ZeroPad3d */
export class ZeroPad3d extends ZeroPad {
  protected override dims(): number {
    return 3;
  }
}

abstract class ReflectionPad extends Pad {
  protected override get mode(): PadMode {
    return "reflect";
  }
}

/** Mirrors the input at the ends of its last axis. @see torch.nn.ReflectionPad1d */
export class ReflectionPad1d extends ReflectionPad {
  protected override dims(): number {
    return 1;
  }
}

/** Mirrors the input at the ends of its last two axes. @see torch.nn.ReflectionPad2d */
export class ReflectionPad2d extends ReflectionPad {
  protected override dims(): number {
    return 2;
  }
}

/** Mirrors the input at the ends of its last three axes. @see torch.nn.ReflectionPad3d */
export class ReflectionPad3d extends ReflectionPad {
  protected override dims(): number {
    return 3;
  }
}

abstract class ReplicationPad extends Pad {
  protected override get mode(): PadMode {
    return "replicate";
  }
}

/** Repeats the ends of the last axis. @see torch.nn.ReplicationPad1d */
export class ReplicationPad1d extends ReplicationPad {
  protected override dims(): number {
    return 1;
  }
}

/** Repeats the edges of the last two axes. @see torch.nn.ReplicationPad2d */
export class ReplicationPad2d extends ReplicationPad {
  protected override dims(): number {
    return 2;
  }
}

/** Repeats the faces of the last three axes. @see torch.nn.ReplicationPad3d */
export class ReplicationPad3d extends ReplicationPad {
  protected override dims(): number {
    return 3;
  }
}

abstract class CircularPad extends Pad {
  protected override get mode(): PadMode {
    return "circular";
  }
}

/** Continues the last axis with its other end. @see torch.nn.CircularPad1d */
export class CircularPad1d extends CircularPad {
  protected override dims(): number {
    return 1;
  }
}

/** Continues the last two axes with their other ends. @see torch.nn.CircularPad2d */
export class CircularPad2d extends CircularPad {
  protected override dims(): number {
    return 2;
  }
}

/** Continues the last three axes with their other ends. @see torch.nn.CircularPad3d */
export class CircularPad3d extends CircularPad {
  protected override dims(): number {
    return 3;
  }
}

takes("input", Pad, ConstantPad);
