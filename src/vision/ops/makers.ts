/** What makes the layers inside a block: a class or a function, where torchvision takes any callable. */

import { checkFunction } from "../../core/arguments";
import { ArgumentError, describe } from "../../core/errors";
import { renamed } from "../../core/signature";
import * as nn from "../../nn/index";

/** A class of layers, or a function that makes one. */
export type LayerMaker<A extends readonly unknown[] = any> =
  | ((...args: A) => nn.Module)
  | (new (
      ...args: A
    ) => nn.Module);

/** Makes the normalization of so many channels. */
export type NormLayer = LayerMaker<[channels: number]>;

/** Makes an activation, which is told `{ inplace }`, or nothing where `inplace` is null: many activations have no such option. */
export type ActivationLayer = LayerMaker;

const isLayerClass = (maker: unknown): maker is new (...args: any[]) => nn.Module =>
  typeof maker === "function" && maker.prototype instanceof nn.Module;

/** @internal A maker of layers. @throws ArgumentError for anything but a class of layers or a function. */
export function checkMaker<T>(layer: string, name: string, maker: T): T {
  if (!isLayerClass(maker)) checkFunction(layer, name, maker);
  // A layer can be called as well, but what it gives are no layers.
  if ((maker as unknown) instanceof nn.Module)
    throw new ArgumentError(
      `${layer}: ${name} must make layers, got ${describe(maker)}; pass its class, or () => the layer`,
    );
  return maker;
}

/** @internal {@link checkMaker}, or null for none. */
export const checkMakerOrNull = <T>(layer: string, name: string, maker: T): T =>
  maker === null ? maker : checkMaker(layer, name, maker);

/**
 * @internal The layer that a class or function makes; errors of that name the layer that it is a part of as well.
 * @throws ArgumentError if a function gives anything else.
 */
export function make<A extends readonly unknown[]>(
  layer: string,
  name: string,
  maker: LayerMaker<A>,
  ...args: A
): nn.Module {
  const made: unknown = called(layer, maker, args);
  if (!(made instanceof nn.Module))
    throw new ArgumentError(`${layer}: ${name} must give an nn.Module, got ${describe(made)}`);
  return made;
}

function called<A extends readonly unknown[]>(layer: string, maker: LayerMaker<A>, args: A): unknown {
  try {
    return isLayerClass(maker) ? new maker(...args) : (maker as (...args: A) => nn.Module)(...args);
  } catch (error) {
    throw renamed(error, layer, false, true);
  }
}

/** @internal An activation that is told of `inplace`, or of nothing for null. */
export const makeActivation = (
  layer: string,
  name: string,
  maker: ActivationLayer,
  inplace: boolean | null,
): nn.Module => (inplace === null ? make<any>(layer, name, maker) : make(layer, name, maker, { inplace }));
