/** Kullback–Leibler divergences: which formula is for which pair of classes. */

import { checkFunction } from "../../core/arguments";
import { isPlainObject } from "../../core/binding";
import { nameOf } from "../../core/className";
import { ArgumentError, describe, KindlingError } from "../../core/errors";
import { named } from "../../core/signature";
import type { Tensor } from "../../tensor/tensor";
import { readArguments } from "../base/arguments";
import { checkDistribution, Distribution } from "../base/distribution";

/** A class of distributions. */
export type DistributionClass<D extends Distribution = Distribution> = abstract new (...args: any[]) => D;

/** The divergence of two distributions. */
export type Divergence<P extends Distribution, Q extends Distribution> = (p: P, q: Q) => Tensor;

type Pair = readonly [DistributionClass, DistributionClass];

interface Entry {
  readonly types: Pair;
  readonly formula: Divergence<any, any>;
}

let entries: Entry[] = [];
/** What was found for pairs of classes, until something new is registered. */
let found = new Map<DistributionClass, Map<DistributionClass, Divergence<any, any> | undefined>>();

const isWithin = (type: DistributionClass, base: DistributionClass): boolean =>
  type === base || type.prototype instanceof base;

function checkClass(name: string, type: unknown): DistributionClass {
  if (typeof type === "function" && isWithin(type as unknown as DistributionClass, Distribution))
    return type as unknown as DistributionClass;
  throw new ArgumentError(`registerKl: Expected ${name} to be a Distribution subclass but got ${describe(type)}`);
}

/**
 * Registers a formula for the divergence of the distributions of two classes, and of their subclasses that have no formula closer to them.
 * @returns A function that takes the formula, and returns it.
 * @see torch.distributions.kl.register_kl
 * @example registerKl(Normal, Cauchy)((p, q) => …);
 */
export function registerKl<P extends Distribution, Q extends Distribution>(
  typeP: DistributionClass<P> | { readonly typeP: DistributionClass<P>; readonly typeQ: DistributionClass<Q> },
  typeQ?: DistributionClass<Q> | { readonly typeQ: DistributionClass<Q> },
): <F extends Divergence<P, Q>>(formula: F) => F {
  const given = isPlainObject(typeP) ? [typeP] : [typeP, typeQ];
  const read = readArguments<{ typeP: unknown; typeQ: unknown }>("registerKl", "typeP, typeQ", given);
  const types: Pair = [checkClass("typeP", read.typeP), checkClass("typeQ", read.typeQ)];
  return (formula) => {
    checkFunction("registerKl", "formula", formula);
    entries = entries.filter((entry) => entry.types[0] !== types[0] || entry.types[1] !== types[1]);
    entries.push({ types, formula });
    found = new Map();
    return formula;
  };
}

/** Whether a pair is as special as another, the first classes before the second. */
function isCloser(a: readonly DistributionClass[], b: readonly DistributionClass[]): boolean {
  for (const [i, type] of a.entries()) {
    if (!isWithin(type, b[i]!)) return false;
    if (type !== b[i]) break;
  }
  return a.some((type, i) => type !== b[i]);
}

const closest = (matches: readonly Entry[], order: (types: Pair) => readonly DistributionClass[]): Entry =>
  matches.reduce((best, entry) => (isCloser(order(entry.types), order(best.types)) ? entry : best));

/** The most special formula for two classes; where that depends on which class counts first, the one for which it is the first. */
function dispatch(typeP: DistributionClass, typeQ: DistributionClass): Divergence<any, any> | undefined {
  const matches = entries.filter(({ types }) => isWithin(typeP, types[0]) && isWithin(typeQ, types[1]));
  if (matches.length === 0) return undefined;
  const left = closest(matches, (types) => types);
  const right = closest(matches, ([p, q]) => [q, p]);
  if (left.formula !== right.formula)
    console.warn(
      `Ambiguous klDivergence(${nameOf(typeP)}, ${nameOf(typeQ)}). Please registerKl(${nameOf(left.types[0])}, ${nameOf(right.types[1])})`,
    );
  return left.formula;
}

/**
 * The Kullback–Leibler divergence KL(p ‖ q), for each distribution of the batch.
 * @see torch.distributions.kl.kl_divergence
 * @throws KindlingError for pairs of classes without a formula.
 * @example torch.distributions.klDivergence(new Normal(0, 1), new Normal(1, 2))
 */
export const klDivergence = named("klDivergence", "p, q", (p: Distribution, q: Distribution): Tensor => {
  const typeP = checkDistribution("klDivergence", "p", p).constructor as DistributionClass;
  const typeQ = checkDistribution("klDivergence", "q", q).constructor as DistributionClass;
  const known = found.get(typeP) ?? new Map<DistributionClass, Divergence<any, any> | undefined>();
  found.set(typeP, known);
  if (!known.has(typeQ)) known.set(typeQ, dispatch(typeP, typeQ));
  const formula = known.get(typeQ);
  if (formula === undefined)
    throw new KindlingError(
      `klDivergence: No KL(p || q) is implemented for p type ${nameOf(typeP)} and q type ${nameOf(typeQ)}`,
    );
  return formula(p, q);
});
