/** Modules that hold modules or parameters by number or by name. */

import { checkInteger, checkIterable } from "../../core/arguments";
import { isPlainObject } from "../../core/binding";
import { classNameOf } from "../../core/className";
import { ArgumentError, describe, IndexError } from "../../core/errors";
import type { Items, TupleItems } from "../../core/items";
import { addNames, declareMethods, within } from "../../core/signature";
import { Tensor } from "../../tensor/tensor";
import { beginComposite, endComposite, registerForward } from "./composite";
import { Module } from "./module";
import { Parameter } from "./parameter";

/** @throws ArgumentError unless the bounds of a slice that are given are integers. */
function checkBounds(start: unknown, end: unknown): void {
  if (start !== undefined) checkInteger("slice", "start", start);
  if (end !== undefined) checkInteger("slice", "end", end);
}

const fieldsOf = (module: Module): Record<string, unknown> => module as unknown as Record<string, unknown>;

/** Items that are the fields "0", "1", … of a module, so that `list[0]` is the first one. */
abstract class NumberedModule<T, V = T> extends Module {
  [index: number]: T;

  /** The names of the items, in order. */
  protected abstract names(): string[];
  /** Checks an item, or makes one of a value. */
  protected abstract item(value: unknown): T;

  /** The number of items. */
  override get length(): number {
    return this.names().length;
  }

  // Static, since a method could be hidden by an item of its name.
  private static itemsOf<T>(list: NumberedModule<T, any>): T[] {
    return list.names().map((name) => fieldsOf(list)[name] as T);
  }

  /** Puts the items back under consecutive numbers. */
  private static renumber<T>(list: NumberedModule<T, any>, items: readonly T[]): void {
    for (const name of list.names()) delete fieldsOf(list)[name];
    items.forEach((item, i) => {
      fieldsOf(list)[i] = item;
    });
  }

  /** The item at `index`; negative ones count from the end. @throws IndexError if there is none. */
  at(index: number): T {
    const items = NumberedModule.itemsOf<T>(this);
    if (!Number.isInteger(index) || index < -items.length || index >= items.length)
      throw new IndexError(`index ${describe(index)} is out of range`);
    return items.at(index)!;
  }

  /** Adds an item at the end. */
  append(value: V): this {
    const index = this.length;
    fieldsOf(this)[index] = this.item(value);
    return this;
  }

  /** Adds items at the end. */
  extend(values: Iterable<V>): this {
    for (const value of checkIterable("extend", "values", values, "items")) this.append(value as V);
    return this;
  }

  /** Adds an item before the one at `index`. */
  insert(index: number, value: V): this {
    const items = NumberedModule.itemsOf<T>(this);
    if (!Number.isInteger(index) || index < -items.length || index > items.length)
      throw new IndexError(`index ${describe(index)} is out of range`);
    items.splice(index, 0, this.item(value));
    NumberedModule.renumber<T>(this, items);
    return this;
  }

  /** Removes an item and returns it; those after it move up. Default: the last. */
  pop(index = -1): T {
    const item = this.at(index);
    const items = NumberedModule.itemsOf<T>(this);
    items.splice(index, 1);
    NumberedModule.renumber<T>(this, items);
    return item;
  }

  /** Iterates over the items. */
  [Symbol.iterator](): IterableIterator<T> {
    return NumberedModule.itemsOf<T>(this)[Symbol.iterator]();
  }
}

const asModule = (value: unknown): Module => {
  if (!(value instanceof Module)) throw new ArgumentError(`${describe(value)} is not a Module`);
  return value;
};

/** Modules by name, in an object or as entries. */
export type NamedModules<T extends Record<string, Module> = Record<string, Module>> =
  | Readonly<T>
  | Iterable<readonly [name: string, module: Module]>;

type IfAny<T, U> = 0 extends 1 & T ? U : T;

/** A sequence of modules about which nothing is known. */
type Some<M> = IfAny<M, Module[]>;

