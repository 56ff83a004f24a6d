/** `Variable`, which programs from before PyTorch 0.4 wrap tensors in. */
import { AutogradError } from "../core/errors";

/**
 * There are no variables any more: every tensor is one, and `requiresGrad` says whether it collects its gradient.
 * @see torch.autograd.Variable
 * @throws AutogradError always, with what to write.
 */
export function Variable(..._given: unknown[]): never {
  throw new AutogradError(
    "Variable: tensors are variables since PyTorch 0.4; leave it out, use x.requiresGrad_() for a gradient, and torch.noGrad(() => …) for volatile",
  );
}
