/**
 * The op table: one module per family. Each exported function is also a method of Tensor, but for those of the families that make tensors,
 * join them or look rows up, which PyTorch has as functions only.
 */
import "../tensor/absent";
import "../tensor/primitive";
import * as activation from "./activation";
import * as arithmetic from "./arithmetic";
import type { Attributes } from "./attributes";
import "./attributes";
import * as addmm from "./addmm";
import * as autograd from "./autograd";
import * as axes from "./axes";
import * as binary from "./binary";
import * as buffers from "./buffers";
import * as cast from "./cast";
import * as compare from "./compare";
import * as conv from "./conv";
import * as copies from "./copies";
import * as copy from "./copy";
import * as creation from "./creation";
import * as diagonal from "./diagonal";
import * as differences from "./differences";
import * as distance from "./distance";
import * as dropout from "./dropout";
import * as einsum from "./einsum";
import * as extrema from "./extrema";
import * as factory from "./factory";
import * as facts from "./facts";
import * as gather from "./gather";
import * as histogram from "./histogram";
import * as indexed from "./indexed";
import * as indexing from "./indexing";
import * as integrate from "./integrate";
import { publicOps } from "./internals";
import * as join from "./join";
import * as loss from "./loss";
import * as losses from "./losses";
import * as lowrank from "./lowrank";
import * as masked from "./masked";
import * as matmul from "./matmul";
import * as matrices from "./matrices";
import * as membership from "./membership";
import { install, type Methods } from "./methods";
import * as moments from "./moments";
import * as nativeNorm from "./nativeNorm";
import * as norm from "./norm";
import * as norms from "./norms";
import * as pad from "./pad";
import * as pool from "./pool";
import * as products from "./products";
import * as quantile from "./quantile";
import * as random from "./random";
import * as rearrange from "./rearrange";
import * as reduce from "./reduce";
import * as reframe from "./reframe";
import * as renewal from "./renewal";
import * as renorm from "./renorm";
import * as scan from "./scan";
import * as scatterReduce from "./scatterReduce";
import * as search from "./search";
import * as segmentReduce from "./segmentReduce";
import * as softmax from "./softmax";
import * as sort from "./sort";
import * as special from "./special";
import * as split from "./split";
import * as statistics from "./statistics";
import * as stft from "./stft";
import type { TypedTensor } from "./tensorTypes";
import * as ternary from "./ternary";
import * as trigonometric from "./trigonometric";
import * as unary from "./unary";
import * as uniques from "./unique";
import * as view from "./view";
import * as window from "./window";
import * as windows from "./windows";

/** The ops of every family, by its name, for the tests: public ones, and entries of the table, which check what they are given. */
export const families: Readonly<Record<string, Readonly<Record<string, unknown>>>> = mapFamilies({
  stft,
  segmentReduce,
  nativeNorm,
  lowrank,
  matrices,
  integrate,
  einsum,
  distance,
  statistics,
  renorm,
  addmm,
  products,
  differences,
  search,
  uniques,
  sort,
  quantile,
  histogram,
  special,
  scan,
  moments,
  extrema,
  activation,
  arithmetic,
  autograd,
  axes,
  binary,
  cast,
  compare,
  conv,
  copy,
  creation,
  diagonal,
  dropout,
  factory,
  facts,
  renewal,
  copies,
  buffers,
  norms,
  gather,
  indexed,
  indexing,
  join,
  loss,
  losses,
  masked,
  matmul,
  membership,
  norm,
  pad,
  pool,
  random,
  rearrange,
  reduce,
  reframe,
  scatterReduce,
  softmax,
  split,
  ternary,
  trigonometric,
  unary,
  view,
  window,
  windows,
});

function mapFamilies(all: Readonly<Record<string, Readonly<Record<string, unknown>>>>) {
  return Object.fromEntries(
    Object.entries(all).map(([name, family]) => {
      const entries = Object.entries(family).filter(([, op]) => typeof op === "function" && "entry" in op);
      return [name, Object.fromEntries([...publicOps(family), ...entries])] as const;
    }),
  );
}

type Ops = Methods<typeof matrices> &
  Methods<typeof stft> &
  Methods<typeof statistics> &
  Methods<typeof renorm> &
  Methods<typeof addmm> &
  Methods<typeof products> &
  Methods<typeof differences> &
  Methods<typeof uniques> &
  Methods<typeof sort> &
  Methods<typeof quantile> &
  Methods<typeof histogram> &
  Methods<typeof special> &
  Methods<typeof scan> &
  Methods<typeof moments> &
  Methods<typeof extrema> &
  Methods<typeof reframe> &
  Methods<typeof indexing> &
  Methods<typeof activation> &
  Methods<typeof arithmetic> &
  Methods<typeof autograd> &
  Methods<typeof axes> &
  Methods<typeof binary> &
  Methods<typeof cast> &
  Methods<typeof compare> &
  Methods<typeof copy> &
  Methods<typeof diagonal> &
  Methods<typeof factory> &
  Methods<typeof facts> &
  Methods<typeof renewal> &
  Methods<typeof gather> &
  Methods<typeof indexed> &
  Methods<typeof masked> &
  Methods<typeof matmul> &
  Methods<typeof random> &
  Methods<typeof rearrange> &
  Methods<typeof reduce> &
  Methods<typeof scatterReduce> &
  Methods<typeof softmax> &
  Methods<typeof split> &
  Methods<typeof ternary> &
  Methods<typeof trigonometric> &
  Methods<typeof unary> &
  Methods<typeof view> &
  Methods<typeof window>;

declare module "../tensor/tensor" {
  interface Tensor extends Ops, Attributes, TypedTensor {}
}

for (const family of [
  matrices,
  stft,
  statistics,
  renorm,
  addmm,
  products,
  differences,
  uniques,
  sort,
  quantile,
  histogram,
  special,
  scan,
  moments,
  extrema,
  activation,
  arithmetic,
  autograd,
  axes,
  binary,
  cast,
  compare,
  copy,
  diagonal,
  factory,
  facts,
  renewal,
  gather,
  indexed,
  indexing,
  masked,
  matmul,
  random,
  rearrange,
  reduce,
  reframe,
  scatterReduce,
  softmax,
  split,
  ternary,
  trigonometric,
  unary,
  view,
  window,
])
  install(family);