/** What a sequence of modules takes: what its first one does; a tensor, if that is not known. */
type InputOf<M> =
  Some<M> extends readonly [infer First extends Module, ...unknown[]]
    ? IfAny<Parameters<First["forward"]>[0], Tensor>
    : Tensor;

/** What a sequence of modules returns: what its last one does; a tensor, if that is not known. */
type OutputOf<M> =
  Some<M> extends readonly [...unknown[], infer Last extends Module]
    ? IfAny<ReturnType<Last["forward"]>, Tensor>
    : Tensor;

/** The modules of a dictionary. */
type ModuleOf<T extends Record<string, Module>> = IfAny<T[keyof T], Module>;

/** A sequence can be indexed like the tuple of its modules. */
export interface Sequential<M extends readonly Module[] = any> extends TupleItems<Some<M>> {}

function entriesOf<T>(
  layer: string,
  named: Readonly<Record<string, T>> | Iterable<readonly [string, T]>,
): (readonly [string, T])[] {
  if (typeof named !== "object" || named === null)
    throw new ArgumentError(`${layer}: takes an object or an iterable of [name, item], got ${describe(named)}`);
  if (!(Symbol.iterator in named)) return Object.entries(named);
  return Array.from(named as Iterable<readonly [string, T]>, (entry) => {
    if (Array.isArray(entry) && typeof entry[0] === "string") return entry as unknown as readonly [string, T];
    throw new ArgumentError(`${layer}: takes entries [name, item], got ${describe(entry)}`);
  });
}

/**
 * Modules called one after the other: each gets what the one before returned.
 * @see torch.nn.Sequential
 * @example
 * new nn.Sequential(new nn.Linear(784, 64), new nn.ReLU(), new nn.Linear(64, 10))
 * new nn.Sequential({ conv: new nn.Conv2d(1, 20, 5), relu: new nn.ReLU() })
 */
export class Sequential<M extends readonly Module[] = any> extends NumberedModule<Some<M>[number], Module> {
  constructor();
  constructor(...modules: M);
  constructor(named: NamedModules);
  constructor(...given: unknown[]) {
    super();
    const [first] = given;
    const isNamed =
      given.length === 1 &&
      !(first instanceof Module) &&
      (isPlainObject(first) || Array.isArray(first) || first instanceof Map);
    const entries = isNamed
      ? entriesOf(classNameOf(this), first as NamedModules)
      : given.map((module, i) => [String(i), module as Module] as const);
    within(classNameOf(this), () => {
      for (const [name, module] of entries) this.addModule(name, module);
    });
  }

  protected override names(): string[] {
    return this.slots().map(([name]) => name);
  }

  protected override item(value: unknown): Some<M>[number] {
    return asModule(value);
  }

  override forward(input: InputOf<M>): OutputOf<M> {
    const scope = beginComposite(this);
    let x: any = input;
    let result: unknown;
    try {
      // The keys alone: what `Object.values` and `Object.entries` do takes several times as long.
      for (const field of Object.keys(this)) {
        const module = (this as Record<string, unknown>)[field];
        if (module instanceof Module) x = module(x);
      }
      result = x;
    } finally {
      endComposite(scope, result);
    }
    return x;
  }

  /** The modules from `start` to before `end`, with their names, in a new Sequential; they are shared. */
  slice(start?: number, end?: number): Sequential {
    checkBounds(start, end);
    const part = this.slots().slice(start, end);
    return Reflect.construct(this.constructor, [part]) as Sequential;
  }
}

registerForward(Sequential.prototype.forward);

/** The first items are known to be there to TypeScript's `noUncheckedIndexedAccess` as well; `list.at(i)` is one for every `i`. */
export interface ModuleList<M extends Module = Module> extends Items<M> {}

/**
 * A list of modules, which are children of it. It is not called itself.
 * @see torch.nn.ModuleList
 * @example this.layers = new nn.ModuleList(Array.from({ length: 10 }, () => new nn.Linear(10, 10)));
 */
