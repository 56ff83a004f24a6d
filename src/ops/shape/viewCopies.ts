/** Views, copied: `torch.permute_copy` and its kin, which PyTorch has for graphs without views. */
import { named } from "../../core/signature";
import type { Tensor } from "../../tensor/tensor";
import { checkTensor } from "../builders/checks";
import { clone, detach } from "../creation/copy";
import { asStrided } from "./asStrided";
import { unfold } from "./axes";
import { diagonal } from "./diagonal";
import { split, splitWithSizes, unbind } from "./split";
import { expand, permute, select, slice, squeeze, t, transpose, unsqueeze, view } from "./view";

/** A copy. @see torch.alias_copy */
export const aliasCopy = named("aliasCopy", "input", (x: Tensor): Tensor => clone(x));

/** asStrided, copied. @see torch.as_strided_copy */
export const asStridedCopy = named(
  "asStridedCopy",
  "input, size, stride; storageOffset",
  (x: Tensor, size: readonly number[], stride: readonly number[], options: { storageOffset?: number } = {}): Tensor =>
    clone(asStrided(x, size, stride, options)),
);

/** A copy out of the graph. @see torch.detach_copy */
export const detachCopy = named("detachCopy", "input", (x: Tensor): Tensor => clone(detach(x)));

/** diagonal, copied. @see torch.diagonal_copy */
export const diagonalCopy = named(
  "diagonalCopy",
  "input; offset, dim1, dim2",
  (x: Tensor, options: { offset?: number; dim1?: number; dim2?: number } = {}): Tensor => clone(diagonal(x, options)),
);

/** expand, copied. @param options.implicit Without effect. @see torch.expand_copy */
export const expandCopy = named(
  "expandCopy",
  "input, size;; implicit",
  (x: Tensor, size: readonly number[], _: { implicit?: boolean } = {}): Tensor => clone(expand(x, size)),
);

/** permute, copied. @see torch.permute_copy */
export const permuteCopy = named(
  "permuteCopy",
  "input, dims",
  (x: Tensor, dims: readonly number[]): Tensor => clone(permute(x, dims)),
);

/** select, copied. @see torch.select_copy */
export const selectCopy = named(
  "selectCopy",
  "input, dim, index",
  (x: Tensor, dim: number, index: number): Tensor => clone(select(x, dim, index)),
);

/** slice, copied. @see torch.slice_copy */
export const sliceCopy = named(
  "sliceCopy",
  "input, dim?, start?, end?, step?",
  (x: Tensor, dim?: number, start?: number | null, end?: number | null, step?: number): Tensor =>
    clone(slice(x, dim, start, end, step)),
);

/** split, copied. @see torch.split_copy */
export const splitCopy = named(
  "splitCopy",
  "input, splitSize, dim?",
  (x: Tensor, splitSize: number, dim?: number): Tensor[] => split(x, splitSize, dim).map((part) => clone(part)),
);

/** splitWithSizes, copied. @see torch.split_with_sizes_copy */
export const splitWithSizesCopy = named(
  "splitWithSizesCopy",
  "input, splitSizes, dim?",
  (x: Tensor, splitSizes: readonly number[], dim?: number): Tensor[] =>
    splitWithSizes(x, splitSizes, dim).map((part) => clone(part)),
);

/** squeeze, copied. @see torch.squeeze_copy */
export const squeezeCopy = named(
  "squeezeCopy",
  "input, dim?",
  (x: Tensor, dim?: number | readonly number[] | null): Tensor => clone(squeeze(x, dim)),
);

/** t, copied. @see torch.t_copy */
export const tCopy = named("tCopy", "input", (x: Tensor): Tensor => clone(t(x)));

/** transpose, copied. @see torch.transpose_copy */
export const transposeCopy = named(
  "transposeCopy",
  "input, dim0, dim1",
  (x: Tensor, dim0: number, dim1: number): Tensor => clone(transpose(x, dim0, dim1)),
);

/** unbind, copied. @see torch.unbind_copy */
export const unbindCopy = named("unbindCopy", "input, dim?", (x: Tensor, dim?: number): Tensor[] =>
  unbind(x, dim).map((part) => clone(part)),
);

/** unfold, copied. @see torch.unfold_copy */
export const unfoldCopy = named(
  "unfoldCopy",
  "input, dimension, size, step",
  (x: Tensor, dimension: number, size: number, step: number): Tensor => clone(unfold(x, dimension, size, step)),
);

/** unsqueeze, copied. @see torch.unsqueeze_copy */
export const unsqueezeCopy = named(
  "unsqueezeCopy",
  "input, dim",
  (x: Tensor, dim: number): Tensor => clone(unsqueeze(x, dim)),
);

/** view, copied. @see torch.view_copy */
export const viewCopy = named(
  "viewCopy",
  "input, size",
  (x: Tensor, size: readonly number[]): Tensor => clone(view(checkTensor("viewCopy", x), size)),
);
