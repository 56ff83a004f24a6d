/** What is called in all forms: operators, modules and their calls, optimizers, schedulers, and what loads data. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { callFunction, callMethod, find, ourPath } from "./adapter";
import { type Api, loadApi } from "./api";
import { kindsOf } from "./declared";
import { ModuleRunner, type ModuleSpec } from "./families/modules";
import { type OpInfo, type OpSample, signaturesIn } from "./families/ops";
import { buildOptimizer } from "./families/optim";
import { argument } from "./families/sched";
import { argumentsIn, boundTo, type FormName, type TorchCall } from "./forms";
import { camelCase } from "./place";
import { evaluate } from "./python";
import { parseSignature, type TorchSignature } from "./signatures";
import type { Source } from "./source";
import { decode, decodeNamed, flatten, isTensor, type Tensor, torch } from "./values";

/** One thing that is called; each run makes all values anew. */
export interface FormCase {
  readonly family: string;
  readonly entry: string;
  /** What the call gives as the samples make it. */
  reference(): unknown[];
  /** What it gives in a form. */
  run(form: FormName): unknown[];
}

const classes = JSON.parse(readFileSync(join(import.meta.dirname, "classes.json"), "utf8")) as Record<string, string>;

const classSignature = (path: string): TorchSignature[] => {
  const text = classes[path];
  return text === undefined ? [] : [parseSignature(`${path.split(".").at(-1)}${text}`)];
};

/** Results of calls that draw numbers are those of one seed. */
function seeded<T>(body: () => T): T {
  torch.manualSeed(3);
  return body();
}

/** Arguments of the form, or those of the call if no signature is known. */
function laidOut(form: FormName, what: string, signatures: readonly TorchSignature[], call: TorchCall): unknown[] {
  const [bound] = boundTo(signatures, call);
  if (bound === undefined) throw new Error(`${what}: no signature of PyTorch fits the sample`);
  return argumentsIn(form, bound, new Map());
}

/** An operator call as it reaches the library. */
interface Reached extends TorchCall {
  readonly path: string;
  readonly receiver?: unknown;
}

const theirMethod = (name: string, signatures: readonly TorchSignature[]): TorchSignature[] =>
  signatures.map((one) => {
    const at = one.parameters.findIndex((parameter) => parameter.name === "input");
    return { ...one, name, parameters: one.parameters.toSpliced(Math.max(at, 0), 1) };
  });

/** The one call that a sample makes; undefined for operators of the language and for attributes. */
function reached(info: OpInfo, { op, kind, ...json }: OpSample): Reached | undefined {
  const [input, args, kwargs] = [decode(json.input), decode(json.args) as unknown[], decodeNamed(json.kwargs)];
  if (kind === "inplace" && !op.startsWith("nn.functional."))
    return {
      path: `${op.replace(/_$/, "").split(".").at(-1)}_`,
      receiver: (input as Tensor).clone(),
      positional: args,
      named: kwargs,
    };
  if (op.startsWith("__") || kind === "inplace") return undefined;
  if (kind === "method" && typeof (input as any)[camelCase(op)] !== "function") return undefined;
  if (kind === "method") return { path: op, receiver: input, positional: args, named: kwargs };
  if (!info.impl) return { path: op, positional: [input, ...args], named: kwargs };
  const calls: Reached[] = [];
  const note = (call: Reached): undefined => void calls.push(call);
  try {
    evaluate(
      info.impl,
      {
        call: (path, positional, named) => note({ path, positional, named }),
        method: (receiver, path, positional, named) => note({ path, receiver, positional, named }),
        attribute: (receiver, name) => (receiver as any)[name],
        matmul: (a, b) => torch.matmul(a, b),
      },
      [input, ...args],
      kwargs,
    );
  } catch {
    return undefined;
  }
  return calls.length === 1 && calls[0]!.path !== "" ? calls[0] : undefined;
}

/** The samples of a file that differ in which arguments they give; at most three, those with the most first. */
function telling(samples: readonly OpSample[]): OpSample[] {
  const weight = ({ args, kwargs }: OpSample): number => args.length + Object.keys(kwargs).length;
  const kinds = new Map<string, OpSample>();
  for (const sample of samples) {
    const key = `${sample.kind} ${sample.args.length} ${Object.keys(sample.kwargs)}`;
    if (!kinds.has(key)) kinds.set(key, sample);
  }
  return [...kinds.values()].sort((a, b) => weight(b) - weight(a)).slice(0, 3);
}

