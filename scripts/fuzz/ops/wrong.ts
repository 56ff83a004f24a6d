/**
 * Wrong calls of everything that is public: in a plausible call one argument is another value, given by position or by name; or there are none, or too
 * many. What is not refused by an error of the library must succeed.
 */
import type { Api, Kind, Signature } from "../../../test/conformance/api";
import { torch } from "../../../test/conformance/values";
import { argumentsOf, guess, objects } from "./guess";
import { isPlausible } from "./judge";
import { Rng } from "./rng";
import { isExcluded, lastName, type Target, targets } from "./targets";
import type { Knowledge } from "./templates";
import { type Call, code, plain, type Value } from "./value";

/** Values that few arguments take; none that a call could loop over for long. */
const wrongs: readonly Value[] = [
  ...[
    "{}",
    "{ unknown: 1 }",
    "{ keep_dim: true }",
    "Object.create(null)",
    "Object.assign(Object.create(null), { unknown: 1 })",
  ],
  ...["() => 1", "(x) => x", "class Wrong {}", "Symbol('wrong')", "Symbol.iterator", "new Map()", "new Date(0)", "/x/"],
  ...[
    "[]",
    "[[]]",
    "[[1], [[2]]]",
    "[[1, 2], [3]]",
    "['a', 1]",
    "[null]",
    "[{}]",
    "[[[1]]]",
    "[() => 1]",
    "[Symbol('wrong')]",
  ],
  ...["torch", "torch.Tensor", "torch.nn.Linear", "new torch.Generator()", "Promise.resolve(1)", "new Float32Array(2)"],
  ...[
    "torch.ones([2, 3])",
    "torch.ones([])",
    "new torch.nn.ReLU()",
    "function () {}",
    "new Error('wrong')",
    "new Set([1])",
  ],
  ...[
    "(function* () { yield 1; })()",
    "Object.create({ x: 1 })",
    "new Proxy({}, {})",
    "[,1]",
    "[1n]",
    "[NaN]",
    "[1e20]",
    "[-1e20]",
  ],
]
  .map(code)
  .concat(
    ["wrong", "", "0", "float32", "__proto__", "constructor", "toString", null, undefined, true, false].map(plain),
    [Number.NaN, Infinity, 1e20, -1e20, 0.5, -0.5, 2 ** 31, 2 ** 53, -(2 ** 31), -1, 0, 1e-320, 3n, -1n, 2n ** 70n].map(
      plain,
    ),
  );

/** Functions that stay registered would run in every later call. */
const isFunction = (value: Value): boolean => value.is === "code" && /=>|function|class/.test(value.text);

/** How many values are tried in each place, and how many names. */
const [PER_PLACE, NAMES] = [4, 4];

/** How often a plausible call is looked for. */
const TRIES = 20;

/** Something public with plausible arguments, of which those from `first` on are replaced. */
interface Subject {
  readonly call: Call;
  readonly first: number;
  readonly signatures: readonly Signature[];
  /** The wrong arguments are those of the call of a module, and not of its constructor. */
  readonly isInput?: boolean;
}

/** What instances of classes without samples are made of. */
const instances: Readonly<Record<string, string>> = {
  "nn.Module": objects.linear,
  "nn.ModuleDict": `new torch.nn.ModuleDict({ a: ${objects.linear} })`,
  "nn.ModuleList": `new torch.nn.ModuleList([${objects.linear}])`,
  "nn.Sequential": objects.sequential,
  "nn.ParameterList": "new torch.nn.ParameterList([torch.ones([2])])",
  "nn.ParameterDict": "new torch.nn.ParameterDict({ a: torch.ones([2]) })",
  "utils.data.DataLoader": `new torch.utils.data.DataLoader(${objects.dataset})`,
};

/** Everything public with an own way to be called. */
class Subjects {
  private readonly templates = new Map<string, Call[]>();
  private readonly seen = new Set<string>();

  constructor(
    private readonly api: Api,
    templates: readonly Call[],
  ) {
    for (const call of templates) {
      const key = call.kind === "module" ? call.path : lastName(call.path);
      const known = this.templates.get(key);
      if (known) known.push(call);
      else this.templates.set(key, [call]);
    }
  }

  *all(rng: Rng): Generator<Subject> {
    yield* this.members("nn.Module", code(objects.linear));
    for (const target of targets(this.api, isUntouchable)) {
      const { kind, path, signatures, forwards } = target;
      const call = this.plausible(rng, target);
      if (kind === "function" || kind === "method") {
        yield { call, first: kind === "method" ? 1 : 0, signatures };
        continue;
      }
      const isModule = kind === "module";
      yield { call: { kind: "class", path, args: call.args }, first: 0, signatures };
      if (isModule) yield { call, first: 0, signatures: forwards, isInput: true };
      if (path !== "Tensor") yield* this.members(path, this.instance(path, call));
    }
  }

  /** A sample or a guess that the library accepts, if a few tries find one. */
  private plausible(rng: Rng, target: Target): Call {
    const { kind, path } = target;
    const isSampled = kind === "function" || kind === "method" || kind === "module";
    const known = (isSampled && this.templates.get(kind === "module" ? path : lastName(path))) || [];
    const fitting = known.filter(
      (call) =>
        (kind === "module") === (call.kind === "module") && (kind !== "method" || call.args[0]?.is === "tensor"),
    );
    let call: Call | undefined;
    for (let tries = 0; tries < TRIES; tries++) {
      const sample = fitting[tries];
      const made = sample ?? guess(rng, target);
      call = { ...made, kind: isSampled ? kind : "class", path };
      if (isPlausible(call)) return call;
    }
    return call!;
  }

