/** VitePress's own theme, with blocks that run and a table of names. */
import DefaultTheme from "vitepress/theme";
import NamesTable from "./NamesTable.vue";
import RunBlock from "./RunBlock.vue";
import "./style.css";

export default {
  extends: DefaultTheme,
  enhanceApp({ app }) {
    app.component("RunBlock", RunBlock);
    app.component("NamesTable", NamesTable);
  },
};
