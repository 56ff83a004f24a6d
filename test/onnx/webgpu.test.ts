/** Models on the GPU are exported once they are back on the cpu, and say so. */
import * as torch from "kindling";
import { describe, expect, it } from "vitest";
import { noGpu, onGpu } from "../helpers/webgpu";

describe.skipIf(noGpu !== undefined)(`onnx.export of a model ${onGpu}`, () => {
  it("names what lies there and the way out, which works", async () => {
    const model = new torch.nn.Linear(2, 3).to("webgpu");
    const x = torch.ones(1, 2);
    await expect(torch.onnx.export(model, x)).rejects.toThrow(
      'onnx.export: "weight" is on "webgpu", whose values cannot be read at once; export on the cpu: await model.cpu(), and give inputs as await x.cpu()',
    );
    await model.cpu();
    await expect(torch.onnx.export(model, x.to("webgpu"))).rejects.toThrow('onnx.export: "input" is on "webgpu"');
    expect((await torch.onnx.export(model, x))!.length).toBeGreaterThan(50);
  });
});
