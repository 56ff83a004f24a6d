/** Tensors where JavaScript wants a number or a text: as PyTorch's `float(x)` and `str(x)`, and where neither can be right, an error. */
import { ArgumentError, AutogradError } from "../core/errors";
import { shapeText } from "../core/shape";
import { Tensor } from "./tensor";

const methods = "operators are methods: x.neg(), x.add(y), x.sub(y), x.mul(y), x.div(y), x.pow(y), x.gt(y), x.lt(y)";

/** The number that a tensor of one element stands for. A gradient would be lost without a word, so that it has to be asked for. */
function numberOf(x: Tensor): number {
  if (x.numel() !== 1)
    throw new ArgumentError(
      `Tensor: only one element tensors can be converted to numbers, got shape ${shapeText(x.shape)}; ${methods}`,
    );
  if (x.requiresGrad)
    throw new AutogradError(
      `Tensor: a tensor that requires grad is not converted to a number, which would lose the gradient; ${methods}; use x.item() or x.detach() for the number`,
    );
  return Number(x.item());
}

function toPrimitive(this: Tensor, hint: "string" | "number" | "default"): string | number {
  if (!(this instanceof Tensor)) return "Tensor";
  if (hint === "string") return this.toString();
  if (hint === "number") return numberOf(this);
  throw new ArgumentError(
    `Tensor: + and == cannot take tensors; use x.add(y), x.eq(y), x.equal(y), or x.item() for the number, String(x) for the text`,
  );
}

Object.defineProperty(Tensor.prototype, Symbol.toPrimitive, { value: toPrimitive, configurable: true });
