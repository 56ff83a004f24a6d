/** The allocator's guard mode: what is written out of turn is found, and nothing else. */
process.env.KINDLING_GUARD = "1";

import * as torch from "kindling";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { MemoryGuard } from "../../src/backend/capabilities";

const { nn } = torch;
const guard: MemoryGuard = (torch as any).__guard;
const blockOf = (x: torch.Tensor) => (x as any).storage.block;
const backendOf = (x: torch.Tensor) => (x as any).storage.backend;
/** Writes bytes at an offset from the start of a tensor's block, inside it or not. */
const scribble = (x: torch.Tensor, offset: number, ...bytes: number[]) =>
  backendOf(x).write(blockOf(x), "uint8", offset, new Uint8Array(bytes));

let output: ReturnType<typeof vi.spyOn>;
beforeEach(() => {
  output = vi.spyOn(console, "error").mockImplementation(() => {});
});
afterEach(() => output.mockRestore());

test("a training step on several threads damages nothing", () => {
  expect(guard.isOn).toBe(true);
  torch.setNumThreads(2);
  const model = new nn.Sequential(
    new nn.Conv2d(3, 8, 3),
    new nn.ReLU(),
    new nn.MaxPool2d(2),
    new nn.Flatten(),
    new nn.Linear(1800, 10),
  );
  const optimizer = new torch.optim.Adam(model.parameters());
  for (let i = 0; i < 5; i++)
    torch.tidy(() => {
      optimizer.zeroGrad();
      new nn.CrossEntropyLoss()(model(torch.rand(8, 3, 32, 32)), torch.randint(0, 10, [8])).backward();
      optimizer.step();
    });
  expect(guard.check()).toEqual([]);
  expect(output).not.toHaveBeenCalled();
});

test("memory that nobody has written holds the poison, also where it was used before", () => {
  for (const byte of [0x11, 0xff]) {
    guard.setPoison(byte);
    const values = () => torch.empty([100], { dtype: "uint8" }).tolist() as number[];
    expect(new Set(values())).toEqual(new Set([byte]));
    torch.ones([100], { dtype: "uint8" }).dispose();
    expect(new Set(values())).toEqual(new Set([byte]));
  }
});

test.each([
  ["behind", 20],
  ["behind", 1000],
  ["before", -1],
  ["before", -1000],
] as const)("a write %s a block, at offset %d, is found once, with the block", (where, offset) => {
  const x = torch.zeros(5);
  scribble(x, offset, 9);
  const damage = { where, address: blockOf(x).address, bytes: 20, offset, found: 9 };
  expect(guard.check()).toEqual([damage]);
  expect(guard.check()).toEqual([]);
  expect(output).toHaveBeenCalledOnce();
  expect(output.mock.calls[0]![0]).toMatch(`the block of 20 bytes at ${damage.address}, at offset ${offset}`);
});

test("damage is found when the block is given back, and when the poison changes", () => {
  const x = torch.zeros(5);
  scribble(x, 21, 9, 9);
  x.dispose();
  expect(output).toHaveBeenCalledOnce();
  const y = torch.zeros(5);
  scribble(y, -4, 9);
  guard.setPoison(0x77);
  expect(guard.check().map(({ where, offset }) => [where, offset])).toEqual([
    ["behind", 21],
    ["before", -4],
  ]);
});

test("a write to a block that was given back is found, at once or when its memory is used again", () => {
  const [x, y] = [torch.zeros(1000), torch.zeros(1000)];
  const block = blockOf(x);
  x.dispose();
  scribble(y, block.address - blockOf(y).address + 37, 9);
  expect(guard.check()).toEqual([{ where: "freed", address: block.address, bytes: 4000, offset: 37, found: 9 }]);
  scribble(y, block.address - blockOf(y).address + 38, 9);
  for (let i = 0; i < 5000; i++) torch.zeros(1).dispose();
  expect(output).toHaveBeenCalledTimes(2);
  expect(guard.check()).toHaveLength(1);
});

test("a write to the lowest addresses, where the kernels' constants are, is found and mended", () => {
  const x = torch.zeros(5);
  const at = 64 - blockOf(x).address;
  const found = backendOf(x).view(blockOf(x), "uint8", at, 1)[0] ^ 0xff;
  scribble(x, at, found);
  expect(guard.check()).toMatchObject([{ where: "constants", address: 0, offset: 64, found }]);
  expect(guard.check()).toEqual([]);
});

test("held memory is counted as it was asked for, and comes back", () => {
  const { allocated, blocks } = torch.memoryStats();
  const x = torch.zeros(5);
  expect(torch.memoryStats()).toMatchObject({ allocated: allocated + 20, blocks: blocks + 1 });
  x.dispose();
  for (let i = 0; i < 40; i++) torch.empty([16 << 20], { dtype: "uint8" }).dispose();
  expect(torch.memoryStats()).toMatchObject({ allocated, blocks });
  expect(torch.memoryStats().reserved).toBeLessThan(256 << 20);
});
