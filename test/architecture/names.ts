/** What became of each of PyTorch's public names: `docs/names.md` and the share that is here. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as kindling from "kindling";
import { camelCase } from "./face";

/** Names that make no sense here, as patterns of whole paths without `torch.`, by the reason. The first that matches counts. */
const senseless: readonly (readonly [reason: string, pattern: RegExp])[] = [
  [
    "Complex tensors are not there yet; calls are errors that say so",
    /^(Tensor\.)?(complex\d*|cdouble|cfloat|chalf|imag|polar|viewAs(Complex|Real)(Copy)?)$|^(linalg\.(eig|eigvals)|fft\.(i?fft[2n]?|rfft[2n]?|ihfft))$/,
  ],
  [
    "Sparse layouts: all tensors are strided",
    /^(Tensor\.)?(\w*[sS]parse\w*|(crow|ccol|col|row)Indices(Copy)?|indices(Copy)?|values(Copy)?|dsmm|hsmm|hspmm|saddmm|smm|spmm|sspaddmm|nativeNorm|coalesce|isCoalesced|denseDim|toDense|layout|strided|optim\.SparseAdam)$/,
  ],
  [
    "Methods of `QuantizedTensor`, which is a class of its own: see [quantization.md](quantization.md)",
    /^(Tensor\.(q(PerChannel\w+|Scale|ZeroPoint|scheme)|dequantize|intRepr|isQuantized)|intRepr|qscheme)$/,
  ],
  [
    "Quantized tensors of 4 bits or without values, and parts of training with fake quantization, are not there",
    /^(quint\dx\d|perChannelAffineFloatQparams|emptyQuantized|fusedMovingAvgObsFakeQuant|chooseQparamsOptimized)$/,
  ],
  ["Named tensors: a prototype in PyTorch", /^(Tensor\.)?(align(As|To|Tensors)|hasNames|names|refineNames|rename_?)$/],
  [
    "CUDA and other devices that are not there, and what serves them alone",
    /^(Tensor\.)?(cuda|ipu|xpu|is(Cpu|Cuda|Ipu|Mkldnn|Mps|Ort|Vulkan|Xpu|Meta|Nested|VulkanAvailable)|toMkldnn|toPaddedTensor|pinMemory|isPinned|recordStream|Stream|batchNorm(BackwardElemt|BackwardReduce|Elemt|GatherStats\w*|Stats|UpdateStats))$|^(nn\.DataParallel|utils\.checkpoint\.(get|set)DeviceStates)$/,
  ],
  [
    "Insides of autocast, which is a scope here and nothing that is set",
    /^(autocast(Decrement|Increment)Nesting|(get|set|is)Autocast\w*|clearAutocastCache)$/,
  ],
  [
    "TorchScript, and other insides of the C++ runtime",
    /^(AVG|SUM|AliasDb|Argument|ArgumentSpec|Benchmark\w+|Block|BufferDict|CONV_BN_FUSION|CallStack|Capsule|Code|CompilationUnit|CompleteArgumentSpec|ConcreteModuleTypeBuilder|DeepCopyMemoTable|DeserializationStorageContext|DispatchKey(Set)?|ErrorReport|ExcludeDispatchKeyGuard|ExecutionPlan|FUSE_ADD_RELU|FileCheck|FunctionSchema|Future|Gradient|Graph|GraphExecutorState|HOIST\w+|INSERT\w+|IODescriptor|JITException|LiteScriptModule|LockingLogger|LoggerBase|ModuleDict|Node|NoopLogger|OperatorInfo|PRIVATE_OPS|ParameterDict|PyTorchFile(Reader|Writer)|REMOVE_DROPOUT|Script\w+|SerializationStorageContext|StaticModule|Sym(Float|Int)Node|Tag|ThroughputBenchmark|TracingState|Use|Value|fork|wait|unifyTypeList|readVitals|setVital|vitalsEnabled|has(Cuda|Cudnn|Lapack|Mkl|Mkldnn|Mps|Openmp|Spectral)|compiledWithCxx11Abi|USE_\w+|(get|set)NumInteropThreads|initNumThreads)$/,
  ],
  [
    "Python's own: leftovers of modules, types of annotations, texts of the documentation, overriding by `__torch_function__`",
    /^([\w.]+\.)?(Callable|List|Optional|Set|Tuple|Union|TYPE_CHECKING|BroadcastingList\d|\w+_notes|abstractmethod|attr|candidate|name|obj|classproperty|factoryKwargs|DisableTorchFunction|(handle|has)TorchFunction\w*|asSubclass|booleanDispatch|assertIntOrPair|GRID_SAMPLE_\w+|getFilePath|prepareMultiprocessingEnvironment|utils\.data\.collate)$/,
  ],
  ["`Tensor` of another namespace; it is `torch.Tensor`", /^[\w.]+\.Tensor$/],
  [
    "Storages and addresses are not shown: tensors are all that programs see of memory",
    /^(StorageBase|fromFile|Tensor\.(dataPtr|storage|storageType|isShared|shareMemory_))$/,
  ],
  [
    "Memory formats: new tensors are laid out row by row",
    /^(channelsLast(3d)?|(contiguous|legacyContiguous|preserve)Format|memoryFormat|nn\.utils\.convertConv2dWeightMemoryFormat)$/,
  ],
  ["Tensors over several machines", /^(Tensor\.)?isDistributed$/],
  ["Warnings and logs: the library writes none", /^(isWarnAlwaysEnabled|setWarnAlways|onnx\.(en|dis)ableLog)$/],
  [
    "Repositories of other people's Python, which cannot run here: calls are errors that say what to use",
    /^hub\.(help|list|load)$/,
  ],
  [
    "Insides of the exporter of TorchScript, and what stands in other files than a model's: the export here follows a run of the model, and writes files of ONNX",
    /^onnx\.(CheckerError|ExportTypes|JitScalarType|OperatorExportTypes|TensorProtoDataType|(un)?registerCustomOpSymbolic|selectModelModeForExport)$/,
  ],
  ["PyTorch's own recorder, Kineto, and devices that are not there", /^profiler\.(DeviceType|ExecutionGraphObserver)$/],
  [
    "Removed from PyTorch, or left over from its first versions: calls are errors that say what to use",
    /^(Tensor\.)?(eig|lstsq|matrixRank|solve|reinforce|volatile)$|^autograd\.Variable$/,
  ],
  [
    "Data pipes, which PyTorch gave up: a DataLoader takes any iterable",
    /^utils\.data\.(DFIterDataPipe|DataChunk|DataLoader2|IterDataPipe|MapDataPipe|argumentValidation|functionalDatapipe|guaranteedDatapipesDeterminism|nonDeterministic|runtimeValidation(Disabled)?)$/,
  ],
  [
    "Parts of the reentrant variant of checkpoint, without documentation; that variant is not here",
    /^utils\.checkpoint\.(CheckpointFunction|checkBackwardValidity|detachVariable)$/,
  ],
  ["Classes of values that are strings here", /^dtype$/],
];

