/** Transforms that choose among others. */
import { classNameOf } from "../../core/className";
import { ArgumentError, describe, ValueError } from "../../core/errors";
import type { Arguments } from "../../core/signatureTypes";
import { portable } from "../../data/pack";
import { readArguments } from "../../nn/module/options";
import { text } from "../../nn/module/repr";
import { type ComposeParameters, checkSteps, type Step, stepText } from "./compose";
import { drawInt, drawPerm, drawRand } from "./draws";
import { checkNumberList } from "./functional/arguments";
import { checkChance } from "./resizing";
import { Transform } from "./transform";

const listText = (steps: readonly Step[]): string => steps.map((step) => `\n    ${stepText(step)}`).join("");

/** Parameters of {@link RandomApply}. */
export interface RandomApplyParameters extends ComposeParameters {
  /** How often. Default: 0.5. */
  p?: number;
}

/**
 * All of some transforms in order with probability p, else none.
 * @see torchvision.transforms.RandomApply
 * @throws ArgumentError unless each can be called.
 * @example new transforms.RandomApply([new transforms.RandomRotation(30)], 0.3)
 */
export class RandomApply extends Transform {
  transforms: Step[];
  p: number;

  constructor(...given: Arguments<"transforms; p", RandomApplyParameters>);
  constructor(...given: unknown[]) {
    super();
    const read = readArguments<RandomApplyParameters>("RandomApply", "transforms; p", { p: 0.5 }, given);
    this.transforms = checkSteps("RandomApply", read.transforms);
    this.p = checkChance("RandomApply", read.p);
  }

  override forward(img: any): any {
    // Other than where flips are decided, a number equal to p acts.
    if (Math.fround(this.p) < drawRand()) return img;
    return this.transforms.reduce((picture, step) => step(picture), img);
  }

  override toString(): string {
    return `${classNameOf(this)}(\n    p=${text(this.p)}${listText(this.transforms)}\n)`;
  }
}

/** Parameters of {@link RandomChoice}. */
export interface RandomChoiceParameters extends ComposeParameters {
  /** The weight of each transform. Default: all alike. */
  p?: readonly number[] | null;
}

/**
 * One of some transforms.
 *
 * torchvision draws from Python's `random`; here the number comes from the default generator, as all others do.
 * @see torchvision.transforms.RandomChoice
 * @throws ValueError for other than one weight for each, or weights that are negative or all 0.
 */
export class RandomChoice extends Transform {
  transforms: Step[];
  p: number[] | null;

  constructor(...given: Arguments<"transforms; p", RandomChoiceParameters>);
  constructor(...given: unknown[]) {
    super();
    const read = readArguments<RandomChoiceParameters>("RandomChoice", "transforms; p", { p: null }, given);
    this.transforms = checkSteps("RandomChoice", read.transforms);
    if (this.transforms.length === 0) throw new ValueError("RandomChoice: there are no transforms to choose from");
    if (read.p !== null && !Array.isArray(read.p))
      throw new ArgumentError(`RandomChoice: Argument p should be a sequence, got ${describe(read.p)}`);
    this.p = read.p === null ? null : checkNumberList("RandomChoice", "p", read.p, [this.transforms.length]);
    if (this.p?.every((weight) => weight >= 0 && weight < Infinity) === false || this.p?.every((w) => w === 0))
      throw new ValueError(`RandomChoice: p must be weights of at least 0, not all 0, got ${describe(read.p)}`);
  }

  override forward(...args: any[]): any {
    return this.transforms[this.choose()]!(...(args as [any]));
  }

  private choose(): number {
    if (this.p === null) return drawInt(0, this.transforms.length);
    let rest = drawRand() * this.p.reduce((sum, weight) => sum + weight, 0);
    const chosen = this.p.findIndex((weight) => {
      rest -= weight;
      return rest < 0;
    });
    return chosen < 0 ? this.p.findLastIndex((weight) => weight > 0) : chosen;
  }

  override toString(): string {
    return `${classNameOf(this)}(${listText(this.transforms)}\n)(p=${text(this.p)})`;
  }
}

/**
 * All of some transforms in a random order.
 *
 * torchvision draws from Python's `random`; here the numbers come from the default generator, as all others do.
 * @see torchvision.transforms.RandomOrder
 */
export class RandomOrder extends Transform {
  transforms: Step[];

  constructor(...given: Arguments<"transforms", ComposeParameters>);
  constructor(...given: unknown[]) {
    super();
    const { transforms } = readArguments<ComposeParameters>("RandomOrder", "transforms", {}, given);
    this.transforms = checkSteps("RandomOrder", transforms);
  }

  override forward(img: any): any {
    return drawPerm(this.transforms.length).reduce((picture, i) => this.transforms[i]!(picture), img);
  }

  override toString(): string {
    return `${classNameOf(this)}(${listText(this.transforms)}\n)`;
  }
}

portable({ RandomApply, RandomChoice, RandomOrder });
