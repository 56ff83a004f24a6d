/**
 * The base of all networks: a callable object that finds its parameters, buffers and children among its fields. One class, whose private
 * fields every part of it needs; hence the length.
 */

import { addHook, type RemovableHandle } from "../../autograd/handle";
import { noGrad } from "../../autograd/mode";
import type { Backend, Device } from "../../backend/backend";
import { checkFlag, checkFunction, checkString } from "../../core/arguments";
import { isPlainObject } from "../../core/binding";
import { classNameOf } from "../../core/className";
import { checkDType, type DType, isDType, isFloat } from "../../core/dtype";
import { ArgumentError, checkOptions, DeviceError, DTypeError, describe, KindlingError } from "../../core/errors";
import { setOwn } from "../../core/record";
import { declareMethods, named } from "../../core/signature";
import type { Arguments } from "../../core/signatureTypes";
import { replaceData } from "../../tensor/data";
import { isDeviceName, resolveDevice, unknownTarget } from "../../tensor/device";
import { held } from "../../tensor/reach";
import { adopt, lend, noteUse, retire, runForeign } from "../../tensor/scope";
import { Tensor } from "../../tensor/tensor";
import { arrivalOf } from "../../tensor/transfer";
import { Callable } from "./callable";
import { isForeign } from "./composite";
import {
  type BackwardHook,
  type BackwardPreHook,
  callWithHooks,
  type ForwardHook,
  type ForwardPreHook,
  globalHooks,
  HookTable,
} from "./hooks";
import { Parameter } from "./parameter";
import { moduleText } from "./repr";
import { type IncompatibleKeys, loadState, type StateDict } from "./state";

/** Options of the functions that register a hook. */
export interface HookOptions {
  /** Run before the hooks that are there already. Default: false. */
  prepend?: boolean;
}

/** A hook by name. */
export interface NamedHook<H> extends HookOptions {
  hook: H;
}

/** Options of the functions that walk over a tree of modules. */
export interface WalkOptions {
  /** Include the modules inside. Default: true. */
  recurse?: boolean;
  /** Put before every name, with a dot. Default: "". */
  prefix?: string;
  /** Give an object that occurs at several places once. Default: true. */
  removeDuplicate?: boolean;
}

/** What {@link Module.registerBuffer} takes. */
export interface BufferParameters {
  /** The name of the field. */
  name: string;
  tensor: Tensor | null;
  /** Whether it belongs to the state dict. Default: true. */
  persistent?: boolean;
}

/** What {@link Module.loadStateDict} takes. */
export interface LoadParameters {
  stateDict: Readonly<StateDict>;
  /** Whether missing and unexpected keys are an error. Default: true. */
  strict?: boolean;
}

function checkWalk(op: string, recurse: unknown, prefix: unknown, removeDuplicate: unknown): void {
  checkFlag(op, "recurse", recurse);
  checkString(op, "prefix", prefix);
  checkFlag(op, "removeDuplicate", removeDuplicate);
}

type Named<T> = [name: string, value: T];

const join = (prefix: string, name: string): string =>
  prefix === "" || name === "" ? prefix + name : `${prefix}.${name}`;

/** Keys that exist in types alone. */
declare const given: unique symbol;
declare const returned: unique symbol;

/**
 * The call of a module: the arguments and the result are those of its `forward`. They are looked up in a field, since inside of a class
 * TypeScript resolves `this[given]` for `this(x)`, but not `Parameters<this["forward"]>`.
 */
export interface Module {
  readonly [given]: Parameters<this["forward"]>;
  readonly [returned]: ReturnType<this["forward"]>;
  (...args: this[typeof given]): this[typeof returned];
}

// Methods that modules call on each other. A compiled module stands for another one, and has these, but no private fields.
const ownParameters: unique symbol = Symbol("ownParameters");
const ownBuffers: unique symbol = Symbol("ownBuffers");
const attribute: unique symbol = Symbol("attribute");

/** The state keys of buffers whose dtype is what a module is made for, which `to("float64")` and the like leave alone. */
export const fixedBuffers: unique symbol = Symbol("fixedBuffers");