/** Where the index says nothing, too little, or another name than PyTorch takes. */
const documented: Readonly<Record<string, string>> = {
  expand: "expand(input, *size)",
  result_type: "result_type(tensor, other)",
  where: "where(condition, input, other)",
  cartesian_prod: "cartesian_prod(*tensors)",
  lu: "lu(A, pivot=True, get_infos=False)",
  mul_: "mul_(input, other)",
  div_: "div_(input, other, *, rounding_mode=None)",
  resize_: "resize_(input, size, *, memory_format=None)",
  index_copy_: "index_copy_(input, dim, index, source)",
  "nn.functional.one_hot": "one_hot(input, num_classes=-1)",
  "nn.functional.ctc_loss":
    "ctc_loss(log_probs, targets, input_lengths, target_lengths, blank=0, reduction='mean', zero_infinity=False)",
  "masked.norm": "norm(input, ord, dim=None, *, keepdim=False, dtype=None, mask=None)",
  "masked.var": "var(input, dim=None, unbiased=True, *, keepdim=False, dtype=None, mask=None)",
};

const masked = "masked(input, dim=None, *, keepdim=False, dtype=None, mask=None)";

/** Functions of nn.functional are Python's: the schemas are those of what they call. */
function signaturesOf(info: OpInfo): TorchSignature[] {
  const own = documented[info.op];
  if (own !== undefined) return [parseSignature(own)];
  if (info.op.startsWith("nn.functional.") && info.signatures.length > 0) return signaturesIn({ ...info, schemas: [] });
  return [...signaturesIn(info), ...(info.op.startsWith("masked.") ? [parseSignature(masked)] : [])];
}

function* opCases(source: Source, api: Api): Generator<FormCase> {
  for (const info of source.index("ops").ops as OpInfo[]) {
    const signatures = signaturesOf(info);
    for (const sample of telling(source.samples("ops", info.file)))
      if (torch.tidy(() => reached(info, sample) !== undefined)) yield opCase(info, sample, signatures, api);
  }
}

function opCase(info: OpInfo, sample: OpSample, signatures: readonly TorchSignature[], api: Api): FormCase {
  const fresh = (): Reached => reached(info, sample)!;
  return {
    family: "ops",
    entry: sample.op,
    reference() {
      const { path, receiver, positional, named } = fresh();
      if (receiver !== undefined)
        return seeded(() => flatten(callMethod(receiver, path, positional, named, signatures)));
      return seeded(() => flatten(callFunction(path, positional, named, signatures)));
    },
    run(form) {
      const count = boundOf(fresh(), signatures).length;
      if (count === 0) throw new Error("no signature of PyTorch fits the sample");
      // The documentation and the schema may call an argument differently: one of them is enough.
      let first: unknown;
      for (let i = 0; i < count; i++)
        try {
          return attempt(form, fresh(), signatures, i, api);
        } catch (error) {
          first ??= error;
        }
      throw first;
    },
  };
}

const isMethod = ({ path, receiver }: Reached): boolean =>
  receiver !== undefined || typeof find(ourPath(path)) !== "function";

/** The call as bound to each signature that it fits. */
const boundOf = (call: Reached, signatures: readonly TorchSignature[]): ReturnType<typeof boundTo> => {
  if (!isMethod(call)) return boundTo(signatures, call);
  const positional = call.receiver === undefined ? call.positional.slice(1) : call.positional;
  return boundTo(theirMethod(call.path, signatures), { positional, named: call.named });
};

/** The call in a form, by the i-th of the signatures that it fits. */
function attempt(form: FormName, call: Reached, signatures: readonly TorchSignature[], i: number, api: Api): unknown[] {
  const name = ourPath(call.path);
  const self: any = isMethod(call) ? (call.receiver ?? call.positional[0]) : undefined;
  const overloads = (isMethod(call) ? api.methods : api.functions)[name] ?? [];
  const args = argumentsIn(form, boundOf(call, signatures)[i]!, kindsOf(overloads), self);
  return seeded(() => flatten(self === undefined ? (find(name) as any)(...args) : self[name](...args)));
}

