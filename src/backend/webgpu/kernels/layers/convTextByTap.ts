/**
 * The text of gradients of the input where every thread loads for itself: tap by tap, so that what an input meets at a tap is worked out once for all
 * channels.
 */
import type { Sections } from "../products/direct";
import type { Factor } from "../products/tiled";
import { ConvText } from "./convText";

/** Factors of products along the channels of y, of which each tap is a section. */
export class ConvTextByTap extends ConvText {
  /** Statements that declare a tap of a phase, as of {@link ConvText}, under the name `t`. */
  override get sections(): Sections {
    return {
      count: this.phases.phaseTaps,
      declare: (at) => `${this.phaseTapAt("t", at)}\nif (!tok) { continue; }`,
    };
  }

  override left(): Factor {
    const { w } = this.views;
    return {
      along: "depth",
      outer: (name, at) => `let ${name} = (${at}) * ${this.taps}u;`,
      depth: (name, at) => `let ${name} = tw + ${at} * ${this.words.cg} * ${this.taps}u;`,
      value: (o, k) => w.load(`(${o} + ${k})`),
    };
  }

  override right(): Factor {
    const { y } = this.views;
    return {
      along: "outer",
      outer: (name, at) => this.inputAt(name, at),
      section: (o) => `let ${o}s = ${o}q + tq;\nlet ${o}in = ${this.meets(o, "t")};`,
      depth: (name, at) => `let ${name} = ${at} * ${this.words.outputs};`,
      value: (o, k) => `select(0.0, ${y.load(`(${o}s + ${k})`)}, ${o}in)`,
    };
  }
}