/**
 * Base class of all neural network modules.
 *
 * Subclasses set fields in their constructor and define `forward`. Fields that hold a {@link Parameter} are parameters, those that hold
 * a module are children; buffers are registered by {@link registerBuffer}. Assigning, replacing and deleting fields just works.
 * Calling the module runs `forward` and the hooks.
 *
 * @see torch.nn.Module
 * @example
 * class Net extends nn.Module {
 *   fc1 = new nn.Linear(784, 100);
 *   fc2 = new nn.Linear(100, 10);
 *   forward(x: Tensor) {
 *     return this.fc2(this.fc1(x).relu());
 *   }
 * }
 * const logits = new Net()(images);
 */
export class Module extends Callable {
  /** Whether the module is in training mode, which dropout and batch normalization look at. */
  training = true;
  readonly #hooks = new HookTable();
  /** Fields that are buffers, and whether they belong to the state dict. */
  readonly #buffers = new Map<string, boolean>();
  /** The values of buffers, whose fields are accessors: what is assigned to them lives on when a scope ends. */
  readonly #values = new Map<string, unknown>();

  /** The computation. @throws KindlingError if a subclass does not define it. */
  forward(..._args: any[]): any {
    const name = classNameOf(this);
    throw new KindlingError(`${name}: Module [${name}] is missing the required "forward" function`);
  }

  protected override invoke(args: unknown[]): unknown {
    noteUse(this);
    const isPlain = this.#hooks.isEmpty && globalHooks.isEmpty;
    if (isForeign(this, !isPlain)) return runForeign(() => this.#run(isPlain, args));
    return isPlain ? this.forward(...args) : callWithHooks(this, this.#hooks, args);
  }

  #run(isPlain: boolean, args: unknown[]): unknown {
    return isPlain ? this.forward(...args) : callWithHooks(this, this.#hooks, args);
  }

  // Fields, and the names under which they are known

  /** @internal */
  [held](): unknown[] {
    return Object.keys(this).map((field) =>
      this.#values.has(field) ? this.#values.get(field) : this[attribute](field),
    );
  }

  /**
   * The name of a field in state dicts, `named…()` and print-outs: the field's own. PyTorch's layers write theirs with underscores, so
   * the layers here do; a class of yours that is to exchange state dicts with PyTorch may do so too, by returning `nn.snakeCase(field)`.
   */
  stateKey(field: string): string {
    return field;
  }

  /** The fields whose values `test` accepts, by their state keys, in the order in which they were set. */
  #fields<T>(test: (value: unknown, field: string) => value is T): Named<T>[] {
    const found: Named<T>[] = [];
    for (const [field, value] of Object.entries(this))
      if (test(value, field)) found.push([this.stateKey(field), value]);
    return found;
  }

  /** @internal */
  [ownParameters](): Named<Parameter>[] {
    return this.#fields((value) => value instanceof Parameter);
  }

  /** @internal */
  [ownBuffers](): Named<Tensor>[] {
    return this.#fields((value, field): value is Tensor => value instanceof Tensor && this.#buffers.has(field));
  }

  /** What `own` gives for this module and those inside, each object once. */
  #collect<T>(op: string, own: (module: Module) => Named<T>[], options: WalkOptions): Named<T>[] {
    const { recurse = true, prefix = "", removeDuplicate = true } = options;
    checkWalk(op, recurse, prefix, removeDuplicate);
    const modules: Named<Module>[] = recurse ? this.namedModules({ prefix, removeDuplicate }) : [[prefix, this]];
    const seen = new Set<T>();
    const found: Named<T>[] = [];
    for (const [path, module] of modules)
      for (const [name, value] of own(module)) {
        if (removeDuplicate && seen.has(value)) continue;
        seen.add(value);
        found.push([join(path, name), value]);
      }
    return found;
  }

  /** The parameters of the module and of those inside. @see torch.nn.Module.parameters */
  parameters(options?: boolean | { recurse?: boolean }): Parameter[];
  parameters(options: any = {}): Parameter[] {
    return this.namedParameters(options).map(([, parameter]) => parameter);
  }

