/** What to use in the place of members that PyTorch's tensors have and these cannot. What is added to the class wins over this table. */
import { explainAbsent, type WaysOut } from "../core/absent";
import { Tensor } from "./tensor";

const operators =
  "abs add and div eq floordiv ge gt invert le lshift lt matmul mod mul ne neg or pos pow rshift sub truediv xor";
const protocol =
  "array arrayPriority arrayWrap bool class complex contains cudaArrayInterface deepcopy delattr delitem dict dir dlpack dlpackDevice doc float " +
  "format getattribute getstate hash index init int long module new nonzero reduce reduceEx repr reversed setattr setstate sizeof str torchDispatch " +
  "torchFunction weakref";
const words = (text: string): string => text.replaceAll(" ", "|");

const waysOut: WaysOut = [
  [
    /^__array__$/,
    "use x.numpy(), which shows the memory, x.toTypedArray(), which copies, or x.tolist() for nested arrays",
  ],
  [/^(len|__len__)$/, "use x.length or x.size(0), or x.numel() for all elements"],
  [/^__([gs]et|del)item__$/, "use x.at(…) to read and x.setAt([…], value) to write"],
  [/^__iter__$/, "use for (const row of x)"],
  [/^(toFixed|toPrecision|toExponential)$/, "a tensor is no number of JavaScript; use x.item()"],
  [
    new RegExp(`^__[ir]?(${words(operators)})__$`),
    "operators are methods here, such as x.add(y), x.neg(), x.matmul(y), x.gt(y)",
  ],
  [
    new RegExp(`^__(${words(protocol)})__$`),
    "a protocol of Python; use x.item() for the value, String(x) for the text, x.clone() for a copy, nn.deepcopy(model) for one of a model",
  ],

  [/^(cuda|ipu|xpu|hpu|mps|vulkan)$/, 'there is no such device; devices here are "cpu" and "webgpu", as x.to(device)'],
  [
    /^(is(Cuda|Ipu|Xpu|Hpu|Mps|Vulkan|Ort|Meta|Mkldnn|Cpu)|toMkldnn|getDevice)$/,
    'devices here are "cpu" and "webgpu"; compare x.device, and move with x.to(device)',
  ],
  [
    /^(pinMemory|isPinned|shareMemory_|isShared|recordStream)$/,
    "leave it out: the memory of all tensors can be shared with workers, and there are no streams",
  ],
  [
    /^(dataPtr|storage|untypedStorage|storageType|__dlpack__)$/,
    "memory has no address in JavaScript; use x.numpy() for the memory as a typed array, torch.toDlpack(x) for other libraries, x.storageOffset() and x.stride() for the place in it",
  ],
  [/^isSetTo$/, "compare shape, x.stride() and x.storageOffset(); x._base tells what a view shows"],
  [/^set_$/, "use x.data = other to show other memory, or x.copy_(other) to copy values"],
  [/^(layout|isDistributed)$/, 'leave it out: it is the same for all tensors here, "strided" and not distributed'],

  [/^(values|indices)$/, "only results such as that of x.max(dim) have values and indices; a tensor is dense, use x"],
  [
    /sparse|coalesce|csr|^to(Dense|Padded)|^(c?(col|row)Indices|smm|sspaddmm|denseDim|isNested)$/i,
    "all tensors are dense: keep indices and values as two tensors, or use x.indexAdd_(…), x.scatterAdd_(…); x.nonzero() finds what is not zero, " +
      "nn.utils.rnn.padSequence joins tensors of different lengths",
  ],
  [
    /^(imag|isComplex|isConj|isNeg|c(half|float|double)|resolve(Conj|Neg)|conj(Physical_?|_)?)$/,
    "complex numbers are not there yet: keep real and imaginary parts as two tensors, or along a last axis of size 2",
  ],
  [
    /^(q(Scale|scheme|ZeroPoint|PerChannel\w+)|(is|de)?quantized?|intRepr)$/i,
    "there are no quantized tensors; x.half() and x.to(torch.int8) take less memory",
  ],
  [
    /^(alignAs|alignTo|hasNames|names?|rename_?|refineNames)$/,
    "axes have no names here; use their positions, with x.permute(…), x.unsqueeze(dim), x.transpose(a, b)",
  ],

  [
    /^(apply_|map2?_|map|forEach)$/,
    "functions of JavaScript are not called per element; use ops of tensors, or torch.tensor(x.tolist().map(f))",
  ],
  [/^asSubclass$/, "use new nn.Parameter(x) for a parameter; a tensor has no other classes"],
  [
    /^(eig|symeig|lstsq|solve)$/,
    "PyTorch has taken it away: use torch.linalg.eigh, torch.linalg.lstsq, torch.linalg.solve",
  ],
  [/^reinforce$/, "PyTorch has taken it away: use (−logProb · reward).backward() of a distribution's logProb"],
  [/^volatile$/, "PyTorch has taken it away: use torch.noGrad(() => …)"],
  [
    /^new(EmptyStrided)?$/,
    "use x.newEmpty(size), x.newTensor(data), x.newZeros(size), or torch.asStrided(x, size, stride)",
  ],
  [/^(resize(As)?)$/, "use x.resize_(size), or x.reshape(size) where the number of elements stays"],
  [/^unsafe(Chunk|Split\w*)$/, "use x.chunk(…) or x.split(…), whose results may be changed in place"],
  [/^prelu$/, "use nn.functional.prelu(x, weight)"],
  [/^isSigned$/, 'x.dtype tells: all dtypes but "uint8" and "bool" have a sign'],
  [/^(ndimension|nDimension)$/, "use x.dim() or x.ndim"],
  [/^nelement$/, "use x.numel()"],
  [/^detach_$/, "use x.detach()"],
];

const index = (key: string): string => {
  const item = /^[-+]?\d+$/.test(key) ? key : key.includes(":") && !key.includes("(") ? JSON.stringify(key) : "index";
  return `JavaScript has no brackets for tensors; read with x.at(${item}), write with x.setAt([${item}], value)`;
};

explainAbsent(Tensor.prototype, "Tensor", { fields: ["retainsGrad", "outputNr"], waysOut, index });
