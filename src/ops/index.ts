/**
 * The op table: wings of families, a module each. What is a family follows from the wings' `index.ts` alone; methods of Tensor, their types
 * and the tests of every op follow from the families.
 */
import "../tensor/absent";
import "../tensor/primitive";
import { publicOps } from "./builders/internals";
import { install, type Methods } from "./builders/methods";
import * as creation from "./creation/index";
import type { TypedTensor } from "./creation/tensorTypes";
import * as elementwise from "./elementwise/index";
import * as indexing from "./indexing/index";
import * as layers from "./layers/index";
import * as linalg from "./linalg/index";
import * as losses from "./losses/index";
import type { Attributes } from "./members/attributes";
import "./members/attributes";
import * as members from "./members/index";
import * as random from "./random/index";
import * as reduce from "./reduce/index";
import * as shape from "./shape/index";
import * as spectral from "./spectral/index";

const wings = {
  ...creation,
  ...elementwise,
  ...indexing,
  ...layers,
  ...linalg,
  ...losses,
  ...members,
  ...random,
  ...reduce,
  ...shape,
  ...spectral,
};
type Wings = typeof wings;

/** Families that PyTorch has as functions only: those that make tensors, join them or look rows up, and those of layers. */
const functionsOnly = [
  "classLosses",
  "combinations",
  "conv",
  "distance",
  "dropout",
  "einsum",
  "elementLosses",
  "fromMemory",
  "integrate",
  "join",
  "lowrank",
  "membership",
  "nativeNorm",
  "norm",
  "oldNorms",
  "pad",
  "pool",
  "ranges",
  "searchsorted",
  "segmentReduce",
  "viewCopies",
  "windowFunctions",
] as const satisfies readonly (keyof Wings)[];

type FunctionsOnly = (typeof functionsOnly)[number];

/** All of the members of a union's members. */
type Intersection<U> = (U extends unknown ? (x: U) => void : never) extends (x: infer I) => void ? I : never;

type FamilyMethods = { [F in Exclude<keyof Wings, FunctionsOnly>]: Methods<Wings[F]> };
type Ops = Intersection<FamilyMethods[keyof FamilyMethods]>;

declare module "../tensor/tensor" {
  interface Tensor extends Ops, Attributes, TypedTensor {}
}

for (const [name, family] of Object.entries(wings))
  if (!(functionsOnly as readonly string[]).includes(name)) install(family);

/** The ops of every family, by its name, for the tests: public ones, and entries of the table, which check what they are given. */
export const families: Readonly<Record<string, Readonly<Record<string, unknown>>>> = Object.fromEntries(
  Object.entries(wings).map(([name, family]) => {
    const entries = Object.entries(family).filter(([, op]) => typeof op === "function" && "entry" in op);
    return [name, Object.fromEntries([...publicOps(family), ...entries])] as const;
  }),
);
