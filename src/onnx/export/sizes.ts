/** Numbers that differ between the traces, as arithmetic of the axes of tensors that are known by then. */
import type { Sym } from "./types";

/** An axis whose size differs between the traces. */
export interface Atom {
  readonly values: readonly number[];
  readonly name: string;
  readonly axis: number;
}

/** factors[0] · factors[1] · … · times / over + plus (the division rounds down), with further atoms added. */
export interface Expression {
  readonly factors: readonly Atom[];
  readonly times: number;
  readonly over: number;
  readonly plus: number;
  readonly added?: Atom;
  readonly taken?: Atom;
  /** Added before the division. */
  readonly before?: number;
}

/** n = a · m + b with integers, or with 1 / a an integer. */
function linear(n: readonly number[], m: readonly number[]): Omit<Expression, "factors"> | undefined {
  const at = m.findIndex((value) => value !== m[0]);
  if (at < 0) return undefined;
  const a = (n[at]! - n[0]!) / (m[at]! - m[0]!);
  if (a === 0) return undefined;
  const [times, over] = Number.isInteger(a) ? [a, 1] : [1, Math.round(1 / a)];
  if (!Number.isInteger(over) || over === 0) return undefined;
  const plus = n[0]! - (times * m[0]!) / over;
  if (!Number.isInteger(plus)) return undefined;
  return n.every((value, i) => value === (times * m[i]!) / over + plus) ? { times, over, plus } : undefined;
}

const product = (atoms: readonly Atom[]): number[] =>
  atoms[0]!.values.map((_, i) => atoms.reduce((all, atom) => all * atom.values[i]!, 1));

/** A quotient that is rounded down, as of axes that are halved. */
function rounded(n: readonly number[], atom: Atom): Expression | undefined {
  for (const over of [2, 3, 4, 7, 8, 14, 16, 32])
    for (let before = 0; before < over; before++)
      if (n.every((value, i) => value === Math.floor((atom.values[i]! + before) / over)))
        return { factors: [atom], times: 1, over, plus: 0, before };
  return undefined;
}

/** A few different atoms, the first of each vector. */
function distinct(atoms: readonly Atom[]): Atom[] {
  const seen = new Map<string, Atom>();
  for (const atom of atoms) {
    const key = atom.values.join();
    if (!seen.has(key)) seen.set(key, atom);
  }
  return [...seen.values()].slice(0, 40);
}

const whole = { times: 1, over: 1, plus: 0 };

/** How a number follows from the axes; undefined if it does not. The atoms that come first are preferred. */
export function express({ values }: Sym, given: readonly Atom[]): Expression | undefined {
  if (!values.every(Number.isSafeInteger)) return undefined;
  const same = (list: readonly number[]): boolean => list.every((value, i) => value === values[i]);
  const exact = given.find((atom) => same(atom.values));
  if (exact !== undefined) return { factors: [exact], ...whole };
  const atoms = distinct(given);
  for (const atom of atoms) {
    const found = linear(values, atom.values);
    if (found !== undefined) return { factors: [atom], ...found };
  }
  for (const a of atoms)
    for (const b of atoms) {
      const found = linear(values, product([a, b]));
      if (found !== undefined && found.plus === 0) return { factors: [a, b], ...found };
      for (const [sign, key] of [
        [1, "added"],
        [-1, "taken"],
      ] as const) {
        const rest = values.map((value, i) => value - sign * b.values[i]! - a.values[i]!);
        if (rest.every((value) => value === rest[0])) return { factors: [a], ...whole, plus: rest[0]!, [key]: b };
      }
    }
  for (const atom of atoms) {
    const found = rounded(values, atom);
    if (found !== undefined) return found;
  }
  for (const a of atoms)
    for (const b of atoms)
      for (const c of atoms) {
        const found = linear(values, product([a, b, c]));
        if (found !== undefined && found.plus === 0) return { factors: [a, b, c], ...found };
      }
  return undefined;
}
