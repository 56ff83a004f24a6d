/** Ops with the faults that the fuzzer looks for. */

/** What they are called. */
export const names = ["overrun", "unwritten", "endless", "foreign", "vague", "trapping", "deadly"];

/** Deliberately faulty. */
export const ops = (torch) => ({
  /** Writes the byte behind a block of its own. */
  overrun: () => {
    const { storage } = torch.ones([3]);
    const { block, backend } = storage;
    backend.parts.memory.heap("uint8")[block.address + block.bytes] = 7;
    return torch.ones([1]);
  },
  /** Returns memory that nobody has written. */
  unwritten: () => torch.empty([3]).add(1),
  endless: () => {
    for (;;);
  },
  foreign: (x) => x.nothing.here,
  vague: (x) => {
    throw new torch.ValueError(`vague: got ${Object.create({ toString: () => "[object Object]" }, { x })}`);
  },
  trapping: () => {
    throw new WebAssembly.RuntimeError("unreachable");
  },
  deadly: () => process.kill(process.pid, "SIGKILL"),
});