/** Names that are here as something else. */
const others: Readonly<Record<string, string>> = {};

const theirs = JSON.parse(readFileSync(join(import.meta.dirname, "pytorchNames.json"), "utf8")) as Record<
  string,
  string
>;

/** Whole namespaces that are another chapter: not counted. */
const chapters =
  "amp distributed jit nn.parallel quantization sparse torchvision.io torchvision.ops torchvision.transforms torchvision.utils";

/** What became of a name: there, there as something else, without sense here for a reason, or still to do. */
type Fate = { readonly kind: "here" | "missing" } | { readonly kind: "other" | "senseless"; readonly why: string };

const instance = kindling.zeros([1]);

/** The object in which the names of `torch.nn.utils` are looked up; a tensor stands for its class. */
function spaceOf(space: string): unknown {
  if (space === "torch.Tensor") return instance;
  return space
    .split(".")
    .slice(1)
    .reduce<unknown>((inner, part) => (inner as Record<string, unknown> | undefined)?.[camelCase(part)], kindling);
}

/** Whether `name` is in the library; a property may be one that explains itself by an error, but those have a reason above. */
const isHere = (space: string, name: string): boolean => {
  const inner = spaceOf(space);
  return typeof inner === "object" && inner !== null && name in inner;
};

function fateOf(space: string, name: string): Fate {
  const ours = camelCase(name);
  // Constants keep their underscores in the patterns, where no letter tells words apart.
  const last = /[a-z]/.test(name) && !name.endsWith("_notes") ? ours : name;
  const path = [...space.split(".").slice(1).map(camelCase), last].join(".");
  const reason = senseless.find(([, pattern]) => pattern.test(path));
  if (reason !== undefined) return { kind: "senseless", why: reason[0] };
  if (isHere(space, ours)) return { kind: "here" };
  if (Object.hasOwn(others, path)) return { kind: "other", why: others[path]! };
  if (space === "torch.nn.modules" && isHere("torch.nn", ours)) return { kind: "other", why: `\`nn.${ours}\`` };
  return { kind: "missing" };
}

/** The names of one namespace with their fates. */
interface Space {
  readonly space: string;
  readonly fates: readonly (readonly [name: string, fate: Fate])[];
}

const spaces: readonly Space[] = Object.entries(theirs)
  .filter(([space]) => !space.startsWith("torchvision"))
  .map(([space, names]) => ({ space, fates: names.split(" ").map((name) => [name, fateOf(space, name)] as const) }));

const count = (all: readonly Space[], ...kinds: Fate["kind"][]): number =>
  all.flatMap(({ fates }) => fates).filter(([, { kind }]) => kinds.includes(kind)).length;

