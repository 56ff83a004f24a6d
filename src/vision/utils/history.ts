/** What a training run measures, as charts that grow with it. */
import { checkFlag, checkInteger, checkNumber, checkString } from "../../core/arguments";
import { argumentsOf } from "../../core/binding";
import { ArgumentError, describe } from "../../core/errors";
import { declareMethods } from "../../core/signature";
import type { Arguments } from "../../core/signatureTypes";
import { isTerminal, terminalColumns, writeText } from "../../platform/terminal";

const signature = "; ; title, height, live";

/** What {@link History} takes. */
export interface HistoryOptions {
  /** What stands above the charts. */
  title?: string;
  /** Lines of a chart in a terminal. Default: 10. */
  height?: number;
  /** Whether each record draws the charts anew. Default: true in a page and in a terminal, else false. */
  live?: boolean;
}

/** The part of a chart of a page that is used here. */
interface PageChart {
  setData(data: any): void;
}

const ESC = "\x1b";
/** Colors of terminals that differ from each other. */
const inks = [36, 33, 35, 32, 34, 31].map((code) => `${ESC}[${code}m`);
/** The same in a page. */
const strokes = ["#1f77b4", "#ff7f0e", "#9467bd", "#2ca02c", "#17becf", "#d62728"];

/** The column of a chart that says what a line means. */
const LABEL = 14;

const hasPage = (): boolean => typeof document === "object" && document !== null;

/**
 * Charts of losses, accuracies and whatever else a training run measures: those whose names end with "loss" in one, the others in another. In a page they
 * are drawn by uPlot, in a terminal by asciichart, both loaded when they are first needed.
 * @throws ArgumentError for wrong options.
 * @example
 * const history = new vision.utils.History({ title: "LeNet" });
 * for (let epoch = 0; epoch < 10; epoch++) await history.record({ loss: train(), accuracy: test() });
 */
export class History {
  /** @internal */
  static readonly signature: string = signature;

  readonly title: string | undefined;
  readonly height: number;
  readonly live: boolean;
  /** The values of each series, one per record; NaN where a record had none. */
  readonly series: Map<string, number[]> = new Map();
  private records = 0;
  private drawnLines = 0;
  private charts: Map<string, PageChart> | undefined;

  constructor(...given: Arguments<typeof signature, HistoryOptions>) {
    const { title, height = 10, live } = argumentsOf<HistoryOptions>("History", signature, given);
    this.title = title === undefined ? undefined : checkString("History", "title", title);
    this.height = checkInteger("History", "height", height, 1, 1000);
    this.live = checkFlag("History", "live", live ?? (hasPage() || isTerminal()));
  }

  /** How many records there are. */
  get length(): number {
    return this.records;
  }

  /**
   * Adds a value to each series, and draws if the charts are live.
   * @param values Numbers by the names of their series.
   * @throws ArgumentError for anything else.
   */
  async record(values: Readonly<Record<string, number>>): Promise<void> {
    if (typeof values !== "object" || values === null || Array.isArray(values))
      throw new ArgumentError(`record: values must be an object of numbers, got ${describe(values)}`);
    for (const [name, value] of Object.entries(values)) checkNumber("record", name, value);
    for (const name of Object.keys(values))
      if (!this.series.has(name)) this.series.set(name, new Array<number>(this.records).fill(Number.NaN));
    for (const [name, list] of this.series) list.push(Object.hasOwn(values, name) ? Number(values[name]) : Number.NaN);
    this.records++;
    if (this.live) await this.draw();
  }

  /** Draws the charts in the page or the terminal, over those that were drawn before. */
  async draw(): Promise<void> {
    if (hasPage()) return this.drawInPage();
    const text = await this.toText();
    // Back to where the last charts began; what stands there goes.
    const back = this.drawnLines > 0 && isTerminal() ? `${ESC}[${this.drawnLines}A${ESC}[0J` : "";
    this.drawnLines = text.split("\n").length;
    writeText(`${back}${text}\n`);
  }

  /** The charts as text. @param colors Whether with the colors of terminals. Default: whether the output is one. */
  async toText(colors: boolean = isTerminal()): Promise<string> {
    const { plot } = await import("./lazyAsciichart");
    const width = Math.max(10, terminalColumns() - LABEL);
    const parts = this.groups().map((names) => {
      const series = names.map((name) => thinned(this.series.get(name)!, width));
      const legend = names.map(
        (name, i) =>
          `${colors ? inks[i % inks.length] : ""}${name} ${lastOf(this.series.get(name)!)}${colors ? `${ESC}[0m` : ""}`,
      );
      if (series.some((list) => list.length === 0)) return legend.join("  ");
      const ink = colors ? { colors: names.map((_, i) => inks[i % inks.length]!) } : {};
      return `${legend.join("  ")}\n${plot(series, { height: this.height, ...ink })}`;
    });
    return [...(this.title === undefined ? [] : [this.title]), ...parts].join("\n");
  }

  /** Losses have another scale than what they are to make better. */
  private groups(): string[][] {
    const names = [...this.series.keys()];
    const isLoss = (name: string): boolean => /loss$/i.test(name);
    return [names.filter(isLoss), names.filter((name) => !isLoss(name))].filter((group) => group.length > 0);
  }

  private async drawInPage(): Promise<void> {
    const { uPlot, style } = await import("./lazyUplot");
    if (this.charts === undefined) {
      this.charts = new Map();
      document.head.appendChild(document.createElement("style")).textContent = style;
    }
    for (const names of this.groups()) {
      const key = names.join();
      const steps = Array.from({ length: this.records }, (_, i) => i + 1);
      const data = [steps, ...names.map((name) => this.series.get(name)!.map((y) => (Number.isFinite(y) ? y : null)))];
      const chart = this.charts.get(key);
      if (chart !== undefined) chart.setData(data);
      else this.charts.set(key, new uPlot(this.pageOptions(names), data as never, document.body));
    }
  }

  private pageOptions(names: readonly string[]) {
    return {
      ...(this.title !== undefined && { title: this.title }),
      width: 600,
      height: 300,
      scales: { x: { time: false } },
      series: [{}, ...names.map((label, i) => ({ label, stroke: strokes[i % strokes.length]!, width: 2 }))],
    };
  }
}

declareMethods(History, { record: "values{}", draw: "", toText: "colors?" });

/** The last value of a series in a few digits. */
const lastOf = (values: readonly number[]): string => values.at(-1)!.toPrecision(4);

/** At most `width` values, each the mean of its neighbors. What is no number is left out: a chart has no place for it. */
function thinned(values: readonly number[], width: number): number[] {
  const known = values.filter(Number.isFinite);
  if (known.length <= width) return known;
  return Array.from({ length: width }, (_, i) => {
    const part = known.slice(Math.floor((i * known.length) / width), Math.floor(((i + 1) * known.length) / width));
    return part.reduce((a, b) => a + b, 0) / part.length;
  });
}
