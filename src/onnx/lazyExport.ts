/** `torch.onnx.export`: checks what it is given, traces the model at several sizes, and writes the file. */

import { noGrad } from "../autograd/mode";
import { checkFlag, checkInteger } from "../core/arguments";
import { isPlainObject } from "../core/binding";
import { classNameOf } from "../core/className";
import { ArgumentError, DeviceError, describe, KindlingError, ValueError } from "../core/errors";
import { Module } from "../nn/module/module";
import { Parameter } from "../nn/module/parameter";
import { writeBytes, writeStream } from "../platform/files";
import type { Tensor } from "../tensor/tensor";
import { bytesIn, dataOf, type External, encodeModel } from "./export/encode";
import { nameOutputs, prune } from "./export/finish";
import { lower, type Written } from "./export/lower";
import { tensorsIn, trace } from "./export/trace";
import { type Size, Sym, type Trace } from "./export/types";
import {
  axisNames,
  type DynamicAxes,
  resized,
  shuffled,
  type Variable,
  variablesOf,
  withTensors,
} from "./export/variables";
import type { ExportOptions, ExportTarget } from "./exporting";

const op = "onnx.export";
/** Protocol buffers end at 2 GiB. */
const MOST_INSIDE = 2 ** 31 - 2 ** 24;

type Model = Module | ((...args: any[]) => unknown);

/** A model with the arguments that it is traced with. */
interface Subject {
  readonly model: Model;
  readonly args: readonly unknown[];
  readonly inputs: readonly (readonly [name: string, x: Tensor])[];
  readonly state: ReadonlyMap<Tensor, string>;
  readonly paths: ReadonlyMap<Module, string>;
}

function checkNames(name: string, given: unknown): readonly string[] {
  if (given == null) return [];
  if (!Array.isArray(given) || !given.every((item) => typeof item === "string" && item !== ""))
    throw new ArgumentError(`${op}: ${name} must be an array of names, got ${describe(given)}`);
  const twice = given.find((item, i) => given.indexOf(item) !== i);
  if (twice !== undefined) throw new ArgumentError(`${op}: ${name} has "${twice}" twice`);
  return given;
}

/** `/layer1/layer1.0/conv1` of `layer1.0.conv1`: a number stands behind the name that it counts. */
function scopeOf(path: string): string {
  const parts = path.split(".");
  return parts.map((part, i) => `/${/^\d+$/.test(part) && i > 0 ? `${parts[i - 1]}.${part}` : part}`).join("");
}

function stateOf(model: Model): Pick<Subject, "state" | "paths"> {
  const state = new Map<Tensor, string>();
  const paths = new Map<Module, string>();
  if (model instanceof Module) {
    for (const [name, x] of [...model.namedParameters(), ...model.namedBuffers()])
      if (!state.has(x)) state.set(x, name);
    for (const [path, module] of model.namedModules()) paths.set(module, path === "" ? "" : scopeOf(path));
  }
  return { state, paths };
}

function subjectOf(model: unknown, args: unknown, options: ExportOptions): Subject {
  if (typeof model !== "function" && !(model instanceof Module))
    throw new ArgumentError(`${op}: model must be a Module or a function of tensors, got ${describe(model)}`);
  const list = Array.isArray(args) ? args : [args];
  const tensors = tensorsIn(list);
  if (tensors.length === 0)
    throw new ArgumentError(
      `${op}: args must be example inputs of the model, a Tensor or an array with tensors, got ${describe(args)}`,
    );
  const names = checkNames("inputNames", options.inputNames);
  if (names.length > tensors.length)
    throw new ArgumentError(
      `${op}: number of input names provided (${names.length}) exceeded number of inputs (${tensors.length})`,
    );
  const inputs = tensors.map((x, i) => [names[i] ?? (i === 0 ? "input" : `input_${i}`), x] as const);
  return { model: model as Model, args: list, inputs, ...stateOf(model as Model) };
}

/** @throws DeviceError for tensors of a device that cannot be read at once, as a trace has to. */
function checkReadable({ inputs, state }: Subject): void {
  for (const [name, x] of [...inputs, ...[...state].map(([x, name]) => [name, x] as const)])
    if (!x.storage.backend.readsAtOnce)
      throw new DeviceError(
        `${op}: "${name}" is on "${x.device}", whose values cannot be read at once; export on the cpu: await model.cpu(), and give inputs as await x.cpu()`,
      );
}