  /** The parameters with their names, such as `fc1.weight`. @see torch.nn.Module.named_parameters */
  namedParameters(
    prefix?: string,
    recurse?: boolean,
    options?: Pick<WalkOptions, "removeDuplicate">,
  ): Named<Parameter>[];
  namedParameters(options?: WalkOptions): Named<Parameter>[];
  namedParameters(options: any = {}): Named<Parameter>[] {
    return this.#collect("namedParameters", (module) => module[ownParameters](), options);
  }

  /** Tensors that are state but not learned, such as running means. @see torch.nn.Module.buffers */
  buffers(options?: boolean | { recurse?: boolean }): Tensor[];
  buffers(options: any = {}): Tensor[] {
    return this.namedBuffers(options).map(([, buffer]) => buffer);
  }

  /** The buffers with their names. @see torch.nn.Module.named_buffers */
  namedBuffers(prefix?: string, recurse?: boolean, options?: Pick<WalkOptions, "removeDuplicate">): Named<Tensor>[];
  namedBuffers(options?: WalkOptions): Named<Tensor>[];
  namedBuffers(options: any = {}): Named<Tensor>[] {
    return this.#collect("namedBuffers", (module) => module[ownBuffers](), options);
  }

  /** The modules in the fields, each once. @see torch.nn.Module.children */
  children(): Module[] {
    return this.namedChildren().map(([, child]) => child);
  }

  /** The modules in the fields with their names, each once. @see torch.nn.Module.named_children */
  namedChildren(): Named<Module>[] {
    const seen = new Set<Module>();
    return this.slots().filter(([, child]) => !seen.has(child) && seen.add(child));
  }

  /** @internal Fields that are buffers, and whether they belong to the state dict. */
  bufferFields(): ReadonlyMap<string, boolean> {
    return this.#buffers;
  }

  /** @internal Whether hooks of its own run when it is called. */
  hasHooks(): boolean {
    return !this.#hooks.isEmpty;
  }

  /** @internal Every field that holds a module, also when two hold the same. */
  slots(): Named<Module>[] {
    return this.#fields((value) => value instanceof Module);
  }

  /** The module itself and all inside, outer ones first. @see torch.nn.Module.modules */
  modules(): Module[] {
    return this.namedModules().map(([, module]) => module);
  }

  /** The module itself, named "", and all inside with their paths. @see torch.nn.Module.named_modules */
  namedModules(memo?: Set<Module> | null, prefix?: string, removeDuplicate?: boolean): Named<Module>[];
  namedModules(options?: { memo?: Set<Module> | null; prefix?: string; removeDuplicate?: boolean }): Named<Module>[];
  namedModules(options: any = {}): Named<Module>[] {
    const { memo, prefix = "", removeDuplicate = true } = options;
    checkWalk("namedModules", true, prefix, removeDuplicate);
    if (memo != null && !(memo instanceof Set))
      throw new ArgumentError(`namedModules: memo must be a Set of modules, got ${describe(memo)}`);
    const seen: Set<Module> = memo ?? new Set<Module>();
    const found: Named<Module>[] = [];
    const visit = (path: string, module: Module): void => {
      if (removeDuplicate && seen.has(module)) return;
      seen.add(module);
      found.push([path, module]);
      for (const [name, child] of module.slots()) visit(join(path, name), child);
    };
    visit(prefix, this);
    return found;
  }

  // Registering and finding by name

