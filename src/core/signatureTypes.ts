/** The types of calls by position and by name, worked out from a signature of `signature.ts`. */

/** What a public function is implemented by. */
export type Implementation = (...args: any[]) => unknown;

/** A public function: what it is called, what it takes, and its form as a method. */
export interface Declared {
  readonly opName: string;
  readonly signature: string;
  /** @internal Takes its first argument as `this`. */
  readonly method: (...args: any[]) => unknown;
  /** @internal The implementation, which checks no names. */
  readonly implementation: Implementation;
}

type List = readonly unknown[];

type Trim<S extends string> = S extends ` ${infer T}` ? Trim<T> : S extends `${infer T} ` ? Trim<T> : S;

type Split<S extends string> =
  Trim<S> extends "" ? [] : S extends `${infer A},${infer B}` ? [Trim<A>, ...Split<B>] : [Trim<S>];

/** The three parts of a signature. */
type Sections<S extends string> = S extends `${infer A};${infer B};${infer C}`
  ? [Split<A>, Split<B>, Split<C>]
  : S extends `${infer A};${infer B}`
    ? [Split<A>, Split<B>, []]
    : [Split<S>, [], []];

/** A name without its marks. */
type Bare<N> = N extends `...${infer M}`
  ? M
  : N extends `${infer M}?`
    ? Bare<M>
    : N extends `${infer M}{}` | `${infer M}()`
      ? M
      : N;

/** Options that may also be undefined, under TypeScript's `exactOptionalPropertyTypes` as well. */
type Loose<O> = { [K in keyof O]?: O[K] | undefined };

/** One object type instead of an intersection, as editors show it. */
type Flat<T> = { [K in keyof T]: T[K] };

/** The names without `?`, which come first. */
type RequiredNames<L extends List> = L extends readonly [infer N, ...infer R]
  ? N extends `${string}?` | `...${string}`
    ? []
    : [N, ...RequiredNames<R>]
  : [];

type Unknowns<L extends List> = { [I in keyof L]: unknown };

/** The first elements of `P`, as many as `L` has, with their labels. */
type Take<P extends List, L extends List> = P extends readonly [...Unknowns<L>, ...infer R]
  ? P extends readonly [...infer H, ...R]
    ? H
    : []
  : [];

/** What is left of `P` after as many elements as `L` has. */
type Drop<P extends List, L extends List> = P extends readonly [...Unknowns<L>, ...infer R] ? R : [];

type OptionsOf<P extends List> = P extends readonly [infer O, ...List] ? NonNullable<O> : Record<never, never>;

type Picked<K extends List, O> = { [I in keyof K]: K[I] extends keyof O ? O[K[I]] : never };

type Optional<K extends List> = { [I in keyof K]: `${K[I] & string}?` };

/** Values by name: of the names `L`, in their order those of `P`. */
type ByName<L extends List, P extends List> = L extends readonly [infer N, ...infer LR]
  ? (N extends `${string}?` ? { [K in Bare<N> & string]?: P[0] | undefined } : { [K in Bare<N> & string]: P[0] }) &
      ByName<LR, P extends readonly [unknown, ...infer PR] ? PR : []>
  : unknown;

/** The trailing object; it may be missing where no name in `L` is required. */
type Trailing<L extends List, T> = RequiredNames<L> extends [] ? [options?: Flat<T> | undefined] : [options: Flat<T>];

/** The first element of `P`, which a name that is optional lets be undefined. */
type FirstOf<N, P extends List> = AsArguments<N extends `${string}?` ? OrUndefined<Take<P, [N]>> : Take<P, [N]>>;

type OrUndefined<P extends List> = { [I in keyof P]: P[I] | undefined };

/** Calls that end with an object: the first of the values by position, the others by name. */
type MixedForms<L extends List, P extends List, O, Done extends List = []> = L extends readonly [infer N, ...infer LR]
  ? [...Done, ...Trailing<L, ByName<L, P> & O>] | MixedForms<LR, Drop<P, [N]>, O, [...Done, ...FirstOf<N, P>]>
  : [...Done, ...Trailing<L, O>];

type AsArguments<T> = T extends List ? T : never;

/** Calls by position alone. `P` are the required parameters of the implementation with its options last. */
type PositionalForm<L extends List, K extends List, P extends List> = AsArguments<
  [
    ...Take<P, RequiredNames<L>>,
    ...AsArguments<Partial<Drop<Take<P, L>, RequiredNames<L>>>>,
    ...AsArguments<Partial<Picked<K, OptionsOf<Drop<P, L>>>>>,
  ]
>;

