import type { Tensor, utils, vision } from "kindling";

type Dataset = utils.data.Dataset<[Tensor, number]>;
type Transform = (image: vision.Image) => Tensor;

export declare const smallTransform: () => Transform;
export declare const largeTransform: (size: number) => Transform;

export declare class Small implements Dataset {
  constructor(length: number, transform: Transform);
  readonly length: number;
  at(i: number): [Tensor, number];
}

export declare class Files implements Dataset {
  constructor(paths: readonly string[], transform: Transform);
  get length(): number;
  at(i: number): any;
}

export declare class Costly implements Dataset {
  constructor(length: number, rounds: number);
  readonly length: number;
  at(i: number): [Tensor, number];
}
