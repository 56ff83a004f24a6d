/** Transforms made of others, and of functions. */

import { checkArray, checkFunction } from "../../core/arguments";
import { classNameOf, nameOf } from "../../core/className";
import type { Arguments } from "../../core/signatureTypes";
import { portable } from "../../data/pack";
import { readArguments } from "../../nn/module/options";
import { Transform } from "./transform";

/** A transform or a function: what can be called with a picture, or whatever else the one before gives. */
export type Step = (img: any) => any;

/** @throws ArgumentError unless `steps` is an array of what can be called. */
export function checkSteps(op: string, steps: unknown): Step[] {
  const list = checkArray(op, "transforms", steps, "transforms");
  list.forEach((step, i) => {
    checkFunction(op, `transforms[${i}]`, step);
  });
  return list as Step[];
}

/** The parameter of {@link Compose}. */
export interface ComposeParameters {
  transforms: readonly Step[];
}

/**
 * Several transforms, one after the other. Functions take part as they are.
 * @see torchvision.transforms.Compose
 * @throws ArgumentError unless each can be called.
 * @example
 * const transform = new transforms.Compose([
 *   new transforms.RandomHorizontalFlip(),
 *   new transforms.ToTensor(),
 *   (x: Tensor) => x.mul(2).sub(1),
 * ]);
 */
export class Compose extends Transform {
  transforms: Step[];

  constructor(...given: Arguments<"transforms", ComposeParameters>);
  constructor(...given: unknown[]) {
    super();
    const { transforms } = readArguments<ComposeParameters>("Compose", "transforms", {}, given);
    this.transforms = checkSteps("Compose", transforms);
  }

  override forward(img: any): any {
    let picture = img;
    for (const step of this.transforms) picture = step(picture);
    return picture;
  }

  override toString(): string {
    return `${classNameOf(this)}(${this.transforms.map((step) => `\n    ${stepText(step)}`).join("")}\n)`;
  }
}

/** A transform as it prints, a function by its name. */
export const stepText = (step: Step): string =>
  step instanceof Transform ? String(step) : nameOf(step) === "" ? "<function>" : `<function ${nameOf(step)}>`;

/** The parameter of {@link Lambda}. */
export interface LambdaParameters {
  lambd: Step;
}

/**
 * A function as a transform.
 * @see torchvision.transforms.Lambda
 * @throws ArgumentError unless it is a function.
 * @example new transforms.Lambda((y) => torch.zeros(10).scatter(0, torch.tensor([y], { dtype: torch.int64 }), 1))
 */
export class Lambda extends Transform {
  lambd: Step;

  constructor(...given: Arguments<"lambd", LambdaParameters>);
  constructor(...given: unknown[]) {
    super();
    const { lambd } = readArguments<LambdaParameters>("Lambda", "lambd", {}, given);
    checkFunction("Lambda", "lambd", lambd);
    this.lambd = lambd;
  }

  override forward(img: any): any {
    return this.lambd(img);
  }
}

portable({ Compose, Lambda });
