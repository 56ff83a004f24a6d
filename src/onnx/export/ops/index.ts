/**
 * The ONNX forms of ops by their names. They stand in tables of their own, and not in the entries of the ops, so that programs that export nothing do not load
 * them. An op that is not here is written by its parts, and is an error if it has none.
 */
import type { Declared } from "../../../core/signature";
import type { Form, Forms } from "../form";
import { arithmetic } from "./arithmetic";
import { conv } from "./conv";
import { creation } from "./creation";
import { elementwise } from "./elementwise";
import { indexing } from "./indexing";
import { losses } from "./losses";
import { matrices } from "./matrices";
import { norm } from "./norm";
import { pooling } from "./pooling";
import { quantized } from "./quantized";
import { recurrent } from "./recurrent";
import { reduction } from "./reduction";
import { resizing } from "./resizing";
import { scans } from "./scans";
import { shaping } from "./shaping";
import { special } from "./special";
import { vision } from "./vision";

export { moduleFormOf } from "./recurrent";

const families: readonly Forms[] = [
  arithmetic,
  conv,
  creation,
  elementwise,
  indexing,
  losses,
  matrices,
  norm,
  pooling,
  quantized,
  recurrent,
  reduction,
  resizing,
  scans,
  shaping,
  special,
  vision,
];

const forms = new Map<string, Form>();
for (const family of families)
  for (const [name, form] of Object.entries(family))
    forms.set(name, typeof form === "function" ? { lower: form } : form);

/** Ops by another name, whose forms are those of the first. */
const aliases: Readonly<Record<string, string>> = {
  absolute: "abs",
  arccos: "acos",
  arccosh: "acosh",
  arcsin: "asin",
  arcsinh: "asinh",
  arctan: "atan",
  arctanh: "atanh",
  arctan2: "atan2",
  clip: "clamp",
  concat: "cat",
  concatenate: "cat",
  divide: "div",
  trueDivide: "div",
  multiply: "mul",
  subtract: "sub",
  negative: "neg",
  greater: "gt",
  greaterEqual: "ge",
  less: "lt",
  lessEqual: "le",
  notEqual: "ne",
  swapaxes: "transpose",
  swapdims: "transpose",
  moveaxis: "movedim",
  fix: "trunc",
  nativeChannelShuffle: "channelShuffle",
  logsigmoid: "logSigmoid",
  detachCopy: "detach",
  aliasCopy: "detach",
  permuteCopy: "permute",
  sliceCopy: "slice",
  selectCopy: "select",
  squeezeCopy: "squeeze",
  unsqueezeCopy: "unsqueeze",
  transposeCopy: "transpose",
  tCopy: "t",
  narrowCopy: "narrow",
  unsafeChunk: "chunk",
  unsafeSplit: "split",
  splitCopy: "split",
  unbindCopy: "unbind",
  viewCopy: "reshape",
  expandCopy: "expand",
  splitWithSizes: "split",
  unsafeSplitWithSizes: "split",
  splitWithSizesCopy: "split",
  maxPool1dWithIndices: "maxPool1d",
  maxPool2dWithIndices: "maxPool2d",
  maxPool3dWithIndices: "maxPool3d",
  vectorNorm: "norm",
  rowStack: "vstack",
  gridSampler2d: "gridSampler",
};

/** The form under a name. An op in place (`add_`) has that of the op itself. */
export function formNamed(name: string): Form | undefined {
  const own = forms.get(name) ?? forms.get(aliases[name] ?? "");
  return own ?? (name.endsWith("_") && !name.startsWith("_") ? formNamed(name.slice(0, -1)) : undefined);
}

export const formOf = (op: Declared): Form | undefined => formNamed(op.opName);
