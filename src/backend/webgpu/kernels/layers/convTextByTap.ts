/**
 * The text of convolutions and of the gradients of their inputs where every thread loads for itself: tap by tap, so that what an output sees at a tap is
 * worked out once for all channels.
 */

import type { Sections } from "../products/direct";
import type { Factor, TileWords } from "../products/tiled";
import { all, ConvText, zeroUnless } from "./convText";

/** Factors of products along the channels, of which each tap is a section. */
export class ConvTextByTap extends ConvText {
  override get key(): string {
    return `${super.key} by tap ${this.isPointwise}`;
  }

  /** Statements that declare a tap, as of {@link ConvText}, under the name `t`. */
  override get sections(): Sections {
    if (this.pass === "forward") return { count: this.taps, declare: (at) => this.tapAt("t", at) };
    const isAlwaysThere = this.g.stride.every((s) => s === 1);
    return {
      count: this.phases.phaseTaps,
      declare: (at) => `${this.phaseTapAt("t", at)}${isAlwaysThere ? "" : "\nif (!tok) { continue; }"}`,
    };
  }

  override left({ k }: TileWords): Factor {
    const { w } = this.views;
    const { cg, og } = this.words;
    const isForward = this.pass === "forward";
    return {
      along: "depth",
      outer: (name, at) =>
        isForward
          ? `let ${name} = ${w.offset} + (batch * ${og} + ${at}) * ${k} * ${this.taps}u;`
          : `let ${name} = (${at}) * ${this.taps}u;`,
      depth: (name, at) =>
        isForward ? `let ${name} = ${at} * ${this.taps}u + t;` : `let ${name} = tw + ${at} * ${cg} * ${this.taps}u;`,
      value: (o, k) => w.load(`(${o} + ${k})`),
    };
  }

  override right(): Factor {
    const isForward = this.pass === "forward";
    const source = isForward ? this.views.x : this.views.y;
    const [sizes, plane] = isForward ? [this.input, this.words.inputs] : [this.output, this.words.outputs];
    const isInside = (o: string): string =>
      all(this.axes.map((a) => `u32(${isForward ? `${o}${a} + t${a}` : `${o}${a} - tb${a}`}) < ${sizes[a]}`));
    return {
      along: "outer",
      outer: (name, at) => (isForward ? this.windowAt(name, at) : this.inputAt(name, at)),
      section: (o) => `let ${o}s = ${o}q + tq;${this.isPointwise ? "" : `\nlet ${o}in = ${isInside(o)};`}`,
      depth: (name, at) => `let ${name} = ${at} * ${plane};`,
      value: (o, k) => {
        const element = source.load(`(${o}s + ${k})`);
        return this.isPointwise ? element : zeroUnless(`${o}in`, element);
      },
    };
  }
}
