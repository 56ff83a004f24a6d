/** Weights divided by their largest singular value: Miyato et al., ICLR 2018. */

import type { RemovableHandle } from "../../autograd/handle";
import { noGrad } from "../../autograd/mode";
import { assertNumber, checkInteger, MAX_ITERATIONS } from "../../core/arguments";
import { classNameOf } from "../../core/className";
import { ArgumentError, ValueError } from "../../core/errors";
import { named } from "../../core/signature";
import type { Tensor } from "../../tensor/tensor";
import { normalize } from "../functional/distance";
import type { Module } from "../module/module";
import { Parameter } from "../module/parameter";
import { outputAxis, parameterField, setField, tensorField } from "./fields";
import type { ModuleTool } from "./tool";

/** Options of {@link spectralNorm}. */
export interface SpectralNormOptions {
  /** Steps of the power iteration per call in training. Default: 1. */
  nPowerIterations?: number;
  /** Keeps norms from zero. Default: 1e-12. */
  eps?: number;
  /** The axis of the outputs. Default: 0, or 1 for transposed convolutions. */
  dim?: number | null;
}

type Settings = Required<SpectralNormOptions> & { readonly dim: number };

const active = new WeakMap<Module, Map<string, { readonly hook: RemovableHandle; readonly settings: Settings }>>();

/** The weight as a matrix with `dim` first. */
function matrixOf(weight: Tensor, dim: number): Tensor {
  const first = dim === 0 ? weight : weight.movedim(dim, 0);
  return first.reshape(first.shape[0]!, -1);
}

/** One power iteration after the other on the singular vectors `u` and `v`, in place. */
function iterate(matrix: Tensor, u: Tensor, v: Tensor, { nPowerIterations, eps }: Settings): void {
  noGrad(() => {
    for (let i = 0; i < nPowerIterations; i++) {
      v.copy_(normalize(matrix.t().mv(u), { dim: 0, eps }));
      u.copy_(normalize(matrix.mv(v), { dim: 0, eps }));
    }
  });
}

function weightOf(module: Module, name: string, settings: Settings, iterates: boolean): Tensor {
  const weight = parameterField("spectralNorm", module, `${name}_orig`);
  const [u, v] = [tensorField("spectralNorm", module, `${name}_u`), tensorField("spectralNorm", module, `${name}_v`)];
  const matrix = matrixOf(weight, settings.dim);
  if (iterates) iterate(matrix, u, v, settings);
  // Backward needs the vectors of this call, which the next one overwrites.
  const sigma = u.clone().dot(matrix.mv(v.clone()));
  return weight.div(sigma);
}

/**
 * Divides a weight by its largest singular value before each call; `<name>_orig` is what is learned.
 * @see torch.nn.utils.spectral_norm
 */
export const spectralNorm = named(
  "spectralNorm",
  "module, name?; nPowerIterations, eps, dim",
  <M extends Module>(module: M, name = "weight", options: SpectralNormOptions = {}): M => {
    const { nPowerIterations = 1, eps = 1e-12 } = options;
    if (checkInteger("spectralNorm", "nPowerIterations", nPowerIterations, undefined, MAX_ITERATIONS) <= 0)
      throw new ValueError(`spectralNorm: Expected nPowerIterations to be positive, but got ${nPowerIterations}`);
    assertNumber("spectralNorm", "eps", eps);
    const { ndim } = tensorField("spectralNorm", module, name);
    const known = active.get(module) ?? new Map();
    if (known.has(name))
      throw new ArgumentError(`spectralNorm: Cannot register two spectralNorm hooks on the same parameter ${name}`);
    const settings: Settings = {
      nPowerIterations,
      eps,
      dim: checkInteger("spectralNorm", "dim", options.dim ?? outputAxis(module), -ndim, ndim - 1),
    };
    const weight = parameterField("spectralNorm", module, name);
    const matrix = matrixOf(weight.detach(), settings.dim);
    const unit = (n: number) => normalize(matrix.newEmpty([n]).normal_(), { dim: 0, eps });
    const u = unit(matrix.shape[0]!);
    const v = unit(matrix.shape[1]!);
    setField(module, name, undefined);
    setField(module, `${name}_orig`, weight);
    module.registerBuffer(`${name}_u`, u);
    module.registerBuffer(`${name}_v`, v);
    setField(module, name, weight.detach());
    const hook = module.registerForwardPreHook(() =>
      setField(module, name, weightOf(module, name, settings, module.training)),
    );
    active.set(module, known.set(name, { hook, settings }));
    return module;
  },
) as unknown as ModuleTool<"; name, nPowerIterations, eps, dim", SpectralNormOptions & { name?: string }>;

/** Makes the normalized weight the parameter. @see torch.nn.utils.remove_spectral_norm */
export const removeSpectralNorm = named(
  "removeSpectralNorm",
  "module, name?",
  <M extends Module>(module: M, name = "weight"): M => {
    tensorField("removeSpectralNorm", module, name);
    const found = active.get(module)?.get(name);
    if (found === undefined)
      throw new ArgumentError(`removeSpectralNorm: spectralNorm of '${name}' not found in ${classNameOf(module)}`);
    const weight = noGrad(() => weightOf(module, name, found.settings, false));
    found.hook.remove();
    active.get(module)!.delete(name);
    for (const field of [name, `${name}_orig`, `${name}_u`, `${name}_v`]) setField(module, field, undefined);
    setField(module, name, new Parameter(weight));
    return module;
  },
) as unknown as ModuleTool<"; name", { name?: string }>;