/** The share of the names with a meaning here that are here, under their own or another name. */
export const share = (): number => count(spaces, "here", "other") / count(spaces, "here", "other", "missing");

/** Classes and functions that explain themselves when they are used. */
const explained: readonly string[] = ["torch.autograd.Variable", "torch.optim.SparseAdam"];

/** Whether a name is an error with a way out. */
const isExplained = (space: string, name: string): boolean => {
  const value = (spaceOf(space) as Record<string, unknown>)[name];
  return explained.includes(`${space}.${name}`) || (typeof value === "function" && "isAbsent" in value);
};

/** Names that are called meaningless although they are here and work: for the test, which finds reasons that take too much. Tensors explain themselves. */
export const hidden = (): string[] =>
  spaces
    .filter(({ space }) => space !== "torch.Tensor")
    .flatMap(({ space, fates }) =>
      fates
        .filter(([name, { kind }]) => kind === "senseless" && isHere(space, camelCase(name)))
        .filter(([name]) => !isExplained(space, camelCase(name)))
        .map(([name]) => `${space}.${name}`),
    );

/** Reasons that no name has. */
export const idle = (): string[] => {
  const used = new Set(spaces.flatMap(({ fates }) => fates).map(([, fate]) => ("why" in fate ? fate.why : "")));
  return senseless.map(([reason]) => reason).filter((reason) => !used.has(reason));
};

const list = (names: readonly string[]): string => names.map((name) => `\`${name}\``).join(" ");

/** The rest of a namespace by what is said of it: `- Sparse layouts: …: names`. */
function grouped(fates: Space["fates"], kind: "senseless" | "other"): string[] {
  const groups = new Map<string, string[]>();
  for (const [name, fate] of fates)
    if (fate.kind === kind) groups.set(fate.why, [...(groups.get(fate.why) ?? []), name]);
  return [...groups].map(([why, names]) => `- ${why}: ${list(names)}`);
}

function section(all: Space): string {
  const { space, fates } = all;
  const named = (kind: Fate["kind"]) => fates.filter(([, fate]) => fate.kind === kind).map(([name]) => name);
  const [here, missing] = [named("here"), named("missing")];
  const other = grouped(fates, "other");
  const none = grouped(fates, "senseless");
  return [
    `## ${space}`,
    ...(here.length > 0 ? [`**Here** (${here.length}): ${list(here.map(camelCase))}`] : []),
    ...(other.length > 0 ? [`**Here under another name:**\n\n${other.join("\n")}`] : []),
    ...(none.length > 0 ? [`**Not meaningful here:**\n\n${none.join("\n")}`] : []),
    ...(missing.length > 0 ? [`**Missing** (${missing.length}): ${list(missing)}`] : []),
  ].join("\n\n");
}

const row = (all: readonly Space[], title: string): string =>
  `| ${[title, ...(["here", "other", "senseless", "missing"] as const).map((kind) => count(all, kind))].join(" | ")} |`;

/** Every name with what it is called here, or why it is not: for the table of the documentation site. */
export const nameRows = (): [theirs: string, ours: string][] =>
  spaces.flatMap(({ space, fates }) =>
    fates.map(([name, fate]): [string, string] => {
      const ours = `${space.replace(/^torch\.Tensor$/, "x")}.${camelCase(name)}`;
      if (fate.kind === "here") return [`${space}.${name}`, ours];
      if (fate.kind === "other") return [`${space}.${name}`, fate.why];
      return [`${space}.${name}`, fate.kind === "senseless" ? `not here: ${fate.why}` : "missing"];
    }),
  );

/** One line for the terminal. */
export const summary = (): string =>
  `names: ${count(spaces, "here", "other")} of ${count(spaces, "here", "other", "missing")} that mean something here, ${(100 * share()).toFixed(1)} %`;

/** The text of `docs/names.md`. */
export const page = (): string => `<!-- Written by \`npm run docs:names\`; not by hand. -->
# PyTorch's names

Each public name of PyTorch 1.13, as \`dir()\` gives them, and what became of it here. Of those that mean something here
**${(100 * share()).toFixed(1)} %** are here (${count(spaces, "here", "other")} of ${count(spaces, "here", "other", "missing")}). What is called *not meaningful* has no sense in JavaScript
and WebAssembly, or waits for a kind of tensor that is not there; where a call is likely, it is an error that says what to use.

| namespace | here | under another name | not meaningful | missing |
| --- | --- | --- | --- | --- |
${spaces.map((one) => row([one], `\`${one.space}\``)).join("\n")}
${row(spaces, "all")}

Chapters of their own, which are not counted: ${list(chapters.split(" ").map((space) => (space.startsWith("torchvision") ? space : `torch.${space}`)))}.

${spaces.map(section).join("\n\n")}
`;