interface ModuleSample extends ModuleSpec {
  readonly state: Readonly<Record<string, unknown>>;
  readonly train: boolean;
  readonly inputs: readonly unknown[];
  readonly input_kwargs: Readonly<Record<string, unknown>>;
}

const most = <T extends { readonly kwargs: object; readonly args?: readonly unknown[] }>(samples: readonly T[]): T =>
  samples.reduce((a, b) => (weightOf(b) > weightOf(a) ? b : a));

const weightOf = ({ kwargs, args = [] }: { readonly kwargs: object; readonly args?: readonly unknown[] }): number =>
  Object.keys(kwargs).length + args.length;

/** The state and the results of a module that got the state of the sample. */
function use(sample: ModuleSample, model: any, call: (model: any) => unknown): unknown[] {
  const before = Object.values(model.stateDict());
  const drawn = before.map((value) => (isTensor(value) ? value.clone() : value));
  model.loadStateDict(decodeNamed(sample.state));
  model.train(sample.train);
  return [...drawn, ...flatten(seeded(() => call(model))), ...flatten(Object.values(model.stateDict()))];
}

function* moduleCases(source: Source): Generator<FormCase> {
  const runner = new ModuleRunner(source.index("modules").modules);
  for (const file of source.files("modules"))
    for (const sample of bestOf(source.samples("modules", file) as ModuleSample[], ({ module }) => module)) {
      const { module } = sample;
      // Identity takes anything and has no names.
      if (classes[module] === undefined) continue;
      const make = (): unknown => seeded(() => runner.build(sample));
      const inputs = (): TorchCall => ({
        positional: decode(sample.inputs) as unknown[],
        named: decodeNamed(sample.input_kwargs),
      });
      const plain = (model: any): unknown => {
        const { positional, named } = inputs();
        const options = Object.fromEntries(Object.entries(named).map(([name, value]) => [camelCase(name), value]));
        return Object.keys(named).length > 0 ? model(...positional, options) : model(...positional);
      };
      const reference = (): unknown[] => use(sample, make(), plain);
      yield {
        family: "modules",
        entry: module,
        reference,
        run: (form) =>
          use(
            sample,
            seeded(
              () => new (find(module) as any)(...laidOut(form, module, classSignature(module), runner.given(sample))),
            ),
            plain,
          ),
      };
      yield {
        family: "calls of modules",
        entry: module,
        reference,
        run: (form) =>
          use(sample, make(), (model) =>
            model(...laidOut(form, module, classSignature(`${module}.forward`), inputs())),
          ),
      };
    }
}

/** Of each entry the sample with the most arguments. */
function bestOf<T extends { readonly kwargs: object }>(samples: readonly T[], entry: (sample: T) => string): T[] {
  const groups = new Map<string, T[]>();
  for (const sample of samples) groups.set(entry(sample), [...(groups.get(entry(sample)) ?? []), sample]);
  return [...groups.values()].map(most);
}

/** Three steps of an optimizer downhill. */
function descend(make: (params: readonly Tensor[]) => any): unknown[] {
  const params = [torch.linspace(1, 2, 6).reshape([2, 3]), torch.tensor([0.5, -0.5])].map((x) => x.requiresGrad_());
  const optimizer = make(params);
  for (let i = 0; i < 3; i++)
    optimizer.step(() => {
      optimizer.zeroGrad();
      const loss = params[0]!.pow(2).sum().add(params[1]!.pow(4).sum());
      loss.backward();
      return loss;
    });
  return params;
}

function* optimCases(source: Source): Generator<FormCase> {
  const samples = source.files("optim").flatMap((file) => source.samples("optim", file));
  for (const { optimizer, kwargs } of bestOf(samples, ({ optimizer }) => optimizer)) {
    const path = `optim.${optimizer}`;
    const named = (): Record<string, unknown> => decodeNamed(kwargs);
    yield {
      family: "optim",
      entry: optimizer,
      reference: () => descend((params) => buildOptimizer({ optimizer, kwargs, groups: [{ params: [0, 1] }] }, params)),
      run: (form) =>
        descend(
          (params) =>
            new (find(path) as any)(
              ...laidOut(form, path, classSignature(path), { positional: [params], named: named() }),
            ),
        ),
    };
  }
}

