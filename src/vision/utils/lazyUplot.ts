/** Charts of pages, in a file that is loaded with the first one. */
export { default as uPlot } from "uplot";
/** What the charts look like, as text, which the build puts here (rollup.config.mjs). */
export { default as style } from "uplot/dist/uPlot.min.css";