type NamedForms<L extends List, K extends List, P extends List> = AsArguments<
  MixedForms<
    [...L, ...AsArguments<Optional<K>>],
    [...Take<P, L>, ...Picked<K, Required<OptionsOf<Drop<P, L>>>>],
    Loose<Omit<OptionsOf<Drop<P, L>>, K[number] & string>>
  >
>;

type ParametersOf<F extends Implementation> = Required<Parameters<F>>;

/** What the last parameter of a function takes that takes all values that are left, by name: an array. */
type ListOf<R> = [Extract<R, List>] extends [never] ? readonly R[] : Extract<R, List>;

/** Its options, which follow values that are numbers. */
type OpenOptions<R> = Exclude<R, number | List | undefined>;

/** Calls by name of a function with the names `L` and the parameters `P` whose last takes all values that are left, of which options have the type `O`. */
type OpenForms<S extends string, L extends List, P extends List> = L extends readonly [...infer H, infer N]
  ? AsArguments<MixedForms<H, At<H, P>, OpenNames<S, N, Drop<P, H>[number]>>>
  : never;

/** The first elements of the tuples `P`, as many as `H` has. */
type At<H extends List, P> = { [I in keyof H]: I extends keyof P ? P[I] : never };

type OpenNames<S extends string, N, R> = S extends `${string};${string}`
  ? { [K in Bare<N> & string]: ListOf<Exclude<R, OpenOptions<R>>> } & OpenOptions<R>
  : { [K in Bare<N> & string]: ListOf<R> };

type Forms<S extends string, F extends Implementation> = S extends `${string}...${string}`
  ? {
      (...args: Parameters<F>): ReturnType<F>;
      (...args: OpenForms<S, Sections<S>[0], Parameters<F>>): ReturnType<F>;
    }
  : {
      (...args: PositionalForm<Sections<S>[0], Sections<S>[1], ParametersOf<F>>): ReturnType<F>;
      (...args: NamedForms<Sections<S>[0], Sections<S>[1], ParametersOf<F>>): ReturnType<F>;
    };

declare const types: unique symbol;

/** What a public function is derived from. */
export interface Typed<S extends string, F extends Implementation> {
  readonly signature: string;
  readonly implementation: Implementation;
  readonly [types]?: (signature: S, implementation: F) => void;
}

/** A public function with the signature `S`, implemented by `F`. */
export type Named<S extends string, F extends Implementation> = Forms<S, F> & Declared & Typed<S, F>;

type WithoutFirst<P extends List> = P extends readonly [unknown, ...infer R] ? R : [];

type MethodOf<S extends string, F extends Implementation> = S extends `${string}...${string}`
  ? {
      (...args: WithoutFirst<Parameters<F>>): ReturnType<F>;
      (...args: OpenForms<S, Drop<Sections<S>[0], [0]>, WithoutFirst<Parameters<F>>>): ReturnType<F>;
    }
  : {
      (...args: PositionalForm<Drop<Sections<S>[0], [0]>, Sections<S>[1], Drop<ParametersOf<F>, [0]>>): ReturnType<F>;
      (...args: NamedForms<Drop<Sections<S>[0], [0]>, Sections<S>[1], Drop<ParametersOf<F>, [0]>>): ReturnType<F>;
    };

declare const asMethod: unique symbol;

/** A public function whose overloads are written by hand: as a function `F`, as a method `M`. */
export type Overloaded<F, M = never> = F & Declared & { readonly [asMethod]: M };

/** The form of a public function as a method of its first argument; never for what is not declared so. */
export type Method<T> = T extends { readonly [asMethod]: infer M }
  ? M
  : T extends Typed<infer S, infer F>
    ? MethodOf<S, F>
    : never;

/** The required names of a class stand in the first part of its signature, all others after it. */
type Names<S extends string> = [...Sections<S>[0], ...AsArguments<Optional<Sections<S>[1]>>];

type ValuesOf<N extends List, V> = { [I in keyof N]: Bare<N[I]> extends keyof V ? V[Bare<N[I]>] : never };

/** What the constructor of a class with the signature `S` takes: the values `V` by position, by name, or both. */
export type Arguments<S extends string, V> =
  | AsArguments<
      [
        ...AsArguments<ValuesOf<RequiredNames<Names<S>>, V>>,
        ...AsArguments<Partial<ValuesOf<Drop<Names<S>, RequiredNames<Names<S>>>, V>>>,
      ]
    >
  | AsArguments<MixedForms<Names<S>, ValuesOf<Names<S>, Required<V>>, Loose<Omit<V, Bare<Names<S>[number]> & string>>>>;
