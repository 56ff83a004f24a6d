/** The page of `kindling board`: asks for what is new, and draws it. */
import uPlot from "uplot";
import plotStyle from "uplot/dist/uPlot.min.css";
import { type Axis, type Bucketed, drawHistogram, type Scalar, seriesData } from "./charts";

interface Picture {
  step: number;
  id: number;
}

type Item = { kind: string; run: string; tag: string; step: number; time: number; id: number } & Record<string, any>;

/** Milliseconds between questions. */
const PAUSE = 1000;
const colors = ["#0077bb", "#ee7733", "#009988", "#cc3311", "#33bbee", "#ee3377", "#8a6d00", "#555555"];
const style = `body{font:14px system-ui,sans-serif;margin:0;display:grid;grid-template-columns:230px 1fr;min-height:100vh;color:#222}
aside{background:#f4f4f4;padding:12px;position:sticky;top:0;height:100vh;box-sizing:border-box;overflow:auto}
main{padding:12px}h1{font-size:17px;margin:0 0 12px}h2{font-size:15px;border-bottom:1px solid #ccc}label{display:block;margin:5px 0;overflow-wrap:anywhere}
section{display:flex;flex-wrap:wrap;gap:16px}figure{margin:0;width:420px}figcaption{font-size:12px;margin:3px 0;overflow-wrap:anywhere}
img{image-rendering:pixelated;min-width:96px;max-width:400px}canvas{max-width:100%}pre{white-space:pre-wrap;max-width:420px}
.problem{color:#b00;font-size:12px;overflow-wrap:anywhere}input[type=range]{width:100%}`;

/** What is shown, by tag and then by run. */
type ByTag<T> = Map<string, Map<string, T[]>>;

const scalars: ByTag<Scalar> = new Map();
const histograms: ByTag<Bucketed> = new Map();
const pictures: ByTag<Picture> = new Map();
const texts: ByTag<{ step: number; text: string }> = new Map();
const stores: Record<string, ByTag<any>> = { scalar: scalars, histogram: histograms, image: pictures, text: texts };
const runs = new Map<string, { color: string; isShown: boolean }>();
const settings = { smoothing: 0.6, isLog: false, axis: "step" as Axis };