function* schedCases(source: Source): Generator<FormCase> {
  const samples = source.files("sched").flatMap((file) => source.samples("sched", file));
  for (const sample of bestOf(samples, ({ scheduler }) => scheduler)) {
    const { scheduler, kwargs } = sample;
    const path = `optim.lr_scheduler.${scheduler}`;
    const signature = classSignature(path);
    const rates = (make: (given: TorchCall) => any): unknown[] => {
      const params = [0, 1].map(() => torch.zeros(2).requiresGrad_());
      const { name, kwargs: options, groups } = sample.optimizer;
      const optimizer = buildOptimizer({ optimizer: name, kwargs: options, groups }, params);
      const named = Object.fromEntries(Object.entries(kwargs).map(([key, value]) => [key, argument(value, optimizer)]));
      const scheduled = make({ positional: scheduler === "ChainedScheduler" ? [] : [optimizer], named });
      return Array.from({ length: 6 }, () => {
        optimizer.step();
        scheduled.step(...(sample.metrics ? [1] : []));
        return optimizer.paramGroups.map(({ lr }: { lr: number }) => lr);
      }).flat();
    };
    const build = (args: readonly unknown[]): any => new (find(ourClass(path)) as any)(...args);
    yield {
      family: "sched",
      entry: scheduler,
      reference: () => rates((given) => build(laidOut("mixed", path, signature, given))),
      run: (form) => rates((given) => build(laidOut(form, path, signature, given))),
    };
  }
}

const ourClass = (path: string): string =>
  path
    .split(".")
    .map((part, i, all) => (i < all.length - 1 ? camelCase(part) : part))
    .join(".");

/** Arguments of what loads data, and a few others that no sample has. */
const loaders: Readonly<Record<string, () => Record<string, unknown>>> = {
  "utils.data.DataLoader": () => ({
    dataset: new torch.utils.data.TensorDataset(torch.arange(10)),
    batch_size: 3,
    shuffle: true,
    num_workers: 0,
    collate_fn: (items: readonly Tensor[][]) => torch.stack(items.map(([x]) => x)),
    drop_last: true,
    generator: new torch.Generator().manualSeed(5),
  }),
  "utils.data.TensorDataset": () => ({ tensors: [torch.arange(4), torch.arange(4).mul(2)] }),
  "utils.data.ConcatDataset": () => ({
    datasets: [0, 1].map(() => new torch.utils.data.TensorDataset(torch.arange(3))),
  }),
  "utils.data.ChainDataset": () => ({ datasets: [] }),
  "utils.data.Subset": () => ({ dataset: new torch.utils.data.TensorDataset(torch.arange(5)), indices: [3, 1] }),
  "utils.data.SequentialSampler": () => ({ data_source: [1, 2, 3] }),
  "utils.data.RandomSampler": () => ({
    data_source: [1, 2, 3],
    replacement: true,
    num_samples: 5,
    generator: new torch.Generator().manualSeed(2),
  }),
  "utils.data.SubsetRandomSampler": () => ({ indices: [4, 2, 0], generator: new torch.Generator().manualSeed(2) }),
  "utils.data.WeightedRandomSampler": () => ({
    weights: [1, 2, 3],
    num_samples: 2,
    replacement: false,
    generator: new torch.Generator().manualSeed(2),
  }),
  "utils.data.BatchSampler": () => ({
    sampler: new torch.utils.data.SequentialSampler([1, 2, 3]),
    batch_size: 2,
    drop_last: true,
  }),
};

function read(value: any): unknown[] {
  if (Symbol.iterator in value) return flatten([...value]);
  return flatten(Array.from({ length: value.length }, (_, i) => value.at(i)));
}

function* loaderCases(): Generator<FormCase> {
  for (const [path, make] of Object.entries(loaders)) {
    if (find(path) === undefined) continue;
    const build = (form: FormName): unknown[] => {
      const given = make();
      const [signature] = classSignature(path);
      const first = signature!.parameters[0]!;
      const { [first.name]: value, ...named } = given;
      const positional = first.variadic ? (value as unknown[]) : [value];
      return seeded(() => read(new (find(path) as any)(...laidOut(form, path, [signature!], { positional, named }))));
    };
    yield { family: "data", entry: path, reference: () => build("mixed"), run: build };
  }
}

/** Everything that the samples of a source and the tables here call. */
export function* formCases(source: Source): Generator<FormCase> {
  yield* opCases(source, loadApi());
  yield* moduleCases(source);
  yield* optimCases(source);
  yield* schedCases(source);
  yield* loaderCases();
}
