/** Functions of PyTorch that are not here: calls are errors that say why, and what to use. */
import { DTypeError, KindlingError } from "../core/errors";

/** A function that is not here. */
export interface Absent {
  (..._: readonly unknown[]): never;
  /** @internal Tells the tests that the name alone is here. */
  readonly isAbsent: true;
}

const refusing = (error: () => KindlingError): Absent =>
  Object.assign(
    () => {
      throw error();
    },
    { isAbsent: true as const },
  );

/** One that is waiting for complex tensors. @param hint What to use instead. */
const absent = (op: string, hint: string): Absent =>
  refusing(() => new DTypeError(`${op}: complex tensors are not there yet${hint}`));

const parts = "; keep real and imaginary parts in two tensors, or in a last axis of size 2";
const symmetric = "; linalg.eigh and linalg.eigvalsh take symmetric matrices, whose eigenvalues are real";
const halves = "; irfft and hfft take real input";

/** @see torch.complex @throws DTypeError always. */
export const complex = absent("complex", parts);
/** @see torch.polar @throws DTypeError always. */
export const polar = absent("polar", parts);
/** @see torch.imag @throws DTypeError always: it is not implemented for real tensors, whose imaginary part is zero. */
export const imag = absent("imag", "; the imaginary part of a real tensor is x.zerosLike()");
/** @see torch.view_as_complex @throws DTypeError always. */
export const viewAsComplex = absent("viewAsComplex", parts);
/** @see torch.view_as_real @throws DTypeError always. */
export const viewAsReal = absent("viewAsReal", "; real tensors have no parts to tell apart");

/** @see torch.linalg.eig @throws DTypeError always. */
export const eig = absent("eig", symmetric);
/** @see torch.linalg.eigvals @throws DTypeError always. */
export const eigvals = absent("eigvals", symmetric);

/** @see torch.fft.fft @throws DTypeError always. */
export const fft = absent("fft", halves);
/** @see torch.fft.ifft @throws DTypeError always. */
export const ifft = absent("ifft", halves);
/** @see torch.fft.fft2 @throws DTypeError always. */
export const fft2 = absent("fft2", halves);
/** @see torch.fft.ifft2 @throws DTypeError always. */
export const ifft2 = absent("ifft2", halves);
/** @see torch.fft.fftn @throws DTypeError always. */
export const fftn = absent("fftn", halves);
/** @see torch.fft.ifftn @throws DTypeError always. */
export const ifftn = absent("ifftn", halves);
/** @see torch.fft.rfft @throws DTypeError always. */
export const rfft = absent("rfft", halves);
/** @see torch.fft.rfft2 @throws DTypeError always. */
export const rfft2 = absent("rfft2", halves);
/** @see torch.fft.rfftn @throws DTypeError always. */
export const rfftn = absent("rfftn", halves);
/** @see torch.fft.ihfft @throws DTypeError always. */
export const ihfft = absent("ihfft", halves);

const removed = (op: string, instead: string): Absent =>
  refusing(
    () =>
      new KindlingError(
        `${op}: This function was deprecated since version 1.9 and is now removed. Please use torch.linalg.${instead} instead.`,
      ),
  );

/** @see torch.lstsq @throws KindlingError always, as in PyTorch. */
export const lstsq = removed("lstsq", "lstsq");
/** @see torch.matrix_rank @throws KindlingError always, as in PyTorch. */
export const matrixRank = removed("matrixRank", "matrixRank");
/** @see torch.solve @throws KindlingError always, as in PyTorch. */
export const solve = removed("solve", "solve");
