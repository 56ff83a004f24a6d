/** What to use in the place of members that PyTorch's modules have and these cannot. */
import { explainAbsent, type WaysOut } from "../core/absent";
import { ArgumentError } from "../core/errors";
import { Module } from "./module/module";

const waysOut: WaysOut = [
  [/^(cuda|ipu|xpu|hpu)$/, 'there is no such device; devices here are "cpu" and "webgpu", as model.to(device)'],
  [/^(shareMemory|pinMemory)$/, "leave it out: the memory of all tensors can be shared with workers"],
  [/^type$/, "use model.to(dtype), such as model.to(torch.float64)"],
  [/^(T_destination|dumpPatches|callSuperInit|compile)$/, "leave it out: it has no meaning here"],
  [/^__call__$/, "call the module itself, model(x); its computation is defined by forward(x)"],
  [/^(__len__|len)$/, "containers have length, or size where items have names"],
  [/^__([gs]et|del)item__$/, "items of containers are read with model.at(i), or model.get(name)"],
  [
    /^__([gs]et|del)attr__$/,
    "fields are assigned as they are, or with registerBuffer, registerParameter and addModule",
  ],
  [
    /^__(init|repr|str|iter|dict|dir|class|getstate|setstate)__$/,
    "a protocol of Python; see constructor, extraRepr(), stateDict()",
  ],
];

explainAbsent(Module.prototype, "Module", {
  waysOut,
  index: (key) =>
    `no module has this number; items of containers are read with model.at(${/^-?\d+$/.test(key) ? key : "i"})`,
  isOpen: true,
});

Object.defineProperty(Module.prototype, Symbol.toPrimitive, {
  value(this: Module, hint: string) {
    if (!(this instanceof Module)) return "Module";
    if (hint === "string") return this.toString();
    throw new ArgumentError(
      "Module: a module is neither a number nor a text; call it, model(x), and use String(model) for the text",
    );
  },
  configurable: true,
});