/** An element with what stands in it. Text from files is never read as HTML. */
function element<K extends keyof HTMLElementTagNameMap>(
  name: K,
  properties: Partial<HTMLElementTagNameMap[K]> = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

const runList = element("div");
const problemList = element("div", { className: "problem" });
const main = element("main");

function control(): HTMLElement {
  const smoothing = element("input", {
    type: "range",
    min: "0",
    max: "0.99",
    step: "0.01",
    value: "0.6",
    id: "smoothing",
  });
  const log = element("input", { type: "checkbox", id: "log" });
  const axis = element("select", { id: "axis" });
  for (const name of ["step", "relative", "wall"]) axis.append(element("option", { value: name }, name));
  const change = (): void => {
    Object.assign(settings, { smoothing: Number(smoothing.value), isLog: log.checked, axis: axis.value });
    draw(true);
  };
  for (const input of [smoothing, log, axis]) input.addEventListener("input", change);
  return element(
    "aside",
    {},
    element("h1", {}, "Kindling board"),
    element("label", {}, "Smoothing ", smoothing),
    element("label", {}, log, " logarithmic scale"),
    element("label", {}, "Horizontal axis ", axis),
    element("h2", {}, "Runs"),
    runList,
    problemList,
  );
}

function addRun(name: string): void {
  if (runs.has(name)) return;
  const run = { color: colors[runs.size % colors.length]!, isShown: true };
  runs.set(name, run);
  const box = element("input", { type: "checkbox", checked: true });
  box.addEventListener("input", () => {
    run.isShown = box.checked;
    draw(true);
  });
  const label = element("label", {}, box, ` ${name}`);
  label.style.color = run.color;
  runList.append(label);
}

function take(item: Item): void {
  addRun(item.run);
  if (item.kind === "purge") {
    for (const store of Object.values(stores))
      for (const byRun of store.values()) {
        const list = byRun.get(item.run);
        if (list !== undefined)
          byRun.set(
            item.run,
            list.filter(({ step }) => step < item.step),
          );
      }
    return;
  }
  const store = stores[item.kind];
  if (store === undefined) return;
  const byRun = store.get(item.tag) ?? new Map<string, unknown[]>();
  store.set(item.tag, byRun);
  const list = byRun.get(item.run) ?? [];
  byRun.set(item.run, list);
  list.push(item.kind === "scalar" ? { ...item, value: Number(item.value) } : item);
}

/** A part of the page that draws itself anew when its data changes. */
interface Panel {
  readonly node: HTMLElement;
  draw(isAnew: boolean): void;
}

const panels = new Map<string, Panel>();
const sections = new Map<string, HTMLElement>();

/** The section of a kind and of the first part of its tags. */
function sectionOf(kind: string, tag: string): HTMLElement {
  const name = `${kind}: ${tag.includes("/") ? tag.slice(0, tag.indexOf("/")) : tag}`;
  let section = sections.get(name);
  if (section === undefined) {
    section = element("section");
    sections.set(name, section);
    main.append(element("h2", {}, name), section);
  }
  return section;
}

const shown = <T>(byRun: Map<string, T[]>): [string, T[]][] =>
  [...byRun].filter(([run, list]) => runs.get(run)!.isShown && list.length > 0);

function scalarPanel(tag: string): Panel {
  const holder = element("div");
  const node = element("figure", {}, element("figcaption", {}, tag), holder);
  let plot: uPlot | undefined;
  let drawn = "";
  const make = (names: string[], data: uPlot.AlignedData): void => {
    plot?.destroy();
    const series = names.map((run) => ({ label: run, stroke: runs.get(run)!.color, width: 1.5, spanGaps: true }));
    const isTime = settings.axis === "wall";
    const label = settings.axis === "relative" ? "seconds" : settings.axis;
    const options: uPlot.Options = {
      width: 420,
      height: 250,
      scales: { x: { time: isTime }, y: { distr: settings.isLog ? 3 : 1 } },
      series: [{ label }, ...series],
    };
    plot = new uPlot(options, data, holder);
  };
  return {
    node,
    draw(isAnew) {
      const chosen = shown(scalars.get(tag)!);
      const names = chosen.map(([run]) => run);
      const { smoothing, axis, isLog } = settings;
      const data = seriesData(
        chosen.map(([, list]) => list),
        axis,
        smoothing,
        isLog,
      ) as uPlot.AlignedData;
      const key = JSON.stringify(names);
      if (isAnew || plot === undefined || key !== drawn) make(names, data);
      else plot.setData(data);
      drawn = key;
    },
  };
}

/** A slider over the steps of each run. */
function stepPanel<T extends { step: number }>(
  tag: string,
  store: ByTag<T>,
  view: (run: string, list: readonly T[], at: number) => HTMLElement,
): Panel {
  const node = element("figure");
  let at = Number.POSITIVE_INFINITY;
  const redraw = (): void => {
    const chosen = shown(store.get(tag)!);
    const most = Math.max(0, ...chosen.map(([, list]) => list.length - 1));
    const slider = element("input", { type: "range", min: "0", max: String(most), value: String(Math.min(at, most)) });
    const views = element("div");
    const show = (): void => {
      views.replaceChildren(
        ...chosen.map(([run, list]) => {
          const place = Math.min(at, list.length - 1);
          const caption = element("figcaption", {}, `${run}, step ${list[place]!.step}`);
          caption.style.color = runs.get(run)!.color;
          return element("div", {}, caption, view(run, list, place));
        }),
      );
    };
    slider.addEventListener("input", () => {
      at = Number(slider.value) === most ? Number.POSITIVE_INFINITY : Number(slider.value);
      show();
    });
    node.replaceChildren(element("figcaption", {}, tag), slider, views);
    show();
  };
  return { node, draw: redraw };
}

const histogramView = (run: string, list: readonly Bucketed[], at: number): HTMLElement => {
  const canvas = element("canvas", { width: 420, height: 220 });
  drawHistogram(canvas, list.slice(0, at + 1), runs.get(run)!.color);
  return canvas;
};

const makers: Record<string, (tag: string) => Panel> = {
  scalar: scalarPanel,
  histogram: (tag) => stepPanel(tag, histograms, histogramView),
  image: (tag) =>
    stepPanel(tag, pictures, (_, list, at) => element("img", { src: `/image?id=${list[at]!.id}`, alt: tag })),
  text: (tag) => stepPanel(tag, texts, (_, list, at) => element("pre", {}, list[at]!.text)),
};

function panelOf(kind: string, tag: string): Panel {
  const key = `${kind}\n${tag}`;
  let panel = panels.get(key);
  if (panel === undefined) {
    panel = makers[kind]!(tag);
    panels.set(key, panel);
    sectionOf(kind, tag).append(panel.node);
  }
  return panel;
}

/** Draws what is new, or all of it. */
function draw(isAnew: boolean, changed?: ReadonlySet<string>): void {
  for (const [kind, store] of Object.entries(stores))
    for (const tag of store.keys()) if (changed?.has(`${kind}\n${tag}`) ?? true) panelOf(kind, tag).draw(isAnew);
}

let last = 0;

async function ask(): Promise<boolean> {
  const answer = await fetch(`/events?after=${last}`);
  if (!answer.ok) throw new Error(await answer.text());
  const { items, last: end, problems } = (await answer.json()) as { items: Item[]; last: number; problems: string[] };
  last = end;
  for (const item of items) take(item);
  const isPurged = items.some(({ kind }) => kind === "purge");
  problemList.textContent = problems.join("\n");
  if (items.length > 0) draw(false, isPurged ? undefined : new Set(items.map(({ kind, tag }) => `${kind}\n${tag}`)));
  return items.length > 0;
}

async function watch(): Promise<void> {
  for (;;) {
    let isMore = false;
    try {
      isMore = await ask();
    } catch (error) {
      problemList.textContent = `the server does not answer: ${(error as Error).message}`;
    }
    if (!isMore || document.hidden) await new Promise((resolve) => setTimeout(resolve, PAUSE));
  }
}

document.head.append(element("style", {}, plotStyle + style));
document.body.append(control(), main);
void watch();