/** Runs `body` with the modules in the mode that is asked for, and puts them back. */
function inMode<T>(model: Model, training: number, body: () => T): T {
  if (!(model instanceof Module) || training === 1) return body();
  const modules = model.modules();
  const before = modules.map((module) => module.training);
  model.train(training === 2);
  try {
    return body();
  } finally {
    modules.forEach((module, i) => {
      module.training = before[i]!;
    });
  }
}

/** Tensors of one trace: views of their own, so that what the trace knows of one is nothing to another. */
function run(subject: Subject, tensors: readonly Tensor[], keepsBytes: boolean): Trace {
  const own = tensors.map((x) => x.detach().clone());
  const args = withTensors(subject.args, own);
  const inputs = subject.inputs.map(([name], i) => [name, own[i]!] as const);
  const body = () => (subject.model as (...args: unknown[]) => unknown)(...args);
  return trace({ run: body, inputs, state: subject.state, paths: subject.paths, keepsBytes });
}

/** Traces at two other values of an open size. Sizes that the model refuses alone may have to change together, or by more. */
function tracesOf(subject: Subject, variable: Variable, all: readonly Variable[], inputs: readonly Tensor[]): Trace[] {
  const { size } = variable;
  const together = all.filter((other) => other.size === size).flatMap(({ axes }) => axes);
  const sizes = [
    [size + 1, size + 2],
    [size * 2, size * 3],
    [Math.ceil(size / 2), size - 1],
  ].filter((pair) => pair.every((n) => n > 0 && n !== size) && pair[0] !== pair[1]);
  let first: unknown;
  for (const axes of together.length > variable.axes.length ? [variable.axes, together] : [variable.axes])
    for (const pair of sizes)
      try {
        return pair.map((n) =>
          run(
            subject,
            noGrad(() => resized(inputs, axes, n)),
            false,
          ),
        );
      } catch (error) {
        first ??= error;
      }
  const why = first instanceof Error ? first.message : String(first);
  throw new KindlingError(
    `${op}: the model does not run with other sizes of the dynamic axis "${variable.name}" than ${size}: ${why}`,
    { cause: first },
  );
}

function checkDynamicAxes(given: unknown): DynamicAxes {
  if (given == null) return {};
  if (!isPlainObject(given))
    throw new ArgumentError(
      `${op}: dynamicAxes must be an object such as { input: { 0: "batch" } }, got ${describe(given)}`,
    );
  return given as DynamicAxes;
}

function checkKeys(axes: DynamicAxes, names: readonly string[]): void {
  for (const name of Object.keys(axes))
    if (!names.includes(name))
      throw new ArgumentError(
        `${op}: dynamicAxes names "${name}", which is no input or output; those are ${names.join(", ")}`,
      );
}

/** Open axes of outputs by their names. */
function outputAxesOf(written: Written, axes: DynamicAxes): ReadonlyMap<number, string>[] {
  return written.outputs.map(({ name, shape }) =>
    Object.hasOwn(axes, name) ? axisNames(name, axes[name], shape.length) : new Map<number, string>(),
  );
}

/** Names a size that is an open size of the inputs in every trace. */
function sizeNames(variables: readonly Variable[], written: Written): (size: Size) => string | undefined {
  const names = new Map<string, string>();
  for (const { name, axes } of variables) {
    const size = written.inputs[axes[0]![0]]!.shape[axes[0]![1]]!;
    if (size instanceof Sym) names.set(size.values.join(), name);
  }
  return (size) => (size instanceof Sym ? names.get(size.values.join()) : undefined);
}

function write(
  subject: Subject,
  options: ExportOptions,
  opset: number,
): { written: Written; variables: readonly Variable[] } {
  const axes = checkDynamicAxes(options.dynamicAxes);
  const inputs = subject.inputs.map(([, x]) => x);
  const variables = variablesOf(subject.inputs, axes);
  const traces = [
    run(subject, inputs, true),
    run(
      subject,
      noGrad(() => shuffled(inputs)),
      false,
    ),
  ];
  const outputNames = checkNames("outputNames", options.outputNames);
  const count = traces[0]!.outputs.length;
  if (outputNames.length > count)
    throw new ArgumentError(
      `${op}: number of output names provided (${outputNames.length}) exceeded number of outputs (${count})`,
    );
  const defaults = Array.from({ length: count }, (_, i) => (count === 1 ? "output" : `output_${i}`));
  checkKeys(axes, [...subject.inputs.map(([name]) => name), ...defaults.map((name, i) => outputNames[i] ?? name)]);
  for (const variable of variables) traces.push(...tracesOf(subject, variable, variables, inputs));
  const state = new Map([...subject.state].map(([x, name]) => [name, x]));
  const { exportParams = true, doConstantFolding = true } = options;
  const graph = lower(traces, { opset, exportParams, foldsConstants: doConstantFolding, state });
  const written = nameOutputs(graph, outputNames);
  prune(written);
  return { written, variables };
}

