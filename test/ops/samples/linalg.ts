/** Factorizations and what is solved with them. */
import { type Samples, type Tensor, t, torch, within } from "../spec";

type Op = (...args: any[]) => unknown;

const symmetric = (A: Tensor): Tensor => torch.add(A, A.transpose(-2, -1));
const eyeLike = (A: Tensor): Tensor => torch.eye(A.shape.at(-1), { dtype: A.dtype, device: A.device });
const definite = (A: Tensor): Tensor => torch.add(torch.matmul(A, A.transpose(-2, -1)), eyeLike(A));
/** Far from singular. */
const regular = (A: Tensor): Tensor => torch.add(A, eyeLike(A).mul(5));
const triangular = (A: Tensor): Tensor => torch.triu(regular(A));

const onFirst =
  (prepare: (A: Tensor) => Tensor) =>
  (op: Op): Op =>
  (A, ...rest) =>
    op(prepare(A), ...rest);

const onSecond =
  (prepare: (A: Tensor) => Tensor) =>
  (op: Op): Op =>
  (B, A, ...rest) =>
    op(B, prepare(A), ...rest);

/** Ops that take matrices of a kind: the sample's matrix is made one, differentiably. */
export const prepared: Readonly<Record<string, (op: Op) => Op>> = {
  cholesky: onFirst(definite),
  choleskyInverse: onFirst((A) => torch.tril(regular(A))),
  choleskySolve: onSecond((A) => torch.tril(regular(A))),
  symeig: onFirst(symmetric),
  triangularSolve: onSecond(triangular),
  logdet: onFirst(definite),
  "linalg.cholesky": onFirst(definite),
  "linalg.choleskyEx": onFirst(definite),
  "linalg.eigh": onFirst(symmetric),
  "linalg.eigvalsh": onFirst(symmetric),
  "linalg.solveTriangular": onFirst(triangular),
  matrixPower: onFirst(regular),
  "linalg.matrixRank": onFirst(regular),
  det: onFirst(regular),
  slogdet: onFirst(regular),
  inverse: onFirst(regular),
  "linalg.inv": onFirst(regular),
  "linalg.invEx": onFirst(regular),
  "linalg.solve": onFirst(regular),
  "linalg.solveEx": onFirst(regular),
  "linalg.cond": onFirst(regular),
  lu: onFirst(regular),
  "linalg.lu": onFirst(regular),
  "linalg.luFactor": onFirst(regular),
  "linalg.luFactorEx": onFirst(regular),
  "linalg.tensorinv": onFirst((A) => torch.reshape(regular(torch.reshape(A, [4, 4])), [2, 2, 2, 2])),
  "linalg.tensorsolve": onFirst((A) => torch.reshape(regular(torch.reshape(A, [4, 4])), [2, 2, 4])),
  /** Its gradient is that of log-probabilities that sum to one, as PyTorch's. */
  "nn.functional.ctcLoss": onFirst((x) => torch.logSoftmax(x, -1)),
  luSolve: (op) => (B, A) => {
    const [LU, pivots] = torch.linalg.luFactor(regular(A));
    return op(B, LU, pivots);
  },
  "linalg.luSolve": (op) => (A, B) => {
    const [LU, pivots] = torch.linalg.luFactor(regular(A));
    return op(LU, pivots, B);
  },
  luUnpack: (op) => (A) => {
    const [LU, pivots] = torch.linalg.luFactor(regular(A));
    return op(LU, pivots);
  },
  "linalg.ldlSolve": (op) => (A, B) => {
    const [LD, pivots] = torch.linalg.ldlFactor(A);
    return op(LD, pivots, B);
  },
  orgqr: (op) => (A, tau) => op(torch.tril(A, -1), tau),
  polygamma: (op) => (x, n) => op(n, x),
  "linalg.householderProduct": (op) => (A, tau) => op(torch.tril(A, -1), tau),
};

const square = t(3, 3);

export const linalg: Samples = {
  cholesky: [[square]],
  choleskyInverse: [[square]],
  choleskySolve: [[t(3, 2), square]],
  det: [[square], [t(2, 3, 3)]],
  logdet: [[square]],
  slogdet: [[square]],
  inverse: [[square]],
  "linalg.inv": [[square]],
  pinverse: [[t(4, 3)]],
  matrixExp: [[within(-1, 1, 3, 3)]],
  matrixPower: [
    [square, 3],
    [square, -1],
  ],
  qr: [[t(4, 3)]],
  svd: [[t(4, 3)]],
  symeig: [[square, { eigenvectors: true }]],
  lu: [[square]],
  luSolve: [[t(3, 2), square]],
  luUnpack: [[square]],
  geqrf: [[t(4, 3)]],
  orgqr: [[t(4, 3), within(0.1, 0.9, 3)]],
  "linalg.householderProduct": [[t(4, 3), within(0.1, 0.9, 3)]],
  ormqr: [[t(4, 3), within(0.1, 0.9, 3), t(4, 2)]],
  triangularSolve: [[t(3, 2), square]],
  "linalg.cholesky": [[square], [square, { upper: true }]],
  "linalg.choleskyEx": [[square]],
  "linalg.cond": [[square], [square, 1]],
  "linalg.cross": [[t(2, 3), t(2, 3)]],
  "linalg.eigh": [[square]],
  "linalg.eigvalsh": [[square]],
  "linalg.invEx": [[square]],
  "linalg.ldlFactor": [[square], [t(2, 5, 5)]],
  "linalg.ldlFactorEx": [[square]],
  "linalg.ldlSolve": [[square, t(3, 2)]],
  "linalg.lstsq": [[t(5, 3), t(5, 2)]],
  "linalg.lu": [[square]],
  "linalg.luFactor": [[square]],
  "linalg.luFactorEx": [[square]],
  "linalg.luSolve": [[square, t(3, 2)]],
  "linalg.matrixNorm": [[t(3, 2)], [t(2, 3, 2), "nuc"]],
  "linalg.matrixRank": [[square]],
  "linalg.norm": [[t(3, 2)], [t(3, 2), 2, 1]],
  "linalg.pinv": [[t(4, 3)]],
  "linalg.qr": [[t(4, 3)]],
  "linalg.solve": [
    [square, t(3, 2)],
    [square, t(3)],
  ],
  "linalg.solveEx": [[square, t(3, 2)]],
  "linalg.solveTriangular": [[square, t(3, 2), { upper: true }]],
  "linalg.svd": [[t(4, 3), false]],
  "linalg.svdvals": [[t(4, 3)]],
  "linalg.tensorinv": [[t(2, 2, 2, 2)]],
  "linalg.tensorsolve": [[t(2, 2, 4), t(2, 2)]],
  "linalg.vander": [[t(3)]],
};