  private instance(path: string, { args }: Call): Value {
    const text = instances[path];
    return text === undefined ? { is: "new", path, args } : code(text);
  }

  /** The public methods that a class defines, and no other before it. */
  private *members(path: string, receiver: Value): Generator<Subject> {
    const type = path.split(".").reduce<any>((value, key) => value[key], torch);
    for (
      let own = type.prototype;
      own && own !== Object.prototype && own !== Function.prototype;
      own = Object.getPrototypeOf(own)
    )
      for (const name of Object.getOwnPropertyNames(own)) {
        const key = `${own.constructor.name}.${name}`;
        const signatures = Object.hasOwn(this.api.members, key) && this.api.members[key];
        const isMethod = typeof Object.getOwnPropertyDescriptor(own, name)!.value === "function";
        if (!isMethod || !signatures || this.seen.has(key) || name === "forward" || isExcluded(name)) continue;
        this.seen.add(key);
        const args = signatures.length > 0 ? argumentsOf(new Rng(1, 0), signatures[0]!) : [];
        yield { call: { kind: "method", path: name, args: [receiver, ...args] }, first: 1, signatures };
      }
  }
}

/** What changes the whole process, or takes minutes whatever it is given. */
const isUntouchable = (path: string): boolean =>
  /(^|\.)__|Error$|^vision\.(models|datasets)\.|^(assertAlive|checkAxis|elements|takeGrad|constructor)$/.test(path);

/** The wrong calls, in a fixed order. */
export class WrongCalls {
  private readonly calls: Call[] = [];
  /** How many functions, constructors, methods and modules are called. */
  readonly subjects: number = 0;

  /**
   * @param op Only what has this path or last name.
   * @param share Only every `share`th call: each subject has some.
   */
  constructor(
    { api, templates }: Knowledge,
    seed: number,
    op?: string,
    private readonly share = 1,
  ) {
    const rng = new Rng(seed, 0);
    for (const subject of new Subjects(api, templates).all(rng)) {
      const { path } = subject.call;
      if (op !== undefined && path !== op && lastName(path) !== op && !(op.endsWith(".") && path.startsWith(op)))
        continue;
      this.subjects++;
      this.calls.push(...variants(new Rng(seed, this.subjects), subject));
    }
  }

  get length(): number {
    return Math.ceil(this.calls.length / this.share);
  }

  call(k: number): Call {
    return this.calls[k * this.share]!;
  }
}

function variants(rng: Rng, { call, first, signatures, isInput = false }: Subject): Call[] {
  const args = (isInput ? call.inputs : call.args) ?? [];
  const withArgs = (values: readonly Value[]): Call =>
    isInput ? { ...call, inputs: values } : { ...call, args: values };
  const isHook = /register|[hH]ook|setWorker/.test(call.path);
  const wrong = (): Value => {
    const value = rng.pick(wrongs);
    return isHook && isFunction(value) ? plain(1) : value;
  };
  const found = [args.slice(0, first), [...args, ...Array(9).fill(plain(1))], [...args, code("{ unknown: 1 }")]];
  for (let i = first; i <= Math.max(args.length, first); i++)
    for (let n = 0; n < PER_PLACE; n++) found.push(i < args.length ? args.with(i, wrong()) : [...args, wrong()]);
  const names = namesOf(signatures);
  for (let n = 0; n < Math.min(NAMES, names.length); n++) {
    const at = rng.below(names.length);
    const entries = [[names[at]!, wrong()] as const];
    found.push([...args.slice(0, first + Math.min(at, args.length - first)), { is: "record", entries }]);
  }
  const empty = takesAnything.test(call.path)
    ? []
    : noTensors(signatures, args, first).map((values): Call => ({ ...withArgs(values), isInvalid: true }));
  return [...found.map(withArgs), ...empty];
}

/** What JavaScript takes for false is no tensor, and must not be taken for one that is not given, as null is. */
const falsy: readonly Value[] = [plain(false), plain(0), plain("")];

const isTensorOnly = (kinds: readonly Kind[]): boolean =>
  kinds.includes("tensor") && kinds.every((kind) => kind === "tensor" || kind === "null");

/** What passes anything on, as in PyTorch; and names of two functions, of which the other takes numbers there. */
const takesAnything =
  /(^|\.)(Identity|FusedModule|(De)?QuantStub|computeMask|rightInverse|slice|logaddexp)$|^vision\.transforms\.v2\./;

/** The arguments with something falsy where nothing but a tensor or null may stand, by position or by name. */
function noTensors(signatures: readonly Signature[], args: readonly Value[], first: number): Value[][] {
  const [signature, ...others] = signatures;
  if (signature === undefined || others.length > 0) return [];
  const found: Value[][] = [];
  for (const [i, { kinds, options = {}, rest }] of signature.entries()) {
    const at = first + i;
    if (at > args.length || rest) break;
    // Symbols are not options.
    const names = Object.keys(options).filter((key) => isTensorOnly(options[key]!) && !key.startsWith("__@"));
    for (const value of falsy) {
      if (isTensorOnly(kinds)) found.push(at < args.length ? args.with(at, value) : [...args, value]);
      for (const name of names) {
        const given = args[at];
        const entries = given?.is === "record" ? given.entries.filter(([key]) => key !== name) : [];
        found.push([...args.slice(0, at), { is: "record", entries: [...entries, [name, value]] }]);
      }
    }
  }
  return found;
}

/** The names of all arguments, those of options included. */
const namesOf = (signatures: readonly Signature[]): string[] => [
  ...new Set(
    signatures.flatMap((list) => list.flatMap(({ name, options }) => (options ? Object.keys(options) : [name]))),
  ),
];
