/**
 * The first items of lists, which TypeScript's `noUncheckedIndexedAccess` does not take for possibly undefined when they are named one by one.
 */

/** Items of one type. */
export interface Items<T> {
  0: T;
  1: T;
  2: T;
  3: T;
  4: T;
  5: T;
  6: T;
  7: T;
  8: T;
  9: T;
  10: T;
  11: T;
  12: T;
  13: T;
  14: T;
  15: T;
  16: T;
  17: T;
  18: T;
  19: T;
  20: T;
  21: T;
  22: T;
  23: T;
  24: T;
  25: T;
  26: T;
  27: T;
  28: T;
  29: T;
  30: T;
  31: T;
}

/** The item of a tuple, never behind its end; of an array any one. */
type Item<M extends readonly unknown[], I extends number> = number extends M["length"]
  ? M[number]
  : M extends { readonly [K in I]: infer T }
    ? T
    : never;

/** Items of the types of a tuple. */
export interface TupleItems<M extends readonly unknown[]> {
  0: Item<M, 0>;
  1: Item<M, 1>;
  2: Item<M, 2>;
  3: Item<M, 3>;
  4: Item<M, 4>;
  5: Item<M, 5>;
  6: Item<M, 6>;
  7: Item<M, 7>;
  8: Item<M, 8>;
  9: Item<M, 9>;
  10: Item<M, 10>;
  11: Item<M, 11>;
  12: Item<M, 12>;
  13: Item<M, 13>;
  14: Item<M, 14>;
  15: Item<M, 15>;
  16: Item<M, 16>;
  17: Item<M, 17>;
  18: Item<M, 18>;
  19: Item<M, 19>;
  20: Item<M, 20>;
  21: Item<M, 21>;
  22: Item<M, 22>;
  23: Item<M, 23>;
  24: Item<M, 24>;
  25: Item<M, 25>;
  26: Item<M, 26>;
  27: Item<M, 27>;
  28: Item<M, 28>;
  29: Item<M, 29>;
  30: Item<M, 30>;
  31: Item<M, 31>;
}
