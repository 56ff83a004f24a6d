// A data set whose worker dies in a given way at a given sample. Plain JavaScript, since workers import it without a build step.
import * as torch from "kindling";

export class Mortal extends torch.utils.data.Dataset {
  static module = import.meta.url;
  fate;
  when;
  length;
  size;

  /** @param fate What happens at sample `when`; each sample has `size` elements. */
  constructor(fate, when, length, size) {
    super();
    Object.assign(this, { fate, when, length, size });
  }

  at(i) {
    if (i === this.when) {
      const end = this[this.fate]?.(i);
      if (end !== undefined) return end;
    }
    return torch.full([this.size], i);
  }

  throw(i) {
    throw new RangeError(`sample ${i}`);
  }
  reject(i) {
    return Promise.reject(new RangeError(`sample ${i}`));
  }
  exit() {
    process.exit(3);
  }
  throwLater() {
    setTimeout(() => {
      throw new Error("later");
    });
    return new Promise(() => {});
  }
  rejectLater() {
    void Promise.reject(new Error("later"));
    return new Promise(() => {});
  }
  hang() {
    return new Promise(() => {});
  }
  spin() {
    for (;;);
  }
  unsendable() {
    return () => 0;
  }
  ragged() {
    return torch.zeros(this.size + 1);
  }
  /** Fills the heap of JavaScript. */
  exhaust() {
    for (const held = []; ; ) held.push(new Array(1000).fill(0.5 + held.length));
  }
  outOfMemory() {
    return torch.zeros(2 ** 30, { dtype: "float64" });
  }
}

/** How a worker ends before it can read, by its first function. */
export function exitAtStart() {
  process.exit(4);
}
export function throwAtStart() {
  throw new RangeError("at start");
}
export function hangAtStart() {
  return new Promise(() => {});
}
for (const start of [exitAtStart, throwAtStart, hangAtStart]) Object.assign(start, { module: import.meta.url });
