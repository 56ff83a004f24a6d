/** The loss of the device while expressions wait, kernels are about to share a dispatch, and checks of values are under way. */
import * as torch from "kindling";
import { afterAll, describe, expect, it } from "vitest";
import { allNote, runsAll } from "../../../helpers/cut";
import { noGpu, onGpu } from "../../../helpers/webgpu";

type Tensor = torch.Tensor;
const F = torch.nn.functional;

const backend = (): { destroy(): void } => (torch.zeros(1, { device: "webgpu" }) as any).storage.backend;

/** What the steps of the program make, by name. */
type Values = Record<string, Tensor>;

/** Steps that leave something unfinished, each of which needs those before it. */
const steps: readonly ((v: Values) => void)[] = [
  (v) => {
    v.x = torch.arange(1, 13, { dtype: torch.float32 }).reshape(3, 4).to("webgpu");
    v.labels = torch.tensor([0, 3, 1], { dtype: torch.int64 }).to("webgpu");
  },
  // Waits as an expression.
  (v) => {
    v.chain = v.x!.mul(2).sub(9).relu();
  },
  // Small kernels that do not depend on one another.
  (v) => {
    v.left = v.x!.matmul(v.x!.t());
    v.right = v.x!.t().matmul(v.x!);
    v.sums = v.x!.sum(1);
  },
  // A check of labels, whose outcome nobody waits for.
  (v) => {
    v.loss = F.crossEntropy(v.x!.div(10), v.labels!);
  },
  // An expression that a reduction reads, and one of a product.
  (v) => {
    v.total = v.chain!.add(v.x!).sum();
    v.after = v.left!.add(1).relu();
  },
  // Changes what an expression is computed from.
  (v) => {
    v.x!.add_(100);
  },
  (v) => {
    v.last = v.right!.sum().add(v.loss!).add(v.total!);
  },
];

async function expectedOf(v: Values): Promise<Record<string, unknown>> {
  const entries = Object.entries(v).map(async ([name, x]) => [name, await x.tolistAsync()] as const);
  return Object.fromEntries(await Promise.all(entries));
}

describe.skipIf(noGpu !== undefined || !runsAll)(
  `the loss of the device with unfinished work ${onGpu}${allNote}`,
  () => {
    afterAll(() => torch.webgpu.restore());

    it.each(steps.map((_, at) => at + 1))("after %i steps", async (at) => {
      await torch.webgpu.restore();
      const good: Values = {};
      for (const step of steps) step(good);
      const expected = await expectedOf(good);

      const lost: Values = {};
      for (const step of steps.slice(0, at)) step(lost);
      // Reads are under way for every other value.
      const reads = Object.values(lost)
        .filter((_, i) => i % 2 === 1)
        .map((x) => x.cpu());
      backend().destroy();
      for (const read of await Promise.allSettled(reads))
        if (read.status === "rejected") expect(read.reason).toBeInstanceOf(torch.DeviceError);
      // What continues with lost values fails while there is no device, and on the next one.
      for (const x of Object.values(lost)) expect(() => x.add(1).sum()).toThrow(torch.DeviceError);
      await torch.webgpu.restore();
      for (const [name, x] of Object.entries(lost)) {
        expect(() => x.add(1), name).toThrow(/were lost with the device/);
        await expect(x.cpu(), name).rejects.toThrow(torch.DeviceError);
      }

      // The next device computes what the last one did, and nothing of what it left.
      const again: Values = {};
      for (const step of steps) step(again);
      expect(await expectedOf(again)).toEqual(expected);
      for (const v of [good, lost, again]) for (const x of Object.values(v)) x.dispose();
    });

    it("a check that the last device did not answer says nothing on the next", async () => {
      const wrong = torch.tensor([0, 7], { dtype: torch.int64 }).to("webgpu");
      const loss = F.crossEntropy(torch.zeros([2, 3], { device: "webgpu" }), wrong);
      backend().destroy();
      await expect(loss.cpu()).rejects.toThrow(torch.DeviceError);
      await torch.webgpu.restore();
      expect(await torch.ones(2).to("webgpu").add(1).tolistAsync()).toEqual([2, 2]);
      await torch.webgpu.synchronize();
    });
  },
);