  #checkName(kind: string, name: string, isOwn: boolean): void {
    if (name.includes(".")) throw new ArgumentError(`${kind} name can't contain "."`);
    if (name === "") throw new ArgumentError(`${kind} name can't be empty string ""`);
    if (name in this && !isOwn) throw new ArgumentError(`attribute '${name}' already exists`);
  }

  #set(field: string, value: unknown): void {
    (this as unknown as Record<string, unknown>)[field] = value;
  }

  /** @internal */
  [attribute](field: string): unknown {
    return Object.hasOwn(this, field) ? (this as unknown as Record<string, unknown>)[field] : undefined;
  }

  /**
   * Makes a field that holds a tensor which is state but not learned.
   * @param options.persistent Whether it belongs to the state dict. Default: true.
   * @see torch.nn.Module.register_buffer
   */
  registerBuffer(name: string, tensor: Tensor | null, persistent?: boolean): void;
  registerBuffer(...given: Arguments<"name, tensor; persistent", BufferParameters>): void;
  registerBuffer(...[name, tensor, options = {}]: any[]): void {
    checkString("registerBuffer", "name", name);
    checkFlag("registerBuffer", "persistent", options.persistent ?? true);
    const isFree = Object.hasOwn(this, name) && (this[attribute](name) ?? null) === null;
    this.#checkName("buffer", name, isFree || this.#buffers.has(name));
    if (tensor !== null && !(tensor instanceof Tensor))
      throw new ArgumentError(`cannot assign ${describe(tensor)} to buffer '${name}' (a Tensor or null required)`);
    this.#buffers.set(name, options.persistent ?? true);
    if (!this.#values.has(name) || !Object.hasOwn(this, name)) this.#defineBuffer(name);
    this.#set(name, tensor);
  }

  #defineBuffer(name: string): void {
    const values = this.#values;
    values.delete(name);
    Object.defineProperty(this, name, {
      configurable: true,
      enumerable: true,
      get() {
        const value = values.get(name);
        if (value instanceof Tensor) lend(value);
        return value;
      },
      set(value: unknown) {
        const old = values.get(name);
        if (old === value) return;
        values.set(name, value);
        if (value instanceof Tensor) adopt(value);
        if (old instanceof Tensor) retire(old);
      },
    });
  }

  /** Makes a field that holds a parameter; the same as assigning it, with checks. @see torch.nn.Module.register_parameter */
  registerParameter(name: string, param: Parameter | null): void;
  registerParameter(...given: Arguments<"name, param", { name: string; param: Parameter | null }>): void;
  registerParameter(...[name, parameter]: any[]): void {
    checkString("registerParameter", "name", name);
    const current = this[attribute](name);
    this.#checkName("parameter", name, Object.hasOwn(this, name) && (current == null || current instanceof Parameter));
    if (parameter !== null && !(parameter instanceof Parameter))
      throw new ArgumentError(
        `cannot assign ${describe(parameter)} to parameter '${name}' (an nn.Parameter or null required)`,
      );
    this.#set(name, parameter);
  }

  /** Makes a field that holds a module; the same as assigning it, with checks. @see torch.nn.Module.add_module */
  addModule(name: string, module: Module): void;
  addModule(...given: Arguments<"name, module", { name: string; module: Module }>): void;
  addModule(...[name, module]: any[]): void {
    checkString("addModule", "name", name);
    if (!(module instanceof Module)) throw new ArgumentError(`${describe(module)} is not a Module subclass`);
    const current = this[attribute](name);
    this.#checkName("module", name, Object.hasOwn(this, name) && (current == null || current instanceof Module));
    this.#set(name, module);
  }

  /** {@link addModule}. @see torch.nn.Module.register_module */
  registerModule(name: string, module: Module): void;
  registerModule(...given: Arguments<"name, module", { name: string; module: Module }>): void;
  registerModule(...[name, module]: any[]): void {
    this.addModule(name, module);
  }

  /** The module at a path such as `layer1.0.conv1`; "" is this one. @see torch.nn.Module.get_submodule */
  getSubmodule(target: string): Module {
    if (checkString("getSubmodule", "target", target) === "") return this;
    let module: Module = this;
    for (const item of target.split(".")) {
      const child = module.slots().find(([name]) => name === item)?.[1];
      if (child === undefined)
        throw new ArgumentError(
          module[attribute](item) === undefined
            ? `${classNameOf(module)} has no attribute \`${item}\``
            : `\`${item}\` is not an nn.Module`,
        );
      module = child;
    }
    return module;
  }

  #find<T>(op: string, target: string, kind: string, own: (module: Module) => Named<T>[]): T {
    const cut = checkString(op, "target", target).lastIndexOf(".");
    const owner = this.getSubmodule(target.slice(0, Math.max(cut, 0)));
    const name = target.slice(cut + 1);
    const value = own(owner).find(([key]) => key === name)?.[1];
    if (value !== undefined) return value;
    throw new ArgumentError(
      owner[attribute](name) === undefined
        ? `${classNameOf(owner)} has no attribute \`${name}\``
        : `\`${name}\` is not ${kind}`,
    );
  }

  /** The parameter at a path such as `fc1.weight`. @see torch.nn.Module.get_parameter */
  getParameter(target: string): Parameter {
    return this.#find("getParameter", target, "an nn.Parameter", (module) => module[ownParameters]());
  }

  /** The buffer at a path such as `bn1.running_mean`. @see torch.nn.Module.get_buffer */
  getBuffer(target: string): Tensor {
    return this.#find("getBuffer", target, "a buffer", (module) => module[ownBuffers]());
  }

  // Changing everything inside

  /** Calls `body` with every module inside, then with this one. @see torch.nn.Module.apply @example net.apply(initWeights) */
  apply(fn: (module: Module) => void): this;
  apply(given: { fn: (module: Module) => void }): this;
  apply(fn: any): this {
    checkFunction("apply", "fn", fn);
    for (const child of this.children()) child.apply(fn);
    fn(this);
    return this;
  }

  /** Sets training mode here and in all modules inside. @see torch.nn.Module.train */
  train(mode?: boolean | { mode?: boolean }): this;
  train(mode: any = true): this {
    checkFlag("train", "mode", mode);
    this.training = mode;
    for (const child of this.children()) child.train(mode);
    return this;
  }

  /** Sets evaluation mode: `train(false)`. @see torch.nn.Module.eval */
  eval(): this {
    return this.train(false);
  }

  /** Makes all parameters learn, or none. @see torch.nn.Module.requires_grad_ */
  requiresGrad_(requiresGrad?: boolean | { requiresGrad?: boolean }): this;
  requiresGrad_(requiresGrad: any = true): this {
    checkFlag("requiresGrad_", "requiresGrad", requiresGrad);
    for (const parameter of this.parameters()) parameter.requiresGrad_(requiresGrad);
    return this;
  }

  /** Forgets the gradients of all parameters, or with `setToNone: false` fills them with zeros. @see torch.nn.Module.zero_grad */
  zeroGrad(options?: boolean | { setToNone?: boolean }): void;
  zeroGrad(options: any = {}): void {
    checkFlag("zeroGrad", "setToNone", options.setToNone ?? true);
    for (const parameter of this.parameters()) {
      const { ownGrad } = parameter;
      if (ownGrad !== null) parameter.takeGrad(options.setToNone === false ? ownGrad.detach().zero_() : null);
    }
  }

  /**
   * Moves parameters and buffers to a device, or the floating-point ones to a dtype, in place.
   * From a device that cannot be read at once, they come by {@link cpu}.
   * @see torch.nn.Module.to
   * @throws DTypeError for a dtype that is not floating-point; DeviceError if the values cannot be had at once.
   */
  to(target: DType | Device | "wasm" | Tensor | { dtype?: DType; device?: Device | "wasm" }): this {
    const { dtype, device } = destination(target);
    if (device !== undefined) this.#checkAtOnce(resolveDevice("to", device));
    if (dtype !== undefined && !isFloat(checkDType("to", dtype)))
      throw new DTypeError(`nn.Module.to only accepts floating point dtypes, but got desired dtype=${dtype}`);
    return this.#convert((x, isFixed) =>
      x.to({ dtype: x.isFloatingPoint() && !isFixed ? dtype : undefined, device } as { dtype?: DType }),
    );
  }

  /** @throws DeviceError before anything has moved, if values cannot be had at once. */
  #checkAtOnce(backend: Backend): void {
    if (!backend.readsAtOnce) return;
    for (const x of [...this.parameters(), ...this.buffers()])
      if (!x.storage.backend.readsAtOnce)
        throw new DeviceError(
          `to: the values of a module on "${x.device}" cannot be had at once; use await module.cpu()`,
        );
  }

  /**
   * Moves parameters, their gradients and buffers to the cpu, in place, and waits until their values are there.
   * @see torch.nn.Module.cpu
   * @throws DeviceError (the promise rejects) if the device was lost before it gave the values.
   * @example await model.cpu();
   */
  async cpu(): Promise<this> {
    this.#convert((x) => x.to("cpu", { nonBlocking: true }));
    const tensors = [...this.parameters(), ...this.buffers()];
    await Promise.all(tensors.flatMap((x) => (x.ownGrad === null ? [x] : [x, x.ownGrad])).map(arrivalOf));
    return this;
  }

  /** @internal */
  get [fixedBuffers](): readonly string[] {
    return [];
  }

  #convert(body: (x: Tensor, isFixed: boolean) => Tensor): this {
    const fixed = new Set<Tensor>();
    for (const module of this.modules())
      for (const [name, buffer] of module[ownBuffers]()) if (module[fixedBuffers].includes(name)) fixed.add(buffer);
    noGrad(() => {
      for (const parameter of this.parameters()) {
        replaceData(parameter, body(parameter, false));
        if (parameter.grad !== null) parameter.grad = body(parameter.grad, false);
      }
      for (const buffer of this.buffers()) replaceData(buffer, body(buffer, fixed.has(buffer)));
    });
    return this;
  }

  /** Floating-point parameters and buffers as float32. @see torch.nn.Module.float */
  float(): this {
    return this.to("float32");
  }

  /** Floating-point parameters and buffers as float64. @see torch.nn.Module.double */
  double(): this {
    return this.to("float64");
  }

  /** Floating-point parameters and buffers as float16. @see torch.nn.Module.half */
  half(): this {
    return this.to("float16");
  }

  /** Floating-point parameters and buffers as bfloat16. @see torch.nn.Module.bfloat16 */
  bfloat16(): this {
    return this.to("bfloat16");
  }

  // State

  /**
   * Parameters and persistent buffers by name, detached but sharing their memory: changes of the module show in the dictionary.
   * @param options.destination An object that they are added to. Default: a new one.
   * @param options.prefix Put before every name as it is. Default: "".
   * @param options.keepVars Give the parameters themselves. Default: false.
   * @see torch.nn.Module.state_dict
   */
  stateDict(destination?: StateDict | null, prefix?: string, keepVars?: boolean): StateDict;
  stateDict(options?: { destination?: StateDict | null; prefix?: string; keepVars?: boolean }): StateDict;
  stateDict(destination?: any, options: any = {}): StateDict {
    const { prefix = "", keepVars = false } = options;
    checkString("stateDict", "prefix", prefix);
    checkFlag("stateDict", "keepVars", keepVars);
    if (destination != null && !isPlainObject(destination))
      throw new ArgumentError(`stateDict: destination must be an object, got ${describe(destination)}`);
    const state: StateDict = destination ?? {};
    for (const [name, value] of this.ownState()) setOwn(state, prefix + name, keepVars ? value : value.detach());
    if (this.hasExtraState("getExtraState")) setOwn(state, `${prefix}_extra_state`, this.getExtraState() as Tensor);
    for (const [name, child] of this.slots())
      Object.assign(state, child.stateDict({ prefix: `${prefix}${name}.`, keepVars }));
    return state;
  }

  /** @internal Parameters, then persistent buffers, of this module alone. */
  ownState(): Named<Tensor>[] {
    const persistent = this.#fields(
      (value, field): value is Tensor => value instanceof Tensor && this.#buffers.get(field) === true,
    );
    return [...this[ownParameters](), ...persistent];
  }

  /**
   * State beside parameters and buffers, which a class of one's own may define together with {@link setExtraState}: it stands under `_extra_state` in the
   * state dict. It may be anything, though files hold tensors only.
   * @see torch.nn.Module.get_extra_state
   */
  getExtraState(): unknown {
    throw new KindlingError(
      `getExtraState: Module [${classNameOf(this)}] has no extra state; a subclass that has some defines getExtraState and setExtraState`,
    );
  }

  /** Takes what {@link getExtraState} gave. @see torch.nn.Module.set_extra_state */
  setExtraState(_state: unknown): void {
    throw new KindlingError(
      `setExtraState: Module [${classNameOf(this)}] takes no extra state; a subclass that has some defines getExtraState and setExtraState`,
    );
  }

  /** @internal Whether the class defines that part of an extra state. */
  hasExtraState(part: "getExtraState" | "setExtraState"): boolean {
    return this[part] !== Module.prototype[part];
  }

  /**
   * Copies the values of a state dict into the module.
   * @param options.strict Whether missing and unexpected keys are an error. Default: true.
   * @returns The keys that were missing in the dictionary, and those that the module does not have.
   * @throws StateError naming every key that does not fit; what fits has been copied then.
   * @see torch.nn.Module.load_state_dict
   */
  loadStateDict(stateDict: Readonly<StateDict>, strict?: boolean): IncompatibleKeys;
  loadStateDict(...given: Arguments<"stateDict; strict", LoadParameters>): IncompatibleKeys;
  loadStateDict(state: any, options: any = {}): IncompatibleKeys {
    return loadState(this, state, checkFlag("loadStateDict", "strict", options.strict ?? true));
  }

  // Text

  /** What a module says of itself when it is printed, between the parentheses. @see torch.nn.Module.extra_repr */
  extraRepr(): string {
    return "";
  }

  /** The module as PyTorch prints it. */
  override toString(): string {
    return moduleText(classNameOf(this), this.extraRepr(), this.slots());
  }

  // Hooks

  /** Calls `hook` before `forward`; it may return other arguments. @see torch.nn.Module.register_forward_pre_hook */
  registerForwardPreHook(hook: ForwardPreHook<this>, options?: HookOptions): RemovableHandle;
  registerForwardPreHook(given: NamedHook<ForwardPreHook<this>>): RemovableHandle;
  registerForwardPreHook(hook: any, options: HookOptions = {}): RemovableHandle {
    return register("registerForwardPreHook", this.#hooks, "forwardPre", hook, options);
  }

  /** Calls `hook` after `forward`; it may return another output. @see torch.nn.Module.register_forward_hook */
  registerForwardHook(hook: ForwardHook<this>, options?: HookOptions): RemovableHandle;
  registerForwardHook(given: NamedHook<ForwardHook<this>>): RemovableHandle;
  registerForwardHook(hook: any, options: HookOptions = {}): RemovableHandle {
    return register("registerForwardHook", this.#hooks, "forward", hook, options);
  }

  /** Calls `hook` with the gradients of the outputs; it may return others. @see torch.nn.Module.register_full_backward_pre_hook */
  registerFullBackwardPreHook(hook: BackwardPreHook<this>, options?: HookOptions): RemovableHandle;
  registerFullBackwardPreHook(given: NamedHook<BackwardPreHook<this>>): RemovableHandle;
  registerFullBackwardPreHook(hook: any, options: HookOptions = {}): RemovableHandle {
    return register("registerFullBackwardPreHook", this.#hooks, "backwardPre", hook, options);
  }

  /**
   * Calls `hook` with the gradients of the inputs and outputs; it may return others for the inputs.
   * @see torch.nn.Module.register_full_backward_hook
   */
  registerFullBackwardHook(hook: BackwardHook<this>, options?: HookOptions): RemovableHandle;
  registerFullBackwardHook(given: NamedHook<BackwardHook<this>>): RemovableHandle;
  registerFullBackwardHook(hook: any, options: HookOptions = {}): RemovableHandle {
    checkHook("registerFullBackwardHook", hook);
    this.#hooks.setFull(true);
    return register("registerFullBackwardHook", this.#hooks, "backward", hook, options);
  }

  /**
   * The old form of {@link registerFullBackwardHook}: the gradients are those of the last operation of the module, not of its inputs.
   * @see torch.nn.Module.register_backward_hook
   */
  registerBackwardHook(hook: BackwardHook<this> | Pick<NamedHook<BackwardHook<this>>, "hook">): RemovableHandle;
  registerBackwardHook(hook: any): RemovableHandle {
    checkHook("registerBackwardHook", hook);
    this.#hooks.setFull(false);
    return register("registerBackwardHook", this.#hooks, "backward", hook, {});
  }
}

/** The hooks by which Node and Bun, and Deno, print objects. */
for (const symbol of ["nodejs.util.inspect.custom", "Deno.customInspect"])
  Object.defineProperty(Module.prototype, Symbol.for(symbol), {
    value(this: Module) {
      return this instanceof Module ? this.toString() : "Module";
    },
  });

function checkHook(op: string, hook: unknown): void {
  if (typeof hook !== "function") throw new ArgumentError(`${op}: a hook must be a function, got ${describe(hook)}`);
}

function register(
  op: string,
  table: HookTable,
  kind: "forwardPre" | "forward" | "backwardPre" | "backward",
  hook: (...args: any[]) => any,
  options: HookOptions,
): RemovableHandle {
  checkHook(op, hook);
  checkFlag(op, "prepend", options.prepend ?? false);
  return addHook<(...args: any[]) => any>(table[kind], hook, options);
}

function destination(target: unknown): { dtype?: DType; device?: Device | "wasm" } {
  if (target instanceof Tensor) return { dtype: target.dtype, device: target.device };
  if (typeof target === "string")
    return isDeviceName(target)
      ? { device: target as Device }
      : { dtype: isDType(target) ? target : unknownTarget("to", target) };
  if (target === undefined || target === null)
    throw new ArgumentError(
      "to: missing argument dtype or device; it takes a dtype, a device or a tensor like which to be",
    );
  checkOptions("to", target as object, ["dtype", "device"]);
  return target as { dtype?: DType };
}

declareMethods(Module, {
  parameters: "; recurse",
  namedParameters: "; prefix, recurse; removeDuplicate",
  buffers: "; recurse",
  namedBuffers: "; prefix, recurse; removeDuplicate",
  children: "",
  namedChildren: "",
  modules: "",
  namedModules: "; memo, prefix, removeDuplicate",
  registerBuffer: "name, tensor; persistent",
  registerParameter: "name, param",
  addModule: "name, module",
  registerModule: "name, module",
  getSubmodule: "target",
  getParameter: "target",
  getBuffer: "target",
  apply: "fn()",
  train: "mode?",
  eval: "",
  requiresGrad_: "requiresGrad?",
  zeroGrad: "; setToNone",
  float: "",
  double: "",
  half: "",
  bfloat16: "",
  cpu: "",
  stateDict: "destination?; prefix, keepVars",
  loadStateDict: "stateDict{}; strict",
  registerForwardPreHook: "hook;; prepend",
  registerForwardHook: "hook;; prepend",
  registerFullBackwardPreHook: "hook;; prepend",
  registerFullBackwardHook: "hook;; prepend",
  registerBackwardHook: "hook",
});

/** Calls `hook` before the `forward` of every module. @see torch.nn.modules.module.register_module_forward_pre_hook */
export const registerModuleForwardPreHook = named(
  "registerModuleForwardPreHook",
  "hook",
  (hook: ForwardPreHook<Module>): RemovableHandle =>
    register("registerModuleForwardPreHook", globalHooks, "forwardPre", hook, {}),
);

/** Calls `hook` after the `forward` of every module. @see torch.nn.modules.module.register_module_forward_hook */
export const registerModuleForwardHook = named(
  "registerModuleForwardHook",
  "hook",
  (hook: ForwardHook<Module>): RemovableHandle =>
    register("registerModuleForwardHook", globalHooks, "forward", hook, {}),
);

/** Calls `hook` with the gradients of the outputs of every module. @see torch.nn.modules.module.register_module_full_backward_pre_hook */
export const registerModuleFullBackwardPreHook = named(
  "registerModuleFullBackwardPreHook",
  "hook",
  (hook: BackwardPreHook<Module>): RemovableHandle =>
    register("registerModuleFullBackwardPreHook", globalHooks, "backwardPre", hook, {}),
);

/** Calls `hook` with the gradients of every module. @see torch.nn.modules.module.register_module_full_backward_hook */
export const registerModuleFullBackwardHook = named(
  "registerModuleFullBackwardHook",
  "hook",
  (hook: BackwardHook<Module>): RemovableHandle => {
    checkHook("registerModuleFullBackwardHook", hook);
    globalHooks.setFull(true);
    return register("registerModuleFullBackwardHook", globalHooks, "backward", hook, {});
  },
);