export class ModuleList<M extends Module = Module> extends NumberedModule<M, Module> {
  constructor(modules?: readonly []);
  constructor(modules: Iterable<M>);
  constructor(modules: Iterable<M> = []) {
    super();
    within(classNameOf(this), () => this.extend(modules));
  }

  protected override names(): string[] {
    return this.slots().map(([name]) => name);
  }

  protected override item(value: unknown): M {
    return asModule(value) as M;
  }

  /** The modules from `start` to before `end` in a new list; they are shared. */
  slice(start?: number, end?: number): ModuleList<M> {
    checkBounds(start, end);
    return Reflect.construct(this.constructor, [[...this].slice(start, end)]) as ModuleList<M>;
  }
}

/**
 * Modules by name, with the methods of a Map. It is not called itself.
 * @see torch.nn.ModuleDict
 * @example this.choices = new nn.ModuleDict({ conv: new nn.Conv2d(10, 10, 3), pool: new nn.MaxPool2d(3) });
 */
export class ModuleDict<T extends Record<string, Module> = any> extends Module {
  constructor(modules: NamedModules<T> = {} as T) {
    super();
    within(classNameOf(this), () => this.update(modules));
  }

  /** The number of modules. */
  get size(): number {
    return this.slots().length;
  }

  /** The module of that name, or undefined. */
  get<K extends keyof T & string>(name: K): string extends K ? ModuleOf<T> | undefined : T[K];
  get(name: string): ModuleOf<T> | undefined;
  get(name: string): Module | undefined {
    return this.slots().find(([key]) => key === name)?.[1];
  }

  /** Adds or replaces a module. @throws ArgumentError for the name of a method. */
  set(name: string, module: Module): this {
    this.addModule(name, module);
    return this;
  }

  /** Whether there is a module of that name. */
  has(name: string): boolean {
    return this.get(name) !== undefined;
  }

  /** Removes a module; tells whether it was there. */
  delete(name: string): boolean {
    return this.has(name) && Reflect.deleteProperty(this, name);
  }

  /** Removes a module and returns it. @throws ArgumentError if there is none. */
  pop<K extends keyof T & string>(name: K): string extends K ? ModuleOf<T> : T[K];
  pop(name: string): ModuleOf<T>;
  pop(name: string): Module {
    const module = this.get(name);
    if (module === undefined) throw new ArgumentError(`ModuleDict: there is no module ${describe(name)}`);
    this.delete(name);
    return module;
  }

  /** Removes all modules. */
  clear(): void {
    for (const name of this.keys()) this.delete(name);
  }

  /** Adds or replaces modules. */
  update(modules: NamedModules): this {
    for (const [name, module] of entriesOf(classNameOf(this), modules)) this.set(name, module);
    return this;
  }

  /** The names. */
  keys(): string[] {
    return this.slots().map(([name]) => name);
  }

  /** The modules. */
  values(): ModuleOf<T>[] {
    return this.entries().map(([, module]) => module);
  }

  /** Names with modules. */
  entries(): [name: string, module: ModuleOf<T>][] {
    return this.slots() as [string, ModuleOf<T>][];
  }

  /** Iterates over names with modules. */
  [Symbol.iterator](): IterableIterator<[name: string, module: ModuleOf<T>]> {
    return this.entries()[Symbol.iterator]();
  }
}

const asParameter = (value: unknown): Parameter => {
  if (value instanceof Parameter) return value;
  if (value instanceof Tensor) return new Parameter(value);
  throw new ArgumentError(`expected a Parameter or a Tensor, got ${describe(value)}`);
};

/** `(0): Parameter containing: [torch.float32 of size 2x3]`, a line for each. */
const parameterLines = (parameters: readonly (readonly [string, Parameter])[]): string =>
  parameters
    .map(([name, p]) => `  (${name}): Parameter containing: [torch.${p.dtype} of size ${p.shape.join("x")}]`)
    .join("\n");

