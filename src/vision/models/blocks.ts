/** What several of the models are built of. */

import { checkArray } from "../../core/arguments";
import { bind, missing, partsOf } from "../../core/binding";
import { nameOf } from "../../core/className";
import { ArgumentError, describe, ValueError } from "../../core/errors";
import * as nn from "../../nn/index";
import { readArguments } from "../../nn/module/options";

/** @internal The normalization that torchvision's models use unless told otherwise. */
export const batchNorm = (channels: number): nn.Module => new nn.BatchNorm2d(channels);

/** The convolutions of a model, in order. */
export const convolutions = (model: nn.Module): nn.Conv2d[] =>
  model.modules().filter((module): module is nn.Conv2d => module instanceof nn.Conv2d);

/** The linear layers of a model, in order. */
export const linears = (model: nn.Module): nn.Linear[] =>
  model.modules().filter((module): module is nn.Linear => module instanceof nn.Linear);

/** The multiple of `divisor` nearest to `value`, but at least 90 % of it. */
export function makeDivisible(value: number, divisor: number): number {
  const rounded = Math.max(divisor, Math.floor((value + divisor / 2) / divisor) * divisor);
  return rounded < 0.9 * value ? rounded + divisor : rounded;
}

/** @throws ValueError unless it is the probability that a branch is dropped. */
export function checkDepthProbability(layer: string, value: number): void {
  if (!(value >= 0 && value <= 1))
    throw new ValueError(`${layer}: stochasticDepthProb must be between 0 and 1, got ${value}`);
}

/** @throws ArgumentError unless it is an array of configurations; ValueError if there is none. */
export function checkSettings(
  layer: string,
  name: string,
  settings: unknown,
  config: abstract new (...args: any[]) => object,
): void {
  const list = checkArray(layer, name, settings, nameOf(config));
  if (list.length === 0) throw new ValueError(`${layer}: The ${name} should not be empty`);
  for (const [i, setting] of list.entries())
    if (!(setting instanceof config))
      throw new ArgumentError(`${layer}: The ${name} should be ${nameOf(config)}[], got ${describe(setting)} at ${i}`);
}

/**
 * `readArguments` where the required argument `own` has a name that means a number elsewhere: its value is for the caller to check.
 * @throws ArgumentError as readArguments does.
 */
export function readBeside<V>(
  layer: string,
  signature: string,
  defaults: Parameters<typeof readArguments<V>>[2],
  given: readonly unknown[],
  own: keyof V & string,
): ReturnType<typeof readArguments<V>> {
  const parts = partsOf(signature);
  const values: Record<string, unknown> = {};
  bind(layer, parts, given, (name, value) => {
    values[name] = value;
  });
  const { [own]: value, ...others } = values;
  if (value === undefined) throw missing(layer, own, parts);
  const names = (from: number, to?: number) => parts.positions.slice(from, to).filter((name) => name !== own);
  const rest = `${names(0, parts.required).join(", ")}; ${names(parts.required).join(", ")}`;
  return { ...readArguments<V>(layer, rest, defaults, [others]), [own]: value };
}
