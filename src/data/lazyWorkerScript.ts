/** The library as the text of a script, which workers of a DataLoader run. It is large, so it is loaded with the first of them. */
export { script } from "kindling:dataWorker";