/** The first items are known to be there to TypeScript's `noUncheckedIndexedAccess` as well; `list.at(i)` is one for every `i`. */
export interface ParameterList extends Items<Parameter> {}

/**
 * A list of parameters; tensors become parameters.
 * @see torch.nn.ParameterList
 */
export class ParameterList extends NumberedModule<Parameter, Tensor> {
  constructor(parameters: Iterable<Tensor> = []) {
    super();
    within(classNameOf(this), () => {
      for (const parameter of checkIterable("ParameterList", "values", parameters, "tensors"))
        this.append(asParameter(parameter));
    });
  }

  protected override names(): string[] {
    return this.namedParameters({ recurse: false, removeDuplicate: false }).map(([name]) => name);
  }

  protected override item(value: unknown): Parameter {
    return asParameter(value);
  }

  override extraRepr(): string {
    return parameterLines(this.namedParameters({ recurse: false, removeDuplicate: false }));
  }
}

/** Parameters by name, with the methods of a Map; tensors become parameters. @see torch.nn.ParameterDict */
export class ParameterDict extends Module {
  constructor(parameters: Readonly<Record<string, Tensor>> | Iterable<readonly [string, Tensor]> = {}) {
    super();
    within(classNameOf(this), () => this.update(parameters));
  }

  /** The number of parameters. */
  get size(): number {
    return this.entries().length;
  }

  /** The parameter of that name, or undefined. */
  get(name: string): Parameter | undefined {
    return this.entries().find(([key]) => key === name)?.[1];
  }

  /** Adds or replaces a parameter. @throws ArgumentError for the name of a method. */
  set(name: string, parameter: Tensor): this {
    this.registerParameter(name, asParameter(parameter));
    return this;
  }

  /** Whether there is a parameter of that name. */
  has(name: string): boolean {
    return this.get(name) !== undefined;
  }

  /** Removes a parameter; tells whether it was there. */
  delete(name: string): boolean {
    return this.has(name) && Reflect.deleteProperty(this, name);
  }

  /** Removes a parameter and returns it. @throws ArgumentError if there is none. */
  pop(name: string): Parameter {
    const parameter = this.get(name);
    if (parameter === undefined) throw new ArgumentError(`ParameterDict: there is no parameter ${describe(name)}`);
    this.delete(name);
    return parameter;
  }

  /** Removes all parameters. */
  clear(): void {
    for (const name of this.keys()) this.delete(name);
  }

  /** Adds or replaces parameters. */
  update(parameters: Readonly<Record<string, Tensor>> | Iterable<readonly [string, Tensor]>): this {
    for (const [name, parameter] of entriesOf(classNameOf(this), parameters)) this.set(name, parameter);
    return this;
  }

  /** The names. */
  keys(): string[] {
    return this.entries().map(([name]) => name);
  }

  /** The parameters. */
  values(): Parameter[] {
    return this.entries().map(([, parameter]) => parameter);
  }

  /** Names with parameters. */
  entries(): [name: string, parameter: Parameter][] {
    return this.namedParameters({ recurse: false, removeDuplicate: false });
  }

  /** Iterates over names with parameters. */
  [Symbol.iterator](): IterableIterator<[name: string, parameter: Parameter]> {
    return this.entries()[Symbol.iterator]();
  }

  override extraRepr(): string {
    return parameterLines(this.entries());
  }
}

addNames(["Sequential", "ModuleList", "ModuleDict", "ParameterList", "ParameterDict"]);
declareMethods(Sequential, { slice: "start?, end?" });
declareMethods(ModuleList, { slice: "start?, end?" });
declareMethods(NumberedModule, {
  at: "index",
  append: "value",
  extend: "values",
  insert: "index, value",
  pop: "index?",
});
const ofDictionaries = { set: "name, value", pop: "name", update: "values{}" };
declareMethods(ModuleDict, ofDictionaries);
declareMethods(ParameterDict, ofDictionaries);