/** Checks the plain options. @returns the opset. */
function checkOptions(options: ExportOptions): number {
  for (const name of [
    "exportParams",
    "verbose",
    "doConstantFolding",
    "keepInitializersAsInputs",
    "externalData",
  ] as const)
    if (options[name] != null) checkFlag(op, name, options[name]);
  const { training = 0, opsetVersion = 17 } = options;
  if (training !== 0 && training !== 1 && training !== 2)
    throw new ValueError(
      `${op}: training must be one of onnx.TrainingMode.EVAL, PRESERVE and TRAINING, got ${describe(training)}`,
    );
  checkInteger(op, "opsetVersion", opsetVersion ?? 17);
  if ((opsetVersion ?? 17) < 13 || (opsetVersion ?? 17) > 20)
    throw new ValueError(`${op}: unsupported ONNX opset version: ${opsetVersion}; opsets 13 to 20 are written`);
  return opsetVersion ?? 17;
}

/** A line per node, as `verbose` prints them. */
function listing({ graph, inputs, outputs }: Written): string {
  const names = (list: readonly { readonly name: string }[]): string => list.map(({ name }) => name).join(", ");
  const lines = graph.nodes.map(
    ({ type, name, inputs: from, outputs: to }) => `  ${to.join(", ")} = ${type}(${from.join(", ")})  # ${name}`,
  );
  return [`graph(${names(inputs)}):`, ...lines, `  return ${names(outputs)}`].join("\n");
}

const parametersOf = ({ exportParams = true, keepInitializersAsInputs = false }: ExportOptions) =>
  exportParams ? (keepInitializersAsInputs ? "both" : "inside") : "inputs";

/** Writes what lies beside the model. */
async function writeExternal(path: string | URL, { parts }: External): Promise<void> {
  await writeStream(op, path, async (put) => {
    let end = 0;
    for (const { offset, data } of parts) {
      if (offset > end) await put(new Uint8Array(offset - end));
      await put(dataOf(data));
      end = offset + bytesIn(data);
    }
  });
}

const besides = (path: string | URL): string | URL =>
  path instanceof URL ? new URL(`${path.href}.data`) : `${path}.data`;

const baseName = (path: string | URL): string => String(path).split(/[\\/]/).at(-1)!;

/** @see torch.onnx.export, as `index.ts` documents it. */
export async function exportModel(
  model: unknown,
  args: unknown,
  f: ExportTarget,
  options: ExportOptions,
): Promise<Uint8Array | undefined> {
  const opset = checkOptions(options);
  if (f != null && typeof f !== "string" && !(f instanceof URL))
    throw new ArgumentError(`${op}: f must be a path, a URL or null for the bytes, got ${describe(f)}`);
  const subject = subjectOf(model, args, options);
  checkReadable(subject);
  const { written, variables } = inMode(subject.model, options.training ?? 0, () => write(subject, options, opset));
  if (options.verbose) console.log(listing(written));
  const size = [...written.graph.initializers.values()].reduce((sum, own) => sum + bytesIn(own), 0);
  const isExternal = options.externalData ?? (size > MOST_INSIDE && parametersOf(options) !== "inputs");
  if (isExternal && f == null)
    throw new ArgumentError(`${op}: weights beside the model (${size} bytes) need a file; give f`);
  const external = isExternal ? { location: baseName(besides(f!)), parts: [] } : undefined;
  const bytes = encodeModel(written, {
    name: subject.model instanceof Module ? classNameOf(subject.model) : "main_graph",
    opset,
    parameters: parametersOf(options),
    state: new Map([...subject.state].map(([x, name]) => [name, x instanceof Parameter])),
    external,
    nameSize: sizeNames(variables, written),
    outputAxes: outputAxesOf(written, checkDynamicAxes(options.dynamicAxes)),
  });
  if (f == null) return bytes;
  if (external !== undefined) await writeExternal(besides(f), external);
  await writeBytes(op, f, bytes);
  return undefined;
}
